//! What must always hold, held against every order, every write and every moment.

use quorate_core::election::Order;
use quorate_core::time::Instant;
use serde_json::Value;

use super::super::candidate::Work;
use super::super::server::{foreign, holder};
use super::{Event, Process, World};

impl World {
    /// A write of a candidate's has changed the Lease: E2, E3 and E6.
    pub(super) fn take_effect(&mut self, from: Process, sent_at: Instant, before: &Value, after: &Value) {
        self.written_at = self.real;
        let candidate = &mut self.candidates[from.0];
        if candidate.life == from.1 {
            candidate.effective = candidate.effective.max(Some(sent_at));
        }
        let is_replaced = before["metadata"]["uid"] == after["metadata"]["uid"];
        if is_replaced && foreign(before) != foreign(after) {
            self.fail(&format!("E6: {} became {}", foreign(before), foreign(after)));
        }
        let is_freed = holder(after).is_empty();
        if let Some((who, life)) = self.holder.filter(|holder| is_replaced && (*holder != from || is_freed)) {
            let candidate = &self.candidates[who];
            if candidate.life == life && candidate.works(self.real) && self.works_are_safe() {
                self.fail(&format!(
                    "E3: the record of {who} was {} while it works",
                    if is_freed { "freed" } else { "taken" }
                ));
            }
        }
        self.holder = (!is_freed).then_some(from);
    }

    pub(super) fn obey(&mut self, who: usize, order: &Order) {
        let real = self.real;
        let (Order::StartWork { term, hard_deadline }
        | Order::MoveHardDeadline { term, hard_deadline }
        | Order::StopWork { term, hard_deadline, .. }) = order
        else {
            return;
        };
        let latest = self.candidates[who].effective.map(|sent| sent.saturating_add(self.config.hard_deadline()));
        if latest.is_none_or(|latest| *hard_deadline > latest)
            && *hard_deadline > self.candidates[who].now(real).instant
        {
            self.fail(&format!("E2: {order}, but its last write that took effect allows {latest:?}"));
        }
        if let Order::StartWork { .. } = order {
            if self.candidates[who].work.is_some() {
                self.fail(&format!("{who} has two works"));
            }
            if self.tokens.last().is_some_and(|last| last >= term) {
                self.fail(&format!("E4: {term} after {:?}", self.tokens.last()));
            }
            self.tokens.push(term.clone());
            let work = Work { term: term.clone(), deadline: *hard_deadline, is_stopping: false, is_gone: false };
            self.candidates[who].work = Some(work);
            return;
        }
        let candidate = &mut self.candidates[who];
        let Some(work) = candidate.work.as_mut().filter(|work| work.term == *term) else { return };
        work.deadline = *hard_deadline;
        if let Order::StopWork { .. } = order {
            work.is_stopping = true;
            let of = (who, candidate.life);
            let at = real + u64::try_from(candidate.slow_work.as_micros()).unwrap();
            if candidate.election.leading_until().is_some() {
                self.fail("the guard must end before a stop is announced");
            }
            self.plan(at, Event::WorkStopped { of, term: term.clone() });
        }
    }

    /// E2: work runs on unasked only while its candidate leads.
    pub(super) fn check_guarded(&self, who: usize) {
        let candidate = &self.candidates[who];
        let is_unguarded = candidate.work.as_ref().is_some_and(|work| !work.is_gone && !work.is_stopping);
        if is_unguarded && !candidate.is_leading(self.real) {
            self.fail(&format!("E2: {who} does not lead, and its work was not told"));
        }
    }

    /// Whether the clocks are within the ratio that works bear; they always are within that of guards.
    fn works_are_safe(&self) -> bool {
        let rates = &self.setup.rates[..self.setup.candidates];
        let (slowest, fastest) = (rates.iter().min().unwrap(), rates.iter().max().unwrap());
        fastest * 1000 < slowest * self.config.options().rate_ratio_permille
    }

    /// E1 and E2. A second one can only begin when something happens, so nothing is missed in between.
    pub(super) fn check(&self) {
        let leading = self.candidates.iter().filter(|it| it.is_leading(self.real)).count();
        let working = self.candidates.iter().filter(|it| it.works(self.real)).count();
        if leading > 1 {
            self.fail("E1: two lead");
        }
        if working > 1 && self.works_are_safe() {
            self.fail("E1: two work");
        }
        let deadline = self.config.options().renew_deadline;
        for (who, candidate) in self.candidates.iter().enumerate() {
            let latest = candidate.effective.map(|sent| sent.saturating_add(deadline));
            if candidate.election.leading_until() > latest {
                self.fail(&format!("E2: {who} leads for longer than its last write that took effect allows"));
            }
        }
    }
}
