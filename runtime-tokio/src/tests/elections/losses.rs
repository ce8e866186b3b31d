//! What becomes of work when leadership is lost.

use std::cell::Cell;
use std::time::Duration;

use quorate_core::election::StopReason;
use tokio::time::{sleep, timeout};

use super::{LONG, Lab, eventually, obedient, stubborn};

/// Lease duration ÷ clock-rate ratio − kill margin, in milliseconds.
const HARD_DEADLINE: u128 = 14_351;

fn about(expected: u128, found: u128) {
    assert!((expected..expected + 10).contains(&found), "{found} where {expected} is expected");
}

#[tokio::test(start_paused = true)]
async fn work_is_told_at_the_renew_deadline_and_dropped_at_the_hard_deadline() {
    let lab = Lab::new();
    let (elector, line) = lab.candidate("a");
    let guard = elector.guard();
    let outage = async {
        sleep(Duration::from_secs(60)).await;
        line.cut();
        eventually(|| !guard.is_leading()).await;
        let sent = lab.last("a renews");
        about(sent + 10_000, lab.now());
        sleep(LONG).await;
        about(sent + 10_000, lab.last("told to stop: no renewal succeeded in time"));
        about(sent + HARD_DEADLINE, lab.last("work gone"));
        assert!(!lab.has("a releases"));
        line.mend();
        eventually(|| guard.is_leading()).await;
    };
    tokio::select! {
        _ = elector.run_while_leading(|leadership| stubborn(&lab, leadership)) => panic!("it ended"),
        () = outage => {}
    }
    let begun = lab.story().into_iter().filter(|what| what == "work begins").count();
    assert_eq!(begun, 2, "it stands again by itself, and works again: {:?}", lab.story());
}

#[tokio::test(start_paused = true)]
async fn whoever_heeds_the_loss_stands_again_without_a_release() {
    let lab = Lab::new();
    let (elector, line) = lab.candidate("a");
    let guard = elector.guard();
    let outage = async {
        for _ in 0..3 {
            eventually(|| guard.is_leading()).await;
            line.cut();
            eventually(|| !guard.is_leading()).await;
            sleep(Duration::from_millis(1)).await;
            about(lab.last("work gone"), lab.now() - 1);
            line.mend();
        }
        eventually(|| guard.is_leading()).await;
    };
    tokio::select! {
        _ = elector.run_while_leading(|leadership| obedient(&lab, leadership)) => panic!("it ended"),
        () = outage => {}
    }
    assert_eq!(lab.story().iter().filter(|what| *what == "work begins").count(), 4);
    assert!(!lab.has("a releases"));
}

#[tokio::test(start_paused = true)]
async fn on_evidence_of_another_holder_work_is_dropped_at_once() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let work = elector.run_while_leading(|leadership| stubborn(&lab, leadership));
    let usurper = async {
        eventually(|| lab.has("work begins")).await;
        lab.usurp("somebody");
        let seized = lab.now();
        eventually(|| lab.has("work gone")).await;
        about(seized, lab.now());
        assert!(!elector.guard().is_leading());
        assert_eq!(elector.holder().as_deref(), Some("somebody"));
    };
    tokio::select! {
        _ = work => panic!("it ended"),
        () = usurper => {}
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_that_is_left_is_told() {
    let lab = Lab::new();
    let (elector, line) = lab.candidate("a");
    let work = elector.run_while_leading(async |leadership| {
        sleep(Duration::from_secs(30)).await;
        line.cut();
        assert!(leadership.hard_deadline() > Duration::from_secs(12));
        assert_eq!(leadership.stopping().await, StopReason::Deadline);
        assert_eq!(leadership.stopping().await, StopReason::Deadline, "whoever asks again is told again");
        let left = leadership.hard_deadline();
        assert!(left > Duration::from_millis(4300) && left <= Duration::from_millis(4352), "{left:?}");
        sleep(left - Duration::from_millis(10)).await;
        lab.note("nearly");
        sleep(Duration::from_millis(20)).await;
        lab.note("never");
    });
    assert!(timeout(LONG, work).await.is_err());
    assert!(lab.has("nearly") && !lab.has("never"));
}

#[tokio::test(start_paused = true)]
async fn work_is_not_polled_once_more_after_its_deadline_however_late_anybody_looks() {
    let lab = Lab::new();
    let (elector, line) = lab.candidate("a");
    let polls = Cell::new(0);
    let work = elector.run_while_leading(async |_| {
        loop {
            polls.set(polls.get() + 1);
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut work = std::pin::pin!(work);
    assert!(timeout(Duration::from_secs(10), work.as_mut()).await.is_err());
    let before: u32 = polls.get();
    assert!(before > 5, "{before}");
    line.cut();
    // Nobody polls it.
    sleep(LONG).await;
    assert!(timeout(Duration::from_secs(1), work.as_mut()).await.is_err(), "it waits for the next term");
    assert_eq!(polls.get(), before);
}
