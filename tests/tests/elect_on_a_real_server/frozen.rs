//! Processes that stand still for longer than the lease.

use quorate_tests::eventually::eventually;
use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, LIMIT, SHORT, STUBBORN, send};
use crate::store::Store;

/// The supervisor stands still, its keeper does not: a command that nobody can tell anything is gone in time.
pub(crate) fn a_supervisor_that_stands_still_past_the_lease_has_lost_it() -> Result<(), Trouble> {
    let arena = Arena::new("elect-stop-supervisor")?;
    let first = arena.candidate_with("one", &SHORT, &["bash", "-c", STUBBORN])?;
    arena.until_begun(1)?;
    let second = arena.candidate("two")?;
    first.until("renewed", 1)?;
    first.signal("STOP")?;
    let last = first.last_renewal()?;
    let intervals = arena.until_begun(2)?;
    let kept = intervals[0].ended - last;
    println!("with a supervisor that stands still its command ran for {kept:.3} s of a 3 s Lease");
    first.signal("CONT")?;
    // It stands by, and leads again when it is its turn.
    first.until("lost", 1)?;
    assert_eq!(first.until("child_exited", 1)?["code"], 137);
    second.terminate()?.with_code(0)?;
    arena.until_begun(3)?;
    assert_eq!(first.count("acquired")?, 2);
    drop(first);
    arena.check()?;
    Ok(())
}

/// Nothing on the machine can act: the command goes on where it was, until the keeper has its turn. Its late write is refused.
pub(crate) fn when_everything_stands_still_the_late_write_is_refused_by_its_token() -> Result<(), Trouble> {
    let arena = Arena::new("elect-stop-all")?;
    let store = Store::open()?;
    // Each write is a word with the store, from which the command learns whether it was taken.
    let script = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{}; trap '' TERM; \
         while :; do echo \"$LEADER_FENCING_TOKEN\" >&3; read -r answer <&3; sleep 0.02; done",
        store.port()
    );
    let flags = [SHORT.as_slice(), &["--grace-period=300ms"]].concat();
    let first = arena.candidate_with("one", &flags, &["bash", "-c", &script])?;
    eventually("the first writes", LIMIT, || Ok((store.writes().len() > 5).then_some(())))?;
    let (keeper, command) = (first.keeper()?, first.command()?);
    first.signal("STOP")?;
    send("STOP", keeper)?;
    send("STOP", command.saturating_neg())?;

    let second = arena.candidate_with("two", &flags, &["bash", "-c", &script])?;
    let old = store.writes().last().map(|write| write.token).unwrap_or_default();
    eventually("the writes of another", LIMIT, || {
        Ok(store.writes().iter().any(|write| write.token > old && write.is_taken).then_some(()))
    })?;
    // The command is first to go on, as bad luck would have it.
    send("CONT", command.saturating_neg())?;
    eventually("the late write", LIMIT, || {
        Ok(store.writes().iter().any(|write| write.token == old && !write.is_taken).then_some(()))
    })?;
    send("CONT", keeper)?;
    first.signal("CONT")?;
    assert_eq!(first.until("child_exited", 1)?["code"], 137);
    first.until("lost", 1)?;

    let writes = store.writes();
    let change = writes.iter().position(|write| write.token > old).unwrap();
    let late: Vec<_> = writes[change..].iter().filter(|write| write.token == old).collect();
    println!("{} late writes, all refused", late.len());
    assert!(!late.is_empty() && late.iter().all(|write| !write.is_taken), "{late:?}");
    // It stands by as if nothing had happened.
    assert!(!first.leads()?);
    first.terminate()?.with_code(0)?;
    second.terminate()?.with_code(137)?;
    Ok(())
}
