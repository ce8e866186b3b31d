//! What is printed, and when.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use quorate_transport_hyper::serve::FaultChange;
use rustix::process::Signal;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use super::cluster::{Cluster, Watch};

/// The view that the events make, as docs/watch.md says.
fn fold(events: &[Value]) -> BTreeMap<String, Value> {
    let mut view = BTreeMap::new();
    for event in events {
        let name = event["name"].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str().unwrap() {
            "joined" | "changed" => drop(view.insert(name, event.clone())),
            "left" => drop(view.remove(&name)),
            _ => {}
        }
    }
    view
}

/// Of a view, what `quorate members` prints.
fn admitted(view: BTreeMap<String, Value>) -> Vec<Value> {
    let admitted = view.into_values().filter(|member| member["admitted"] == true);
    let fields = ["name", "address", "hostname", "namespace", "uid", "pod", "state", "source"];
    admitted.map(|member| fields.iter().map(|field| (String::from(*field), member[*field].clone())).collect()).collect()
}

fn the_events_add_up_to_what_members_prints(source: &[&str], follow: &[&str]) {
    let cluster = Cluster::of(5);
    let mut watch = cluster.watch(&[source, follow].concat());
    let synced = watch.until("synced", |seen| seen["event"] == "synced");
    assert_eq!(synced["members"], 5);
    assert_eq!(admitted(fold(&watch.seen)), cluster.members(source));
    cluster.set_ready(1, false);
    cluster.remove(2);
    cluster.add(6);
    let mut left = ["changed app@10.0.0.1", "left app@10.0.0.2", "joined app@10.0.0.6"].to_vec();
    watch.until("all three changes", move |seen| {
        let told = format!("{} {}", seen["event"].as_str().unwrap(), seen["name"].as_str().unwrap_or_default());
        left.retain(|expected| *expected != told);
        left.is_empty()
    });
    let members = cluster.members(source);
    assert_eq!(members.len(), 4);
    let view = fold(&watch.seen);
    assert_eq!(view.len(), 5, "who is not ready is there still");
    assert_eq!(admitted(view), members);
}

#[test]
fn the_events_of_a_watch_add_up_to_what_members_prints() {
    the_events_add_up_to_what_members_prints(&[], &[]);
    the_events_add_up_to_what_members_prints(&["--source=pods"], &[]);
    the_events_add_up_to_what_members_prints(&["--source=endpoints"], &[]);
}

#[test]
fn the_events_of_a_poll_add_up_to_what_members_prints() {
    the_events_add_up_to_what_members_prints(&[], &["--poll-interval=100ms"]);
}

#[test]
fn json_has_the_documented_shape() {
    let cluster = Cluster::of(2);
    let mut watch = cluster.watch(&[]);
    watch.until_live();
    cluster.set_ready(1, false);
    let mut changed = watch.until_event("changed", 1);
    cluster.remove(1);
    let left = watch.until_event("left", 1);
    assert_eq!((&left["reason"], &left["admitted"]), (&json!("gone"), &json!(false)));
    let time = changed["time"].take();
    let time = time.as_str().unwrap();
    assert_eq!((time.len(), &time[19..20], &time[26..]), ("2026-01-01T00:00:00.000000Z".len(), ".", "Z"), "{time}");
    let keys: Vec<_> = ["time", "event", "name", "address", "hostname", "namespace", "uid", "pod", "state", "source"]
        .into_iter()
        .chain(["admitted", "before"])
        .collect();
    assert_eq!(changed.as_object().unwrap().len(), keys.len());
    assert!(keys.iter().all(|key| changed.get(key).is_some()), "{changed}");
    assert_eq!(changed["before"], json!({"state": "ready", "admitted": true}));
    assert_eq!((&changed["state"], &changed["admitted"]), (&json!("not-ready"), &json!(false)));
}

