//! Pods in all states of their lives: who counts, by which address.

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::sources::SOURCES;

const NOBODY: [&str; 0] = [];

pub(crate) fn a_terminating_pod_counts_by_policy() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "terminating")?;
    let [stays, serves, ended] = ["10.1.0.1", "10.1.0.2", "10.1.0.3"];
    lab.serve(
        "web",
        &[
            Pod::ready("web-0", &[stays]),
            Pod::ready("web-1", &[serves]).terminating(),
            Pod::ready("web-2", &[ended]).not_ready().terminating(),
        ],
    )?;
    for source in ["endpointslices", "pods"] {
        let names = |include| lab.names(&["--service", "web", "--source", source, "--include", include]);
        assert_eq!(names("ready")?, [stays], "{source}");
        assert_eq!(names("serving")?, [stays, serves], "{source}");
        assert_eq!(names("any")?, [stays, serves, ended], "{source}");
    }
    // Endpoints say nothing of pods that terminate.
    for include in ["ready", "serving", "any"] {
        assert_eq!(
            lab.names(&["--service", "web", "--source", "endpoints", "--include", include])?,
            [stays],
            "{include}"
        );
    }
    Ok(())
}

pub(crate) fn a_pod_that_is_not_ready_counts_by_policy() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "not-ready")?;
    let [ready, not_ready] = ["10.1.0.1", "10.1.0.2"];
    lab.serve("web", &[Pod::ready("web-0", &[ready]), Pod::ready("web-1", &[not_ready]).not_ready()])?;
    for source in SOURCES {
        let names = |include| lab.names(&["--service", "web", "--source", source, "--include", include]);
        assert_eq!(names("ready")?, [ready], "{source}");
        assert_eq!(names("serving")?, [ready], "{source}");
        assert_eq!(names("any")?, [ready, not_ready], "{source}");
    }
    Ok(())
}

pub(crate) fn pods_that_are_not_there_are_skipped_with_a_reason() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "not-there")?;
    lab.serve(
        "web",
        &[
            Pod::ready("web-0", &["10.1.0.1"]),
            Pod::ready("web-1", &[]).in_phase("Pending"),
            Pod::ready("web-2", &["10.1.0.2"]).in_phase("Pending"),
            Pod::ready("web-3", &["10.1.0.3"]).in_phase("Failed"),
            Pod::ready("web-4", &["10.1.0.4"]).in_phase("Succeeded"),
        ],
    )?;
    let json = lab.json(&["--service", "web", "--source", "pods", "--include", "any"])?;
    let members: Vec<_> = list(&json, "/members", &["pod", "state"]);
    assert_eq!(members, [["web-0", "ready"], ["web-2", "pending"]]);
    let skipped = list(&json, "/skipped", &["object", "reason"]);
    let expected = [("web-1", "it has no address yet"), ("web-3", "it has ended"), ("web-4", "it has ended")];
    assert_eq!(skipped.len(), expected.len(), "{skipped:?}");
    for ([object, reason], (pod, why)) in skipped.iter().zip(expected) {
        assert_eq!(*object, format!("Pod not-there/{pod}"));
        assert!(reason.starts_with(why), "{reason}");
    }

    // Slices and Endpoints do not tell of those that have ended or have no address.
    for source in ["endpointslices", "endpoints"] {
        let json = lab.json(&["--service", "web", "--source", source, "--include", "any"])?;
        let members = list(&json, "/members", &["address", "state"]);
        assert_eq!(members, [["10.1.0.1", "ready"], ["10.1.0.2", "not-ready"]], "{source}");
        assert_eq!(json.get("skipped"), Some(&json!([])), "{source}");
    }

    // A Service all of whose pods are still pending: nobody, and a word why.
    lab.serve("new", &[Pod::ready("new-0", &[]).in_phase("Pending")])?;
    let nobody = lab.members(&["--service", "new", "--source", "pods", "--include", "any"])?.run()?.with_code(0)?;
    assert_eq!(nobody.lines(), NOBODY);
    assert!(nobody.stderr().contains("no members: 1 left out; the first is Pod not-there/new-0"), "{nobody}");
    Ok(())
}

