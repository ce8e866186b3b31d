//! What to do next, and from when on: a pure function of what we are and of what we observed.

use super::config::ElectionConfig;
use super::observation::{Observation, Sight};
use super::stage::{Pace, Stage};
use super::write::Purpose;
use crate::machine::Cause;
use crate::time::Instant;

/// The next exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Next {
    pub(super) at: Instant,
    pub(super) step: Step,
    pub(super) cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Reads the Lease; for safety, if nothing but silence asks for it.
    Read {
        for_safety: bool,
    },
    Write(Purpose),
}

pub(super) fn next(config: &ElectionConfig, stage: &Stage, observation: &Observation, pace: &Pace) -> Option<Next> {
    let pending = |step, cause| Some(Next { at: pace.not_before, step, cause });
    let read = || pending(Step::Read { for_safety: false }, Cause::Retry);
    let is_doubted = pace.doubt || observation.sight == Sight::Unread;
    match stage {
        Stage::Ended | Stage::Idle | Stage::Withdrawn => None,
        // The work of the last term still runs: nothing is to be won, and nothing may prolong it.
        Stage::Stopping(stopping) if !stopping.is_voluntary => None,
        _ if is_doubted => read(),
        // A Lease that vanished is made again by who leads, but not by who is about to leave.
        Stage::Leading(_) if observation.sight == Sight::Missing => {
            pending(Step::Write(Purpose::Create), Cause::Renewal)
        }
        Stage::Stopping(_) if observation.sight == Sight::Missing => None,
        Stage::Leading(_) | Stage::Stopping(_) => pending(Step::Write(Purpose::Renew), Cause::Renewal),
        Stage::Releasing(_) => pending(Step::Write(Purpose::Release), Cause::Retry),
        Stage::Standing => stand(config, observation, pace),
    }
}

/// What a candidate without a term does.
fn stand(config: &ElectionConfig, observation: &Observation, pace: &Pace) -> Option<Next> {
    let at = pace.not_before;
    let Some(lease) = observation.lease() else {
        return Some(Next { at, step: Step::Write(Purpose::Create), cause: Cause::Retry });
    };
    let safety_read = Next {
        at: at.max(observation.safety_read_at()),
        step: Step::Read { for_safety: true },
        cause: Cause::SafetyRead,
    };
    // Coordinated election: not ours to write.
    if lease.strategy().is_some() {
        return Some(safety_read);
    }
    let win = |at| Next { at, step: Step::Write(Purpose::Win), cause: Cause::TakeOver };
    if config.is_ours(lease) {
        // Until the bar falls we only renew.
        return Some(match observation.barred_until() {
            Some(until) if at < until => Next { at, step: Step::Write(Purpose::Renew), cause: Cause::Renewal },
            _ => win(at),
        });
    }
    // E3: the take-over decision.
    let take_over = win(at.max(observation.open_at(lease)));
    Some(if safety_read.at < take_over.at { safety_read } else { take_over })
}
