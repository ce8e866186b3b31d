//! What each status, and each answer in a form that was not asked for, makes the listing do.

use std::time::Duration;

use quorate_core::api::{FailureKind, Refusal};
use quorate_core::membership::listing::{FORBIDDEN_PATIENCE, ListingFailure};
use quorate_core::membership::{Source, document};
use quorate_tests::listing_host::ListingHost;
use quorate_tests::recording::Recording;

use super::{answered, listed, start};

const ONE_SECOND: Duration = Duration::from_secs(1);

/// Answers the same until the machine gives up; how long that took.
fn until_it_gives_up(host: &mut ListingHost, recording: &str) -> Duration {
    let recording = Recording::load(recording);
    let mut waited = Duration::ZERO;
    while !host.is_done() {
        assert!(host.targets().len() < 1000, "it never ends");
        if host.is_asking() {
            host.answer(&recording);
        } else {
            waited += host.wait().unwrap();
        }
    }
    waited
}

#[test]
fn what_asking_again_cannot_change_ends_the_listing_at_once() {
    for (recording, status, said) in [
        ("status-400-badfield", 400, "field label not supported: spec.foo"),
        ("status-400-badrv", 400, "invalid resource version"),
        ("status-400-badselector", 400, "unable to parse requirement: found '=', expected: identifier"),
        ("status-405", 405, "the server does not allow this method"),
        ("pods-list-406", 406, "Not Acceptable"),
        ("pods-list-cbor", 406, "Not Acceptable"),
    ] {
        let host = answered(Source::Pods, recording);
        let error = host.error().unwrap_or_else(|| panic!("{recording} ends it"));
        let ListingFailure::Refused(Refusal::Rejected { status: found, message }) = &error.failure else {
            panic!("{error}")
        };
        assert!(*found == status && message.contains(said), "{recording}: {message}");
        assert!(host.is_done() && error.attempts == 1 && error.elapsed.is_zero());
    }
}

#[test]
fn unknown_credentials_end_the_listing_at_once() {
    for recording in ["status-401-badtoken", "status-401-expired-token"] {
        let host = answered(Source::Pods, recording);
        assert_eq!(
            host.error().unwrap().failure,
            ListingFailure::Refused(Refusal::Unauthorized { message: "Unauthorized".into() })
        );
        assert!(host.is_done());
    }
}

#[test]
fn not_found_comes_as_a_status_and_as_plain_text() {
    for (recording, said) in
        [("status-404-pod", "pods \"none\" not found"), ("status-404-path-admin", "404 page not found")]
    {
        let host = answered(Source::Pods, recording);
        assert_eq!(host.error().unwrap().failure, ListingFailure::Refused(Refusal::NotFound { message: said.into() }));
        assert!(host.is_done());
    }
}

#[test]
fn too_many_requests_is_plain_text_and_says_when_to_return() {
    let mut host = answered(Source::Pods, "status-429-apf-list");
    let message = "Too many requests, please try again later.".into();
    assert_eq!(host.pause(), Some((&ListingFailure::Refused(Refusal::Throttled { message }), ONE_SECOND)));
    assert_eq!(host.wait(), Some(ONE_SECOND));
    host.answer(&Recording::load("pods-list"));
    assert_eq!(host.listed(), Some(&listed(Source::Pods, "pods-list")));
}

#[test]
fn a_gateway_timeout_says_when_to_return() {
    let mut host = answered(Source::Pods, "status-504-rv-too-large");
    let (failure, pause) = host.pause().unwrap();
    assert!(
        matches!(failure, ListingFailure::Refused(Refusal::ServerError { status: 504, message }) if message.contains("Too large"))
    );
    assert_eq!(pause, ONE_SECOND);
    host.wait();
    host.answer(&Recording::load("pods-list"));
    assert!(host.listed().is_some());
}

#[test]
fn a_server_that_stays_busy_is_given_up_within_the_request_timeout() {
    for recording in ["status-429-apf-list", "status-504-rv-too-large"] {
        let mut host = start(Source::Pods);
        let waited = until_it_gives_up(&mut host, recording);
        assert!(waited <= Duration::from_secs(10), "{waited:?}");
        assert_eq!(host.error().unwrap().attempts, 10);
    }
}

#[test]
fn a_server_that_says_return_at_once_is_not_hammered() {
    let mut host = start(Source::Pods);
    while !host.is_done() {
        assert!(host.targets().len() < 100, "no time passes between the requests");
        host.chunks(429, Some("0"), [b"busy".as_slice()]);
        host.wait();
    }
}

