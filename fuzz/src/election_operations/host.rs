//! A host that does its duty, and holds the machine to its own.

use std::mem;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Head, Request};
use quorate_core::election::{Election, ElectionConfig, Event, FencingToken, Order, Report};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::time::{Instant, Now, Timestamp};
use serde_json::{Value, json};

use super::answer::{Body, Circumstances, Part, Record, Version, Word};
use super::log::Entry;
use super::reference::Reference;
use super::script::Said;
use crate::answer::{Kind, fail};
use crate::line::assert_is_line;
use crate::received::{Heard, Received};

/// Everything that a machine asked for.
pub(super) type Trace = Vec<Action<Event, Order>>;

/// A description of the machine takes no more than this, and what it was given last a few times over.
const SMALL_BYTES: usize = 24_000;

pub(super) struct Host {
    pub(super) election: Election,
    /// What the host's clocks say, and the latest that the first of them ever said.
    now: Now,
    latest: Instant,
    /// The latest that the machine was told.
    told_at: Instant,
    is_started: bool,
    /// What is in flight: one exchange, and the watch.
    pub(super) exchange: Option<Exchange>,
    pub(super) watch: Option<Exchange>,
    sent: Vec<RequestId>,
    tokens: Vec<FencingToken>,
    /// What the server has, and the newest version that it ever gave.
    pub(super) stored: Option<Value>,
    pub(super) version: u64,
    /// Only the first of two plays is judged; the second one goes by copies.
    pub(super) reference: Option<Reference>,
    largest_bytes: usize,
    trace: Trace,
}

pub(super) struct Exchange {
    pub(super) id: RequestId,
    pub(super) request: Request,
    received: Received,
}

impl Host {
    pub(super) fn new(config: ElectionConfig, is_judged: bool) -> Self {
        Self {
            election: Election::new(config.clone()),
            now: Now { instant: Instant::ORIGIN, wall: Timestamp::from_unix_micros(1_795_197_898_000_000) },
            latest: Instant::ORIGIN,
            told_at: Instant::ORIGIN,
            is_started: false,
            exchange: None,
            watch: None,
            sent: Vec::new(),
            tokens: Vec::new(),
            stored: None,
            version: 7,
            reference: is_judged.then(|| Reference::new(config)),
            largest_bytes: 0,
            trace: Vec::new(),
        }
    }

    /// Goes on with a sane server, if there is to be one, whose Lease has such a holder.
    pub(super) fn end(mut self, holder: Option<&str>) -> Trace {
        let trace = mem::take(&mut self.trace);
        if let Some(holder) = holder.filter(|_| self.reference.is_some()) {
            self.settle(holder);
        }
        let (description, limit) = (format!("{:?}", self.election).len(), SMALL_BYTES + 10 * self.largest_bytes);
        assert!(description <= limit, "{description} bytes, for {} that were given", self.largest_bytes);
        trace
    }

    pub(super) fn token(&self, age: usize) -> Option<FencingToken> {
        self.tokens.iter().rev().nth(age).cloned()
    }

    pub(super) const fn latest(&self) -> Instant {
        self.latest
    }

    pub(super) const fn is_started(&self) -> bool {
        self.is_started
    }

    // Time.

    pub(super) fn pass(&mut self, time: Duration) {
        self.now.instant = self.now.instant.saturating_add(time);
        self.latest = self.latest.max(self.now.instant);
        self.serve_deadline();
    }

    pub(super) fn rewind(&mut self, time: Duration) {
        self.now.instant = Instant::since_origin(self.now.instant.elapsed_since_origin().saturating_sub(time));
        // Of what came between nobody knows.
        self.latest = self.told_at.max(self.now.instant);
    }

    pub(super) fn set_wall(&mut self, seconds: u32) {
        self.now.wall = Timestamp::from_unix_micros(i64::from(seconds) * 1_000_000);
    }

