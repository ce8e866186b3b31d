//! The listing machine: reads collections page by page until it has all of them in one consistent state, or says why not.
//!
//! ```text
//!            Start                last part                      last page of the last collection
//!   Idle ───────────▶ Asking ─────────────────▶ (verdict) ───────────────────────────────────▶ Done
//!                      ▲  ▲                         │
//!                      │  └── next page, restart ───┤
//!                      └────────── Pausing ◀────────┘ retry
//! ```
//!
//! - One request is in flight at a time, and one page is held at a time: memory is bounded by a page and by what its members
//!   need (M6).
//! - All pages of a collection carry one resourceVersion, or the collection is read again from its first page. So it is when
//!   a continue token has expired (410).
//! - A failure that time may mend is tried again with growing, jittered pauses, or when the server says (`Retry-After`), as
//!   long as the request timeout lasts. Anything else ends the listing at once.
//! - An exchange that falls silent for a third of the request timeout is dropped and tried again: a connection may be dead
//!   without a word.
//! - A 403 is tried again for [`FORBIDDEN_PATIENCE`] only: a starting API server gives some, a missing right stays missing.

pub(super) mod ask;
mod config;
mod failure;
pub(super) mod verdict;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::mem;
use core::time::Duration;

pub use config::{ListingConfig, ListingConfigError, ListingFault, ListingOptions};
pub use failure::{ListingError, ListingFailure};
use verdict::{Verdict, judge};

use super::object::{Object, Page};
use crate::api::exchange::Exchange;
use crate::api::{AnswerPart, DecodeError, LabelSelector, Namespace, Refusal, ResourceVersion, service};
use crate::backoff::{Backoff, Jitter};
use crate::machine::{Actions, Cause, Deadline, Input, Machine, RequestId, RequestIds};
use crate::time::{Instant, Now};

/// How long a 403 is tried again. The recordings of a real server show them for up to 0.2 s while it starts.
pub const FORBIDDEN_PATIENCE: Duration = Duration::from_secs(1);

/// The pause after a first failure, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How often a collection is begun again before the listing gives up.
const RESTART_LIMIT: u32 = 4;

/// An exchange that has been silent for this part of the request timeout (and a second at least) is given up for another.
const SILENCE_PART: u32 = 3;
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

/// Lists collections once. See the [module's documentation](self).
///
/// # Example
///
/// ```
/// use quorate_core::api::{AnswerPart, Head, LabelSelector};
/// use quorate_core::machine::{Action, Input, Machine as _};
/// use quorate_core::membership::listing::{Event, Listing, ListingOptions};
/// use quorate_core::time::Now;
///
/// let selector = LabelSelector::parse("app=web")?;
/// let mut listing = Listing::new(ListingOptions { selector: Some(selector), ..Default::default() }.build()?);
///
/// let mut asked = listing.handle(Now::default(), Input::Start).into_iter();
/// let Some(Action::Send { id, request }) = asked.next() else { panic!("the first step is a request") };
/// assert_eq!(request.target(), "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=app%3Dweb&limit=500");
///
/// let body = br#"{"kind":"EndpointSliceList","metadata":{"resourceVersion":"7"},"items":[]}"#;
/// for part in [AnswerPart::Head(Head { status: 200, retry_after: None }), AnswerPart::Chunk(body)] {
///     assert!(listing.handle(Now::default(), Input::Answer { id, part }).as_slice().is_empty());
/// }
/// let done = listing.handle(Now::default(), Input::Answer { id, part: AnswerPart::End });
/// assert!(matches!(done.as_slice(), [Action::Emit(Event::Listed(snapshot))] if snapshot.objects.is_empty()));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Listing {
    config: ListingConfig,
    /// The collections that are left; the first is being read.
    scopes: Vec<Option<Namespace>>,
    collection: Collection,
    /// The selector of the Service's pods, as it was read for the last collection that was finished.
    pods_selector: Option<LabelSelector>,
    listed: Snapshot,
    phase: Phase,
    attempts: Attempts,
    ids: RequestIds,
    restarts: u32,
    latest: Instant,
}

/// What has been read of one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Collection {
    /// The selector of the Service's pods, once it is known.
    service_selector: Option<LabelSelector>,
    continue_token: Option<Arc<str>>,
    version: Option<ResourceVersion>,
    objects: Vec<Object>,
    /// What counts against the limit of objects: one a page at least.
    seen: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    /// `heard` is when it was sent, or when its last part arrived.
    Asking {
        id: RequestId,
        exchange: Exchange,
        heard: Instant,
    },
    Pausing {
        until: Instant,
    },
    Done,
}

