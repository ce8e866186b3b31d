//! What was asked for wrongly, and where flags come from.

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

use super::server::{Following, Server, held};

fn quorate(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("quorate"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("PATH", "/usr/bin:/bin")
        .arg("lease")
        .args(arguments)
}

#[test]
fn all_faults_are_named_at_once() {
    let arguments = ["Demo_1", "-n=a,b", "-o=yaml", "--request-timeout=0s", "--kubeconfig=/nonexistent"];
    quorate(&arguments).assert().code(2).stdout_eq("").stderr_eq(str![[r#"
error: NAME: "Demo_1" is not a name of a Lease: [..]
       --output: "yaml" is none of text, json
       --request-timeout: "0s" is no length of time: write it as 500ms, 10s or 1m
       [..]/nonexistent[..]
       --namespace: "a,b" is not a namespace: [..]

"#]]);
}

#[test]
fn a_name_must_be_given() {
    quorate(&[]).assert().code(2).stdout_eq("");
}

#[test]
fn every_flag_can_come_from_the_environment() {
    let server = Server::with(&held("web-0", 3));
    let mut command = server.lease(&[]);
    let variables = [
        ("LEASE", "demo"),
        ("NAMESPACE", "default"),
        ("WATCH", "true"),
        ("OUTPUT", "json"),
        ("REQUEST_TIMEOUT", "5s"),
        ("VERBOSE", "0"),
    ];
    command.envs(variables.map(|(name, value)| (format!("QUORATE_{name}"), value)));
    Following::start(&mut command).next("found");
}
