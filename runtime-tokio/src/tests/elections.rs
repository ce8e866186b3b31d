//! Elections: candidates on the fake API, each over a line of its own that can go dead, in virtual time.

mod ends;
mod guards;
mod losses;
mod streams;
mod successions;
mod work;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use quorate_core::api::{Failure, Head, LeaseName, Method, Namespace, Request};
use quorate_core::election::{ElectionConfig, ElectionOptions};
use quorate_core::testing::{FakeAnswer, FakeRequest};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::api::Api;
use crate::clock::Clock;
use crate::{Answer, Elector, Leadership, Transport};

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo";
const LONG: Duration = Duration::from_secs(120);

/// An API with one Lease that nobody holds, and a log of what is written to it and of what the tests add.
#[derive(Clone)]
struct Lab {
    api: Api,
    began: Instant,
    log: Arc<Mutex<Vec<(u128, String)>>>,
}

impl Lab {
    fn new() -> Self {
        let api = Api::new();
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "demo", "namespace": "lab"},
            "spec": {},
        });
        api.put([lease]);
        Self { api, began: Instant::now(), log: Arc::default() }
    }

    fn line(&self, name: &str) -> Line {
        Line { lab: self.clone(), name: name.into(), is_dead: Arc::default() }
    }

    fn candidate(&self, name: &str) -> (Elector, Line) {
        let line = self.line(name);
        (Elector::start_by(Clock::start(), config(name), line.clone()), line)
    }

    /// One that leads.
    async fn leader(&self, name: &str) -> (Elector, Line) {
        let (elector, line) = self.candidate(name);
        eventually(|| elector.guard().is_leading()).await;
        (elector, line)
    }

    fn now(&self) -> u128 {
        self.began.elapsed().as_millis()
    }

    fn note(&self, what: &str) {
        self.log.lock().unwrap().push((self.now(), what.into()));
    }

    /// What was noted, without its times.
    fn notes(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(_, what)| what.clone()).collect()
    }

    /// What was noted but for renewals.
    fn story(&self) -> Vec<String> {
        self.notes().into_iter().filter(|what| !what.ends_with("renews")).collect()
    }

    /// When this was noted last, in milliseconds.
    fn last(&self, wanted: &str) -> u128 {
        let log = self.log.lock().unwrap();
        log.iter().rev().find(|(_, what)| what == wanted).unwrap_or_else(|| panic!("{wanted} in {log:?}")).0
    }

    fn has(&self, wanted: &str) -> bool {
        self.notes().iter().any(|what| what == wanted)
    }

    fn lease(&self) -> Value {
        self.api.with(|api, now| match api.handle(now, &FakeRequest::get(LEASE)) {
            FakeAnswer::Complete(response) => serde_json::from_slice(&response.body).unwrap(),
            answer @ FakeAnswer::Watch { .. } => panic!("{answer:?}"),
        })
    }

    fn holder(&self) -> String {
        self.lease()["spec"]["holderIdentity"].as_str().unwrap_or_default().into()
    }

    /// Somebody writes another name into the Lease.
    fn usurp(&self, holder: &str) {
        let mut lease = self.lease();
        lease["spec"]["holderIdentity"] = holder.into();
        let body = serde_json::to_vec(&lease).unwrap();
        self.api.with(|api, now| {
            let answer = api.handle(now, &FakeRequest::json(Method::Put, LEASE, &body));
            assert!(matches!(&answer, FakeAnswer::Complete(response) if response.status == 200), "{answer:?}");
        });
    }
}

fn config(name: &str) -> ElectionConfig {
    let nonce = name.bytes().fold(0, |nonce, byte| nonce * 256 + u64::from(byte));
    let (namespace, lease) = (Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap());
    ElectionOptions::new(namespace, lease, name, nonce).build().unwrap()
}

/// A candidate's way to the API.
#[derive(Clone)]
struct Line {
    lab: Lab,
    name: String,
    is_dead: Arc<AtomicBool>,
}

impl Line {
    /// Nothing gets through any more, and nobody is told so.
    fn cut(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.is_dead.store(false, Ordering::SeqCst);
    }

    async fn pass(&self) {
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending().await
        }
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request) -> Result<Box<dyn Answer>, Failure> {
        self.pass().await;
        if request.is_lease_write() {
            let body: Value = serde_json::from_slice(request.body().unwrap().1).unwrap();
            let spec = &body["spec"];
            let what = match () {
                () if spec["holderIdentity"] == "" => "releases",
                () if spec["acquireTime"] == spec["renewTime"] => "wins",
                () => "renews",
            };
            self.lab.note(&format!("{} {what}", self.name));
        }
        let answer = self.lab.api.send(request).await?;
        self.pass().await;
        Ok(Box::new(Piped { line: self.clone(), answer }))
    }
}

struct Piped {
    line: Line,
    answer: Box<dyn Answer>,
}

#[async_trait]
impl Answer for Piped {
    fn head(&self) -> Head<'_> {
        self.answer.head()
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = self.answer.chunk().await;
        self.line.pass().await;
        chunk
    }
}

async fn eventually(mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, wait).await.unwrap();
}

/// Notes that it is dropped, and whether the guard of its term still said "leading" then.
struct Noted<'l> {
    lab: &'l Lab,
    leadership: Leadership,
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.lab.note(if self.leadership.guard().is_leading() { "work gone, leading" } else { "work gone" });
    }
}

/// Works on, whatever it is told; notes when it is told to stop.
async fn stubborn(lab: &Lab, leadership: Leadership) {
    lab.note("work begins");
    let noted = Noted { lab, leadership };
    let reason = noted.leadership.stopping().await;
    lab.note(&format!("told to stop: {reason}"));
    std::future::pending().await
}

/// Works until it is told to stop.
async fn obedient(lab: &Lab, leadership: Leadership) {
    lab.note("work begins");
    let noted = Noted { lab, leadership };
    noted.leadership.stopping().await;
}
