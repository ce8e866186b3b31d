use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::*;
use crate::api::{AnswerPart, Failure, FailureKind, Head, LeaseName, Method, Namespace, Request, Sent};
use crate::machine::{Action, RequestId};
use crate::time::Timestamp;

mod observing;
mod properties;
mod standing;
mod terms;
mod working;
mod writing;

/// 2026-11-20T18:04:58Z
const WALL: i64 = 1_795_197_898_000_000;
const ME: &str = "web-0_0000000000000007";

fn options() -> ElectionOptions {
    let (namespace, name) = (Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap());
    ElectionOptions { jitter_percent: 0, ..ElectionOptions::new(namespace, name, "web-0", 7) }
}

/// A Lease as the server writes it.
fn lease_of(uid: &str, version: u64, spec: &Value) -> Value {
    json!({
        "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
        "metadata": {"name": "demo", "namespace": "lab", "uid": uid, "resourceVersion": format!("{version}")},
        "spec": spec,
    })
}

fn free(version: u64) -> Value {
    lease_of("u", version, &json!({}))
}

fn held(version: u64, holder: &str, renewal: u64) -> Value {
    lease_of(
        "u",
        version,
        &json!({
            "holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": 3, "renewTime": format!("{renewal}"),
        }),
    )
}

/// A host that carries out nothing: it keeps the time, the request in flight and the watch.
#[derive(Clone)]
struct Host {
    election: Election,
    now: Now,
    in_flight: Option<(RequestId, Request)>,
    watch: Option<RequestId>,
    events: Vec<Event>,
    orders: Vec<Order>,
}

impl Host {
    fn start(options: ElectionOptions) -> Self {
        let now =
            Now { instant: Instant::since_origin(Duration::from_secs(100)), wall: Timestamp::from_unix_micros(WALL) };
        let election = Election::new(options.build().unwrap());
        let mut host = Self { election, now, in_flight: None, watch: None, events: Vec::new(), orders: Vec::new() };
        host.feed(Input::Start);
        host
    }

    /// One that leads since now, by a write to a free Lease of version 7 that was acknowledged as 8.
    fn leading() -> Self {
        let mut host = Self::start(options());
        host.answer(200, &free(7));
        host.acknowledge(8);
        assert_eq!(host.election.term().map(FencingToken::as_str), Some("8"));
        host
    }

    fn feed(&mut self, input: Input<'_, Report>) {
        for action in self.election.handle(self.now, input) {
            match action {
                Action::Send { id, request } if request.target().contains("watch=true") => {
                    assert_eq!(self.watch.replace(id), None, "one watch");
                }
                Action::Send { id, request } => {
                    assert!(self.in_flight.replace((id, request)).is_none(), "one exchange");
                }
                Action::Cancel(id) if self.watch == Some(id) => self.watch = None,
                Action::Cancel(id) => assert_eq!(self.in_flight.take().map(|(in_flight, _)| in_flight), Some(id)),
                Action::Emit(event) => self.events.push(event),
                Action::Order(order) => self.orders.push(order),
            }
        }
    }

    fn report(&mut self, report: &Report) {
        self.feed(Input::Report(report));
    }

    fn answer(&mut self, status: u16, body: &Value) -> &mut Self {
        let (id, _) = self.in_flight.take().expect("a request is in flight");
        let body = body.to_string();
        let head = Head { status, retry_after: None };
        for part in [AnswerPart::Head(head), AnswerPart::Chunk(body.as_bytes()), AnswerPart::End] {
            self.feed(Input::Answer { id, part });
        }
        self
    }

    /// Answers a write with what it wrote, as this version.
    fn acknowledge(&mut self, version: u64) -> Value {
        let written = self.written_as(version);
        self.answer(200, &written);
        written
    }

    fn written_as(&self, version: u64) -> Value {
        let mut written = self.body();
        written["metadata"]["resourceVersion"] = json!(format!("{version}"));
        if written["metadata"]["uid"].is_null() {
            written["metadata"]["uid"] = json!("created");
        }
        written
    }

    fn conflict(&mut self) -> &mut Self {
        self.answer(409, &json!({"kind": "Status", "reason": "Conflict", "message": "modified"}))
    }

