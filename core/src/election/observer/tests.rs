use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::*;
use crate::api::{AnswerPart, Failure, FailureKind, Head, LeaseName, Namespace, Request, Sent};
use crate::machine::{Action, RequestId};

#[cfg(feature = "testing")]
mod following;
mod properties;
mod records;
mod tokens;
mod trouble;

fn options() -> ObserverOptions {
    ObserverOptions::new(Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap())
}

fn lease_of(uid: &str, version: u64, spec: &Value) -> Value {
    json!({
        "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
        "metadata": {"name": "demo", "namespace": "lab", "uid": uid, "resourceVersion": format!("{version}")},
        "spec": spec,
    })
}

fn held(version: u64, holder: &str, transitions: u32, renewal: u64) -> Value {
    let spec = json!({
        "holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": transitions,
        "renewTime": format!("{renewal}"),
    });
    lease_of("u", version, &spec)
}

fn free(version: u64) -> Value {
    lease_of("u", version, &json!({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 3}))
}

/// A host that carries out nothing: it keeps the time, the read in flight and the watch.
#[derive(Clone)]
struct Host {
    observer: Observer,
    now: Now,
    in_flight: Option<(RequestId, Request)>,
    watch: Option<(RequestId, Request)>,
    events: Vec<Event>,
}

impl Host {
    fn start(options: ObserverOptions) -> Self {
        let now = Now { instant: Instant::since_origin(Duration::from_secs(100)), ..Now::default() };
        let observer = Observer::new(options.build().unwrap());
        let mut host = Self { observer, now, in_flight: None, watch: None, events: Vec::new() };
        host.feed(Input::Start);
        host
    }

    /// One that has read this, and whose watch is open.
    fn following(first: &Value) -> Self {
        let mut host = Self::start(ObserverOptions { follow: true, ..options() });
        host.answer(200, first).open_watch();
        host
    }

    fn feed(&mut self, input: Input<'_>) {
        for action in self.observer.handle(self.now, input) {
            match action {
                Action::Send { id, request } if request.target().contains("watch=true") => {
                    assert!(self.watch.replace((id, request)).is_none(), "one watch");
                }
                Action::Send { id, request } => {
                    assert!(self.in_flight.replace((id, request)).is_none(), "one read");
                }
                Action::Cancel(id) if self.watch.as_ref().is_some_and(|(watch, _)| *watch == id) => self.watch = None,
                Action::Cancel(id) => assert_eq!(self.in_flight.take().map(|(in_flight, _)| in_flight), Some(id)),
                Action::Emit(event) => self.events.push(event),
                Action::Order(order) => match order {},
            }
        }
    }

    fn answer(&mut self, status: u16, body: &Value) -> &mut Self {
        let (id, _) = self.in_flight.take().expect("a read is in flight");
        let body = body.to_string();
        let head = Head { status, retry_after: None };
        for part in [AnswerPart::Head(head), AnswerPart::Chunk(body.as_bytes()), AnswerPart::End] {
            self.feed(Input::Answer { id, part });
        }
        self
    }

    fn cut(&mut self) -> &mut Self {
        let (id, _) = self.in_flight.take().expect("a read is in flight");
        self.feed(Input::Answer { id, part: AnswerPart::Failed(&cut()) });
        self
    }

    fn watch_part(&mut self, part: AnswerPart<'_>) -> &mut Self {
        let (id, _) = self.watch.clone().expect("a watch is open");
        if matches!(part, AnswerPart::End | AnswerPart::Failed(_)) {
            self.watch = None;
        }
        self.feed(Input::Answer { id, part });
        self
    }

    fn open_watch(&mut self) -> &mut Self {
        self.watch_part(AnswerPart::Head(Head { status: 200, retry_after: None }))
    }

    fn see(&mut self, kind: &str, lease: &Value) -> &mut Self {
        let line = format!("{}\n", json!({"type": kind, "object": lease}));
        self.watch_part(AnswerPart::Chunk(line.as_bytes()))
    }

    /// Lets time pass up to the machine's own deadline; says how much, in milliseconds.
    fn wait(&mut self) -> u64 {
        let at = self.observer.deadline().expect("something is awaited").at;
        let waited = at.saturating_since(self.now.instant);
        self.now.instant = at;
        self.feed(Input::Timeout);
        u64::try_from(waited.as_millis()).unwrap()
    }

    /// Lets so many milliseconds pass, heeding every deadline on the way.
    fn pass(&mut self, millis: u64) -> &mut Self {
        let until = self.now.instant.saturating_add(Duration::from_millis(millis));
        while self.observer.deadline().is_some_and(|deadline| deadline.at <= until) {
            self.wait();
        }
        self.now.instant = until;
        self
    }

    /// What was told since the last call, in a word each.
    fn told(&mut self) -> Vec<&'static str> {
        let word = |event: Event| match event {
            Event::AttemptFailed(_) => "attempt failed",
            Event::Changed { change, .. } => change.as_str(),
            Event::Degraded { .. } => "degraded",
            Event::Deleted => "deleted",
            Event::Failed(_) => "failed",
            Event::Live => "live",
            Event::Missing => "missing",
        };
        self.events.drain(..).map(word).collect()
    }

    fn sighting(&self) -> &Sighting {
        let sighting = self.events.iter().rev().find_map(|event| match event {
            Event::Changed { sighting, .. } => Some(sighting),
            _ => None,
        });
        sighting.expect("something was seen")
    }

    /// `= 7`, `<= 7` or nothing.
    fn token(&self) -> String {
        match &self.sighting().token {
            Some(TokenBound::Exactly(token)) => format!("= {token}"),
            Some(TokenBound::AtMost(token)) => format!("<= {token}"),
            None => String::new(),
        }
    }

    /// From when on it may be taken over, in seconds, and how sure that is.
    fn take_over(&self) -> Option<(u64, Bound)> {
        self.sighting().take_over.map(|take_over| (take_over.left.as_secs(), take_over.bound))
    }
}

fn cut() -> Failure {
    Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: "cut".into() }
}
