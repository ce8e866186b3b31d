//! libcluster's recorded behaviour (`testdata/golden`) against ours: the same, or different on purpose.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "golden_libcluster/case.rs"]
mod case;
#[path = "golden_libcluster/differences.rs"]
mod differences;
#[path = "golden_libcluster/links.rs"]
mod links;
#[path = "golden_libcluster/ours.rs"]
mod ours;

use std::collections::{BTreeMap, BTreeSet};

use case::{Case, Expected, Step, Theirs};
use differences::{DIFFERENCES, Difference, Expect, REQUEST_DIFFERENCES};
use ours::{Answer, Ours, Setup};
use percent_encoding::percent_decode_str;

/// What became of the comparisons.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    cases: usize,
    /// The steps of all cases.
    steps: usize,
    /// Bodies that were compared once more with the `kind` that they lack.
    with_kind: usize,
    same_list: usize,
    same_failure: usize,
    different: usize,
    /// There is nothing of ours to compare.
    not_comparable: usize,
}

#[test]
fn we_list_what_libcluster_lists_or_differ_on_purpose() {
    let mut count = Count::default();
    let mut listed: BTreeMap<_, _> =
        DIFFERENCES.iter().map(|entry| ((entry.case.to_owned(), entry.step), entry)).collect();
    assert_eq!(listed.len(), DIFFERENCES.len(), "a difference is listed twice");
    let mut faults = Vec::new();
    for case in case::load() {
        count.cases += 1;
        let setup = Setup::of(&case);
        for (number, (step, expected)) in (1..).zip(case.steps.iter().zip(&case.expected)) {
            count.steps += 1;
            let body = step.body();
            let with_kind = add_kind(&case, &body);
            count.with_kind += usize::from(with_kind.is_some());
            let with_kind = with_kind.map(|body| (format!("{}+kind", case.id), body));
            for (id, body) in [(case.id.clone(), body)].into_iter().chain(with_kind) {
                let ours = setup.as_ref().map_or_else(Clone::clone, |setup| setup.take(&answer(step, expected, &body)));
                let entry = listed.remove(&(id.clone(), number));
                if let Err(fault) = compare(&ours, &expected.theirs(), entry, &mut count) {
                    faults.push(format!("{id}, step {number}: {fault}"));
                }
            }
        }
    }
    faults.extend(listed.keys().map(|(id, step)| format!("{id}, step {step}: listed, but there is no such step")));
    print(&count);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Nothing drops out in silence.
    let expected = Count {
        cases: 130,
        steps: 158,
        with_kind: 9,
        same_list: 73,
        same_failure: 17,
        different: 76,
        not_comparable: 1,
    };
    assert_eq!(count, expected);
}

fn compare(ours: &Ours, theirs: &Theirs, entry: Option<&Difference>, count: &mut Count) -> Result<(), String> {
    match (ours.agrees_with(theirs), entry) {
        (true, Some(_)) => return Err("listed as a difference, but it is none".to_owned()),
        (false, None) => return Err(format!("differs and is not listed: {ours:?}, libcluster: {theirs:?}")),
        (false, Some(entry)) if !matches(ours, &entry.ours) => {
            return Err(format!("differs in another way than listed ({}): {ours:?}, not {:?}", entry.why, entry.ours));
        }
        (true, None) if matches!(theirs, Theirs::Kept) => count.same_failure += 1,
        (true, None) => count.same_list += 1,
        (false, Some(_)) if *ours == Ours::Inexpressible => count.not_comparable += 1,
        (false, Some(_)) => count.different += 1,
    }
    Ok(())
}

fn matches(ours: &Ours, expected: &Expect) -> bool {
    match (ours, expected) {
        (Ours::Members { names, skipped }, Expect::Members(members, reasons)) => {
            names.iter().map(String::as_str).eq(members.iter().copied().collect::<BTreeSet<_>>())
                && reasons.iter().all(|reason| skipped.iter().any(|line| line.contains(reason)))
        }
        (Ours::NoAnswer(text), Expect::NoAnswer(said)) | (Ours::Refused(text), Expect::Refused(said)) => {
            text.contains(said)
        }
        (Ours::NextPage, Expect::NextPage) | (Ours::Inexpressible, Expect::Inexpressible) => true,
        _ => false,
    }
}

fn answer<'a>(step: &Step, expected: &Expected, body: &'a [u8]) -> Answer<'a> {
    // The request never went out: the server could not be reached, or its address could not be read.
    let unsent = expected.url_path.is_none() && expected.theirs() == Theirs::Kept;
    Answer { status: step.http_status, body, transport: step.transport, unsent }
}

/// Some hand-written lists lack the `kind` and the version that a server always writes: the same body with them.
fn add_kind(case: &Case, body: &[u8]) -> Option<Vec<u8>> {
    let kind = if case.config.ip_lookup_mode.as_deref() == Some("pods") { "PodList" } else { "EndpointsList" };
    let fields = body.strip_prefix(b"{").filter(|fields| fields.starts_with(b"\"items\":"))?;
    Some([format!(r#"{{"kind":"{kind}","metadata":{{"resourceVersion":"1"}},"#).as_bytes(), fields].concat())
}

/// Path, and query with every value decoded.
fn parts(target: &str) -> (String, BTreeMap<String, String>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    (path.to_owned(), pairs.map(|(name, value)| (name.to_owned(), decoded(value))).collect())
}

#[test]
fn we_ask_for_what_libcluster_asks_for() {
    let (mut same, mut different, mut refused, mut unsent) = (0, 0, 0, 0);
    for case in case::load() {
        let setup = Setup::of(&case);
        for expected in &case.expected {
            let Ok(setup) = &setup else {
                refused += 1;
                continue;
            };
            let Some(theirs) = &expected.url_path else {
                unsent += 1;
                continue;
            };
            let ((path, mut query), theirs) = (parts(&setup.target()), parts(theirs));
            // We read in pages; libcluster asks for everything at once.
            assert_eq!(query.remove("limit").as_deref(), Some("500"));
            let is_same = (path, query) == theirs;
            let is_listed = REQUEST_DIFFERENCES.iter().any(|(id, _)| *id == case.id);
            assert!(is_same != is_listed, "{}: {} against {theirs:?}", case.id, setup.target());
            if is_same { same += 1 } else { different += 1 }
        }
    }
    assert_eq!((same, different, refused, unsent), (130, 1, 22, 5));
}

#[expect(clippy::print_stdout, reason = "the numbers are for people")]
fn print(count: &Count) {
    println!("{count:#?}");
    for Difference { case, step, ours, why } in DIFFERENCES {
        println!("{case}, step {step}: {why} ({ours:?})");
    }
}