#[test]
fn nobody_leaves_while_the_api_fails() {
    let cluster = Cluster::of(3);
    let refuse = |rates: &[&str]| {
        let errors = rates.iter().map(|rate| rate.parse().unwrap()).collect();
        cluster.change(&FaultChange { errors: Some(errors), cut_watches: true, ..FaultChange::default() });
    };
    refuse(&["*:*=1:500"]);
    let mut watch = cluster.watch(&["--request-timeout=1s"]);
    let unsynced = watch.until("degraded", |seen| seen["event"] == "degraded");
    assert_eq!(unsynced["since"], Value::Null);
    assert!(unsynced["reason"].as_str().unwrap().contains("500"), "{unsynced}");
    refuse(&[]);
    watch.until_live();
    refuse(&["*:*=1:500"]);
    let degraded = watch.until("degraded", |seen| seen["event"] == "degraded");
    assert!(degraded["since"].as_str().unwrap() <= degraded["time"].as_str().unwrap(), "{degraded}");
    assert!(degraded["since"].as_str().unwrap() > unsynced["time"].as_str().unwrap(), "{degraded}");
    refuse(&[]);
    watch.until_live();
    assert_eq!((watch.count("joined"), watch.count("left")), (3, 0));
}

#[test]
fn who_goes_in_mass_is_confirmed_first() {
    let cluster = Cluster::of(4);
    // Three of four at once, as the watch sees it: it was cut, and the list after it lacks them.
    let mut watch = cluster.watch(&["--poll-interval=300ms", "--confirm-removals-over=70%"]);
    watch.until_live();
    for number in 1..=3 {
        cluster.remove(number);
    }
    watch.until_event("left", 3);
    let confirming = watch.seen.iter().find(|seen| seen["event"] == "confirming");
    // A poll between two of the removals sees fewer of them.
    if let Some(confirming) = confirming {
        assert!(
            confirming["members"].as_u64() <= Some(4) && confirming["removals"].as_u64() <= Some(3),
            "{confirming}"
        );
    }
    cluster.remove(4);
    let confirming = watch.until("confirming", |seen| seen["event"] == "confirming");
    assert_eq!((&confirming["removals"], &confirming["members"]), (&json!(1), &json!(1)));
    watch.until_event("left", 4);
}

#[test]
fn who_is_left_out_is_named() {
    let cluster = Cluster::of(1);
    let mut watch = cluster.watch(&["--mode=hostname"]);
    let skipped = watch.until("skipped", |seen| seen["event"] == "skipped");
    assert_eq!(skipped["object"], "Pod default/web-1");
    assert!(skipped["reason"].as_str().unwrap().contains("no host name"), "{skipped}");
}

#[test]
fn text_is_for_people() {
    let cluster = Cluster::of(2);
    let connector =
        cluster.connector("[ $1 = list ] && exit 64; [ $PEER_POD = web-1 ] || { echo no route >&2; exit 1; }");
    let mut quorate = cluster.quorate(&["watch", "--service=web", "--connector", &connector, "--parallel=1"]);
    let mut child = quorate.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first: Vec<_> = lines.take(6).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_data_eq!(
        first.join("\n"),
        str![[r#"
20[..]Z joined            10.0.0.1 (ready)
20[..]Z joined            10.0.0.2 (ready)
20[..]Z synced            2 members
20[..]Z live
20[..]Z connected         10.0.0.1
20[..]Z connect_failed    10.0.0.2, again in [..] s: [..]connector exited with 1: no route
"#]]
    );
}

#[test]
fn colours_come_when_they_are_asked_for() {
    let cluster = Cluster::of(1);
    let mut quorate = cluster.quorate(&["watch", "--service=web"]);
    let mut child = quorate.env("CLICOLOR_FORCE", "1").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut first = [0; 4];
    child.stdout.as_mut().unwrap().read_exact(&mut first).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(&first, b"\x1b[2m");
}

#[test]
fn the_log_says_what_no_event_does() {
    let cluster = Cluster::of(1);
    let run = |verbosity: &[&str]| {
        let mut watch = cluster.watch(verbosity);
        watch.until_live();
        watch.signal(Signal::TERM);
        watch.end().1
    };
    assert_eq!(run(&[]), "");
    let said = run(&["-v"]);
    assert!(said.starts_with("info: asking https://127.0.0.1:"), "{said}");
    assert!(!said.contains("joined"), "{said}");
    assert!(run(&["-vv"]).contains("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?"));
}

#[test]
fn a_poll_watches_nothing() {
    let cluster = Cluster::of(1);
    let mut polling: Watch = cluster.watch(&["--poll-interval=100ms"]);
    polling.until_live();
    assert_eq!(cluster.open_watches(), 0);
    let mut watching = cluster.watch(&[]);
    watching.until_live();
    cluster.add(2);
    watching.until_event("joined", 2);
    assert_eq!(cluster.open_watches(), 1);
}
