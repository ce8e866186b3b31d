//! `kill -9`, of each of the three.

use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, at, leader, send};
use crate::log::median;

/// What the issue of it all allows beyond the lease duration, in seconds.
const ALLOWED: f64 = 0.5;

pub(crate) fn a_supervisor_that_is_killed_is_replaced_within_the_lease_and_half_a_second() -> Result<(), Trouble> {
    let arena = Arena::new("elect-kill-supervisor")?;
    let mut candidates = Vec::new();
    for name in ["one", "two", "three", "four"] {
        candidates.push(arena.candidate(name)?);
    }
    let mut took = Vec::new();
    for term in 1..=3 {
        arena.until_begun(term)?;
        let leader = candidates.remove(leader(&candidates)?);
        leader.until("renewed", 1)?;
        leader.signal("KILL")?;
        let last = leader.last_renewal()?;
        let next = arena.until_begun(term.saturating_add(1))?[term];
        took.push(next.began - last);
    }
    println!("take-overs of a 3 s Lease: {took:.3?} s after the last renewal");
    // A renewal is told when it was answered, and counts from when it was seen.
    assert!(took.iter().all(|took| *took > 2.9), "{took:?}");
    assert!(median(took.clone()) <= 3.0 + ALLOWED, "{took:?}");
    arena.check()?;
    Ok(())
}

pub(crate) fn a_keeper_that_is_killed_hands_over() -> Result<(), Trouble> {
    let arena = Arena::new("elect-kill-keeper")?;
    let first = arena.candidate("one")?;
    arena.until_begun(1)?;
    let second = arena.candidate("two")?;
    second.until("observed_holder", 1)?;
    send("KILL", first.keeper()?)?;
    first.finish()?.with_code(125)?;
    arena.until_begun(2)?;
    second.terminate()?.with_code(0)?;
    let intervals = arena.check()?;
    assert_eq!(intervals.len(), 2, "{intervals:#?}");
    let gap = intervals[1].began - intervals[0].ended;
    assert!(gap < 1.5, "{gap} s");
    Ok(())
}

pub(crate) fn a_command_that_is_killed_hands_over() -> Result<(), Trouble> {
    let arena = Arena::new("elect-kill-command")?;
    let first = arena.candidate("one")?;
    arena.until_begun(1)?;
    let second = arena.candidate("two")?;
    second.until("observed_holder", 1)?;
    first.until("child_started", 1)?;
    send("KILL", first.command()?)?;
    first.finish()?.with_code(137)?;
    arena.until_begun(2)?;
    let (released, acquired) = (arena.intervals()?[0].ended, at(&second.until("acquired", 1)?));
    second.terminate()?.with_code(0)?;
    arena.check()?;
    assert!(acquired - released < 1.5, "{} s", acquired - released);
    Ok(())
}
