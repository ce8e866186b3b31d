//! One term, as its guard, its work and the election's task see it.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::election::{FencingToken, StopReason};
use quorate_core::time::Instant;
use tokio::sync::watch;

use super::guard::{Guard, Lead};
use crate::clock::Clock;

#[derive(Debug)]
pub(super) struct Term {
    pub(super) token: FencingToken,
    /// Counts the terms of this elector.
    pub(super) number: u64,
    pub(super) lead: Lead,
    clock: Clock,
    orders: watch::Sender<Orders>,
}

/// What the work of a term was told.
#[derive(Clone, Debug)]
struct Orders {
    hard_deadline: Instant,
    /// By when it must be gone after a stop that we chose.
    grace_end: Option<Instant>,
    stop: Option<StopReason>,
}

impl Orders {
    fn gone_by(&self) -> Instant {
        self.grace_end.map_or(self.hard_deadline, |end| end.min(self.hard_deadline))
    }
}

impl Term {
    pub(super) fn new(number: u64, token: FencingToken, clock: Clock, hard_deadline: Instant) -> Self {
        let orders = watch::Sender::new(Orders { hard_deadline, grace_end: None, stop: None });
        Self { token, number, lead: Lead::none(clock), clock, orders }
    }

    pub(super) fn move_hard_deadline(&self, at: Instant) {
        self.orders.send_modify(|orders| orders.hard_deadline = at);
    }

    /// Ends the guard, then tells the work to stop. The first reason holds, and the earliest end of a grace period.
    pub(super) fn stop(&self, reason: &StopReason, grace_end: Option<Instant>) {
        self.lead.end();
        self.orders.send_modify(|orders| {
            orders.stop.get_or_insert_with(|| reason.clone());
            orders.grace_end = orders.grace_end.into_iter().chain(grace_end).min();
        });
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.orders.borrow().stop.is_some()
    }

    /// When the work must be gone, unless it is told otherwise.
    pub(super) fn gone_by(&self) -> Instant {
        self.orders.borrow().gone_by()
    }

    /// Whether the work must be gone by now.
    pub(super) fn is_due(&self) -> bool {
        self.clock.instant() >= self.gone_by()
    }

    /// Completes when the work must be gone.
    pub(super) async fn due(&self) {
        let mut orders = self.orders.subscribe();
        loop {
            let at = orders.borrow_and_update().gone_by();
            if self.clock.instant() >= at {
                return;
            }
            tokio::select! {
                // The sender lives as long as this borrow of it.
                _ = orders.changed() => {}
                () = self.clock.sleep_until(Some(at)) => {}
            }
        }
    }

    async fn stopping(&self) -> StopReason {
        let mut orders = self.orders.subscribe();
        loop {
            let stop = orders.borrow_and_update().stop.clone();
            if let Some(reason) = stop {
                return reason;
            }
            // E2: also if the election's task is held up and has told nobody yet.
            let until = self.lead.until();
            if until.is_some_and(|until| self.clock.instant() >= until) {
                return StopReason::Deadline;
            }
            tokio::select! {
                _ = orders.changed() => {}
                () = self.clock.sleep_until(until) => {}
            }
        }
    }
}

/// One term, for the work that is done in it. Clones are the same term.
#[derive(Clone, Debug)]
pub struct Leadership(Arc<Term>);

impl Leadership {
    pub(super) const fn of(term: Arc<Term>) -> Self {
        Self(term)
    }

    /// What to show to whatever must refuse the late changes of an earlier leader. It grows from term to term.
    #[must_use]
    pub fn token(&self) -> &FencingToken {
        &self.0.token
    }

    /// Says whether we lead in this term: never again once it is over, whatever term follows.
    #[must_use]
    pub fn guard(&self) -> Guard {
        Guard::of_one_term(Arc::clone(&self.0))
    }

    /// Completes when the work is to stop, with the reason; at once if it was told to already. The guard has ended by then.
    ///
    /// After a loss it completes when the renew deadline has passed since the last successful renewal was sent, at the
    /// latest. Dropping the future loses nothing, so it may be one branch of a `select!`.
    pub async fn stopping(&self) -> StopReason {
        self.0.stopping().await
    }

    /// How much time is left until the work is dropped: zero if it should be gone.
    ///
    /// While we lead, each renewal moves that end; once the work was told to stop after a loss nothing does. After a stop of
    /// our own choice it is also bounded by the grace period that came with it.
    #[must_use]
    pub fn hard_deadline(&self) -> Duration {
        self.0.clock.left_until(self.0.gone_by())
    }
}