pub(crate) fn a_dual_stack_member_has_the_address_that_is_asked_for() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "dual-stack")?;
    let [both4, both6, only4, first6, then4] = ["10.1.0.1", "fd00:10:1::1", "10.1.0.2", "fd00:10:1::3", "10.1.0.3"];
    lab.serve(
        "web",
        &[Pod::ready("web-0", &[both4, both6]), Pod::ready("web-1", &[only4]), Pod::ready("web-2", &[first6, then4])],
    )?;
    let names = |source, more: &[&str]| {
        let mut names = lab.names(&[&["--service", "web", "--source", source], more].concat())?;
        names.sort();
        Ok::<_, Trouble>(names)
    };
    for source in ["endpointslices", "pods"] {
        assert_eq!(names(source, &["--ip-family", "ipv4"])?, [both4, only4, then4], "{source}");
        // Who has no such address is used by the one there is.
        assert_eq!(names(source, &["--ip-family", "ipv6"])?, [only4, both6, first6], "{source}");
        let dns = names(source, &["--ip-family", "ipv6", "--mode", "dns"])?;
        let expected =
            ["10-1-0-2", "fd00-10-1--1", "fd00-10-1--3"].map(|host| format!("{host}.dual-stack.pod.cluster.local"));
        assert_eq!(dns, expected, "{source}");
    }
    // Endpoints have the Service's first family only.
    for family in ["ipv4", "ipv6"] {
        assert_eq!(names("endpoints", &["--ip-family", family])?, [both4, only4, then4], "{family}");
    }
    // Unless asked, a pod's own first address; the others do not say which that is.
    assert_eq!(names("pods", &[])?, [both4, only4, first6]);
    assert_eq!(names("endpointslices", &[])?, [both4, only4, then4]);

    // Two slices tell of each member, which is one member.
    let json = lab.json(&["--service", "web"])?;
    assert_eq!(list(&json, "/members", &["pod"]), [["web-0"], ["web-1"], ["web-2"]]);
    assert_eq!(json.get("skipped"), Some(&json!([])));
    Ok(())
}

/// As pods of the host's network do.
pub(crate) fn pods_that_share_an_address_have_one_name_between_them() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "shared-address")?;
    let pods = ["web-0", "web-1", "web-2"].map(|name| Pod::ready(name, &["10.1.0.1"]).with_hostname());
    lab.serve("web", &pods)?;
    let uids =
        lab.kubectl(&["get", "pods", "-o", "jsonpath={range .items[*]}{.metadata.uid} {.metadata.name}{'\\n'}{end}"])?;
    let owner = uids.lines().into_iter().min().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    for source in SOURCES {
        let json = lab.json(&["--service", "web", "--source", source])?;
        // Whoever has the lowest UID, whatever tells of them.
        assert_eq!(list(&json, "/members", &["name", "pod"]), [["10.1.0.1", owner]], "{source}");
        let reason = format!("its name 10.1.0.1 is taken by Pod shared-address/{owner}");
        assert_eq!(list(&json, "/skipped", &["reason"]), [[reason.as_str()]; 2], "{source}");
        // By another name they do not clash.
        let names = lab.names(&["--service", "web", "--source", source, "--mode", "hostname"])?;
        let expected = ["web-0", "web-1", "web-2"].map(|pod| format!("{pod}.web.shared-address.svc.cluster.local"));
        assert_eq!(names, expected, "{source}");
    }
    Ok(())
}

/// As a StatefulSet with a Service for its clients beside its own.
pub(crate) fn a_pod_behind_two_services_is_one_member() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "two-services")?;
    let pods = Pod::stateful_set("web", 2);
    lab.serve("web", &pods)?;
    lab.server().create(&[json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"namespace": "two-services", "name": "clients", "labels": {"app": "web"}},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    })])?;
    lab.settle("clients", &pods)?;
    for source in SOURCES {
        let names = |mode| lab.names(&["-l", "app=web", "--source", source, "--mode", mode]);
        assert_eq!(names("ip")?, ["10.1.0.1", "10.1.0.2"], "{source}");
        // Host names resolve through the headless one only.
        let expected = ["web-0", "web-1"].map(|pod| format!("{pod}.web.two-services.svc.cluster.local"));
        assert_eq!(names("hostname")?, expected, "{source}");
    }
    Ok(())
}

/// The texts of these fields, row by row.
fn list<'a, const N: usize>(json: &'a Value, pointer: &str, fields: &[&str; N]) -> Vec<[&'a str; N]> {
    let rows = json.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    rows.map(|row| fields.map(|field| row.get(field).and_then(Value::as_str).unwrap_or_default())).collect()
}
