//! Hand-overs.

use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, leader};
use crate::log::gaps;

pub(crate) fn a_leader_that_is_told_to_end_hands_over_at_once() -> Result<(), Trouble> {
    let arena = Arena::new("elect-hand-over")?;
    let mut candidates = Vec::new();
    for name in ["one", "two", "three"] {
        candidates.push(arena.candidate(name)?);
    }
    for term in 1..=3 {
        arena.until_begun(term)?;
        let leader = candidates.remove(leader(&candidates)?);
        leader.until("renewed", 1)?;
        leader.terminate()?.with_code(0)?;
    }
    assert_eq!(arena.holder()?, "");
    let intervals = arena.check()?;
    assert_eq!(intervals.len(), 3, "{intervals:#?}");
    let gaps = gaps(&intervals);
    println!("hand-overs: {gaps:.3?} s");
    assert!(gaps.iter().all(|gap| *gap < 1.0), "{gaps:?}");
    Ok(())
}
