//! The observer: what a Lease says, and what happens to it, for who only looks.
//!
//! ```text
//!   Idle ──▶ Reading ──── read, and not to be followed; or given up ────▶ Done
//!               │ read
//!               ▼
//!           Following: a watch, and a read now and then where nothing was heard
//! ```
//!
//! It sees with a candidate's eyes: content is the uid and the spec, order goes by the resourceVersion, and time counts from
//! when something was *received*. It writes nothing, and no wall clock decides anything.
//!
//! # What can be known
//!
//! - **When the record may be taken over.** Candidates count from the last change that they received. Who followed the Lease
//!   while it changed can tell when that was; who came later knows only that it was no later than the first look.
//! - **The fencing token.** It is the version of the Lease in which the term's first write was acknowledged. Only a watch
//!   without a gap shows that version; who sees a later one knows an upper bound.

mod config;
mod event;
mod reading;
mod sighting;
mod watching;

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::convert::Infallible;
use core::fmt;
use core::time::Duration;

pub use config::{ObserverConfig, ObserverConfigError, ObserverFault, ObserverOptions, USUAL_LEASE};
pub use event::{Change, Event};
pub use sighting::{Bound, Record, Sighting, TakeOver, TokenBound};

use config::counted;
use reading::Reading;
use sighting::Lore;

use super::failure::ElectionFailure;
use super::observation::{News, Observation, Sight};
use super::watch::Watch;
use super::{FIRST_WATCH_PAUSE, LONGEST_WATCH_PAUSE};
use crate::api::ResourceVersion;
use crate::api::lease::Lease;
use crate::backoff::{Backoff, Jitter};
use crate::machine::{self, Cause, Deadline, Input, Machine, RequestIds};
use crate::text;
use crate::time::{Instant, Now};

type Actions = machine::Actions<Event>;

/// The pause after a read has failed, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Observes one Lease. See the [module's documentation](self).
///
/// # Example
///
/// ```
/// use quorate_core::api::{AnswerPart, Head, LeaseName, Namespace};
/// use quorate_core::election::observer::{Change, Event, Observer, ObserverOptions, TokenBound};
/// use quorate_core::machine::{Action, Input, Machine as _};
/// use quorate_core::time::Now;
///
/// let (namespace, name) = (Namespace::parse("lab")?, LeaseName::parse("demo")?);
/// let mut observer = Observer::new(ObserverOptions::new(namespace, name).build()?);
/// let actions = observer.handle(Now::default(), Input::Start);
/// let Some(Action::Send { id, request }) = actions.as_slice().last().cloned() else { panic!("a request") };
/// assert_eq!(request.target(), "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo");
///
/// let lease = br#"{"kind": "Lease", "metadata": {"name": "demo", "uid": "u", "resourceVersion": "7"},
///     "spec": {"holderIdentity": "web-0", "leaseDurationSeconds": 15}}"#;
/// let mut seen = None;
/// for part in [AnswerPart::Head(Head { status: 200, retry_after: None }), AnswerPart::Chunk(lease), AnswerPart::End] {
///     for action in observer.handle(Now::default(), Input::Answer { id, part }) {
///         if let Action::Emit(Event::Changed { change: Change::Found, sighting, .. }) = action {
///             seen = Some(sighting);
///         }
///     }
/// }
/// let seen = seen.unwrap();
/// assert_eq!(seen.record.holder.as_deref(), Some("web-0"));
/// assert!(matches!(seen.token, Some(TokenBound::AtMost(token)) if token.as_str() == "7"));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Observer {
    config: ObserverConfig,
    phase: Phase,
    observation: Observation,
    /// What is known besides the record itself.
    lore: Lore,
    /// At most one exchange but the watch.
    in_flight: Option<Reading>,
    /// When the next read may be sent.
    read_not_before: Instant,
    /// What is known may be outdated: read as soon as may be.
    doubt: bool,
    read_backoff: Backoff,
    /// What the last read brought in place of an answer.
    read_trouble: Option<ElectionFailure>,
    /// Since when reads are forbidden.
    forbidden_since: Option<Instant>,
    watch: Watch,
    /// The watch tells all that follows what we know.
    is_gapless: bool,
    watch_backoff: Backoff,
    /// Why there is no watch.
    watch_trouble: Option<ElectionFailure>,
    /// The newest version that was known when a read brought what the watch had not.
    suspicion: Option<ResourceVersion>,
    is_current: bool,
    ids: RequestIds,
    started_at: Instant,
    latest: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    /// Nothing was read yet, or all that is wanted is one answer.
    Reading,
    Following,
    Done,
}

impl Machine for Observer {
    type Event = Event;
    type Order = Infallible;
    type Report = Infallible;

    fn handle(&mut self, now: Now, input: Input<'_>) -> Actions {
        self.latest = self.latest.max(now.instant);
        let mut actions = Actions::none();
        match input {
            Input::Start => self.start(),
            Input::Timeout => {}
            Input::Answer { id, part } => self.take_part(id, part, &mut actions),
            Input::Report(report) => match *report {},
        }
        self.give_up_silent_read(&mut actions);
        self.tell_expiry(&mut actions);
        self.tell_recovery(&mut actions);
        self.send_read(&mut actions);
        self.open_watch(&mut actions);
        actions
    }

