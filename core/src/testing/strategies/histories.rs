//! What happens to a machine, step by step, and a player that carries it out.
//!
//! A step names an exchange, or something to report, by its place among those that there are when its turn comes: so any
//! sequence fits any machine, and proptest can leave out steps to find the shortest that fails.
//!
//! ```
//! use proptest::prelude::*;
//! use quorate_core::membership::Membership;
//! use quorate_core::testing::strategies::{histories, membership};
//!
//! proptest!(|(options in membership::options(), links in membership::link_options(), steps in histories::of_membership())| {
//!     let mut player = histories::Player::start(Membership::linked(options.build()?, links.build()?));
//!     steps.iter().for_each(|step| player.step(step));
//!     // M5.
//!     for name in player.machine().members().keys() {
//!         prop_assert!(quorate_core::name::Naming::default().parse(name.as_str()).is_ok());
//!     }
//! });
//! ```

use alloc::collections::BTreeSet;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::answers::{self, Answer};
use super::{membership, millis, objects, records};
use crate::api::{AnswerPart, Head, Request};
use crate::election::{self, Election};
use crate::machine::{Action, Input, Machine, RequestId};
use crate::membership::{LinkFailure, Listing, Membership, links};
use crate::time::{Instant, Now, Timestamp};

/// One thing that happens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Step {
    /// Time passes.
    Pass(Duration),
    /// Time passes up to the machine's own deadline.
    Wait,
    /// An exchange that is no watch is answered. A write that is answered by a success is answered by what it wrote.
    Answer {
        /// Which of those in flight.
        which: Index,
        /// By what.
        answer: Answer,
    },
    /// An exchange about a Lease that is no watch is answered by a server of the player's own, which keeps what is written, and
    /// has none before that.
    Serve(Index),
    /// A watch brings a line.
    Line {
        /// Which of those in flight.
        which: Index,
        /// The line, with its end.
        line: Vec<u8>,
    },
    /// A watch ends.
    EndWatch(Index),
    /// The host reports one of the things that it could.
    Report(Index),
}

/// A machine whose host has something to report.
pub trait Reporting: Machine {
    /// What a host could say that was given these orders, true or not.
    fn reports(&self, orders: &[Self::Order]) -> Vec<Self::Report>;
}

impl Reporting for Listing {
    fn reports(&self, _: &[Self::Order]) -> Vec<Self::Report> {
        Vec::new()
    }
}

impl Reporting for Election {
    /// To step down, to stand, to shut down, and that the work of the last term has ended: that one twice as often.
    fn reports(&self, orders: &[election::Order]) -> Vec<election::Report> {
        let started = orders.iter().rev().find_map(|order| match order {
            election::Order::StartWork { term, .. } => Some(election::Report::WorkEnded { term: term.clone() }),
            _ => None,
        });
        let asked =
            [election::Report::StepDown, election::Report::Stand, election::Report::Stand, election::Report::Shutdown];
        started.iter().chain(&started).cloned().chain(asked).collect()
    }
}

impl Reporting for Membership {
    /// That any attempt has ended, well or not; who is connected, or that nobody can tell; that a link went down.
    fn reports(&self, orders: &[links::Order]) -> Vec<links::Report> {
        let names: BTreeSet<_> = self.members().keys().map(|name| name.as_str().to_string()).collect();
        let mut reports = Vec::new();
        for order in orders.iter().rev().take(20) {
            match order {
                links::Order::Connect { id, .. } | links::Order::Disconnect { id, .. } => {
                    let failures = [LinkFailure::new("no route"), LinkFailure::still_answers("it answers")];
                    let outcomes = [Ok(())].into_iter().chain(failures.map(Err));
                    reports.extend(outcomes.map(|outcome| links::Report::Ended { id: *id, outcome }));
                }
                links::Order::ListConnected { id } => {
                    let lists =
                        [Ok(Some(BTreeSet::new())), Ok(Some(names.clone())), Err(LinkFailure::new("no answer"))];
                    reports.extend(lists.map(|names| links::Report::Listed { id: *id, names }));
                }
                _ => {}
            }
        }
        reports.extend(names.into_iter().map(|name| links::Report::Dropped { name }));
        reports
    }
}

/// What may happen to a candidate: 0 to 80 steps, with Leases of every kind in answers and watches.
///
/// Two of three histories are mostly sane, so that they come as far as terms; in the third, hardly one answer goes with another.
pub fn of_election() -> impl Strategy<Value = Vec<Step>> {
    let any_record = || prop_oneof![6 => records::leases(), 2 => records::odd_leases(), 1 => records::no_leases()];
    let any_step = || any_step(answers::to(any_record()).boxed(), lines(any_record().boxed()).boxed());
    prop_oneof![2 => vec(prop_oneof![12 => sane_step(), 1 => any_step()], 0..80), 1 => vec(any_step(), 0..80)]
}

