//! What is told of an event. In JSON it is for programs, and stable.

use std::time::SystemTime;

use jiff::Timestamp;
use quorate_core::membership::{Change, Event, LinkEvent, Member, Standing};
use quorate_core::time::Instant;
use serde::Serialize;

use crate::json::{JsonMember, JsonSkipped, rfc_3339, seconds};

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(super) enum Record<'a> {
    Changed {
        #[serde(flatten)]
        member: JsonAdmitted<'a>,
        before: Before,
    },
    Confirming {
        removals: usize,
        members: usize,
    },
    Connected {
        #[serde(flatten)]
        member: JsonAdmitted<'a>,
        /// It was connected already.
        found: bool,
    },
    ConnectFailed {
        #[serde(flatten)]
        member: JsonAdmitted<'a>,
        reason: String,
        retry_in: Option<f64>,
    },
    Degraded {
        reason: String,
        since: Option<String>,
    },
    Disconnected {
        #[serde(flatten)]
        member: JsonAdmitted<'a>,
        reason: String,
    },
    DisconnectFailed {
        #[serde(flatten)]
        member: JsonAdmitted<'a>,
        reason: String,
        retry_in: Option<f64>,
    },
    Joined {
        #[serde(flatten)]
        member: JsonAdmitted<'a>,
    },
    Left {
        #[serde(flatten)]
        member: JsonAdmitted<'a>,
        reason: String,
    },
    ListFailed {
        reason: String,
        retry_in: Option<f64>,
    },
    Live,
    Skipped(JsonSkipped),
    Synced {
        members: usize,
    },
}

#[derive(Serialize)]
pub(super) struct JsonAdmitted<'a> {
    #[serde(flatten)]
    pub(super) member: JsonMember<'a>,
    pub(super) admitted: bool,
}

/// What of a member may change.
#[derive(Serialize)]
pub(super) struct Before {
    pub(super) state: &'static str,
    pub(super) admitted: bool,
}

impl<'a> Record<'a> {
    /// What is told of the event, if anything is; `wall` tells the time of the membership's instants.
    pub(super) fn of(event: &'a Event, wall: impl Fn(Instant) -> SystemTime) -> Option<Self> {
        Some(match event {
            Event::Change(change) => Self::of_change(change),
            Event::Confirming { removals, members } => Self::Confirming { removals: *removals, members: *members },
            Event::Link(event) => return Self::of_link(event),
            Event::Skipped(skipped) => Self::Skipped(JsonSkipped::of(skipped)),
            Event::Standing(standing) => return Self::of_standing(standing, wall),
            Event::Synced { members } => Self::Synced { members: *members },
            _ => return None,
        })
    }

    fn of_change(change: &'a Change) -> Self {
        match change {
            Change::Joined(member) => Self::Joined { member: JsonAdmitted::of(member) },
            Change::Changed { before, after } => Self::Changed {
                member: JsonAdmitted::of(after),
                before: Before { state: before.state.as_str(), admitted: before.admitted },
            },
            Change::Left { member, why } => Self::Left { member: JsonAdmitted::of(member), reason: why.to_string() },
        }
    }

    fn of_link(event: &'a LinkEvent) -> Option<Self> {
        Some(match event {
            LinkEvent::Connected { peer } => Self::Connected { member: JsonAdmitted::of(peer), found: false },
            LinkEvent::Found { peer } => Self::Connected { member: JsonAdmitted::of(peer), found: true },
            LinkEvent::ConnectFailed { peer, failure, retry_in } => Self::ConnectFailed {
                member: JsonAdmitted::of(peer),
                reason: failure.to_string(),
                retry_in: retry_in.map(seconds),
            },
            LinkEvent::Disconnected { peer, why } => {
                Self::Disconnected { member: JsonAdmitted::of(peer), reason: why.to_string() }
            }
            LinkEvent::DisconnectFailed { peer, failure, retry_in } => Self::DisconnectFailed {
                member: JsonAdmitted::of(peer),
                reason: failure.to_string(),
                retry_in: retry_in.map(seconds),
            },
            LinkEvent::Dropped { peer } => {
                Self::Disconnected { member: JsonAdmitted::of(peer), reason: "dropped".into() }
            }
            LinkEvent::ListFailed { failure, retry_in } => {
                Self::ListFailed { reason: failure.to_string(), retry_in: Some(seconds(*retry_in)) }
            }
            _ => return None,
        })
    }

    fn of_standing(standing: &Standing, wall: impl Fn(Instant) -> SystemTime) -> Option<Self> {
        match standing {
            Standing::Syncing { trouble } => {
                trouble.as_ref().map(|trouble| Self::Degraded { reason: trouble.to_string(), since: None })
            }
            Standing::Live => Some(Self::Live),
            Standing::Degraded { since, trouble } => {
                // A wall clock beyond the year 9999 has no time that could be told.
                let since = Timestamp::try_from(wall(*since)).ok().map(rfc_3339);
                Some(Self::Degraded { reason: trouble.to_string(), since })
            }
            _ => None,
        }
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

impl<'a> JsonAdmitted<'a> {
    fn of(member: &'a Member) -> Self {
        Self { member: JsonMember::of(member), admitted: member.admitted }
    }
}
