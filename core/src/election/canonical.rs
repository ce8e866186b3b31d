//! For model checkers: what of a candidate may be named otherwise without its behaving otherwise.
//!
//! A candidate's life has no end, and so neither have the instants, versions, times of renewal and request ids that it has
//! seen. All but finitely many of its states become one when what only compares is named anew: instants by their distance
//! from the present, versions and times by their rank. Not part of what semantic versioning covers.

use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use core::time::Duration;

use serde_json::{Map, Value};

use super::Election;
use super::answer::{Call, InFlight, QUICK_CONFLICTS};
use super::observation::{Observation, Sight};
use super::stage::Stage;
use super::term::{FencingToken, Term};
use super::watch::Watch;
use super::write::{RenewTimes, Write};
use crate::api::ResourceVersion;
use crate::machine::{RequestId, RequestIds};
use crate::time::{Instant, Timestamp};

/// Names anew what a candidate has seen, or what a server has stored.
pub trait Names {
    /// An instant. It makes no difference how far it lies in the past, once it lies there by the horizon.
    fn instant(&mut self, instant: &mut Instant, horizon: Duration);

    /// A version; only which of two is newer counts.
    fn version(&mut self, version: &mut u64);

    /// The uid of an object; only whether two are the same counts.
    fn uid(&mut self, uid: &mut Arc<str>);

    /// The `renewTime` of a write. Only whether two are the same counts, and that our next is later than our last.
    fn renew_time(&mut self, time: &mut Timestamp);
}

/// Counts of transitions from here on are somebody's mischief, and kept.
const MISCHIEF: u64 = 1_000_000;

/// All other counts: the next one, and none at all, are seen beside it.
const TRANSITIONS: u32 = 7;

/// Names anew the parts of a Lease as it is sent and stored.
///
/// `leaseTransitions` and `acquireTime` decide nothing and only tell apart what the `renewTime` already does: they become
/// the same in all Leases, unless they are absurd.
pub fn rename_lease(object: &mut Map<String, Value>, names: &mut impl Names) {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        if let Some(Value::String(text)) = metadata.get_mut("resourceVersion") {
            rename_text(text, names);
        }
        if let Some(Value::String(text)) = metadata.get_mut("uid") {
            let mut uid = Arc::from(text.as_str());
            names.uid(&mut uid);
            if *uid != **text {
                *text = String::from(&*uid);
            }
        }
    }
    let Some(Value::Object(spec)) = object.get_mut("spec") else { return };
    if let Some(Value::String(text)) = spec.get_mut("renewTime") {
        rename_time(text, names);
    }
    if let Some(time) = spec.get_mut("acquireTime").filter(|time| !time.is_null()) {
        *time = Timestamp::default().to_string().into();
    }
    if let Some(count) = spec.get_mut("leaseTransitions")
        && count.as_u64().is_some_and(|count| count < MISCHIEF)
    {
        *count = TRANSITIONS.into();
    }
}

/// Whether naming it anew would change nothing.
pub(crate) fn keeps_names(object: &Map<String, Value>, names: &mut impl Names) -> bool {
    let text = |part: &str, field: &str| object.get(part).and_then(|part| part.get(field)).and_then(Value::as_str);
    let version = text("metadata", "resourceVersion").and_then(|version| version.parse::<u64>().ok());
    let keeps_version = version.is_none_or(|old| {
        let mut new = old;
        names.version(&mut new);
        new == old
    });
    let keeps_uid = text("metadata", "uid").is_none_or(|old| {
        let mut new = Arc::from(old);
        names.uid(&mut new);
        *new == *old
    });
    let keeps_time = text("spec", "renewTime").and_then(parse_time).is_none_or(|old| {
        let mut new = old;
        names.renew_time(&mut new);
        new == old
    });
    let count = object.get("spec").and_then(|spec| spec.get("leaseTransitions")).and_then(Value::as_u64);
    let is_counted = count.is_some_and(|count| count != u64::from(TRANSITIONS) && count < MISCHIEF);
    let is_dated = text("spec", "acquireTime").is_some_and(|time| !time.starts_with(FIRST_DAY));
    keeps_version && keeps_uid && keeps_time && !is_counted && !is_dated
}

/// What the time that stands for all begins with.
const FIRST_DAY: &str = "1970-01-01T00:00:00.000000";

fn rename_text(text: &mut String, names: &mut impl Names) {
    let Ok(old) = text.parse() else { return };
    let mut new = old;
    names.version(&mut new);
    if new != old {
        *text = new.to_string();
    }
}

