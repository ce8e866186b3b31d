//! What the guard says.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use quorate_core::election::ElectionOptions;
use tokio::time::{sleep, timeout};

use super::{LONG, Lab, config, eventually};
use crate::{Elector, Guard};

#[tokio::test(start_paused = true)]
async fn the_guard_of_a_term_speaks_of_no_later_one() {
    let lab = Lab::new();
    let (elector, line) = lab.candidate("a");
    let mut terms = Vec::new();
    let work = elector.run_while_leading(|leadership| {
        terms.push(leadership);
        std::future::pending::<()>()
    });
    let outages = async {
        for _ in 0..3 {
            eventually(|| elector.guard().is_leading()).await;
            line.cut();
            eventually(|| !elector.guard().is_leading()).await;
            line.mend();
        }
        eventually(|| elector.guard().is_leading()).await;
    };
    tokio::select! {
        _ = work => panic!("it ended"),
        () = outages => {}
    }
    elector.stand();
    eventually(|| elector.guard().is_leading()).await;
    assert_eq!(terms.len(), 4);
    assert!(terms.iter().all(|term| !term.guard().is_leading() && term.guard().token().is_none()));
    assert!(terms.iter().is_sorted_by(|one, next| one.token() < next.token()));
    assert!(elector.guard().token() > terms.last().map(|term| term.token().clone()));
}

#[tokio::test(start_paused = true)]
async fn a_guard_outlives_its_elector_and_says_no() {
    fn is_shareable<T: Clone + Send + Sync + std::fmt::Debug>(_: &T) {}
    let lab = Lab::new();
    let (elector, _) = lab.leader("a").await;
    let guard = elector.guard();
    is_shareable(&guard);
    assert_eq!(format!("{guard:?}"), "Guard { is_leading: true, .. }");
    drop(elector);
    assert!(!guard.is_leading());
}

#[tokio::test(start_paused = true)]
async fn whoever_leads_is_led_through_a_long_time_without_a_gap() {
    let lab = Lab::new();
    let (elector, _) = lab.leader("a").await;
    let guard = elector.guard();
    let gap = async {
        while guard.is_leading() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(timeout(LONG, gap).await.is_err());
}

/// Leads past its first deadline, says so, and blocks the only thread that it has.
async fn lead_and_block(lab: &Lab, blocks: &mpsc::Sender<(Guard, Instant)>) {
    let options = ElectionOptions {
        lease_duration: Duration::from_secs(2),
        renew_deadline: Duration::from_secs(1),
        retry_period: Duration::from_millis(200),
        ..config("a").options().clone()
    };
    let elector = Elector::start(options.build().unwrap(), lab.line("a"));
    eventually(|| elector.guard().is_leading()).await;
    sleep(Duration::from_millis(1500)).await;
    assert!(elector.guard().is_leading());
    blocks.send((elector.guard(), Instant::now())).unwrap();
    thread::sleep(Duration::from_secs(3));
}

/// In real time, by the system's clock.
#[test]
fn a_guard_ends_at_its_deadline_while_nothing_of_the_elector_runs() {
    let (sender, receiver) = mpsc::channel();
    let blocked = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { lead_and_block(&Lab::new(), &sender).await });
    });
    let (guard, begun) = receiver.recv().unwrap();
    while guard.is_leading() {
        thread::sleep(Duration::from_millis(1));
    }
    // It was renewed before the block, and the retry period ago at most, but for what else this machine does.
    let led = begun.elapsed();
    assert!(led > Duration::from_millis(300) && led < Duration::from_millis(1300), "{led:?}");
    while begun.elapsed() < Duration::from_millis(2500) {
        assert!(!guard.is_leading());
        thread::sleep(Duration::from_millis(1));
    }
    blocked.join().unwrap();
}
