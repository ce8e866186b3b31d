//! Against the fake API server, under random histories and faults.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::support::*;
use crate::api::{AnswerPart, Failure, FailureKind, Head, Method, Sent};
use crate::machine::RequestId;
use crate::membership::listing::ListingOptions;
use crate::membership::reflector::Follow;
use crate::testing::{FakeAnswer, FakeApi, FakeRequest, WatchId, WatchUpdate};
use crate::time::{Instant, Now};

const PODS: &str = "/api/v1/namespaces/lab/pods";

#[derive(Clone, Debug)]
enum Op {
    Create(u8),
    Change(u8),
    Delete(u8),
    Compact,
    /// Lets so many milliseconds pass.
    Pass(u16),
    /// Cuts every connection.
    Cut,
    /// Refuses or takes connections.
    Outage(bool),
    /// Reads lag by so many versions, for less than it takes to count as a rewound history; 0 ends it.
    Lag(u8),
    /// What an open watch has to say is late by so many milliseconds, its order kept.
    Slow(u16),
    /// Lists are late by so many milliseconds, page by page.
    SlowLists(u16),
    Confirm,
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => (0..5_u8).prop_map(Op::Create),
        3 => (0..5_u8).prop_map(Op::Change),
        4 => (0..5_u8).prop_map(Op::Delete),
        2 => Just(Op::Compact),
        6 => (0..30_000_u16).prop_map(Op::Pass),
        6 => (0..300_u16).prop_map(Op::Pass),
        2 => Just(Op::Cut),
        2 => any::<bool>().prop_map(Op::Outage),
        2 => (0..4_u8).prop_map(Op::Lag),
        2 => prop_oneof![Just(0), 0..3_000_u16].prop_map(Op::Slow),
        2 => prop_oneof![Just(0), 0..3_000_u16].prop_map(Op::SlowLists),
        3 => Just(Op::Confirm),
    ]
}

/// What is on its way to the host.
struct Letter {
    id: RequestId,
    content: Content,
}

enum Content {
    Line(Vec<u8>),
    End,
    Whole(u16, Vec<u8>),
}

/// The fake server, and the wire between it and a reflector's host.
struct World {
    host: Host,
    api: FakeApi,
    watches: BTreeMap<WatchId, RequestId>,
    /// What is on its way to the host, by when it arrives and in which order it was sent.
    on_the_way: BTreeMap<(Instant, u64), Letter>,
    sent: u64,
    arrived_last: Instant,
    answered: BTreeSet<RequestId>,
    is_out: bool,
    slow: Duration,
    slow_lists: Duration,
    lag_until: Option<Instant>,
    has_lagged: bool,
    /// The version in which each pod that exists was created.
    created: BTreeMap<String, u64>,
    /// Pods that have existed since the view knew of them, and must stay in it.
    steady: BTreeSet<String>,
}

impl World {
    fn new(mode: Follow, seed: u64) -> Self {
        let mut host = Host::new(mode, ListingOptions { page_limit: 2, seed, ..options() }, seed);
        host.step(|reflector, now, step| reflector.start(now, step));
        let mut world = Self {
            host,
            api: FakeApi::new(seed),
            watches: BTreeMap::new(),
            on_the_way: BTreeMap::new(),
            sent: 0,
            arrived_last: Instant::ORIGIN,
            answered: BTreeSet::new(),
            is_out: false,
            slow: Duration::ZERO,
            slow_lists: Duration::ZERO,
            lag_until: None,
            has_lagged: false,
            created: BTreeMap::new(),
            steady: BTreeSet::new(),
        };
        for name in ["s0", "s1", "s2"] {
            world.create(name);
        }
        world
    }

    fn clock(&self) -> Now {
        Now { instant: self.host.now, ..Now::default() }
    }

    fn create(&mut self, name: &str) {
        if self.write(Method::Post, PODS, &pod_of(name)) == 201 {
            self.created.insert(name.to_string(), self.api.version());
        }
    }

