use alloc::format;
use alloc::string::ToString;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::api::ResourceVersion;
use crate::membership::object::Source;
use crate::name::{NameMode, Naming};

/// A slice with one endpoint of one pod.
fn slice(name: &str, version: u32, address: &str, pod: &str, conditions: &str) -> Object {
    let json = format!(
        r#"{{"metadata":{{"name":"{name}","namespace":"lab","resourceVersion":"{version}","labels":{{"kubernetes.io/service-name":"{name}"}}}},
             "endpoints":[{{"addresses":["{address}"],"conditions":{{{conditions}}},
                            "targetRef":{{"kind":"Pod","name":"{pod}","namespace":"lab","uid":"uid-{pod}"}}}}]}}"#
    );
    Source::EndpointSlices.decode_object(json.as_bytes()).unwrap()
}

const READY: &str = r#""ready":true"#;
const NOT_READY: &str = r#""ready":false"#;
const TERMINATING: &str = r#""ready":false,"serving":true,"terminating":true"#;

fn names(objects: &[Object], policy: &Policy) -> Vec<String> {
    View::of(objects, policy).members.keys().map(ToString::to_string).collect()
}

fn reasons(objects: &[Object], policy: &Policy) -> Vec<String> {
    View::of(objects, policy).skipped.iter().map(ToString::to_string).collect()
}

#[test]
fn one_pod_in_two_slices_is_one_member_with_the_newest_ones_state() {
    let objects = [slice("a", 9, "10.0.0.7", "web-0", NOT_READY), slice("b", 10, "10.0.0.7", "web-0", READY)];
    assert_eq!(names(&objects, &Policy::default()), ["10.0.0.7"]);
    let member = View::of(&objects, &Policy::default()).members.into_values().next().unwrap();
    assert_eq!(member.source.to_string(), "EndpointSlice lab/b");
}

#[test]
fn terminating_in_any_copy_wins() {
    let objects = [slice("a", 10, "10.0.0.7", "web-0", READY), slice("b", 9, "10.0.0.7", "web-0", TERMINATING)];
    assert_eq!(names(&objects, &Policy::default()), [""; 0]);
    let serving = Policy { admission: Admission::Serving, ..Policy::default() };
    assert_eq!(names(&objects, &serving), ["10.0.0.7"]);
}

#[test]
fn what_has_ended_stays_ended_whatever_an_older_slice_says() {
    let pod = br#"{"metadata":{"name":"web-0","namespace":"lab","uid":"uid-web-0","resourceVersion":"11"},
        "status":{"phase":"Failed","podIP":"10.0.0.7"}}"#;
    for version in [10, 12] {
        let objects = [Source::Pods.decode_object(pod).unwrap(), slice("a", version, "10.0.0.7", "web-0", TERMINATING)];
        let any = Policy { admission: Admission::Any, ..Policy::default() };
        assert_eq!(reasons(&objects, &any), ["Pod lab/web-0: it has ended, and will not run again"]);
    }
}

#[test]
fn the_two_families_of_a_pod_are_one_member() {
    let objects = [slice("a", 9, "fd00::7", "web-0", READY), slice("b", 8, "10.0.0.7", "web-0", READY)];
    assert_eq!(names(&objects, &Policy::default()), ["10.0.0.7"]);
    let ipv6 = Policy { family: Some(Family::Ipv6), ..Policy::default() };
    assert_eq!(names(&objects, &ipv6), ["fd00::7"]);
    assert_eq!(names(&objects[1..], &ipv6), ["10.0.0.7"], "a preference, not a filter");
}

#[test]
fn a_pod_that_took_over_an_address_owns_the_name() {
    let objects = [slice("a", 9, "10.0.0.7", "old", TERMINATING), slice("b", 10, "10.0.0.7", "new", READY)];
    let policy = Policy { admission: Admission::Any, ..Policy::default() };
    let view = View::of(&objects, &policy);
    assert_eq!(view.members.values().next().unwrap().pod.as_ref().unwrap().name, "new".into());
    assert_eq!(reasons(&objects, &policy), ["Pod lab/old: its name 10.0.0.7 is taken by Pod lab/new"]);
}

