//! What several commands print in JSON: stable.

use std::time::Duration;

use jiff::Timestamp;
use quorate_core::membership::{Member, Skipped};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct JsonMember<'a> {
    pub(crate) name: &'a str,
    address: String,
    hostname: Option<&'a str>,
    namespace: &'a str,
    uid: Option<String>,
    pod: Option<&'a str>,
    pub(crate) state: &'static str,
    source: String,
}

impl<'a> JsonMember<'a> {
    pub(crate) fn of(member: &'a Member) -> Self {
        Self {
            name: member.name.as_str(),
            address: member.address.to_string(),
            hostname: member.hostname.as_deref(),
            namespace: &member.namespace,
            uid: member.pod.as_ref().map(|pod| pod.uid.to_string()),
            pod: member.pod.as_ref().map(|pod| &*pod.name),
            state: member.state.as_str(),
            source: member.source.to_string(),
        }
    }
}

#[derive(Serialize)]
pub(crate) struct JsonSkipped {
    pub(crate) object: String,
    pub(crate) reason: String,
}

impl JsonSkipped {
    pub(crate) fn of(skipped: &Skipped) -> Self {
        Self { object: skipped.object.to_string(), reason: skipped.reason.to_string() }
    }
}

/// In UTC, with microseconds.
pub(crate) fn rfc_3339(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// Lengths are for people and for tests: no more than milliseconds.
pub(crate) fn seconds(length: Duration) -> f64 {
    (length.as_secs_f64() * 1000.0).round() / 1000.0
}
