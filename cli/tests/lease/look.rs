//! One look.

use serde_json::{Value, json};
use snapbox::cmd::Command;
use snapbox::str;

use super::server::{Server, held};

#[test]
fn a_held_lease_is_a_page_for_people() {
    let server = Server::with(&held("web-0", 3));
    Command::from_std(server.lease(&["lease/demo"])).assert().code(0).stderr_eq("").stdout_eq(str![[r#"
Lease             default/demo
Holder            web-0
Fencing token     at most 101: the term began in this version of the Lease or an earlier one
Transitions       3
Acquired          2026-11-20T18:04:58.545226Z, by the clock of who wrote it
Renewed           2026-11-20T18:04:58.545226Z, by the clock of who wrote it; [..] s ago by ours, which decides nothing
Lease duration    15 s
Last change       before this look, which cannot tell by how much; --watch tells
Take-over         after 15 s without a change: by who looks from now on at [..]Z, by who has watched for longer before that
UID               [..]
Version           101

A lease duration of 15 s with the proportions of Quorate's defaults: renew deadline 10.00 s, retry period 2.00 s.
Both are each candidate's own and in no record; a take-over takes no less than the lease duration.
  tolerated outage of the API: 4.6 s without answers, 5.2 s of refused connections
  another leads after a crash within 17.4 s, after a release within 4.2 s (0.4 s while its watch lives)
  time to stop the work after a loss: 4.35 s at least
  tolerated ratio of clock rates: 1.500 for the guard, 1.010 for the work

"#]]);
}

#[test]
fn a_free_lease_may_be_taken_at_once() {
    let server = Server::with(&json!({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 3}));
    Command::from_std(server.lease(&["demo"])).assert().code(0).stdout_eq(str![[r#"
Lease             default/demo
Holder            nobody
Fencing token     none
Transitions       3
Lease duration    1 s
Last change       before this look, which cannot tell by how much; --watch tells
Take-over         at once: nobody holds it
UID               [..]
Version           101

"#]]);
    let json = server.json(&[]);
    let nothing = ["holder", "fencingToken", "takeOver", "timing"].map(|field| &json[field]);
    assert!(nothing.iter().all(|value| value.is_null()), "{json}");
}

#[test]
fn json_has_the_documented_shape() {
    let server = Server::with(&held("web-0", 3));
    let mut json = server.json(&[]);
    assert!(json["renewTimeAge"].is_number() && json["uid"].is_string(), "{json}");
    let at: jiff::Timestamp = json["takeOver"]["at"].as_str().unwrap().parse().unwrap();
    let left = at.duration_since(jiff::Timestamp::now()).as_secs_f64();
    assert!((10.0..=15.0).contains(&left), "{left}");
    for volatile in ["renewTimeAge", "uid"] {
        json[volatile] = Value::Null;
    }
    json["takeOver"]["at"] = Value::Null;
    let time = "2026-11-20T18:04:58.545226Z";
    assert_eq!(
        json,
        json!({
            "namespace": "default", "name": "demo", "holder": "web-0",
            "fencingToken": {"value": "101", "bound": "at-most"}, "transitions": 3, "leaseDurationSeconds": 15,
            "acquireTime": time, "renewTime": time, "renewTimeAge": null, "strategy": null, "preferredHolder": null,
            "uid": null, "resourceVersion": "101", "unchangedFor": null,
            "takeOver": {"after": 15.0, "at": null, "bound": "latest"},
            "timing": {
                "leaseDuration": 15.0, "renewDeadline": 10.0, "retryPeriod": 2.0, "toleratedSilence": 4.6,
                "toleratedRefusal": 5.2, "worstFailover": 17.4, "worstHandover": 4.15, "grace": 4.351,
                "guardClockRatio": 1.5, "workClockRatio": 1.01,
            },
        })
    );
}

#[test]
fn what_a_record_lacks_is_told_as_what_it_counts_as() {
    let page = |spec: &Value| {
        let output = Server::with(spec).lease(&["demo"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let without = page(&json!({"holderIdentity": "a"}));
    assert!(without.contains("none, which counts as a candidate's own: 15 s by default\n"), "{without}");
    let endless = page(&json!({"holderIdentity": "a", "leaseDurationSeconds": 2_147_483_647}));
    assert!(endless.contains("2147483647 s, which counts as 3600 s, the longest there is\n"), "{endless}");
    let short = page(&json!({"holderIdentity": "a", "leaseDurationSeconds": 1}));
    assert!(short.contains("renew deadline 0.67 s, retry period 0.13 s"), "{short}");
}

#[test]
fn a_missing_lease_is_named_with_how_to_see_others() {
    let server = Server::empty();
    Command::from_std(server.lease(&["demo", "-n=shop"])).assert().code(1).stdout_eq("").stderr_eq(str![[r#"
error: https://[..]: there is no Lease demo in namespace shop
       see which there are: kubectl get leases -n shop
       wait for this one: quorate lease demo -n shop -w

"#]]);
}
