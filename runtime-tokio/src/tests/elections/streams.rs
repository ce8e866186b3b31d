//! The stream of changes, and what is traced.

use std::time::Duration;

use quorate_core::election::Event;
use tokio::time::{sleep, timeout};
use tracing::Level;

use super::{LONG, Lab, eventually, stubborn};
use crate::tests::traces::Log;
use crate::{LeadershipChanges, RunError};

async fn told(changes: &mut LeadershipChanges) -> Vec<Event> {
    let mut told = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(500), changes.next()).await {
        told.push(event);
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_what_happens_in_order() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let mut changes = elector.changes();
    let told = told(&mut changes).await;
    let [Event::Standing, Event::ObservedHolder { holder: None, .. }, rest @ ..] = &told[..] else {
        panic!("{told:?}")
    };
    assert!(matches!(rest, [Event::ObservedHolder { is_ours: true, .. }, Event::Acquired { .. }]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_begins_late_is_told_the_present_first() {
    let lab = Lab::new();
    let (elector, _) = lab.leader("a").await;
    sleep(LONG).await;
    let told = told(&mut elector.changes()).await;
    assert!(matches!(&told[..2], [Event::ObservedHolder { is_ours: true, .. }, Event::Acquired { .. }]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_lags_is_told_the_present_and_holds_up_nobody() {
    let lab = Lab::new();
    let (elector, line) = lab.leader("a").await;
    let mut slow = elector.changes();
    told(&mut slow).await;
    sleep(Duration::from_secs(3000)).await;
    assert!(elector.guard().is_leading());
    assert_eq!(slow.missed(), 0, "nobody has looked yet");
    line.cut();
    eventually(|| !elector.guard().is_leading()).await;
    sleep(Duration::from_millis(10)).await;
    let told = told(&mut slow).await;
    assert!(slow.missed() > 1024, "{}", slow.missed());
    assert!(matches!(&told[..2], [Event::ObservedHolder { is_ours: true, .. }, Event::Standing]), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_loses_nothing_when_its_futures_are_dropped() {
    let lab = Lab::new();
    let (elector, _) = lab.leader("a").await;
    let mut changes = elector.changes();
    let (mut renewed, began) = (0, lab.now());
    while lab.now() < began + 100_000 {
        let event = timeout(Duration::from_millis(3), changes.next()).await;
        renewed += usize::from(matches!(event, Ok(Some(Event::Renewed { .. }))));
    }
    let written = lab.notes().iter().filter(|what| *what == "a renews").count();
    assert!(renewed > 40 && written - renewed <= 1, "{renewed} of {written}");
}

#[tokio::test(start_paused = true)]
async fn events_have_the_level_of_their_severity_and_fields_to_search_by() {
    let log = Log::default();
    let _guard = log.subscribe(Level::INFO);
    let lab = Lab::new();
    let (elector, line) = lab.leader("a").await;
    let token = elector.guard().token().unwrap();
    sleep(LONG).await;
    line.cut();
    eventually(|| !elector.guard().is_leading()).await;
    sleep(Duration::from_millis(10)).await;
    let log = log.text();
    let span = "election{lease=demo namespace=lab identity=a_0000000000000061}: quorate::election:";
    let acquired = format!(r#"INFO {span} leading, term {token} kind="acquired" term={token}"#);
    assert!(log.lines().any(|line| line.trim() == acquired), "{log}");
    let lost = format!(r#"WARN {span} lost term {token}: no renewal succeeded in time kind="lost" term={token}"#);
    assert!(log.lines().any(|line| line.trim() == lost), "{log}");
    assert!(!log.contains("renewed term"), "{log}");
}

#[tokio::test(start_paused = true)]
async fn work_that_had_to_be_dropped_is_told() {
    let log = Log::default();
    let _guard = log.subscribe(Level::WARN);
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let stop = async {
        eventually(|| lab.has("work begins")).await;
        elector.shutdown_within(Duration::from_secs(1)).await
    };
    let work = timeout(LONG, elector.run_while_leading(|leadership| stubborn(&lab, leadership)));
    assert_eq!(tokio::join!(work, stop).0, Ok(Err(RunError::ShutDown)));
    let line =
        "WARN election{lease=demo namespace=lab identity=a_0000000000000061}: quorate::election: the work did not stop";
    assert!(log.text().lines().any(|found| found.trim().starts_with(line)), "{}", log.text());
}