    fn write(&mut self, method: Method, target: &str, body: &Value) -> u16 {
        let bytes = serde_json::to_vec(body).unwrap();
        let mut request = FakeRequest::json(method, target, &bytes);
        if method == Method::Patch {
            request.content_type = Some("application/merge-patch+json");
        }
        match self.api.handle(self.clock(), &request) {
            FakeAnswer::Complete(response) => response.status,
            FakeAnswer::Watch { .. } => panic!("a watch"),
        }
    }

    /// Everything that is on its way is lost, and every exchange with it.
    fn cut(&mut self) {
        self.on_the_way.clear();
        for watch in core::mem::take(&mut self.watches).into_keys() {
            self.api.close(watch);
        }
        let ids: Vec<_> = self.host.in_flight.keys().copied().collect();
        for id in ids {
            self.host.cut(Some(id));
        }
        self.check();
    }

    /// Carries what there is to carry at this instant.
    fn carry(&mut self) {
        for _ in 0..1000 {
            let asked = self.host.in_flight.iter().find(|(id, _)| !self.answered.contains(id));
            if let Some((id, target)) = asked.map(|(id, target)| (*id, target.clone())) {
                self.answered.insert(id);
                self.serve(id, &target);
            } else if !self.deliver_next() {
                return;
            }
            self.check();
        }
        panic!("it spins: {}", self.host.reflector.explain(self.host.now));
    }

    fn serve(&mut self, id: RequestId, target: &str) {
        if self.is_out {
            let failure = Failure { sent: Sent::No, kind: FailureKind::Unreachable, message: "refused".into() };
            self.host.part(id, AnswerPart::Failed(&failure));
            return;
        }
        match self.api.handle(self.clock(), &FakeRequest::get(target)) {
            FakeAnswer::Complete(response) => {
                let content = Content::Whole(response.status, response.body);
                self.on_the_way
                    .insert((self.host.now.saturating_add(self.slow_lists), self.sent), Letter { id, content });
                self.sent += 1;
            }
            FakeAnswer::Watch { id: watch, .. } => {
                self.watches.insert(watch, id);
                self.host.part(id, AnswerPart::Head(Head { status: 200, retry_after: None }));
            }
        }
    }

    /// Takes what the server says, and hands over what has arrived.
    fn deliver_next(&mut self) -> bool {
        let closed: Vec<_> =
            self.watches.iter().filter(|(_, id)| !self.host.in_flight.contains_key(id)).map(|(w, _)| *w).collect();
        for watch in closed {
            self.watches.remove(&watch);
            self.api.close(watch);
        }
        for update in self.api.updates(self.clock()) {
            let Some(id) = self.watches.get(&update.watch()).copied() else { continue };
            let content = match update {
                WatchUpdate::Line(_, line) => Content::Line(line),
                WatchUpdate::End(_) => Content::End,
            };
            self.arrived_last = self.arrived_last.max(self.host.now.saturating_add(self.slow));
            self.on_the_way.insert((self.arrived_last, self.sent), Letter { id, content });
            self.sent += 1;
        }
        let is_due = self.on_the_way.first_key_value().is_some_and(|((at, _), _)| *at <= self.host.now);
        if !is_due {
            return false;
        }
        let (_, Letter { id, content }) = self.on_the_way.pop_first().unwrap();
        if self.host.in_flight.contains_key(&id) {
            match content {
                Content::Line(line) => {
                    self.host.part(id, AnswerPart::Chunk(&line));
                }
                Content::End => {
                    self.host.part(id, AnswerPart::End);
                }
                Content::Whole(status, body) => {
                    self.host.part(id, AnswerPart::Head(Head { status, retry_after: None }));
                    self.host.part(id, AnswerPart::Chunk(&body));
                    self.host.part(id, AnswerPart::End);
                }
            }
        }
        true
    }

    fn pass(&mut self, time: Duration) {
        let end = self.host.now.saturating_add(time);
        loop {
            self.carry();
            let deadlines = [
                self.host.reflector.deadline().map(|deadline| deadline.at),
                self.api.deadline(),
                self.on_the_way.first_key_value().map(|((at, _), _)| *at),
                self.lag_until,
            ];
            let next = deadlines.into_iter().flatten().min().unwrap_or(end);
            if next > end {
                self.host.now = end;
                return;
            }
            self.host.now = self.host.now.max(next);
            if self.lag_until.is_some_and(|until| until <= self.host.now) {
                self.lag(0);
            }
            self.host.timeout();
            self.check();
        }
    }

