//! What we observed of the Lease, and since when.

use alloc::sync::Arc;
use core::cmp::Ordering;
use core::time::Duration;

use super::config::{Create, ElectionConfig, LONGEST_LEASE};
use crate::api::ResourceVersion;
use crate::api::lease::Lease;
use crate::time::Instant;

/// Who observes: a candidate, or somebody who only looks.
pub(super) trait Eyes {
    /// Whether a record is in our name.
    fn is_ours(&self, lease: &Lease) -> bool;

    /// Whether a Lease that we created ourselves is left alone at first.
    fn distrusts_creation(&self) -> bool;

    /// How long a held record is left alone; `None` where none was seen yet.
    fn patience(&self, record: Option<&Lease>) -> Duration;
}

impl Eyes for ElectionConfig {
    fn is_ours(&self, lease: &Lease) -> bool {
        self.is_ours(lease)
    }

    fn distrusts_creation(&self) -> bool {
        self.options().create == Create::Safe
    }

    /// Our lease duration, or the record's own, up to the cap.
    fn patience(&self, record: Option<&Lease>) -> Duration {
        let recorded = record.and_then(Lease::duration_seconds).map_or(Duration::ZERO, Duration::from_secs);
        recorded.min(LONGEST_LEASE).max(self.options().lease_duration)
    }
}

/// The newest that we know of the Lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Observation {
    pub(super) sight: Sight,
    /// The uid of the last Lease that was seen, also once it is gone.
    pub(super) uid: Option<Arc<str>>,
    /// The newest version that was seen; empty before any.
    pub(super) newest: ResourceVersion,
    /// When we received the last change of content.
    pub(super) changed_at: Instant,
    /// When we last received anything of the Lease.
    pub(super) heard_at: Instant,
    /// No winning write is sent before this: we created this Lease, or its history broke.
    pub(super) barred_until: Option<Instant>,
    /// How long the last record that was held had to be left alone.
    pub(super) patience: Duration,
    /// Our own part in spreading a crowd of standbys.
    pub(super) lag: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sight {
    Unread,
    Missing,
    Present(Lease),
}

/// What an observation brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum News {
    /// Older than what is known: it changes nothing.
    Outdated,
    /// What was known already, or an edit of what is no content.
    Nothing,
    /// Other content.
    Changed,
    /// The Lease is another one than before, or an older state of it.
    HistoryBreak,
}

impl Observation {
    pub(super) fn new(eyes: &impl Eyes) -> Self {
        Self {
            sight: Sight::Unread,
            uid: None,
            newest: ResourceVersion::default(),
            changed_at: Instant::ORIGIN,
            heard_at: Instant::ORIGIN,
            barred_until: None,
            patience: eyes.patience(None),
            lag: Duration::ZERO,
        }
    }

    pub(super) const fn lease(&self) -> Option<&Lease> {
        match &self.sight {
            Sight::Present(lease) => Some(lease),
            Sight::Missing | Sight::Unread => None,
        }
    }

    pub(super) const fn newest(&self) -> &ResourceVersion {
        &self.newest
    }

    /// Takes what a read or a write answered; `asked_at` is the newest version that was known when it was sent.
    pub(super) fn take_answer(
        &mut self,
        lease: Lease,
        asked_at: &ResourceVersion,
        now: Instant,
        lag: Duration,
        eyes: &impl Eyes,
    ) -> News {
        let is_older_than = |known: &ResourceVersion| lease.version().newness() < known.newness();
        if is_older_than(asked_at) {
            return self.accept(lease, true, now, lag, eyes);
        }
        // The watch was faster than this answer.
        if is_older_than(&self.newest) {
            self.heard_at = now;
            return News::Outdated;
        }
        self.accept(lease, false, now, lag, eyes)
    }

    /// Takes what the watch says. Alternating stale answers must not restart the wait for ever, so only what is newer counts.
    pub(super) fn take_event(&mut self, lease: Lease, now: Instant, lag: Duration, eyes: &impl Eyes) -> News {
        if lease.version().newness().cmp(&self.newest.newness()) != Ordering::Greater {
            return News::Outdated;
        }
        self.accept(lease, false, now, lag, eyes)
    }

    /// Takes a deletion from the watch.
    pub(super) fn take_deletion(&mut self, version: &ResourceVersion, now: Instant) -> News {
        if version.newness() <= self.newest.newness() {
            return News::Outdated;
        }
        self.newest = version.clone();
        self.lose_sight(now)
    }

    /// Takes the answer that there is no such Lease.
    pub(super) fn take_absence(&mut self, asked_at: &ResourceVersion, now: Instant) -> News {
        if self.newest != *asked_at {
            return News::Outdated;
        }
        self.lose_sight(now)
    }

    fn lose_sight(&mut self, now: Instant) -> News {
        self.heard_at = now;
        let news = if self.sight == Sight::Missing { News::Nothing } else { News::Changed };
        self.sight = Sight::Missing;
        news
    }

    fn accept(&mut self, lease: Lease, rewound: bool, now: Instant, lag: Duration, eyes: &impl Eyes) -> News {
        let is_first = self.uid.is_none();
        let is_new_uid = self.uid.as_ref() != Some(lease.uid());
        // No other process writes our identity: what is in our name from the first was created by us.
        let is_created_by_us = is_new_uid && eyes.is_ours(&lease);
        let is_break = rewound || (is_new_uid && !is_first && !is_created_by_us);
        let is_same = self.lease().is_some_and(|known| known.has_content_of(&lease));
        if is_new_uid {
            self.barred_until = None;
        }
        if is_break || (is_created_by_us && eyes.distrusts_creation()) {
            // Somebody else may hold what we cannot see: as long as the last holder may lead, nobody takes over.
            self.barred_until = Some(now.saturating_add(self.patience.max(eyes.patience(None))));
        }
        if is_break || !is_same {
            self.changed_at = now;
            // Who is alone from the first needs no spreading.
            self.lag = if is_first { Duration::ZERO } else { lag };
        }
        if lease.holder().is_some() {
            self.patience = eyes.patience(Some(&lease));
        }
        self.heard_at = now;
        self.uid = Some(Arc::clone(lease.uid()));
        self.newest = lease.version().clone();
        self.sight = Sight::Present(lease);
        match (is_break, is_same) {
            (true, _) => News::HistoryBreak,
            (false, true) => News::Nothing,
            (false, false) => News::Changed,
        }
    }

    /// From when on a winning write may be sent, if the bar were all there is.
    pub(super) const fn barred_until(&self) -> Option<Instant> {
        self.barred_until
    }

    pub(super) fn is_barred(&self, now: Instant) -> bool {
        self.barred_until.is_some_and(|until| now < until)
    }

    /// From when on a record that is not ours may be taken over (E3).
    pub(super) fn open_at(&self, lease: &Lease) -> Instant {
        let wait = if lease.holder().is_some() { self.patience } else { Duration::ZERO };
        let open_at = self.changed_at.saturating_add(wait);
        open_at.max(self.barred_until.unwrap_or(Instant::ORIGIN)).saturating_add(self.lag)
    }

    /// When to read the Lease although nothing was heard of it: a watch can be silent.
    pub(super) fn safety_read_at(&self) -> Instant {
        self.heard_at.saturating_add(self.patience.checked_div(4).unwrap_or_default())
    }
}
