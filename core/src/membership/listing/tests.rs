use alloc::format;
use alloc::string::{String, ToString as _};

use super::*;
use crate::api::{Failure, FailureKind, Head, Sent, ServiceName};
use crate::machine::Action;
use crate::membership::Source;

/// A host that carries out nothing: it keeps the time and the one request in flight.
#[derive(Clone)]
struct Host {
    listing: Listing,
    now: Now,
    in_flight: Option<(RequestId, String)>,
    events: Vec<Event>,
}

fn options() -> ListingOptions {
    ListingOptions { selector: LabelSelector::parse("app=web").ok(), source: Source::Pods, ..ListingOptions::default() }
}

fn namespaces(names: &[&str]) -> Vec<Namespace> {
    names.iter().map(|name| Namespace::parse(name).unwrap()).collect()
}

impl Host {
    fn start(options: ListingOptions) -> Self {
        let listing = Listing::new(options.build().unwrap());
        let mut host = Self { listing, now: Now::default(), in_flight: None, events: Vec::new() };
        host.feed(Input::Start);
        host
    }

    fn feed(&mut self, input: Input<'_>) {
        for action in self.listing.handle(self.now, input) {
            match action {
                Action::Send { id, request } => self.in_flight = Some((id, request.target().into())),
                Action::Cancel(id) => assert_eq!(self.in_flight.take().map(|(in_flight, _)| in_flight), Some(id)),
                Action::Emit(event) => self.events.push(event),
            }
        }
    }

    fn part(&mut self, part: AnswerPart<'_>) {
        let id = self.in_flight.as_ref().expect("a request is in flight").0;
        self.feed(Input::Answer { id, part });
    }

    fn answer(&mut self, status: u16, retry_after: Option<&str>, body: &str) -> &mut Self {
        let (id, _) = self.in_flight.take().expect("a request is in flight");
        for part in
            [AnswerPart::Head(Head { status, retry_after }), AnswerPart::Chunk(body.as_bytes()), AnswerPart::End]
        {
            self.feed(Input::Answer { id, part });
        }
        self
    }

    fn fail(&mut self, kind: FailureKind) -> &mut Self {
        let failure = Failure { sent: Sent::Unknown, kind, message: "the line is cut".into() };
        let (id, _) = self.in_flight.take().expect("a request is in flight");
        self.feed(Input::Answer { id, part: AnswerPart::Failed(&failure) });
        self
    }

    /// Lets time pass up to the machine's own deadline.
    fn wait(&mut self) -> Duration {
        let at = self.listing.deadline().expect("something is awaited").at;
        let waited = at.saturating_since(self.now.instant);
        self.now.instant = at;
        self.feed(Input::Timeout);
        waited
    }

    fn target(&self) -> &str {
        &self.in_flight.as_ref().expect("a request is in flight").1
    }

    fn snapshot(&self) -> &Snapshot {
        match self.events.last() {
            Some(Event::Listed(snapshot)) => snapshot,
            other => panic!("not listed: {other:?}"),
        }
    }

    fn error(&self) -> &ListingError {
        match self.events.last() {
            Some(Event::Failed(error)) => error,
            other => panic!("not failed: {other:?}"),
        }
    }
}

