//! One loop for any machine.

use std::convert::Infallible;
use std::ops::ControlFlow;

use quorate_core::api::AnswerPart;
use quorate_core::machine::{Action, Actions, Input, Machine};
use tracing::{debug, trace, warn};

use crate::clock::Clock;
use crate::exchanges::{Exchanges, Part};
use crate::transport::Transport;

/// What a machine's events, orders and reports mean to whoever runs it.
pub trait Host<M: Machine>: Send {
    /// What a run may end with.
    type End;

    /// Takes an event, in the order in which the machine emits them. `Break` ends the run.
    fn event(&mut self, event: M::Event) -> ControlFlow<Self::End>;

    /// Begins to carry out an order. Must not block.
    fn order(&mut self, order: M::Order);

    /// Completes with the next report. Dropping the future must lose nothing.
    fn report(&mut self) -> impl Future<Output = M::Report> + Send;

    /// Whether a report may come at all. A machine that waits for nothing else is at rest without.
    fn may_report(&self) -> bool {
        true
    }

    /// Called when the machine has handled an input, and its actions are under way.
    fn settled(&mut self, _machine: &M) {}
}

/// Drives a machine that has not been started until `host` breaks, or until nothing is left to wait for.
///
/// Traces what [`run`] does, and is as safe to drop.
pub async fn run_with<M: Machine, H: Host<M>>(
    machine: &mut M,
    transport: &dyn Transport,
    host: &mut H,
) -> Option<H::End> {
    let clock = Clock::start();
    let mut exchanges = Exchanges::new(transport);
    let mut actions = machine.handle(clock.now(), Input::Start);
    loop {
        if let ControlFlow::Break(end) = carry_out(actions, &mut exchanges, host) {
            return Some(end);
        }
        host.settled(machine);
        let deadline = machine.deadline();
        if deadline.is_none() && exchanges.is_empty() && !host.may_report() {
            return None;
        }
        trace!("{}", machine.explain(clock.now()));
        actions = tokio::select! {
            // The clock goes first: an answer that never ends must not push a deadline away.
            biased;
            () = clock.sleep_until(deadline.map(|deadline| deadline.at)) => {
                debug!(cause = deadline.map(|deadline| tracing::field::display(deadline.cause)), "deadline");
                machine.handle(clock.now(), Input::Timeout)
            }
            report = host.report(), if host.may_report() => {
                debug!(%report, "report");
                machine.handle(clock.now(), Input::Report(&report))
            }
            (id, part) = exchanges.next(), if !exchanges.is_empty() => {
                let now = clock.now();
                let mut feed = |part| machine.handle(now, Input::Answer { id, part });
                match part {
                    Part::Head(answer) => {
                        debug!(%id, status = answer.head().status, "answer");
                        let actions = feed(AnswerPart::Head(answer.head()));
                        exchanges.go_on(id, answer);
                        actions
                    }
                    Part::Chunk(bytes, answer) => {
                        let actions = feed(AnswerPart::Chunk(&bytes));
                        exchanges.go_on(id, answer);
                        actions
                    }
                    Part::End => feed(AnswerPart::End),
                    Part::Failed(failure) => feed(AnswerPart::Failed(&failure)),
                }
            }
        };
    }
}

/// Drives a machine that orders nothing until `on_event` breaks, or until nothing is left to wait for.
///
/// Requests, the heads of their answers and passed deadlines are traced at level DEBUG, events and what the machine waits for
/// at TRACE; bodies and credentials never are.
///
/// Every event goes to `on_event`, in order, as soon as the machine emits it. The result is what it broke with; `None` if the
/// machine came to rest before.
///
/// Dropping the future is always safe: exchanges in flight are dropped with it. A machine whose run was dropped has lost its
/// answers, so drop it too. Must be called within a tokio runtime whose timer is enabled.
pub async fn run<M, T>(
    machine: &mut M,
    transport: &dyn Transport,
    on_event: impl FnMut(M::Event) -> ControlFlow<T> + Send,
) -> Option<T>
where
    M: Machine<Order = Infallible, Report = Infallible>,
{
    run_with(machine, transport, &mut OnEvent(on_event)).await
}

/// A host for machines that have nothing but events.
struct OnEvent<F>(F);

impl<M, T, F> Host<M> for OnEvent<F>
where
    M: Machine<Order = Infallible, Report = Infallible>,
    F: FnMut(M::Event) -> ControlFlow<T> + Send,
{
    type End = T;

    fn event(&mut self, event: M::Event) -> ControlFlow<T> {
        (self.0)(event)
    }

    fn order(&mut self, order: Infallible) {
        match order {}
    }

    async fn report(&mut self) -> Infallible {
        std::future::pending().await
    }

    fn may_report(&self) -> bool {
        false
    }
}

/// Carries out what a machine wants, in order, until the host has enough.
fn carry_out<M: Machine, H: Host<M>>(
    actions: Actions<M::Event, M::Order>,
    exchanges: &mut Exchanges<'_>,
    host: &mut H,
) -> ControlFlow<H::End> {
    for action in actions {
        match action {
            Action::Send { id, request } => {
                debug!(%id, %request, "send");
                exchanges.begin(id, request);
            }
            Action::Cancel(id) => {
                debug!(%id, "cancel");
                exchanges.cancel(id);
            }
            Action::Emit(event) => {
                trace!(%event, "emit");
                host.event(event)?;
            }
            Action::Order(order) => {
                debug!(%order, "order");
                host.order(order);
            }
            // `Action` may grow. Whoever runs a newer machine on this host should know why it stalls.
            action => warn!(%action, "this host cannot carry out an action of its machine"),
        }
    }
    ControlFlow::Continue(())
}