/// The attempts for one answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Attempts {
    count: u32,
    since: Instant,
    forbidden_since: Option<Instant>,
    last_failure: Option<ListingFailure>,
    backoff: Backoff,
}

impl Attempts {
    fn begin(&mut self, now: Instant) {
        self.count = 0;
        self.since = now;
        self.forbidden_since = None;
        self.last_failure = None;
        self.backoff.reset();
    }

    /// When the 403s in a row began. The first of them begins a series of pauses of its own, within its short patience.
    const fn first_forbidden(&mut self, now: Instant) -> Instant {
        match self.forbidden_since {
            Some(first) => first,
            None => {
                self.forbidden_since = Some(now);
                self.backoff.reset();
                now
            }
        }
    }
}

/// What the machine tells the application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// Everything was read. It is the last event.
    Listed(Snapshot),
    /// One attempt failed; another follows.
    Retrying {
        /// What it brought.
        failure: ListingFailure,
        /// The pause until the next.
        pause: Duration,
    },
    /// The collection is read again from its first page: its state is no longer served, or changed between pages.
    Restarted,
    /// The listing failed. It is the last event.
    Failed(Box<ListingError>),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed(Snapshot { objects, resource_version: Some(version) }) => {
                write!(f, "listed {} objects at resourceVersion {version}", objects.len())
            }
            Self::Listed(Snapshot { objects, resource_version: None }) => write!(f, "listed {} objects", objects.len()),
            Self::Retrying { failure, pause } => write!(f, "trying again in {:.1} s: {failure}", pause.as_secs_f64()),
            Self::Restarted => f.write_str("beginning again at the first page: the list expired or changed"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// All collections, read in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Snapshot {
    /// What they hold.
    pub objects: Vec<Object>,
    /// The state that every collection is at least as new as: the lowest of their versions. `None` when they do not compare.
    pub resource_version: Option<ResourceVersion>,
}

impl Machine for Listing {
    type Event = Event;
    type Order = Infallible;
    type Report = Infallible;

    fn handle(&mut self, now: Now, input: Input<'_>) -> Actions<Event> {
        self.latest = self.latest.max(now.instant);
        let mut actions = Actions::none();
        match (input, &mut self.phase) {
            (Input::Start, Phase::Idle) => {
                self.attempts.begin(self.latest);
                self.ask(&mut actions);
            }
            (Input::Timeout, Phase::Pausing { until }) if self.latest >= *until => self.try_again(&mut actions),
            (Input::Timeout, Phase::Asking { id, .. }) => {
                let id = *id;
                if self.latest >= self.silent_at() {
                    actions.cancel(id);
                    self.retry(ListingFailure::TimedOut, None, &mut actions);
                }
            }
            (Input::Answer { id, part }, Phase::Asking { id: wanted, exchange, heard }) if id == *wanted => {
                *heard = self.latest;
                if let Some(answer) = exchange.feed(part) {
                    // The transport may go on sending after a failure that was found here.
                    if answer.is_err() && !matches!(part, AnswerPart::Failed(_) | AnswerPart::End) {
                        actions.cancel(id);
                    }
                    self.conclude(judge(answer), &mut actions);
                }
            }
            _ => {}
        }
        actions
    }

    fn deadline(&self) -> Option<Deadline> {
        match self.phase {
            Phase::Idle | Phase::Done => None,
            Phase::Asking { .. } => Some(Deadline { at: self.silent_at(), cause: Cause::RequestTimeout }),
            Phase::Pausing { until } => Some(Deadline { at: until, cause: Cause::Retry }),
        }
    }

    fn explain(&self, now: Now) -> impl fmt::Display {
        let left = self.give_up_at().saturating_since(now.instant).as_secs_f64();
        let (doing, count) = (self.permission(), self.attempts.count);
        match &self.phase {
            Phase::Idle => alloc::format!("will {doing} once started"),
            Phase::Asking { .. } => {
                alloc::format!("waiting for the answer to: {doing}; attempt {count}, {left:.1} s left")
            }
            Phase::Pausing { until } => {
                let pause = until.saturating_since(now.instant).as_secs_f64();
                alloc::format!("will try again in {pause:.1} s to {doing}; attempt {count} failed, {left:.1} s left")
            }
            Phase::Done => String::from("done"),
        }
    }
}

