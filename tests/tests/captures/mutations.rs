//! Recorded bodies, damaged: whatever comes in, the core neither panics nor takes a part for the whole.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::FileFailurePersistence;
use quorate_core::api::FailureKind;
use quorate_core::membership::listing::Snapshot;
use quorate_core::membership::{Admission, Family, Object, Policy, Source, View, document};
use quorate_core::name::{Basename, NameMode, Naming};
use quorate_tests::recording::Recording;

use super::damage::{self, Damage};
use super::start;

const SOURCES: [Source; 3] = [Source::EndpointSlices, Source::Endpoints, Source::Pods];

/// The recordings that are whole lists of this source.
const LISTS: [(Source, &str); 6] = [
    (Source::EndpointSlices, "endpointslices-list"),
    (Source::EndpointSlices, "endpointslices-list-all"),
    (Source::Endpoints, "endpoints-list"),
    (Source::Pods, "pods-list"),
    (Source::Pods, "pods-list-curl-ua-pretty"),
    (Source::Pods, "pods-list-empty"),
];

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let bytes = damage::of_bytes(LISTS.map(|(_, name)| name).into());
    prop_oneof![vec(bytes, 1..4), vec(damage::of_meaning(), 1..8)]
}

fn damaged(body: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut body = body.to_vec();
    damages.iter().for_each(|damage| damage.apply(&mut body));
    body
}

fn any_recording() -> impl Strategy<Value = &'static str> {
    let names: Vec<&'static str> = Recording::all().into_iter().map(|recording| &*recording.name.leak()).collect();
    select(names)
}

/// Cuts a body at these places, in order.
fn cut<'b>(body: &'b [u8], cuts: &[Index]) -> Vec<&'b [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(body.len().saturating_add(1))).collect();
    places.extend([0, body.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect()
}

fn policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    for mode in [NameMode::Ip, NameMode::Hostname, NameMode::Dns] {
        for (admission, family) in [(Admission::Ready, None), (Admission::Any, Some(Family::Ipv6))] {
            let naming = Naming { basename: Basename::parse("myapp").ok(), mode, ..Naming::default() };
            policies.push(Policy { naming, admission, family });
        }
    }
    policies
}

/// What holds of every view, however strange the objects: names parse back (M5), order means nothing.
fn check_views(objects: &[Object]) -> Result<(), TestCaseError> {
    for policy in policies() {
        let view = View::of(objects, &policy);
        for (name, member) in &view.members {
            prop_assert!(policy.naming.parse(name.as_str()).is_ok(), "{name}");
            prop_assert!(
                policy.admission == Admission::Any || member.state == quorate_core::membership::MemberState::Ready
            );
        }
        let reversed = View::of(objects.iter().rev(), &policy);
        prop_assert_eq!(&view.members, &reversed.members);
        let sorted = |view: &View| {
            let mut lines: Vec<_> = view.skipped.iter().map(ToString::to_string).collect();
            lines.sort();
            lines
        };
        prop_assert_eq!(sorted(&view), sorted(&reversed));
    }
    Ok(())
}

/// What a listing makes of one answer; `None` if it does not take it for a whole list.
fn listed(source: Source, body: &[u8]) -> Result<Option<Snapshot>, TestCaseError> {
    let mut host = start(source);
    host.chunks(200, None, [body]);
    let snapshot = host.listed().cloned();
    // It asks on, pauses, or is done with an event that says why: it never just stops.
    let says_why = host.pause().is_some() || host.is_asking() || snapshot.is_some() || host.error().is_some();
    prop_assert!(says_why, "{:?}", host.actions());
    prop_assert_eq!(host.is_done(), snapshot.is_some() || host.error().is_some());
    Ok(snapshot)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn damage_never_panics_and_never_makes_a_malformed_view(
        name in any_recording(),
        damages in damages(),
    ) {
        let body = damaged(&Recording::load(name).body, &damages);
        let document = document::decode(&body);
        if let Ok(document) = &document {
            check_views(&document.objects)?;
        }
        for source in SOURCES {
            if let Some(snapshot) = listed(source, &body)? {
                check_views(&snapshot.objects)?;
                // Two readers, one meaning.
                prop_assert_eq!(document.as_ref().map(|document| &document.objects), Ok(&snapshot.objects));
            }
        }
    }

    #[test]
    fn how_a_body_is_cut_into_chunks_means_nothing(
        name in any_recording(),
        source in select(SOURCES.to_vec()),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let recording = Recording::load(name);
        let retry_after = recording.header("retry-after");
        let (mut whole, mut in_chunks) = (start(source), start(source));
        whole.chunks(recording.status, retry_after, [recording.body.as_slice()]);
        in_chunks.chunks(recording.status, retry_after, cut(&recording.body, &cuts));
        prop_assert_eq!(whole.actions(), in_chunks.actions());
    }

    #[test]
    fn a_truncated_list_is_never_listed((source, name) in select(LISTS.to_vec()), at in any::<Index>()) {
        let body = Recording::load(name).body;
        let end = body.iter().rposition(|byte| *byte == b'}').unwrap();
        let beginning = &body[..at.index(end.saturating_add(1))];
        // The transport may notice, or take the close of the connection for the end.
        prop_assert_eq!(listed(source, beginning)?, None);
        prop_assert!(document::decode(beginning).is_err());
        let mut host = start(source);
        host.cut(200, beginning, FailureKind::Interrupted);
        prop_assert!(host.listed().is_none() && host.pause().is_some());
    }

    #[test]
    fn an_unsuccessful_status_is_never_a_list_whatever_it_carries(
        (source, name) in select(LISTS.to_vec()),
        status in prop_oneof![100..200_u16, 300..=999_u16],
    ) {
        let mut host = start(source);
        host.chunks(status, None, [Recording::load(name).body.as_slice()]);
        prop_assert!(host.listed().is_none());
        prop_assert!(host.pause().is_some() || host.error().is_some() || host.restarts() == 1);
    }
}
