//! What the machine's events, orders and reports mean to an elector.

use std::convert::Infallible;
use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;

use quorate_core::election::{Election, Event, Order, Report};
use tokio::sync::mpsc;

use super::shared::Shared;
use super::trace;
use crate::driver;

pub(super) struct Host {
    shared: Arc<Shared>,
    /// What the step that is being carried out has brought so far.
    step: Vec<Event>,
    reports: mpsc::UnboundedReceiver<Report>,
    has_ended: bool,
}

impl Host {
    pub(super) const fn new(shared: Arc<Shared>, reports: mpsc::UnboundedReceiver<Report>) -> Self {
        Self { shared, step: Vec::new(), reports, has_ended: false }
    }
}

impl driver::Host<Election> for Host {
    type End = Infallible;

    fn handled(&mut self, machine: &Election) {
        self.shared.publish(machine);
    }

    fn event(&mut self, event: Event) -> ControlFlow<Infallible> {
        trace::event(&event);
        self.step.push(event);
        ControlFlow::Continue(())
    }

    fn order(&mut self, order: Order) {
        self.shared.carry_out(order);
    }

    fn settled(&mut self, machine: &Election) {
        self.has_ended = machine.has_ended();
        self.shared.settle(mem::take(&mut self.step), machine);
    }

    async fn report(&mut self) -> Report {
        match self.reports.recv().await {
            Some(report) => report,
            // All handles are gone, and this task is about to be.
            None => std::future::pending().await,
        }
    }

    fn may_report(&self) -> bool {
        !self.has_ended
    }
}
