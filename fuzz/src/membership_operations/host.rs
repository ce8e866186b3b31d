//! The host of one membership: what it is fed, and what it promises of itself.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Namespace, Request};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::{Follow, LinkConfig, LinkId, Membership, MembershipConfig, Report};
use serde_json::json;

use super::answer::{Body, Part, Word};
use super::connector::Connector;
use super::reference::Reference;
use super::script::Lie;
use super::server::Server;
use crate::answer::Piece;
use crate::host::{self, Driver, Exchange, Exchanges, Host as _, is_watch, version_asked_for};
use crate::received::Heard;

pub(super) type Trace = host::Trace<Membership>;

/// Statuses that open a watch.
const OPENS: &[u16] = &[200, 201, 202, 203, 204, 205, 206, 226];

pub(super) struct Host {
    pub(super) driver: Driver<Membership>,
    pub(super) server: Server,
    /// What each watch has told.
    told: BTreeMap<RequestId, u64>,
    pub(super) connector: Connector,
    pub(super) is_started: bool,
    /// Whether the present call has brought a line of a watch after which nothing is to be heard.
    is_spoilt: bool,
    idle_limit: Duration,
    request_timeout: Duration,
    /// Only the first of two plays is judged; the second one goes by copies.
    pub(super) reference: Option<Reference>,
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
            request_timeout: listing.request_timeout,
            reference: is_judged.then(|| Reference::new(&config, &links, scopes)),
            driver: Driver::new(Membership::linked(config, links), Exchanges::new(OPENS)),
            told: BTreeMap::new(),
            connector: Connector::default(),
            is_started: false,
            is_spoilt: false,
            idle_limit,
        }
    }

    pub(super) fn end(mut self, settles: bool) -> Trace {
        let trace = mem::take(&mut self.driver.trace);
        if settles && self.reference.is_some() {
            self.settle();
        }
        trace
    }

    // What the server says.

    fn id(&self, which: u8, wants_watch: bool) -> Option<RequestId> {
        let fitting: Vec<_> = self.driver.exchanges.of_kind(wants_watch).map(|(id, _)| id).collect();
        fitting.get(usize::from(which).checked_rem(fitting.len())?).copied()
    }

    fn target(&self, id: RequestId) -> &str {
        self.driver.exchanges.get(id).map_or("", |exchange| exchange.request.target())
    }

    pub(super) fn serve(&mut self, which: u8, halves: bool) {
        let ids: Vec<_> = self.driver.exchanges.iter().map(|(id, _)| id).collect();
        if let Some(index) = usize::from(which).checked_rem(ids.len()) {
            self.serve_exchange(ids[index], halves);
        }
    }

    /// Whether there was anything to say: a watch has nothing to tell where nothing happens.
    pub(super) fn serve_exchange(&mut self, id: RequestId, halves: bool) -> bool {
        let Some(exchange) = self.driver.exchanges.get(id) else { return false };
        let (request, has_head) = (exchange.request.clone(), exchange.has_head);
        if !is_watch(&request) {
            let body = match request.target().contains("/services/") {
                true => json!({"kind": "Service", "spec": {"selector": {"app": "web"}}}).to_string(),
                false => self.server.list(request.target(), halves),
            };
            self.take_all(id, &Piece::answer(200, None, body.into()));
            return true;
        }
        if !has_head {
            self.take(id, Piece::head(200).part());
            return true;
        }
        let told = self.told.get(&id).copied().unwrap_or_default();
        let Some((version, line)) = self.server.next_event(request.target(), told) else { return false };
        self.told.insert(id, version);
        self.take(id, AnswerPart::Chunk(line.as_bytes()));
        true
    }

    pub(super) fn answer(&mut self, which: u8, status: u16, retry_after: Option<String>, body: &Body<'_>) {
        if let Some(id) = self.id(which, false) {
            let body = self.server.bytes(self.target(id), body);
            self.take_all(id, &Piece::answer(status, retry_after, body));
        }
    }

    pub(super) fn part(&mut self, which: u8, part: &Part<'_>) {
        if let Some(id) = self.id(which, false) {
            let piece = self.make(id, part);
            self.take(id, piece.part());
        }
    }

    fn make(&self, id: RequestId, part: &Part<'_>) -> Piece {
        part.make(|body| self.server.bytes(self.target(id), body))
    }

    pub(super) fn watch(&mut self, which: u8, word: &Word<'_>) {
        let Some(id) = self.id(which, true) else { return };
        let target = self.target(id);
        let pieces = word.make(|event| self.server.event(target, event), |version| self.server.bookmark(*version));
        self.take_all(id, &pieces);
    }

    /// A part for something that is not, or no longer, in flight.
    pub(super) fn stale(&mut self, age: u8, part: &Part<'_>) {
        if let Some(id) = self.driver.exchanges.former(age) {
            let piece = self.make(id, part);
            self.feed_in_vain(Input::Answer { id, part: piece.part() });
        }
    }

    fn feed_in_vain(&mut self, input: Input<'_, Report>) {
        let before = self.driver.trace.len();
        self.feed(input);
        assert_eq!(self.driver.trace.len(), before, "what nobody waits for had an effect");
    }

    // What the connector says.

    pub(super) fn obey(&mut self, which: u8, well: bool) {
        let ids = self.connector.in_flight();
        if let Some(index) = usize::from(which).checked_rem(ids.len()) {
            self.end_attempt(ids[index], well);
        }
    }

    pub(super) fn end_attempt(&mut self, id: LinkId, well: bool) {
        let members = self.driver.machine.members();
        let owner = |name: &str| members.get(name).map(|member| member.identity());
        let report = self.connector.end(id, well, owner);
        self.say(report);
    }

    pub(super) fn say(&mut self, report: Option<Report>) {
        if let Some(report) = report {
            self.feed(Input::Report(&report));
        }
    }

    fn known(&self) -> Vec<String> {
        self.driver.machine.members().keys().map(|name| name.as_str().to_owned()).collect()
    }

    pub(super) fn list(&mut self, lie: &Lie) {
        let report = self.connector.lie(lie, &self.known());
        self.say(report);
    }

    pub(super) fn drop_link(&mut self, which: u8) {
        let report = self.connector.drop_link(which, &self.known());
        self.say(Some(report));
    }

    pub(super) fn stale_report(&mut self, age: u8, well: bool) {
        for report in self.connector.late(age, well).iter().flatten() {
            self.feed_in_vain(Input::Report(report));
        }
    }

    // What the machine is fed.

    /// Writes into the account what an input says.
    fn note(&mut self, input: Input<'_, Report>) {
        match input {
            Input::Start => {
                self.is_started = true;
                self.reference.iter_mut().for_each(Reference::start);
            }
            Input::Report(report) => {
                if let Report::Ended { id, .. } | Report::Listed { id, .. } = report {
                    self.connector.reported(*id);
                }
                let at = self.driver.clock.latest();
                self.reference.iter_mut().for_each(|reference| reference.report(at, report));
            }
            Input::Answer { id, part } => self.note_part(id, part),
            _ => {}
        }
    }

    fn note_part(&mut self, id: RequestId, part: AnswerPart<'_>) {
        let at = self.driver.clock.latest();
        let heard = self.driver.exchanges.take(at, id, part);
        let (Some((request, heard)), Some(reference)) = (heard, &mut self.reference) else { return };
        match heard {
            Heard::Nothing => {}
            Heard::Whole { status, body } => reference.answered(at, &request, status, &body),
            Heard::Lines(lines) => self.is_spoilt = !reference.told(&request, &lines),
        }
    }

    fn carry_out(&mut self, action: <Trace as IntoIterator>::Item) {
        assert!(!action.to_string().is_empty());
        let at = self.driver.clock.latest();
        if let Some(reference) = &mut self.reference {
            reference.act(at, &action);
        }
        match &action {
            Action::Send { id, request } => self.send(*id, request),
            Action::Cancel(id) => self.driver.exchanges.cancel(*id),
            Action::Order(order) => self.connector.order(order),
            _ => {}
        }
        self.driver.trace.push(action);
    }

    /// One list and one watch are in flight for a collection at most.
    fn send(&mut self, id: RequestId, request: &Request) {
        let collection = |request: &Request| request.target().split('?').next().map(str::to_owned);
        let is_twin = |other: &Exchange| collection(&other.request) == collection(request);
        let is_there = self.driver.exchanges.of_kind(is_watch(request)).any(|(_, other)| is_twin(other));
        assert!(!is_there, "two at once: {request}");
        self.told.insert(id, version_asked_for(request).unwrap_or_default());
        self.driver.exchanges.send(self.driver.clock.latest(), id, request);
    }

    /// Once an operation.
    pub(super) fn check_description(&self) {
        if self.reference.is_some() {
            self.driver.check_description();
        }
    }
}

