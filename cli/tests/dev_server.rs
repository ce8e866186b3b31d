//! `quorate dev-server`: the command as a whole.
#![cfg(unix)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

const CART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/cart.yaml");

/// The command, with nothing in its environment that could change what it does.
fn dev_server(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("quorate"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("PATH", "/usr/bin:/bin")
        .env("CLUSTER_DOMAIN", "cluster.local")
        .arg("dev-server")
        .args(arguments)
        .timeout(Duration::from_secs(60))
}

#[test]
fn the_command_of_the_readme_lists_the_members() {
    let line = format!("--load {CART} -- quorate members --service cart -n shop --basename cart");
    let arguments: Vec<_> = line.split(' ').collect();
    dev_server(&arguments)
        // A variable that would lead elsewhere does not.
        .env("QUORATE_KUBECONFIG", "/nonexistent")
        .assert()
        .success()
        .stderr_eq("This is not a cluster: a fake API server for development, on which nothing runs.\n")
        .stdout_eq(str![[r#"
cart@10.244.0.7
cart@10.244.1.7
cart@10.244.2.7

"#]]);
}

#[test]
fn every_state_of_a_member_can_be_loaded() {
    let members = "quorate members --service cart -n shop --include any -o table --mode hostname";
    let line = format!("--load {CART} -- {members}");
    let arguments: Vec<_> = line.split(' ').collect();
    dev_server(&arguments).assert().success().stdout_eq(str![[r#"
NAME                                ADDRESS     POD     STATE
cart-0.cart.shop.svc.cluster.local  10.244.0.7  cart-0  ready
cart-1.cart.shop.svc.cluster.local  10.244.1.7  cart-1  ready
cart-2.cart.shop.svc.cluster.local  10.244.2.7  cart-2  ready
cart-3.cart.shop.svc.cluster.local  10.244.3.7  cart-3  not-ready
cart-4.cart.shop.svc.cluster.local  10.244.4.7  cart-4  terminating

"#]]);
}

#[test]
fn the_server_ends_as_the_command_does() {
    dev_server(&["--", "sh", "-c", "exit 7"]).assert().code(7);
    dev_server(&["--", "sh", "-c", "kill -KILL $$"]).assert().code(137);
    dev_server(&["--", "/nonexistent/program"]).assert().code(1).stderr_eq(str![[r#"
This is not a cluster: [..]
error: cannot run /nonexistent/program: No such file or directory (os error 2)

"#]]);
}

#[test]
fn a_temporary_kubeconfig_is_for_its_owner_and_goes_at_the_end() {
    let command = ["--", "sh", "-c", "stat -c %a $KUBECONFIG; echo $KUBECONFIG"];
    let output = dev_server(&command).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let (mode, path) = printed.trim_end().split_once('\n').unwrap();
    assert_eq!(mode, "600");
    assert!(!Path::new(path).exists(), "{path}");
}

#[test]
fn a_kubeconfig_that_was_asked_for_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.kubeconfig");
    std::fs::write(&path, "something older").unwrap();
    let path_text = path.to_str().unwrap();
    dev_server(&["--kubeconfig-out", path_text, "--", "sh", "-c", "echo $KUBECONFIG"])
        .assert()
        .success()
        .stdout_eq(format!("{path_text}\n"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&path).unwrap().contains("certificate-authority-data: "));
}

#[test]
fn all_faults_are_named_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.yaml");
    std::fs::write(&bad, "kind: [").unwrap();
    let line = format!(
        "--listen nowhere --latency soon --error-rate pods --lag -1 --load /nonexistent --load {} -- true",
        bad.display()
    );
    let line = line.replace("--lag -1", "--lag=-1");
    let arguments: Vec<_> = line.split(' ').collect();
    dev_server(&arguments).assert().code(2).stdout_eq("").stderr_eq(str![[r#"
error: --listen: "nowhere" is no address and port: write it as 127.0.0.1:0 or [::1]:6443
       --error-rate: "pods": write it as VERB:RESOURCE=PROBABILITY:STATUS, such as list:pods=0.1:500
       --latency: "soon" is no length of time: write it as 500ms, 10s or 1m
       --lag: "-1" is no whole number
       --load /nonexistent: No such file or directory (os error 2)
       --load [..]bad.yaml: not YAML at line 1, column [..]

"#]]);
}

#[test]
fn what_cannot_be_created_is_named_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ship.yaml");
    std::fs::write(&file, "apiVersion: v1\nkind: Ship\nmetadata: {name: a}\n").unwrap();
    dev_server(&["--load", file.to_str().unwrap(), "--", "true"]).assert().code(2).stderr_eq(str![[r#"
error: --load [..]ship.yaml: [..]

"#]]);
}

#[test]
fn faults_of_the_command_line_strike() {
    let command = ["--error-rate=list:endpointslices=1:403", "--load", CART, "--", "quorate", "members"];
    let arguments = [&command[..], &["--service=cart", "-n=shop", "--request-timeout=2s"]].concat();
    let output = dev_server(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("this error was asked for"), "{said}");
}

/// A server without a command, and the kubeconfig that it tells of.
fn start() -> (Child, PathBuf) {
    let mut server = std::process::Command::new(cargo_bin!("quorate"))
        .env_clear()
        .args(["dev-server", "--load", CART])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(server.stderr.take().unwrap());
    while !said.contains("Ctrl-C") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
    }
    assert!(said.starts_with("This is not a cluster"), "{said}");
    assert!(said.contains("It listens at https://127.0.0.1:"), "{said}");
    let kubeconfig = said.lines().find_map(|line| line.trim().strip_prefix("export KUBECONFIG=")).unwrap();
    (server, kubeconfig.into())
}

#[test]
fn without_a_command_it_serves_until_it_is_told_to_end() {
    for signal in [Signal::INT, Signal::TERM] {
        let (mut server, kubeconfig) = start();
        let members = std::process::Command::new(cargo_bin!("quorate"))
            .env_clear()
            .env("KUBECONFIG", &kubeconfig)
            .args(["members", "--service=cart", "-n=shop"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(members.stdout).unwrap(), "10.244.0.7\n10.244.1.7\n10.244.2.7\n");
        kill_process(Pid::from_child(&server), signal).unwrap();
        assert_eq!(server.wait().unwrap().code(), Some(0));
        assert!(!kubeconfig.exists());
    }
}

#[test]
fn a_sigterm_reaches_the_command() {
    let mut server = std::process::Command::new(cargo_bin!("quorate"))
        .args(["dev-server", "--", "sh", "-c", "echo up; exec sleep 60"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.stdout.take().unwrap().read_exact(&mut [0; 3]).unwrap();
    kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
    let status = server.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(143), None));
}

#[test]
fn kubectl_reads_it() {
    let kubectl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/kube-apiserver/kubectl");
    if !kubectl.exists() {
        eprintln!("NOT TESTED: there is no {}; tests/kube-apiserver/build makes it", kubectl.display());
        return;
    }
    let kubectl = kubectl.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cache = format!("--cache-dir={}", folder.path().display());
    let get = ["--load", CART, "--", kubectl, &cache, "-n=shop", "get", "pods", "-o=name"];
    dev_server(&get).assert().success().stdout_eq("pod/cart-0\npod/cart-1\npod/cart-2\npod/cart-3\npod/cart-4\n");
    let faults = ["--latency=1ms", "--", kubectl, "get", "--raw", "/quorate/faults"];
    dev_server(&faults).assert().success().stdout_eq(str![[r#"
{"latencyMs":1,"errors":[],"stallWatches":false,"cutWatchesAfterMs":0,"compactEveryMs":0,"lag":0}
"#]]);
}
