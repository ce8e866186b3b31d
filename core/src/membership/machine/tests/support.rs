//! A host that carries out nothing: it keeps the time and the exchanges in flight, and says what a step brings as lines.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::api::{AnswerPart, Failure, FailureKind, Head, LabelSelector, Namespace, Sent};
use crate::machine::{Action, Actions, Deadline, Input, Machine as _, RequestId};
use crate::membership::listing::ListingOptions;
use crate::membership::{
    Event, Follow, LinkId, LinkOptions, Membership, MembershipOptions, News, Order, Report, Source,
};
use crate::time::{Instant, Now};

pub(super) const NOTHING: [&str; 0] = [];

#[derive(Clone)]
pub(super) struct Host {
    pub(super) membership: Membership,
    pub(super) now: Now,
    /// What is in flight, by id.
    in_flight: BTreeMap<RequestId, String>,
    /// The attempts on links, in order: their numbers count from 1.
    attempts: Vec<LinkId>,
}

pub(super) fn options(follow: Follow, namespaces: &[&str]) -> MembershipOptions {
    let listing = ListingOptions {
        source: Source::Pods,
        selector: LabelSelector::parse("app=web").ok(),
        namespaces: namespaces.iter().map(|name| Namespace::parse(name).unwrap()).collect(),
        ..ListingOptions::default()
    };
    MembershipOptions { listing, follow, ..MembershipOptions::default() }
}

impl Host {
    /// Not started. Whoever listens to the connector is not disturbed by its listings.
    pub(super) fn new(follow: Follow, namespaces: &[&str]) -> Self {
        Self::following(options(follow, namespaces))
    }

    pub(super) fn following(options: MembershipOptions) -> Self {
        let links = LinkOptions { list_interval: Duration::from_secs(100_000), ..LinkOptions::default() };
        let config = options.build().unwrap();
        let membership = Membership::linked(config, links.build().unwrap());
        Self { membership, now: Now::default(), in_flight: BTreeMap::new(), attempts: Vec::new() }
    }

    /// Started: nobody is connected, and these pods are listed at version 10 in the namespace `lab`.
    pub(super) fn with(follow: Follow, pods: &[u8]) -> Self {
        let mut host = Self::new(follow, &["lab"]);
        let _ = (host.feed(Input::Start), host.connected(&[]), host.list(200, &list("lab", "10", pods)));
        if follow != Follow::POLL {
            assert_eq!(host.head(200), NOTHING);
        }
        for number in 2..=pods.len() + 1 {
            let _ = host.report(&Report::Ended { id: host.link(number), outcome: Ok(()) });
        }
        assert_eq!(host.names().len(), pods.len());
        host
    }

    pub(super) fn feed(&mut self, input: Input<'_, Report>) -> Vec<String> {
        let actions = self.membership.handle(self.now, input);
        self.carry(&actions);
        let is_small_talk = |action: &Action<Event, Order>| {
            matches!(action, Action::Emit(Event::Source(News::Listed { .. } | News::Resumed { .. })))
        };
        let told = actions.into_iter().filter(|action| !is_small_talk(action));
        told.map(|action| action.to_string().replace("emit ", "")).collect()
    }

    fn carry(&mut self, actions: &Actions<Event, Order>) {
        for action in actions.as_slice() {
            match action {
                Action::Send { id, request } => {
                    assert!(self.in_flight.insert(*id, request.target().into()).is_none(), "{id} is used twice");
                }
                Action::Cancel(id) => assert!(self.in_flight.remove(id).is_some(), "{id} is not in flight"),
                Action::Order(
                    Order::Connect { id, .. } | Order::Disconnect { id, .. } | Order::ListConnected { id },
                ) => {
                    self.attempts.push(*id);
                }
                Action::Emit(_) | Action::Order(_) => {}
            }
        }
    }

    pub(super) fn report(&mut self, report: &Report) -> Vec<String> {
        self.feed(Input::Report(report))
    }

    /// The attempt of this number.
    pub(super) fn link(&self, number: usize) -> LinkId {
        self.attempts[number - 1]
    }

    /// Answers who is connected.
    pub(super) fn connected(&mut self, names: &[&str]) -> Vec<String> {
        let names: BTreeSet<_> = names.iter().map(ToString::to_string).collect();
        self.report(&Report::Listed { id: self.link(1), names: Ok(Some(names)) })
    }

