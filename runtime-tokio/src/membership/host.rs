//! Carries out what the machine orders: connector calls, each a task of its own.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::Arc;

use quorate_core::membership::{Event, LinkFailure, LinkId, Membership, Order, Report};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use super::shared::Shared;
use crate::connector::{Connector, ConnectorError};
use crate::driver;
use crate::trace;

pub(super) struct Host {
    shared: Arc<Shared>,
    reports: mpsc::UnboundedReceiver<Report>,
    connector: Option<Arc<dyn Connector>>,
    calls: JoinSet<Report>,
    /// The calls that are wanted. One that was abandoned ends unheard.
    wanted: BTreeMap<LinkId, Call>,
}

/// One call of the connector.
struct Call {
    task: AbortHandle,
    /// What to report if it panics.
    panicked: fn(LinkId, LinkFailure) -> Report,
}

impl Host {
    pub(super) fn new(
        shared: Arc<Shared>,
        reports: mpsc::UnboundedReceiver<Report>,
        connector: Option<Arc<dyn Connector>>,
    ) -> Self {
        Self { shared, reports, connector, calls: JoinSet::new(), wanted: BTreeMap::new() }
    }

    fn call(
        &mut self,
        id: LinkId,
        call: impl Future<Output = Report> + Send + 'static,
        panicked: fn(LinkId, LinkFailure) -> Report,
    ) {
        let task = self.calls.spawn(call);
        self.wanted.insert(id, Call { task, panicked });
    }

    /// What a call that has ended has to say, if anybody wants to know.
    fn conclude(&mut self, ended: Result<(Id, Report), JoinError>) -> Option<Report> {
        let task = match &ended {
            Ok((task, _)) => *task,
            Err(error) => error.id(),
        };
        let id = self.wanted.iter().find_map(|(id, call)| (call.task.id() == task).then_some(*id))?;
        let Call { panicked, .. } = self.wanted.remove(&id)?;
        Some(match ended {
            Ok((_, report)) => report,
            Err(error) => panicked(id, LinkFailure::new(&error.to_string())),
        })
    }
}

impl driver::Host<Membership> for Host {
    type End = Infallible;

    fn event(&mut self, event: Event) -> ControlFlow<Infallible> {
        trace::membership(&event);
        self.shared.tell(event);
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

    async fn report(&mut self) -> Report {
        let connector = self.connector.clone();
        loop {
            let dropped = async {
                match &connector {
                    Some(connector) => connector.dropped().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(report) = self.reports.recv() => return report,
                Some(ended) = self.calls.join_next_with_id() => {
                    if let Some(report) = self.conclude(ended) {
                        return report;
                    }
                }
                name = dropped => return Report::Dropped { name },
            }
        }
    }
}

/// Streams end with the task, however it ends.
impl Drop for Host {
    fn drop(&mut self) {
        self.shared.end();
    }
}

const fn ended_badly(id: LinkId, failure: LinkFailure) -> Report {
    Report::Ended { id, outcome: Err(failure) }
}

fn outcome<T>(outcome: Result<T, ConnectorError>) -> Result<T, LinkFailure> {
    outcome.map_err(|error| LinkFailure::new(&with_sources(&*error)))
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
