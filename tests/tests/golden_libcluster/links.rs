//! Who is connected after each poll: the cases of several polls, and those whose connects or disconnects fail.
//!
//! Each answer of a case is ours for a minute, not for one poll: ours asks twice before many go, and disconnects after 2 s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quorate_core::api::{AnswerPart, Head};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::{LinkFailure, LinkId, LinkOptions, Member, Membership, Order, Report};
use quorate_core::time::Now;

use super::case::{self, Case, Step};
use super::ours::Setup;

const MINUTE: Duration = Duration::from_secs(60);

/// Case, answer, who is connected to us where libcluster has others, and why.
const DIFFERENCES: &[(&str, usize, &[&str], &str)] = &[
    (
        "disconnect_error_gone_reconnect_fails",
        1,
        &["myapp@10.0.0.1", "myapp@10.0.0.2"],
        "only whoever has had a name in our view is ours to disconnect; libcluster was told of them by its recorder",
    ),
    (
        "seq_500_forgets_failed",
        2,
        &["myapp@10.0.0.1", "myapp@10.0.0.2"],
        "4a#29: a connect that failed is tried again whatever the API says: it was forgotten",
    ),
    (
        "seq_500_forgets_failed",
        3,
        &["myapp@10.0.0.1", "myapp@10.0.0.2"],
        "4a#29: a connect that failed is tried again whatever the API says: it was forgotten",
    ),
    (
        "seq_403_tears_down",
        2,
        &["myapp@10.0.0.1", "myapp@10.0.0.2"],
        "4a#1: a 403 is no empty list: it disconnected everyone",
    ),
    (
        "seq_targetref_crash_midway",
        2,
        &["myapp@10.0.0.1", "myapp@10.5.5.5"],
        "4a#9: endpoints made by hand have no pod, but are members: it crashed",
    ),
    (
        "seq_hostname_change",
        2,
        &["myapp@db-0.myapp-headless.prod.svc.cluster.local"],
        "4a#10: without a host name there is no name: it connected to a bogus one",
    ),
];

/// A membership, and a connector that answers as it was recorded.
struct Host<'a> {
    membership: Membership,
    now: Now,
    asked: Option<RequestId>,
    orders: Vec<Order>,
    connected: BTreeSet<String>,
    step: &'a Step,
}

impl<'a> Host<'a> {
    fn new(case: &'a Case, setup: &Setup) -> Self {
        let membership = Membership::linked(setup.polling(), LinkOptions::default().build().unwrap());
        let (connected, step) = (case.initial_connected.clone(), &case.steps[0]);
        Self { membership, now: Now::default(), asked: None, orders: Vec::new(), connected, step }
    }

    fn feed(&mut self, input: Input<'_, Report>) {
        for action in self.membership.handle(self.now, input) {
            match action {
                Action::Send { id, .. } => self.asked = Some(id),
                Action::Cancel(_) => self.asked = None,
                Action::Order(order) => self.orders.push(order),
                _ => {}
            }
        }
    }

    /// Gives the same answer to each poll of a minute.
    fn take(&mut self, step: &'a Step) {
        self.step = step;
        self.connected.extend(step.join.iter().cloned());
        for name in &step.drop {
            self.connected.remove(name);
        }
        let body = step.body();
        let end = self.now.instant.saturating_add(MINUTE);
        loop {
            if let Some(id) = self.asked.take() {
                let head = AnswerPart::Head(Head { status: step.http_status, retry_after: None });
                for part in [head, AnswerPart::Chunk(&body), AnswerPart::End] {
                    self.feed(Input::Answer { id, part });
                }
            } else if !self.orders.is_empty() {
                let order = self.orders.remove(0);
                if let Some(report) = self.obey(&order) {
                    self.feed(Input::Report(&report));
                }
            } else {
                let deadline = self.membership.deadline().unwrap().at;
                self.now.instant = deadline.min(end);
                if deadline > end {
                    return;
                }
                self.feed(Input::Timeout);
            }
        }
    }

    fn obey(&mut self, order: &Order) -> Option<Report> {
        let failed = |id: &LinkId| Report::Ended { id: *id, outcome: Err(LinkFailure::new("as recorded")) };
        let done = |id: &LinkId| Report::Ended { id: *id, outcome: Ok(()) };
        let name = |peer: &Member| peer.name.to_string();
        Some(match order {
            Order::Connect { id, peer } if self.step.connect_results.contains_key(peer.name.as_str()) => failed(id),
            Order::Connect { id, peer } => {
                self.connected.insert(name(peer));
                done(id)
            }
            Order::Disconnect { id, peer } => {
                let fails = self.step.disconnect_results.contains_key(peer.name.as_str());
                if !fails || self.step.disconnect_effect.contains(peer.name.as_str()) {
                    self.connected.remove(peer.name.as_str());
                }
                if fails { failed(id) } else { done(id) }
            }
            Order::ListConnected { id } => Report::Listed { id: *id, names: Ok(Some(self.connected.clone())) },
            _ => return None,
        })
    }
}

#[test]
fn we_are_connected_to_whom_libcluster_is_or_differ_on_purpose() {
    let (mut same, mut faults) = (0, Vec::new());
    let mut listed: BTreeMap<_, _> =
        DIFFERENCES.iter().map(|(case, step, ours, _)| ((case.to_string(), *step), *ours)).collect();
    assert_eq!(listed.len(), DIFFERENCES.len(), "a difference is listed twice");
    let has_links = |step: &Step| !step.connect_results.is_empty() || !step.disconnect_results.is_empty();
    for case in case::load().iter().filter(|case| case.steps.len() > 1 || case.steps.iter().any(has_links)) {
        let mut host = Host::new(case, &Setup::of(case).unwrap());
        host.feed(Input::Start);
        for (number, (step, expected)) in (1..).zip(case.steps.iter().zip(&case.expected)) {
            host.take(step);
            let is_same = host.connected == expected.connected_after;
            same += usize::from(is_same);
            match listed.remove(&(case.id.clone(), number)) {
                None if is_same => {}
                Some(ours) if !is_same && host.connected.iter().eq(ours) => {}
                entry => faults.push(format!(
                    "{}, step {number}: {:?}, libcluster: {:?}, listed: {entry:?}",
                    case.id, host.connected, expected.connected_after
                )),
            }
        }
    }
    faults.extend(listed.keys().map(|(case, step)| format!("{case}, step {step}: listed, but there is no such step")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    // Nothing drops out in silence.
    assert_eq!((same, DIFFERENCES.len()), (40, 6));
}