fn page(version: &str, continue_token: &str, pods: &[&str]) -> String {
    let pods: Vec<_> = pods.iter().map(|pod| format!(r#"{{"metadata":{{"name":"{pod}"}}}}"#)).collect();
    let pods = pods.join(",");
    format!(
        r#"{{"kind":"PodList","metadata":{{"resourceVersion":"{version}","continue":"{continue_token}"}},"items":[{pods}]}}"#
    )
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.objects.iter().map(|object| &*object.reference.name).collect()
}

#[test]
fn pages_are_read_one_after_another_until_the_last() {
    let mut host = Host::start(options());
    assert_eq!(host.target(), "/api/v1/pods?labelSelector=app%3Dweb&limit=500");
    host.answer(200, None, &page("7", "token/1", &["a", "b"]));
    assert_eq!(host.target(), "/api/v1/pods?labelSelector=app%3Dweb&limit=500&continue=token%2F1");
    host.answer(200, None, &page("7", "", &["c"]));
    assert_eq!(names(host.snapshot()), ["a", "b", "c"]);
    assert_eq!(host.snapshot().resource_version, Some(ResourceVersion::new("7")));
    assert_eq!(host.listing.deadline(), None);
}

#[test]
fn namespaces_are_read_one_after_another_and_the_lowest_version_counts() {
    let mut host = Host::start(ListingOptions { namespaces: namespaces(&["b", "a"]), ..options() });
    assert!(host.target().starts_with("/api/v1/namespaces/a/pods?"));
    host.answer(200, None, &page("10", "", &["x"]));
    assert!(host.target().starts_with("/api/v1/namespaces/b/pods?"));
    host.answer(200, None, &page("9", "", &["y"]));
    assert_eq!(names(host.snapshot()), ["x", "y"]);
    assert_eq!(host.snapshot().resource_version, Some(ResourceVersion::new("9")));
}

#[test]
fn versions_that_do_not_compare_give_no_version() {
    let mut host = Host::start(ListingOptions { namespaces: namespaces(&["a", "b", "c"]), ..options() });
    for version in ["10", "ten", "11"] {
        host.answer(200, None, &page(version, "", &[]));
    }
    assert_eq!(host.snapshot().resource_version, None);
}

#[test]
fn a_service_is_asked_for_in_the_way_of_each_source() {
    let of_service = |source| {
        let service = ServiceName::parse("web").ok();
        ListingOptions { source, service, selector: None, namespaces: namespaces(&["lab"]), ..options() }
    };
    let host = Host::start(of_service(Source::EndpointSlices));
    assert!(host.target().contains("/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb&"));
    let host = Host::start(of_service(Source::Endpoints));
    assert!(host.target().contains("/endpoints?fieldSelector=metadata.name%3Dweb&"));
    let mut host = Host::start(of_service(Source::Pods));
    assert_eq!(host.target(), "/api/v1/namespaces/lab/services/web");
    host.answer(200, None, r#"{"kind":"Service","spec":{"selector":{"app":"web"}}}"#);
    assert!(host.target().contains("/pods?labelSelector=app%3Dweb&"));
}

#[test]
fn a_selector_and_a_service_must_both_hold() {
    let both = |source| ListingOptions { source, service: ServiceName::parse("web").ok(), ..options() };
    let host = Host::start(both(Source::EndpointSlices));
    assert!(host.target().contains("?labelSelector=app%3Dweb%2Ckubernetes.io%2Fservice-name%3Dweb&"));
    let host = Host::start(both(Source::Endpoints));
    assert!(host.target().contains("?labelSelector=app%3Dweb&fieldSelector=metadata.name%3Dweb&"));
    let host = Host::start(both(Source::Pods));
    assert!(host.target().contains("/pods?labelSelector=app%3Dweb&"));
}

#[test]
fn a_service_without_a_selector_has_no_pods() {
    let service = ServiceName::parse("web").ok();
    let mut host =
        Host::start(ListingOptions { service, selector: None, namespaces: namespaces(&["lab"]), ..options() });
    host.answer(200, None, r#"{"kind":"Service","spec":{}}"#);
    assert_eq!(host.error().failure, ListingFailure::ServiceWithoutSelector);
    assert!(host.error().to_string().starts_with("cannot get services in namespace lab: the Service has no selector"));
}

#[test]
fn an_expired_token_begins_the_list_again_and_its_fresh_token_is_not_used() {
    let mut host = Host::start(options());
    host.answer(200, None, &page("7", "old", &["a"]));
    host.answer(410, None, r#"{"kind":"Status","metadata":{"continue":"fresh"},"reason":"Expired","code":410}"#);
    assert_eq!(host.events, [Event::Restarted]);
    assert!(!host.target().contains("continue="));
    host.answer(200, None, &page("9", "", &["b"]));
    assert_eq!(names(host.snapshot()), ["b"], "nothing of the expired list is left");
}

#[test]
fn pages_of_two_versions_are_not_one_list() {
    let mut host = Host::start(options());
    host.answer(200, None, &page("7", "t", &["a"])).answer(200, None, &page("8", "", &["b"]));
    assert_eq!(host.events, [Event::Restarted]);
}

#[test]
fn a_token_that_comes_twice_in_a_row_is_no_progress() {
    let mut host = Host::start(options());
    host.answer(200, None, &page("7", "t", &["a"])).answer(200, None, &page("7", "t", &["a"]));
    assert_eq!(host.events, [Event::Restarted]);
}

#[test]
fn a_list_that_never_holds_still_is_given_up() {
    let mut host = Host::start(options());
    for _ in 0..=RESTART_LIMIT {
        host.answer(200, None, &page("7", "t", &["a"])).answer(410, None, "");
    }
    assert_eq!(host.error().failure, ListingFailure::Unstable { restarts: RESTART_LIMIT });
}

#[test]
fn what_is_read_again_counts_once_against_the_limit() {
    let mut host = Host::start(ListingOptions { object_limit: 3, ..options() });
    host.answer(200, None, &page("7", "t", &["a", "b"])).answer(410, None, "");
    host.answer(200, None, &page("8", "", &["a", "b", "c"]));
    assert_eq!(names(host.snapshot()).len(), 3);
}

#[test]
fn a_server_that_never_ends_is_given_up() {
    let mut host = Host::start(ListingOptions { object_limit: 3, ..options() });
    for token in ["a", "b", "c", "d"] {
        host.answer(200, None, &page("7", token, &[]));
    }
    assert_eq!(host.error().failure, ListingFailure::TooManyObjects { limit: 3 });
}

#[test]
fn retry_after_is_waited_for_and_the_body_may_be_plain_text() {
    let mut host = Host::start(options());
    host.answer(429, Some("1"), "Too many requests, please try again later.");
    let message = "Too many requests, please try again later.".into();
    let pause = Duration::from_secs(1);
    assert_eq!(
        host.events,
        [Event::Retrying { failure: ListingFailure::Refused(Refusal::Throttled { message }), pause }]
    );
    assert_eq!(host.listing.deadline().unwrap().cause, Cause::Retry);
    assert_eq!(host.wait(), pause);
    host.answer(200, None, &page("7", "", &["a"]));
    assert_eq!(names(host.snapshot()), ["a"]);
}

#[test]
fn failures_that_time_may_mend_are_tried_again_with_growing_pauses_until_time_is_up() {
    let mut host = Host::start(options());
    let mut pauses = Vec::new();
    while host.in_flight.is_some() {
        host.fail(FailureKind::Unreachable);
        if host.listing.deadline().is_some() {
            pauses.push(host.wait());
        }
    }
    assert!(pauses[0] <= FIRST_PAUSE && pauses.iter().all(|pause| *pause <= LONGEST_PAUSE), "{pauses:?}");
    assert!((8..20).contains(&pauses.len()), "{pauses:?}");
    let error = host.error();
    assert_eq!(error.attempts as usize, pauses.len() + 1);
    let unused = Duration::from_secs(10) - error.elapsed;
    assert!(unused < FIRST_PAUSE, "it gave up {unused:?} too early");
    assert!(error.to_string().starts_with("cannot list pods in all namespaces: the line is cut (tried "), "{error}");
}

#[test]
fn what_time_does_not_mend_ends_the_listing_at_once() {
    for kind in [FailureKind::Untrusted, FailureKind::Credentials, FailureKind::BodyTooLarge] {
        let mut host = Host::start(options());
        host.fail(kind);
        assert_eq!(host.error().attempts, 1, "{kind:?}");
    }
    for status in [307, 400, 401, 404, 405] {
        let mut host = Host::start(options());
        host.answer(status, None, "no");
        assert!(host.error().to_string().contains("no"), "{status}");
    }
}

#[test]
fn a_server_that_says_return_at_once_is_not_hammered() {
    let mut host = Host::start(options());
    host.answer(503, Some("0"), "");
    assert!(host.wait() >= FIRST_PAUSE / 2);
}

#[test]
fn only_403s_in_a_row_count_as_a_missing_right() {
    let mut host = Host::start(options());
    host.answer(403, None, "");
    let _ = host.wait();
    for _ in 0..4 {
        host.answer(503, Some("1"), "");
        let _ = host.wait();
    }
    host.answer(403, None, "");
    assert!(matches!(
        host.events.last(),
        Some(Event::Retrying { failure: ListingFailure::Refused(Refusal::Forbidden { .. }), .. })
    ));
}

#[test]
fn a_403_is_tried_again_for_a_second_and_no_longer() {
    let mut host = Host::start(options());
    while host.in_flight.is_some() {
        host.answer(403, None, r#"{"kind":"Status","message":"pods is forbidden"}"#);
        if host.listing.deadline().is_some() {
            let _ = host.wait();
        }
    }
    assert!(host.error().elapsed <= FORBIDDEN_PATIENCE && host.error().attempts >= 3, "{:?}", host.error());
    assert!(host.error().to_string().contains("verbs: [\"list\"]"));

    let mut host = Host::start(options());
    host.answer(403, None, "starting");
    let _ = host.wait();
    host.answer(200, None, &page("7", "", &["a"]));
    assert_eq!(names(host.snapshot()), ["a"]);
}

#[test]
fn a_silent_server_is_given_up_and_its_late_answer_ignored() {
    let mut host = Host::start(options());
    let id = host.in_flight.as_ref().unwrap().0;
    host.part(AnswerPart::Head(Head { status: 200, retry_after: None }));
    assert_eq!(host.listing.deadline().unwrap().cause, Cause::RequestTimeout);
    // A third of the timeout, three times, with a pause between.
    let mut attempts = 0;
    while host.in_flight.is_some() {
        attempts += 1;
        assert!(host.wait() <= Duration::from_secs(10) / 3);
        assert!(host.in_flight.is_none(), "a silent exchange is dropped");
        if host.listing.deadline().is_some() {
            let _ = host.wait();
        }
    }
    assert_eq!((attempts, &host.error().failure), (3, &ListingFailure::TimedOut));
    assert!(host.error().to_string().ends_with("no answer in time (tried 3 times in 10.0 s)"), "{}", host.error());
    let before = host.listing.clone();
    host.feed(Input::Answer { id, part: AnswerPart::End });
    assert_eq!(host.listing, before);
}

#[test]
fn a_host_that_wakes_too_late_for_another_attempt_gets_the_last_failure() {
    let mut host = Host::start(options());
    host.fail(FailureKind::Unreachable);
    host.now.instant = host.now.instant.saturating_add(Duration::from_secs(11));
    host.feed(Input::Timeout);
    assert!(matches!(host.error().failure, ListingFailure::Failed(_)));
}

#[test]
fn an_answer_that_keeps_coming_has_the_whole_request_timeout() {
    let mut host = Host::start(options());
    host.part(AnswerPart::Head(Head { status: 200, retry_after: None }));
    for _ in 0..9 {
        host.now.instant = host.now.instant.saturating_add(Duration::from_secs(1));
        host.feed(Input::Timeout);
        host.part(AnswerPart::Chunk(b" "));
    }
    assert_eq!(host.wait(), Duration::from_secs(1));
    assert_eq!(host.error().elapsed, Duration::from_secs(10));
}

#[test]
fn silence_does_not_hide_what_went_wrong_before() {
    let mut host = Host::start(options());
    host.now.instant = host.now.instant.saturating_add(Duration::from_secs(8));
    host.fail(FailureKind::Unreachable);
    let _ = host.wait();
    let _ = host.wait();
    assert!(host.error().to_string().contains("no answer in time; before that: the line is cut (tried 2 times"));
}

#[test]
fn a_server_that_asks_for_too_long_a_wait_is_not_waited_for() {
    let mut host = Host::start(options());
    host.answer(429, Some("20"), "busy");
    assert!(host.error().to_string().contains("it asks to wait 20 s, which is longer"), "{}", host.error());
}

#[test]
fn a_410_without_a_token_is_one_more_failed_answer() {
    let mut host = Host::start(options());
    host.answer(410, None, "gone");
    assert!(matches!(
        host.events[..],
        [Event::Retrying { failure: ListingFailure::Refused(Refusal::Expired { .. }), .. }]
    ));
}

#[test]
fn each_collection_may_begin_again() {
    let mut host = Host::start(ListingOptions { namespaces: namespaces(&["a", "b"]), ..options() });
    for _ in 0..2 {
        for _ in 0..RESTART_LIMIT {
            host.answer(200, None, &page("7", "t", &["x"])).answer(410, None, "");
        }
        host.answer(200, None, &page("8", "", &["x"]));
    }
    assert_eq!(names(host.snapshot()), ["x", "x"]);
}

#[test]
fn parts_in_an_impossible_order_cancel_nothing_that_has_ended() {
    let mut host = Host::start(options());
    let id = host.in_flight.take().unwrap().0;
    host.feed(Input::Answer { id, part: AnswerPart::End });
    assert!(matches!(host.events[..], [Event::Retrying { .. }]));
}

#[test]
fn each_page_has_the_whole_request_timeout() {
    let mut host = Host::start(options());
    for token in ["a", "b", ""] {
        host.now.instant = host.now.instant.saturating_add(Duration::from_secs(3));
        host.part(AnswerPart::Head(Head { status: 503, retry_after: None }));
        host.now.instant = host.now.instant.saturating_add(Duration::from_secs(3));
        host.part(AnswerPart::End);
        let _ = host.wait();
        host.answer(200, None, &page("7", token, &["x"]));
    }
    assert_eq!(names(host.snapshot()).len(), 3);
}

#[test]
fn a_body_over_the_limit_is_cancelled() {
    let mut host = Host::start(ListingOptions { page_bytes: 10, ..options() });
    host.part(AnswerPart::Head(Head { status: 200, retry_after: None }));
    host.part(AnswerPart::Chunk(b"01234567890"));
    assert!(host.in_flight.is_none());
    assert!(host.error().to_string().contains("longer than 10 bytes"));
}

#[test]
fn a_broken_body_is_a_failure_and_never_an_empty_list() {
    for body in [
        "",
        "<html>",
        r#"{"kind":"Status"}"#,
        r#"{"kind":"PodList","metadata":{},"items":[]}"#,
        r#"{"kind":"PodList","items":[{"metadata""#,
    ] {
        let mut host = Host::start(options());
        host.answer(200, None, body);
        assert!(matches!(host.events[..], [Event::Retrying { failure: ListingFailure::Undecodable(_), .. }]), "{body}");
    }
}

#[test]
fn it_can_explain_itself_at_any_time() {
    let mut host = Host::start(options());
    assert!(host.listing.explain(host.now).to_string().starts_with("waiting for the answer to: list pods"));
    host.answer(429, Some("3"), "");
    assert!(host.listing.explain(host.now).to_string().starts_with("will try again in 3.0 s"));
}

mod properties;