    /// Lets time pass up to the machine's own deadline.
    pub(super) fn wait(&mut self) {
        if let Some(deadline) = self.election.deadline() {
            self.pass(deadline.at.saturating_since(self.now.instant));
        }
    }

    pub(super) fn end_of_time(&self) {
        let end = Now { instant: Instant::since_origin(Duration::MAX), wall: Timestamp::from_unix_micros(i64::MAX) };
        let mut copy = self.election.clone();
        let _ = (copy.handle(end, Input::Timeout), copy.handle(end, Input::Report(&Report::StepDown)));
    }

    // What the server says.

    /// Does what was asked for, and answers.
    pub(super) fn serve(&mut self) {
        let Some(exchange) = &self.exchange else { return };
        if exchange.request.is_lease_write() {
            self.apply();
        }
        let (status, body) = match &self.stored {
            Some(stored) => (200, stored.to_string()),
            None => (404, String::new()),
        };
        self.answer_with(status, None, body.as_bytes());
    }

    /// Stores what the write in flight says.
    fn apply(&mut self) {
        let Some((_, body)) = self.exchange.as_ref().and_then(|exchange| exchange.request.body()) else { return };
        let Ok(mut lease) = serde_json::from_slice::<Value>(body) else { return };
        self.version += 1;
        lease["metadata"]["resourceVersion"] = self.version.to_string().into();
        if lease["metadata"]["uid"].is_null() {
            lease["metadata"]["uid"] = format!("created-{}", self.version).into();
        }
        self.stored = Some(lease);
    }

    pub(super) fn lose(&mut self, kind: Kind) {
        self.apply();
        self.part(&Part::Failed { kind, is_unsent: false });
    }

    pub(super) fn answer(&mut self, status: u16, retry_after: Option<&str>, body: &Body<'_>) {
        let body = self.bytes(body);
        self.answer_with(status, retry_after, &body);
    }

    pub(super) fn answer_with(&mut self, status: u16, retry_after: Option<&str>, body: &[u8]) {
        let head = AnswerPart::Head(Head { status, retry_after });
        let Some(id) = self.exchange.as_ref().map(|exchange| exchange.id) else { return };
        for part in [head, AnswerPart::Chunk(body), AnswerPart::End] {
            self.take(id, part);
        }
    }

    pub(super) fn part(&mut self, part: &Part<'_>) {
        if let Some(id) = self.exchange.as_ref().map(|exchange| exchange.id) {
            self.with(part, |host, part| host.take(id, part));
        }
    }

