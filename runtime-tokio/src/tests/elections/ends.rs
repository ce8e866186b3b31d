//! Stops of our own choice: step-downs, shutdowns, and the end of the elector.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use quorate_core::api::{Failure, Request};
use quorate_core::election::StopReason;
use tokio::time::{sleep, timeout};

use super::{LONG, Lab, Line, config, eventually, obedient, stubborn};
use crate::clock::Clock;
use crate::{Answer, Candidacy, Elector, RunError, Shutdown, Transport};

const GRACE: Duration = Duration::from_secs(40);

#[tokio::test(start_paused = true)]
async fn the_guard_ends_at_once_renewals_go_on_and_the_release_waits_for_the_work() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let guard = elector.guard();
    let stop = async {
        eventually(|| guard.is_leading()).await;
        elector.step_down_within(GRACE);
        assert!(!guard.is_leading(), "at once");
        assert_eq!(guard.token(), None);
        lab.note("asked to");
        eventually(|| elector.standing() == Candidacy::Withdrawn).await;
    };
    tokio::select! {
        _ = elector.run_while_leading(|leadership| stubborn(&lab, leadership)) => panic!("it ended"),
        () = stop => {}
    }
    let story = ["a wins", "work begins", "asked to", "told to stop: asked to", "work gone", "a releases"];
    assert_eq!(lab.story(), story);
    let (asked, gone) = (lab.last("asked to"), lab.last("work gone"));
    assert!((asked + 40_000..asked + 40_010).contains(&gone), "{asked} {gone}");
    assert!(lab.last("a releases") < gone + 5);
    assert!(lab.last("a renews") > gone - 3000, "the Lease is kept while the work stops");
}

#[tokio::test(start_paused = true)]
async fn a_step_down_keeps_the_work_waiting_until_we_are_to_stand_again() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let pauses = async {
        for round in 1..4 {
            eventually(|| lab.story().iter().filter(|what| *what == "work begins").count() == round).await;
            elector.step_down();
            eventually(|| elector.standing() == Candidacy::Withdrawn).await;
            sleep(LONG).await;
            assert_eq!(lab.holder(), "");
            elector.stand();
        }
        eventually(|| elector.guard().is_leading()).await;
        elector.shutdown().await
    };
    let work = elector.run_while_leading(|leadership| obedient(&lab, leadership));
    assert_eq!(tokio::join!(work, pauses), (Err(RunError::ShutDown), Shutdown::Released));
    assert_eq!(lab.story().len(), 16);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_stops_the_work_then_releases_then_ends() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let mut changes = elector.changes();
    let work = async {
        let ended = elector.run_while_leading(|leadership| obedient(&lab, leadership)).await;
        lab.note("returned");
        ended
    };
    let shutdown = async {
        eventually(|| elector.guard().is_leading()).await;
        sleep(Duration::from_secs(30)).await;
        elector.shutdown().await
    };
    assert_eq!(tokio::join!(work, shutdown), (Err(RunError::ShutDown), Shutdown::Released));
    assert_eq!(lab.story(), ["a wins", "work begins", "work gone", "a releases", "returned"]);
    let mut told = Vec::new();
    while let Some(event) = timeout(LONG, changes.next()).await.unwrap() {
        told.push(event.to_string());
    }
    assert_eq!(told.split_off(told.len() - 2), ["released the Lease", "not standing for election"]);
    assert_eq!(elector.standing(), Candidacy::Ended);
    assert_eq!(elector.shutdown().await, Shutdown::Released, "as often as it is asked");
    assert_eq!(elector.explain(), "shut down");
}

