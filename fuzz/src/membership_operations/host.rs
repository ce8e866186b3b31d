//! A host that does its duty, and holds the machine to its own.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Head, Namespace, Request};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::{
    Event, Follow, Identity, LinkConfig, LinkFailure, LinkId, Membership, MembershipConfig, Order, Report,
};
use quorate_core::time::{Instant, Now};
use serde_json::json;

use super::answer::{Body, Part, Word, name};
use super::evidence::is_watch;
use super::reference::Reference;
use super::script::Lie;
use super::server::Server;
use crate::answer::fail;
use crate::line::assert_is_line;
use crate::received::{Heard, Received};

/// Everything that a machine asked for.
pub(super) type Trace = Vec<Action<Event, Order>>;

/// Statuses that open a watch.
const OPENS: &[u16] = &[200, 201, 202, 203, 204, 205, 206, 226];

pub(super) struct Host {
    pub(super) membership: Membership,
    pub(super) server: Server,
    /// What the host's clock says, and the latest that it ever said.
    now: Now,
    pub(super) latest: Instant,
    /// The latest that the machine was told.
    told_at: Instant,
    pub(super) is_started: bool,
    pub(super) in_flight: BTreeMap<RequestId, Exchange>,
    sent: Vec<RequestId>,
    /// Attempts on links, in flight and ever; and who is really connected.
    pub(super) attempts: BTreeMap<LinkId, Attempt>,
    ordered: Vec<LinkId>,
    pub(super) connected: BTreeMap<String, Identity>,
    /// Whether a listing ever said what is not so.
    pub(super) has_lied: bool,
    /// Whether the present call has brought a line of a watch after which nothing is to be heard.
    is_spoilt: bool,
    idle_limit: Duration,
    /// Only the first of two plays is judged; the second one goes by copies.
    pub(super) reference: Option<Reference>,
    trace: Trace,
}

pub(super) struct Exchange {
    pub(super) request: Request,
    received: Received,
    /// What its watch has told.
    told: u64,
    pub(super) has_head: bool,
    heard_at: Instant,
}

#[derive(Clone, Debug)]
pub(super) enum Attempt {
    Connect(String, Identity),
    Disconnect(String),
    List,
}

impl Host {
    pub(super) fn new(config: MembershipConfig, links: LinkConfig, is_judged: bool) -> Self {
        let listing = &config.options().listing;
        let mut namespaces: Vec<_> = listing.namespaces.iter().map(Namespace::to_string).collect();
        let scopes = if namespaces.is_empty() { vec![None] } else { namespaces.iter().cloned().map(Some).collect() };
        if namespaces.is_empty() {
            namespaces = ["a", "b"].map(Into::into).to_vec();
        }
        let idle_limit =
            if let Follow::Watch { idle_limit, .. } = config.options().follow { idle_limit } else { Duration::MAX };
        Self {
            server: Server::new(listing.source, namespaces),
            reference: is_judged.then(|| Reference::new(&config, &links, scopes)),
            membership: Membership::linked(config, links),
            now: Now::default(),
            latest: Instant::ORIGIN,
            told_at: Instant::ORIGIN,
            is_started: false,
            in_flight: BTreeMap::new(),
            sent: Vec::new(),
            attempts: BTreeMap::new(),
            ordered: Vec::new(),
            connected: BTreeMap::new(),
            has_lied: false,
            is_spoilt: false,
            idle_limit,
            trace: Vec::new(),
        }
    }

