//! M1 to M6 (design §3) over arbitrary histories: a membership with links, the fake server, a wire that fails, a connector
//! that fails, and virtual time.
//!
//! A history that fails is printed, at its smallest, as the call that replays it: paste it into a test. `PROPTEST_CASES` says
//! how many are tried.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "membership_histories/connector.rs"]
mod connector;
#[path = "membership_histories/history.rs"]
mod history;
#[path = "membership_histories/server.rs"]
mod server;
#[path = "membership_histories/wire.rs"]
mod wire;
#[path = "membership_histories/world.rs"]
mod world;

use std::env;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use quorate_core::membership::{Follow, Identity, Source};
use serde_json::{Value, json};

use history::{History, Step, histories};
use world::World;

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/proptest-regressions/membership_histories.txt");

/// Compares often, so that lists and watch events overtake each other.
const WATCH: Follow =
    Follow::Watch { compare_every: Duration::from_secs(15), idle_limit: Duration::from_secs(90), line_bytes: 1 << 20 };

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases: env::var("PROPTEST_CASES").map_or(cases, |cases| cases.parse().unwrap()),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(REGRESSIONS))),
        max_shrink_time: 20_000,
        ..ProptestConfig::default()
    }
}

fn run(source: Source, follow: Follow, seed: u64, steps: &[Step]) -> World {
    let mut world = World::new(source, follow, seed);
    world.run(steps);
    world.settle();
    world
}

/// M1, M3, M5 and the bounds of M6 at every step; in the end M2, M4 and M6.
fn check(source: Source, seed: u64, steps: &[Step]) {
    let watched = run(source, WATCH, seed, steps);
    let polled = run(source, Follow::POLL, seed, steps);
    assert_eq!(watched.facts(), polled.facts(), "M4: watch and poll differ");
}

proptest! {
    #![proptest_config(config(80))]

    #[test]
    fn what_must_always_hold_holds_in_every_history(history in histories()) {
        let History { source, seed, steps } = history;
        check(source, seed, &steps);
    }
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn the_same_history_gives_the_same_actions(History { source, seed, steps } in histories()) {
        let [one, other] = [(); 2].map(|()| run(source, WATCH, seed, &steps));
        prop_assert_eq!(one.lines, other.lines);
        prop_assert_eq!(one.membership, other.membership);
    }
}

// M1
#[test]
fn a_lagging_read_removes_and_revives_nobody() {
    for follow in [Follow::WATCH, Follow::POLL] {
        for source in [Source::EndpointSlices, Source::Endpoints, Source::Pods] {
            let mut world = World::new(source, follow, 1);
            world.run(&[Step::Create(4), Step::Pass(6_000), Step::Delete(3), Step::Create(5), Step::Pass(6_000)]);
            assert!(world.has(5) && !world.has(3), "{source:?}");
            // Whoever watches lists again after a spoilt line, whoever polls does so anyway.
            world.run(&[Step::Spoil(true), Step::Ready(1, false), Step::Spoil(false), Step::Lag(8), Step::Pass(4_800)]);
            assert!(world.count("degraded") > 0 && world.count("older than") == 1, "{follow:?} {source:?}");
            assert!(world.has(5) && !world.has(3), "{source:?}");
            world.settle();
            assert_eq!(world.count("10.0.0.3 joined"), 1);
            assert_eq!(world.count("10.0.0.5 left"), 0);
        }
    }
}

/// A slice of an administrator's: these pods, all at one address.
fn slice(uids: &[&str]) -> Value {
    let endpoint = |uid: &&str| {
        let target = json!({"kind": "Pod", "namespace": "lab", "name": format!("pod-{uid}"), "uid": uid});
        json!({"addresses": ["10.0.0.9"], "conditions": {"ready": true}, "targetRef": target})
    };
    json!({
        "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "addressType": "IPv4",
        "metadata": {"name": "reused", "namespace": "lab", "labels": {"app": "web"}},
        "endpoints": uids.iter().map(endpoint).collect::<Vec<_>>(),
    })
}

#[test]
fn an_address_that_another_pod_reuses_ends_in_one_link_to_the_right_pod() {
    for (old, new) in [("a", "b"), ("b", "a")] {
        for follow in [Follow::WATCH, Follow::POLL] {
            // The new endpoint is added before the old one is removed, at once with it, or after it.
            for between in [vec![old, new], vec![new, old], vec![new], vec![]] {
                let mut world = World::new(Source::EndpointSlices, follow, 1);
                for uids in [&[old][..], &between, &[new]] {
                    world.server.load(world.now, &[slice(uids)]);
                    world.pass(Duration::from_secs(6));
                }
                world.settle();
                let link = &world.connector.links["myapp@10.0.0.9"];
                assert_eq!(link.to, Some(Identity::Pod(new.into())), "{between:?}");
                let connects = world.count("connect to myapp@10.0.0.9");
                let disconnects = world.count("disconnect myapp@10.0.0.9");
                // Each connect but the first follows a disconnect.
                assert_eq!((connects, disconnects), (2, 1), "{between:?}");
            }
        }
    }
}

#[test]
fn everybody_may_go_and_come_back() {
    let steps = [Step::DeleteAll, Step::Pass(9_000), Step::Create(1), Step::Create(2)];
    check(Source::EndpointSlices, 1, &steps);
    let world = run(Source::Pods, Follow::WATCH, 1, &steps);
    assert!(world.has(1) && world.is_linked(2) && !world.has(3) && !world.is_linked(3));
    assert_eq!(world.count("seem to be gone"), 1);
}

// M1
#[test]
fn a_refusal_removes_nobody() {
    for status in [401, 403, 404, 410, 429, 500] {
        for follow in [WATCH, Follow::POLL] {
            let mut world = World::new(Source::EndpointSlices, follow, 1);
            world.run(&[Step::Refuse(status), Step::Cut, Step::Pass(60_000)]);
            assert!(world.count("degraded") > 0 && world.count(" left") == 0, "{status}");
            world.settle();
            assert_eq!(world.count("disconnect "), 0);
        }
    }
}

// M1
#[test]
fn what_a_watch_tells_after_a_newer_list_revives_nobody() {
    let steps = [Step::SlowWatches(16_413), Step::Create(4), Step::Address(3, 1), Step::Create(1)];
    check(Source::EndpointSlices, 0, &steps);
}
