//! E5: how every history ends once nothing goes wrong any more.

use std::time::Duration;

use quorate_core::election::Report;

use super::candidate::Micros;
use super::world::World;

/// For requests and answers under way, a last write of the crashed one among them.
const SLACK: Micros = 20_000;
/// After this every watch is open again: no pause is longer.
const QUIET: Micros = 40_000_000;

impl World {
    /// Somebody leads soon, and stays; after a crash another does in time, and after a release at once.
    pub(crate) fn end(&mut self) {
        self.heal();
        self.await_anybody();
        // A term whose last renewal was lost may yet end.
        self.pass(self.slowly(self.config.options().renew_deadline));
        self.await_anybody();
        // Whoever saw a long record deleted waits for its holder, though somebody else who did not see it may lead.
        self.pass(self.slowly(self.patience()));
        self.stay_quiet();
        // First to those who were there all along, and whose watches may have died unheard.
        self.hand_over();
        self.stay_quiet();
        self.fail_over();
    }

    fn await_anybody(&mut self) {
        let config = &self.config;
        let patience = self.patience();
        // An attempt has to fail, silence to be noticed, and the record or a new one to stand still for its duration.
        let pauses = config.longest_pause() * 3 + config.attempt_timeout() + config.jitter();
        let limit = self.slowly(patience + patience / 4 + pauses);
        if self.leader().is_none() {
            self.pass_until(limit, |world| world.leader().is_some());
        }
        if self.leader().is_none() {
            self.fail("E5: nobody leads, though nothing goes wrong");
        }
    }

    /// The longest that anybody may have to leave a record alone.
    fn patience(&self) -> Duration {
        self.config.options().lease_duration.max(Duration::from_secs(self.longest))
    }

    fn stay_quiet(&mut self) {
        let terms = self.tokens.len();
        self.pass(QUIET);
        if self.tokens.len() != terms || self.leader().is_none() {
            self.fail("E5: a leader does not stay, though nothing goes wrong");
        }
    }

    fn fail_over(&mut self) {
        let leader = self.leader().unwrap();
        let bound = self.slowly(self.config.worst_failover()) + SLACK;
        let written_at = self.written_at;
        self.crash(leader, 1_000);
        self.pass_until(2 * bound, |world| world.leader().is_some());
        if self.leader().is_none() || self.real > written_at + bound {
            self.fail("E5: nobody leads within lease duration + retry period + jitter of the last write");
        }
    }

    fn hand_over(&mut self) {
        let leader = self.leader().unwrap();
        let work = u64::try_from(self.candidates[leader].slow_work.as_micros()).unwrap();
        let bound = self.slowly(self.config.jitter()) + SLACK;
        let asked_at = self.real;
        self.report(leader, Report::StepDown);
        let is_other = |world: &Self| world.leader().is_some_and(|next| next != leader);
        self.pass_until(work + 2 * bound, is_other);
        if !is_other(self) || self.real > asked_at + work + bound {
            self.fail("E5: nobody leads within a round trip and jitter of a release");
        }
        self.report(leader, Report::Stand);
    }

    pub(crate) fn leader(&self) -> Option<usize> {
        self.candidates.iter().position(|candidate| candidate.is_leading(self.real))
    }

    /// What is so long on the slowest of the clocks.
    fn slowly(&self, time: Duration) -> Micros {
        let rate = self.setup.rates.iter().min().unwrap();
        u64::try_from(time.as_micros()).unwrap() * 1000 / u64::from(*rate) + 1
    }
}
