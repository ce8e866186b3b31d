//! A host that carries out nothing: it keeps the time, the exchanges in flight, and the view that the evidence makes.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::time::Duration;

use crate::api::{AnswerPart, Failure, FailureKind, Head, LabelSelector, Namespace, Sent};
use crate::machine::{Cause, RequestId, RequestIds};
use crate::membership::Source;
use crate::membership::listing::ListingOptions;
use crate::membership::object::ObjectKey;
use crate::membership::reflector::lists::Lists;
use crate::membership::reflector::{Evidence, Follow, News, Reflector, ReflectorConfig, Standing, Step, Trouble, Wire};
use crate::time::Instant;

#[derive(Clone)]
pub(super) struct Host {
    pub(super) reflector: Reflector,
    pub(super) now: Instant,
    ids: RequestIds,
    /// What is in flight, by id.
    pub(super) in_flight: BTreeMap<RequestId, String>,
    pub(super) news: Vec<News>,
    /// Objects and their versions.
    pub(super) view: BTreeMap<ObjectKey, String>,
    /// Lists that were evidence: their newer keys, and whether they confirm.
    pub(super) lists: Vec<(Vec<String>, bool)>,
}

pub(super) fn options() -> ListingOptions {
    ListingOptions {
        source: Source::Pods,
        selector: LabelSelector::parse("app=web").ok(),
        namespaces: [Namespace::parse("lab").unwrap()].into(),
        ..ListingOptions::default()
    }
}

impl Host {
    pub(super) fn new(mode: Follow, options: ListingOptions, seed: u64) -> Self {
        let config = ReflectorConfig { listing: options.build().unwrap(), mode };
        Self {
            reflector: Reflector::new(config, seed),
            now: Instant::ORIGIN,
            ids: RequestIds::default(),
            in_flight: BTreeMap::new(),
            news: Vec::new(),
            view: BTreeMap::new(),
            lists: Vec::new(),
        }
    }

    pub(super) fn start(mode: Follow) -> Self {
        let mut host = Self::new(mode, options(), 7);
        host.step(|reflector, now, step| reflector.start(now, step));
        host
    }

    /// Listed pod `a` at version 10, and the watch is streaming.
    pub(super) fn watching() -> Self {
        let mut host = Self::start(Follow::WATCH);
        host.answer_list(200, &list("10", &[("a", "5")]));
        host.head(200);
        assert_eq!(host.reflector.standing(), &Standing::Live);
        host.news.clear();
        host.lists.clear();
        host
    }

