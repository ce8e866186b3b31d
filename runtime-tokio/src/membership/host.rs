//! Carries out what the machine orders: connector calls, each a task of its own.

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;

use quorate_core::membership::{Event, LinkFailure, LinkId, Membership, Order, Report};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tracing::{Instrument as _, warn};

use super::shared::Shared;
use crate::connector::{Connector, ConnectorError, StillAnswers};
use crate::driver;
use crate::trace;

pub(super) struct Host {
    shared: Arc<Shared>,
    /// What the step that is being carried out has brought so far.
    step: Vec<Event>,
    reports: mpsc::UnboundedReceiver<Report>,
    connector: Option<Arc<dyn Connector>>,
    /// In one set, so that what they report keeps the order in which it happened.
    calls: JoinSet<Report>,
    /// The calls that are wanted. One that was abandoned ends unheard.
    wanted: BTreeMap<LinkId, Call>,
    /// The call that waits for links which go down.
    listening: Option<Id>,
}

/// One call of the connector.
struct Call {
    task: AbortHandle,
    /// What to report if it panics.
    panicked: fn(LinkId, LinkFailure) -> Report,
}

impl Host {
    /// Must be made in the task that runs the machine: calls belong to its span.
    pub(super) fn new(
        shared: Arc<Shared>,
        reports: mpsc::UnboundedReceiver<Report>,
        connector: Option<Arc<dyn Connector>>,
    ) -> Self {
        let (step, calls, wanted) = (Vec::new(), JoinSet::new(), BTreeMap::new());
        let mut host = Self { shared, step, reports, connector, calls, wanted, listening: None };
        host.listen();
        host
    }

    /// Ends all calls, and waits until none runs any more.
    pub(super) async fn stop(mut self) {
        self.calls.shutdown().await;
    }

    fn call(
        &mut self,
        id: LinkId,
        call: impl Future<Output = Report> + Send + 'static,
        panicked: fn(LinkId, LinkFailure) -> Report,
    ) {
        let task = self.calls.spawn(call.in_current_span());
        self.wanted.insert(id, Call { task, panicked });
    }

    /// Waits for the next link that goes down. A task of its own, and not dropped until then: a connector need not take care
    /// not to lose one, and if it panics it takes nobody along.
    fn listen(&mut self) {
        let Some(connector) = self.connector.clone() else { return };
        let call = async move { Report::Dropped { name: connector.dropped().await } };
        self.listening = Some(self.calls.spawn(call.in_current_span()).id());
    }

    /// What a call that has ended has to say, if anybody wants to know.
    fn conclude(&mut self, ended: Result<(Id, Report), JoinError>) -> Option<Report> {
        let task = match &ended {
            Ok((task, _)) => *task,
            Err(error) => error.id(),
        };
        if self.listening == Some(task) {
            return self.conclude_listening(ended);
        }
        let id = self.wanted.iter().find_map(|(id, call)| (call.task.id() == task).then_some(*id))?;
        let Call { panicked, .. } = self.wanted.remove(&id)?;
        Some(match ended {
            Ok((_, report)) => report,
            Err(error) => panicked(id, LinkFailure::new(&why(error))),
        })
    }

    fn conclude_listening(&mut self, ended: Result<(Id, Report), JoinError>) -> Option<Report> {
        self.listening = None;
        match ended {
            Ok((_, report)) => {
                self.listen();
                Some(report)
            }
            Err(error) => {
                // Called again it would likely panic again, at once.
                let failure = LinkFailure::new(&why(error));
                warn!(target: trace::MEMBERSHIP, %failure, "links that go down are noticed later from now on");
                None
            }
        }
    }
}

impl driver::Host<Membership> for Host {
    type End = Infallible;

    fn event(&mut self, event: Event) -> ControlFlow<Infallible> {
        trace::event(&event);
        self.step.push(event);
        ControlFlow::Continue(())
    }

    fn order(&mut self, order: Order) {
        let Some(connector) = self.connector.clone() else { return };
        match order {
            Order::Connect { id, peer } => {
                let call = async move { Report::Ended { id, outcome: outcome(connector.connect(&peer).await) } };
                self.call(id, call, ended_badly);
            }
            Order::Disconnect { id, peer } => {
                let call = async move { Report::Ended { id, outcome: outcome(connector.disconnect(&peer).await) } };
                self.call(id, call, ended_badly);
            }
            Order::ListConnected { id } => {
                let call = async move { Report::Listed { id, names: outcome(connector.connected().await) } };
                self.call(id, call, |id, failure| Report::Listed { id, names: Err(failure) });
            }
            Order::Abandon(id) => {
                if let Some(call) = self.wanted.remove(&id) {
                    call.task.abort();
                }
            }
            // `Order` may grow; this crate and the core are released together.
            _ => {}
        }
    }

    fn settled(&mut self, machine: &Membership) {
        self.shared.settle(mem::take(&mut self.step), machine.standing());
    }

    async fn report(&mut self) -> Report {
        loop {
            tokio::select! {
                Some(report) = self.reports.recv() => return report,
                Some(ended) = self.calls.join_next_with_id() => {
                    if let Some(report) = self.conclude(ended) {
                        return report;
                    }
                }
                // The handle is gone, and this task about to be.
                else => std::future::pending().await,
            }
        }
    }
}

const fn ended_badly(id: LinkId, failure: LinkFailure) -> Report {
    Report::Ended { id, outcome: Err(failure) }
}

fn outcome<T>(outcome: Result<T, ConnectorError>) -> Result<T, LinkFailure> {
    outcome.map_err(|error| match error.downcast_ref::<StillAnswers>() {
        Some(answer) => LinkFailure::still_answers(&answer.to_string()),
        None => LinkFailure::new(&with_sources(&*error)),
    })
}

/// An error and what caused it, on one line.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// Why a call brought no result, in the words of whoever panicked.
fn why(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "the call was cancelled".into() };
    format!("the connector panicked: {}", words(&*panic))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    literal.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("it did not say why")
}
