//! The election machine: whose turn it is to lead, by one Lease that is written only with compare-and-swap.
//!
//! ```text
//!   Idle ──▶ Standing ──── winning write ────▶ Leading ──── deadline, another holder ────▶ Stopping ──▶ Standing
//!              ▲                                  │                                    work ended
//!              │                                  └── step-down, shutdown ──▶ Stopping ──▶ Releasing ──▶ Withdrawn
//!              └───────────────────────────────────────── stand ──────────────────────────────────────────┘
//! ```
//!
//! # Vocabulary
//!
//! The *record* is the Lease's spec; its *content*, with the uid, is all that an observer goes by. The *holder* is who stands
//! in the record, the *leader* a holder that may act now. A *winning write* begins a term; only it does. A *standby* is a
//! candidate that waits for another's record to expire.
//!
//! # Why at most one leads (E1)
//!
//! A leader leads for the renew deadline from the *sending* of its last successful write. A standby takes over when it has
//! *received* no change for the lease duration, which is longer; it received the last change after it was sent. Compare and
//! swap, with uid and resourceVersion, lets one of several win. So their terms cannot meet unless one clock runs faster than
//! the other by lease duration ÷ renew deadline. What comes late cannot confuse: a write proves something only about the
//! term that it was sent in.
//!
//! Once a term has ended against our will, its work must be gone by the *hard deadline*, before any standby may take over
//! (E3). On a voluntary stop the record is renewed while the work stops, and freed only when it is gone.

mod answer;
#[cfg(feature = "testing")]
pub mod canonical;
mod config;
mod decide;
mod event;
mod failure;
mod fault;
mod observation;
pub mod observer;
mod order;
mod stage;
mod step;
mod term;
mod watch;
mod write;

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

pub use config::{Create, ElectionConfig, ElectionOptions, LONGEST_LEASE};
pub use event::{Event, StopReason};
pub use failure::{ElectionError, ElectionFailure};
pub use fault::{ElectionConfigError, ElectionFault};
pub use order::{Order, Report};
pub use term::FencingToken;

use answer::InFlight;
use observation::Observation;
use stage::{Pace, Stage};
use term::Term;
use watch::Watch;
use write::{RenewTimes, Unanswered};

use crate::backoff::{Backoff, Jitter};
use crate::machine::{self, Cause, Deadline, Input, Machine, RequestIds};
use crate::text;
use crate::time::{Instant, Now};

type Actions = machine::Actions<Event, Order>;

/// The longest Lease that is accepted, in bytes: etcd's own limit for a request is 1.5 MiB.
const LEASE_BYTES: usize = 2 * 1024 * 1024;

/// The pause after a watch has ended, and the longest one.
const FIRST_WATCH_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_WATCH_PAUSE: Duration = Duration::from_secs(30);

/// Stands for election. See the [module's documentation](self).
///
/// # Example
///
/// ```
/// use quorate_core::api::{AnswerPart, Head, LeaseName, Namespace};
/// use quorate_core::election::{Election, ElectionOptions};
/// use quorate_core::machine::{Action, Input, Machine as _};
/// use quorate_core::time::Now;
///
/// let (namespace, name) = (Namespace::parse("lab")?, LeaseName::parse("demo")?);
/// let mut election = Election::new(ElectionOptions::new(namespace, name, "web-0", 0x5eed).build()?);
///
/// // The first step is to read the Lease: here, an empty one.
/// let actions = election.handle(Now::default(), Input::Start);
/// let Some(Action::Send { id, request }) = actions.as_slice().last().cloned() else { panic!("a request") };
/// assert_eq!(request.target(), "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo");
/// let lease = br#"{"kind": "Lease", "metadata": {"name": "demo", "uid": "u", "resourceVersion": "7"}, "spec": {}}"#;
/// let mut written = None;
/// for part in [AnswerPart::Head(Head { status: 200, retry_after: None }), AnswerPart::Chunk(lease), AnswerPart::End] {
///     for action in election.handle(Now::default(), Input::Answer { id, part }) {
///         if let Action::Send { request, .. } = action
///             && request.is_lease_write()
///         {
///             written = Some(request);
///         }
///     }
/// }
///
/// // It is free, so we write our name into it. Nobody leads before the answer.
/// assert_eq!(written.unwrap().to_string(), "PUT /apis/coordination.k8s.io/v1/namespaces/lab/leases/demo");
/// assert_eq!(election.leading_until(), None);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Election {
    config: ElectionConfig,
    stage: Stage,
    observation: Observation,
    pace: Pace,
    /// At most one exchange but the watch.
    in_flight: Option<InFlight>,
    unanswered: Unanswered,
    watch: Watch,
    /// A read brought what the watch should have.
    is_watch_deaf: bool,
    watch_backoff: Backoff,
    renew_times: RenewTimes,
    jitter: Jitter,
    ids: RequestIds,
    latest: Instant,
}

impl Machine for Election {
    type Event = Event;
    type Order = Order;
    type Report = Report;

    fn handle(&mut self, now: Now, input: Input<'_, Report>) -> Actions {
        self.latest = self.latest.max(now.instant);
        let mut actions = Actions::none();
        // E2: whatever comes in at the deadline comes too late.
        self.end_overdue_term(&mut actions);
        match input {
            Input::Start => self.start(&mut actions),
            Input::Timeout => {}
            Input::Answer { id, part } => self.take_part(id, part, &mut actions),
            Input::Report(report) => self.take_report(report, &mut actions),
        }
        self.give_up_silent_exchange(&mut actions);
        self.settle(&mut actions);
        self.proceed(Now { instant: self.latest, ..now }, &mut actions);
        actions
    }

