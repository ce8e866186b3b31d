//! How it ends.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::cluster::Cluster;
use super::process::wait;

#[test]
fn a_signal_ends_it_and_hangs_up_on_nobody() {
    for signal in [Signal::TERM, Signal::INT] {
        let cluster = Cluster::of(2);
        let connector = cluster.connector(
            "echo $1 >> $HERE/calls
            case $1 in
                list) exit 64 ;;
                connect) [ $PEER_POD = web-1 ] || { echo $$ > $HERE/hanging; exec sleep 60; } ;;
            esac",
        );
        let mut watch = cluster.watch(&["--connector", &connector]);
        watch.until_event("connected", 1);
        while cluster.file("hanging").is_empty() {
            std::thread::sleep(Duration::from_millis(10));
        }
        let told = Instant::now();
        watch.signal(signal);
        let (status, said) = watch.end();
        assert_eq!((status.code(), said.as_str()), (Some(0), ""));
        assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
        assert!(!cluster.file("calls").contains("disconnect"));
        cluster.until_killed("hanging");
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly_also_when_nothing_happens() {
    let cluster = Cluster::of(1);
    let mut quorate = cluster.quorate(&["watch", "--service=web"]);
    let mut child = quorate.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().ends_with("live") {}
    drop(lines);
    assert_eq!(wait(&mut child).code(), Some(0));
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_reader_that_sleeps_does_not_hold_up_the_end() {
    let cluster = Cluster::of(0);
    // Far more members than a pipe holds.
    let endpoints: Vec<_> =
        (0..900).map(|number| json!({"addresses": [format!("10.1.{}.{}", number / 250, number % 250)]})).collect();
    cluster.load(json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": "big-1", "labels": {"kubernetes.io/service-name": "big"}}, "endpoints": endpoints}));
    let mut quorate = cluster.quorate(&["watch", "--service=big", "-o=json"]);
    let mut child = quorate.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(wait(&mut child).code(), Some(0));
}
