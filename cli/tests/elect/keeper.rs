//! The keeper: what becomes of the command when one of us is killed or stopped.

use std::io::{BufReader, Read as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use rustix::time::{ClockId, clock_gettime};

use super::candidate::at;
use super::server::Server;

const OBEDIENT: &str = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
const STUBBORN: &str = "trap '' TERM; setsid sleep 1000 & sleep 1000 & echo ready; while :; do sleep 0.05; done";

#[test]
fn a_supervisor_that_is_killed_takes_an_obedient_command_with_it_at_once() {
    let server = Server::new();
    let leader = server.run(&[], OBEDIENT);
    leader.until_said("ready");
    leader.signal(Signal::KILL);
    leader.until_said("told");
    leader.until_alone();
    assert!(!server.is_free());
}

#[test]
fn a_supervisor_that_is_killed_takes_a_stubborn_command_with_it_by_the_hard_deadline() {
    let server = Server::new();
    let leader = server.run(&[], STUBBORN);
    leader.until_said("ready");
    leader.until("renewed");
    leader.signal(Signal::KILL);
    let last = leader.events().iter().rev().find(|event| event["event"] == "renewed").map(at).unwrap();
    // The keeper's clock, and this file's.
    leader.until_alone();
    let standby = server.run(&[], "echo run");
    let after = at(&standby.until("standing")) - last;
    // Lease duration, and what a busy machine may add to the look.
    assert!(after < 2.4, "{after} s after the last renewal");
    assert_eq!(standby.end().code, Some(0));
}

/// A supervisor may be stopped as soon as it has started its keeper.
#[test]
fn a_supervisor_that_never_says_a_word_cannot_keep_the_command_running() {
    let socket = format!("quorate-test-{}", std::process::id());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&socket).unwrap()).unwrap();
    let keep = |seconds: u64| {
        let deadline = clock_gettime(ClockId::Boottime).tv_sec.cast_unsigned() + seconds;
        let keeper = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(["keep", "--socket", &socket, "--deadline"])
            .arg(format!("{deadline}000000000"))
            .args(["--", "sh", "-c", STUBBORN])
            .stdout(Stdio::null())
            .spawn();
        let (supervisor, _) = listener.accept().unwrap();
        let mut words = String::new();
        BufReader::new(supervisor).read_to_string(&mut words).unwrap();
        assert!(keeper.unwrap().wait().unwrap().success());
        words
    };
    let words = keep(2);
    assert!(words.starts_with("started ") && words.ends_with("\nkilled 9\n"), "{words}");
    assert_eq!(keep(0), "killed 9\n", "it does not even start what must be gone by now");
}

#[test]
fn a_keeper_that_is_killed_takes_everything_with_it_and_ends_us() {
    for on_exit in ["--on-exit=release", "--on-exit=restart"] {
        let server = Server::new();
        let leader = server.run(&[on_exit], STUBBORN);
        leader.until_said("ready");
        kill_process(leader.keeper(), Signal::KILL).unwrap();
        let ended = leader.end();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(125), "ready\n"), "{ended:#?}");
        assert_eq!(ended.event("child_exited")["code"], 125);
        assert!(ended.stderr.contains("the keeper has died"), "{ended:?}");
        assert!(server.is_free(), "{}", server.lease());
    }
}

#[test]
fn a_signal_for_all_processes_does_not_cut_the_commands_grace_short() {
    let server = Server::new();
    let leader = server.run(&[], OBEDIENT);
    leader.until_said("ready");
    let keeper = leader.keeper();
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM, Signal::USR1, Signal::USR2] {
        kill_process(keeper, signal).unwrap();
    }
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(leader.keeper(), keeper);
    let ended = leader.terminate();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), "ready\ntold\n"), "{ended:?}");
    assert!(!ended.stderr.contains("keeper"), "{ended:?}");
}

#[test]
fn a_keeper_that_hangs_does_not_hold_up_the_end() {
    let server = Server::new();
    let leader = server.run(&["--grace-period=400ms"], STUBBORN);
    leader.until_said("ready");
    kill_process(leader.keeper(), Signal::STOP).unwrap();
    let ended = leader.terminate();
    assert_eq!(ended.code, Some(137), "{ended:#?}");
    assert!(ended.stderr.contains("the keeper has not killed the command in time"), "{ended:?}");
    let took = at(ended.event("child_exited")) - at(ended.event("stepping_down"));
    assert!((0.4..2.0).contains(&took), "{took} s");
    assert!(server.is_free());
}

#[test]
fn a_keeper_that_hangs_does_not_prolong_a_term_that_is_lost() {
    let server = Server::new();
    let leader = server.run(&[], STUBBORN);
    leader.until_said("ready");
    kill_process(leader.keeper(), Signal::STOP).unwrap();
    server.goes_away_for(4000);
    let exited = leader.until("child_exited");
    let events = leader.events();
    let last =
        events.iter().rev().find(|event| matches!(event["event"].as_str(), Some("acquired" | "renewed"))).unwrap();
    let after = at(&exited) - at(last);
    assert!(after < 2.3, "{after} s after the last renewal, which was for 2 s");
    // We stand by, and lead again.
    leader.until_nth("acquired", 1);
    leader.signal(Signal::KILL);
    leader.until_alone();
}

#[test]
fn a_supervisor_that_stands_still_does_not_prolong_a_term() {
    for (on_loss, stands_by) in [("--on-loss=standby", true), ("--on-loss=exit", false)] {
        let server = Server::new();
        let leader = server.run(&[on_loss, "--grace-period=200ms"], STUBBORN);
        leader.until_said("ready");
        leader.until("renewed");
        leader.signal(Signal::STOP);
        std::thread::sleep(Duration::from_millis(2300));
        assert_eq!(leader.left(), Vec::<String>::new(), "by the hard deadline everything is gone");
        leader.signal(Signal::CONT);
        leader.until("lost");
        if stands_by {
            let again = leader.until_nth("acquired", 1);
            let tokens =
                [&leader.until("acquired"), &again].map(|event| event["fencingToken"].as_str().unwrap().to_owned());
            assert!(tokens[0].parse::<u64>().unwrap() < tokens[1].parse().unwrap(), "{tokens:?}");
            leader.until_said("ready\nready\n");
            leader.signal(Signal::TERM);
        }
        let ended = leader.end();
        assert_eq!(ended.code, Some(137), "{ended:#?}");
        assert_eq!(ended.events.iter().filter(|event| event["event"] == "lost").count(), 1);
        assert!(!ended.stderr.contains("keeper"), "the keeper has done its work: {ended:#?}");
    }
}
