//! The handle: view, standing, the first view, the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use quorate_core::api::{Failure, FailureKind, Request, Sent};
use quorate_core::membership::{Event, Standing};
use tokio::time::{sleep, timeout};

use super::api::{Api, address, addresses, config, pod};
use crate::{Answer, MembershipHandle, Stopped, Transport};

/// Long enough for what has happened to be told.
const MOMENT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(120);

fn names(membership: &MembershipHandle) -> BTreeSet<String> {
    membership.view().keys().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn the_view_follows_the_api() {
    let api = Api::new();
    api.put([pod(0), pod(1)]);
    let membership = MembershipHandle::start(config(), api.clone());
    assert!(membership.view().is_empty());
    assert_eq!(membership.standing(), Standing::Syncing { trouble: None });
    membership.synced().await.unwrap();
    assert_eq!(names(&membership), addresses([0, 1]));
    assert_eq!(membership.standing(), Standing::Live);
    api.put([pod(2)]);
    api.delete("web-0");
    sleep(MOMENT).await;
    assert_eq!(names(&membership), addresses([1, 2]));
    assert!(membership.member(&address(2)).is_some_and(|member| member.admitted));
    assert_eq!(membership.member(&address(0)), None);
    membership.synced().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_any_churn_and_however_answers_are_cut_the_view_is_what_a_fresh_list_says() {
    for piece in [1, 7, usize::MAX] {
        let api = Api::in_pieces(piece);
        api.put((0..20).map(pod));
        let membership = MembershipHandle::start(config(), api.clone());
        for round in 0..6 {
            api.put((0..3).map(|number| pod(20 + round * 3 + number)));
            api.delete(&format!("web-{round}"));
            if round % 2 == 1 {
                api.with(|api, _| api.compact());
            }
            if round % 3 == 1 {
                api.cut_watches();
            }
            sleep(MOMENT).await;
        }
        sleep(Duration::from_secs(30)).await;
        assert_eq!(names(&membership), api.listed().await, "{piece}");
        assert_eq!(names(&membership), addresses(6..38), "{piece}");
        assert_eq!(membership.standing(), Standing::Live);
        assert_eq!(api.open_answers(), 1, "the watch");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_in_trouble_takes_nobody_away() {
    let api = Api::new();
    api.put((0..5).map(pod));
    let membership = MembershipHandle::start(config(), api.clone());
    membership.synced().await.unwrap();
    api.with(|api, _| api.overload(Some(1)));
    api.cut_watches();
    sleep(Duration::from_secs(60)).await;
    assert!(matches!(membership.standing(), Standing::Degraded { .. }), "{}", membership.standing());
    assert_eq!(names(&membership), addresses(0..5));
    api.with(|api, _| api.overload(None));
    sleep(LONG).await;
    assert_eq!(membership.standing(), Standing::Live);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_first_view_can_be_given_up_and_taken_up_again() {
    let api = Api::new();
    api.with(|api, _| api.overload(Some(1)));
    let membership = MembershipHandle::start(config(), api.clone());
    assert!(timeout(LONG, membership.synced()).await.is_err());
    assert!(matches!(membership.standing(), Standing::Syncing { trouble: Some(_) }));
    api.with(|api, _| api.overload(None));
    timeout(LONG, membership.synced()).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_leaves_nothing_behind_and_ends_the_streams() {
    let api = Api::new();
    api.put([pod(0)]);
    let membership = MembershipHandle::start(config(), api.clone());
    let mut changes = membership.changes();
    membership.synced().await.unwrap();
    sleep(MOMENT).await;
    assert_eq!(api.open_answers(), 1);
    membership.shutdown().await;
    assert_eq!(api.open_answers(), 0);
    while changes.next().await.is_some() {}
    assert_eq!(changes.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_stops_all_the_same() {
    let api = Api::new();
    let membership = MembershipHandle::start(config(), api.clone());
    membership.synced().await.unwrap();
    drop(membership.shutdown());
    sleep(MOMENT).await;
    assert_eq!(api.open_answers(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_handle_drops_the_exchanges_and_ends_the_streams() {
    let api = Api::new();
    let membership = MembershipHandle::start(config(), api.clone());
    let mut changes = membership.changes();
    membership.synced().await.unwrap();
    drop(membership);
    while changes.next().await.is_some() {}
    assert_eq!(api.open_answers(), 0);
}

#[tokio::test(start_paused = true)]
async fn streams_of_a_handle_that_is_dropped_before_its_task_ran_end() {
    let mut changes = MembershipHandle::start(config(), Api::new()).changes();
    while timeout(LONG, changes.next()).await.unwrap().is_some() {}
}

/// The API, as far as it lets requests through.
struct Only<F>(Api, F);

#[async_trait]
impl<F: Fn(&Request) -> Result<(), Failure> + Send + Sync> Transport for Only<F> {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        (self.1)(&request)?;
        self.0.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_age_is_that_of_the_last_list_when_watches_fail() {
    let api = Api::new();
    api.put([pod(0)]);
    let only_lists = |request: &Request| match request.target().contains("watch=") {
        true => Err(Failure { sent: Sent::No, kind: FailureKind::Unreachable, message: "refused".into() }),
        false => Ok(()),
    };
    let membership = MembershipHandle::start(config(), Only(api.clone(), only_lists));
    let mut changes = membership.changes();
    assert_eq!(membership.age(), None, "nothing is known");
    membership.synced().await.unwrap();
    sleep(Duration::from_secs(3600)).await;
    let (standing, age, now) = (membership.standing(), membership.age().unwrap(), SystemTime::now());
    let Standing::Degraded { since, .. } = standing else { panic!("{standing}") };
    assert!(Duration::ZERO < age && age < Duration::from_secs(900), "{age:?}");
    let apart = now.duration_since(membership.wall(since)).unwrap().abs_diff(age);
    assert!(apart < Duration::from_secs(60), "{apart:?}");
    let mut told = Vec::new();
    while let Ok(Some(event)) = timeout(MOMENT, changes.next()).await {
        told.extend(matches!(event, Event::Standing(Standing::Degraded { .. })).then_some(event));
    }
    assert_eq!(told.len(), 1, "the same reason is told once: {told:?}");
    assert_ne!(told, [Event::Standing(standing)], "the standing is the machine's own");
}

#[tokio::test(start_paused = true)]
async fn a_view_that_nobody_follows_any_more_grows_old() {
    let (api, may_send) = (Api::new(), Arc::new(AtomicBool::new(true)));
    let asked = Arc::clone(&may_send);
    let transport = Only(api.clone(), move |_: &Request| {
        assert!(asked.load(Ordering::SeqCst), "a transport that should not");
        Ok(())
    });
    let membership = MembershipHandle::start(config(), transport);
    membership.synced().await.unwrap();
    sleep(MOMENT).await;
    assert_eq!(membership.age(), Some(Duration::ZERO));
    may_send.store(false, Ordering::SeqCst);
    api.cut_watches();
    let mut changes = membership.changes();
    while timeout(LONG, changes.next()).await.unwrap().is_some() {}
    sleep(LONG).await;
    assert!(membership.age().is_some_and(|age| age >= LONG), "{:?}", membership.age());
}

struct Panics;

#[async_trait]
impl Transport for Panics {
    async fn send(&self, _: Request) -> Result<Box<dyn Answer>, Failure> {
        panic!("a transport that should not")
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_task_that_a_panic_ended() {
    let membership = MembershipHandle::start(config(), Panics);
    let mut changes = membership.changes();
    assert_eq!(timeout(LONG, membership.synced()).await.unwrap(), Err(Stopped));
    while timeout(LONG, changes.next()).await.unwrap().is_some() {}
    membership.drain();
    timeout(LONG, membership.shutdown()).await.unwrap();
}