#[test]
fn among_equals_the_lowest_uid_keeps_the_name() {
    let objects = ["c", "a", "b"].map(|pod| slice(pod, 1, "10.0.0.7", pod, READY));
    let member = View::of(&objects, &Policy::default()).members.into_values().next().unwrap();
    assert_eq!(member.pod.as_ref().unwrap().name, "a".into());
    assert_eq!(reasons(&objects, &Policy::default()).len(), 2);
}

#[test]
fn a_host_name_goes_with_the_service_of_the_slice_that_gives_it() {
    let with_hostname = |name: &str, version: u32, hostname: &str| {
        let mut object = slice(name, version, "10.0.0.7", "web-0", READY);
        object.endpoints[0].hostname = (!hostname.is_empty()).then(|| hostname.into());
        object
    };
    let naming = Naming { mode: NameMode::Hostname, ..Naming::default() };
    let policy = Policy { naming, ..Policy::default() };
    let objects = [with_hostname("newer", 10, ""), with_hostname("headless", 9, "web-0")];
    assert_eq!(names(&objects, &policy), ["web-0.headless.lab.svc.cluster.local"]);
    let reason = "Pod lab/web-0: it has no host name (a StatefulSet gives its pods one)";
    assert_eq!(reasons(&objects[..1], &policy), [reason]);
}

#[test]
fn whoever_is_left_out_is_named_with_the_reason() {
    let objects = [slice("a", 9, "10.0.0.7", "web-0", NOT_READY)];
    let reason = "Pod lab/web-0: it is not-ready, and only ready members are asked for";
    assert_eq!(reasons(&objects, &Policy::default()), [reason]);
    let pod = Source::Pods
        .decode_object(br#"{"metadata":{"name":"p","namespace":"lab","uid":"u"},"status":{"phase":"Pending"}}"#);
    let any = Policy { admission: Admission::Any, ..Policy::default() };
    assert_eq!(reasons(&[pod.unwrap()], &any), ["Pod lab/p: it has no address yet"]);
}

/// Objects of a server: no two of one name.
fn objects_strategy() -> impl Strategy<Value = Vec<Object>> {
    let conditions = select(&[READY, NOT_READY, TERMINATING][..]);
    let facts = (0..4_u32, 1..4_u8, select(&["a", "b", "c"][..]), conditions, select(&["", "x", "7", "07"][..]));
    proptest::collection::vec(facts, 0..9).prop_map(|facts| {
        let object = |(index, (version, address, pod, conditions, odd_version))| {
            let mut object = slice(&format!("s{index}"), version, &format!("10.0.0.{address}"), pod, conditions);
            if version == 0 {
                object.resource_version = ResourceVersion::new(odd_version);
            }
            object
        };
        facts.into_iter().enumerate().map(object).collect()
    })
}

fn admission_strategy() -> impl Strategy<Value = Admission> {
    select(&[Admission::Ready, Admission::Serving, Admission::Any][..])
}

proptest! {
    #[test]
    fn the_order_of_objects_means_nothing(
        (objects, shuffled) in objects_strategy().prop_flat_map(|objects| (Just(objects.clone()), Just(objects).prop_shuffle())),
        admission in admission_strategy(),
    ) {
        let policy = Policy { admission, ..Policy::default() };
        prop_assert_eq!(View::of(&objects, &policy), View::of(&shuffled, &policy));
    }

    #[test]
    fn every_pod_is_a_member_once_or_left_out_with_a_reason(
        objects in objects_strategy(),
        admission in admission_strategy(),
    ) {
        let view = View::of(&objects, &Policy { admission, ..Policy::default() });
        for pod in ["a", "b", "c"] {
            let seen = objects.iter().any(|object| &*object.endpoints[0].pod.as_ref().unwrap().name == pod);
            let members = view.members.values().filter(|member| &*member.pod.as_ref().unwrap().name == pod).count();
            let left_out = view.skipped.iter().filter(|skipped| &*skipped.object.name == pod).count();
            prop_assert_eq!(members + left_out, usize::from(seen), "{}", pod);
        }
    }
}
