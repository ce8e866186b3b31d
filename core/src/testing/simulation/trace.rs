//! A trace file: a plan, and what was violated in its run.

use alloc::string::{String, ToString as _};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::plan::Plan;
use super::report::Violation;
use crate::testing::promises::Promise;

/// What is written of a run that broke a promise. Whoever has it has the whole run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a plan, and what was found")]
pub struct Trace {
    /// What was violated; absent in a plan written by hand.
    #[serde(default)]
    pub violated: Option<Violated>,
    /// The plan.
    pub plan: Plan,
}

/// What was violated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "what a violation says, but for the seed")]
pub struct Violated {
    /// The promise.
    pub promise: Promise,
    /// When, in real time since the beginning.
    pub at_us: u64,
    /// How.
    pub what: String,
}

impl Trace {
    /// The trace of a violation.
    #[must_use]
    pub fn new(plan: Plan, violation: &Violation) -> Self {
        let at_us = u64::try_from(violation.at.as_micros()).unwrap_or(u64::MAX);
        let violated = Violated { promise: violation.promise, at_us, what: violation.what.clone() };
        Self { violated: Some(violated), plan }
    }

    /// As JSON for people.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A value whose keys are text always serializes.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a trace.
    ///
    /// # Errors
    ///
    /// When it is none, with the place in the text.
    pub fn from_json(text: &str) -> Result<Self, TraceError> {
        serde_json::from_str(text).map_err(|error| TraceError(error.to_string()))
    }
}

/// A text that is no trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError(String);

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no trace: {}", self.0)
    }
}

impl core::error::Error for TraceError {}
