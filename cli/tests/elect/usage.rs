//! What was asked for wrongly, and where flags come from.

use snapbox::cmd::{Command, cargo_bin};
use snapbox::str;

use super::candidate::Candidate;
use super::server::Server;

fn quorate(arguments: &[&str]) -> Command {
    Command::new(cargo_bin!("quorate"))
        .env_clear()
        .env("HOME", "/nonexistent")
        .env("PATH", "/usr/bin:/bin")
        .arg("elect")
        .args(arguments)
}

#[test]
fn all_faults_are_named_at_once() {
    let arguments = [
        "Demo_1",
        "-n=a,b",
        "--lease-duration=1500ms",
        "--renew-deadline=2s",
        "--retry-period=500ms",
        "--on-exit=stay",
        "--on-loss=stay",
        "--create=slow",
        "--grace-period=-1s",
        "--listen=here",
        "--kubeconfig=/nonexistent",
        "--",
        "true",
    ];
    quorate(&arguments).assert().code(2).stdout_eq("").stderr_eq(str![[r#"
error: kubeconfig /nonexistent: cannot be read: No such file or directory (os error 2); name a file that can be read
       --namespace: "a,b" is not a namespace: it takes 1 to 63 lower-case letters, digits and dashes, the first and the last no dash
       LEASE: "Demo_1" is not a name of a Lease: it takes lower-case letters, digits, dashes and dots, 253 characters at most, and each part between dots neither begins nor ends with a dash
       --create: "slow" is none of safe, fast
       lease_duration is 1.5 s: it must be whole seconds, 1 s to 3600 s
       lease_duration is 1.5 s: renew_deadline 2 s + grace 0 s (more than 0) + kill_margin 0 s must not exceed 1.4849999999999999 s (lease_duration ÷ clock-rate ratio); lengthen lease_duration or shorten renew_deadline
       --on-exit: "stay" is none of release, restart
       --on-loss: "stay" is none of standby, exit
       --grace-period: "-1s" is no length of time: write it as 500ms, 10s or 1m
       --listen: "here" is no address and port: write it as 127.0.0.1:8080 or [::]:8080

"#]]);
}

#[test]
fn settings_that_cannot_work_are_refused_with_what_to_change() {
    let server = Server::new();
    let kubeconfig = server.kubeconfig();
    let arguments = ["demo", "--kubeconfig", kubeconfig.to_str().unwrap(), "--lease-duration=10s", "--", "true"];
    quorate(&arguments).assert().code(2).stdout_eq("").stderr_eq(str![[r#"
error: lease_duration is 10 s: renew_deadline 10 s + grace 0 s (more than 0) + kill_margin 0 s must not exceed 9.9 s (lease_duration ÷ clock-rate ratio); lengthen lease_duration or shorten renew_deadline

"#]]);
}

#[test]
fn a_lease_and_a_command_must_be_given() {
    for arguments in [&[][..], &["demo"], &["--", "true"], &["demo", "--"]] {
        quorate(arguments).assert().code(2).stdout_eq("");
    }
}

#[test]
fn every_flag_can_come_from_the_environment() {
    let server = Server::new();
    let events = tempfile::NamedTempFile::new().unwrap();
    let kubeconfig = server.kubeconfig();
    let variables = [
        ("QUORATE_LEASE", "demo"),
        ("QUORATE_NAMESPACE", "default"),
        ("QUORATE_IDENTITY", "web-0"),
        ("QUORATE_LEASE_DURATION", "4s"),
        ("QUORATE_RENEW_DEADLINE", "2s"),
        ("QUORATE_RETRY_PERIOD", "300ms"),
        ("QUORATE_GRACE_PERIOD", "1s"),
        ("QUORATE_ON_EXIT", "release"),
        ("QUORATE_ON_LOSS", "exit"),
        ("QUORATE_CREATE", "fast"),
        ("QUORATE_BESIDE_CLIENT_GO", "true"),
        ("QUORATE_EVENTS", events.path().to_str().unwrap()),
        ("QUORATE_LISTEN", "127.0.0.1:0"),
        ("QUORATE_KUBECONFIG", kubeconfig.to_str().unwrap()),
        ("QUORATE_CONTEXT", "quorate-dev-server"),
        ("QUORATE_VERBOSE", "1"),
    ];
    let ended = Candidate::start(&kubeconfig, &[], &["sh", "-c", "echo $LEADER_LEASE; exit 3"], &variables).end();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), "default/demo\n"), "{ended:?}");
    assert!(ended.stderr.contains("standing as web-0_"), "{ended:?}");
    let events = std::fs::read_to_string(events.path()).unwrap();
    assert!(events.contains("\"acquired\""), "{events}");
    assert_eq!(server.lease()["leaseDurationSeconds"], 1, "as a release leaves it");
}