    pub(super) fn end(mut self, settles: bool) -> Trace {
        let trace = mem::take(&mut self.trace);
        if settles && self.reference.is_some() {
            self.settle();
        }
        trace
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

    /// Lets time pass up to the machine's own deadline.
    pub(super) fn wait(&mut self) {
        if let Some(deadline) = self.membership.deadline() {
            self.pass(deadline.at.saturating_since(self.now.instant));
        }
    }

    pub(super) fn end_of_time(&self) {
        let end = Now { instant: Instant::since_origin(Duration::MAX), ..Now::default() };
        let mut copy = self.membership.clone();
        let _ = (copy.handle(end, Input::Timeout), copy.handle(end, Input::Report(&Report::Drain)));
    }

    // What the server says.

    fn id(&self, which: u8, wants_watch: bool) -> Option<RequestId> {
        let fitting = self.in_flight.iter().filter(|(_, exchange)| is_watch(&exchange.request) == wants_watch);
        let fitting: Vec<_> = fitting.map(|(id, _)| *id).collect();
        fitting.get(usize::from(which).checked_rem(fitting.len())?).copied()
    }

    pub(super) fn serve(&mut self, which: u8, halves: bool) {
        let ids: Vec<_> = self.in_flight.keys().copied().collect();
        if let Some(index) = usize::from(which).checked_rem(ids.len()) {
            self.serve_exchange(ids[index], halves);
        }
    }

    /// Whether there was anything to say: a watch has nothing to tell where nothing happens.
    pub(super) fn serve_exchange(&mut self, id: RequestId, halves: bool) -> bool {
        let Some(exchange) = self.in_flight.get_mut(&id) else { return false };
        let target = exchange.request.target().to_owned();
        if !is_watch(&exchange.request) {
            let body = match target.contains("/services/") {
                true => json!({"kind": "Service", "spec": {"selector": {"app": "web"}}}).to_string(),
                false => self.server.list(&target, halves),
            };
            self.answer_with(id, 200, None, body.as_bytes());
        } else if !exchange.has_head {
            self.take(id, AnswerPart::Head(Head { status: 200, retry_after: None }));
        } else if let Some((version, line)) = self.server.next_event(&target, exchange.told) {
            exchange.told = version;
            self.take(id, AnswerPart::Chunk(line.as_bytes()));
        } else {
            return false;
        }
        true
    }

    pub(super) fn answer(&mut self, which: u8, status: u16, retry_after: Option<&str>, body: &Body<'_>) {
        if let Some(id) = self.id(which, false) {
            let body = self.bytes(id, body);
            self.answer_with(id, status, retry_after, &body);
        }
    }

    fn answer_with(&mut self, id: RequestId, status: u16, retry_after: Option<&str>, body: &[u8]) {
        let head = AnswerPart::Head(Head { status, retry_after });
        for part in [head, AnswerPart::Chunk(body), AnswerPart::End] {
            self.take(id, part);
        }
    }

    pub(super) fn part(&mut self, which: u8, part: &Part<'_>) {
        if let Some(id) = self.id(which, false) {
            self.with(id, part, |host, part| host.take(id, part));
        }
    }

    pub(super) fn watch(&mut self, which: u8, word: &Word<'_>) {
        let Some(id) = self.id(which, true) else { return };
        let (source, newest) = (self.server.source(), self.server.version);
        let line = match word {
            Word::Head(status) => {
                return self.take(id, AnswerPart::Head(Head { status: status.code(), retry_after: None }));
            }
            Word::End => return self.take(id, AnswerPart::End),
            Word::Failed(kind) => return self.take(id, AnswerPart::Failed(&fail(*kind, false))),
            Word::Bytes(bytes) => return self.take(id, AnswerPart::Chunk(bytes)),
            Word::Bookmark(version) => {
                let meta = json!({"resourceVersion": version.text(newest)});
                json!({"type": "BOOKMARK", "object": {"kind": source.resource().kind(), "metadata": meta}})
            }
            Word::Error { code } => json!({"type": "ERROR", "object": {"kind": "Status", "code": code}}),
            Word::Event { kind, version, thing, .. } => {
                let mut object = thing.make(source, &self.namespace_of(id, thing.namespace), newest);
                object["metadata"]["resourceVersion"] = version.text(newest).into();
                json!({"type": kind.text(), "object": object})
            }
        };
        let line = format!("{line}\n").into_bytes();
        let cut = if let Word::Event { cut: Some(cut), .. } = word { usize::from(*cut).min(line.len()) } else { 0 };
        let (first, second) = line.split_at(cut);
        self.take(id, AnswerPart::Chunk(first));
        self.take(id, AnswerPart::Chunk(second));
    }

    /// A server tells of a namespace what is in it.
    fn namespace_of(&self, id: RequestId, number: u8) -> String {
        let target = self.in_flight.get(&id).map_or("", |exchange| exchange.request.target());
        let named = target.split("/namespaces/").nth(1).and_then(|rest| rest.split('/').next());
        named.unwrap_or_else(|| self.server.namespace(number)).to_owned()
    }

    fn bytes(&self, id: RequestId, body: &Body<'_>) -> Vec<u8> {
        let (source, newest) = (self.server.source(), self.server.version);
        match body {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Service { app } => {
                let app = if *app { "web" } else { "other" };
                json!({"kind": "Service", "spec": {"selector": {"app": app}}}).to_string().into()
            }
            Body::Stored => {
                let target = self.in_flight.get(&id).map_or("", |exchange| exchange.request.target());
                self.server.list(target, false).into()
            }
            Body::Page { version, token, things } => {
                let make = |thing: &super::answer::Thing| {
                    let namespace = self.namespace_of(id, thing.namespace);
                    ((namespace.clone(), name(thing.name)), thing.make(source, &namespace, newest))
                };
                // No list tells of one object twice.
                let items: BTreeMap<_, _> = things.iter().take(6).map(make).collect();
                let items: Vec<_> = items.into_values().collect();
                let token = if token % 4 == 0 { String::new() } else { (token % 4).to_string() };
                let kind = format!("{}List", source.resource().kind());
                let meta = json!({"resourceVersion": version.text(newest), "continue": token});
                json!({"kind": kind, "metadata": meta, "items": items}).to_string().into()
            }
        }
    }

    /// A part for something that is not, or no longer, in flight.
    pub(super) fn stale(&mut self, age: u8, part: &Part<'_>) {
        let id = self.sent.iter().rev().nth(age.into()).copied().unwrap_or(RequestId::NONE);
        if !self.in_flight.contains_key(&id) {
            let before = self.trace.len();
            self.with(id, part, |host, part| host.feed(Input::Answer { id, part }));
            assert_eq!(self.trace.len(), before, "an answer that nobody waits for had an effect");
        }
    }

    fn with(&mut self, id: RequestId, part: &Part<'_>, feed: impl FnOnce(&mut Self, AnswerPart<'_>)) {
        match part {
            Part::Head { status, retry_after } => {
                let retry_after = retry_after.text();
                feed(self, AnswerPart::Head(Head { status: status.code(), retry_after: retry_after.as_deref() }));
            }
            Part::Chunk(body) => {
                let body = self.bytes(id, body);
                feed(self, AnswerPart::Chunk(&body));
            }
            Part::End => feed(self, AnswerPart::End),
            Part::Failed { kind, is_unsent } => feed(self, AnswerPart::Failed(&fail(*kind, *is_unsent))),
        }
    }

