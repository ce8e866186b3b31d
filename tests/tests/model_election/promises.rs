//! What one step can break: orders about work (E1, E4), and writes (E3, E6, and the count of transitions).

use std::sync::Arc;
use std::time::Duration;

use quorate_core::api::Method;
use quorate_core::election::{FencingToken, Order};
use quorate_core::time::Instant;
use serde_json::Value;

use super::server::{Call, Holder, holder, keeps_what_is_not_ours};
use super::state::{Broken, LONGEST, State, Work};
use super::world::World;

/// No count goes further.
const MOST_TRANSITIONS: u64 = i32::MAX as u64;

impl World {
    /// A write of a candidate's has taken effect.
    pub(crate) fn check_write(&self, state: &mut State, call: &Call, before: &Arc<Value>, after: Option<&Arc<Value>>) {
        if after.is_some_and(|after| !keeps_what_is_not_ours(before, after)) {
            state.fail(Broken::E6);
        }
        let from = holder(Some(before), self.is_exact);
        let is_anothers = from != Holder::Nobody && from != Holder::One(call.life);
        if is_anothers && self.tick_of(call.index) * u32::from(state.unchanged) < patience(before) {
            state.fail(Broken::E3);
        }
    }
}

/// How long a held record is left alone, on the clock of who takes it: whoever holds it, and whether he works or not.
fn patience(lease: &Value) -> Duration {
    let recorded = lease["spec"]["leaseDurationSeconds"].as_u64().unwrap_or_default();
    LONGEST.max(Duration::from_secs(recorded))
}

impl State {
    /// What is about to be written counts the terms: one more for each, and never fewer.
    ///
    /// Only what is written over the newest version counts: the server refuses all else.
    pub(crate) fn check_count(&mut self, call: &Call) {
        let Some(body) = &call.body else { return };
        let (is_made, spec) = (call.method == Method::Post, &body["spec"]);
        let is_right = match self.server.part.lease() {
            _ if is_made => {
                // A leader that makes its Lease again goes on counting.
                let transitions = self.node(call.index).election.transitions();
                spec["leaseTransitions"].as_u64() == Some(transitions.unwrap_or_default().into())
            }
            Some(lease) if lease["metadata"]["resourceVersion"] == body["metadata"]["resourceVersion"] => {
                let (old, is_free) = (&lease["spec"], spec["holderIdentity"] == "");
                // A term is dated; a renewal keeps the date, and so does a count.
                let wins = !is_free && spec["acquireTime"] != old["acquireTime"];
                let changes_hands = !is_free && spec["holderIdentity"] != old["holderIdentity"];
                let expected = if wins { &Value::from(next(old)) } else { &old["leaseTransitions"] };
                (wins || !changes_hands) && spec.get("leaseTransitions").unwrap_or(&Value::Null) == expected
            }
            _ => true,
        };
        if !is_right {
            self.fail(Broken::Transitions);
        }
    }

    pub(crate) fn carry_out(&mut self, index: usize, order: &Order) {
        match order {
            Order::StartWork { term, hard_deadline } => self.start_work(index, term, *hard_deadline),
            Order::MoveHardDeadline { term, hard_deadline } => {
                if let Some(work) = self.work_of(index, term) {
                    work.deadline = *hard_deadline;
                }
            }
            Order::StopWork { term, hard_deadline, .. } => {
                if let Some(work) = self.work_of(index, term) {
                    work.deadline = *hard_deadline;
                    work.is_stopping = true;
                }
            }
            _ => {}
        }
    }

    fn start_work(&mut self, index: usize, term: &FencingToken, deadline: Instant) {
        let work = Work { token: term.clone(), deadline, is_stopping: false };
        // E1: two terms in one process are as bad as in two.
        if self.node(index).work.replace(work).is_some() {
            self.fail(Broken::E1);
        }
        self.has_begun = true;
        let token = term.as_str().parse().unwrap();
        // E4: it is a version that the server gave, so that all later ones are newer.
        if token <= self.token || token > self.server.part.api.version() {
            self.fail(Broken::E4);
        }
        self.token = token;
        self.check_term(index);
    }

    /// What a leader says of its term is in its Lease.
    fn check_term(&mut self, index: usize) {
        let transitions = self.node(index).election.transitions().map(u64::from);
        let Some(lease) = self.server.part.lease() else { return };
        let is_newest = lease["metadata"]["resourceVersion"].as_str() == Some(self.token.to_string().as_str());
        if is_newest && lease["spec"]["leaseTransitions"].as_u64() != transitions {
            self.fail(Broken::Transitions);
        }
    }

    /// The work that an order is about: it is there, as nobody has said that it has ended.
    fn work_of(&mut self, index: usize, term: &FencingToken) -> Option<&mut Work> {
        if self.node(index).work.as_ref().is_none_or(|work| work.token != *term) {
            self.fail(Broken::E1);
        }
        self.node(index).work.as_mut().filter(|work| work.token == *term)
    }
}

/// A count that is missing, or none, is 0.
fn next(spec: &Value) -> u64 {
    (spec["leaseTransitions"].as_u64().unwrap_or_default() + 1).min(MOST_TRANSITIONS)
}
