//! How terms begin and end while the server is well.

use std::time::{Duration, Instant};

use quorate_runtime_tokio::Shutdown;
use quorate_tests::eventually::eventually;
use quorate_tests::trouble::Trouble;
use serde_json::json;

use crate::arena::{Arena, Pace, SLACK, Temper};

pub(crate) fn one_of_two_leads_at_once_where_there_is_a_lease() -> Result<(), Trouble> {
    let arena = Arena::new("start", Pace::Short)?;
    let both = [arena.candidate("a", Temper::Obedient)?, arena.candidate("b", Temper::Obedient)?];
    // They connect, read and write.
    let leader = arena.leader(Duration::from_secs(1) + SLACK, &both)?;
    let lease = arena.lease()?;
    assert!(lease["spec"]["holderIdentity"].as_str().is_some_and(|holder| holder.starts_with(leader.name)), "{lease}");
    assert_eq!((&lease["spec"]["leaseDurationSeconds"], &lease["spec"]["leaseTransitions"]), (&json!(3), &json!(1)));
    std::thread::sleep(Duration::from_secs(4));
    arena.check_unchanged(leader);
    arena.finish()
}

// Design §4, Creation.
pub(crate) fn whoever_creates_the_lease_leads_one_duration_later() -> Result<(), Trouble> {
    let arena = Arena::without_lease("creation", Pace::Short)?;
    let began = Instant::now();
    let both = [arena.candidate("a", Temper::Obedient)?, arena.candidate("b", Temper::Obedient)?];
    let limit = arena.config().options().lease_duration + arena.config().longest_pause() * 2 + SLACK;
    arena.leader(limit, &both)?;
    assert!(began.elapsed() >= arena.config().options().lease_duration, "{:?}", began.elapsed());
    arena.finish()
}

// E5 and E3.
pub(crate) fn after_a_crash_another_leads_within_the_promised_time() -> Result<(), Trouble> {
    let arena = Arena::new("crash", Pace::Short)?;
    let mut candidates = vec![
        arena.candidate("a", Temper::Obedient)?,
        arena.candidate("b", Temper::Obedient)?,
        arena.candidate("c", Temper::Obedient)?,
    ];
    for _ in 0..2 {
        let leader = arena.leader(Duration::from_secs(2), &candidates)?.name;
        // The others have seen who leads, and watch.
        std::thread::sleep(Duration::from_millis(1500));
        let crashed = candidates.remove(candidates.iter().position(|it| it.name == leader).unwrap_or_default());
        arena.crash(crashed);
        let crashed_at = Instant::now();
        arena.leader(arena.config().worst_failover() + SLACK, &candidates)?;
        // Its last write was one pause ago at most.
        let earliest = arena.config().options().lease_duration.saturating_sub(arena.config().longest_pause() + SLACK);
        assert!(crashed_at.elapsed() >= earliest, "E3: {:?}", crashed_at.elapsed());
    }
    arena.finish()
}

// E5; stop, then release.
pub(crate) fn a_release_hands_over_within_a_round_trip_and_jitter() -> Result<(), Trouble> {
    let arena = Arena::new("release", Pace::Short)?;
    let candidates = [
        arena.candidate("a", Temper::Obedient)?,
        arena.candidate("b", Temper::Obedient)?,
        arena.candidate("c", Temper::Obedient)?,
    ];
    let leader = arena.leader(Duration::from_secs(2), &candidates)?;
    std::thread::sleep(Duration::from_millis(1500));
    leader.elector.step_down();
    assert!(!leader.guard.is_leading(), "the guard ends at once");
    let ended = arena.await_end(leader, Duration::from_secs(1))?.ended.unwrap_or_else(Instant::now);
    let next = arena.leader(arena.config().jitter() + SLACK, &candidates)?;
    let began = eventually("its work has begun", SLACK, || Ok(arena.log.last_of(next.name)))?.began;
    println!("hand-over: {:?} after the work had ended", began - ended);

    // One that is shut down says so, and its record is free in client-go's form.
    let others: Vec<_> = candidates.iter().filter(|it| it.name != next.name).collect();
    others.iter().for_each(|other| other.elector.step_down());
    assert_eq!(arena.shut_down(next), Shutdown::Released);
    let spec = &arena.lease()?["spec"];
    assert_eq!((&spec["holderIdentity"], &spec["leaseDurationSeconds"]), (&json!(""), &json!(1)));
    assert_eq!(arena.shut_down(others[0]), Shutdown::NotHeld);
    arena.finish()
}
