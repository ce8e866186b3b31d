//! For how long a candidate may do nothing (E5, E7; design §4, *Writing* and *Standing by*).

use std::time::Duration;

use quorate_core::election::Election;
use quorate_core::machine::Machine as _;
use quorate_core::time::Instant;

use super::lease::Lease;
use super::reference::Reference;
use crate::host::Driver;

pub(super) fn check(reference: &Reference, driver: &Driver<Election>) {
    if reference.awaits_host() {
        return;
    }
    let latest = latest(reference, driver);
    let deadline = driver.machine.deadline();
    assert!(deadline.is_some_and(|deadline| deadline.at <= latest), "not by {latest}: {}", driver.explain());
}

/// Until when something must be done: what was asked must have been answered, or the next thing is due.
fn latest(reference: &Reference, driver: &Driver<Election>) -> Instant {
    let config = &reference.config;
    if let Some((_, exchange)) = driver.exchanges.of_kind(false).next() {
        return exchange.asked_at.saturating_add(config.attempt_timeout());
    }
    let now = driver.clock.latest();
    let next_attempt = now.saturating_add(config.longest_pause());
    let observed = &reference.observed;
    let may_win = |record: &Lease| record.is_ours(config) && !record.is_in_coordinated_election();
    let waits = observed.current.as_ref().filter(|record| !may_win(record));
    let waits = waits.filter(|_| reference.log.terms().pop().is_none_or(|term| term.ended.is_some()));
    waits.map_or(next_attempt, |record| {
        // A watch can be silent: once a quarter it is read all the same.
        let patience = observed.patience.max(config.options().lease_duration);
        let quarter = now.saturating_add(patience / 4);
        let wait = if record.is_held() { patience } else { Duration::ZERO };
        let open_at = observed.changed_at.saturating_add(wait).max(observed.barred_until);
        let open_at = open_at.saturating_add(config.jitter());
        let take_over = if record.is_in_coordinated_election() { quarter } else { open_at.min(quarter) };
        next_attempt.max(take_over)
    })
}
