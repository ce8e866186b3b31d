//! The API is away, for less and for more than a leader can bear.

use std::thread;
use std::time::Duration;

use quorate_tests::proxy::Proxy;
use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, Candidate, SHORT, STUBBORN, leader, promises};

/// What a busy machine may add to what is promised.
const SLACK: Duration = Duration::from_millis(200);

pub(crate) fn an_outage_within_what_is_tolerated_changes_nothing() -> Result<(), Trouble> {
    let arena = Arena::new("elect-short-outage")?;
    let candidates = [arena.candidate("one")?, arena.candidate("two")?];
    arena.until_begun(1)?;
    let leader = &candidates[leader(&candidates)?];
    let promises = promises()?;
    for (begin, tolerated) in
        [(Proxy::silence as fn(&Proxy), promises.tolerated_silence()), (Proxy::refuse, promises.tolerated_refusal())]
    {
        let renewals = leader.count("renewed")?;
        leader.until("renewed", renewals.saturating_add(2))?;
        println!("an outage of {:?}", tolerated.saturating_sub(SLACK));
        candidates.iter().for_each(|candidate| begin(&candidate.proxy));
        thread::sleep(tolerated.saturating_sub(SLACK));
        candidates.iter().for_each(|candidate| candidate.proxy.open());
        let renewals = leader.count("renewed")?;
        leader.until("renewed", renewals.saturating_add(2))?;
    }
    assert!(leader.leads()?);
    assert_eq!(arena.check()?.len(), 1, "one term in all");
    for candidate in candidates {
        assert_eq!(candidate.count("lost")?, 0);
        candidate.terminate()?.with_code(0)?;
    }
    Ok(())
}

pub(crate) fn in_a_longer_silence_the_command_ends_in_time_and_somebody_leads_afterwards() -> Result<(), Trouble> {
    a_longer_outage("elect-long-silence", Proxy::silence)
}

pub(crate) fn in_a_longer_refusal_the_command_ends_in_time_and_somebody_leads_afterwards() -> Result<(), Trouble> {
    a_longer_outage("elect-long-refusal", Proxy::refuse)
}

/// First for a command that heeds what it is told, then for one that does not.
fn a_longer_outage(namespace: &str, begin: fn(&Proxy)) -> Result<(), Trouble> {
    let arena = Arena::new(namespace)?;
    let candidates = [arena.candidate("one")?, arena.candidate("two")?];
    let obedient = outlast(&arena, &candidates, begin, 1)?;
    let until = promises()?.options().renew_deadline + Duration::from_millis(150);
    assert!(obedient <= (until + SLACK).as_secs_f64(), "{obedient} s");
    for candidate in candidates {
        candidate.terminate()?.with_code(0)?;
    }
    let begun = arena.intervals()?.len();
    let stubborn = |name| arena.candidate_with(name, &SHORT, &["bash", "-c", STUBBORN]);
    let candidates = [stubborn("three")?, stubborn("four")?];
    let stubborn = outlast(&arena, &candidates, begin, begun.saturating_add(1))?;
    println!(
        "after the last renewal worked on: the obedient for {obedient:.3} s, the stubborn for {stubborn:.3} s of 3 s"
    );
    assert!(stubborn < 3.0, "{stubborn} s");
    drop(candidates);
    arena.check()?;
    Ok(())
}

/// How long the command of that term ran after the last renewal that took effect, when the API went away for good; then it
/// comes back, and somebody leads.
fn outlast(arena: &Arena, candidates: &[Candidate], begin: fn(&Proxy), term: usize) -> Result<f64, Trouble> {
    arena.until_begun(term)?;
    let leader = &candidates[leader(candidates)?];
    leader.until("renewed", 1)?;
    candidates.iter().for_each(|candidate| begin(&candidate.proxy));
    leader.until("lost", 1)?;
    leader.until("child_exited", 1)?;
    let ran = arena.intervals()?[term - 1].ended - leader.last_renewal()?;
    candidates.iter().for_each(|candidate| candidate.proxy.open());
    arena.until_begun(term.saturating_add(1))?;
    Ok(ran)
}