    // What the connector says.

    pub(super) fn obey(&mut self, which: u8, well: bool) {
        let ids: Vec<_> = self.attempts.keys().copied().collect();
        if let Some(index) = usize::from(which).checked_rem(ids.len()) {
            self.finish(ids[index], well);
        }
    }

    /// An attempt ends, with its effect if it went well.
    pub(super) fn finish(&mut self, id: LinkId, well: bool) {
        let Some(attempt) = self.attempts.get(&id).cloned() else { return };
        let failure = || LinkFailure::new("no route");
        let report = match attempt {
            Attempt::List => Report::Listed {
                id,
                names: if well { Ok(Some(self.connected.keys().cloned().collect())) } else { Err(failure()) },
            },
            Attempt::Connect(..) | Attempt::Disconnect(_) if !well => Report::Ended { id, outcome: Err(failure()) },
            Attempt::Connect(name, identity) => {
                self.connected.insert(name, identity);
                Report::Ended { id, outcome: Ok(()) }
            }
            Attempt::Disconnect(name) => {
                self.connected.remove(&name);
                Report::Ended { id, outcome: Ok(()) }
            }
        };
        self.feed(Input::Report(&report));
    }

    pub(super) fn list(&mut self, lie: &Lie) {
        let asked = self.attempts.iter().find(|(_, attempt)| matches!(attempt, Attempt::List));
        let Some((id, _)) = asked.map(|(id, attempt)| (*id, attempt.clone())) else { return };
        let known: Vec<_> = self.membership.members().keys().map(|name| name.as_str().to_owned()).collect();
        let named = |which: &u8| match usize::from(*which).checked_rem(known.len() + 1) {
            Some(index) if index < known.len() => known[index].clone(),
            _ => "10.0.0.1".into(),
        };
        let names = match lie {
            Lie::CannotTell => Ok(None),
            Lie::Fails => Err(LinkFailure::new("")),
            Lie::Names(names) => Ok(Some(names.iter().take(6).map(named).collect())),
        };
        self.has_lied = true;
        self.feed(Input::Report(&Report::Listed { id, names }));
    }

