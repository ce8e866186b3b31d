//! The lists: when one is asked for, and whether it is evidence.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::config::Follow;
use super::evidence::{Evidence, Journal, Step, Wire};
use super::standing::{News, Trouble};
use super::watching::Watch;
use super::{LONGEST_RETRY_AFTER, Reflector};
use crate::api::ResourceVersion;
use crate::machine::{Action, Cause, Input, RequestId};
use crate::membership::listing::{Event, Listing, ListingError, ListingFailure, Snapshot};
use crate::membership::object::{Object, ObjectKey};
use crate::time::Instant;

/// How far apart two lists must be that are older than the view, for the server's history to count as rewound.
const STALE_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_STALE_PAUSE: Duration = Duration::from_millis(7500);

/// When a list is wanted soon, but nothing is missed without it.
const SOON: Duration = Duration::from_secs(1);
const LATEST_SOON: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Lists {
    /// Before the start.
    Idle,
    Running(Box<Run>),
    Waiting {
        until: Instant,
        cause: Cause,
    },
}

impl Lists {
    pub(super) fn awaits(&self, id: RequestId) -> bool {
        matches!(self, Self::Running(run) if run.listing.awaits(id))
    }

    /// Notes what the watch told, if a list is being read.
    pub(super) fn note(&mut self, key: ObjectKey, version: ResourceVersion) {
        if let Self::Running(run) = self {
            run.journal.note(key, version);
        }
    }
}

/// One list, being read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Run {
    pub(super) listing: Listing,
    /// The position when it began.
    known: Option<ResourceVersion>,
    began: Instant,
    confirms: bool,
    journal: Journal,
}

/// A list that was older than the view.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct StaleList {
    version: ResourceVersion,
    /// The position then. If it moves on, then history goes on where it was, and was not rewound.
    known: ResourceVersion,
    at: Instant,
}

/// What a complete list is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worth {
    /// It is evidence.
    Current,
    /// The watch told of more than was kept, or of what does not compare.
    Overtaken,
    /// It is older than what was known when it began.
    Stale,
    /// It is evidence, but its version does not compare with the position.
    Unordered,
}

fn worth(known: Option<&ResourceVersion>, version: &ResourceVersion, journal: &Journal) -> Worth {
    if journal.is_full() {
        return Worth::Overtaken;
    }
    let Some(known) = known else { return Worth::Current };
    match version.compare(known) {
        Some(order) if order.is_lt() => Worth::Stale,
        Some(_) => Worth::Current,
        None if journal.is_empty() => Worth::Unordered,
        None => Worth::Overtaken,
    }
}

impl Reflector {
    pub(super) fn begin_list(&mut self, step: &mut Step<'_>) {
        let run = Run {
            listing: Listing::new(self.config.listing.with_seed(self.jitter.seed())),
            known: self.position.clone(),
            began: self.latest,
            confirms: mem::take(&mut self.confirm),
            journal: Journal::default(),
        };
        self.lists = Lists::Running(Box::new(run));
        self.feed_listing(Input::Start, step);
    }

    pub(super) fn feed_listing(&mut self, input: Input<'_>, step: &mut Step<'_>) {
        let Lists::Running(run) = &mut self.lists else { return };
        for action in run.listing.handle_within(step.ids, self.latest, input) {
            match action {
                Action::Send { id, request } => step.wire.push(Wire::Send(id, request)),
                Action::Cancel(id) => step.wire.push(Wire::Cancel(id)),
                Action::Emit(event) => self.take_event(event, step),
                Action::Order(never) => match never {},
            }
        }
    }

    fn take_event(&mut self, event: Event, step: &mut Step<'_>) {
        match event {
            Event::Listed(snapshot) => self.take_list(snapshot, step),
            Event::Restarted => step.news.push(News::ListRestarted),
            Event::Retrying { failure, .. } => self.note_attempt(failure),
            Event::Failed(error) => self.take_failure(error, step),
        }
    }

