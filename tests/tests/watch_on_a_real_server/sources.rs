//! All ways to follow the same members.

use std::collections::BTreeSet;

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::Watching;

/// From what, and how it is followed.
const WAYS: [(&str, &[&str]); 5] = [
    ("endpointslices", &[]),
    ("endpoints", &[]),
    ("pods", &[]),
    ("endpointslices", &["--poll-interval", "1s"]),
    ("pods", &["--poll-interval", "1s"]),
];

pub(crate) fn every_source_namespace_and_way_to_follow_comes_to_the_same_links() -> Result<(), Trouble> {
    let server = ApiServer::shared()?;
    let (one, two) = (Lab::new(&server, "one")?, Lab::new(&server, "two")?);
    let rules = r#"
        - {apiGroups: [""], resources: [endpoints, pods, services], verbs: [get, list, watch]}
        - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch]}
    "#;
    two.grant_to(&one, rules)?;
    let there = |index: u8| Pod::ready(&format!("there-{index}"), &[&format!("10.2.0.{index}")]);
    one.serve("web", &Pod::stateful_set("web", 4))?;
    two.serve("web", &[there(1), there(2)])?;
    let (here, over_there) = (Kubelet::of(&one)?, Kubelet::of(&two)?);

    let both = |source, more: &[&'static str]| {
        [&["-l", "app=web", "-n", "one", "-n", "two", "--source", source], more].concat()
    };
    let mut all = Vec::new();
    for (source, more) in WAYS {
        all.push((source, Watching::start(&one, &both(source, more))?));
    }
    for (_, watching) in &mut all {
        watching.connected(&["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.2.0.1", "10.2.0.2"])?;
    }

    here.remove("web-1")?;
    here.run("web", &Pod::ready("web-4", &["10.1.0.5"]))?;
    here.report(&Pod::ready("web-2", &["10.1.0.3"]).not_ready())?;
    here.report(&Pod::ready("web-3", &["10.1.0.9"]))?;
    over_there.remove("there-1")?;
    over_there.run("web", &there(3))?;
    let mut now = vec!["10.1.0.1", "10.1.0.3", "10.1.0.5", "10.1.0.9", "10.2.0.2", "10.2.0.3"];
    for (_, watching) in &mut all {
        watching.connected(&now)?;
    }

    // Of a pod that terminates Endpoints tell no more, so for those who follow them it has gone.
    over_there.terminate("there-2")?;
    let terminating = now.remove(4);
    for (source, watching) in &mut all {
        if *source == "endpoints" {
            watching.connected(&now)?;
        } else {
            assert_eq!(watching.next_of("changed", terminating)?.text("state"), "terminating", "{source}");
        }
    }
    for (source, mut watching) in all {
        let expected: BTreeSet<_> = one.names(&both(source, &[]))?.into_iter().collect();
        let members = watching.members()?;
        let admitted = members.iter().filter(|(_, event)| event.is_admitted());
        assert_eq!(admitted.map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), expected, "{source}");
        assert_eq!(watching.links().connected()?.contains(terminating), source != "endpoints", "{source}");
        watching.finish()?;
    }
    Ok(())
}