    pub(super) fn drop_link(&mut self, which: u8) {
        let known: Vec<_> = self.membership.members().keys().map(|name| name.as_str().to_owned()).collect();
        let name =
            usize::from(which).checked_rem(known.len()).map_or_else(|| "stranger".into(), |index| known[index].clone());
        self.connected.remove(&name);
        self.feed(Input::Report(&Report::Dropped { name }));
    }

    pub(super) fn stale_report(&mut self, age: u8, well: bool) {
        let Some(id) = self.ordered.iter().rev().nth(age.into()).copied() else { return };
        if self.attempts.contains_key(&id) {
            return;
        }
        let before = self.trace.len();
        let outcome = if well { Ok(()) } else { Err(LinkFailure::new("late")) };
        self.feed(Input::Report(&Report::Ended { id, outcome }));
        self.feed(Input::Report(&Report::Listed { id, names: Ok(Some(BTreeSet::new())) }));
        assert_eq!(self.trace.len(), before, "a report that nobody waits for had an effect");
    }

    // What the machine is fed.

    /// Takes one part of an answer in flight.
    pub(super) fn take(&mut self, id: RequestId, part: AnswerPart<'_>) {
        if self.in_flight.contains_key(&id) {
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
            reference.begin_call(&self.membership);
        } else {
            // The copy is the machine: one knows nothing that the other does not.
            self.membership = self.membership.clone();
        }
        self.is_spoilt = false;
        self.note(input);
        self.told_at = self.told_at.max(self.now.instant);
        let actions = self.membership.handle(self.now, input);
        actions.into_iter().for_each(|action| self.carry_out(action));
        if let (true, Input::Answer { id, .. }) = (self.is_spoilt, input) {
            assert!(!self.in_flight.contains_key(&id), "a watch goes on behind a line that is none");
        }
        if let Some(reference) = &mut self.reference {
            reference.check(self.latest, &self.membership);
        }
    }

    /// Writes into the account what an input says.
    fn note(&mut self, input: Input<'_, Report>) {
        match input {
            Input::Start => {
                self.is_started = true;
                self.reference.iter_mut().for_each(Reference::start);
            }
            Input::Report(report) => {
                if let Report::Ended { id, .. } | Report::Listed { id, .. } = report {
                    self.attempts.remove(id);
                }
                self.reference.iter_mut().for_each(|reference| reference.report(report));
            }
            Input::Answer { id, part } => self.note_part(id, part),
            _ => {}
        }
    }