    fn cut(&mut self) -> &mut Self {
        let failure = Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: "cut".into() };
        let (id, _) = self.in_flight.take().expect("a request is in flight");
        self.feed(Input::Answer { id, part: AnswerPart::Failed(&failure) });
        self
    }

    fn see(&mut self, kind: &str, lease: &Value) -> &mut Self {
        let id = self.watch.expect("a watch is open");
        let line = format!("{}\n", json!({"type": kind, "object": lease}));
        self.feed(Input::Answer { id, part: AnswerPart::Head(Head { status: 200, retry_after: None }) });
        self.feed(Input::Answer { id, part: AnswerPart::Chunk(line.as_bytes()) });
        self
    }

    /// Opens the stream of the watch, once.
    fn open_watch(&mut self) -> &mut Self {
        let id = self.watch.expect("a watch is open");
        self.feed(Input::Answer { id, part: AnswerPart::Head(Head { status: 200, retry_after: None }) });
        self
    }

    fn event(&mut self, kind: &str, lease: &Value) -> &mut Self {
        let id = self.watch.expect("a watch is open");
        let line = format!("{}\n", json!({"type": kind, "object": lease}));
        self.feed(Input::Answer { id, part: AnswerPart::Chunk(line.as_bytes()) });
        self
    }

    /// Sees a Lease on the watch, which is open already.
    fn open_watch_event(&mut self, lease: &Value) {
        self.event("ADDED", lease);
    }

    /// Lets so many milliseconds pass, heeding every deadline on the way, as long as nothing is sent.
    fn pass(&mut self, millis: u64) -> &mut Self {
        let until = self.now.instant.saturating_add(Duration::from_millis(millis));
        while let Some(deadline) = self.election.deadline().filter(|deadline| deadline.at <= until) {
            self.set_time(deadline.at);
            self.feed(Input::Timeout);
        }
        self.set_time(until);
        self
    }

    fn set_time(&mut self, instant: Instant) {
        let passed = i64::try_from(instant.saturating_since(self.now.instant).as_micros()).unwrap();
        self.now = Now { instant, wall: Timestamp::from_unix_micros(self.now.wall.unix_micros() + passed) };
    }

    /// Lets time pass up to the machine's own deadline; says how much, in milliseconds.
    fn wait(&mut self) -> u64 {
        let at = self.election.deadline().expect("something is awaited").at;
        let waited = at.saturating_since(self.now.instant);
        self.set_time(at);
        self.feed(Input::Timeout);
        u64::try_from(waited.as_millis()).unwrap()
    }

    /// The request in flight, as `METHOD purpose`.
    fn asked(&self) -> &'static str {
        let Some((_, request)) = &self.in_flight else { return "nothing" };
        let transitions = || self.body()["spec"]["acquireTime"].clone() == self.body()["spec"]["renewTime"];
        match request.method() {
            Method::Get => "read",
            Method::Post => "create",
            Method::Put if self.body()["spec"]["holderIdentity"] == "" => "release",
            Method::Put if transitions() => "win",
            Method::Put => "renew",
            _ => "?",
        }
    }

    fn body(&self) -> Value {
        let (_, request) = self.in_flight.as_ref().expect("a request is in flight");
        serde_json::from_slice(request.body().expect("a write").1).unwrap()
    }

    /// How long the guard still says "leading", in milliseconds.
    fn left(&self) -> Option<u128> {
        self.election.leading_until().map(|until| until.saturating_since(self.now.instant).as_millis())
    }

    fn last_order(&self) -> String {
        self.orders.last().map(|order| order.to_string()).unwrap_or_default()
    }

    fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(wanted)
    }

    fn end_work(&mut self, term: &str) {
        let term = FencingToken::new(crate::api::ResourceVersion::new(term));
        self.report(&Report::WorkEnded { term });
    }
}

impl Election {
    const fn is_watch_closed(&self) -> bool {
        matches!(self.watch, Watch::Closed { .. })
    }
}

impl crate::api::lease::Lease {
    fn clone_as_json(&self) -> Value {
        let claim = crate::api::lease::Claim {
            holder: &self.holder().unwrap_or_default(),
            duration_seconds: self.duration_seconds().unwrap_or_default(),
            acquire_time: None,
            renew_time: self.renew_time().unwrap_or_default(),
            transitions: None,
            nonce: None,
        };
        serde_json::from_slice(&self.claimed(&claim)).unwrap()
    }
}
