//! A host that does its duty, and holds the machine to its own.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::time::Duration;

use quorate_core::api::AnswerPart;
use quorate_core::machine::{Action, Cause, Input, Machine as _, RequestId};
use quorate_core::membership::listing::{Event, Listing, ListingConfig};
use quorate_core::time::{Instant, Now};

use crate::line::assert_is_line;

/// Everything that a machine asked for.
pub(super) type Trace = Vec<Action<Event>>;

pub(super) struct Host {
    config: ListingConfig,
    listing: Listing,
    /// What the host's clock says, and the latest that it ever said.
    now: Now,
    latest: Instant,
    is_started: bool,
    in_flight: Option<RequestId>,
    sent: Vec<RequestId>,
    is_done: bool,
    trace: Trace,
}

impl Host {
    pub(super) fn new(config: ListingConfig) -> Self {
        Self {
            listing: Listing::new(config.clone()),
            config,
            now: Now::default(),
            latest: Instant::ORIGIN,
            is_started: false,
            in_flight: None,
            sent: Vec::new(),
            is_done: false,
            trace: Vec::new(),
        }
    }

    pub(super) fn trace(self) -> Trace {
        self.trace
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.instant = self.now.instant.saturating_add(time);
        self.latest = self.latest.max(self.now.instant);
        self.serve_deadline();
    }

    pub(super) fn rewind(&mut self, time: Duration) {
        self.now.instant = Instant::since_origin(self.now.instant.elapsed_since_origin().saturating_sub(time));
    }

    /// Lets time pass up to the machine's own deadline.
    pub(super) fn wait(&mut self) {
        if let Some(deadline) = self.listing.deadline() {
            self.pass(deadline.at.saturating_since(self.now.instant));
        }
    }

    /// A part for what is in flight, if anything is.
    pub(super) fn answer(&mut self, part: AnswerPart<'_>) {
        if let Some(id) = self.in_flight {
            self.feed(Input::Answer { id, part });
        }
    }

    /// A part for something that is not, or no longer, in flight.
    pub(super) fn answer_late(&mut self, age: u8, part: AnswerPart<'_>) {
        let id = self.sent.iter().rev().nth(age.into()).copied().unwrap_or(RequestId::NONE);
        if self.in_flight == Some(id) {
            return;
        }
        let before = self.trace.len();
        self.feed(Input::Answer { id, part });
        assert_eq!(self.trace.len(), before, "an answer that nobody waits for had an effect");
    }

    pub(super) fn feed(&mut self, input: Input<'_>) {
        self.is_started |= input == Input::Start;
        self.handle(input);
        self.serve_deadline();
        self.check_state();
    }

    fn handle(&mut self, input: Input<'_>) {
        // The copy is the machine: one knows nothing that the other does not.
        let mut twin = self.listing.clone();
        let actions = self.listing.handle(self.now, input);
        assert_eq!(twin.handle(self.now, input), actions);
        assert_eq!(twin, self.listing);
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        assert_eq!(hasher.hash_one(&twin), hasher.hash_one(&self.listing));

        if let Input::Answer { id, part: AnswerPart::End | AnswerPart::Failed(_) } = input {
            self.in_flight.take_if(|in_flight| *in_flight == id);
        }
        assert!(actions.as_slice().len() <= 2, "{actions}");
        actions.into_iter().for_each(|action| self.carry_out(action));
    }

    fn carry_out(&mut self, action: Action<Event>) {
        assert!(!self.is_done, "after the last event: {action}");
        assert!(!action.to_string().is_empty());
        match &action {
            Action::Send { id, .. } => {
                assert!(self.in_flight.is_none() && self.sent.last() < Some(id), "{action}");
                self.in_flight = Some(*id);
                self.sent.push(*id);
            }
            Action::Cancel(id) => assert_eq!(self.in_flight.take(), Some(*id), "{action}"),
            Action::Emit(Event::Listed(snapshot)) => {
                assert!(snapshot.objects.len() <= self.config.options().object_limit);
                self.is_done = true;
            }
            Action::Emit(Event::Failed(_)) => self.is_done = true,
            _ => {}
        }
        self.trace.push(action);
    }

    fn is_due(&self) -> bool {
        self.listing.deadline().is_some_and(|deadline| deadline.at <= self.latest)
    }

    /// One timeout serves a deadline that has come: a host never spins. One that comes early changes nothing.
    fn serve_deadline(&mut self) {
        if self.is_due() {
            self.now.instant = self.latest;
            self.handle(Input::Timeout);
            assert!(!self.is_due(), "{}", self.listing.explain(self.now));
        }
        let mut early = self.listing.clone();
        let deadline = early.deadline();
        assert!(early.handle(self.now, Input::Timeout).as_slice().is_empty() && early.deadline() == deadline);
    }

    /// It waits for an answer or for a time whenever it is not done, and for no longer than it was told to.
    fn check_state(&self) {
        let deadline = self.listing.deadline();
        let expected = match (self.is_started && !self.is_done, self.in_flight) {
            (false, _) => None,
            (true, Some(_)) => Some(Cause::RequestTimeout),
            (true, None) => Some(Cause::Retry),
        };
        assert_eq!(deadline.map(|deadline| deadline.cause), expected);
        let longest = self.latest.saturating_add(self.config.options().request_timeout);
        assert!(deadline.is_none_or(|deadline| deadline.at <= longest));
        assert!(!self.is_done || self.in_flight.is_none(), "done, with a request in flight");
        assert_is_line(&self.listing.explain(self.now).to_string());
    }
}