    fn part(&mut self, id: RequestId, part: AnswerPart<'_>) -> Vec<String> {
        if let AnswerPart::End | AnswerPart::Failed(_) = part {
            self.in_flight.remove(&id);
        }
        self.feed(Input::Answer { id, part })
    }

    fn exchange(&self, text: &str, is_watch: bool) -> RequestId {
        let is_it = |target: &str| target.contains(text) && target.contains("watch=true") == is_watch;
        let mut found = self.in_flight.iter().filter(|(_, target)| is_it(target));
        let (id, _) = found.next().unwrap_or_else(|| panic!("not in flight: {text}, watch: {is_watch}"));
        assert_eq!(found.next(), None, "one of a kind is in flight at most");
        *id
    }

    pub(super) fn is_listing(&self) -> bool {
        self.in_flight.values().any(|target| !target.contains("watch=true"))
    }

    /// Answers the list in flight.
    pub(super) fn list(&mut self, status: u16, body: &str) -> Vec<String> {
        self.list_of("", status, body)
    }

    /// Answers the list of a namespace.
    pub(super) fn list_of(&mut self, namespace: &str, status: u16, body: &str) -> Vec<String> {
        let id = self.exchange(&format!("/{namespace}"), false);
        let head = AnswerPart::Head(Head { status, retry_after: None });
        let parts = [head, AnswerPart::Chunk(body.as_bytes()), AnswerPart::End];
        parts.into_iter().flat_map(|part| self.part(id, part)).collect()
    }

    pub(super) fn cut(&mut self) -> Vec<String> {
        let id = self.exchange("", false);
        let message = "the line is cut".into();
        let failure = Failure { sent: Sent::Unknown, kind: FailureKind::Interrupted, message };
        self.part(id, AnswerPart::Failed(&failure))
    }

    pub(super) fn head(&mut self, status: u16) -> Vec<String> {
        let id = self.exchange("", true);
        self.part(id, AnswerPart::Head(Head { status, retry_after: None }))
    }

    pub(super) fn hear(&mut self, text: &str) -> Vec<String> {
        let id = self.exchange("", true);
        self.part(id, AnswerPart::Chunk(text.as_bytes()))
    }

    pub(super) fn end_watch(&mut self) -> Vec<String> {
        let id = self.exchange("", true);
        self.part(id, AnswerPart::End)
    }

    pub(super) fn pass(&mut self, milliseconds: u64) {
        self.now.instant = self.now.instant.saturating_add(Duration::from_millis(milliseconds));
    }

    /// Lets time pass up to the machine's own deadline.
    pub(super) fn wait(&mut self) -> (Deadline, Vec<String>) {
        let deadline = self.membership.deadline().expect("something is awaited");
        self.now.instant = self.now.instant.max(deadline.at);
        (deadline, self.feed(Input::Timeout))
    }

    /// Lets time pass until so many lists are in flight: namespaces are polled at times of their own.
    pub(super) fn wait_for_lists(&mut self, lists: usize) {
        while self.in_flight.len() < lists {
            let _ = self.wait();
        }
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.membership.members().keys().map(|name| name.as_str()).collect()
    }

    pub(super) fn explain(&self) -> String {
        self.membership.explain(self.now).to_string()
    }

    /// How many seconds there are to the deadline.
    pub(super) fn left(&self) -> u64 {
        let at = self.membership.deadline().map_or(Instant::ORIGIN, |deadline| deadline.at);
        at.saturating_since(self.now.instant).as_secs()
    }
}

/// The pod at 10.0.0.`number`, ready.
pub(super) fn pod(namespace: &str, number: u8, version: &str) -> String {
    format!(
        r#"{{"kind":"Pod","metadata":{{"namespace":"{namespace}","name":"web-{number}","uid":"uid-{number}",
        "resourceVersion":"{version}"}},"status":{{"phase":"Running","podIP":"10.0.0.{number}",
        "conditions":[{{"type":"Ready","status":"True"}}]}}}}"#
    )
    .replace('\n', "")
}

pub(super) fn list(namespace: &str, version: &str, pods: &[u8]) -> String {
    let pods: Vec<_> = pods.iter().map(|number| pod(namespace, *number, "5")).collect();
    let pods = pods.join(",");
    format!(r#"{{"kind":"PodList","metadata":{{"resourceVersion":"{version}"}},"items":[{pods}]}}"#)
}

/// A line of a watch.
pub(super) fn event(kind: &str, number: u8, version: &str) -> String {
    format!("{{\"type\":\"{kind}\",\"object\":{}}}\n", pod("lab", number, version))
}