impl host::Host for Host {
    type Machine = Membership;

    const TIMEOUTS: usize = 3;

    fn driver(&self) -> &Driver<Membership> {
        &self.driver
    }

    fn driver_mut(&mut self) -> &mut Driver<Membership> {
        &mut self.driver
    }

    fn handle(&mut self, input: Input<'_, Report>) {
        if let Some(reference) = &mut self.reference {
            reference.begin_call();
        } else {
            // The copy is the machine: one knows nothing that the other does not.
            self.driver.machine = self.driver.machine.clone();
        }
        self.is_spoilt = false;
        self.note(input);
        let actions = self.driver.handle(input);
        actions.into_iter().for_each(|action| self.carry_out(action));
        if let (true, Input::Answer { id, .. }) = (self.is_spoilt, input) {
            assert!(!self.driver.exchanges.contains(id), "a watch goes on behind a line that is none");
        }
        if let Some(reference) = &mut self.reference {
            reference.check(self.driver.clock.latest(), &self.driver.machine);
        }
    }

    /// Something is always awaited, once it has started, and nothing for longer than it may take.
    fn check_state(&self) {
        assert!(!self.is_started || self.driver.machine.deadline().is_some(), "{}", self.driver.explain());
        let latest = self.driver.clock.latest();
        let is_silent = |watch: &Exchange| watch.has_head && watch.heard_at.saturating_add(self.idle_limit) <= latest;
        let watches = &mut self.driver.exchanges.of_kind(true);
        assert!(!watches.any(|(_, watch)| is_silent(watch)), "a watch has been silent for too long");
        let is_late = |list: &Exchange| list.asked_at.saturating_add(self.request_timeout) <= latest;
        let lists = &mut self.driver.exchanges.of_kind(false);
        assert!(!lists.any(|(_, list)| is_late(list)), "a list has been awaited for too long");
        if let Some(reference) = self.reference.as_ref().filter(|_| self.is_started) {
            reference.belief.check_listings(latest);
        }
    }
}
