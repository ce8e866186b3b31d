//! What is told of a Lease, for people. It may change.

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use quorate_core::election::observer::{Change, ObserverConfig, Sighting};

use super::record::{Body, JsonLease, JsonTakeOver, Record, usual_candidate};

/// As wide as the longest event's name.
const EVENT_WIDTH: usize = "taken_over".len();

/// As wide as the longest label.
const LABEL_WIDTH: usize = "Preferred holder".len();

/// A page about one look, with colours.
pub(super) fn page(config: &ObserverConfig, sighting: &Sighting, now: Timestamp) -> String {
    let lease = JsonLease::of(config, sighting, now);
    let (options, record) = (config.options(), &sighting.record);
    let by = "by the clock of who wrote it";
    let rows = [
        ("Lease", Some(format!("{}/{}", options.namespace, options.name))),
        ("Holder", Some(holder(&lease).into())),
        ("Fencing token", Some(token_row(&lease))),
        ("Transitions", Some(lease.transitions.to_string())),
        ("Acquired", record.acquire_time.as_ref().map(|time| format!("{time}, {by}"))),
        ("Renewed", record.renew_time.as_ref().map(|time| format!("{time}, {by}{}", renewal_age(&lease)))),
        ("Lease duration", Some(duration(&lease))),
        ("Last change", Some("before this look, which cannot tell by how much; --watch tells".into())),
        ("Take-over", Some(take_over_row(lease.take_over.as_ref()))),
        (
            "Strategy",
            record
                .strategy
                .as_ref()
                .map(|strategy| format!("{strategy}: coordinated election's, so that no candidate of Quorate stands")),
        ),
        ("Preferred holder", record.preferred_holder.as_deref().map(String::from)),
        ("UID", Some(record.uid.to_string())),
        ("Version", Some(record.resource_version.to_string())),
    ];
    let bold = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
    let rows = rows
        .into_iter()
        .filter_map(|(label, text)| text.map(|text| format!("{bold}{label:LABEL_WIDTH$}{bold:#}  {text}\n")));
    rows.chain([timing(config, sighting)]).collect()
}

fn holder<'a>(lease: &JsonLease<'a>) -> &'a str {
    lease.holder.unwrap_or("nobody")
}

fn token_row(lease: &JsonLease<'_>) -> String {
    match (&lease.fencing_token, lease.holder) {
        (Some(_), _) => format!("{}: the term began in this version of the Lease or an earlier one", token(lease)),
        (None, Some(_)) => "unknown".into(),
        (None, None) => "none".into(),
    }
}

fn token(lease: &JsonLease<'_>) -> String {
    match &lease.fencing_token {
        Some(token) if token.bound == "exact" => token.value.into(),
        Some(token) => format!("at most {}", token.value),
        None => "unknown".into(),
    }
}

fn renewal_age(lease: &JsonLease<'_>) -> String {
    let age = lease.renew_time_age.map(|age| format!("; {age:.1} s ago by ours, which decides nothing"));
    age.unwrap_or_default()
}

fn duration(lease: &JsonLease<'_>) -> String {
    let counted = lease.take_over.as_ref().map(|take_over| take_over.after);
    match (lease.lease_duration_seconds, counted) {
        (Some(seconds), Some(counted)) if counted < seconds as f64 => {
            format!("{seconds} s, which counts as {counted:.0} s, the longest there is")
        }
        (Some(seconds), _) => format!("{seconds} s"),
        (None, Some(counted)) => format!("none, which counts as a candidate's own: {counted:.0} s by default"),
        (None, None) => "none".into(),
    }
}

fn take_over_row(take_over: Option<&JsonTakeOver>) -> String {
    let Some(JsonTakeOver { after, at, .. }) = take_over else { return "at once: nobody holds it".into() };
    let at = at.as_deref().unwrap_or("a time that no calendar has");
    format!(
        "after {after:.0} s without a change: by who looks from now on at {at}, by who has watched for longer before that"
    )
}

fn timing(config: &ObserverConfig, sighting: &Sighting) -> String {
    let Some(usual) = usual_candidate(config, sighting) else { return String::new() };
    let options = usual.options();
    let bought: String = usual.to_string().lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "\nA lease duration of {:.0} s with the proportions of Quorate's defaults: renew deadline {:.2} s, retry period {:.2} s.\n\
         Both are each candidate's own and in no record; a take-over takes no less than the lease duration.\n{bought}",
        options.lease_duration.as_secs_f64(),
        options.renew_deadline.as_secs_f64(),
        options.retry_period.as_secs_f64(),
    )
}

/// The line of an event, with colours.
pub(super) fn line(Record { event, body }: &Record<'_>, now: Timestamp) -> String {
    let (colour, rest) = words(event, body);
    let (dim, style) = (Style::new().dimmed(), Style::new().bold().fg_color(Some(colour.into())));
    match rest.is_empty() {
        true => format!("{dim}{now:.0}{dim:#} {style}{event}{style:#}"),
        false => format!("{dim}{now:.0}{dim:#} {style}{event:EVENT_WIDTH$}{style:#} {rest}"),
    }
}

/// Whether that is good, and the rest.
fn words(event: &str, body: &Body<'_>) -> (AnsiColor, String) {
    use AnsiColor::{Cyan, Green, Red, Yellow};

    match body {
        Body::Change { change, previous_holder, lease } => {
            let previous = previous_holder.unwrap_or("nobody");
            let (holder, after) = (holder(lease), unchanged_for(lease));
            match change {
                Change::TakenOver => (Yellow, format!("by {holder}, from {previous}{after}: {}", term(lease))),
                Change::Renewed => (Green, format!("by {holder}{after}")),
                Change::Released => (Yellow, format!("by {previous}{after}")),
                Change::Expired => (Red, format!("{holder} has not renewed{after}: it may be taken over")),
                Change::Replaced => (Red, format!("by another Lease of this name; {}", state(lease))),
                Change::Rewound => (Red, format!("to an older state, so etcd was restored; {}", state(lease))),
                _ => (Cyan, state(lease)),
            }
        }
        Body::Degraded { reason, since: Some(since) } => (Red, format!("since {since}: {reason}")),
        Body::Degraded { reason, since: None } => (Red, reason.clone()),
        Body::Nothing {} if event == "live" => (Green, String::new()),
        Body::Nothing {} => (Yellow, String::new()),
    }
}

fn unchanged_for(lease: &JsonLease<'_>) -> String {
    lease.unchanged_for.map(|length| format!(" after {length:.1} s")).unwrap_or_default()
}

fn state(lease: &JsonLease<'_>) -> String {
    match lease.holder {
        Some(holder) => format!("{holder} holds it: {}{}", term(lease), expiry(lease)),
        None => format!("nobody holds it: transitions {}", lease.transitions),
    }
}

fn term(lease: &JsonLease<'_>) -> String {
    let duration = duration(lease);
    format!("token {}, transitions {}, lease duration {duration}", token(lease), lease.transitions)
}

fn expiry(lease: &JsonLease<'_>) -> String {
    match &lease.take_over {
        Some(JsonTakeOver { left, bound: "earliest", .. }) => format!(", open in {left:.1} s"),
        Some(JsonTakeOver { left, .. }) => format!(", open within {left:.1} s"),
        None => String::new(),
    }
}
