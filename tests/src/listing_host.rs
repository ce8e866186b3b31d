//! A host that drives a listing by hand: it keeps the time, the one request in flight, and everything that it was told.

use std::time::Duration;

use quorate_core::api::{AnswerPart, Failure, FailureKind, Head, Sent};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::listing::{Event, Listing, ListingConfig, ListingError, ListingFailure, Snapshot};
use quorate_core::time::Now;

use crate::recording::Recording;

/// Drives one [`Listing`].
#[derive(Clone, Debug)]
pub struct ListingHost {
    listing: Listing,
    now: Now,
    in_flight: Option<RequestId>,
    targets: Vec<String>,
    actions: Vec<Action<Event>>,
}

impl ListingHost {
    /// Starts a listing.
    #[must_use]
    pub fn start(config: ListingConfig) -> Self {
        let (now, in_flight) = (Now::default(), None);
        let mut host = Self { listing: Listing::new(config), now, in_flight, targets: Vec::new(), actions: Vec::new() };
        host.feed(Input::Start);
        host
    }

    fn feed(&mut self, input: Input<'_>) {
        for action in self.listing.handle(self.now, input) {
            match &action {
                Action::Send { id, request } => {
                    self.in_flight = Some(*id);
                    self.targets.push(request.target().to_owned());
                }
                Action::Cancel(_) => self.in_flight = None,
                _ => {}
            }
            self.actions.push(action);
        }
    }

    /// Answers the request in flight, if there is one, with these parts. All of them are fed, even those that come late.
    pub fn parts<'a>(&mut self, parts: impl IntoIterator<Item = AnswerPart<'a>>) {
        let Some(id) = self.in_flight.take() else { return };
        for part in parts {
            self.feed(Input::Answer { id, part });
        }
    }

    /// Answers with a whole body, cut into these chunks.
    pub fn chunks<'a>(
        &mut self,
        status: u16,
        retry_after: Option<&'a str>,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) {
        let head = AnswerPart::Head(Head { status, retry_after });
        let chunks = chunks.into_iter().map(AnswerPart::Chunk);
        self.parts([head].into_iter().chain(chunks).chain([AnswerPart::End]));
    }

    /// Answers as it was recorded.
    pub fn answer(&mut self, recording: &Recording) {
        self.chunks(recording.status, recording.header("retry-after"), [recording.body.as_slice()]);
    }

    /// Answers with the beginning of a body, and then the connection fails.
    pub fn cut(&mut self, status: u16, beginning: &[u8], kind: FailureKind) {
        let failure = Failure { sent: Sent::Unknown, kind, message: "the connection failed".to_owned() };
        let head = AnswerPart::Head(Head { status, retry_after: None });
        self.parts([head, AnswerPart::Chunk(beginning), AnswerPart::Failed(&failure)]);
    }

    /// There is no answer at all.
    pub fn fail(&mut self, kind: FailureKind) {
        let failure = Failure { sent: Sent::Unknown, kind, message: "the connection failed".to_owned() };
        self.parts([AnswerPart::Failed(&failure)]);
    }

    /// Lets time pass up to the machine's own deadline; how much passed.
    pub fn wait(&mut self) -> Option<Duration> {
        let at = self.listing.deadline()?.at;
        let waited = at.saturating_since(self.now.instant);
        self.now.instant = at;
        self.feed(Input::Timeout);
        Some(waited)
    }

    /// Everything that the machine asked for so far, in order.
    #[must_use]
    pub fn actions(&self) -> &[Action<Event>] {
        &self.actions
    }

    /// The target of every request so far, in order.
    #[must_use]
    pub fn targets(&self) -> &[String] {
        &self.targets
    }

    /// Whether a request waits for its answer.
    #[must_use]
    pub const fn is_asking(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Whether the machine waits for nothing any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.listing.deadline().is_none()
    }

    /// The last event.
    #[must_use]
    pub fn last_event(&self) -> Option<&Event> {
        self.actions.iter().rev().find_map(|action| if let Action::Emit(event) = action { Some(event) } else { None })
    }

    /// How often the listing began again at the first page.
    #[must_use]
    pub fn restarts(&self) -> usize {
        self.actions.iter().filter(|action| matches!(action, Action::Emit(Event::Restarted))).count()
    }

    /// What was listed, once it was.
    #[must_use]
    pub fn listed(&self) -> Option<&Snapshot> {
        if let Event::Listed(snapshot) = self.last_event()? { Some(snapshot) } else { None }
    }

    /// Why the listing failed, if it did.
    #[must_use]
    pub fn error(&self) -> Option<&ListingError> {
        if let Event::Failed(error) = self.last_event()? { Some(error) } else { None }
    }

    /// Why the listing pauses, and for how long, if it does.
    #[must_use]
    pub fn pause(&self) -> Option<(&ListingFailure, Duration)> {
        if let Event::Retrying { failure, pause } = self.last_event()? { Some((failure, *pause)) } else { None }
    }
}
