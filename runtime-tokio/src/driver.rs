//! One loop for any machine.

use std::convert::Infallible;
use std::ops::ControlFlow;

use quorate_core::api::AnswerPart;
use quorate_core::machine::{Action, Actions, Input, Machine, RequestId};
use quorate_core::time::Now;
use tokio::task::coop;
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

    /// Called when the machine has handled an input, before any of its actions is carried out.
    fn handled(&mut self, _machine: &M) {}

    /// Called when the machine has handled an input, and its actions are under way.
    fn settled(&mut self, _machine: &M) {}
}

/// Drives a machine that has not been started until `host` breaks, or until nothing is left to wait for.
///
/// Traces what [`run`] does, with orders and reports at level DEBUG, and is as safe to drop; what the host has begun on an
/// order is the host's own to end.
pub async fn run_with<M: Machine, H: Host<M>>(
    machine: &mut M,
    transport: &dyn Transport,
    host: &mut H,
) -> Option<H::End> {
    run_by(Clock::start(), machine, transport, host).await
}

/// The same, by a clock that others can read as well, such as one that counts suspended time.
pub async fn run_by<M: Machine, H: Host<M>>(
    clock: Clock,
    machine: &mut M,
    transport: &dyn Transport,
    host: &mut H,
) -> Option<H::End> {
    let mut exchanges = Exchanges::new(transport);
    let mut actions = machine.handle(clock.now(), Input::Start);
    loop {
        host.handled(machine);
        if let ControlFlow::Break(end) = carry_out(actions, &mut exchanges, host) {
            return Some(end);
        }
        host.settled(machine);
        let deadline = machine.deadline();
        if deadline.is_none() && exchanges.is_empty() && !host.may_report() {
            return None;
        }
        trace!("{}", machine.explain(clock.now()));
        // A transport that always has more must let the clock, and the other tasks, have their turn.
        coop::consume_budget().await;
        let turn = tokio::select! {
            // The clock goes first: an answer that never ends must not push a deadline away.
            biased;
            () = clock.sleep_until(deadline.map(|deadline| deadline.at)) => {
                debug!(cause = deadline.map(|deadline| tracing::field::display(deadline.cause)), "deadline");
                Turn::Timeout
            }
            turn = next_turn(&mut exchanges, host) => turn,
        };
        let now = clock.now();
        actions = match turn {
            Turn::Timeout => machine.handle(now, Input::Timeout),
            Turn::Report(report) => {
                debug!(%report, "report");
                machine.handle(now, Input::Report(&report))
            }
            Turn::Part(id, part) => feed(machine, now, id, part, &mut exchanges),
        };
    }
}

/// What happens next.
enum Turn<R> {
    Timeout,
    Report(R),
    Part(RequestId, Part),
}

/// Whichever comes first; of both at once either, so that a flood of the one holds up the other no more than by chance.
/// Dropping the future loses nothing.
async fn next_turn<M: Machine>(exchanges: &mut Exchanges<'_>, host: &mut impl Host<M>) -> Turn<M::Report> {
    let may_report = host.may_report();
    tokio::select! {
        report = host.report(), if may_report => Turn::Report(report),
        (id, part) = exchanges.next(), if !exchanges.is_empty() => Turn::Part(id, part),
        // The deadline is all that is left.
        else => std::future::pending().await,
    }
}

/// Tells the machine the next part of an answer, and goes on reading what follows it.
fn feed<M: Machine>(
    machine: &mut M,
    now: Now,
    id: RequestId,
    part: Part,
    exchanges: &mut Exchanges<'_>,
) -> Actions<M::Event, M::Order> {
    let mut feed = |part| machine.handle(now, Input::Answer { id, part });
    match part {
        Part::Head(answer) => {
            debug!(%id, status = answer.head().status, "answer");
            let actions = feed(AnswerPart::Head(answer.head()));
            exchanges.go_on(id, answer);
            actions
        }
        Part::Chunk(bytes, answer) => {
            trace!(%id, bytes = bytes.len(), "chunk");
            let actions = feed(AnswerPart::Chunk(&bytes));
            exchanges.go_on(id, answer);
            actions
        }
        Part::End => {
            debug!(%id, "end");
            feed(AnswerPart::End)
        }
        Part::Failed(failure) => {
            debug!(%id, %failure, "failed");
            feed(AnswerPart::Failed(&failure))
        }
    }
}

/// Drives a machine that orders nothing until `on_event` breaks, or until nothing is left to wait for.
///
/// Requests, the heads and ends of their answers, and passed deadlines are traced at level DEBUG; how long the parts of bodies
/// are, events, and what the machine waits for at TRACE; what is in bodies and credentials never is.
///
/// Every event goes to `on_event`, in order, as soon as the machine emits it. The result is what it broke with; `None` if the
/// machine came to rest before.
///
/// Dropping the future is always safe: exchanges in flight are dropped with it. A machine whose run was dropped has lost its
/// answers, so drop it too. Must be called within a tokio runtime whose timer is enabled.
///
/// # Example
///
/// ```no_run
/// # #[cfg(feature = "hyper")]
/// # async fn example(client: quorate_transport_hyper::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::ops::ControlFlow;
///
/// use quorate_core::api::LabelSelector;
/// use quorate_core::membership::listing::{Event, Listing, ListingOptions};
/// use quorate_core::membership::{Policy, View};
///
/// let selector = Some(LabelSelector::parse("app=web")?);
/// let seed = quorate_runtime_tokio::random_seed();
/// let mut listing = Listing::new(ListingOptions { selector, seed, ..Default::default() }.build()?);
/// let outcome = quorate_runtime_tokio::run(&mut listing, &client, |event| match event {
///     Event::Listed(snapshot) => ControlFlow::Break(Ok(snapshot)),
///     Event::Failed(error) => ControlFlow::Break(Err(error)),
///     _ => ControlFlow::Continue(()),
/// });
/// if let Some(listed) = outcome.await {
///     for name in View::of(&listed?.objects, &Policy::default()).members.keys() {
///         println!("{name}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
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
                debug!(%id, method = request.method().as_str(), target = request.target(), "send");
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