    fn note_part(&mut self, id: RequestId, part: AnswerPart<'_>) {
        let Some(exchange) = self.in_flight.get_mut(&id) else { return };
        let heard = exchange.received.take(part);
        exchange.has_head |= matches!(part, AnswerPart::Head(_));
        exchange.heard_at = self.latest;
        let request = exchange.request.clone();
        if let AnswerPart::End | AnswerPart::Failed(_) = part {
            self.in_flight.remove(&id);
        }
        let Some(reference) = &mut self.reference else { return };
        match heard {
            Heard::Nothing => {}
            Heard::Whole { status, body } => reference.answered(self.latest, &request, status, &body),
            Heard::Lines(lines) => self.is_spoilt = !reference.told(&request, &lines),
        }
    }

    fn carry_out(&mut self, action: Action<Event, Order>) {
        assert!(!action.to_string().is_empty());
        if let Some(reference) = &mut self.reference {
            reference.act(self.latest, &action);
        }
        match &action {
            Action::Send { id, request } => self.send(*id, request),
            Action::Cancel(id) => assert!(self.in_flight.remove(id).is_some(), "{action}"),
            Action::Order(order) => self.take_order(order),
            _ => {}
        }
        self.trace.push(action);
    }

    /// One list and one watch are in flight for a collection at most.
    fn send(&mut self, id: RequestId, request: &Request) {
        assert!(self.sent.last() < Some(&id), "{request}");
        self.sent.push(id);
        let collection =
            |request: &Request| (is_watch(request), request.target().split(['?']).next().map(str::to_owned));
        let is_there = self.in_flight.values().any(|exchange| collection(&exchange.request) == collection(request));
        assert!(!is_there, "two at once: {request}");
        let received = if is_watch(request) { Received::watch(OPENS) } else { Received::answer() };
        let told = request.target().split("resourceVersion=").nth(1).and_then(|rest| rest.split('&').next());
        let told = told.and_then(|version| version.parse().ok()).unwrap_or_default();
        self.in_flight
            .insert(id, Exchange { request: request.clone(), received, told, has_head: false, heard_at: self.latest });
    }

    fn take_order(&mut self, order: &Order) {
        let (id, attempt) = match order {
            Order::Connect { id, peer } => (*id, Attempt::Connect(peer.name.as_str().into(), peer.identity())),
            Order::Disconnect { id, peer } => (*id, Attempt::Disconnect(peer.name.as_str().into())),
            Order::ListConnected { id } => (*id, Attempt::List),
            Order::Abandon(id) => return assert!(self.attempts.remove(id).is_some(), "{order}"),
            other => panic!("{other}"),
        };
        self.ordered.push(id);
        self.attempts.insert(id, attempt);
    }

    /// Once an operation: to describe it takes longer than all else that happens.
    pub(super) fn check_description(&self) {
        if self.reference.is_some() {
            assert_is_line(&self.membership.explain(self.now).to_string());
        }
    }

    // What the machine promises of its deadline.

    fn is_due(&self) -> bool {
        self.membership.deadline().is_some_and(|deadline| deadline.at <= self.latest)
    }

    /// A few timeouts serve all that has come due: a host never spins. One that comes early changes nothing.
    fn serve_deadline(&mut self) {
        for _ in 0..3 {
            if self.is_due() {
                self.now.instant = self.latest;
                self.handle(Input::Timeout);
            }
        }
        assert!(!self.is_due(), "{}", self.membership.explain(self.now));
        let mut early = self.membership.clone();
        let deadline = early.deadline();
        assert!(early.handle(self.now, Input::Timeout).as_slice().is_empty() && early.deadline() == deadline);
    }

    /// Something is always awaited, once it has started.
    fn check_state(&self) {
        assert!(!self.is_started || self.membership.deadline().is_some(), "{}", self.membership.explain(self.now));
        let watches = self.in_flight.values().filter(|exchange| is_watch(&exchange.request) && exchange.has_head);
        let is_silent = |watch: &Exchange| watch.heard_at.saturating_add(self.idle_limit) <= self.latest;
        assert!(!watches.into_iter().any(is_silent), "a watch has been silent for too long");
    }
}
