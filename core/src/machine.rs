//! The contract between a machine and whatever drives it (its *host*).
//!
//! A [`Machine`] is a plain value. It is fed one [`Input`] at a time together with the host's clocks, and returns
//! everything the host must now do, in order. Nothing is queued inside it: what a call returned is all there is.
//!
//! The host's duties, in order:
//!
//! 1. call [`handle`](Machine::handle) with [`Input::Start`] once;
//! 2. carry out every returned [`Action`], in order;
//! 3. wait for an answer, for something to [report](Machine::Report) or for [`deadline`](Machine::deadline), whichever is
//!    first, and feed it; go to 2.
//!
//! Inputs that come late, twice, early or for an exchange that was cancelled are harmless: a machine never panics, and
//! ignores answers that it no longer wants. So a host need not be exact about anything but the order of an answer's parts.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::hash::Hash;

use crate::api::{AnswerPart, Request};
use crate::time::{Instant, Now};

/// A deterministic state machine: same construction and same inputs give the same actions, byte for byte.
pub trait Machine: Clone + Eq + Hash + fmt::Debug {
    /// The news that this machine has for the application; it displays as one line for people.
    type Event: fmt::Display;
    /// What the host must do for this machine besides exchanges with the API server; [`Infallible`] if there is nothing.
    type Order: fmt::Display;
    /// What the host has to say besides answers: how an order went, or what the application wants.
    type Report: fmt::Display;

    /// Feeds one input. The result is everything the host must now do, in order.
    fn handle(&mut self, now: Now, input: Input<'_, Self::Report>) -> Actions<Self::Event, Self::Order>;

    /// When to feed [`Input::Timeout`] if nothing else happens first, and on whose behalf.
    ///
    /// Depends on the state alone. A timeout fed earlier than this changes nothing.
    fn deadline(&self) -> Option<Deadline>;

    /// Why the machine does what it does, in a line for people.
    fn explain(&self, now: Now) -> impl fmt::Display;
}

/// What the world tells a machine; `R` is the machine's [`Report`](Machine::Report).
#[derive(Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Input<'a, R = Infallible> {
    /// Begin. Fed once, first; a second one changes nothing.
    Start,
    /// The time asked for by [`Machine::deadline`] has come.
    Timeout,
    /// One part of the answer to an exchange that the machine asked for.
    Answer {
        /// The exchange, as named by [`Action::Send`].
        id: RequestId,
        /// The next part of its answer.
        part: AnswerPart<'a>,
    },
    /// What only this kind of machine is told.
    Report(&'a R),
}

impl<R> Clone for Input<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Input<'_, R> {}

/// What a host must do for a machine, whose [`Event`](Machine::Event) is `E` and whose [`Order`](Machine::Order) is `O`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action<E, O = Infallible> {
    /// Send this request and feed each part of its answer as [`Input::Answer`].
    ///
    /// It counts as sent at the `now` of the call that returned it. The machine keeps its own deadline for the answer.
    Send {
        /// Names the exchange in the answer's parts.
        id: RequestId,
        /// What to send.
        request: Request,
    },
    /// Drop this exchange: no further part of its answer is wanted.
    Cancel(RequestId),
    /// Hand this to the application.
    Emit(E),
    /// Do what only this kind of machine asks for.
    Order(O),
}

impl<E: fmt::Display, O: fmt::Display> fmt::Display for Action<E, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { id, request } => write!(f, "send {id} {request}"),
            Self::Cancel(id) => write!(f, "cancel {id}"),
            Self::Emit(event) => write!(f, "emit {event}"),
            Self::Order(order) => order.fmt(f),
        }
    }
}

/// Everything the host must do after one input, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "a machine whose actions are not carried out stalls"]
pub struct Actions<E, O = Infallible>(Vec<Action<E, O>>);

impl<E, O> Actions<E, O> {
    /// Nothing to do.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn send(&mut self, id: RequestId, request: Request) {
        self.0.push(Action::Send { id, request });
    }

    pub(crate) fn cancel(&mut self, id: RequestId) {
        self.0.push(Action::Cancel(id));
    }

    pub(crate) fn emit(&mut self, event: E) {
        self.0.push(Action::Emit(event));
    }

    pub(crate) fn order(&mut self, order: O) {
        self.0.push(Action::Order(order));
    }

    /// The actions, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Action<E, O>] {
        &self.0
    }
}

impl<E, O> IntoIterator for Actions<E, O> {
    type Item = Action<E, O>;
    type IntoIter = alloc::vec::IntoIter<Action<E, O>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One line an action.
impl<E: fmt::Display, O: fmt::Display> fmt::Display for Actions<E, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|action| writeln!(f, "{action}"))
    }
}

/// Hands out the names of exchanges, each once. The parts of one machine share it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RequestIds(RequestId);

impl RequestIds {
    pub(crate) const fn next(&mut self) -> RequestId {
        self.0 = RequestId(self.0.0.saturating_add(1));
        self.0
    }
}

/// Names one exchange with the API server, within one machine's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u64);

impl RequestId {
    /// Names no exchange: it is lower than every id that does.
    pub const NONE: Self = Self(0);
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// When a machine wants to be woken, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a wake-up is a time and a reason, and nothing else")]
pub struct Deadline {
    /// The instant from which [`Input::Timeout`] has an effect.
    pub at: Instant,
    /// On whose behalf.
    pub cause: Cause,
}

/// Why a machine wants to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It is time to compare what a watch told with a fresh list.
    Comparison,
    /// A link's time to be disconnected has come.
    Disconnect,
    /// A watch has been silent for too long.
    IdleLimit,
    /// An attempt on a link, or the listing of the links, has had its time.
    LinkTimeout,
    /// The links are to be listed again.
    ListConnected,
    /// It is time to list again.
    Poll,
    /// The pause before a peer is connected again is over.
    Reconnect,
    /// The answer in flight has had its time.
    RequestTimeout,
    /// The pause before a watch goes on is over.
    Resume,
    /// The pause before the next attempt is over.
    Retry,
    /// The Lease must be renewed.
    Renewal,
    /// Nothing was heard of the Lease for long enough to ask.
    SafetyRead,
    /// The Lease may be taken over.
    TakeOver,
    /// The term ends unless a renewal succeeds first.
    TermEnd,
    /// The pause before the next watch is over.
    Watch,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Comparison => "comparison",
            Self::Disconnect => "disconnect",
            Self::IdleLimit => "idle limit",
            Self::LinkTimeout => "link timeout",
            Self::ListConnected => "list connected",
            Self::Poll => "poll",
            Self::Reconnect => "reconnect",
            Self::RequestTimeout => "request timeout",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Renewal => "renewal",
            Self::SafetyRead => "safety read",
            Self::TakeOver => "take-over",
            Self::TermEnd => "end of the term",
            Self::Watch => "watch",
        })
    }
}

/// How much a human should care for a piece of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever shows news must know what to do with each")]
pub enum Severity {
    /// For those who look for a fault.
    Debug,
    /// As it should be.
    Info,
    /// Somebody may have to act.
    Warning,
}
