//! The recorded behaviour of Bonny's elector (`testdata/golden`) against ours: the same, or different on purpose.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "golden_bonny/case.rs"]
mod case;
#[path = "golden_bonny/differences.rs"]
mod differences;
#[path = "golden_bonny/ours.rs"]
mod ours;
#[path = "golden_bonny/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_core::api::LeaseName;
use quorate_core::election::Create;
use serde_json::Value;

use case::{Case, Expected, Outcome};
use differences::{DIFFERENCES, Difference, Expect};
use ours::{Candidate, Ours};

/// What became of the comparisons.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    cases: usize,
    steps: usize,
    same: usize,
    different: usize,
}

// Bonny leads as soon as it has created the Lease: here we do so too, else hardly any sequence would compare.
#[test]
fn we_decide_as_bonny_does_or_differ_on_purpose() {
    let mut count = Count::default();
    let mut listed: BTreeMap<_, _> =
        DIFFERENCES.iter().map(|entry| ((entry.case.to_owned(), entry.step), entry)).collect();
    assert_eq!(listed.len(), DIFFERENCES.len(), "a difference is listed twice");
    let mut faults = Vec::new();
    for case in case::load() {
        count.cases += 1;
        for (number, (ours, expected)) in (1..).zip(take(&case).into_iter().zip(&case.expected)) {
            count.steps += 1;
            let entry = listed.remove(&(case.id.clone(), number));
            if let Err(fault) = compare(&ours, expected, entry, &mut count) {
                faults.push(format!("{}, step {number}: {fault}", case.id));
            }
        }
    }
    faults.extend(listed.keys().map(|(id, step)| format!("{id}, step {step}: listed, but there is no such step")));
    print(&count);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Nothing drops out in silence.
    assert_eq!(count, Count { cases: 52, steps: 61, same: 27, different: 34 });
}

fn take(case: &Case) -> Vec<Ours> {
    match Candidate::start(case, Create::Fast) {
        Ok(mut candidate) => candidate.take(&case.steps),
        Err(error) => case.steps.iter().map(|_| Ours::Refused(error.clone())).collect(),
    }
}

fn compare(ours: &Ours, theirs: &Expected, entry: Option<&Difference>, count: &mut Count) -> Result<(), String> {
    match (agree(ours, theirs), entry) {
        (true, Some(_)) => return Err("listed as a difference, but it is none".to_owned()),
        (false, None) => {
            return Err(format!(
                "differs and is not listed: {ours:?}, Bonny: {:?} {:?}",
                theirs.outcome(),
                theirs.written
            ));
        }
        (false, Some(entry)) if !matches(ours, &entry.ours) => {
            return Err(format!("differs in another way than listed ({}): {ours:?}, not {:?}", entry.why, entry.ours));
        }
        (true, None) => count.same += 1,
        (false, Some(_)) => count.different += 1,
    }
    Ok(())
}

/// The same decision and, where it takes a write, the same in every field that Bonny writes.
fn agree(ours: &Ours, theirs: &Expected) -> bool {
    let Ours::Did { outcome, written } = ours else { return false };
    let has_written = matches!(outcome, Outcome::Acquire | Outcome::Renew);
    *outcome == theirs.outcome()
        && (!has_written
            || written
                .as_ref()
                .zip(theirs.written.as_ref())
                .is_some_and(|(ours, theirs)| claim_alike(ours, &theirs["spec"])))
}

fn claim_alike(ours: &Value, theirs: &Value) -> bool {
    // The last of the six digits tells two writes of ours apart that are sent at once.
    let time =
        |spec: &Value, field| spec[field].as_str().map(|text| (text.len(), text.get(..25).map(ToOwned::to_owned)));
    ["holderIdentity", "leaseDurationSeconds"].iter().all(|field| ours[field] == theirs[field])
        && ["acquireTime", "renewTime"].iter().all(|field| time(ours, field) == time(theirs, field))
}

fn matches(ours: &Ours, expected: &Expect) -> bool {
    match (ours, expected) {
        (Ours::Did { outcome, .. }, Expect::Do(expected)) => outcome == expected,
        (Ours::Refused(text), Expect::Refuse(said)) => text.contains(said),
        _ => false,
    }
}

// E3: one lease duration after the record was first seen; the whole table of absurd times and durations says nothing else.
#[test]
fn whoever_waits_leads_once_the_record_has_stood_still() {
    let mut waited = 0;
    for case in case::load() {
        let Ok(mut candidate) = Candidate::start(&case, Create::Fast) else { continue };
        let ours = candidate.take(&case.steps);
        let is_waiting = matches!(ours.last(), Some(Ours::Did { outcome: Outcome::Wait, .. }));
        let case::Answer::Ok(lease) = &case.steps[0].get else { continue };
        if is_waiting && lease["metadata"]["uid"].is_string() {
            assert_eq!(candidate.leads_after(), Some(Duration::from_secs(15)), "{}", case.id);
            waited += 1;
        }
    }
    assert_eq!(waited, 27);
}

// By default a creation begins no term: design §4, Creation.
#[test]
fn whoever_creates_the_lease_waits_by_default() {
    let mut created = 0;
    for case in case::load() {
        let mut fast = take(&case);
        let is_fast = matches!(fast.remove(0), Ours::Did { outcome: Outcome::Acquire, .. });
        if is_fast && matches!(case.steps[0].get, case::Answer::Error { .. }) {
            let mut candidate = Candidate::start(&case, Create::Safe).unwrap();
            let safe = candidate.take(&case.steps[..1]).remove(0);
            assert!(matches!(safe, Ours::Did { outcome: Outcome::Wait, .. }), "{}: {safe:?}", case.id);
            let after = candidate.leads_after().unwrap();
            assert!((Duration::from_secs(15)..Duration::from_secs(18)).contains(&after), "{}: {after:?}", case.id);
            created += 1;
        }
    }
    assert_eq!(created, 15);
}

#[test]
fn each_of_its_leases_has_a_name_that_we_take() {
    let names = case::load().into_iter().flat_map(|case| case.expected).filter_map(|expected| expected.lease_name);
    assert_eq!(names.filter(|name| LeaseName::parse(name).is_ok()).count(), 59);
}

#[expect(clippy::print_stdout, reason = "the numbers are for people")]
fn print(count: &Count) {
    println!("{count:#?}");
    for Difference { case, step, ours, why } in DIFFERENCES {
        println!("{case}, step {step}: {why} ({ours:?})");
    }
}
