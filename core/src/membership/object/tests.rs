use alloc::string::ToString;

use super::*;

fn slice(endpoint: &str) -> Object {
    let json = alloc::format!(
        r#"{{"metadata":{{"name":"web-abc","namespace":"lab","resourceVersion":"7",
             "labels":{{"app":"web","kubernetes.io/service-name":"web"}}}},"addressType":"IPv4","endpoints":[{endpoint}]}}"#
    );
    Source::EndpointSlices.decode_object(json.as_bytes()).unwrap()
}

fn pod(metadata: &str, status: &str) -> Object {
    let json = alloc::format!(
        r#"{{"metadata":{{"name":"web-0","namespace":"lab","uid":"u0"{metadata}}},
             "spec":{{"hostname":"web-0","subdomain":"web"}},"status":{{{status}}}}}"#
    );
    Source::Pods.decode_object(json.as_bytes()).unwrap()
}

fn skipped(object: &Object) -> String {
    object.skipped.iter().map(ToString::to_string).collect()
}

#[test]
fn a_slice_gives_an_endpoint_its_service_pod_and_state() {
    let object = slice(
        r#"{"addresses":["10.0.0.7"],"hostname":"web-0","conditions":{"ready":true},
            "targetRef":{"kind":"Pod","namespace":"lab","name":"web-0","uid":"u0"}}"#,
    );
    let endpoint = &object.endpoints[0];
    assert_eq!(endpoint.addresses.choose(None).unwrap().to_string(), "10.0.0.7");
    assert_eq!((endpoint.hostname.as_deref(), endpoint.service.as_deref()), (Some("web-0"), Some("web")));
    assert_eq!(endpoint.pod, Some(PodReference { name: "web-0".into(), uid: "u0".into() }));
    assert_eq!((endpoint.state, &*endpoint.namespace), (MemberState::Ready, "lab"));
    assert_eq!(object.resource_version, ResourceVersion::new("7"));
}

#[test]
fn a_terminating_endpoint_is_terminating_even_if_its_service_publishes_it_as_ready() {
    let object = slice(r#"{"addresses":["10.0.0.7"],"conditions":{"ready":true,"serving":true,"terminating":true}}"#);
    assert_eq!((object.endpoints[0].state, object.endpoints[0].serving), (MemberState::Terminating, true));
}

#[test]
fn an_endpoint_made_by_hand_needs_no_reference() {
    for target in ["", r#","targetRef":null"#, r#","targetRef":{"kind":"Node","namespace":"","name":"n"}"#] {
        let object = slice(&alloc::format!(r#"{{"addresses":["10.0.0.7"]{target}}}"#));
        assert_eq!((&object.endpoints[0].pod, &*object.endpoints[0].namespace), (&None, "lab"), "{target}");
    }
}

#[test]
fn what_is_no_address_is_skipped_by_name_and_the_rest_is_kept() {
    let object = slice(
        r#"{"addresses":["10.0.0.300"]},{"addresses":[]},{"addresses":["::ffff:10.0.0.7"]},{"addresses":["10.0.0.7"]}"#,
    );
    assert_eq!(object.endpoints.len(), 1);
    assert_eq!(object.skipped.len(), 3);
    assert!(skipped(&object).starts_with("EndpointSlice lab/web-abc: \"10.0.0.300\" is not the address"));
}

#[test]
fn a_slice_of_domain_names_is_skipped() {
    let json =
        r#"{"metadata":{"name":"s","namespace":"lab"},"addressType":"FQDN","endpoints":[{"addresses":["a.example"]}]}"#;
    let object = Source::EndpointSlices.decode_object(json.as_bytes()).unwrap();
    assert_eq!((object.endpoints.len(), skipped(&object).contains("domain names")), (0, true));
}

#[test]
fn endpoints_tell_ready_from_not_ready_and_that_they_are_cut() {
    let json = r#"{"metadata":{"name":"web","namespace":"lab","annotations":{"endpoints.kubernetes.io/over-capacity":"truncated"}},
        "subsets":[{"addresses":[{"ip":"10.0.0.1","hostname":"web-0"}],"notReadyAddresses":[{"ip":"10.0.0.2"}]},{"addresses":null}]}"#;
    let object = Source::Endpoints.decode_object(json.as_bytes()).unwrap();
    let states: Vec<_> = object.endpoints.iter().map(|endpoint| (endpoint.state, endpoint.serving)).collect();
    assert_eq!(states, [(MemberState::Ready, true), (MemberState::NotReady, false)]);
    assert_eq!(object.endpoints[0].service.as_deref(), Some("web"));
    assert!(skipped(&object).contains("members are missing"));
}

#[test]
fn a_pod_has_the_state_of_its_phase_its_condition_and_its_deletion() {
    const READY: &str = r#","conditions":[{"type":"Initialized","status":"True"},{"type":"Ready","status":"True"}]"#;
    const DELETED: &str = r#","deletionTimestamp":"2026-11-20T18:04:54Z""#;
    for (metadata, phase, conditions, state) in [
        ("", "Running", READY, MemberState::Ready),
        ("", "Running", "", MemberState::NotReady),
        ("", "Running", r#","conditions":null"#, MemberState::NotReady),
        ("", "Pending", "", MemberState::Pending),
        ("", "Failed", READY, MemberState::Failed),
        ("", "Succeeded", "", MemberState::Succeeded),
        ("", "Unknown", "", MemberState::NotReady),
        (DELETED, "Running", READY, MemberState::Terminating),
        (DELETED, "Pending", "", MemberState::Terminating),
        (DELETED, "Failed", "", MemberState::Failed),
    ] {
        let object = pod(metadata, &alloc::format!(r#""phase":"{phase}","podIP":"10.0.0.7"{conditions}"#));
        assert_eq!(object.endpoints[0].state, state, "{metadata} {phase} {conditions}");
    }
}

#[test]
fn a_pods_first_address_is_its_primary_one() {
    let object = pod("", r#""podIP":"fd00::7","podIPs":[{"ip":"fd00::7"},{"ip":"10.0.0.7"}]"#);
    let addresses = object.endpoints[0].addresses;
    assert_eq!(addresses.choose(None).unwrap().to_string(), "fd00::7");
    assert_eq!(addresses.choose(Some(Family::Ipv4)).unwrap().to_string(), "10.0.0.7");
    assert!(object.skipped.is_empty());
}

#[test]
fn a_pod_without_an_address_is_kept_without_one() {
    for status in ["", r#""podIP":null,"podIPs":[{"ip":""}]"#] {
        assert!(pod("", status).endpoints[0].addresses.is_empty());
    }
}