fn rename_time(text: &mut String, names: &mut impl Names) {
    let Some(old) = parse_time(text) else { return };
    let mut new = old;
    names.renew_time(&mut new);
    if new != old {
        *text = new.to_string();
    }
}

fn parse_time(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_unix_micros(time.as_microsecond()))
}

fn rename_version(version: &mut ResourceVersion, names: &mut impl Names) {
    let Ok(old) = version.as_str().parse() else { return };
    let mut new: u64 = old;
    names.version(&mut new);
    if new != old {
        *version = ResourceVersion::new(&new.to_string());
    }
}

impl FencingToken {
    /// Names anew the version that it is.
    pub fn rename(&mut self, names: &mut impl Names) {
        rename_version(self.version_mut(), names);
    }
}

impl Election {
    /// The exchange whose answer is awaited, but for the watch.
    #[must_use]
    pub fn awaited(&self) -> Option<RequestId> {
        self.in_flight.as_ref().map(|in_flight| in_flight.id)
    }

    /// The watch, if it is open or being opened.
    #[must_use]
    pub const fn watching(&self) -> Option<RequestId> {
        match &self.watch {
            Watch::Open { id, .. } => Some(*id),
            Watch::Closed { .. } => None,
        }
    }

    /// Names anew all that this candidate has seen. Its requests in flight become the first two, the watch before the other.
    pub fn rename(&mut self, names: &mut impl Names) {
        // What a write was sent for may last for the one or the other.
        let longest = self.config.options().lease_duration.max(self.config.options().renew_deadline);
        let attempt_timeout = self.config.attempt_timeout();
        match &mut self.stage {
            Stage::Leading(term) => term.rename(names, longest),
            Stage::Stopping(stopping) => stopping.term.rename(names, longest),
            Stage::Releasing(releasing) => names.instant(&mut releasing.until, Duration::ZERO),
            Stage::Ended | Stage::Idle | Stage::Standing | Stage::Withdrawn => {}
        }
        let is_held =
            self.observation.lease().is_some_and(|lease| lease.holder().is_some() && !self.config.is_ours(lease));
        self.observation.rename(names, is_held);
        names.instant(&mut self.pace.not_before, Duration::ZERO);
        self.pace.conflicts = self.pace.conflicts.min(QUICK_CONFLICTS.saturating_add(1));
        self.ids = RequestIds::default();
        match &mut self.watch {
            Watch::Closed { reopen_at } => names.instant(reopen_at, Duration::ZERO),
            Watch::Open { id, .. } => *id = self.ids.next(),
        }
        self.watch_backoff.forget_chance();
        if let Some(InFlight { id, sent_at, asked_at, next_at, call, .. }) = &mut self.in_flight {
            *id = self.ids.next();
            names.instant(sent_at, attempt_timeout);
            rename_version(asked_at, names);
            names.instant(next_at, Duration::ZERO);
            if let Call::Write { write, .. } = call {
                write.rename(names, longest);
            }
        }
        for write in self.unanswered.iter_mut() {
            write.rename(names, longest);
        }
        self.renew_times.rename(names);
        names.instant(&mut self.latest, Duration::ZERO);
    }
}

impl Term {
    fn rename(&mut self, names: &mut impl Names, horizon: Duration) {
        self.token.rename(names);
        names.instant(&mut self.sent_at, horizon);
        if u64::from(self.transitions) < MISCHIEF {
            self.transitions = TRANSITIONS;
        }
    }
}

impl Observation {
    fn rename(&mut self, names: &mut impl Names, is_held: bool) {
        rename_version(&mut self.newest, names);
        if let Some(uid) = &mut self.uid {
            names.uid(uid);
        }
        let patience = if is_held { self.patience } else { Duration::ZERO };
        names.instant(&mut self.changed_at, patience.saturating_add(self.lag));
        names.instant(&mut self.heard_at, self.patience.checked_div(4).unwrap_or_default());
        if let Some(until) = &mut self.barred_until {
            names.instant(until, Duration::ZERO);
        }
        if let Sight::Present(lease) = &mut self.sight {
            let (uid, version, object) = lease.parts_mut();
            names.uid(uid);
            rename_version(version, names);
            rename_lease(object, names);
        }
    }
}

impl Write {
    fn rename(&mut self, names: &mut impl Names, horizon: Duration) {
        names.renew_time(&mut self.renew_time);
        names.instant(&mut self.sent_at, horizon);
        rename_version(&mut self.base, names);
    }
}

impl RenewTimes {
    fn rename(&mut self, names: &mut impl Names) {
        if let Some((time, sent_at)) = &mut self.last {
            names.renew_time(time);
            names.instant(sent_at, Duration::ZERO);
        }
    }
}