/// What may happen to a membership or a listing, of any source: 0 to 80 steps.
pub fn of_membership() -> impl Strategy<Value = Vec<Step>> {
    membership::sources().prop_flat_map(|source| {
        let answers = answers::to(objects::lists(source)).boxed();
        vec(any_step(answers, lines(objects::objects(source)).boxed()), 0..80)
    })
}

/// A line of a watch: mostly an event about such an object; sometimes a bookmark, an error, or nothing that can be read.
pub fn lines(objects: BoxedStrategy<Value>) -> impl Strategy<Value = Vec<u8>> {
    let kinds = select(&["ADDED", "MODIFIED", "DELETED", "BOOKMARK"][..]);
    let event = (kinds, objects).prop_map(|(kind, object)| json!({"type": kind, "object": object}).to_string());
    let codes = select(&[410_u16, 429, 500][..]);
    let error = codes.prop_map(|code| json!({"type": "ERROR", "object": {"kind": "Status", "code": code}}).to_string());
    let garbage = select(&["x", "{}", "[]", "null"][..]).prop_map(|text| text.to_string());
    prop_oneof![8 => event, 1 => error, 1 => garbage].prop_map(|mut line| {
        line.push('\n');
        line.into_bytes()
    })
}

/// What happens to a candidate whose server does its duty.
fn sane_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => any::<Index>().prop_map(Step::Serve),
        10 => Just(Step::Wait),
        2 => millis(0..=2000).prop_map(Step::Pass),
        1 => any::<Index>().prop_map(Step::Report),
    ]
}

fn any_step(answers: BoxedStrategy<Answer>, lines: BoxedStrategy<Vec<u8>>) -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => millis(0..=6000).prop_map(Step::Pass),
        1 => millis(0..=120_000).prop_map(Step::Pass),
        8 => Just(Step::Wait),
        12 => (any::<Index>(), answers).prop_map(|(which, answer)| Step::Answer { which, answer }),
        4 => (any::<Index>(), lines).prop_map(|(which, line)| Step::Line { which, line }),
        1 => any::<Index>().prop_map(Step::EndWatch),
        3 => any::<Index>().prop_map(Step::Report),
    ]
}

/// A host that carries steps out: it keeps the time, what is in flight, and what was ordered.
#[derive(Clone, Debug)]
pub struct Player<M: Machine> {
    machine: M,
    now: Now,
    in_flight: Vec<(RequestId, Request)>,
    orders: Vec<M::Order>,
    events: Vec<M::Event>,
    last_write_at: Option<Instant>,
    /// The Lease that was written last, and its version: above all that strategies give.
    stored: Option<Value>,
    version: u64,
}

impl<M: Reporting> Player<M> {
    /// Starts a machine.
    #[must_use]
    pub fn start(machine: M) -> Self {
        let now = Now { wall: Timestamp::from_unix_micros(1_795_197_898_000_000), ..Now::default() };
        let mut player = Self {
            machine,
            now,
            in_flight: Vec::new(),
            orders: Vec::new(),
            events: Vec::new(),
            last_write_at: None,
            stored: None,
            version: 100,
        };
        player.feed(Input::Start);
        player
    }

    /// The machine as it is.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// What the host's clocks say.
    #[must_use]
    pub const fn now(&self) -> Now {
        self.now
    }

    /// What is in flight, watches among it, in the order in which it was sent.
    #[must_use]
    pub fn in_flight(&self) -> &[(RequestId, Request)] {
        &self.in_flight
    }

    /// All orders so far.
    #[must_use]
    pub fn orders(&self) -> &[M::Order] {
        &self.orders
    }

    /// All events so far.
    #[must_use]
    pub fn events(&self) -> &[M::Event] {
        &self.events
    }

    /// When the last write of a Lease was sent.
    #[must_use]
    pub const fn last_write_at(&self) -> Option<Instant> {
        self.last_write_at
    }