    /// A healthy watch keeps the view current: whether it can be compared makes no difference to it.
    const fn is_watched(&self) -> bool {
        matches!(self.watch, Watch::Open(_)) && self.watch_trouble.is_none()
    }

    fn note_attempt(&mut self, failure: ListingFailure) {
        let Lists::Running(run) = &self.lists else { return };
        let permission = self.config.listing_permission(run.listing.permission());
        let error = ListingError { permission, failure, previous: None, attempts: 0, elapsed: Duration::ZERO };
        if !self.is_watched() {
            self.note_list_trouble(Box::new(error));
        }
    }

    /// A stale list says more than one that failed later.
    fn note_list_trouble(&mut self, error: Box<ListingError>) {
        if !matches!(self.list_trouble, Some(Trouble::StaleList { .. })) {
            self.list_trouble = Some(Trouble::Unanswered(error));
        }
    }

    fn take_failure(&mut self, mut error: Box<ListingError>, step: &mut Step<'_>) {
        error.permission = self.config.listing_permission(error.permission);
        let after = match error.failure {
            ListingFailure::WaitTooLong { after, .. } => after.min(LONGEST_RETRY_AFTER),
            _ => Duration::ZERO,
        };
        self.asked_to_wait_until = self.latest.saturating_add(after);
        let wait = self.list_backoff.next().max(after);
        self.put_off(wait);
        if self.is_watched() {
            step.news.push(News::ComparisonFailed(error));
        } else {
            self.note_list_trouble(error);
        }
    }

    /// The list in progress, if any, has brought nothing: another follows. A confirmation is still owed.
    fn put_off(&mut self, wait: Duration) {
        if let Lists::Running(run) = &self.lists {
            self.confirm |= run.confirms;
        }
        self.lists = Lists::Waiting { until: self.latest.saturating_add(wait), cause: Cause::Retry };
    }

    fn take_list(&mut self, snapshot: Snapshot, step: &mut Step<'_>) {
        let Lists::Running(run) = &mut self.lists else { return };
        let pods_selector = run.listing.pods_selector().cloned();
        let has_watch = !matches!(self.watch, Watch::Closed);
        if has_watch && pods_selector != self.pods_selector {
            // The two select different pods, and cannot be folded into one view: the list comes first, then its watch.
            self.confirm |= run.confirms;
            step.news.push(News::SelectorChanged);
            self.close_watch(step);
            return self.begin_list(step);
        }
        self.pods_selector = pods_selector;
        // A reflector has one collection, so its list has one version.
        let Snapshot { objects, resource_version } = snapshot;
        let version = resource_version.unwrap_or_default();
        let journal = mem::take(&mut run.journal);
        let (began, confirms) = (run.began, run.confirms);
        match worth(run.known.as_ref(), &version, &journal) {
            Worth::Current => {
                let position = self.position.take().filter(|known| !version.compare(known).is_some_and(|o| o.is_gt()));
                self.position = position.or_else(|| Some(version.clone()));
                self.adopt(began, confirms, objects, &version, journal.newer_than(&version), step);
            }
            Worth::Unordered => {
                // What the watch would tell next may be older than the list: it begins again there.
                self.close_watch(step);
                self.position = Some(version.clone());
                self.adopt(began, confirms, objects, &version, BTreeSet::new(), step);
            }
            Worth::Overtaken => {
                step.news.push(News::ListOvertaken);
                let wait = self.jitter.between(STALE_PAUSE, LONGEST_STALE_PAUSE);
                self.put_off(wait);
            }
            Worth::Stale => self.take_stale_list(began, confirms, objects, version, step),
        }
    }

