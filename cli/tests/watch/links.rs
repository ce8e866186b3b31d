//! Links, made and ended by a connector.

use std::time::Duration;

use serde_json::json;

use super::cluster::Cluster;

/// Keeps its links in a file, and tells what it was called with.
const REMEMBERS: &str = r#"
echo "$* address=$PEER_ADDRESS pod=$PEER_POD namespace=$PEER_NAMESPACE name=$PEER_NAME" >> $HERE/calls
case $1 in
    connect) mkdir -p $HERE/links/$2 ;;
    disconnect) rmdir $HERE/links/$2 ;;
    list) ls $HERE/links ;;
esac
"#;

#[test]
fn a_connector_is_told_whom_to_connect_and_to_disconnect() {
    let cluster = Cluster::of(3);
    // Somebody connected it before us.
    std::fs::create_dir_all(cluster.path("links/app@10.0.0.1")).unwrap();
    // Nobody of ours.
    std::fs::create_dir_all(cluster.path("links/other@10.9.9.9")).unwrap();
    let connector = cluster.connector(REMEMBERS);
    let mut watch =
        cluster.watch(&["--connector", &connector, "--self=app@10.0.0.3", "--disconnect-after=100ms", "--parallel=1"]);
    let connected = watch.until_event("connected", 2);
    assert_eq!(connected["found"], false);
    assert_eq!(connected["pod"], "web-2");
    let found = watch.seen.iter().find(|seen| seen["event"] == "connected" && seen["name"] == "app@10.0.0.1").unwrap();
    assert_eq!(found["found"], true);
    cluster.add(4);
    cluster.remove(1);
    let disconnected = watch.until_event("disconnected", 1);
    assert_eq!(disconnected["reason"], "gone");
    // Not ready is still there.
    cluster.set_ready(2, false);
    watch.until_event("changed", 2);
    std::thread::sleep(Duration::from_millis(500));
    let calls = cluster.file("calls");
    let mut calls: Vec<_> = calls.lines().filter(|call| !call.starts_with("list ")).collect();
    calls.sort_unstable();
    assert_eq!(
        calls,
        [
            "connect app@10.0.0.2 address=10.0.0.2 pod=web-2 namespace=default name=app@10.0.0.2",
            "connect app@10.0.0.4 address=10.0.0.4 pod=web-4 namespace=default name=app@10.0.0.4",
            "disconnect app@10.0.0.1 address=10.0.0.1 pod=web-1 namespace=default name=app@10.0.0.1",
        ]
    );
    assert!(cluster.path("links/other@10.9.9.9").exists());
}

#[test]
fn with_keep_ready_who_is_not_ready_is_disconnected() {
    let cluster = Cluster::of(2);
    let connector = cluster.connector(REMEMBERS);
    let mut watch = cluster.watch(&["--connector", &connector, "--keep=ready", "--disconnect-after=0s"]);
    watch.until_event("connected", 2);
    cluster.set_ready(2, false);
    assert_eq!(watch.until_event("disconnected", 2)["reason"], "not ready");
    cluster.set_ready(2, true);
    watch.until_event("connected", 2);
}

#[test]
fn what_fails_is_tried_again() {
    let cluster = Cluster::of(2);
    let connector = cluster.connector(
        "case $1 in
            list) exit 64 ;;
            connect) [ $PEER_POD = web-1 ] || [ -e $HERE/up ] || { touch $HERE/up; echo 'no route' >&2; exit 3; } ;;
            disconnect) [ -e $HERE/down ] || { touch $HERE/down; echo 'no wish' >&2; exit 4; } ;;
        esac",
    );
    let mut watch = cluster.watch(&["--connector", &connector, "--disconnect-after=0s"]);
    let failed = watch.until_event("connect_failed", 2);
    assert_eq!(failed["reason"], json!(format!("{connector} exited with 3: no route")));
    assert!((0.1..=1.0).contains(&failed["retryIn"].as_f64().unwrap()), "{failed}");
    watch.until_event("connected", 2);
    cluster.remove(2);
    let failed = watch.until_event("disconnect_failed", 2);
    assert_eq!(failed["reason"], json!(format!("{connector} exited with 4: no wish")));
    watch.until_event("disconnected", 2);
}

#[test]
fn who_hangs_is_killed() {
    let cluster = Cluster::of(1);
    let connector = cluster.connector("[ $1 = list ] && exit 64; echo $$ >> $HERE/hanging; sleep 60 & wait");
    let mut watch = cluster.watch(&["--connector", &connector, "--connector-timeout=300ms"]);
    let failed = watch.until_event("connect_failed", 1);
    assert_eq!(failed["reason"], "no answer within 0.3 s");
    cluster.until_killed("hanging");
}

#[test]
fn a_list_that_fails_is_told() {
    let cluster = Cluster::of(1);
    let connector = cluster.connector("[ $1 != list ] || { echo 'not now' >&2; exit 1; }");
    let mut watch = cluster.watch(&["--connector", &connector]);
    let failed = watch.until("list_failed", |seen| seen["event"] == "list_failed");
    assert_eq!(failed["reason"], json!(format!("{connector} exited with 1: not now")));
    assert!(failed["retryIn"].as_f64().unwrap() > 0.0, "{failed}");
}
