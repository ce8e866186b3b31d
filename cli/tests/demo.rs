//! `quorate demo`: the whole play.
#![cfg(target_os = "linux")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that goes wrong should stop there")]

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use snapbox::cmd::cargo_bin;

fn demo() -> Command {
    let mut command = Command::new(cargo_bin!("quorate"));
    // Variables that set flags must not change the play.
    command.env_clear().env("PATH", "/usr/bin:/bin").env("QUORATE_LEASE_DURATION", "1h").arg("demo");
    command.stdin(Stdio::null());
    command
}

/// What the closing table says of this.
fn measured<'t>(table: &'t str, what: &str) -> &'t str {
    let line = table.lines().find(|line| line.ends_with(what));
    line.and_then(|line| line.strip_suffix(what)).unwrap_or_else(|| panic!("{what}: {table}")).trim()
}

#[test]
fn the_play_goes_to_its_end_and_measures_what_it_promises() {
    let output = demo().output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{told}");
    let (_, table) = told.split_once("What was measured\n").unwrap();
    for (what, value) in [
        ("links made", "5"),
        ("links ended, each of a pod that was gone", "2"),
        ("links ended while readiness flapped and the API was away", "0"),
        ("changes of the leader while the API was away", "0"),
        ("times that two worked at once", "0"),
        ("fencing tokens that did not grow", "0"),
    ] {
        assert_eq!(measured(table, what), value, "{told}");
    }
    let milliseconds = |what: &str| measured(table, what).strip_suffix(" ms").unwrap().parse::<u64>().unwrap();
    let hand_over = milliseconds("hand-over, from the old work's end to the new one's start");
    assert!(hand_over < 1000, "{told}");
    let take_over = milliseconds("take-over of a 5 s Lease, from the last renewal to the new work's start");
    assert!((4900..6500).contains(&take_over), "{told}");
}

#[test]
fn whoever_interrupts_it_leaves_nobody_behind() {
    let mut child = demo().env("PLAY", "interrupted").stdout(Stdio::piped()).spawn().unwrap();
    let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
    while !told.next().unwrap().unwrap().contains("its work-") {}
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    // Whoever is left holds the pipe open, or stands in the list of processes.
    told.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while is_playing() {
        assert!(std::time::Instant::now() < deadline, "somebody plays on");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

fn is_playing() -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    processes.into_iter().any(|process| {
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == b"PLAY=interrupted")
    })
}
