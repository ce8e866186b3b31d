//! What a write may be, and when (design §4, *Writing* and *Terms*).

use quorate_core::api::{Method, Request};
use quorate_core::election::{ElectionConfig, Event, Order};
use quorate_core::machine::RequestId;
use quorate_core::time::{Instant, Now, Timestamp};
use serde_json::{Value, json};

use super::lease::Lease;
use super::log::{Entry, Purpose, Term, Will, Write};
use super::reference::Reference;
use super::settings::{NAME, NAMESPACE};

const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// Whether the answer shows that the write has taken effect: ours, by name and time, and no longer the version before.
pub(super) fn is_effect(write: &Write, lease: &Lease, config: &ElectionConfig) -> bool {
    let is_in_place = if write.purpose == Purpose::Release { !lease.is_held() } else { lease.is_ours(config) };
    is_in_place && lease.renew_time() == Some(&write.renew_time) && lease.version() != write.base
}

/// Holds a write against the log.
pub(super) fn check(reference: &Reference, now: Now, id: RequestId, request: &Request) -> Write {
    let (kind, body) = request.body().unwrap_or_else(|| panic!("a write without a body"));
    assert_eq!(kind, "application/json");
    let body = Lease(serde_json::from_slice(body).unwrap_or_else(|error| panic!("{error}")));
    let base = reference.observed.current.clone().filter(|_| request.method() == Method::Put);
    let renew_time = expected_time(reference, now);
    assert_eq!(body.renew_time(), Some(&*renew_time), "{}", body.0);
    let purpose = match &base {
        Some(base) => check_replacement(reference, request, base, &body),
        None => check_creation(reference, request, &body),
    };
    let base_version = reference.observed.newest.clone();
    let write = Write { id, purpose, sent_at: now.instant, renew_time, base: base_version };
    match (purpose, &base) {
        (Purpose::Create, _) => check_create(reference),
        (Purpose::Win, Some(base)) => check_win(reference, now, base),
        (Purpose::Renew, Some(base)) => check_renewal(reference, now, base),
        (Purpose::Release, Some(base)) => check_release(reference, now, base),
        (_, None) => panic!("a replacement of nothing"),
    }
    write
}

/// max(wall clock, last sent + monotonic time since, last sent + 1 µs), with six digits.
fn expected_time(reference: &Reference, now: Now) -> String {
    let wall = now.wall.unix_micros().clamp(0, LAST_MICROS);
    let last = reference.log.entries().rev().find_map(|(_, at, entry)| match entry {
        Entry::Wrote(write) => Some((micros(&write.renew_time), at)),
        _ => None,
    });
    let time = last.map_or(wall, |(last, at)| {
        let elapsed = i64::try_from(now.instant.saturating_since(at).as_micros()).unwrap_or(i64::MAX);
        wall.max(last.saturating_add(elapsed.max(1)))
    });
    Timestamp::from_unix_micros(time).to_string()
}

/// Reads what a `Timestamp` displays as, by trying: its digits grow with the time.
fn micros(text: &str) -> i64 {
    let (mut low, mut high) = (0, LAST_MICROS);
    while low < high {
        let middle = low + (high - low) / 2;
        if Timestamp::from_unix_micros(middle).to_string().as_str() < text { low = middle + 1 } else { high = middle }
    }
    low
}

/// A creation carries neither uid nor version: it cannot replace anything.
fn check_creation(reference: &Reference, request: &Request, body: &Lease) -> Purpose {
    let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases");
    assert_eq!((request.method(), request.target()), (Method::Post, &*leases));
    assert!(body.is_ours(&reference.config), "{}", body.0);
    let mut meta = body.0["metadata"].clone();
    if let Value::Object(meta) = &mut meta {
        meta.remove("annotations");
    }
    assert_eq!(meta, json!({"name": NAME, "namespace": NAMESPACE}));
    check_claim(reference, body);
    Purpose::Create
}

/// A replacement is what was seen last, but for the fields that are ours (E6), with its uid and its version.
fn check_replacement(reference: &Reference, request: &Request, base: &Lease, body: &Lease) -> Purpose {
    let (config, observed) = (&reference.config, &reference.observed);
    assert!(request.target().ends_with(&format!("/leases/{NAME}")), "{request}");
    assert_eq!((body.uid(), body.version()), (base.uid(), &*observed.newest));
    assert_eq!(body.foreign(config), base.foreign(config), "a field was lost that is not ours");
    if body.spec("holderIdentity") == "" {
        assert_eq!(body.spec("leaseDurationSeconds"), 1);
        assert_eq!(body.spec("leaseTransitions"), base.spec("leaseTransitions"));
        return Purpose::Release;
    }
    assert!(body.is_ours(config), "{}", body.0);
    check_claim(reference, body);
    if body.spec("acquireTime") == body.spec("renewTime") {
        let next = (base.transitions() + 1).min(i32::MAX.unsigned_abs().into());
        assert_eq!(body.spec("leaseTransitions"), next);
        return Purpose::Win;
    }
    for kept in ["acquireTime", "leaseTransitions"] {
        assert_eq!(body.spec(kept), base.spec(kept), "a renewal changes when, and nothing else");
    }
    Purpose::Renew
}

