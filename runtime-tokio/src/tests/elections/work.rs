//! When work begins, and how it ends by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{LONG, Lab, Noted, eventually, obedient, stubborn};
use crate::{Candidacy, RunError};

#[tokio::test(start_paused = true)]
async fn work_begins_once_we_lead_and_the_lease_is_released_when_it_has_ended() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    assert!(!elector.guard().is_leading());
    let work = elector.run_while_leading(async |leadership| {
        let noted = Noted { lab: &lab, leadership };
        assert!(elector.guard().is_leading());
        assert!(lab.holder().starts_with("a_"));
        assert_eq!(elector.guard().token().as_ref(), Some(noted.leadership.token()));
        assert_eq!(elector.standing(), Candidacy::Leading { term: noted.leadership.token().clone() });
        sleep(Duration::from_secs(60)).await;
        assert!(elector.guard().is_leading());
        17
    });
    assert_eq!(work.await, Ok(17));
    assert_eq!(lab.story(), ["a wins", "work gone, leading", "a releases"]);
    assert_eq!(lab.holder(), "", "released by the time that it returns");
    assert!(!elector.guard().is_leading());
    assert_eq!(elector.guard().token(), None);
    sleep(LONG).await;
    assert_eq!(elector.standing(), Candidacy::Withdrawn);
    assert_eq!(lab.holder(), "");
    elector.stand();
    eventually(|| elector.guard().is_leading()).await;
}

#[tokio::test(start_paused = true)]
async fn work_that_comes_late_begins_in_the_term_that_runs() {
    let lab = Lab::new();
    let (elector, _) = lab.leader("a").await;
    sleep(LONG).await;
    let token = elector.guard().token().unwrap();
    let worked = elector.run_while_leading(async |leadership| leadership.token().clone()).await;
    assert_eq!(worked.as_ref(), Ok(&token));
    let worked = elector.run_while_leading(async |leadership| leadership.token().clone()).await;
    assert!(worked.unwrap() > token, "a later call stands again, for another term");
}

#[tokio::test(start_paused = true)]
async fn one_work_at_a_time() {
    let lab = Lab::new();
    let (elector, _) = lab.leader("a").await;
    let first = elector.run_while_leading(|leadership| obedient(&lab, leadership));
    let second = async {
        eventually(|| lab.has("work begins")).await;
        assert_eq!(elector.run_while_leading(async |_| ()).await, Err(RunError::Busy));
        assert!(elector.guard().is_leading());
        elector.shutdown().await
    };
    assert_eq!(tokio::join!(first, second).0, Err(RunError::ShutDown));
    assert_eq!(elector.run_while_leading(async |_| ()).await, Err(RunError::ShutDown));
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_drops_the_work_then_releases_and_withdraws() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let work = elector.run_while_leading(|leadership| stubborn(&lab, leadership));
    assert!(timeout(Duration::from_secs(30), work).await.is_err());
    assert!(!elector.guard().is_leading(), "at once");
    eventually(|| elector.standing() == Candidacy::Withdrawn).await;
    assert_eq!(lab.story(), ["a wins", "work begins", "work gone, leading", "a releases"]);
    // Again, before the release has even begun.
    for _ in 0..3 {
        let work = elector.run_while_leading(|leadership| stubborn(&lab, leadership));
        assert!(timeout(Duration::from_secs(30), work).await.is_err());
    }
    eventually(|| elector.standing() == Candidacy::Withdrawn).await;
    assert_eq!(lab.story().iter().filter(|what| *what == "work begins").count(), 4);
    assert_eq!(lab.story().iter().filter(|what| *what == "a releases").count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_standby_whose_future_is_dropped_does_not_stand_any_more() {
    let lab = Lab::new();
    let (first, _) = lab.leader("a").await;
    let (second, _) = lab.candidate("b");
    let work = second.run_while_leading(|leadership| stubborn(&lab, leadership));
    assert!(timeout(Duration::from_secs(30), work).await.is_err());
    first.shutdown().await;
    sleep(LONG).await;
    assert_eq!(lab.story(), ["a wins", "a releases"]);
}

#[tokio::test(start_paused = true)]
async fn work_that_panics_has_ended_and_the_lease_is_released() {
    let lab = Lab::new();
    let (elector, _) = lab.candidate("a");
    let elector = Arc::new(elector);
    let work = {
        let (lab, elector) = (lab.clone(), Arc::clone(&elector));
        tokio::spawn(async move {
            let work = elector.run_while_leading(async |leadership| {
                let _noted = Noted { lab: &lab, leadership };
                sleep(Duration::from_secs(5)).await;
                panic!("as it happens");
            });
            work.await
        })
    };
    let panic = work.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"as it happens"));
    assert!(!elector.guard().is_leading());
    eventually(|| elector.standing() == Candidacy::Withdrawn).await;
    assert_eq!(lab.story(), ["a wins", "work gone, leading", "a releases"]);
}
