//! `quorate replay`: the command as a whole, on traces.

use std::fs;

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/trace.json");

fn quorate(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("quorate")).env_clear().env("HOME", "/nonexistent").arg("replay").args(arguments)
}

fn printed(command: Command) -> String {
    String::from_utf8_lossy(&command.assert().get_output().stdout).into_owned()
}

#[test]
fn a_broken_promise_is_told_with_what_led_to_it() {
    let output = quorate(&[EXAMPLE, "--from", "19600ms"]).assert().code(1).stderr_eq(str![[r#"
error: E1 is broken at [..] s of the run with seed 7: [..] lead at [..] s

"#]]);
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.starts_with("seed 7: 2 nodes, 1 fault planned within 60s\n"), "{text}");
    assert!(text.contains("node 0  has a deadline of its election\n    send #"), "{text}");
    assert!(text.contains("    emit leading, term "), "{text}");
    assert!(text.contains("    standing by; node-1_0000000000000001 holds the Lease"), "{text}");
    assert!(
        text.contains("s  server  receives PUT /apis/coordination.k8s.io/v1/namespaces/lab/leases/demo from node 0")
    );
}

#[test]
fn the_same_trace_gives_the_same_run() {
    let [one, other] = [(); 2].map(|()| printed(quorate(&[EXAMPLE, "--from=0s"])));
    assert!(one == other && one.lines().count() > 200, "{} lines", one.lines().count());
}

#[test]
fn only_what_is_asked_for_is_shown() {
    let of_node = printed(quorate(&[EXAMPLE, "--node", "1", "--until", "3s"]));
    assert!(of_node.contains("s  node 1  ") && !of_node.contains("s  node 0  ") && !of_node.contains("s  server  "));
    quorate(&[EXAMPLE, "-q"]).assert().code(1).stdout_eq("seed 7: 2 nodes, 1 fault planned within 60s\n");
}

#[test]
fn a_run_is_drawn_and_made_smaller() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (picture, smaller) = (path("run.svg"), path("smaller.json"));
    quorate(&[EXAMPLE, "-q", "--svg", &picture, "--shrink", &smaller]).assert().code(1);
    let picture = fs::read_to_string(picture).unwrap();
    for part in
        ["<svg ", "node 1", "class=\"leads\"", "class=\"fault\"", "class=\"violation\"", "app@10.0.0.2", "E1 is broken"]
    {
        assert!(picture.contains(part), "{part}: {picture}");
    }
    let text = printed(quorate(&[&smaller, "--node=0"]));
    assert!(text.contains("the trace says: E1 is broken: "), "{text}");
    assert!(text.contains("1 fault planned within 19."), "{text}");
}

#[test]
fn a_run_that_breaks_nothing_ends_well() {
    let mut trace: serde_json::Value = serde_json::from_str(&fs::read_to_string(EXAMPLE).unwrap()).unwrap();
    trace["plan"]["election"] = serde_json::json!({});
    trace["violated"] = serde_json::json!({"promise": "E1", "at_us": 1, "what": "two lead"});
    quorate(&["-", "-q"]).stdin(trace.to_string()).assert().success().stderr_eq("").stdout_eq(str![[r#"
seed 7: 2 nodes, 1 fault planned within 60s
the trace says: E1 is broken: two lead
no promise is broken
the trace says otherwise: the machines have changed since it was written
0.1 simulated hours, [..]
  1 partition

"#]]);
}

#[test]
fn all_faults_are_named_at_once() {
    let refused =
        |trace: &str, arguments: &[&str]| quorate(&[&["-"], arguments].concat()).stdin(trace).assert().code(2);
    refused("{}", &["--from=soon", "--until=0"]).stdout_eq("").stderr_eq(str![[r#"
error: TRACE: -: this is no trace: missing field `plan` at line 1 column 2
       --from: "soon" is no length of time: write it as 0s, 500ms, 10s or 1m, or never if there is none
       --until: "0" is no length of time: write it as 0s, 500ms, 10s or 1m, or never if there is none

"#]]);
    refused(r#"{"plan": {"seed": 1, "nodes": 1, "duration_ms": 1, "election": {"renew_deadline_ms": 20000}}}"#, &[])
        .stderr_eq("error: TRACE: the plan cannot be carried out: [..]\n...\n");
    quorate(&["/nonexistent/trace"]).assert().code(2).stderr_eq("error: TRACE: cannot read /nonexistent/trace: [..]\n");
}
