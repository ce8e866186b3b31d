//! Links that do not do as they should, and those that are there already.

use quorate_tests::api_server::ApiServer;
use quorate_tests::connector::Links;
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::{LIMIT, Watching};

pub(crate) fn links_that_are_there_already_are_found_and_strangers_are_left_alone() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "found")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    let mut watching = Watching::start(&lab, &["--service", "web"])?;
    let all = ["10.1.0.1", "10.1.0.2", "10.1.0.3"];
    watching.connected(&all)?;
    // Who is told to end leaves its links as they are.
    let links = watching.finish()?;
    links.add("stranger@10.9.9.9")?;
    let mut watching = Watching::start_with(&lab, links, &["--service", "web"])?;
    // The answer to "who is linked?" may come before the first list or after it; a member is told of before its link.
    for name in all {
        eventually(&format!("the link to {name} is found"), LIMIT, || {
            let events = watching.events()?.iter().filter(|event| event.text("name") == name);
            let told: Vec<_> =
                events.map(|event| (event.kind(), event.value().get("found") == Some(&true.into()))).collect();
            Ok((told == [("joined", false), ("connected", true)]).then_some(()))
        })?;
    }
    Kubelet::of(&lab)?.remove("web-1")?;
    watching.connected(&["10.1.0.1", "10.1.0.3", "stranger@10.9.9.9"])?;
    let calls = watching.links().calls()?;
    let (first, second) = calls.split_at(all.len());
    assert!(first.iter().all(|call| call.verb == "connect"), "{calls:?}");
    assert_eq!(second.iter().map(|call| (&*call.verb, &*call.name)).collect::<Vec<_>>(), [("disconnect", "10.1.0.2")]);
    watching.stop()?;
    Ok(())
}

pub(crate) fn a_peer_that_refuses_is_dialled_until_it_accepts() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "refuses")?;
    lab.serve("web", &Pod::stateful_set("web", 2))?;
    let links = Links::new()?;
    links.refuse("10.1.0.2")?;
    let mut watching = Watching::start_with(&lab, links, &["--service", "web"])?;
    for _ in 0..2 {
        let failed = watching.next_of("connect_failed", "10.1.0.2")?;
        assert!(failed.text("reason").ends_with("exited with 1: 10.1.0.2 refuses"), "{}", failed.value());
    }
    watching.links().accept("10.1.0.2")?;
    watching.connected(&["10.1.0.1", "10.1.0.2"])?;
    watching.finish()?;
    Ok(())
}

pub(crate) fn a_link_that_drops_is_made_again() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "drops")?;
    lab.serve("web", &Pod::stateful_set("web", 2))?;
    let mut watching = Watching::start(&lab, &["--service", "web"])?;
    watching.connected(&["10.1.0.1", "10.1.0.2"])?;
    watching.links().cut("10.1.0.2")?;
    assert_eq!(watching.next_of("disconnected", "10.1.0.2")?.text("reason"), "dropped");
    watching.connected(&["10.1.0.1", "10.1.0.2"])?;
    assert_eq!(watching.disconnected()?, [""; 0]);
    watching.stop()?;
    Ok(())
}
