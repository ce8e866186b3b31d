//! How it ends, and with which code.

use std::time::Duration;

use rustix::process::Signal;

use super::candidate::at;
use super::server::Server;

/// Says when it is ready, and when it is told to end.
const OBEDIENT: &str = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
/// Ends for nobody, and neither do those that have left its group and its session.
const STUBBORN: &str = "trap '' TERM; setsid sh -c 'trap \"\" TERM; setsid sleep 1000 & sleep 1000' & echo ready; while :; do sleep 0.05; done";

#[test]
fn the_exit_code_is_the_commands() {
    for (script, code) in [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
        let server = Server::new();
        let ended = server.run(&[], script).end();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""), "{script}");
        assert_eq!(ended.event("child_exited")["code"], code);
        assert!(server.is_free(), "{script}: {}", server.lease());
    }
}

#[test]
fn a_command_that_cannot_be_run_is_named_and_the_lease_released() {
    for (command, code, reason) in [("/etc/passwd", 126, "denied"), ("/nonexistent", 127, "No such file")] {
        for on_exit in ["--on-exit=release", "--on-exit=restart"] {
            let server = Server::new();
            let ended = server.elect(&[on_exit], &[command]).end();
            assert_eq!(ended.code, Some(code), "{ended:?}");
            assert!(ended.stderr.starts_with(&format!("error: cannot run {command}: ")), "{ended:?}");
            assert!(ended.stderr.contains(reason), "{ended:?}");
            assert!(server.is_free(), "{}", server.lease());
        }
    }
}

#[test]
fn what_we_cannot_open_ends_us_before_we_stand() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("--listen={}", taken.local_addr().unwrap());
    for (flag, complaint) in [
        ("--events=/nonexistent/events", "error: cannot write the events to /nonexistent/events: "),
        (listen.as_str(), "error: cannot listen on 127.0.0.1:"),
    ] {
        let server = Server::new();
        let ended = server.run(&[flag], "echo run").end();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(125), ""), "{ended:?}");
        assert!(ended.stderr.starts_with(complaint), "{ended:?}");
        assert!(server.lease()["leaseTransitions"].is_null(), "{}", server.lease());
    }
}

#[test]
fn whoever_stands_by_ends_at_once_with_zero_and_runs_nothing() {
    let server = Server::new();
    let leader = server.run(&[], OBEDIENT);
    leader.until_said("ready");
    for signal in [Signal::TERM, Signal::INT] {
        let standby = server.run(&[], "echo run");
        standby.until("observed_holder");
        standby.signal(signal);
        let ended = standby.end();
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""));
    }
    assert_eq!(leader.terminate().code, Some(5));
}

#[test]
fn told_to_end_we_stop_the_command_and_then_release() {
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::INT, "INT")] {
        let server = Server::new();
        let script = format!("trap 'echo told; sleep 0.8; exit 5' {name}; echo ready; while :; do sleep 0.05; done");
        let leader = server.run(&[], &script);
        leader.until_said("ready");
        leader.signal(signal);
        leader.until_said("told");
        let renewed = server.lease()["renewTime"].clone();
        std::thread::sleep(Duration::from_millis(450));
        assert!(!server.is_free(), "released before the command has ended");
        assert_ne!(server.lease()["renewTime"], renewed, "we go on renewing while the command ends");
        let ended = leader.end();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), "ready\ntold\n"));
        assert!(at(ended.event("released")) > at(ended.event("child_exited")));
        assert!(server.is_free());
    }
}

#[test]
fn a_command_that_ignores_it_is_killed_after_the_grace_period_with_all_that_it_has_started() {
    let server = Server::new();
    let leader = server.run(&["--grace-period=500ms"], STUBBORN);
    leader.until_said("ready");
    let ended = leader.terminate();
    assert_eq!(ended.code, Some(137), "{ended:#?}");
    assert!(ended.stderr.contains("has not ended within its grace period"), "{ended:?}");
    let took = at(ended.event("child_exited")) - at(ended.event("stepping_down"));
    assert!((0.5..2.0).contains(&took), "{took} s");
    assert!(server.is_free());
}

#[test]
fn what_a_command_leaves_running_is_killed() {
    let server = Server::new();
    let script = "sleep 1000 & setsid sleep 1000 & setsid sh -c 'setsid sleep 1000 & sleep 1000' & sleep 0.2; exit 4";
    let ended = server.run(&[], script).end();
    assert_eq!(ended.code, Some(4));
    assert!(server.is_free());
}

#[test]
fn on_exit_restart_runs_it_again_in_the_same_term_after_a_pause() {
    let server = Server::new();
    let leader = server.run(&["--on-exit=restart"], "echo run; exit 7");
    let second = leader.until_nth("child_started", 1);
    let pause = at(&second) - at(&leader.until("child_exited"));
    assert!((1.0..2.0).contains(&pause), "{pause} s");
    assert_eq!(second["fencingToken"], leader.until("acquired")["fencingToken"]);
    leader.until_nth("child_exited", 1);
    // In the second pause, of 2 s: we exit as the command did last.
    let ended = leader.terminate();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(7), "run\nrun\n"));
    assert!(at(ended.event("released")) - at(ended.event("stepping_down")) < 1.0, "{ended:#?}");
    assert!(server.is_free());
}