    pub(super) fn step<T>(&mut self, call: impl FnOnce(&mut Reflector, Instant, &mut Step<'_>) -> T) -> T {
        let mut step = Step::new(&mut self.ids);
        let result = call(&mut self.reflector, self.now, &mut step);
        for wire in step.wire {
            match wire {
                Wire::Send(id, request) => assert!(self.in_flight.insert(id, request.target().into()).is_none()),
                Wire::Cancel(id) => assert!(self.in_flight.remove(&id).is_some(), "{id} is not in flight"),
            }
        }
        for evidence in step.evidence {
            match evidence {
                Evidence::Listed { objects, newer, confirms } => {
                    self.view.retain(|key, _| newer.contains(key));
                    for object in &objects {
                        let key = object.key();
                        if !newer.contains(&key) {
                            self.view.insert(key, object.resource_version.to_string());
                        }
                    }
                    self.lists.push((newer.iter().map(|key| key.name.to_string()).collect(), confirms));
                }
                Evidence::Put(object) => {
                    self.view.insert(object.key(), object.resource_version.to_string());
                }
                Evidence::Deleted(key) => {
                    self.view.remove(&key);
                }
            }
        }
        self.news.extend(step.news);
        result
    }

    pub(super) fn part(&mut self, id: RequestId, part: AnswerPart<'_>) -> bool {
        if let AnswerPart::End | AnswerPart::Failed(_) = part {
            self.in_flight.remove(&id);
        }
        self.step(|reflector, now, step| reflector.answer(now, id, part, step))
    }

    pub(super) fn timeout(&mut self) {
        self.step(|reflector, now, step| reflector.timeout(now, step));
    }

    pub(super) fn confirm(&mut self) {
        self.step(|reflector, now, step| reflector.confirm(now, step));
    }

    pub(super) fn pass(&mut self, millis: u64) {
        self.now = self.now.saturating_add(Duration::from_millis(millis));
    }

    /// Lets time pass up to the reflector's own deadline; says how long, and why.
    pub(super) fn wait(&mut self) -> (Duration, Cause) {
        let deadline = self.reflector.deadline().expect("something is awaited");
        let waited = deadline.at.saturating_since(self.now);
        self.now = self.now.max(deadline.at);
        self.timeout();
        (waited, deadline.cause)
    }

    fn exchange(&self, is_watch: bool) -> Option<(RequestId, &str)> {
        let mut found = self.in_flight.iter().filter(|(_, target)| target.contains("watch=true") == is_watch);
        let exchange = found.next().map(|(id, target)| (*id, target.as_str()));
        assert_eq!(found.next(), None, "one of a kind is in flight at most");
        exchange
    }

    pub(super) fn watch(&self) -> Option<RequestId> {
        self.exchange(true).map(|(id, _)| id)
    }

    pub(super) fn list(&self) -> Option<RequestId> {
        self.exchange(false).map(|(id, _)| id)
    }

    /// From which version the watch in flight goes on.
    pub(super) fn watched_from(&self) -> &str {
        let target = self.exchange(true).expect("a watch is in flight").1;
        target.split_once("resourceVersion=").unwrap().1.split('&').next().unwrap()
    }

    fn whole(&mut self, id: RequestId, status: u16, retry_after: Option<&str>, body: &str) {
        self.part(id, AnswerPart::Head(Head { status, retry_after }));
        self.part(id, AnswerPart::Chunk(body.as_bytes()));
        self.part(id, AnswerPart::End);
    }

    pub(super) fn answer_list(&mut self, status: u16, body: &str) {
        let id = self.list().expect("a list is in flight");
        self.whole(id, status, None, body);
    }

    pub(super) fn refuse_watch(&mut self, status: u16, retry_after: Option<&str>, body: &str) {
        let id = self.watch().expect("a watch is in flight");
        self.whole(id, status, retry_after, body);
    }

    pub(super) fn head(&mut self, status: u16) {
        let id = self.watch().expect("a watch is in flight");
        self.part(id, AnswerPart::Head(Head { status, retry_after: None }));
    }

    pub(super) fn hear(&mut self, text: &str) {
        let id = self.watch().expect("a watch is in flight");
        self.part(id, AnswerPart::Chunk(text.as_bytes()));
    }

    pub(super) fn end_watch(&mut self) {
        let id = self.watch().expect("a watch is in flight");
        self.part(id, AnswerPart::End);
    }

    pub(super) fn cut(&mut self, id: Option<RequestId>) {
        let failure =
            Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message: "the line is cut".into() };
        self.part(id.expect("an exchange is in flight"), AnswerPart::Failed(&failure));
    }

    /// Lets the comparison begin.
    pub(super) fn compare(&mut self) {
        self.confirm();
        assert!(self.list().is_some() && self.watch().is_some());
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.view.iter().map(|(key, version)| format!("{}@{version}", key.name)).collect()
    }

    pub(super) fn trouble(&self) -> &Trouble {
        match self.reflector.standing() {
            Standing::Degraded { trouble, .. } | Standing::Syncing { trouble: Some(trouble) } => trouble,
            other => panic!("no trouble: {other}"),
        }
    }

    pub(super) fn waits_for_a_list(&self) -> bool {
        matches!(self.reflector.lists, Lists::Waiting { .. })
    }

    pub(super) fn is_live(&self) -> bool {
        self.reflector.standing() == &Standing::Live
    }
}

pub(super) fn pod(name: &str, version: &str) -> String {
    format!(r#"{{"kind":"Pod","metadata":{{"namespace":"lab","name":"{name}","resourceVersion":"{version}"}}}}"#)
}

pub(super) fn list(version: &str, pods: &[(&str, &str)]) -> String {
    let pods: Vec<_> = pods.iter().map(|(name, version)| pod(name, version)).collect();
    let pods = pods.join(",");
    format!(r#"{{"kind":"PodList","metadata":{{"resourceVersion":"{version}"}},"items":[{pods}]}}"#)
}

pub(super) fn event(kind: &str, name: &str, version: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{}}}\n", pod(name, version))
}

pub(super) fn bookmark(version: &str) -> String {
    event("BOOKMARK", "", version)
}

pub(super) fn error(code: u16) -> String {
    format!("{{\"type\":\"ERROR\",\"object\":{{\"kind\":\"Status\",\"message\":\"no\",\"code\":{code}}}}}\n")
}
