//! How long the guard may say "leading", and what follows for the work (design §4, *Terms* and *Working*).

use std::rc::Rc;

use quorate_core::election::{Create, Election, Event, Order, StopReason};
use quorate_core::time::Instant;

use super::lease::number;
use super::log::{Entry, Purpose, Term, Will, Write};
use super::reference::Reference;

/// The send instant of the last write of this term that is known to have taken effect: evidence of any kind counts here.
fn last_success(reference: &Reference, begins_after: usize) -> Option<Instant> {
    let effective = reference.log.effective(begins_after, |lease| lease.is_ours(&reference.config));
    effective.iter().map(|(write, _)| write.sent_at).max()
}

/// From where on writes count for the term: where the one before was over.
fn floor(reference: &Reference, term: &Term) -> usize {
    let before = reference.log.terms().into_iter().filter(|other| other.begun < term.begun);
    before.filter_map(|other| other.stopped.max(other.ended)).max().map_or(0, |place| place + 1)
}

pub(super) fn check_order(reference: &Reference, at: Instant, order: &Order) {
    let last = reference.log.terms().pop();
    let (token, hard_deadline) = match order {
        Order::StartWork { term, hard_deadline } => {
            assert!(last.as_ref().is_none_or(|last| last.ended.is_some()), "two works at once: {order}");
            check_begin(reference, order);
            return assert_within(reference, at, reference.log.void_before(), *hard_deadline, term.as_str());
        }
        Order::MoveHardDeadline { term, hard_deadline } => {
            assert!(last.as_ref().is_some_and(|last| last.ended.is_none()), "no work runs: {order}");
            (term, hard_deadline)
        }
        Order::StopWork { term, hard_deadline, .. } => {
            assert!(last.as_ref().is_some_and(|last| last.stopped.is_none()), "told to stop already: {order}");
            (term, hard_deadline)
        }
        other => panic!("{other}"),
    };
    let Some(last) = last.filter(|last| last.token == *token) else { panic!("of another term: {order}") };
    let is_superseded =
        matches!(order, Order::StopWork { reason: StopReason::Superseded { .. } | StopReason::Cleared, .. });
    assert!(!is_superseded || *hard_deadline == at, "another holds the Lease, and the work runs on: {order}");
    if *hard_deadline > at {
        assert_within(reference, at, floor(reference, &last), *hard_deadline, token.as_str());
    }
}

/// E3: the work is gone before anybody may take over.
fn assert_within(reference: &Reference, at: Instant, from: usize, hard_deadline: Instant, token: &str) {
    let options = reference.config.options();
    let permille = options.rate_ratio_permille.max(1);
    let rounding = u32::from(options.beside_client_go);
    let lease = options.lease_duration.saturating_mul(1000) / permille;
    let left = lease
        .saturating_sub(reference.config.kill_margin())
        .saturating_sub(std::time::Duration::from_secs(1) * rounding);
    let latest = last_success(reference, from).map(|sent_at| sent_at.saturating_add(left));
    assert!(
        latest.is_some_and(|latest| hard_deadline <= latest),
        "term {token} at {at}: {hard_deadline}, not {latest:?}"
    );
}

/// A term begins with a winning write that was sent after all that ended before, and by a token above all others (E4).
fn check_begin(reference: &Reference, order: &Order) {
    let Order::StartWork { term, .. } = order else { return };
    assert_eq!(reference.log.will(), Will::Stand);
    let is_winning = |write: &Write| match write.purpose {
        Purpose::Win => true,
        Purpose::Create => reference.config.options().create == Create::Fast,
        Purpose::Release | Purpose::Renew => false,
    };
    let effective = reference.log.effective(reference.log.void_before(), |lease| lease.is_ours(&reference.config));
    let won =
        effective.iter().find(|(write, versions)| is_winning(write) && versions.iter().any(|it| it == term.as_str()));
    let Some((write, _)) = won else { panic!("nothing has won: {order}") };
    // A server that shows a write's effect in the version that was there before it is none; nor is one that goes back, up to there.
    let is_sane = number(term.as_str()) > number(&write.base);
    let since = reference.observed.rewound_in.unwrap_or_default();
    let before =
        reference.log.terms().into_iter().filter(|before| before.begun >= since).map(|before| before.token).max();
    assert!(!is_sane || before.is_none_or(|before| before < *term), "E4: {order}");
}

/// After each call.
pub(super) fn check_guard(reference: &Reference, at: Instant, election: &Election) {
    let led = reference.log.terms().pop().filter(Term::is_led);
    assert_eq!(election.term(), led.as_ref().map(|term| &term.token));
    assert_eq!(election.leading_until().is_some(), led.is_some());
    if let (Some(until), Some(term)) = (election.leading_until(), &led) {
        // E2.
        let deadline = reference.config.options().renew_deadline;
        let latest = last_success(reference, floor(reference, term)).map(|sent_at| sent_at.saturating_add(deadline));
        assert!(latest.is_some_and(|latest| until <= latest), "leading until {until}, not {latest:?}");
        assert!(at < until && election.is_leading(at) && !election.is_leading(until), "leading at {at} until {until}");
        if let Some(record) = &reference.observed.current {
            assert!(record.is_ours(&reference.config), "another holds the Lease, and we lead: {}", record.0);
            assert!(!record.is_in_coordinated_election(), "{}", record.0);
        }
    }
    for acknowledged in answered_now(reference) {
        check_acknowledged(reference, at, election, &acknowledged);
    }
}

fn answered_now(reference: &Reference) -> Vec<Rc<Write>> {
    let now = reference.log.entries().skip(reference.call);
    let answered = now.filter_map(|(_, _, entry)| match entry {
        Entry::Acknowledged(write, _) => Some(write.clone()),
        _ => None,
    });
    answered.collect()
}

/// What was won counts, and so does each renewal: a term is neither lost nor shortened without a reason.
fn check_acknowledged(reference: &Reference, at: Instant, election: &Election, write: &Write) {
    let Some(record) = &reference.observed.current else { return };
    let (terms, log) = (reference.log.terms(), &reference.log);
    let place = log.entries().find(|(_, _, entry)| matches!(entry, Entry::Wrote(other) if other.id == write.id));
    let Some((place, ..)) = place else { return };
    let is_void =
        terms.iter().filter_map(|term| term.stopped.max(term.ended)).chain(log.asked_to_leave()).any(|end| end > place);
    let until = write.sent_at.saturating_add(reference.config.options().renew_deadline);
    if is_void || at >= until || !record.is_ours(&reference.config) || record.is_in_coordinated_election() {
        return;
    }
    let has_won = write.purpose == Purpose::Win;
    let was_led = terms.last().is_some_and(|term| term.is_led() && term.begun < reference.call);
    if has_won || was_led {
        assert_eq!(election.leading_until(), Some(until), "{write:?} was acknowledged in vain");
    }
    if was_led && !was_as_late(reference, write) {
        let is_told = |entry: &Entry| matches!(entry, Entry::Emitted(Event::Renewed { .. }));
        assert!(log.entries().skip(reference.call).any(|(_, _, entry)| is_told(entry)));
    }
}

/// Whether a write that left no earlier, in the same instant or by its effect this one, had counted before this call.
fn was_as_late(reference: &Reference, write: &Write) -> bool {
    let known = reference.log.effective_by(reference.call, 0, |lease| lease.is_ours(&reference.config));
    known.iter().any(|(other, _)| other.sent_at >= write.sent_at)
}