#[test]
fn a_starting_server_refuses_for_a_moment() {
    let mut host = answered(Source::Pods, "status-during-startup-403");
    let (failure, pause) = host.pause().unwrap();
    assert!(matches!(failure, ListingFailure::Refused(Refusal::Forbidden { .. })) && pause < ONE_SECOND);
    host.wait();
    host.answer(&Recording::load("pods-list"));
    assert_eq!(host.listed(), Some(&listed(Source::Pods, "pods-list")));
}

#[test]
fn a_missing_right_is_named_with_the_rule_that_grants_it() {
    for recording in ["status-403", "status-403-otherns", "status-403-cluster", "status-404-path-sa"] {
        let mut host = start(Source::Pods);
        let waited = until_it_gives_up(&mut host, recording);
        assert!(waited <= FORBIDDEN_PATIENCE && host.targets().len() > 2, "{recording}: {waited:?}");
        let error = host.error().unwrap();
        assert!(
            matches!(&error.failure, ListingFailure::Refused(Refusal::Forbidden { message }) if message.contains("is forbidden"))
        );
        let text = error.to_string();
        assert!(text.starts_with("cannot list pods in all namespaces: forbidden: "), "{text}");
        assert!(text.contains("a ClusterRole with this rule") && text.contains("verbs: [\"list\"]"), "{text}");
    }
}

#[test]
fn who_sent_no_credentials_is_not_told_to_give_rights_to_everybody() {
    let mut host = start(Source::Pods);
    until_it_gives_up(&mut host, "status-401-or-403-anonymous");
    let text = host.error().unwrap().to_string();
    assert!(text.contains("no credentials were sent") && !text.contains("ClusterRole"), "{text}");
}

#[test]
fn a_list_that_is_gone_before_it_began_is_asked_for_again_after_a_pause() {
    let mut host = answered(Source::Pods, "status-410-list-exact");
    assert!(matches!(host.pause(), Some((ListingFailure::Refused(Refusal::Expired { .. }), _))));
    host.wait();
    host.answer(&Recording::load("pods-list"));
    assert!(host.listed().is_some());
}

#[test]
fn an_answer_in_another_form_is_never_an_empty_view() {
    for (recording, said) in [
        ("pods-list-partialmeta", "expected PodList, found \"PartialObjectMetadataList\""),
        ("pods-list-table", "expected PodList, found \"Table\""),
        ("pods-list-table-noobj", "expected PodList, found \"Table\""),
        ("pods-list-protobuf", "not the JSON that was expected"),
        ("pods-list-yaml", "not the JSON that was expected"),
        ("readyz", "not the JSON that was expected"),
        ("version-anon", "expected PodList, found no kind at all"),
        ("pod-get", "expected PodList, found \"Pod\""),
        ("endpoints-list", "expected PodList, found \"EndpointsList\""),
        ("endpointslices-list", "expected PodList, found \"EndpointSliceList\""),
    ] {
        let mut host = start(Source::Pods);
        let waited = until_it_gives_up(&mut host, recording);
        assert!(host.targets().len() > 2 && waited <= Duration::from_secs(10), "{recording}: {waited:?}");
        let failure = &host.error().unwrap().failure;
        assert!(matches!(failure, ListingFailure::Undecodable(_)), "{recording}");
        assert!(failure.to_string().contains(said), "{recording}: {failure}");
    }
}

#[test]
fn a_list_is_read_only_as_what_was_asked_for() {
    let sources = [Source::EndpointSlices, Source::Endpoints, Source::Pods];
    for (of, recording) in sources.into_iter().zip(["endpointslices-list", "endpoints-list", "pods-list"]) {
        for asked in sources {
            assert_eq!(answered(asked, recording).listed().is_some(), asked == of, "{recording} as {asked}");
        }
    }
}

#[test]
fn other_forms_are_no_documents() {
    for recording in Recording::all() {
        let is_page = String::from_utf8_lossy(&recording.body).contains(r#""continue":""#);
        let is_document = recording.status == 200
            && !is_page
            && !["partialmeta", "protobuf", "table", "table-noobj", "yaml"]
                .iter()
                .any(|form| recording.name == format!("pods-list-{form}"))
            && !["readyz", "version-anon"].contains(&recording.name.as_str());
        assert_eq!(document::decode(&recording.body).is_ok(), is_document, "{}", recording.name);
    }
}

#[test]
fn a_whole_body_without_its_end_is_no_answer() {
    let body = Recording::load("pods-list").body;
    for kind in [FailureKind::Interrupted, FailureKind::TimedOut, FailureKind::Unreachable] {
        let mut host = start(Source::Pods);
        host.cut(200, &body, kind);
        let (failure, _) = host.pause().unwrap();
        assert!(matches!(failure, ListingFailure::Failed(failure) if failure.kind == kind));
    }
}
