//! What one look says.

use super::*;

#[test]
fn one_answer_is_all_that_is_wanted_unless_it_is_followed() {
    let mut host = Host::start(options());
    let target = "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo";
    assert_eq!(host.in_flight.as_ref().unwrap().1.target(), target, "resourceVersion is left unset");
    host.answer(200, &held(7, "a", 3, 1));
    assert_eq!((host.observer.deadline(), host.watch.is_none()), (None, true));
    assert_eq!(host.told(), ["found"]);
}

#[test]
fn there_may_be_none() {
    let mut host = Host::start(options());
    host.answer(404, &json!({}));
    assert_eq!((host.told().as_slice(), host.observer.deadline()), (["missing"].as_slice(), None));
}

#[test]
fn a_record_is_told_as_it_is_written() {
    let mut lease = held(7, "web-0", 3, 1);
    lease["spec"]["acquireTime"] = json!("t");
    lease["spec"]["strategy"] = json!("OldestEmulationVersion");
    lease["spec"]["preferredHolder"] = json!("web-1");
    let mut host = Host::start(options());
    host.answer(200, &lease);
    let Record { uid, resource_version, holder, acquire_time, renew_time, strategy, preferred_holder, .. } =
        host.sighting().record.clone();
    let texts = [holder, acquire_time, renew_time, strategy, preferred_holder].map(Option::unwrap);
    assert_eq!((&*uid, resource_version.as_str()), ("u", "7"));
    assert_eq!(texts.each_ref().map(|text| &**text), ["web-0", "t", "1", "OldestEmulationVersion", "web-1"]);
}

// E7.
#[test]
fn what_is_absent_or_absurd_is_told_as_what_it_counts_as() {
    for (spec, holder, seconds, left) in [
        (json!(null), None, None, None),
        (json!({"holderIdentity": ""}), None, None, None),
        (json!({"holderIdentity": "a"}), Some("a"), None, Some(15)),
        (json!({"holderIdentity": 7, "leaseDurationSeconds": 0}), Some("7"), None, Some(15)),
        (json!({"holderIdentity": "a", "leaseDurationSeconds": -3}), Some("a"), None, Some(15)),
        (json!({"holderIdentity": "a", "leaseDurationSeconds": "9"}), Some("a"), None, Some(15)),
        (json!({"holderIdentity": "a", "leaseDurationSeconds": 1}), Some("a"), Some(1), Some(1)),
        (json!({"holderIdentity": "a", "leaseDurationSeconds": u64::MAX}), Some("a"), Some(u64::MAX), Some(3600)),
        (json!({"holderIdentity": "a\u{1b}[2J\n"}), Some("a\\u{1b}[2J\\n"), None, Some(15)),
    ] {
        let mut spec = spec;
        if spec.is_object() {
            for absurd in ["renewTime", "acquireTime", "preferredHolder", "leaseTransitions"] {
                spec[absurd] = json!([{}]);
            }
        }
        let mut host = Host::start(options());
        host.answer(200, &lease_of("u", 7, &spec));
        let Record { holder: told, duration_seconds, transitions, renew_time, .. } = host.sighting().record.clone();
        assert_eq!((told.as_deref(), duration_seconds, transitions, renew_time), (holder, seconds, 0, None), "{spec}");
        // One look is a bound, for nobody knows how long the record has stood.
        assert_eq!(host.take_over(), left.map(|left| (left, Bound::Latest)), "{spec}");
        assert_eq!(host.sighting().unchanged_for, None);
    }
}

#[test]
fn what_is_no_lease_is_a_failure() {
    let mut host = Host::start(options());
    host.answer(200, &json!({"kind": "Lease", "metadata": {"name": "other"}}));
    assert_eq!(host.told(), ["attempt failed"]);
    while host.observer.deadline().is_some() {
        host.wait();
        if host.in_flight.is_some() {
            host.answer(200, &json!({"kind": "Lease", "spec": []}));
        }
    }
    let last = host.events.pop().unwrap().to_string();
    assert!(last.starts_with("cannot get leases in namespace lab: the answer is "), "{last}");
}

#[test]
fn a_usual_candidate_has_the_proportions_of_the_defaults() {
    let config = options().build().unwrap();
    let usual = config.usual_candidate(Duration::from_secs(15)).unwrap();
    let millis = |duration: Duration| duration.as_millis();
    assert_eq!((millis(usual.options().renew_deadline), millis(usual.options().retry_period)), (10_000, 2000));
    assert_eq!((millis(usual.tolerated_silence()), millis(usual.worst_failover())), (4600, 17_400));
    for seconds in [1, 2, 7, 60, 3600] {
        assert!(config.usual_candidate(Duration::from_secs(seconds)).is_some(), "{seconds}");
    }
    assert!(config.usual_candidate(Duration::from_secs(3601)).is_none());
}

#[test]
fn a_request_timeout_of_nothing_is_refused() {
    let error = ObserverOptions { request_timeout: Duration::ZERO, ..options() }.build().unwrap_err();
    assert_eq!(error.to_string(), "request_timeout is 0: it must be longer");
}
