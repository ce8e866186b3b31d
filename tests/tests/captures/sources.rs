//! The three sources: what each tells of the same five pods.

use quorate_core::membership::{Admission, Family, MemberState, Policy, Source, View, document};
use quorate_core::name::{Basename, NameMode, Naming};
use quorate_tests::recording::Recording;
use serde_json::{Value, json};

use super::listed;

const EACH: [(Source, &str); 3] = [
    (Source::EndpointSlices, "endpointslices-list"),
    (Source::Endpoints, "endpoints-list"),
    (Source::Pods, "pods-list"),
];

const ADMISSIONS: [Admission; 3] = [Admission::Ready, Admission::Serving, Admission::Any];

fn view(source: Source, recording: &str, policy: &Policy) -> View {
    View::of(&listed(source, recording).objects, policy)
}

fn admitting(admission: Admission) -> Policy {
    Policy { admission, ..Policy::default() }
}

fn names(view: &View) -> Vec<&str> {
    view.members.keys().map(|name| name.as_str()).collect()
}

fn skipped(view: &View) -> Vec<String> {
    view.skipped.iter().map(ToString::to_string).collect()
}

/// The names that each admission gives, from ready to any.
fn names_by_admission(source: Source, recording: &str) -> [Vec<String>; 3] {
    ADMISSIONS.map(|admission| {
        let view = view(source, recording, &admitting(admission));
        names(&view).into_iter().map(ToOwned::to_owned).collect()
    })
}

#[test]
fn slices_tell_ready_serving_and_not_ready_members() {
    let [ready, serving, any] = names_by_admission(Source::EndpointSlices, "endpointslices-list");
    assert_eq!(ready, ["10.244.1.5", "10.244.2.7"]);
    assert_eq!(serving, ["10.244.1.5", "10.244.1.8", "10.244.2.7"]);
    assert_eq!(any, ["10.244.1.5", "10.244.1.8", "10.244.2.7", "10.244.2.9"]);
}

#[test]
fn endpoints_keep_silent_about_terminating_pods() {
    let [ready, serving, any] = names_by_admission(Source::Endpoints, "endpoints-list");
    assert_eq!(ready, ["10.244.1.5", "10.244.2.7"]);
    assert_eq!(serving, ready);
    assert_eq!(any, ["10.244.1.5", "10.244.2.7", "10.244.2.9"]);
}

#[test]
fn pods_tell_what_slices_tell() {
    let of_pods = names_by_admission(Source::Pods, "pods-list");
    assert_eq!(of_pods, names_by_admission(Source::EndpointSlices, "endpointslices-list"));
}

#[test]
fn the_sources_agree_on_who_is_ready() {
    for family in [None, Some(Family::Ipv4)] {
        let policy = Policy { family, ..Policy::default() };
        let of_each = EACH.map(|(source, recording)| {
            let members = view(source, recording, &policy).members;
            let facts = |member: &quorate_core::membership::Member| {
                (member.name.to_string(), member.pod.clone(), member.namespace.to_string(), member.state)
            };
            members.values().map(|member| facts(member)).collect::<Vec<_>>()
        });
        assert_eq!(of_each[0], of_each[1]);
        assert_eq!(of_each[0], of_each[2]);
        assert_eq!(of_each[0].len(), 2);
    }
}

#[test]
fn a_dual_stack_pod_is_one_member_by_the_preferred_address() {
    for (source, recording) in [EACH[0], EACH[2]] {
        for (family, web_0) in
            [(None, "10.244.1.5"), (Some(Family::Ipv4), "10.244.1.5"), (Some(Family::Ipv6), "fd00:10:244:1::5")]
        {
            let view = view(source, recording, &Policy { family, ..Policy::default() });
            let members = view.members.values().map(|member| (&*member.pod.as_ref().unwrap().name, member.address));
            let members: Vec<_> = members.map(|(pod, address)| (pod, address.to_string())).collect();
            let [web_0_found, web_1_found] =
                [("web-0", web_0), ("web-1", "10.244.2.7")].map(|(p, a)| (p, a.to_owned()));
            assert!(
                members.len() == 2 && members.contains(&web_0_found) && members.contains(&web_1_found),
                "{members:?}"
            );
        }
    }
}

#[test]
fn whoever_is_no_member_is_named_with_the_reason() {
    let pods = view(Source::Pods, "pods-list", &Policy::default());
    assert_eq!(
        skipped(&pods),
        [
            "Pod lab/web-2-pending: it is pending, and only ready members are asked for",
            "Pod lab/web-3-terminating: it is terminating, and only ready members are asked for",
            "Pod lab/web-4-notready: it is not-ready, and only ready members are asked for",
        ]
    );
    let pods = view(Source::Pods, "pods-list", &admitting(Admission::Any));
    assert_eq!(skipped(&pods), ["Pod lab/web-2-pending: it has no address yet"]);
    let slices = view(Source::EndpointSlices, "endpointslices-list", &admitting(Admission::Serving));
    assert_eq!(skipped(&slices), ["Pod lab/web-4-notready: it is not-ready, and only serving members are asked for"]);
}

