//! What comes of a run: its steps, what they amount to, and what is wrong.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::fault::FaultKind;
use crate::testing::promises::Promise;

/// One event of a run: who, what, when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// When, in real time since the beginning.
    pub at: Duration,
    /// Who.
    pub who: Who,
    /// What happened, in a line for people.
    pub what: String,
    /// What the machines did upon it, a line each; only in a run that is [recorded](super::Simulation::record).
    pub actions: Vec<String>,
}

/// Whom an event concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Who {
    /// A node or an observer, by its number.
    Node(usize),
    /// The API server, or whoever changes its objects.
    Server,
    /// The plan: faults begin and end.
    World,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => f.pad(&alloc::format!("node {node}")),
            Self::Server => f.pad("server"),
            Self::World => f.pad("world"),
        }
    }
}

/// `12.345678 s  node 2  has a deadline`, and a line for each action.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} s  {:<7} {}", self.at.as_secs_f64(), self.who, self.what)?;
        self.actions.iter().try_for_each(|action| write!(f, "\n    {action}"))
    }
}

/// What a run amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many events there were.
    pub steps: u64,
    /// How much time was simulated.
    pub simulated: Duration,
    /// How many faults of each kind began.
    pub faults: BTreeMap<FaultKind, u64>,
    /// How many terms began.
    pub terms: u64,
    /// How many links came up by an order.
    pub connects: u64,
    /// How many links were ended by an order.
    pub disconnects: u64,
    /// How many requests the server has served.
    pub requests: u64,
    /// How often a view and its links were compared with the server in full (M2, M4).
    pub comparisons: u64,
}

impl Report {
    /// Adds another run to it.
    pub fn add(&mut self, other: &Self) {
        let sums = [
            (&mut self.steps, other.steps),
            (&mut self.terms, other.terms),
            (&mut self.connects, other.connects),
            (&mut self.disconnects, other.disconnects),
            (&mut self.requests, other.requests),
            (&mut self.comparisons, other.comparisons),
        ];
        for (sum, part) in sums {
            *sum = sum.saturating_add(part);
        }
        self.simulated = self.simulated.saturating_add(other.simulated);
        for (kind, count) in &other.faults {
            let sum = self.faults.entry(*kind).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
}

/// A line of totals, and one of the faults.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, terms, connects, disconnects, requests, comparisons, .. } = self;
        let hours = self.simulated.as_secs_f64() / 3600.0;
        let faults: u64 = self.faults.values().sum();
        writeln!(
            f,
            "{hours:.1} simulated hours, {steps} steps, {requests} requests, {terms} terms, {connects} connects, \
             {disconnects} disconnects, {comparisons} full comparisons, {faults} faults:"
        )?;
        for (index, (kind, count)) in self.faults.iter().enumerate() {
            write!(f, "{}{count} {kind}", if index == 0 { "  " } else { ", " })?;
        }
        Ok(())
    }
}

/// A promise that a run has broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Which one.
    pub promise: Promise,
    /// When, in real time since the beginning.
    pub at: Duration,
    /// How, in a line for people.
    pub what: String,
    /// The seed of the plan.
    pub seed: u64,
    /// What happened then; only if the run was taken [step by step](super::Simulation::step).
    pub step: Option<Box<Step>>,
}

/// One line.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { promise, at, what, seed, .. } = self;
        write!(f, "{promise} is broken at {:.6} s of the run with seed {seed}: {what}", at.as_secs_f64())
    }
}

impl core::error::Error for Violation {}
