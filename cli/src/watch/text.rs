//! What is told of an event, for people. It may change.

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

use super::record::{Before, JsonAdmitted, Record};

/// As wide as the longest event's name.
const EVENT_WIDTH: usize = "disconnect_failed".len();

/// The line, with colours.
pub(super) fn line(record: &Record<'_>, now: Timestamp) -> String {
    let (event, colour, rest) = words(record);
    let (dim, style) = (Style::new().dimmed(), Style::new().bold().fg_color(Some(colour.into())));
    match rest.is_empty() {
        true => format!("{dim}{now:.0}{dim:#} {style}{event}{style:#}"),
        false => format!("{dim}{now:.0}{dim:#} {style}{event:EVENT_WIDTH$}{style:#} {rest}"),
    }
}

/// What happened, whether that is good, and the rest.
fn words(record: &Record<'_>) -> (&'static str, AnsiColor, String) {
    use AnsiColor::{Cyan, Green, Red, Yellow};

    match record {
        Record::Changed { member, before } => ("changed", Cyan, change(member, before)),
        Record::Confirming { removals, members } => {
            ("confirming", Yellow, format!("{removals} of {members} members seem to be gone: asking again"))
        }
        Record::Connected { member, found: false } => ("connected", Green, member.member.name.into()),
        Record::Connected { member, found: true } => ("connected", Green, format!("{}, already", member.member.name)),
        Record::ConnectFailed { member, reason, retry_in } => {
            ("connect_failed", Red, failure(member.member.name, reason, *retry_in))
        }
        Record::Degraded { reason, since: Some(since) } => ("degraded", Red, format!("since {since}: {reason}")),
        Record::Degraded { reason, since: None } => ("degraded", Red, reason.clone()),
        Record::Disconnected { member, reason } => {
            ("disconnected", Yellow, format!("{}: {reason}", member.member.name))
        }
        Record::DisconnectFailed { member, reason, retry_in } => {
            ("disconnect_failed", Red, failure(member.member.name, reason, *retry_in))
        }
        Record::Joined { member } => ("joined", Green, with_state(member)),
        Record::Left { member, reason } => ("left", Yellow, format!("{}: {reason}", member.member.name)),
        Record::ListFailed { reason, retry_in } => ("list_failed", Red, failure("the connector", reason, *retry_in)),
        Record::Live => ("live", Green, String::new()),
        Record::Skipped(skipped) => ("skipped", Cyan, format!("{}: {}", skipped.object, skipped.reason)),
        Record::Synced { members } => ("synced", Green, format!("{members} members")),
    }
}

fn with_state(JsonAdmitted { member, admitted }: &JsonAdmitted<'_>) -> String {
    let admission = if *admitted { "" } else { ", not admitted" };
    format!("{} ({}{admission})", member.name, member.state)
}

fn change(after: &JsonAdmitted<'_>, before: &Before) -> String {
    let admission = match (before.admitted, after.admitted) {
        (false, true) => ", now admitted",
        (true, false) => ", no longer admitted",
        _ => "",
    };
    let JsonAdmitted { member, .. } = after;
    match before.state == member.state {
        true => format!("{} ({}{admission})", member.name, member.state),
        false => format!("{} ({} to {}{admission})", member.name, before.state, member.state),
    }
}

fn failure(what: &str, reason: &str, retry_in: Option<f64>) -> String {
    let again = retry_in.map(|pause| format!(", again in {pause:.1} s")).unwrap_or_default();
    format!("{what}{again}: {reason}")
}