#[test]
fn a_terminating_pod_is_terminating_though_it_still_serves() {
    for (source, recording) in [EACH[0], EACH[2]] {
        let view = view(source, recording, &admitting(Admission::Serving));
        let member = view.members.values().find(|member| member.address.to_string() == "10.244.1.8").unwrap();
        assert_eq!(member.state, MemberState::Terminating, "{source}");
    }
}

#[test]
fn endpoints_made_by_hand_are_members_without_a_pod() {
    let [ready, _, any] = names_by_admission(Source::EndpointSlices, "endpointslices-list-all");
    assert_eq!(ready, ["10.244.1.5", "10.244.2.7", "10.244.9.9"]);
    assert_eq!(any, ["10.244.1.5", "10.244.1.8", "10.244.2.7", "10.244.2.9", "10.244.9.10", "10.244.9.9"]);
    let view = view(Source::EndpointSlices, "endpointslices-list-all", &Policy::default());
    let by_hand = view.members.values().find(|member| member.address.to_string() == "10.244.9.9").unwrap();
    assert_eq!((by_hand.pod.as_ref(), &*by_hand.namespace), (None, "lab"));
}

#[test]
fn members_are_named_in_each_mode() {
    let policy = |mode| Policy {
        naming: Naming { basename: Basename::parse("myapp").ok(), mode, ..Naming::default() },
        ..Policy::default()
    };
    for (source, recording) in EACH {
        let dns = view(source, recording, &policy(NameMode::Dns));
        assert_eq!(
            names(&dns),
            ["myapp@10-244-1-5.lab.pod.cluster.local", "myapp@10-244-2-7.lab.pod.cluster.local"],
            "{source}"
        );
        // These pods belong to no StatefulSet: nothing gives them a host name.
        let hostname = view(source, recording, &policy(NameMode::Hostname));
        assert!(hostname.members.is_empty());
        let without = skipped(&hostname).into_iter().filter(|line| line.contains("no host name"));
        assert_eq!(without.count(), 2, "{source}");
    }
}

#[test]
fn the_same_list_reads_the_same_whatever_its_dress() {
    let plain = listed(Source::Pods, "pods-list");
    assert_eq!(plain.objects.len(), 5);
    assert_eq!(listed(Source::Pods, "pods-list-curl-ua-pretty"), plain);
    // Recorded later: other things had changed by then, and with them the list's version.
    let http_2 = listed(Source::Pods, "pods-list-h2");
    assert_eq!((http_2.objects, http_2.resource_version.unwrap().as_str()), (plain.objects, "278"));
}

#[test]
fn a_narrower_list_holds_a_part_of_the_whole() {
    let whole = listed(Source::Pods, "pods-list");
    let part = listed(Source::Pods, "pods-list-fieldselector");
    let names: Vec<_> = part.objects.iter().map(|object| &*object.reference.name).collect();
    assert_eq!(names, ["web-0", "web-3-terminating"]);
    assert!(part.objects.iter().all(|object| whole.objects.contains(object)));
}

#[test]
fn an_empty_list_is_evidence_that_there_is_nobody() {
    let empty = listed(Source::Pods, "pods-list-empty");
    assert!(empty.objects.is_empty());
    assert_eq!(empty.resource_version.unwrap().as_str(), "254");
}

#[test]
fn every_list_tells_its_version() {
    for (source, recording) in EACH {
        assert_eq!(listed(source, recording).resource_version.unwrap().as_str(), "254", "{source}");
    }
}

#[test]
fn a_list_reads_the_same_as_a_document() {
    let more = [
        (Source::EndpointSlices, "endpointslices-list-all"),
        (Source::Pods, "pods-list-curl-ua-pretty"),
        (Source::Pods, "pods-list-empty"),
    ];
    for (source, recording) in EACH.into_iter().chain(more) {
        let document = document::decode(&Recording::load(recording).body).unwrap();
        let listed = listed(source, recording);
        assert_eq!(document.objects, listed.objects, "{recording}");
        assert_eq!(Some(document.resource_version), listed.resource_version, "{recording}");
    }
}

#[test]
fn one_object_reads_the_same_as_in_its_list() {
    for (source, one, list) in
        [(Source::Pods, "pod-get", "pods-list"), (Source::Endpoints, "endpoints-get", "endpoints-list")]
    {
        let document = document::decode(&Recording::load(one).body).unwrap();
        assert_eq!(document.objects, listed(source, list).objects[..1], "{one}");
    }
}

#[test]
fn all_sources_in_one_document_make_one_view() {
    let mut items = Vec::new();
    for (source, recording) in EACH {
        let mut list: Value = serde_json::from_slice(&Recording::load(recording).body).unwrap();
        for item in list["items"].as_array_mut().unwrap() {
            item["kind"] = source.resource().kind().into();
            items.push(item.take());
        }
    }
    let document = document::decode(json!({"kind": "List", "items": items}).to_string().as_bytes()).unwrap();
    for (admission, of_pods) in ADMISSIONS.into_iter().zip(names_by_admission(Source::Pods, "pods-list")) {
        let view = View::of(&document.objects, &admitting(admission));
        assert_eq!(names(&view), of_pods, "{admission:?}");
    }
}
