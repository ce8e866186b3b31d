//! Commands that behave badly.

use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, SHORT, STUBBORN};

/// Its children have left its group and its session, and write into the log as well.
pub(crate) fn a_stubborn_command_with_children_is_gone_before_the_next_begins() -> Result<(), Trouble> {
    let arena = Arena::new("elect-stubborn")?;
    let script =
        format!("export SCRIPT='{}'\nsetsid bash -c \"$SCRIPT\" &\nbash -c \"$SCRIPT\" &\neval \"$SCRIPT\"", quoted());
    let flags = [SHORT.as_slice(), &["--grace-period=700ms"]].concat();
    let first = arena.candidate_with("one", &flags, &["bash", "-c", &script])?;
    arena.until_begun(1)?;
    let second = arena.candidate("two")?;
    second.until("observed_holder", 1)?;
    first.until("renewed", 2)?;
    first.terminate()?.with_code(137)?;
    arena.until_begun(2)?;
    second.until("renewed", 2)?;
    second.terminate()?.with_code(0)?;
    let intervals = arena.check()?;
    let gap = intervals[1].began - intervals[0].ended;
    assert!(gap < 1.5, "{gap} s");
    Ok(())
}

/// For a text between single quotes.
fn quoted() -> String {
    STUBBORN.replace('\'', r"'\''")
}

pub(crate) fn a_command_that_ends_at_once_hands_over_each_time() -> Result<(), Trouble> {
    let arena = Arena::new("elect-short-command")?;
    let script = format!("{}; exit 9", STUBBORN.split("while").next().unwrap_or_default().trim_end());
    let mut candidates = Vec::new();
    for name in ["one", "two", "three"] {
        candidates.push(arena.candidate_with(name, &SHORT, &["bash", "-c", &script])?);
    }
    for candidate in candidates {
        candidate.finish()?.with_code(9)?;
    }
    assert_eq!(arena.check()?.len(), 3);
    assert_eq!(arena.holder()?, "");
    Ok(())
}

pub(crate) fn a_command_that_cannot_be_run_hands_over() -> Result<(), Trouble> {
    let arena = Arena::new("elect-no-command")?;
    let first = arena.candidate_with("one", &SHORT, &["/nonexistent"])?;
    first.finish()?.with_code(127)?;
    assert_eq!(arena.holder()?, "");
    let second = arena.candidate("two")?;
    arena.until_begun(1)?;
    second.terminate()?.with_code(0)?;
    Ok(())
}
