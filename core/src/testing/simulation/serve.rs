//! What the server does with a request, and what it tells those who watch.

use super::clock::{duration, right};
use super::letter::Letter;
use super::queue::{Event, Exchange, Process};
use super::{Application, Partition, Simulation};
use crate::api::{Method, Request, Sent};
use crate::testing::answer::{FakeAnswer, WatchUpdate};
use crate::testing::promises::{Broken, LeaseWrite, ProcessId};
use crate::testing::request::FakeRequest;
use crate::time::Instant;

/// How many requests a server refuses that has just started.
const SHAKY_PERCENT: u8 = 30;

impl<A: Application> Simulation<A> {
    pub(super) fn arrive(
        &mut self,
        from: Process,
        exchange: Exchange,
        request: Request,
        sent_at: Instant,
    ) -> Result<(), Broken> {
        if self.real < self.down_until {
            self.answer(from, exchange, Letter::failed(Sent::Unknown));
            return Ok(());
        }
        let Some(node) = self.nodes.get_mut(from.node) else { return Ok(()) };
        match node.line.partition {
            Some(Partition::Late) => {
                node.line.held.push(Event::Arrive { from, exchange, request, sent_at });
                return Ok(());
            }
            Some(Partition::Silent | Partition::Refused) => return Ok(()),
            None => {}
        }
        self.report.requests = self.report.requests.saturating_add(1);
        if self.real < self.shaky_until && self.chance.percent(SHAKY_PERCENT) {
            self.answer(from, exchange, Letter::refusal(403));
            return Ok(());
        }
        let refusal = self.errors.filter(|(_, percent)| self.chance.percent(*percent)).map(|(status, _)| status);
        // Such an answer may come after the write.
        if let Some(status) = refusal
            && !(request.is_lease_write() && self.chance.coin())
        {
            self.answer(from, exchange, Letter::refusal(status));
            return Ok(());
        }
        let answer = self.carry_out(from, &request, sent_at)?;
        match answer {
            FakeAnswer::Complete(response) => {
                let letter = refusal.map_or(Letter::Whole(response), Letter::refusal);
                self.answer(from, exchange, letter);
            }
            FakeAnswer::Watch { id, .. } if self.is_alive(from) && self.awaits(from, exchange) => {
                self.watches.insert(id, (from, exchange));
                self.answer_in_order(from, exchange, Letter::Head);
            }
            FakeAnswer::Watch { id, .. } => self.cluster.api.close(id),
        }
        Ok(())
    }

    fn awaits(&self, of: Process, exchange: Exchange) -> bool {
        let way = self.nodes.get(of.node).and_then(|node| node.line.in_flight.get(&exchange));
        way.is_some_and(|way| !way.is_cut)
    }

    fn carry_out(&mut self, from: Process, request: &Request, sent_at: Instant) -> Result<FakeAnswer, Broken> {
        let before = if request.is_lease_write() { self.cluster.lease() } else { None };
        let (content_type, body) = request.body().unzip();
        let fake = FakeRequest {
            method: request.method(),
            target: request.target(),
            token: self.nodes.get(from.node).map(|node| node.token.as_str()),
            content_type,
            body: body.unwrap_or_default(),
        };
        let answer = self.cluster.api.handle(right(self.real), &fake);
        if request.is_lease_write()
            && let Some(after) = self.cluster.lease()
            && before.as_ref() != Some(&after)
        {
            let (real, nodes) = (self.real, &self.nodes);
            let works = |of: ProcessId| nodes.iter().any(|node| node.process.id() == of && node.works(real));
            let is_create = request.method() == Method::Post;
            let write = LeaseWrite { by: from.id(), sent_at, is_create, before: before.as_deref(), after: &after };
            self.election.wrote(duration(real), &write, works)?;
        }
        Ok(answer)
    }

    /// Sends a whole answer, which may be lost.
    fn answer(&mut self, to: Process, exchange: Exchange, letter: Letter) {
        let (real, least) = (self.real, self.plan.latency_us);
        let Some(node) = self.nodes.get_mut(to.node) else { return };
        let at = real.saturating_add(node.latency(least));
        let is_lost = node.line.lost_percent > 0 && node.chance.percent(node.line.lost_percent);
        let is_told = !is_lost || node.chance.coin();
        if is_told {
            let letter = if is_lost { Letter::failed(Sent::Unknown) } else { letter };
            self.queue.plan(at, Event::Answer { to, exchange, letter });
        }
    }

    /// Sends a part of a watch: they keep their order. If one is lost, nothing that comes after arrives.
    fn answer_in_order(&mut self, to: Process, exchange: Exchange, letter: Letter) {
        let (real, least) = (self.real, self.plan.latency_us);
        let Some(node) = self.nodes.get_mut(to.node) else { return };
        let latency = node.latency(least);
        let is_lost = node.line.lost_percent > 0 && node.chance.percent(node.line.lost_percent);
        let is_told = is_lost && node.chance.coin();
        let Some(way) = node.line.in_flight.get_mut(&exchange) else { return };
        let at = real.saturating_add(latency).max(way.last_part);
        way.last_part = at;
        if !is_lost {
            self.queue.plan(at, Event::Answer { to, exchange, letter });
            return;
        }
        way.is_cut = true;
        if is_told {
            self.queue.plan(at, Event::Answer { to, exchange, letter: Letter::failed(Sent::Unknown) });
        }
        self.close_watches(|of, other| of == to && other == exchange);
    }

    /// Sends what the watches are told.
    pub(super) fn publish(&mut self) {
        for update in self.cluster.api.updates(right(self.real)) {
            let Some((to, exchange)) = self.watches.get(&update.watch()).copied() else { continue };
            match update {
                WatchUpdate::Line(_, line) => self.answer_in_order(to, exchange, Letter::Line(line)),
                WatchUpdate::End(watch) => {
                    self.watches.remove(&watch);
                    self.answer_in_order(to, exchange, Letter::End);
                }
            }
        }
        self.cluster.settle();
    }

    /// The connections of a node are cut: nothing comes of them any more, but perhaps the word that they were.
    pub(super) fn cut(&mut self, index: usize, is_told: bool) {
        let real = self.real;
        let Some(node) = self.nodes.get_mut(index) else { return };
        let to = node.process;
        for (exchange, way) in node.line.in_flight.iter_mut().filter(|(_, way)| !way.is_cut) {
            way.is_cut = true;
            if is_told {
                let letter = Letter::failed(Sent::Unknown);
                self.queue.plan(real, Event::Answer { to, exchange: *exchange, letter });
            }
        }
        self.close_watches(|of, _| of == to);
    }
}
