//! What a watch costs the server, by its audit log.

use std::time::Duration;

use jiff::Timestamp;
use quorate_tests::api_server::{ApiServer, AuditEntry};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::Watching;

/// `--compare-every 2s`, less the tenth that chance may take, and what the log's own clock may be off.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1700);

pub(crate) fn in_the_steady_state_there_is_one_watch_and_only_the_comparisons_list() -> Result<(), Trouble> {
    let compared = Lab::new(&ApiServer::shared()?, "compared")?;
    let quiet = Lab::new(&ApiServer::shared()?, "quiet")?;
    let labs = [(&compared, ["--compare-every", "2s"]), (&quiet, ["--compare-every", "10m"])];
    let mut all = Vec::new();
    for (lab, arguments) in labs {
        lab.serve("web", &Pod::stateful_set("web", 4))?;
        let mut watching = Watching::start(lab, &[&["--service", "web"][..], &arguments].concat())?;
        watching.connected(&["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4"])?;
        all.push(watching);
    }
    eventually("three comparisons", Duration::from_secs(20), || {
        Ok((asked(&compared)?.iter().filter(|entry| entry.verb == "list").count() > 3).then_some(()))
    })?;
    for (lab, watching) in labs.map(|(lab, _)| lab).into_iter().zip(&mut all) {
        // Changes come by the watch.
        Kubelet::of(lab)?.run("web", &Pod::ready("web-4", &["10.1.0.5"]))?;
        watching.next_of("joined", "10.1.0.5")?;
    }

    let log = asked(&compared)?;
    let mut lists = Vec::new();
    for entry in log.iter().filter(|entry| entry.verb == "list") {
        lists.push(entry.time.parse::<Timestamp>()?);
    }
    let is_apart = |pair: &[Timestamp]| pair.iter().zip(pair.iter().skip(1)).all(|(a, b)| *a + SHORTEST_PAUSE <= *b);
    assert!(lists.windows(2).all(is_apart), "{lists:?}");
    for lab in [&compared, &quiet] {
        let log = asked(lab)?;
        let watches: Vec<_> = log.iter().filter(|entry| entry.verb == "watch").map(|entry| &*entry.stage).collect();
        assert_eq!(watches, ["RequestReceived"], "{log:?}");
        let others: Vec<_> = log.iter().filter(|entry| !["list", "watch"].contains(&&*entry.verb)).collect();
        assert!(others.is_empty(), "{others:?}");
    }
    assert_eq!(asked(&quiet)?.iter().filter(|entry| entry.verb == "list").count(), 1);
    for watching in all {
        watching.finish()?;
    }
    Ok(())
}

fn asked(lab: &Lab) -> Result<Vec<AuditEntry>, Trouble> {
    Ok(lab.server().audit()?.into_iter().filter(|entry| entry.user == lab.user()).collect())
}
