//! `quorate members -f`: the command as a whole, without any API server.

use std::io::Read as _;
use std::process::Stdio;

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/endpointslices.json");

/// The command, with nothing in its environment that could change what it does.
fn quorate(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("quorate"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("CLUSTER_DOMAIN", "cluster.local")
        .arg("members")
        .args(arguments)
}

#[test]
fn names_are_sorted_one_a_line() {
    quorate(&["-f", EXAMPLE, "--basename", "cart"]).assert().success().stderr_eq("").stdout_eq(str![[r#"
cart@10.244.0.7
cart@10.244.1.7
cart@10.244.2.7

"#]]);
}

#[test]
fn the_three_modes_name_the_same_members() {
    quorate(&["-f", EXAMPLE, "--mode", "hostname", "--cluster-domain", "k8s.example"]).assert().success().stdout_eq(
        str![[r#"
cart-0.cart.shop.svc.k8s.example
cart-1.cart.shop.svc.k8s.example
cart-2.cart.shop.svc.k8s.example

"#]],
    );
    quorate(&["-f", EXAMPLE, "--mode=dns", "--ip-family=ipv6"])
        .env("CLUSTER_DOMAIN", "k8s.example")
        .assert()
        .success()
        .stdout_eq(str![[r#"
fd00-10-244--7.shop.pod.k8s.example
fd00-10-244-1--7.shop.pod.k8s.example
fd00-10-244-2--7.shop.pod.k8s.example

"#]]);
}

#[test]
fn include_decides_who_counts() {
    quorate(&["-f", EXAMPLE, "--include", "any", "-o", "table"]).assert().success().stdout_eq(str![[r#"
NAME        ADDRESS     POD     STATE
10.244.0.7  10.244.0.7  cart-0  ready
10.244.1.7  10.244.1.7  cart-1  ready
10.244.2.7  10.244.2.7  cart-2  ready
10.244.3.7  10.244.3.7  cart-3  not-ready
10.244.4.7  10.244.4.7  cart-4  terminating

"#]]);
    let serving = quorate(&["-f", EXAMPLE, "--include=serving", "-o=name"]).assert().success();
    serving.stdout_eq("10.244.0.7\n10.244.1.7\n10.244.2.7\n10.244.4.7\n");
}

#[test]
fn json_has_the_documented_shape() {
    quorate(&["-f", "-", "-o", "json", "--basename", "app"])
        .stdin(
            r#"{"kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": [
                {"metadata": {"name": "a", "namespace": "lab", "uid": "u-a"}, "spec": {"hostname": "a"},
                 "status": {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}},
                {"metadata": {"name": "b", "namespace": "lab", "uid": "u-b"}, "status": {"phase": "Failed", "podIP": "10.0.0.2"}}]}"#,
        )
        .assert()
        .success()
        .stdout_eq(str![[r#"
{
  "members": [
    {
      "name": "app@10.0.0.1",
      "address": "10.0.0.1",
      "hostname": "a",
      "namespace": "lab",
      "uid": "u-a",
      "pod": "a",
      "state": "ready",
      "source": "Pod lab/a"
    }
  ],
  "skipped": [
    {
      "object": "Pod lab/b",
      "reason": "it has ended, and will not run again"
    }
  ],
  "resourceVersion": "7"
}

"#]]);
}

#[test]
fn what_nobody_names_is_null() {
    quorate(&["-f", "-", "-o", "json"])
        .stdin(r#"{"kind":"Endpoints","metadata":{"name":"web","namespace":"lab"},"subsets":[{"addresses":[{"ip":"10.0.0.1"}]}]}"#)
        .assert()
        .success()
        .stdout_eq(str![[r#"
{
  "members": [
    {
      "name": "10.0.0.1",
      "address": "10.0.0.1",
      "hostname": null,
      "namespace": "lab",
      "uid": null,
      "pod": null,
      "state": "ready",
      "source": "Endpoints lab/web"
    }
  ],
  "skipped": [],
  "resourceVersion": null
}

"#]]);
}

#[test]
fn an_empty_result_is_no_failure_but_says_why() {
    let empty = quorate(&["-f", "-"]).stdin(r#"{"kind":"PodList","items":[]}"#).assert().success().stdout_eq("");
    empty.stderr_eq("warning: no members: nothing was found; is the selection right, and the namespace?\n");
    let pending = r#"{"kind":"Pod","metadata":{"name":"a","namespace":"lab"},"status":{"phase":"Pending"}}"#;
    quorate(&["-f", "-"]).stdin(pending).assert().success().stdout_eq("").stderr_eq(str![[r#"
warning: no members: 1 left out; the first is Pod lab/a: it has no address yet

"#]]);
}

#[test]
fn verbosity_names_whoever_is_left_out() {
    quorate(&["-f", EXAMPLE, "-v"]).assert().success().stderr_eq(str![[r#"
info: read 2 objects from [..]endpointslices.json
info: left out Pod shop/cart-3: it is not-ready, and only ready members are asked for
info: left out Pod shop/cart-4: it is terminating, and only ready members are asked for

"#]]);
}

#[test]
fn endpoints_that_are_cut_are_worth_a_warning() {
    let cut = r#"{"kind":"Endpoints","metadata":{"name":"web","namespace":"lab",
        "annotations":{"endpoints.kubernetes.io/over-capacity":"truncated"}},"subsets":[{"addresses":[{"ip":"10.0.0.1"}]}]}"#;
    quorate(&["-f", "-"]).stdin(cut).assert().success().stdout_eq("10.0.0.1\n").stderr_eq(str![[r#"
warning: Endpoints lab/web: it is cut at 1,000 addresses, so members are missing; EndpointSlices have them all

"#]]);
}

#[test]
fn bad_input_exits_with_1_and_says_what_was_read() {
    quorate(&["-f", "-"]).stdin("<html>").assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: standard input: not the JSON that was expected: expected value at line 1 column 1

"#]]);
    quorate(&["-f", "/nonexistent/list.json"]).assert().code(1).stderr_eq(str![[r#"
error: /nonexistent/list.json: No such file or directory (os error 2)

"#]]);
    quorate(&["-f", "-"]).stdin(r#"{"kind":"Table"}"#).assert().code(1).stderr_eq(str![[r#"
error: standard input: expected a List, EndpointSliceList, EndpointsList, PodList, EndpointSlice, Endpoints or Pod, found "Table"

"#]]);
}

#[test]
fn bad_usage_exits_with_2_and_names_every_fault_at_once() {
    quorate(&["--mode=port", "--source=dns", "--include=all", "-o=yaml", "--ip-family=6", "--basename=a@b"])
        .args(["-n", "Lab", "-A", "--request-timeout", "soon", "--cluster-domain", "-", "--service", "a.b"])
        .assert()
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: --service: "a.b" is not a name of a Service: it takes 1 to 63 lower-case letters, digits and dashes, the first and the last no dash
       --basename: "a@b" is not a basename: it takes letters, digits, '_' and '-', at least one of them
       --mode: "port" is none of ip, hostname, dns
       --cluster-domain: "-" is not a cluster domain: it takes DNS labels joined by dots, such as cluster.local
       --include: "all" is none of ready, serving, any
       --ip-family: "6" is none of ipv4, ipv6
       --output: "yaml" is none of name, table, wide, json
       --namespace and --all-namespaces exclude each other: leave one of them out
       --source: "dns" is none of endpointslices, endpoints, pods
       --request-timeout: "soon" is no length of time: write it as 500ms, 10s or 1m
       configuration: there is no KUBECONFIG, no .kube/config in the home directory, and no sign of a pod around us (KUBERNETES_SERVICE_HOST, a service account's token); name a kubeconfig file

"#]]);
}

#[test]
fn faults_of_the_selection_and_of_the_configuration_come_together() {
    quorate(&["--source=pods", "--service=web", "-A", "--kubeconfig=/nonexistent"]).assert().code(2).stderr_eq(str![[
        r#"
error: [..]/nonexistent[..]
       a Service selects pods of its own namespace: name the namespaces, or give a label selector to look in all

"#
    ]]);
    quorate(&["--kubeconfig=/nonexistent"]).assert().code(2).stderr_eq(str![[r#"
error: [..]/nonexistent[..]
       nothing is selected: give a label selector or the name of a Service

"#]]);
}

#[test]
fn a_flag_on_the_command_line_silences_a_variable_that_it_does_not_go_with() {
    let fault = |quorate: Command| {
        String::from_utf8(quorate.env("QUORATE_KUBECONFIG", "/nonexistent").output().unwrap().stderr).unwrap()
    };
    let everywhere = fault(quorate(&["-A", "-l", "app=web"]).env("QUORATE_NAMESPACE", "lab"));
    assert!(!everywhere.contains("exclude each other"), "{everywhere}");
    let here = fault(quorate(&["-n", "lab", "-l", "app=web"]).env("QUORATE_ALL_NAMESPACES", "1"));
    assert!(!here.contains("exclude each other"), "{here}");
    let both = fault(quorate(&["-l", "app=web"]).env("QUORATE_ALL_NAMESPACES", "yes").env("QUORATE_NAMESPACE", "lab"));
    assert!(both.contains("exclude each other"), "{both}");
    let server = fault(quorate(&["-l", "app=web"]).env("QUORATE_FILE", EXAMPLE));
    assert!(server.contains("/nonexistent"), "{server}");
}

#[test]
fn an_empty_variable_says_nothing() {
    let mut quorate = quorate(&["-f", EXAMPLE]);
    for name in
        ["BASENAME", "CLUSTER_DOMAIN", "IP_FAMILY", "MODE", "INCLUDE", "OUTPUT", "SERVICE", "ALL_NAMESPACES", "VERBOSE"]
    {
        quorate = quorate.env(format!("QUORATE_{name}"), "");
    }
    quorate.assert().success().stderr_eq("").stdout_eq("10.244.0.7\n10.244.1.7\n10.244.2.7\n");
}

#[test]
fn a_service_picks_its_own_slices_of_a_document() {
    quorate(&["-f", EXAMPLE, "--service", "cart"]).assert().success().stdout_eq("10.244.0.7\n10.244.1.7\n10.244.2.7\n");
    quorate(&["-f", EXAMPLE, "--service", "till"]).assert().success().stdout_eq("").stderr_eq(str![[r#"
warning: no members: 2 left out; the first is EndpointSlice shop/cart-[..]: it belongs to the Service cart

"#]]);
}

#[test]
fn a_page_of_a_list_is_no_list() {
    let page = r#"{"kind":"PodList","metadata":{"continue":"t","remainingItemCount":90},"items":[]}"#;
    quorate(&["-f", "-"]).stdin(page).assert().code(1).stderr_eq(str![[r#"
error: standard input: one page of a longer list; read all of it, as kubectl does

"#]]);
}

#[test]
fn flags_for_a_server_do_not_go_with_a_document() {
    quorate(&["-f", EXAMPLE, "-l", "app=cart", "-n", "shop"]).assert().code(2).stderr_eq(str![[r#"
error: --selector asks a server, and --file reads a document: leave one of them out
       --namespace asks a server, and --file reads a document: leave one of them out

"#]]);
}

#[test]
fn every_flag_can_come_from_the_environment() {
    quorate(&[])
        .env("QUORATE_FILE", EXAMPLE)
        .env("QUORATE_BASENAME", "cart")
        .env("QUORATE_MODE", "hostname")
        .env("QUORATE_INCLUDE", "any")
        .env("QUORATE_SERVICE", "cart")
        .env("QUORATE_CLUSTER_DOMAIN", "k8s.example")
        .env("QUORATE_VERBOSE", "0")
        // A server's flags in the environment are nobody's mistake.
        .env("QUORATE_NAMESPACE", "shop,lab")
        .env("QUORATE_SELECTOR", "app=cart")
        .assert()
        .success()
        .stderr_eq("")
        .stdout_eq(str![[r#"
cart@cart-0.cart.shop.svc.k8s.example
cart@cart-1.cart.shop.svc.k8s.example
cart@cart-2.cart.shop.svc.k8s.example
cart@cart-3.cart.shop.svc.k8s.example
cart@cart-4.cart.shop.svc.k8s.example

"#]]);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    // Far more output than a pipe holds, so that the write itself meets the closed end.
    let pods: Vec<_> = (0..20_000)
        .map(|i| format!(r#"{{"metadata":{{"uid":"{i}"}},"status":{{"podIP":"10.1.{}.{}"}}}}"#, i / 250, i % 250 + 1))
        .collect();
    let file = std::env::temp_dir().join(format!("quorate-closed-pipe-{}.json", std::process::id()));
    std::fs::write(&file, format!(r#"{{"kind":"PodList","items":[{}]}}"#, pods.join(","))).unwrap();
    let mut child = std::process::Command::new(cargo_bin!("quorate"))
        .args(["members", "--include", "any", "-o", "json", "-f"])
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
