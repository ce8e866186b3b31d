//! The reflector (client-go's word): follows one collection, by list and watch or by polling, and turns what the server says
//! into evidence.
//!
//! ```text
//!   lists   Idle ──▶ Running ──▶ Waiting (comparison, poll, or retry) ──▶ Running …
//!   watch   Closed ──▶ Open ──▶ Open (clean end) │ Pausing ──▶ Open (resume) │ Closed (410, undecodable: list first)
//! ```
//!
//! - Lists and the watch run side by side. The *position* is the version up to which the view is known; a list is evidence
//!   only if it is no older than the position was when it began, and a watch event only if it is newer than the position.
//! - What the watch tells while a list is read is kept in a journal, so that the older of the two does not overwrite the newer.
//! - Nothing that fails is evidence (M1): it changes the [`Standing`], and what to ask for next.

mod config;
mod evidence;
mod lists;
mod standing;
mod watching;

use alloc::format;
use alloc::string::String;
use core::time::Duration;

pub use config::Follow;
pub(crate) use config::ReflectorConfig;
pub(crate) use evidence::{Evidence, Step, Wire};
use lists::{Lists, StaleList};
pub use standing::{News, Standing, Trouble};
use watching::Watch;

use crate::api::{AnswerPart, LabelSelector, ResourceVersion};
use crate::backoff::{Backoff, Jitter};
use crate::machine::{Cause, Deadline, Input, Machine as _, RequestId};
use crate::time::{Instant, Now};

/// The waits after a list that failed: those of
/// [client-go's reflector](https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go).
const FIRST_LIST_WAIT: Duration = Duration::from_millis(800);
const LONGEST_LIST_WAIT: Duration = Duration::from_secs(30);

/// The waits after a watch that failed: a connection that was cut is back at once as a rule.
const FIRST_WATCH_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WATCH_WAIT: Duration = Duration::from_secs(30);

/// The waits before a list after a 410: the server has answered, so what failed before is over.
const FIRST_RELIST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_RELIST_WAIT: Duration = Duration::from_secs(30);

/// A server that asks for a longer wait than this is asked again after it.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

/// Follows one collection. See the [module's documentation](self).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reflector {
    config: ReflectorConfig,
    jitter: Jitter,
    latest: Instant,
    /// When the view was last known to be current.
    current_at: Instant,
    /// The version up to which the view is known; `None` before the first list.
    position: Option<ResourceVersion>,
    /// The selector of the Service's pods, as the last list read it.
    pods_selector: Option<LabelSelector>,
    lists: Lists,
    list_backoff: Backoff,
    /// Until then the server wants no list (`Retry-After`).
    asked_to_wait_until: Instant,
    list_trouble: Option<Trouble>,
    /// The list that was older than the view, while that is in doubt.
    stale: Option<StaleList>,
    /// A list is wanted that begins after it was asked for.
    confirm: bool,
    watch: Watch,
    watch_backoff: Backoff,
    relist_backoff: Backoff,
    watch_trouble: Option<Trouble>,
    /// Watches in a row that failed and told nothing.
    watch_failures: u32,
    standing: Standing,
}

impl Reflector {
    /// A reflector that has yet to be started.
    pub(crate) fn new(config: ReflectorConfig, seed: u64) -> Self {
        let mut jitter = Jitter::from_seed(seed);
        let mut backoff = |first, longest| Backoff::new(first, longest, Jitter::from_seed(jitter.seed()));
        Self {
            config,
            list_backoff: backoff(FIRST_LIST_WAIT, LONGEST_LIST_WAIT),
            watch_backoff: backoff(FIRST_WATCH_WAIT, LONGEST_WATCH_WAIT),
            relist_backoff: backoff(FIRST_RELIST_WAIT, LONGEST_RELIST_WAIT),
            jitter,
            latest: Instant::ORIGIN,
            current_at: Instant::ORIGIN,
            position: None,
            pods_selector: None,
            lists: Lists::Idle,
            asked_to_wait_until: Instant::ORIGIN,
            list_trouble: None,
            stale: None,
            confirm: false,
            watch: Watch::Closed,
            watch_trouble: None,
            watch_failures: 0,
            standing: Standing::Syncing { trouble: None },
        }
    }

