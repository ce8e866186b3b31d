//! A node's line to the server: what goes out on it, and what comes in.

use super::letter::{Letter, version_of};
use super::node::Way;
use super::queue::{Event, Exchange, Part, Process};
use super::{Application, Partition, Simulation};
use crate::api::{Request, Sent};
use crate::machine::{Input, RequestId};
use crate::testing::promises::{Broken, Promise};
use crate::time::Instant;

impl<A: Application> Simulation<A> {
    /// A request goes on its way.
    pub(super) fn send(
        &mut self,
        index: usize,
        exchange: Exchange,
        request: Request,
        sent_at: Instant,
    ) -> Result<(), Broken> {
        let (real, least, is_down) = (self.real, self.plan.latency_us, self.real < self.down_until);
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let from = node.process;
        let is_watch = request.target().contains("watch=true");
        let same = |(other, way): (&Exchange, &Way)| other.part == exchange.part && way.is_watch == is_watch;
        let promise = if exchange.part == Part::Election { Promise::E7 } else { Promise::M6 };
        if node.line.in_flight.insert(exchange, Way { is_watch, last_part: 0, is_cut: false }).is_some()
            || node.line.in_flight.iter().filter(|entry| same(*entry)).count() > 1
        {
            let what = alloc::format!("{} has two requests in flight: {request}", from.id());
            return Err(Broken::new(promise, what));
        }
        let at = real.saturating_add(node.latency(least));
        if is_down || node.line.partition == Some(Partition::Refused) {
            self.queue.plan(at, Event::Answer { to: from, exchange, letter: Letter::failed(Sent::No) });
            return Ok(());
        }
        self.queue.plan(at, Event::Arrive { from, exchange, request, sent_at });
        Ok(())
    }

    /// An exchange is no longer wanted.
    pub(super) fn cancel(&mut self, index: usize, exchange: Exchange) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        node.line.in_flight.remove(&exchange);
        let process = node.process;
        self.close_watches(|of, other| of == process && other == exchange);
    }

    pub(super) fn close_watches(&mut self, is_meant: impl Fn(Process, Exchange) -> bool) {
        let api = &mut self.cluster.api;
        self.watches.retain(|watch, (of, exchange)| {
            let is_closed = is_meant(*of, *exchange);
            if is_closed {
                api.close(*watch);
            }
            !is_closed
        });
    }

    /// Something of an answer reaches a process: also what it does not wait for any more.
    pub(super) fn deliver(&mut self, to: Process, exchange: Exchange, letter: Letter) -> Result<(), Broken> {
        let Some(node) = self.nodes.get_mut(to.node).filter(|node| node.is_up && node.process == to) else {
            return Ok(());
        };
        let is_word_of_failure = matches!(letter, Letter::Failed(_));
        match node.line.partition {
            Some(Partition::Late) if !is_word_of_failure => {
                node.line.held.push(Event::Answer { to, exchange, letter });
                return Ok(());
            }
            Some(Partition::Silent | Partition::Refused) if !is_word_of_failure => return Ok(()),
            _ => {}
        }
        if node.line.in_flight.get(&exchange).is_some_and(|way| way.is_cut) && !is_word_of_failure {
            return Ok(());
        }
        if letter.is_last() {
            node.line.in_flight.remove(&exchange);
        }
        if let (Letter::Line(line), Part::Membership) = (&letter, exchange.part)
            && node.line.in_flight.contains_key(&exchange)
            && let Some(version) = version_of(line)
        {
            node.promises.told(version);
        }
        let retry_after = letter.retry_after();
        for part in letter.parts(retry_after.as_deref()) {
            let id: RequestId = exchange.id;
            match exchange.part {
                Part::Election => self.feed_election(to.node, Input::Answer { id, part })?,
                Part::Membership => self.feed_membership(to.node, Input::Answer { id, part })?,
            }
        }
        Ok(())
    }
}