impl Listing {
    /// A listing that has yet to be started.
    #[must_use]
    pub fn new(config: ListingConfig) -> Self {
        let backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, Jitter::from_seed(config.options().seed));
        Self {
            scopes: config.scopes(),
            config,
            collection: Collection::default(),
            pods_selector: None,
            listed: Snapshot::default(),
            phase: Phase::Idle,
            attempts: Attempts { count: 0, since: Instant::ORIGIN, forbidden_since: None, last_failure: None, backoff },
            ids: RequestIds::default(),
            restarts: 0,
            latest: Instant::ORIGIN,
        }
    }

    /// Feeds one input as part of a machine that names exchanges itself.
    pub(super) fn handle_within(&mut self, ids: &mut RequestIds, now: Instant, input: Input<'_>) -> Actions<Event> {
        mem::swap(&mut self.ids, ids);
        let actions = self.handle(Now { instant: now, ..Now::default() }, input);
        mem::swap(&mut self.ids, ids);
        actions
    }

    /// The selector of the Service's pods, where it had to be read off the Service.
    pub(super) const fn pods_selector(&self) -> Option<&LabelSelector> {
        self.pods_selector.as_ref()
    }

    /// Whether it waits for the answer to this exchange.
    pub(super) fn awaits(&self, exchange: RequestId) -> bool {
        matches!(self.phase, Phase::Asking { id, .. } if id == exchange)
    }

    /// Sends the request for what is missing next.
    fn ask(&mut self, actions: &mut Actions<Event>) {
        let (request, body_limit) = self.next_request();
        let id = self.ids.next();
        self.attempts.count = self.attempts.count.saturating_add(1);
        self.phase = Phase::Asking { id, exchange: Exchange::new(body_limit), heard: self.latest };
        actions.send(id, request);
    }

    /// After a pause: another attempt, unless the host came so late that no time is left.
    fn try_again(&mut self, actions: &mut Actions<Event>) {
        match self.attempts.last_failure.take() {
            Some(failure) if self.latest >= self.give_up_at() => self.give_up(failure, actions),
            failure => {
                self.attempts.last_failure = failure;
                self.ask(actions);
            }
        }
    }

    fn give_up_at(&self) -> Instant {
        self.attempts.since.saturating_add(self.config.options().request_timeout)
    }

    /// When the exchange in flight has been silent for too long.
    fn silent_at(&self) -> Instant {
        let timeout = self.config.options().request_timeout;
        let silence = timeout.checked_div(SILENCE_PART).unwrap_or_default().max(SHORTEST_SILENCE);
        match self.phase {
            Phase::Asking { heard, .. } => heard.saturating_add(silence).min(self.give_up_at()),
            _ => self.give_up_at(),
        }
    }

    /// Acts on what one answer meant.
    fn conclude(&mut self, verdict: Verdict, actions: &mut Actions<Event>) {
        match verdict {
            Verdict::Success(body) if self.needs_the_service() => self.take_service(&body, actions),
            Verdict::Success(body) => match self.config.options().source.decode_page(&body) {
                Ok(page) if page.resource_version.is_empty() => {
                    self.retry(ListingFailure::Undecodable(DecodeError::NoResourceVersion), None, actions);
                }
                Ok(page) => self.take_page(page, actions),
                Err(error) => self.retry(ListingFailure::Undecodable(error), None, actions),
            },
            Verdict::Expired { message } if self.collection.continue_token.is_none() => {
                self.retry(ListingFailure::Refused(Refusal::Expired { message }), None, actions);
            }
            Verdict::Expired { .. } => self.restart(actions),
            Verdict::Retry { failure, after } => self.retry(failure, after, actions),
            Verdict::GiveUp(failure) => self.give_up(failure, actions),
        }
    }

    fn take_service(&mut self, body: &[u8], actions: &mut Actions<Event>) {
        match service::decode_selector(body) {
            Ok(Some(selector)) => {
                self.collection.service_selector = Some(selector);
                self.attempts.begin(self.latest);
                self.ask(actions);
            }
            Ok(None) => self.give_up(ListingFailure::ServiceWithoutSelector, actions),
            Err(error) => self.retry(ListingFailure::Undecodable(error), None, actions),
        }
    }

    fn take_page(&mut self, page: Page, actions: &mut Actions<Event>) {
        let collection = &mut self.collection;
        let same_version = collection.version.as_ref().is_none_or(|version| *version == page.resource_version);
        let goes_on = page.continue_token.is_none() || page.continue_token != collection.continue_token;
        if !same_version || !goes_on {
            return self.restart(actions);
        }
        // An empty page counts as one object, so that a server which never ends is noticed as well.
        collection.seen = collection.seen.saturating_add(page.objects.len().max(1));
        let limit = self.config.options().object_limit;
        if collection.seen.saturating_add(self.listed.objects.len()) > limit {
            return self.give_up(ListingFailure::TooManyObjects { limit }, actions);
        }
        collection.version = Some(page.resource_version);
        collection.objects.extend(page.objects);
        collection.continue_token = page.continue_token;
        if collection.continue_token.is_none() {
            self.finish_collection();
        }
        if self.scopes.is_empty() {
            self.phase = Phase::Done;
            actions.emit(Event::Listed(mem::take(&mut self.listed)));
            return;
        }
        self.attempts.begin(self.latest);
        self.ask(actions);
    }

    fn finish_collection(&mut self) {
        let Collection { version, objects, service_selector, .. } = mem::take(&mut self.collection);
        self.pods_selector = service_selector;
        let is_first = self.scopes.len() == self.config.scopes().len();
        let lowest = match (self.listed.resource_version.take(), version) {
            (_, version) if is_first => version,
            (Some(lowest), Some(version)) => {
                version.compare(&lowest).map(|order| if order.is_lt() { version } else { lowest })
            }
            _ => None,
        };
        self.listed.resource_version = lowest;
        self.listed.objects.extend(objects);
        self.restarts = 0;
        self.scopes.remove(0);
    }

    /// Begins the collection again at its first page.
    fn restart(&mut self, actions: &mut Actions<Event>) {
        self.restarts = self.restarts.saturating_add(1);
        if self.restarts > RESTART_LIMIT {
            return self.give_up(ListingFailure::Unstable { restarts: RESTART_LIMIT }, actions);
        }
        let service_selector = self.collection.service_selector.take();
        self.collection = Collection { service_selector, ..Collection::default() };
        actions.emit(Event::Restarted);
        self.ask(actions);
    }

    /// Pauses before the next attempt, unless time would run out first.
    fn retry(&mut self, failure: ListingFailure, after: Option<Duration>, actions: &mut Actions<Event>) {
        let mut last = self.give_up_at();
        if let ListingFailure::Refused(Refusal::Forbidden { .. }) = failure {
            last = last.min(self.attempts.first_forbidden(self.latest).saturating_add(FORBIDDEN_PATIENCE));
        } else {
            self.attempts.forbidden_since = None;
        }
        let left = last.saturating_since(self.latest);
        // `Retry-After: 0` is no leave to hammer a server that just failed.
        let after = after.filter(|after| !after.is_zero());
        match after {
            Some(after) if after >= left => {
                let failure = Box::new(failure);
                return self.give_up(ListingFailure::WaitTooLong { after, failure }, actions);
            }
            _ if left < FIRST_PAUSE => return self.give_up(failure, actions),
            _ => {}
        }
        // A pause of ours leaves time for another attempt.
        let ours = self.attempts.backoff.next().min(left.checked_div(2).unwrap_or_default());
        let pause = after.unwrap_or(ours);
        self.phase = Phase::Pausing { until: self.latest.saturating_add(pause) };
        self.attempts.last_failure = Some(failure.clone());
        actions.emit(Event::Retrying { failure, pause });
    }

    fn give_up(&mut self, failure: ListingFailure, actions: &mut Actions<Event>) {
        let Attempts { count: attempts, since, .. } = self.attempts;
        // That there was no answer says little; what came before may say why.
        let previous =
            self.attempts.last_failure.take().filter(|previous| {
                matches!(failure, ListingFailure::TimedOut) && *previous != ListingFailure::TimedOut
            });
        let elapsed = self.latest.saturating_since(since);
        let error = ListingError { permission: self.permission(), failure, previous, attempts, elapsed };
        self.phase = Phase::Done;
        // Nothing of a listing that failed is evidence (M1).
        self.collection = Collection::default();
        self.listed = Snapshot::default();
        actions.emit(Event::Failed(Box::new(error)));
    }
}

#[cfg(test)]
mod tests;