#[tokio::test(start_paused = true)]
async fn a_later_stop_may_shorten_the_grace_period_but_not_prolong_it() {
    for (second, expected) in [(Duration::from_secs(5), 8), (Duration::from_secs(100), 40)] {
        let lab = Lab::new();
        let (elector, _) = lab.candidate("a");
        let stop = async {
            eventually(|| elector.guard().is_leading()).await;
            elector.step_down_within(GRACE);
            lab.note("asked to");
            sleep(Duration::from_secs(3)).await;
            elector.shutdown_within(second).await
        };
        let work = timeout(LONG, elector.run_while_leading(|leadership| stubborn(&lab, leadership)));
        assert_eq!(tokio::join!(work, stop), (Ok(Err(RunError::ShutDown)), Shutdown::Released));
        assert_eq!((lab.last("work gone") - lab.last("asked to")) / 1000, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_without_work_releases_what_is_held() {
    let lab = Lab::new();
    let (leader, _) = lab.leader("a").await;
    let (standby, _) = lab.candidate("b");
    sleep(LONG).await;
    let shutdown = standby.shutdown();
    assert_eq!(timeout(Duration::from_millis(100), shutdown).await, Ok(Shutdown::NotHeld));
    let shutdown = leader.shutdown();
    assert_eq!(timeout(Duration::from_millis(100), shutdown).await, Ok(Shutdown::Released));
    assert_eq!(lab.story(), ["a wins", "a releases"]);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_without_the_api_ends_nevertheless() {
    let lab = Lab::new();
    let (leader, line) = lab.leader("a").await;
    line.cut();
    let shutdown = timeout(Duration::from_secs(20), leader.shutdown());
    assert_eq!(shutdown.await, Ok(Shutdown::NotReleased));
    assert!(lab.holder().starts_with("a_"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_not_released_while_its_work_cannot_be_stopped() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let mut work = Box::pin(elector.run_while_leading(|leadership| stubborn(&lab, leadership)));
    assert!(timeout(Duration::from_secs(30), work.as_mut()).await.is_err());
    // Nobody polls it from here on.
    let shutdown = timeout(Duration::from_secs(7), elector.shutdown_within(Duration::from_secs(5)));
    assert_eq!(shutdown.await, Ok(Shutdown::WorkRunsOn));
    sleep(LONG).await;
    assert!(lab.holder().starts_with("a_"));
    assert!(!lab.has("a releases"));
    assert_eq!(work.await, Err(RunError::ShutDown));
    assert_eq!(elector.shutdown().await, Shutdown::Released);
    assert_eq!(lab.story().split_off(2), ["work gone", "a releases"]);
}

/// Panics when it is asked for the eleventh time.
struct Panics {
    line: Line,
    asked: AtomicUsize,
}

#[async_trait]
impl Transport for Panics {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        assert!(self.asked.fetch_add(1, Ordering::SeqCst) < 10, "as it happens");
        self.line.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn when_the_task_has_ended_nobody_leads_works_or_waits() {
    let lab = Lab::new();
    let transport = Panics { line: lab.line("a"), asked: AtomicUsize::new(0) };
    let elector = Elector::start_by(Clock::start(), config("a"), transport);
    let mut changes = elector.changes();
    let work = elector.run_while_leading(|leadership| stubborn(&lab, leadership));
    assert_eq!(timeout(LONG, work).await.unwrap(), Err(RunError::TaskEnded));
    assert_eq!(lab.story(), ["a wins", "work begins", "work gone"]);
    assert!(!elector.guard().is_leading());
    while changes.next().await.is_some() {}
    assert_eq!(elector.changes().next().await, None);
    assert_eq!(elector.standing(), Candidacy::Ended);
    assert_eq!(elector.run_while_leading(async |_| ()).await, Err(RunError::TaskEnded));
    assert_eq!(elector.shutdown().await, Shutdown::NotReleased);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_elector_ends_the_guard_and_leaves_the_lease() {
    let lab = Lab::new();
    let (elector, _) = lab.leader("a").await;
    let (guard, mut changes) = (elector.guard(), elector.changes());
    let leadership = {
        let mut led = None;
        let work = elector.run_while_leading(|leadership| {
            led = Some(leadership);
            std::future::pending::<()>()
        });
        assert!(timeout(Duration::from_secs(1), work).await.is_err());
        led.unwrap()
    };
    elector.stand();
    eventually(|| guard.is_leading()).await;
    drop(elector);
    assert!(!guard.is_leading());
    assert_eq!(guard.token(), None);
    assert_eq!(leadership.stopping().await, StopReason::WorkEnded);
    assert!(lab.holder().starts_with("a_"));
    while changes.next().await.is_some() {}
    let before = lab.notes();
    sleep(LONG).await;
    assert_eq!(lab.notes(), before);
    assert_eq!(lab.api.open_answers(), 0, "nothing is left behind");
}