    fn deadline(&self) -> Option<Deadline> {
        let timeout = self.in_flight.as_ref().map(|reading| self.times_out_at(reading));
        let wakes = [
            timeout.map(|at| Deadline { at, cause: Cause::RequestTimeout }),
            self.reads_at().map(|at| Deadline { at, cause: if self.doubt { Cause::Retry } else { Cause::SafetyRead } }),
            self.expires_at().map(|at| Deadline { at, cause: Cause::TakeOver }),
            self.watch_opens_at().map(|at| Deadline { at, cause: Cause::Watch }),
        ];
        wakes.into_iter().flatten().min_by_key(|deadline| deadline.at)
    }

    fn explain(&self, now: Now) -> impl fmt::Display {
        let name = &self.config.options().name;
        match (self.phase, &self.observation.sight) {
            (Phase::Idle, _) => format!("will look at Lease {name} once started"),
            (Phase::Done, _) => format!("has looked at Lease {name}"),
            (_, Sight::Unread) => format!("reading Lease {name}"),
            (_, Sight::Missing) => format!("waiting for a Lease {name}"),
            (_, Sight::Present(lease)) => self.explain_record(lease, now.instant),
        }
    }
}

impl Observer {
    /// An observer that has yet to be started.
    #[must_use]
    pub fn new(config: ObserverConfig) -> Self {
        let seed = config.options().seed;
        Self {
            phase: Phase::Idle,
            observation: Observation::new(&config),
            lore: Lore::default(),
            in_flight: None,
            read_not_before: Instant::ORIGIN,
            doubt: true,
            read_backoff: Backoff::new(FIRST_PAUSE, LONGEST_PAUSE, Jitter::from_seed(seed)),
            read_trouble: None,
            forbidden_since: None,
            watch: Watch::Closed { reopen_at: Instant::ORIGIN },
            is_gapless: false,
            watch_backoff: Backoff::new(FIRST_WATCH_PAUSE, LONGEST_WATCH_PAUSE, Jitter::from_seed(!seed)),
            watch_trouble: None,
            suspicion: None,
            is_current: false,
            ids: RequestIds::default(),
            started_at: Instant::ORIGIN,
            latest: Instant::ORIGIN,
            config,
        }
    }

    /// What is observed, and how.
    #[must_use]
    pub const fn config(&self) -> &ObserverConfig {
        &self.config
    }

    fn start(&mut self) {
        if self.phase == Phase::Idle {
            self.phase = Phase::Reading;
            self.started_at = self.latest;
            self.read_not_before = self.latest;
        }
    }

    fn explain_record(&self, lease: &Lease, now: Instant) -> String {
        let left = self.observation.open_at(lease).saturating_since(now).as_secs_f64();
        match lease.holder() {
            Some(holder) => {
                format!("{} holds the Lease, which may be taken over in {left:.1} s", text::name(&holder))
            }
            None => "nobody holds the Lease".into(),
        }
    }

    /// Takes in a Lease, from an answer (with the version known when it was asked for) or from the watch.
    fn observe(&mut self, asked_at: Option<&ResourceVersion>, lease: Lease, actions: &mut Actions) {
        let before = self.observation.clone();
        let (now, config) = (self.latest, &self.config);
        let news = match asked_at {
            Some(version) => self.observation.take_answer(lease, version, now, Duration::ZERO, config),
            None => self.observation.take_event(lease, now, Duration::ZERO, config),
        };
        if matches!(news, News::Outdated | News::Nothing) {
            return;
        }
        let Some(lease) = self.observation.lease().cloned() else { return };
        let change = Change::between(&before, &lease);
        let is_told_without_gap = asked_at.is_none() && self.is_gapless;
        self.lore.learn(change, &before, &lease, is_told_without_gap, now);
        let previous_holder = before.lease().and_then(Lease::holder).map(|holder| text::name(&holder));
        self.tell(change, previous_holder, actions);
    }

    /// There is no such Lease.
    fn observe_absence(&mut self, was_unread: bool, actions: &mut Actions) {
        self.lore.forget();
        actions.emit(if was_unread { Event::Missing } else { Event::Deleted });
    }

    fn tell(&self, change: Change, previous_holder: Option<Arc<str>>, actions: &mut Actions) {
        let Some(lease) = self.observation.lease() else { return };
        let sighting = Box::new(self.lore.sighting(lease, &self.observation, self.latest));
        actions.emit(Event::Changed { change, previous_holder, sighting });
    }

    /// When a held record has stood for its duration, if that is to be told.
    fn expires_at(&self) -> Option<Instant> {
        let is_wanted = self.phase == Phase::Following && !self.lore.is_expiry_told;
        let lease = self.observation.lease().filter(|lease| is_wanted && lease.holder().is_some())?;
        Some(self.observation.changed_at.saturating_add(counted(lease.duration_seconds())))
    }

    fn tell_expiry(&mut self, actions: &mut Actions) {
        if self.expires_at().is_some_and(|at| at <= self.latest) {
            self.lore.is_expiry_told = true;
            let holder = self.observation.lease().and_then(Lease::holder).map(|holder| text::name(&holder));
            self.tell(Change::Expired, holder, actions);
        }
    }

    /// What is told is current again, or for the first time.
    fn tell_recovery(&mut self, actions: &mut Actions) {
        let is_well = self.phase == Phase::Following && self.read_trouble.is_none() && self.watch_trouble.is_none();
        if is_well && !self.is_current {
            self.is_current = true;
            actions.emit(Event::Live);
        }
    }
}

#[cfg(test)]
mod tests;