    /// Begins. A second time changes nothing.
    pub(crate) fn start(&mut self, now: Instant, step: &mut Step<'_>) {
        self.latest = self.latest.max(now);
        if let Lists::Idle = self.lists {
            self.begin_list(step);
        }
        self.settle();
    }

    /// Does what is due. Before the [deadline](Self::deadline) nothing is.
    pub(crate) fn timeout(&mut self, now: Instant, step: &mut Step<'_>) {
        self.latest = self.latest.max(now);
        if self.list_deadline().is_some_and(|due| due.at <= self.latest) {
            match self.lists {
                Lists::Idle => {}
                Lists::Running(_) => self.feed_listing(Input::Timeout, step),
                Lists::Waiting { .. } => self.begin_list(step),
            }
        }
        if self.watch.deadline(&self.config).is_some_and(|due| due.at <= self.latest) {
            self.wake_watch(step);
        }
        self.settle();
    }

    /// Takes one part of an answer; `false` if it belongs to no exchange of its own.
    pub(crate) fn answer(&mut self, now: Instant, id: RequestId, part: AnswerPart<'_>, step: &mut Step<'_>) -> bool {
        self.latest = self.latest.max(now);
        if self.lists.awaits(id) {
            self.feed_listing(Input::Answer { id, part }, step);
        } else if self.watch.awaits(id) {
            self.hear(part, step);
        } else {
            return false;
        }
        self.settle();
        true
    }

    /// Asks for a fresh list. Only one that begins after this call confirms; a wait after a failure is kept.
    pub(crate) fn confirm(&mut self, now: Instant, step: &mut Step<'_>) {
        self.latest = self.latest.max(now);
        self.confirm = true;
        if let Lists::Waiting { cause: Cause::Comparison | Cause::Poll, .. } = self.lists {
            self.begin_list(step);
        }
        self.settle();
    }

    /// When to call [`timeout`](Self::timeout) next, and why.
    pub(crate) fn deadline(&self) -> Option<Deadline> {
        let deadlines = [self.list_deadline(), self.watch.deadline(&self.config)];
        deadlines.into_iter().flatten().min_by_key(|deadline| deadline.at)
    }

    /// How good the view is.
    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Why it does what it does, in a line for people.
    pub(crate) fn explain(&self, now: Instant) -> String {
        let left = |until: Instant| until.saturating_since(now).as_secs_f64();
        let lists = match &self.lists {
            Lists::Idle => String::from("not started"),
            Lists::Waiting { until, cause } => format!("next list in {:.1} s ({cause})", left(*until)),
            Lists::Running(run) => {
                format!("listing: {}", run.listing.explain(Now { instant: now, ..Now::default() }))
            }
        };
        let watch = match &self.watch {
            Watch::Closed => String::from("no watch"),
            Watch::Pausing { until } => format!("the watch goes on in {:.1} s", left(*until)),
            Watch::Open(stream) => stream.explain(now),
        };
        format!("{}; {lists}; {watch}", self.standing)
    }

    fn list_deadline(&self) -> Option<Deadline> {
        match &self.lists {
            Lists::Idle => None,
            Lists::Waiting { until, cause } => Some(Deadline { at: *until, cause: *cause }),
            Lists::Running(run) => run.listing.deadline(),
        }
    }

    /// Sees how good the view has become.
    fn settle(&mut self) {
        // A list is the stronger means: what ails it comes first.
        let trouble = self.list_trouble.as_ref().or(self.watch_trouble.as_ref()).cloned();
        let standing = match (&self.position, trouble) {
            (None, trouble) => Standing::Syncing { trouble },
            (Some(_), None) => Standing::Live,
            (Some(_), Some(trouble)) => Standing::Degraded { since: self.current_at, trouble },
        };
        self.standing = standing;
    }
}

#[cfg(test)]
mod tests;
