//! Counters and times, for Prometheus.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use quorate_core::election::{Event, StopReason};

/// From what a healthy API server takes to what the longest attempt does.
const LATENCIES: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// From almost lost to a whole default renew deadline.
const BUDGETS: [f64; 10] = [0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0];

/// From a release that is seen at once to a long lease that expires.
const TAKE_OVERS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0];

pub(super) struct Metrics {
    registry: Registry,
    leading: Gauge,
    states: Family<State, Gauge>,
    terms: Counter,
    losses: Family<Cause, Counter>,
    renewals: Histogram,
    budget_left: Histogram,
    near_misses: Counter,
    take_overs: Histogram,
    failed_attempts: Counter,
    requests: Family<Exchange, Counter>,
}

/// Where we stand: one of them is 1.
const STATES: [&str; 4] = ["standing", "leading", "stopping", "withdrawn"];

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct State {
    state: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Cause {
    cause: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Exchange {
    verb: &'static str,
    /// The HTTP status; 0 if there was no answer.
    code: u16,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("quorate_election");
        let metrics = Self {
            leading: Gauge::default(),
            states: Family::default(),
            terms: Counter::default(),
            losses: Family::default(),
            renewals: Histogram::new(LATENCIES),
            budget_left: Histogram::new(BUDGETS),
            near_misses: Counter::default(),
            take_overs: Histogram::new(TAKE_OVERS),
            failed_attempts: Counter::default(),
            requests: Family::default(),
            registry: Registry::default(),
        };
        registry.register("leading", "1 while we lead", metrics.leading.clone());
        registry.register(
            "state",
            "1 for where we stand: standing, leading, stopping or withdrawn",
            metrics.states.clone(),
        );
        registry.register("terms", "Terms that we have led", metrics.terms.clone());
        registry.register("losses", "Terms that ended against our will", metrics.losses.clone());
        registry.register_with_unit(
            "renewal",
            "From the sending of a renewal to its answer",
            Unit::Seconds,
            metrics.renewals.clone(),
        );
        registry.register_with_unit(
            "budget_left",
            "What was left of the term when a renewal succeeded",
            Unit::Seconds,
            metrics.budget_left.clone(),
        );
        registry.register(
            "near_misses",
            "Renewals that succeeded when there was no time for another whole attempt",
            metrics.near_misses.clone(),
        );
        registry.register_with_unit(
            "takeover",
            "From the last sign of life of another holder, or its release, to our term",
            Unit::Seconds,
            metrics.take_overs.clone(),
        );
        registry.register(
            "failed_attempts",
            "Reads and writes of the Lease that failed",
            metrics.failed_attempts.clone(),
        );
        registry.register("api_requests", "Requests to the API server", metrics.requests.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    pub(super) fn led(&self, leads: bool) {
        self.leading.set(i64::from(leads));
    }

    pub(super) fn renewed(&self, took: Duration, left: Duration, is_near_miss: bool) {
        self.renewals.observe(took.as_secs_f64());
        self.budget_left.observe(left.as_secs_f64());
        if is_near_miss {
            self.near_misses.inc();
        }
    }

    pub(super) fn took_over(&self, after: Duration) {
        self.take_overs.observe(after.as_secs_f64());
    }

    fn stand(&self, state: &'static str) {
        for other in STATES {
            self.states.get_or_create(&State { state: other }).set(i64::from(other == state));
        }
    }

    pub(super) fn event(&self, event: &Event) {
        match event {
            Event::Acquired { .. } => self.stand("leading"),
            Event::Lost { .. } | Event::SteppingDown { .. } => self.stand("stopping"),
            Event::Standing => self.stand("standing"),
            Event::Withdrawn => self.stand("withdrawn"),
            _ => {}
        }
        match event {
            Event::Acquired { .. } => {
                self.terms.inc();
            }
            Event::Lost { cause, .. } => {
                self.losses.get_or_create(&Cause { cause: word(cause) }).inc();
            }
            Event::ReadFailed(_) | Event::RenewFailed { .. } | Event::WriteFailed(_) => {
                self.failed_attempts.inc();
            }
            _ => {}
        }
    }

    pub(super) fn answered(&self, verb: &'static str, code: u16) {
        self.requests.get_or_create(&Exchange { verb, code }).inc();
    }

    /// In the OpenMetrics text format.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

const fn word(cause: &StopReason) -> &'static str {
    match cause {
        StopReason::Cleared => "cleared",
        StopReason::Deadline => "deadline",
        StopReason::Superseded { .. } => "superseded",
        StopReason::ForeignStrategy => "strategy",
        _ => "other",
    }
}
