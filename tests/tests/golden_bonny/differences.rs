//! Where we differ from Bonny on purpose, and why. `4b#n` is the number of the defect in `peers.md`.
//!
//! The table is tight: a step that is not in it must agree, and one that is in it must differ, in just this way.

use super::case::Outcome;

/// One intended difference.
pub(crate) struct Difference {
    pub(crate) case: &'static str,
    /// Which evaluation of the case, counted from 1.
    pub(crate) step: usize,
    pub(crate) ours: Expect,
    pub(crate) why: &'static str,
}

/// What we do instead.
#[derive(Debug)]
pub(crate) enum Expect {
    Do(Outcome),
    /// We do not start, and say this.
    Refuse(&'static str),
}

use Expect::{Do, Refuse};
use Outcome::{Acquire, Keep, Release, Wait};

const fn differs(case: &'static str, ours: Expect, why: &'static str) -> Difference {
    at_step(case, 1, ours, why)
}

const fn at_step(case: &'static str, step: usize, ours: Expect, why: &'static str) -> Difference {
    Difference { case, step, ours, why }
}

const ANSWER_CRASH: &str = "4b#7: a refusal, or none at all, is one failed attempt: it crashed";
const WALL_CLOCK: &str =
    "4b#12: a record is taken over once it was not seen to change for its duration, whatever its times say";
const TIME_CRASH: &str = "4b#12: another's times decide nothing, however they are written: it crashed";
const DURATION_CRASH: &str = "4b#12: a duration that is missing or absurd counts as our own: it crashed";
const DURATION: &str = "4b#12: a duration of zero or less counts as our own: it took a record over at once";
const SHORT: &str = "4b#6: a holder with its name in the record has not released it, whatever the duration";
const HOLDER_CRASH: &str = "4b#12: null is nobody, and anything else but text is somebody: it crashed";
const NAMESAKE: &str = "4b#14: a record in our name without our nonce is another's: all replicas of one name led";
const NOT_A_LEASE: &str =
    "a Lease without uid and resourceVersion cannot be written safely: it was, without a precondition";
const SIX_DIGITS: &str = "the server takes times with six fractional digits only: it wrote one without";
const YAML: &str = "an identity is text: it went through a template of YAML";
const NO_IDENTITY: &str = "4b#14: a candidate without a name is refused: it wrote a record that others saw as free";
const ONE_FAILURE: &str = "4b#8: one failed attempt does not end a term that has seconds left";
const WORK_DIED: &str = "4b#2, 4b#3: once the work is gone, however it went, the record is freed: it expired";

pub(crate) const DIFFERENCES: &[Difference] = &[
    // Answers.
    differs("create_forbidden", Do(Wait), ANSWER_CRASH),
    differs("create_http_error", Do(Wait), ANSWER_CRASH),
    differs("get_http_error", Do(Wait), ANSWER_CRASH),
    // Times.
    differs("edge_equal", Do(Wait), WALL_CLOCK),
    differs("edge_1us_before", Do(Wait), WALL_CLOCK),
    differs("edge_no_micro", Do(Wait), WALL_CLOCK),
    differs("now_no_fraction", Do(Acquire), SIX_DIGITS),
    differs("offset_minus_zero", Do(Wait), TIME_CRASH),
    differs("offset_missing", Do(Wait), TIME_CRASH),
    differs("renew_garbage", Do(Wait), TIME_CRASH),
    differs("renew_missing", Do(Wait), TIME_CRASH),
    differs("renew_leap", Do(Wait), TIME_CRASH),
    // Durations.
    differs("duration_missing", Do(Wait), DURATION_CRASH),
    differs("duration_null", Do(Wait), DURATION_CRASH),
    differs("duration_string", Do(Wait), DURATION_CRASH),
    differs("duration_float", Do(Wait), DURATION_CRASH),
    differs("duration_zero", Do(Wait), DURATION),
    differs("duration_negative", Do(Wait), DURATION),
    differs("duration_one", Do(Wait), SHORT),
    // Holders.
    differs("holder_null", Do(Acquire), HOLDER_CRASH),
    differs("holder_number", Do(Wait), HOLDER_CRASH),
    differs("renew_mine", Do(Wait), NAMESAKE),
    differs("renew_mine_no_acquire", Do(Wait), NAMESAKE),
    differs("renew_mine_no_rv", Do(Wait), NOT_A_LEASE),
    differs("renew_mine_no_metadata", Do(Wait), NOT_A_LEASE),
    differs("identity_true", Do(Acquire), YAML),
    differs("identity_null", Do(Acquire), YAML),
    differs("identity_colon", Do(Acquire), YAML),
    differs("identity_hash", Do(Acquire), YAML),
    differs("identity_exp", Do(Acquire), YAML),
    differs("identity_empty", Refuse("identity"), NO_IDENTITY),
    // Sequences.
    at_step("seq_leader_get_down", 2, Do(Keep), ONE_FAILURE),
    at_step("seq_leader_lease_deleted_lost", 2, Do(Keep), ONE_FAILURE),
    at_step("seq_operator_down", 2, Do(Release), WORK_DIED),
];
