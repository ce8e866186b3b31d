//! The streams of changes.

use std::collections::BTreeSet;
use std::time::Duration;

use quorate_core::membership::{Change, Departure, Event, Standing};
use serde_json::json;
use tokio::time::{sleep, timeout};

use super::api::{Api, address, addresses, config, pod};
use crate::{Changes, MembershipHandle};

const MOMENT: Duration = Duration::from_millis(50);

/// Follows a stream until it has nothing to say; a difference that does not fit is a fault.
async fn follow(changes: &mut Changes, known: &mut BTreeSet<String>) -> Vec<Event> {
    let mut told = Vec::new();
    while let Ok(Some(event)) = timeout(MOMENT, changes.next()).await {
        match &event {
            Event::Change(Change::Joined(member)) => assert!(known.insert(member.name.to_string()), "{event}"),
            Event::Change(Change::Left { member, .. }) => assert!(known.remove(member.name.as_str()), "{event}"),
            Event::Change(Change::Changed { after, .. }) => assert!(known.contains(after.name.as_str()), "{event}"),
            _ => {}
        }
        told.push(event);
    }
    told
}

fn lines(events: &[Event]) -> Vec<String> {
    let shown = events.iter().filter(|event| !matches!(event, Event::Source(_)));
    shown.map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_what_happens_in_order() {
    let api = Api::new();
    api.put([pod(0), pod(1), pod(2)]);
    let membership = MembershipHandle::start(config(), api.clone());
    let (mut changes, mut known) = (membership.changes(), BTreeSet::new());
    let told = follow(&mut changes, &mut known).await;
    let joined = ["10.0.0.1 joined (ready)", "10.0.0.2 joined (ready)", "10.0.0.3 joined (ready)"];
    assert_eq!(lines(&told), [&["syncing"], &joined[..], &["synced: 3 members", "live"]].concat());
    api.delete("web-1");
    api.put([pod(3)]);
    let told = follow(&mut changes, &mut known).await;
    let changed = ["10.0.0.2 changed (ready to terminating)", "10.0.0.2 left (gone)", "10.0.0.4 joined (ready)"];
    assert_eq!(lines(&told), changed);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_begins_late_is_told_what_is_known_first() {
    let api = Api::new();
    api.put([pod(0), pod(1)]);
    let membership = MembershipHandle::start(config(), api.clone());
    membership.synced().await.unwrap();
    sleep(MOMENT).await;
    let told = follow(&mut membership.changes(), &mut BTreeSet::new()).await;
    assert_eq!(lines(&told), ["10.0.0.1 joined (ready)", "10.0.0.2 joined (ready)", "synced: 2 members", "live"]);
}

#[tokio::test(start_paused = true)]
async fn a_first_list_of_any_size_is_told_in_full() {
    let api = Api::new();
    let without_address = (3000..3040).map(|number| {
        let mut pod = pod(number);
        pod["status"] = json!({"phase": "Pending"});
        pod
    });
    api.put((0..3000).map(pod).chain(without_address));
    let membership = MembershipHandle::start(config(), api.clone());
    let (mut changes, mut known) = (membership.changes(), BTreeSet::new());
    let told = follow(&mut changes, &mut known).await;
    assert_eq!(known, addresses(0..3000));
    assert_eq!(told.iter().filter(|event| matches!(event, Event::Skipped(_))).count(), 40);
    assert_eq!(lines(&told[..1]), ["syncing"]);
    assert_eq!(lines(&told).split_off(3041), ["synced: 3000 members", "live"], "each once, and in order");
    assert_eq!(changes.missed(), 0);
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_a_long_step_lets_the_other_tasks_have_their_turn() {
    let api = Api::new();
    api.put((0..3000).map(pod));
    let membership = MembershipHandle::start(config(), api);
    let mut changes = membership.changes();
    membership.synced().await.unwrap();
    let other = tokio::spawn(async {});
    let mut alone = 0;
    while !other.is_finished() {
        assert!(changes.next().await.is_some());
        alone += 1;
    }
    assert!(alone < 1000, "{alone}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_lags_is_told_the_difference_and_holds_up_nobody() {
    let api = Api::new();
    api.put((0..40).map(pod));
    let membership = MembershipHandle::start(config(), api.clone());
    let (mut fast, mut slow) = (membership.changes(), membership.changes());
    let (mut fast_known, mut slow_known) = (BTreeSet::new(), BTreeSet::new());
    follow(&mut fast, &mut fast_known).await;
    follow(&mut slow, &mut slow_known).await;
    let mut changes_told = 0;
    for round in 0..120 {
        api.put((0..10).map(|number| pod(100 + round * 10 + number)));
        api.delete(&format!("web-{}", 100 + round * 10));
        if round == 60 {
            api.delete("web-0");
            // Another pod with the same address: the name passes on.
            let mut successor = pod(0);
            successor["metadata"]["name"] = "successor".into();
            api.put([successor]);
        }
        let told = follow(&mut fast, &mut fast_known).await;
        changes_told += told.iter().filter(|event| matches!(event, Event::Change(_))).count();
    }
    assert_eq!(changes_told, 120 * (10 + 2) + 3, "nothing was lost to whoever listens");
    assert_eq!((fast.missed(), slow.missed()), (0, 0), "nobody has looked yet");
    let told = follow(&mut slow, &mut slow_known).await;
    assert_eq!(fast.missed(), 0);
    assert!(slow.missed() >= 120 * (10 + 2) + 3, "{}", slow.missed());
    assert_eq!(told.iter().filter(|event| matches!(event, Event::Change(_))).count(), 120 * 9 + 2);
    let successions = told.iter().filter(|event| {
        matches!(event, Event::Change(Change::Left { member, why: Departure::Replaced }) if member.name.as_str() == address(0))
    });
    assert_eq!(successions.count(), 1);
    assert_eq!(told.last(), Some(&Event::Standing(Standing::Live)));
    let view: BTreeSet<_> = membership.view().keys().map(ToString::to_string).collect();
    assert_eq!((&fast_known, &slow_known), (&view, &view));
    assert_eq!(view, api.listed().await);
    assert!(view.is_superset(&addresses(0..40)));
}

#[tokio::test(start_paused = true)]
async fn a_stream_loses_nothing_when_its_futures_are_dropped() {
    let api = Api::new();
    let membership = MembershipHandle::start(config(), api.clone());
    let mut changes = membership.changes();
    let mut joined = 0;
    for number in 0..100 {
        api.put([pod(number)]);
        for _ in 0..3 {
            let event = timeout(Duration::from_micros(700), changes.next()).await;
            joined += usize::from(matches!(event, Ok(Some(Event::Change(Change::Joined(_))))));
        }
    }
    let told = follow(&mut changes, &mut BTreeSet::new()).await;
    joined += told.iter().filter(|event| matches!(event, Event::Change(Change::Joined(_)))).count();
    assert_eq!(joined, 100);
}