    fn deadline(&self) -> Option<Deadline> {
        let exchange = match &self.in_flight {
            Some(in_flight) => Some(Deadline { at: self.times_out_at(in_flight), cause: Cause::RequestTimeout }),
            None => self.next().map(|next| Deadline { at: next.at, cause: next.cause }),
        };
        let term_end = match &self.stage {
            Stage::Leading(term) => Some(Deadline { at: term.leading_until(&self.config), cause: Cause::TermEnd }),
            Stage::Releasing(releasing) if self.in_flight.is_none() => {
                Some(Deadline { at: releasing.until, cause: Cause::TermEnd })
            }
            _ => None,
        };
        let watch = self.watch_opens_at().map(|at| Deadline { at, cause: Cause::Watch });
        [term_end, exchange, watch].into_iter().flatten().min_by_key(|deadline| deadline.at)
    }

    fn explain(&self, now: Now) -> impl fmt::Display {
        let left = |until: Instant| until.saturating_since(now.instant).as_secs_f64();
        match &self.stage {
            Stage::Idle => String::from("will stand for election once started"),
            Stage::Standing => self.explain_standing(now.instant),
            Stage::Leading(term) => {
                alloc::format!("leading, term {}, for {:.1} s more", term.token, left(term.leading_until(&self.config)))
            }
            Stage::Stopping(stopping) => alloc::format!(
                "waiting for the work of term {} to end ({}); {:.1} s are left",
                stopping.term.token,
                stopping.reason,
                left(stopping.term.hard_deadline(&self.config))
            ),
            Stage::Releasing(releasing) => {
                alloc::format!("releasing the Lease, for {:.1} s more", left(releasing.until))
            }
            Stage::Withdrawn => String::from("not standing until told to"),
            Stage::Ended => String::from("shut down"),
        }
    }
}

impl Election {
    /// A candidate that has yet to be started.
    #[must_use]
    pub fn new(config: ElectionConfig) -> Self {
        let seed = config.options().seed;
        Self {
            stage: Stage::Idle,
            observation: Observation::new(&config),
            pace: Pace::default(),
            in_flight: None,
            unanswered: Unanswered::default(),
            watch: Watch::Closed { reopen_at: Instant::ORIGIN },
            is_watch_deaf: false,
            watch_backoff: Backoff::new(FIRST_WATCH_PAUSE, LONGEST_WATCH_PAUSE, Jitter::from_seed(!seed)),
            renew_times: RenewTimes::default(),
            jitter: Jitter::from_seed(seed),
            ids: RequestIds::default(),
            latest: Instant::ORIGIN,
            config,
        }
    }

    /// How we stand.
    #[must_use]
    pub const fn config(&self) -> &ElectionConfig {
        &self.config
    }

    /// Until when the guard says "leading", unless a renewal succeeds; `None` when we do not lead (E1, E2).
    ///
    /// A host copies this to its guard after each call, before it carries out the call's actions.
    #[must_use]
    pub fn leading_until(&self) -> Option<Instant> {
        self.led_term().map(|term| term.leading_until(&self.config))
    }

    /// Whether we lead at this time; it is false from [`leading_until`](Self::leading_until) on, whatever comes in or not.
    #[must_use]
    pub fn is_leading(&self, now: Instant) -> bool {
        self.leading_until().is_some_and(|until| now < until)
    }

    /// The term that we lead in.
    #[must_use]
    pub fn term(&self) -> Option<&FencingToken> {
        self.led_term().map(|term| &term.token)
    }

    /// Who stands in the record that we saw last: for people, never for decisions. One line of printable characters.
    #[must_use]
    pub fn holder(&self) -> Option<Arc<str>> {
        self.observation.lease().and_then(|lease| lease.holder()).map(|holder| text::name(&holder))
    }

    /// Whether the candidate was shut down: it does nothing any more.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended)
    }

    /// When the content of the Lease last changed, as we received it; `None` before any was seen.
    #[must_use]
    pub fn changed_at(&self) -> Option<Instant> {
        self.observation.lease().map(|_| self.observation.changed_at)
    }

    /// The Lease's transitions as of the term that we lead in: one more for each term, whoever led.
    #[must_use]
    pub fn transitions(&self) -> Option<u32> {
        self.led_term().map(|term| term.transitions)
    }

    const fn led_term(&self) -> Option<&Term> {
        match &self.stage {
            Stage::Leading(term) => Some(term),
            _ => None,
        }
    }

    fn next(&self) -> Option<decide::Next> {
        decide::next(&self.config, &self.stage, &self.observation, &self.pace)
    }

    fn explain_standing(&self, now: Instant) -> String {
        let Some(lease) = self.observation.lease() else { return String::from("standing; no Lease was seen yet") };
        if let Some(strategy) = lease.strategy() {
            let strategy = text::name(strategy);
            return alloc::format!("not standing: spec.strategy is {strategy}, which is coordinated election's");
        }
        if self.config.is_ours(lease) {
            let bar = self.observation.barred_until().unwrap_or(now).saturating_since(now).as_secs_f64();
            return alloc::format!("standing; the record is ours, a term may begin in {bar:.1} s");
        }
        let wait = self.observation.open_at(lease).saturating_since(now).as_secs_f64();
        match self.holder() {
            Some(holder) => alloc::format!("standing by; {holder} holds the Lease, which is open in {wait:.1} s"),
            None => alloc::format!("standing; the Lease is free, and open in {wait:.1} s"),
        }
    }
}

#[cfg(test)]
mod tests;
