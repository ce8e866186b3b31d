//! What can happen next.

use quorate_core::membership::LinkId;

use super::budget::Budget;
use super::server::Edit;
use super::wire::{Exchange, Stage};
use super::world::{Slow, State, World};

/// Exchanges go by their place, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Happening {
    Edit(Edit),
    Compact,
    /// Time passes up to the next deadline.
    Wake,
    /// A request reaches the server.
    Arrive(usize),
    ArriveStale(usize),
    ArriveToNobody(usize),
    Refuse(usize, u16),
    /// The next part of an answer reaches the host.
    Deliver(usize),
    Spoil(usize),
    Cut(usize),
    Silence(usize),
    End(usize),
    Expire(usize),
    Succeed(LinkId),
    Fail(LinkId),
    Lose(LinkId),
    Drop(String, Told),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    Yes,
    No,
}

impl World {
    pub(crate) fn happenings(&self, state: &State, found: &mut Vec<Happening>) {
        let budget = &state.budget;
        let mut offer = |happening, is_possible: bool| found.extend(is_possible.then_some(happening));
        for edit in self.edits {
            offer(Happening::Edit(*edit), budget.edits > 0 && state.server.can(*edit));
        }
        offer(Happening::Compact, budget.compactions > 0);
        offer(Happening::Wake, budget.wakes > 0 || state.is_due());
        if self.slow == Slow::Wire {
            for (index, exchange) in state.wire.exchanges.iter().enumerate() {
                self.exchange_happenings(index, exchange, budget, found);
            }
        } else {
            self.link_happenings(state, found);
        }
    }

    fn exchange_happenings(&self, index: usize, exchange: &Exchange, budget: &Budget, found: &mut Vec<Happening>) {
        let mut offer = |happening, is_possible: bool| found.extend(is_possible.then_some(happening));
        let is_asked = exchange.stage == Stage::Asked;
        offer(Happening::Arrive(index), is_asked);
        offer(Happening::ArriveStale(index), is_asked && exchange.is_first_page() && budget.stale_lists > 0);
        offer(Happening::ArriveToNobody(index), is_asked && exchange.is_first_page() && budget.empty_lists > 0);
        for status in self.statuses {
            offer(Happening::Refuse(index, *status), is_asked && budget.refusals > 0);
        }
        offer(Happening::Deliver(index), exchange.has_parts());
        offer(Happening::Spoil(index), exchange.has_parts() && budget.spoils > 0);
        let is_alive = exchange.stage != Stage::Mute;
        offer(Happening::Cut(index), is_alive && budget.cuts > 0);
        offer(Happening::Silence(index), is_alive && budget.silences > 0);
        let is_open = exchange.watch().is_some();
        offer(Happening::End(index), is_open && budget.ends > 0);
        offer(Happening::Expire(index), is_open && budget.expiries > 0);
    }

    fn link_happenings(&self, state: &State, found: &mut Vec<Happening>) {
        let budget = &state.budget;
        for id in state.connector.pending() {
            found.push(Happening::Succeed(id));
            let can_fail = budget.failed_attempts > 0 && state.connector.can_fail(id);
            found.extend(can_fail.then_some(Happening::Fail(id)));
            found.extend((budget.lost_reports > 0).then_some(Happening::Lose(id)));
        }
        for name in state.connector.links.keys().filter(|_| budget.drops > 0) {
            // Reports come in the order in which things happen: an attempt that has yet to be reported goes first.
            if !state.connector.is_trying(name) {
                found.extend([Told::Yes, Told::No].map(|told| Happening::Drop(name.clone(), told)));
            }
        }
    }
}
