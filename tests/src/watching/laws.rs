//! What is promised of links, whatever happens, where they are disconnected after the default delay and peers are kept while
//! they are present.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Event;
use crate::connector::Call;
use crate::trouble::Trouble;

/// The default of `--disconnect-after`.
const DELAY: Duration = Duration::from_secs(2);
/// How long after the delay a disconnect may begin.
const LATE: Duration = Duration::from_secs(1);
/// What is printed, and what a script writes down, may come this much after what it tells of.
const SLACK: Duration = Duration::from_millis(250);

/// Holds what was done to what was told.
///
/// - Nobody is connected who is connected, nor disconnected who is not (M3).
/// - Nobody is disconnected but who has left, once the delay is over; whose name has passed to another, at once (M3).
/// - Whoever has left and stays away is disconnected within a second of the delay's end (M2).
///
/// # Errors
///
/// When that is not so, with the first breach.
pub fn check(events: &[Event], calls: &[Call]) -> Result<(), Trouble> {
    let mut histories: BTreeMap<&str, (Vec<&Event>, Vec<&Call>)> = BTreeMap::new();
    for event in events.iter().filter(|event| ["joined", "left", "connected", "connect_failed"].contains(&event.kind()))
    {
        histories.entry(event.text("name")).or_default().0.push(event);
    }
    for call in calls {
        histories.entry(&call.name).or_default().1.push(call);
    }
    for (name, (events, calls)) in histories {
        check_one(&events, &calls).map_err(|breach| Trouble::new(format!("{name}: {breach}")))?;
    }
    Ok(())
}

fn check_one(events: &[&Event], calls: &[&Call]) -> Result<(), String> {
    take_turns(events, calls)?;
    for call in calls.iter().filter(|call| call.verb == "disconnect") {
        is_due(events, call.time)?;
    }
    let comings: Vec<_> = events.iter().filter(|event| ["joined", "left"].contains(&event.kind())).collect();
    for (index, left) in comings.iter().enumerate().filter(|(_, event)| event.kind() == "left") {
        let is_back = comings.get(index.saturating_add(1)).is_some_and(|next| next.time < left.time + DELAY + SLACK);
        let before = calls.iter().rfind(|call| call.time < left.time + SLACK);
        if !is_back && before.is_some_and(|call| call.verb == "connect") && !is_refused(events, left.time) {
            let window = left.time..=left.time + DELAY + LATE;
            if !calls.iter().any(|call| call.verb == "disconnect" && window.contains(&call.time)) {
                return Err(format!("it left at {} and was not disconnected in time", left.time));
            }
        }
    }
    Ok(())
}

/// Whether the last that is known of connecting to it by then is a failure.
fn is_refused(events: &[&Event], by: Timestamp) -> bool {
    let tried = events.iter().filter(|event| event.kind().starts_with("connect"));
    tried.take_while(|event| event.time < by + SLACK).last().is_some_and(|event| event.kind() == "connect_failed")
}

/// Whether connects and disconnects alternate, but for attempts that failed.
fn take_turns(events: &[&Event], calls: &[&Call]) -> Result<(), String> {
    for pair in calls.windows(2) {
        let [one, next] = pair else { continue };
        let between = one.time..=next.time + SLACK;
        let failed = events.iter().any(|event| event.kind() == "connect_failed" && between.contains(&event.time));
        if one.verb == next.verb && !failed {
            return Err(format!("told to {} at {} and again at {}", one.verb, one.time, next.time));
        }
    }
    Ok(())
}

fn is_due(events: &[&Event], disconnected: Timestamp) -> Result<(), String> {
    let comings = events.iter().filter(|event| ["joined", "left"].contains(&event.kind()));
    let mut comings: Vec<_> = comings.filter(|event| event.time < disconnected + SLACK).collect();
    let breach = loop {
        let Err(breach) = is_due_after(&comings, disconnected) else { return Ok(()) };
        // What was told about then may have come after.
        if comings.pop_if(|event| event.time + SLACK > disconnected).is_none() {
            break breach;
        }
    };
    Err(breach)
}

fn is_due_after(comings: &[&&Event], disconnected: Timestamp) -> Result<(), String> {
    let since = |event: &Event| Duration::try_from(disconnected.duration_since(event.time)).unwrap_or_default();
    match comings {
        [.., left] if left.kind() == "left" => {
            let after = since(left);
            let is_in_time = after + SLACK >= DELAY && after <= DELAY + LATE;
            let words = || format!("it left at {} and was disconnected {after:?} later", left.time);
            if is_in_time || left.text("reason") == "replaced" { Ok(()) } else { Err(words()) }
        }
        [.., before, joined] if joined.text("uid") != before.text("uid") && since(joined) <= LATE => Ok(()),
        _ => Err(format!("it was disconnected at {disconnected}, and had not left")),
    }
}
