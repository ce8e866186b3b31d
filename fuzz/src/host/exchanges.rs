//! The exchanges that a machine asked for: those in flight, with what was received of them, and all that ever left.

use std::collections::BTreeMap;

use quorate_core::api::{AnswerPart, Request};
use quorate_core::machine::RequestId;
use quorate_core::time::Instant;

use crate::received::{Heard, Received};

pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) asked_at: Instant,
    pub(crate) heard_at: Instant,
    pub(crate) has_head: bool,
    received: Received,
}

pub(crate) struct Exchanges {
    in_flight: BTreeMap<RequestId, Exchange>,
    sent: Vec<RequestId>,
    /// The statuses that open a watch.
    opens: &'static [u16],
    /// The most that was ever to be kept of one answer.
    largest_bytes: usize,
}

pub(crate) fn is_watch(request: &Request) -> bool {
    request.target().contains("watch=true")
}

/// The version that a watch is to go on from.
pub(crate) fn version_asked_for(request: &Request) -> Option<u64> {
    let version = request.target().split("resourceVersion=").nth(1).and_then(|rest| rest.split('&').next());
    version.and_then(|version| version.parse().ok())
}

impl Exchanges {
    pub(crate) const fn new(opens: &'static [u16]) -> Self {
        Self { in_flight: BTreeMap::new(), sent: Vec::new(), opens, largest_bytes: 0 }
    }

    pub(crate) const fn largest_bytes(&self) -> usize {
        self.largest_bytes
    }

    pub(crate) fn send(&mut self, at: Instant, id: RequestId, request: &Request) {
        assert!(self.sent.last() < Some(&id), "{id} is not new: {request}");
        self.sent.push(id);
        let received = if is_watch(request) { Received::watch(self.opens) } else { Received::answer() };
        let exchange = Exchange { request: request.clone(), asked_at: at, heard_at: at, has_head: false, received };
        self.in_flight.insert(id, exchange);
    }

    pub(crate) fn cancel(&mut self, id: RequestId) {
        assert!(self.in_flight.remove(&id).is_some(), "{id} is cancelled, and was not in flight");
    }

    pub(crate) fn contains(&self, id: RequestId) -> bool {
        self.in_flight.contains_key(&id)
    }

    pub(crate) fn get(&self, id: RequestId) -> Option<&Exchange> {
        self.in_flight.get(&id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (RequestId, &Exchange)> {
        self.in_flight.iter().map(|(id, exchange)| (*id, exchange))
    }

    /// The watches, or all others.
    pub(crate) fn of_kind(&self, wants_watch: bool) -> impl Iterator<Item = (RequestId, &Exchange)> {
        self.iter().filter(move |(_, exchange)| is_watch(&exchange.request) == wants_watch)
    }

    /// One that is in flight no longer, or that never was.
    pub(crate) fn former(&self, age: u8) -> Option<RequestId> {
        let id = self.sent.iter().rev().nth(age.into()).copied().unwrap_or(RequestId::NONE);
        (!self.contains(id)).then_some(id)
    }

    /// Takes one part: of which request, and what it completes.
    pub(crate) fn take(&mut self, at: Instant, id: RequestId, part: AnswerPart<'_>) -> Option<(Request, Heard)> {
        let exchange = self.in_flight.get_mut(&id)?;
        let heard = exchange.received.take(part);
        exchange.has_head |= matches!(part, AnswerPart::Head(_));
        exchange.heard_at = at;
        let whole = if let Heard::Whole { body, .. } = &heard { body.len() } else { 0 };
        self.largest_bytes = self.largest_bytes.max(exchange.received.pending()).max(whole);
        let request = exchange.request.clone();
        if let AnswerPart::End | AnswerPart::Failed(_) = part {
            self.in_flight.remove(&id);
        }
        Some((request, heard))
    }
}
