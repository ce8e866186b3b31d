//! The recorded cases.

use std::fs;

use quorate_core::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// One case of `bonny.jsonl`, as far as these tests read it.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    env: Environment,
    pub(crate) steps: Vec<Step>,
    pub(crate) expected: Vec<Expected>,
}

#[derive(Deserialize)]
struct Environment {
    #[serde(rename = "BONNY_POD_NAME")]
    pod: Option<String>,
}

/// One evaluation, and what the API answers to it.
#[derive(Deserialize)]
pub(crate) struct Step {
    now: String,
    pub(crate) get: Answer,
    pub(crate) write: Option<Answer>,
    #[serde(default)]
    pub(crate) action: Action,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Ok(Value),
    #[serde(untagged)]
    Error {
        error: Error,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Error {
    AlreadyExists,
    Conflict,
    Forbidden,
    NotFound,
    /// The connection failed.
    #[serde(rename = "http")]
    Http,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    #[default]
    Evaluate,
    /// The work dies.
    OperatorDown,
    /// An orderly stop.
    Stop,
}

/// What Bonny made of it.
#[derive(Deserialize)]
pub(crate) struct Expected {
    decision: Decision,
    leader_before: bool,
    pub(crate) lease_name: Option<String>,
    /// What it wrote, or tried to.
    pub(crate) written: Option<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Crash,
    Created,
    Locked,
    LockedCreateLost,
    None,
    RenewFailed,
    Renewed,
    TakenOver,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It leads from now on.
    Acquire,
    /// It led, and goes on, by a write that took effect.
    Renew,
    /// It led, and goes on, though no write took effect.
    Keep,
    /// It led, and does not any more.
    Lose,
    /// It did not lead, and does not.
    Wait,
    /// It led, and freed the record.
    Release,
    /// It has gone without a write.
    Leave,
    Crash,
}

impl Case {
    /// Without the variable, all replicas take the operator's name.
    pub(crate) fn identity(&self) -> &str {
        self.env.pod.as_deref().unwrap_or("my-operator")
    }
}

impl Step {
    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.now.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }
}

impl Expected {
    pub(crate) fn outcome(&self) -> Outcome {
        match (self.decision, self.leader_before) {
            (Decision::Created | Decision::Renewed | Decision::TakenOver, false) => Outcome::Acquire,
            (Decision::Created | Decision::Renewed | Decision::TakenOver, true) => Outcome::Renew,
            (Decision::Locked | Decision::LockedCreateLost | Decision::RenewFailed, false) => Outcome::Wait,
            (Decision::Locked | Decision::LockedCreateLost | Decision::RenewFailed, true) => Outcome::Lose,
            (Decision::None, _) => Outcome::Leave,
            (Decision::Crash, _) => Outcome::Crash,
        }
    }
}

pub(crate) fn load() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/golden/bonny.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