    /// M1: a list that is older than the view says nothing of it, until history is found to be rewound.
    fn take_stale_list(
        &mut self,
        began: Instant,
        confirms: bool,
        objects: Vec<Object>,
        version: ResourceVersion,
        step: &mut Step<'_>,
    ) {
        let known = self.position.clone().unwrap_or_default();
        let first = self.stale.take().filter(|first| {
            first.known == known && version.compare(&first.version).is_some_and(core::cmp::Ordering::is_ge)
        });
        if first.as_ref().is_some_and(|first| began >= first.at.saturating_add(STALE_PAUSE)) {
            step.news.push(News::Rewound { from: known, to: version.clone() });
            self.close_watch(step);
            self.position = Some(version.clone());
            return self.adopt(began, confirms, objects, &version, BTreeSet::new(), step);
        }
        self.list_trouble = Some(Trouble::StaleList { listed: version.clone(), known: known.clone() });
        self.stale = Some(first.unwrap_or(StaleList { version, known, at: self.latest }));
        let wait = self.jitter.between(STALE_PAUSE, LONGEST_STALE_PAUSE);
        self.put_off(wait);
    }

    /// Takes a list as the state of things.
    fn adopt(
        &mut self,
        began: Instant,
        confirms: bool,
        objects: Vec<Object>,
        version: &ResourceVersion,
        newer: BTreeSet<ObjectKey>,
        step: &mut Step<'_>,
    ) {
        step.news.push(News::Listed { objects: objects.len(), version: version.clone() });
        step.evidence.push(Evidence::Listed { objects, newer, confirms });
        self.current_at = self.current_at.max(began);
        self.stale = None;
        self.list_trouble = None;
        let needs_lists = self.needs_lists();
        if !needs_lists {
            self.list_backoff.reset();
        }
        let (wait, cause) = match self.config.mode {
            Follow::Poll { interval } => (self.about(interval), Cause::Poll),
            // Lists stand in for a watch that does not work: the view is fresh, though not followed.
            Follow::Watch { compare_every, .. } if needs_lists => {
                (self.list_backoff.next().min(compare_every), Cause::Comparison)
            }
            Follow::Watch { compare_every, .. } => (self.about(compare_every), Cause::Comparison),
        };
        self.lists = Lists::Waiting { until: self.latest.saturating_add(wait), cause };
        if let Watch::Closed = self.watch {
            self.watch_trouble = None;
            if let Follow::Watch { .. } = self.config.mode {
                self.open_watch(false, step);
            }
        }
        if self.confirm {
            self.begin_list(step);
        }
    }

    /// To a tenth more or less, so that replicas which were started together do not ask together for ever.
    fn about(&mut self, time: Duration) -> Duration {
        let tenth = time.checked_div(10).unwrap_or_default();
        self.jitter.between(time.saturating_sub(tenth), time.saturating_add(tenth))
    }

    /// Brings the next comparison forward.
    pub(super) fn compare_soon(&mut self) {
        let soon = self.jitter.between(SOON, LATEST_SOON);
        self.compare_within(soon);
    }

    /// Lets no more than this pass before the next comparison. A wait after a failure is kept.
    pub(super) fn compare_within(&mut self, wait: Duration) {
        let latest = self.latest.saturating_add(wait);
        if let Lists::Waiting { until, cause: Cause::Comparison } = &mut self.lists {
            *until = latest.min(*until);
        }
    }

    /// The server has answered the watch: a list that waits because others failed need wait no more, unless it was asked to.
    pub(super) fn server_is_there(&mut self) {
        if let Lists::Waiting { until, cause: Cause::Retry } = &mut self.lists {
            *until = self.latest.max(self.asked_to_wait_until).min(*until);
            self.list_backoff.reset();
        }
    }

    /// The watch needs a list to go on from: one that is being read will do.
    pub(super) fn relist_after(&mut self, wait: Duration) {
        let wanted = self.latest.saturating_add(wait);
        self.lists = match mem::replace(&mut self.lists, Lists::Idle) {
            Lists::Waiting { until, cause: Cause::Retry } => {
                Lists::Waiting { until: until.max(wanted), cause: Cause::Retry }
            }
            Lists::Running(run) => Lists::Running(run),
            Lists::Idle | Lists::Waiting { .. } => Lists::Waiting { until: wanted, cause: Cause::Retry },
        };
    }
}
