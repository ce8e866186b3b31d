//! What was asked for wrongly.

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

use super::cluster::Cluster;

fn quorate(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("quorate"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("PATH", "/usr/bin:/bin")
        .env("CLUSTER_DOMAIN", "cluster.local")
        .arg("watch")
        .args(arguments)
}

#[test]
fn all_faults_are_named_at_once() {
    let links =
        ["--connector=quorate-no-such", "--self=web 0", "--parallel=0", "--keep=some", "--disconnect-after=-1s"];
    let times = ["--poll-interval=0s", "--compare-every=soon", "--connector-timeout=1", "--terminating-after=ever"];
    quorate(&[&links[..], &times[..], &["--confirm-removals-over=101%", "-o=yaml", "--kubeconfig=/nonexistent"]].concat())
        .assert()
        .code(2)
        .stdout_eq("")
        .stderr_eq(str![[r#"
error: --compare-every: "soon" is no length of time: write it as 500ms, 10s or 1m
       --compare-every is for watches, and --poll-interval polls: leave one of them out
       --poll-interval: "0s" is no length of time: write it as 500ms, 10s or 1m
       --confirm-removals-over: "101%" is no share: write it as 50%, from 0% to 100%
       --output: "yaml" is none of text, json
       [..]/nonexistent[..]
       nothing is selected: give a label selector or the name of a Service
       --connector-timeout: "1" is no length of time: write it as 500ms, 10s or 1m
       --parallel: "0" is no whole number above 0
       --keep: "some" is none of present, ready
       --disconnect-after: "-1s" is no length of time: write it as 0s, 500ms, 10s or 1m, or never if there is none
       --terminating-after: "ever" is no length of time: write it as 0s, 500ms, 10s or 1m, or never if there is none
       --self: "web 0" is not a node name: expected [basename@] and an IP address, <hostname>.<service>.<namespace>.svc.cluster.local or <dashed IP>.<namespace>.pod.cluster.local
       --connector: there is no program quorate-no-such in PATH

"#]]);
}

#[test]
fn flags_about_links_want_a_connector() {
    let cluster = Cluster::of(0);
    let kubeconfig = format!("--kubeconfig={}", cluster.path("kubeconfig").display());
    quorate(&["--service=web", &kubeconfig, "--self=10.0.0.1", "--keep=ready"]).assert().code(2).stderr_eq(str![[r#"
error: --self is about links, and without --connector there are none: add it
       --keep is about links, and without --connector there are none: add it

"#]]);
}

#[test]
fn what_cannot_be_a_local_node_is_refused() {
    let cluster = Cluster::of(0);
    let kubeconfig = format!("--kubeconfig={}", cluster.path("kubeconfig").display());
    let select = ["--service=web", "--basename=app", &kubeconfig];
    let beam = |flags: &[&str]| quorate(&[&select[..], &["--connector=beam"], flags].concat());
    beam(&["--beam-node=app", "--dist-port=0", "--epmd-port=x", "--beam-disconnect=never"]).assert().code(2).stderr_eq(str![
        [r#"
error: --beam-disconnect: "never" is none of gone, always
       --cookie-file: there is no cookie: name its file with --cookie-file, or set RELEASE_COOKIE, or have ~/.erlang.cookie
       --epmd-port is for nodes that epmd knows, and --dist-port for others: leave one of them out
       --dist-port: "0" is no port: it is from 1 to 65535
       --beam-node: "app" is no long name of a node: it is <name>@<address or full DNS name>

"#]
    ]);
    beam(&["--beam-node=app@10.0.0.1", "--self=app@10.0.0.2", "--connector-timeout=7s"])
        .env("RELEASE_COOKIE", "biscuit")
        .assert()
        .code(2)
        .stderr_eq(str![[r#"
error: --self is app@10.0.0.2, and the local node is to be app@10.0.0.1: leave --self out
       --connector-timeout: with Erlang nodes less than 8 s is too short to find out who hangs

"#]]);
    // A flag comes before a variable: this one's port is not 0.
    beam(&["--epmd-port=x"]).env("RELEASE_COOKIE", "biscuit").env("QUORATE_DIST_PORT", "0").assert().code(2).stderr_eq(
        str![[r#"
error: --epmd-port: "x" is no port: it is from 1 to 65535
...
"#]],
    );
    beam(&[]).env("RELEASE_COOKIE", "biscuit").env("POD_IP", "10.0.0").assert().code(2).stderr_eq(str![[r#"
error: POD_IP: "10.0.0" is no address: it is to be the pod's, status.podIP

"#]]);
    beam(&["--ip-family=ipv6"]).env("RELEASE_COOKIE", "biscuit").env("POD_IP", "10.0.0.1").assert().code(2).stderr_eq(
        str![[r#"
error: --connector beam: our own address, 10.0.0.1, is not of the --ip-family that members are called by: name the node with --beam-node

"#]],
    );
    quorate(&[&select[..], &["--connector=./own", "--dist-port=4711"]].concat()).assert().code(2).stderr_eq(str![[
        r#"
error: --dist-port is about Erlang nodes: add --connector beam
       --connector: ./own: No such file or directory (os error 2)

"#
    ]]);
}

#[test]
fn every_flag_can_come_from_the_environment() {
    let cluster = Cluster::of(1);
    let connector = cluster.connector("echo $1 >> $HERE/calls; [ $1 != list ]");
    let mut quorate = cluster.quorate(&["watch"]);
    let variables = [
        ("SERVICE", "web"),
        ("BASENAME", "app"),
        ("POLL_INTERVAL", "1s"),
        ("COMPARE_EVERY", "5m"),
        ("CONFIRM_REMOVALS_OVER", "40"),
        ("CONNECTOR", &connector),
        ("SELF", "app@10.0.0.9"),
        ("CONNECTOR_TIMEOUT", "5s"),
        ("PARALLEL", "4"),
        ("KEEP", "ready"),
        ("DISCONNECT_AFTER", "never"),
        ("TERMINATING_AFTER", "30s"),
        ("OUTPUT", "json"),
        ("VERBOSE", "0"),
    ];
    quorate.envs(variables.map(|(name, value)| (format!("QUORATE_{name}"), value)));
    let mut watch = super::cluster::Watch::start(&mut quorate);
    watch.until("list_failed", |seen| seen["event"] == "list_failed");
}