    pub(super) fn watch(&mut self, word: &Word<'_>) {
        let Some(id) = self.watch.as_ref().map(|exchange| exchange.id) else { return };
        let line = match word {
            Word::Head(status) => {
                return self.take(id, AnswerPart::Head(Head { status: status.code(), retry_after: None }));
            }
            Word::End => return self.take(id, AnswerPart::End),
            Word::Failed(kind) => return self.take(id, AnswerPart::Failed(&fail(*kind, false))),
            Word::Bytes(bytes) => return self.take(id, AnswerPart::Chunk(bytes)),
            Word::Bookmark => {
                json!({"type": "BOOKMARK", "object": {"kind": "Lease", "metadata": {"resourceVersion": "9"}}})
                    .to_string()
            }
            Word::Error { code } => json!({"type": "ERROR", "object": {"kind": "Status", "code": code}}).to_string(),
            Word::Event { kind, body, .. } => {
                let object = String::from_utf8_lossy(&self.bytes(body)).into_owned();
                format!(r#"{{"type":"{}","object":{object}}}"#, kind.text())
            }
        };
        let line = format!("{line}\n").into_bytes();
        let cut = if let Word::Event { cut: Some(cut), .. } = word { usize::from(*cut).min(line.len()) } else { 0 };
        let (first, second) = line.split_at(cut);
        self.take(id, AnswerPart::Chunk(first));
        self.take(id, AnswerPart::Chunk(second));
    }

    fn bytes(&mut self, body: &Body<'_>) -> Vec<u8> {
        match body {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Stored => self.stored.as_ref().unwrap_or(&Value::Null).to_string().into(),
            Body::Record(record) => self.record(record).to_string().into(),
        }
    }

    /// What is newer than all before is what the server has from now on.
    fn record(&mut self, record: &Record<'_>) -> Value {
        let config = self.election.config();
        let with = Circumstances {
            identity: config.identity(),
            nonce: config.options().nonce,
            stored: self.stored.as_ref(),
            version: self.version,
        };
        let made = record.make(&with);
        if let Version::Next(by) = record.version {
            self.version += 1 + u64::from(by);
            self.stored = Some(made.clone());
        }
        made
    }

    /// A part for something that is not, or no longer, in flight.
    pub(super) fn stale(&mut self, age: u8, part: &Part<'_>) {
        let id = self.sent.iter().rev().nth(age.into()).copied().unwrap_or(RequestId::NONE);
        if self.is_in_flight(id) {
            return;
        }
        let effects = |trace: &Trace| trace.iter().filter(|action| !matches!(action, Action::Cancel(_))).count();
        // Time alone may have an effect.
        self.feed(Input::Timeout);
        let before = effects(&self.trace);
        self.with(part, |host, part| host.feed(Input::Answer { id, part }));
        assert_eq!(effects(&self.trace), before, "an answer that nobody waits for had an effect");
    }

    fn with(&mut self, part: &Part<'_>, feed: impl FnOnce(&mut Self, AnswerPart<'_>)) {
        match part {
            Part::Head { status, retry_after } => {
                let retry_after = retry_after.text();
                feed(self, AnswerPart::Head(Head { status: status.code(), retry_after: retry_after.as_deref() }));
            }
            Part::Chunk(body) => {
                let body = self.bytes(body);
                feed(self, AnswerPart::Chunk(&body));
            }
            Part::End => feed(self, AnswerPart::End),
            Part::Failed { kind, is_unsent } => feed(self, AnswerPart::Failed(&fail(*kind, *is_unsent))),
        }
    }

    // What the machine is fed.

    pub(super) fn say(&mut self, said: Said) {
        if let Some(report) = said.report(self) {
            self.feed(Input::Report(&report));
        }
    }

    fn is_in_flight(&self, id: RequestId) -> bool {
        [&self.exchange, &self.watch].into_iter().flatten().any(|exchange| exchange.id == id)
    }

    /// Takes one part of an answer in flight.
    pub(super) fn take(&mut self, id: RequestId, part: AnswerPart<'_>) {
        if self.is_in_flight(id) {
            self.feed(Input::Answer { id, part });
        }
    }

    pub(super) fn feed(&mut self, input: Input<'_, Report>) {
        self.handle(input);
        self.serve_deadline();
        self.check_state();
    }

    fn handle(&mut self, input: Input<'_, Report>) {
        if let Some(reference) = &mut self.reference {
            reference.begin_call();
        } else {
            // The copy is the machine: one knows nothing that the other does not.
            self.election = self.election.clone();
        }
        self.note(input);
        self.told_at = self.told_at.max(self.now.instant);
        let actions = self.election.handle(self.now, input);
        let sends = |action: &&Action<Event, Order>| matches!(action, Action::Send { .. });
        assert!(actions.as_slice().iter().filter(sends).count() <= 2, "{actions}");
        actions.into_iter().for_each(|action| self.carry_out(action));
        if let Some(reference) = &self.reference {
            reference.check(self.latest, &self.election);
        }
    }

    /// Writes into the log what an input says.
    fn note(&mut self, input: Input<'_, Report>) {
        let at = self.latest;
        match input {
            Input::Start => {
                self.is_started = true;
                if let Some(reference) = &mut self.reference {
                    reference.note(at, Entry::Started);
                }
            }
            Input::Report(report) => {
                if let Some(reference) = &mut self.reference {
                    reference.report(at, report);
                }
            }
            Input::Answer { id, part } => self.note_part(id, part),
            _ => {}
        }
    }

