//! Links through a connector: that works, fails, hangs, panics.

use std::time::Duration;

use quorate_core::membership::{Event, LinkEvent, LinkOptions};
use tokio::time::{sleep, timeout};

use super::api::{Api, address, addresses, config, pod};
use super::peers::{Manner, Peers};
use crate::{Changes, MembershipHandle};

const MOMENT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(120);

async fn linked(api: &Api, peers: &Peers) -> MembershipHandle {
    let options = LinkOptions { attempt_timeout: Duration::from_secs(5), ..LinkOptions::default() };
    let membership = MembershipHandle::start_linked(config(), options.build().unwrap(), api.clone(), peers.clone());
    membership.synced().await.unwrap();
    sleep(MOMENT).await;
    membership
}

fn call(what: char, number: usize) -> String {
    format!("{what}{}", address(number))
}

/// The next event of a link.
async fn next(changes: &mut Changes) -> LinkEvent {
    loop {
        if let Event::Link(event) = timeout(LONG, changes.next()).await.unwrap().unwrap() {
            return event;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn links_follow_the_members() {
    let (api, peers) = (Api::new(), Peers::new());
    api.put((0..4).map(pod));
    let membership = linked(&api, &peers).await;
    assert_eq!(peers.linked(), addresses(0..4));
    peers.calls();
    api.delete("web-1");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(peers.calls(), Vec::<String>::new(), "it may come back");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(peers.calls(), [call('-', 1)]);
    api.put([pod(4)]);
    sleep(MOMENT).await;
    assert_eq!(peers.calls(), [call('+', 4)]);
    assert_eq!(peers.linked(), addresses([0, 2, 3, 4]));
    membership.shutdown().await;
    assert_eq!(peers.linked(), addresses([0, 2, 3, 4]), "links stay as they are");
}

#[tokio::test(start_paused = true)]
async fn a_link_that_goes_down_is_noticed_at_once_and_made_again() {
    let (api, peers) = (Api::new(), Peers::new());
    api.put((0..3).map(pod));
    let membership = linked(&api, &peers).await;
    sleep(Duration::from_secs(5)).await;
    peers.calls();
    let mut changes = membership.changes();
    // Two at once: neither is lost.
    peers.drop_link(&address(0));
    peers.drop_link(&address(2));
    for _ in 0..2 {
        let event = next(&mut changes).await;
        assert!(matches!(event, LinkEvent::Dropped { .. } | LinkEvent::Connected { .. }), "{event}");
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(peers.calls().len(), 2);
    assert_eq!(peers.linked(), addresses(0..3));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_told_on_one_line_and_tried_again() {
    let (api, peers) = (Api::new(), Peers::new());
    peers.behave(Manner::Fails);
    let membership = linked(&api, &peers).await;
    let mut changes = membership.changes();
    api.put([pod(0)]);
    let event = next(&mut changes).await;
    let LinkEvent::ConnectFailed { failure, retry_in: Some(_), .. } = event else { panic!("{event}") };
    assert_eq!(failure.message(), "nobody is there");
    peers.behave(Manner::Works);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(peers.linked(), addresses([0]));
}

#[tokio::test(start_paused = true)]
async fn whoever_answers_to_a_name_that_has_passed_on_keeps_the_link() {
    let (api, peers) = (Api::new(), Peers::new());
    api.put([pod(0)]);
    let membership = linked(&api, &peers).await;
    peers.calls();
    peers.behave(Manner::Answers);
    let mut successor = pod(1);
    successor["status"]["podIP"] = address(0).into();
    api.delete("web-0");
    api.put([successor]);
    sleep(Duration::from_secs(300)).await;
    assert_eq!((peers.calls(), peers.linked()), (vec![call('-', 0)], addresses([0])));
    membership.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_dropped_when_its_time_is_over() {
    let (api, peers) = (Api::new(), Peers::new());
    peers.behave(Manner::Hangs);
    let membership = linked(&api, &peers).await;
    let mut changes = membership.changes();
    api.put([pod(0)]);
    sleep(Duration::from_secs(4)).await;
    assert_eq!(peers.running(), 1);
    let event = next(&mut changes).await;
    let LinkEvent::ConnectFailed { failure, .. } = event else { panic!("{event}") };
    assert_eq!(failure.message(), "no answer within 5.0 s");
    peers.behave(Manner::Works);
    sleep(Duration::from_secs(30)).await;
    assert_eq!((peers.running(), peers.linked()), (0, addresses([0])));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_has_failed_and_takes_nobody_along() {
    let (api, peers) = (Api::new(), Peers::new());
    peers.behave(Manner::Panics);
    let membership = linked(&api, &peers).await;
    let mut changes = membership.changes();
    api.put([pod(0)]);
    let event = next(&mut changes).await;
    let LinkEvent::ConnectFailed { failure, .. } = event else { panic!("{event}") };
    assert_eq!(failure.message(), "the connector panicked: no such luck");
    peers.behave(Manner::Works);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(peers.linked(), addresses([0]));
    // Whoever would have told of links that go down panicked as well: the next listing tells.
    peers.drop_link(&address(0));
    sleep(Duration::from_secs(20)).await;
    assert_eq!(peers.linked(), addresses([0]));
}

#[tokio::test(start_paused = true)]
async fn whoever_drains_neither_dials_nor_hangs_up() {
    let (api, peers) = (Api::new(), Peers::new());
    api.put((0..4).map(pod));
    let membership = linked(&api, &peers).await;
    peers.calls();
    membership.drain();
    membership.drain();
    sleep(MOMENT).await;
    api.delete("web-0");
    api.put([pod(7)]);
    sleep(LONG).await;
    assert_eq!(peers.calls(), Vec::<String>::new());
    assert_eq!(membership.view().len(), 4, "it still looks");
}

#[tokio::test(start_paused = true)]
async fn no_call_outlives_a_shutdown() {
    let (api, peers) = (Api::new(), Peers::new());
    peers.behave(Manner::Hangs);
    api.put((0..4).map(pod));
    let membership = linked(&api, &peers).await;
    assert_eq!(peers.running(), 4);
    membership.shutdown().await;
    assert_eq!(peers.running(), 0);
}

#[tokio::test(start_paused = true)]
async fn no_call_outlives_the_handle_for_long() {
    let (api, peers) = (Api::new(), Peers::new());
    peers.behave(Manner::Hangs);
    api.put((0..4).map(pod));
    drop(linked(&api, &peers).await);
    sleep(MOMENT).await;
    assert_eq!(peers.running(), 0);
}