fn check_claim(reference: &Reference, body: &Lease) {
    assert_eq!(body.spec("leaseDurationSeconds"), reference.config.options().lease_duration.as_secs());
}

fn work(reference: &Reference) -> Option<Term> {
    reference.log.terms().pop().filter(|term| term.ended.is_none())
}

fn check_create(reference: &Reference) {
    assert!(reference.observed.is_read && reference.observed.current.is_none(), "something is there");
    match work(reference) {
        Some(term) => assert!(term.is_led(), "who is about to leave creates nothing"),
        None => assert_eq!(reference.log.will(), Will::Stand),
    }
}

/// E3, and what a creation or a break in the Lease's history makes us wait for.
fn check_win(reference: &Reference, now: Now, base: &Lease) {
    let (config, observed) = (&reference.config, &reference.observed);
    assert!(work(reference).is_none(), "a term while work still runs");
    assert_eq!(reference.log.will(), Will::Stand);
    assert!(!base.is_in_coordinated_election(), "{}", base.0);
    assert!(now.instant >= observed.barred_until, "barred until {}", observed.barred_until);
    if base.is_held() && !base.is_ours(config) {
        let open_at = observed.changed_at.saturating_add(base.patience(config));
        assert!(now.instant >= open_at, "a held record, taken at {} and not at {open_at}", now.instant);
    }
}

fn check_renewal(reference: &Reference, now: Now, base: &Lease) {
    assert!(base.is_ours(&reference.config), "a renewal of another's record: {}", base.0);
    match work(reference) {
        Some(term) if term.is_led() => check_pace(reference, now),
        Some(term) => {
            assert!(term.is_voluntary && !was_refuted(reference, &term), "nothing prolongs a term that was lost")
        }
        None => {
            assert_eq!(reference.log.will(), Will::Stand);
            // A renewal that was due before the bar fell may leave after it.
            assert!(reference.observed.barred_until > Instant::ORIGIN, "what may be won is won, not renewed");
        }
    }
}

/// Whether another was seen to hold the record since the work was told to stop.
fn was_refuted(reference: &Reference, term: &Term) -> bool {
    let stopped = term.stopped.unwrap_or(usize::MAX);
    reference.log.entries().skip(stopped).any(|(_, _, entry)| match entry {
        Entry::Emitted(Event::ObservedHolder { is_ours, .. }) => !is_ours,
        _ => false,
    })
}

/// Conflicts in a row that are followed by an attempt at once.
const QUICK_CONFLICTS: usize = 3;

/// A renewal follows the write before by the retry period at least, unless the term began or ended since, the Lease is not as it
/// was, or somebody was faster, which counts a few times in a row.
fn check_pace(reference: &Reference, now: Now) {
    for (_, at, entry) in reference.log.entries().rev() {
        match entry {
            Entry::Ordered(Order::StartWork { .. } | Order::StopWork { .. }) => return,
            Entry::Deleted(_) | Entry::Read(_, None) => return,
            Entry::Conflict if conflicts(reference) <= QUICK_CONFLICTS => return,
            Entry::Wrote(_) => {
                let passed = now.instant.saturating_since(at);
                return assert!(passed >= reference.config.options().retry_period, "again after {passed:?}");
            }
            _ => {}
        }
    }
}

/// How many conflicts there were in a row, up to now.
fn conflicts(reference: &Reference) -> usize {
    let entries = reference.log.entries().rev().map(|(.., entry)| entry);
    let since = entries.take_while(|entry| !matches!(entry, Entry::Acknowledged(..)));
    since.filter(|entry| matches!(entry, Entry::Conflict)).count()
}

/// Stop, then release; and what nobody may win yet is not freed.
fn check_release(reference: &Reference, now: Now, base: &Lease) {
    assert!(base.is_ours(&reference.config), "another's record is freed: {}", base.0);
    assert!(work(reference).is_none(), "freed while work still runs");
    assert!(now.instant >= reference.observed.barred_until, "freed, while nobody may win it");
    assert!(reference.log.asked_to_leave() > reference.log.stands().0, "freed without being asked to leave");
}