    /// A server that gives older lists again and again is not told from a restored one: it may do so once.
    fn lag(&mut self, versions: u8) {
        if versions > 0 && core::mem::replace(&mut self.has_lagged, true) {
            return;
        }
        self.api.lag((versions > 0).then_some(u64::from(versions)));
        self.api.stale_quorum(versions > 0);
        self.lag_until = (versions > 0).then(|| self.host.now.saturating_add(Duration::from_millis(4900)));
    }

    fn apply(&mut self, op: &Op) {
        let one = |pod: &u8| format!("{PODS}/p{pod}");
        match op {
            Op::Create(pod) => self.create(&format!("p{pod}")),
            Op::Change(pod) => {
                let status = json!({"status": {"podIP": format!("10.0.0.{pod}"), "phase": "Running"}});
                self.write(Method::Patch, &format!("{}/status", one(pod)), &status);
            }
            Op::Delete(pod) => {
                self.created.remove(&format!("p{pod}"));
                self.steady.remove(&format!("p{pod}"));
                self.write(Method::Delete, &one(pod), &json!({"gracePeriodSeconds": 0}));
            }
            Op::Compact => self.api.compact(),
            Op::Pass(millis) => self.pass(Duration::from_millis(u64::from(*millis))),
            Op::Cut => self.cut(),
            Op::Outage(is_out) => {
                self.is_out = *is_out;
                if self.is_out {
                    self.cut();
                }
            }
            Op::Lag(versions) => self.lag(*versions),
            Op::SlowLists(millis) => self.slow_lists = Duration::from_millis(u64::from(*millis)),
            Op::Slow(millis) => self.slow = Duration::from_millis(u64::from(*millis)),
            Op::Confirm => self.host.confirm(),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.host.view.keys().any(|key| &*key.name == name)
    }

    /// M1: what exists throughout, and was once seen, stays.
    fn check(&mut self) {
        for (key, version) in &self.host.view {
            // It is the pod that exists, and not one of its name before.
            if self.created.get(&*key.name).is_some_and(|created| version.parse::<u64>().unwrap() >= *created) {
                self.steady.insert(key.name.to_string());
            }
        }
        for name in &self.steady {
            assert!(self.has(name), "{name} is lost: {}", self.host.reflector.explain(self.host.now));
        }
    }

    fn stored(&mut self) -> BTreeMap<String, String> {
        let request = FakeRequest::get("/api/v1/namespaces/lab/pods?labelSelector=app%3Dweb");
        let FakeAnswer::Complete(response) = self.api.handle(self.clock(), &request) else { panic!() };
        let list: Value = serde_json::from_slice(&response.body).unwrap();
        let text = |item: &Value, field: &str| String::from(item["metadata"][field].as_str().unwrap());
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| (text(item, "name"), text(item, "resourceVersion"))).collect()
    }

    fn seen(&self) -> BTreeMap<String, String> {
        self.host.view.iter().map(|(key, version)| (key.name.to_string(), version.clone())).collect()
    }
}

fn pod_of(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": "x"}]},
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    // M1 and M4.
    #[test]
    fn nothing_that_exists_is_lost_and_all_is_found_when_faults_stop(
        ops in prop::collection::vec(any_op(), 0..60),
        mode in prop_oneof![3 => Just(Follow::WATCH), 1 => Just(Follow::POLL)],
        seed: u64,
    ) {
        let mut world = World::new(mode, seed);
        for op in &ops {
            world.apply(op);
            world.carry();
        }
        world.is_out = false;
        world.slow = Duration::ZERO;
        world.slow_lists = Duration::ZERO;
        world.lag(0);
        world.pass(Duration::from_secs(120));
        prop_assert!(world.host.is_live(), "{}", world.host.reflector.explain(world.host.now));
        prop_assert_eq!(world.seen(), world.stored());
    }
}
