//! `--listen`.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use super::candidate::Candidate;
use super::server::Server;

const SCRIPT: &str = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.05; done";

/// A port that was free a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The status and the body of the answer.
fn ask(address: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: probes\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn leader(address: SocketAddr) -> Value {
    serde_json::from_str(&ask(address, "GET", "/leader").1).unwrap()
}

fn listening(server: &Server, address: SocketAddr, flags: &[&str]) -> Candidate {
    server.run(&[&[format!("--listen={address}").as_str()], flags].concat(), SCRIPT)
}

#[test]
fn a_leader_and_a_standby_tell_who_leads() {
    let server = Server::new();
    let (first, second) = (free_address(), free_address());
    let leading = listening(&server, first, &["--identity=one"]);
    leading.until_said("ready");
    let standby = listening(&server, second, &["--identity=two"]);
    standby.until("observed_holder");
    for address in [first, second] {
        assert_eq!(ask(address, "GET", "/livez"), (200, "ok\n".into()));
        assert_eq!(ask(address, "GET", "/readyz"), (200, "ok\n".into()));
        assert_eq!(ask(address, "HEAD", "/readyz"), (200, String::new()));
        assert_eq!(ask(address, "POST", "/livez").0, 405);
        assert_eq!(ask(address, "GET", "/").0, 404);
    }
    let (ours, theirs) = (leader(first), leader(second));
    assert_eq!(ours["lease"], "default/demo");
    assert_eq!((&ours["leading"], &theirs["leading"]), (&json!(true), &json!(false)));
    assert_eq!((&ours["holder"], &theirs["holder"]), (&ours["identity"], &ours["identity"]));
    assert_eq!(ours["fencingToken"], leading.until("acquired")["fencingToken"]);
    assert_eq!(
        (&ours["transitions"], &theirs["fencingToken"], &theirs["transitions"]),
        (&json!(1), &Value::Null, &Value::Null)
    );

    leading.until_nth("renewed", 2);
    let metrics = ask(first, "GET", "/metrics").1;
    let state = [r#"state{state="leading"} 1"#, r#"state{state="standing"} 0"#];
    for line in [&state[..], &["leading 1", "terms_total 1", "near_misses_total 0", "failed_attempts_total 0"]].concat()
    {
        assert!(metrics.contains(&format!("\nquorate_election_{line}\n")), "{line}: {metrics}");
    }
    for start in ["renewal_seconds_count ", "api_requests_total{verb=\"update\",code=\"200\"} "] {
        assert!(metrics.contains(&format!("\nquorate_election_{start}")), "{start}: {metrics}");
    }
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    let metrics = ask(second, "GET", "/metrics").1;
    for line in ["leading 0", r#"state{state="standing"} 1"#] {
        assert!(metrics.contains(&format!("\nquorate_election_{line}\n")), "{line}: {metrics}");
    }

    assert_eq!(leading.terminate().code, Some(0));
    standby.until_said("ready");
    let theirs = leader(second);
    assert_eq!((&theirs["leading"], &theirs["transitions"]), (&json!(true), &json!(2)));
    let metrics = ask(second, "GET", "/metrics").1;
    assert!(metrics.contains("\nquorate_election_takeover_seconds_count 1\n"), "{metrics}");
    assert_eq!(standby.terminate().code, Some(0));
}

#[test]
fn we_are_ready_once_the_lease_was_read_and_live_all_the_time() {
    let server = Server::new();
    server.goes_away_for(1500);
    let address = free_address();
    let candidate = listening(&server, address, &[]);
    assert_eq!(ask(address, "GET", "/livez").0, 200);
    let (status, reason) = ask(address, "GET", "/readyz");
    assert_eq!((status, reason.as_str()), (503, "the Lease has not been read yet\n"));
    candidate.until_said("ready");
    assert_eq!(ask(address, "GET", "/readyz").0, 200);
    assert_eq!(candidate.terminate().code, Some(0));
}

#[test]
fn whoever_has_created_the_lease_is_ready_while_it_waits() {
    let server = Server::without_lease();
    let address = free_address();
    let candidate = listening(&server, address, &[]);
    candidate.until("created");
    assert_eq!(ask(address, "GET", "/readyz").0, 200);
    assert_eq!(leader(address)["leading"], false);
    assert_eq!(candidate.terminate().code, Some(0));
}