    fn note_part(&mut self, id: RequestId, part: AnswerPart<'_>) {
        let place =
            if self.watch.as_ref().is_some_and(|watch| watch.id == id) { &mut self.watch } else { &mut self.exchange };
        let Some(exchange) = place.as_mut().filter(|exchange| exchange.id == id) else { return };
        let heard = exchange.received.take(part);
        self.largest_bytes = self.largest_bytes.max(exchange.received.pending());
        if let AnswerPart::End | AnswerPart::Failed(_) = part {
            *place = None;
        }
        let whole = if let Heard::Whole { body, .. } = &heard { body.len() } else { 0 };
        self.largest_bytes = self.largest_bytes.max(whole);
        let Some(reference) = &mut self.reference else { return };
        match heard {
            Heard::Nothing => {}
            Heard::Whole { status, body } => reference.answered(self.latest, id, status, &body),
            Heard::Lines(lines) => {
                let _ = lines.iter().all(|line| reference.told(self.latest, line));
            }
        }
    }

    fn carry_out(&mut self, action: Action<Event, Order>) {
        assert!(!action.to_string().is_empty());
        let now = Now { instant: self.latest, ..self.now };
        if let Some(reference) = &mut self.reference {
            reference.act(now, &action);
        }
        match &action {
            Action::Send { id, request } => {
                assert!(self.sent.last() < Some(id), "{action}");
                self.sent.push(*id);
                let is_watch = request.target().contains("watch=true");
                let place = if is_watch { &mut self.watch } else { &mut self.exchange };
                assert!(place.is_none(), "two at once: {action}");
                let received = if is_watch { Received::watch(&[200]) } else { Received::answer() };
                *place = Some(Exchange { id: *id, request: request.clone(), received });
            }
            Action::Cancel(id) => {
                assert!(self.is_in_flight(*id), "{action}");
                let place = if self.watch.as_ref().is_some_and(|watch| watch.id == *id) {
                    &mut self.watch
                } else {
                    &mut self.exchange
                };
                *place = None;
            }
            Action::Order(Order::StartWork { term, .. }) => self.tokens.push(term.clone()),
            _ => {}
        }
        self.trace.push(action);
    }

    /// Once an operation: to describe it takes longer than all else that happens.
    pub(super) fn check_description(&self) {
        if self.reference.is_some() {
            assert_is_line(&self.election.explain(self.now).to_string());
        }
    }

    // What the machine promises of its deadline.

    fn is_due(&self) -> bool {
        self.election.deadline().is_some_and(|deadline| deadline.at <= self.latest)
    }

    /// One timeout serves a deadline that has come: a host never spins. One that comes early changes nothing.
    fn serve_deadline(&mut self) {
        if self.is_due() {
            self.now.instant = self.latest;
            self.handle(Input::Timeout);
            assert!(!self.is_due(), "{}", self.election.explain(self.now));
        }
        let mut early = self.election.clone();
        let deadline = early.deadline();
        assert!(early.handle(self.now, Input::Timeout).as_slice().is_empty() && early.deadline() == deadline);
    }

    /// E7: nothing that was read lets it wait for ever, nor for longer than the longest lease and what comes on top.
    fn check_state(&self) {
        let awaits_work = self.reference.as_ref().is_some_and(|reference| {
            let term = reference.log.terms().pop();
            let (stands, withdrawn) = reference.log.stands();
            stands <= withdrawn || term.is_some_and(|term| term.ended.is_none() && term.stopped.is_some())
        });
        if self.reference.is_none() || awaits_work {
            return;
        }
        let config = self.election.config();
        let longest = Duration::from_secs(3600).max(config.options().lease_duration) + config.longest_pause() * 2;
        let last = self.latest.saturating_add(longest + config.attempt_timeout());
        assert!(
            self.election.deadline().is_some_and(|deadline| deadline.at <= last),
            "{}",
            self.election.explain(self.now)
        );
    }
}