    /// Lets one thing happen, and the machine's deadline if it has come. A step for which there is nothing does nothing.
    pub fn step(&mut self, step: &Step) {
        match step {
            Step::Pass(time) => self.pass(*time),
            Step::Wait => {
                let left = self.machine.deadline().map(|deadline| deadline.at.saturating_since(self.now.instant));
                self.pass(left.unwrap_or_default());
            }
            Step::Answer { which, answer } => self.answer(which, answer),
            Step::Serve(which) => self.serve(which),
            Step::Line { which, line } => self.hear(which, Some(line)),
            Step::EndWatch(which) => self.hear(which, None),
            Step::Report(which) => {
                let reports = self.machine.reports(&self.orders);
                if let Some(report) = pick(&reports, which) {
                    self.feed(Input::Report(report));
                }
            }
        }
    }

    /// Feeds one input, and carries out what follows.
    pub fn feed(&mut self, input: Input<'_, M::Report>) {
        for action in self.machine.handle(self.now, input) {
            match action {
                Action::Send { id, request } => {
                    if request.is_lease_write() {
                        self.last_write_at = Some(self.now.instant);
                    }
                    self.in_flight.push((id, request));
                }
                Action::Cancel(id) => self.forget(id),
                Action::Emit(event) => self.events.push(event),
                Action::Order(order) => self.orders.push(order),
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.instant = self.now.instant.saturating_add(time);
        self.now.wall = self.now.wall.saturating_add(time);
        self.feed(Input::Timeout);
    }

    fn forget(&mut self, id: RequestId) {
        self.in_flight.retain(|(other, _)| *other != id);
    }

    fn exchange(&self, which: &Index, is_watch: bool) -> Option<(RequestId, Request)> {
        let is_it = |(_, request): &&(RequestId, Request)| request.target().contains("watch=true") == is_watch;
        let fitting: Vec<_> = self.in_flight.iter().filter(is_it).collect();
        pick(&fitting, which).map(|exchange| (*exchange).clone())
    }

    fn answer(&mut self, which: &Index, answer: &Answer) {
        let Some((id, request)) = self.exchange(which, false) else { return };
        let written = request.body().filter(|_| answer.is_whole_success());
        let answer = match written.and_then(|(_, body)| self.store(serde_json::from_slice(body).ok()?)) {
            Some(stored) => answer.echoing(stored),
            None => answer.clone(),
        };
        for part in answer.parts() {
            self.take(id, part);
        }
    }

    /// What was written, as a server keeps it.
    fn store(&mut self, mut object: Value) -> Option<Vec<u8>> {
        let Value::Object(metadata) = object.get_mut("metadata")? else { return None };
        self.version = self.version.saturating_add(1);
        metadata.insert("resourceVersion".into(), self.version.to_string().into());
        metadata.entry("uid").or_insert_with(|| "created".into());
        let stored = object.to_string().into_bytes();
        self.stored = Some(object);
        Some(stored)
    }

    fn serve(&mut self, which: &Index) {
        let Some((id, request)) = self.exchange(which, false) else { return };
        if !request.target().contains("/leases") {
            return;
        }
        let (status, body) = match request.body() {
            Some((_, body)) => self.write(body),
            None => self.stored.as_ref().map_or((404, Vec::new()), |stored| (200, stored.to_string().into_bytes())),
        };
        let head = AnswerPart::Head(Head { status, retry_after: None });
        for part in [head, AnswerPart::Chunk(&body), AnswerPart::End] {
            self.take(id, part);
        }
    }

    /// A write takes effect on what it was written over, and on nothing else.
    fn write(&mut self, body: &[u8]) -> (u16, Vec<u8>) {
        let base =
            |lease: &Value| ["uid", "resourceVersion"].map(|field| lease.pointer("/metadata")?.get(field).cloned());
        let written: Value = serde_json::from_slice(body).unwrap_or_default();
        if base(&written) != self.stored.as_ref().map_or([None, None], base) {
            return (409, Vec::new());
        }
        self.store(written).map_or((422, Vec::new()), |stored| (200, stored))
    }

    /// A watch is opened by its first line or its end.
    fn hear(&mut self, which: &Index, line: Option<&[u8]>) {
        let Some((id, _)) = self.exchange(which, true) else { return };
        self.take(id, AnswerPart::Head(Head { status: 200, retry_after: None }));
        self.take(id, line.map_or(AnswerPart::End, AnswerPart::Chunk));
    }

    fn take(&mut self, id: RequestId, part: AnswerPart<'_>) {
        if !self.in_flight.iter().any(|(other, _)| *other == id) {
            return;
        }
        if let AnswerPart::End | AnswerPart::Failed(_) = part {
            self.forget(id);
        }
        self.feed(Input::Answer { id, part });
    }
}

fn pick<'a, T>(all: &'a [T], which: &Index) -> Option<&'a T> {
    if all.is_empty() { None } else { all.get(which.index(all.len())) }
}
