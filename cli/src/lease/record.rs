//! What is told of a Lease. In JSON it is for programs, and stable. All lengths of time are seconds.

use jiff::{SignedDuration, Timestamp};
use quorate_core::election::ElectionConfig;
use quorate_core::election::observer::{Change, Event, ObserverConfig, Sighting, TakeOver, TokenBound};
use serde::Serialize;

use crate::json::{rfc_3339, seconds};

/// One line of `--watch`.
#[derive(Serialize)]
pub(super) struct Record<'a> {
    pub(super) event: &'static str,
    #[serde(flatten)]
    pub(super) body: Body<'a>,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum Body<'a> {
    Change {
        #[serde(skip)]
        change: Change,
        previous_holder: Option<&'a str>,
        #[serde(flatten)]
        lease: Box<JsonLease<'a>>,
    },
    Degraded {
        reason: String,
        since: Option<String>,
    },
    Nothing {},
}

impl<'a> Record<'a> {
    /// What is told of the event, if anything is; lengths of time in it count from `now`.
    pub(super) fn of(config: &'a ObserverConfig, event: &'a Event, now: Timestamp) -> Option<Self> {
        let nothing = |event| Self { event, body: Body::Nothing {} };
        Some(match event {
            Event::Changed { change, previous_holder, sighting } => {
                let lease = Box::new(JsonLease::of(config, sighting, now));
                let body = Body::Change { change: *change, previous_holder: previous_holder.as_deref(), lease };
                Self { event: change.as_str(), body }
            }
            Event::Degraded { age, error } => {
                let since = age.and_then(|age| now.checked_sub(SignedDuration::try_from(age).ok()?).ok());
                Self {
                    event: "degraded",
                    body: Body::Degraded { reason: error.to_string(), since: since.map(rfc_3339) },
                }
            }
            Event::Deleted => nothing("deleted"),
            Event::Live => nothing("live"),
            Event::Missing => nothing("missing"),
            _ => return None,
        })
    }

    /// The record as one line.
    pub(super) fn to_json(&self, now: Timestamp) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Timed<'r, 'a> {
            time: String,
            #[serde(flatten)]
            record: &'r Record<'a>,
        }

        serde_json::to_string(&Timed { time: rfc_3339(now), record: self })
    }
}

/// A Lease, and what is known of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JsonLease<'a> {
    namespace: &'a str,
    name: &'a str,
    pub(super) holder: Option<&'a str>,
    pub(super) fencing_token: Option<JsonToken<'a>>,
    pub(super) transitions: u32,
    pub(super) lease_duration_seconds: Option<u64>,
    acquire_time: Option<&'a str>,
    renew_time: Option<&'a str>,
    pub(super) renew_time_age: Option<f64>,
    strategy: Option<&'a str>,
    preferred_holder: Option<&'a str>,
    uid: &'a str,
    resource_version: &'a str,
    pub(super) unchanged_for: Option<f64>,
    pub(super) take_over: Option<JsonTakeOver>,
}

#[derive(Serialize)]
pub(super) struct JsonToken<'a> {
    pub(super) value: &'a str,
    pub(super) bound: &'static str,
}

#[derive(Serialize)]
pub(super) struct JsonTakeOver {
    pub(super) after: f64,
    #[serde(skip)]
    pub(super) left: f64,
    /// Absent beyond the year 9999.
    pub(super) at: Option<String>,
    pub(super) bound: &'static str,
}

impl<'a> JsonLease<'a> {
    pub(super) fn of(config: &'a ObserverConfig, sighting: &'a Sighting, now: Timestamp) -> Self {
        let (options, record) = (config.options(), &sighting.record);
        Self {
            namespace: options.namespace.as_str(),
            name: options.name.as_str(),
            holder: record.holder.as_deref(),
            fencing_token: sighting.token.as_ref().and_then(JsonToken::of),
            transitions: record.transitions,
            lease_duration_seconds: record.duration_seconds,
            acquire_time: record.acquire_time.as_deref(),
            renew_time: record.renew_time.as_deref(),
            renew_time_age: record.renew_time.as_deref().and_then(|time| age(time, now)),
            strategy: record.strategy.as_deref(),
            preferred_holder: record.preferred_holder.as_deref(),
            uid: &record.uid,
            resource_version: record.resource_version.as_str(),
            unchanged_for: sighting.unchanged_for.map(seconds),
            take_over: sighting.take_over.map(|take_over| JsonTakeOver::of(take_over, now)),
        }
    }
}

/// By two wall clocks: for people, and for nothing else. Negative if the other one is ahead.
fn age(time: &str, now: Timestamp) -> Option<f64> {
    let age = now.duration_since(time.parse().ok()?);
    Some((age.as_secs_f64() * 1000.0).round() / 1000.0)
}

impl<'a> JsonToken<'a> {
    fn of(token: &'a TokenBound) -> Option<Self> {
        match token {
            TokenBound::AtMost(token) => Some(Self { value: token.as_str(), bound: "at-most" }),
            TokenBound::Exactly(token) => Some(Self { value: token.as_str(), bound: "exact" }),
            _ => None,
        }
    }
}

impl JsonTakeOver {
    fn of(TakeOver { after, left, bound, .. }: TakeOver, now: Timestamp) -> Self {
        let at = SignedDuration::try_from(left).ok().and_then(|left| now.checked_add(left).ok());
        Self { after: seconds(after), left: seconds(left), at: at.map(rfc_3339), bound: bound.as_str() }
    }
}

/// What one look prints.
#[derive(Serialize)]
pub(super) struct JsonLook<'a> {
    #[serde(flatten)]
    lease: JsonLease<'a>,
    timing: Option<JsonTiming>,
}

impl<'a> JsonLook<'a> {
    pub(super) fn of(config: &'a ObserverConfig, sighting: &'a Sighting, now: Timestamp) -> Self {
        Self {
            lease: JsonLease::of(config, sighting, now),
            timing: usual_candidate(config, sighting).as_ref().map(JsonTiming::of),
        }
    }
}

/// What the duration of a held record means. A free one's is no candidate's.
pub(super) fn usual_candidate(config: &ObserverConfig, sighting: &Sighting) -> Option<ElectionConfig> {
    let record = &sighting.record;
    record.holder.as_ref().and_then(|_| config.usual_candidate(record.duration()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonTiming {
    lease_duration: f64,
    renew_deadline: f64,
    retry_period: f64,
    tolerated_silence: f64,
    tolerated_refusal: f64,
    worst_failover: f64,
    worst_handover: f64,
    grace: f64,
    guard_clock_ratio: f64,
    work_clock_ratio: f64,
}

impl JsonTiming {
    fn of(config: &ElectionConfig) -> Self {
        let options = config.options();
        Self {
            lease_duration: seconds(options.lease_duration),
            renew_deadline: seconds(options.renew_deadline),
            retry_period: seconds(options.retry_period),
            tolerated_silence: seconds(config.tolerated_silence()),
            tolerated_refusal: seconds(config.tolerated_refusal()),
            worst_failover: seconds(config.worst_failover()),
            worst_handover: seconds(config.worst_handover()),
            grace: seconds(config.grace()),
            guard_clock_ratio: f64::from(config.guard_ratio_permille()) / 1000.0,
            work_clock_ratio: f64::from(config.work_ratio_permille()) / 1000.0,
        }
    }
}
