//! One loop for any machine.

use std::convert::Infallible;
use std::ops::ControlFlow;

use quorate_core::api::AnswerPart;
use quorate_core::machine::{Action, Input, Machine};
use tracing::{debug, trace, warn};

use crate::clock::Clock;
use crate::exchanges::{Exchanges, Part};
use crate::transport::Transport;

/// Drives a machine that has not been started until `on_event` breaks, or until nothing is left to wait for.
///
/// Requests, the heads of their answers and passed deadlines are traced at level DEBUG, events and what the machine waits for
/// at TRACE; bodies and credentials never are.
///
/// Every event goes to `on_event`, in order, as soon as the machine emits it. The result is what it broke with; `None` if the
/// machine came to rest before.
///
/// Dropping the future is always safe: exchanges in flight are dropped with it. A machine whose run was dropped has lost its
/// answers, so drop it too. Must be called within a tokio runtime whose timer is enabled.
pub async fn run<M: Machine<Order = Infallible, Report = Infallible>, T>(
    machine: &mut M,
    transport: &dyn Transport,
    mut on_event: impl FnMut(M::Event) -> ControlFlow<T>,
) -> Option<T> {
    let clock = Clock::start();
    let mut exchanges = Exchanges::new(transport);
    let mut actions = machine.handle(clock.now(), Input::Start);
    loop {
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
                    if let ControlFlow::Break(value) = on_event(event) {
                        return Some(value);
                    }
                }
                // `Action` may grow. Whoever runs a newer machine on this host should know why it stalls.
                action => warn!(%action, "this host cannot carry out an action of its machine"),
            }
        }
        let deadline = machine.deadline();
        trace!("{}", machine.explain(clock.now()));
        if deadline.is_none() && exchanges.is_empty() {
            return None;
        }
        actions = tokio::select! {
            // The clock goes first: an answer that never ends must not push a deadline away.
            biased;
            () = clock.sleep_until(deadline.map(|deadline| deadline.at)) => {
                debug!(cause = deadline.map(|deadline| tracing::field::display(deadline.cause)), "deadline");
                machine.handle(clock.now(), Input::Timeout)
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
