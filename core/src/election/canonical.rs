//! For model checkers: what of a candidate may be named otherwise without its behaving otherwise.
//!
//! A candidate's life has no end, and so neither have the instants, versions, times of renewal and request ids that it has
//! seen. All but finitely many of its states become one when what only compares is named anew: instants by their distance
//! from the present, versions and times by their rank. Not part of what semantic versioning covers.

use alloc::string::ToString as _;
use core::time::Duration;

use super::Election;
use super::answer::{Call, InFlight, QUICK_CONFLICTS};
use super::observation::{Observation, Sight};
use super::stage::Stage;
use super::term::Term;
use super::watch::Watch;
use super::write::{RenewTimes, Write};
use crate::api::ResourceVersion;
use crate::machine::{RequestId, RequestIds};
use crate::time::{Instant, Timestamp};

/// Names anew what a candidate has seen.
pub trait Names {
    /// An instant. It makes no difference how far it lies in the past, once it lies there by the horizon.
    fn instant(&mut self, instant: &mut Instant, horizon: Duration);

    /// A version; only which of two is newer counts.
    fn version(&mut self, version: &mut ResourceVersion);

    /// The `renewTime` of a write. Only whether two are the same counts, and that our next is later than our last.
    fn renew_time(&mut self, time: &mut Timestamp);
}

impl Election {
    /// The exchange whose answer is awaited, but for the watch.
    #[must_use]
    pub fn awaited(&self) -> Option<RequestId> {
        self.in_flight.as_ref().map(|in_flight| in_flight.id)
    }

    /// Names anew all that this candidate has seen. Its requests in flight become the first two, the watch before the other.
    pub fn rename(&mut self, names: &mut impl Names) {
        let lease_duration = self.config.options().lease_duration;
        let attempt_timeout = self.config.attempt_timeout();
        match &mut self.stage {
            Stage::Leading(term) => term.rename(names, lease_duration),
            Stage::Stopping(stopping) => stopping.term.rename(names, lease_duration),
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
        if let Some(InFlight { id, sent_at, asked_at, next_at, call, .. }) = &mut self.in_flight {
            *id = self.ids.next();
            names.instant(sent_at, attempt_timeout);
            names.version(asked_at);
            names.instant(next_at, Duration::ZERO);
            if let Call::Write { write, .. } = call {
                write.rename(names, lease_duration);
            }
        }
        for write in self.unanswered.iter_mut() {
            write.rename(names, lease_duration);
        }
        self.renew_times.rename(names);
        names.instant(&mut self.latest, Duration::ZERO);
    }
}

impl Term {
    fn rename(&mut self, names: &mut impl Names, horizon: Duration) {
        names.version(self.token.version_mut());
        names.instant(&mut self.sent_at, horizon);
    }
}

impl Observation {
    fn rename(&mut self, names: &mut impl Names, is_held: bool) {
        names.version(&mut self.newest);
        let patience = if is_held { self.patience } else { Duration::ZERO };
        names.instant(&mut self.changed_at, patience.saturating_add(self.lag));
        names.instant(&mut self.heard_at, self.patience.checked_div(4).unwrap_or_default());
        if let Some(until) = &mut self.barred_until {
            names.instant(until, Duration::ZERO);
        }
        if let Sight::Present(lease) = &mut self.sight {
            lease.rename_version(|version| names.version(version));
            lease.rename_renewal(|text| {
                if let Ok(time) = text.parse::<jiff::Timestamp>() {
                    let mut time = Timestamp::from_unix_micros(time.as_microsecond());
                    names.renew_time(&mut time);
                    *text = time.to_string();
                }
            });
        }
    }
}

impl Write {
    fn rename(&mut self, names: &mut impl Names, horizon: Duration) {
        names.renew_time(&mut self.renew_time);
        names.instant(&mut self.sent_at, horizon);
        names.version(&mut self.base);
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
