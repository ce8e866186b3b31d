//! One candidate with its clocks, its work and its connection.

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_core::api::{LeaseName, Namespace};
use quorate_core::election::{Election, ElectionOptions, FencingToken};
use quorate_core::machine::{Machine as _, RequestId};
use quorate_core::testing::WatchId;
use quorate_core::time::{Instant, Now, Timestamp};

use super::history::{Setup, Spoiled};

/// Real time, which nobody can read, in microseconds.
pub(crate) type Micros = u64;

/// 2026-11-20T18:04:58Z
const WALL: i64 = 1_795_197_898_000_000;

pub(crate) struct Candidate {
    pub(crate) election: Election,
    /// Each process has another one.
    pub(crate) life: u64,
    rate: u64,
    wall_offset: i64,
    wall_stands_at: Option<i64>,
    pub(crate) is_down: bool,
    pub(crate) is_shut_down: bool,
    pub(crate) paused_until: Micros,
    pub(crate) work: Option<Work>,
    pub(crate) line: Line,
    /// When the last write was sent that took effect, on its own clock.
    pub(crate) effective: Option<Instant>,
    /// How long its work takes to stop, unless it is killed first.
    pub(crate) slow_work: Duration,
}

/// The work of a term. Whatever watches over it kills it at the hard deadline, whatever else stands still.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) term: FencingToken,
    pub(crate) deadline: Instant,
    pub(crate) is_stopping: bool,
    pub(crate) is_gone: bool,
}

/// The connection to the server, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Line {
    /// What is waited for: the watch, or not.
    pub(crate) in_flight: BTreeMap<RequestId, bool>,
    pub(crate) watches: BTreeMap<WatchId, RequestId>,
    pub(crate) last_event: Micros,
    pub(crate) slow_requests: Micros,
    pub(crate) slow_answers: Micros,
    pub(crate) slow_watch: Micros,
    pub(crate) lose_answer: Option<bool>,
    pub(crate) repeat_answer: bool,
    pub(crate) repeat_request: Option<Micros>,
    pub(crate) is_cut_off: bool,
    pub(crate) stale: u8,
    pub(crate) spoiled: Option<Spoiled>,
}

impl Candidate {
    pub(crate) fn new(setup: &Setup, index: usize, life: u64) -> Self {
        Self {
            election: Election::new(options(setup, life).build().unwrap()),
            life,
            rate: u64::from(setup.rates[index]),
            wall_offset: 0,
            wall_stands_at: None,
            is_down: false,
            is_shut_down: false,
            paused_until: 0,
            work: None,
            line: Line::default(),
            effective: None,
            slow_work: Duration::from_millis(100),
        }
    }

    /// The next process in its place, before it starts: the machine's clocks are what they were.
    pub(crate) fn replaced(&self, setup: &Setup, index: usize, life: u64) -> Self {
        let Self { wall_offset, wall_stands_at, slow_work, .. } = *self;
        Self { wall_offset, wall_stands_at, slow_work, is_down: true, ..Self::new(setup, index, life) }
    }

    pub(crate) fn set_wall(&mut self, by_millis: i32) {
        self.wall_offset += i64::from(by_millis) * 1000;
    }

    pub(crate) fn stop_wall(&mut self, stops: bool, real: Micros) {
        self.wall_stands_at = stops.then(|| self.now(real).wall.unix_micros());
    }

    pub(crate) fn now(&self, real: Micros) -> Now {
        // A microsecond times thousandths: nanoseconds.
        let instant = Instant::since_origin(Duration::from_nanos(real * self.rate));
        let wall = self.wall_stands_at.unwrap_or_else(|| WALL + i64::try_from(real).unwrap() + self.wall_offset);
        Now { instant, wall: Timestamp::from_unix_micros(wall) }
    }

    /// The first microsecond at which its clock has reached the instant.
    pub(crate) fn real(&self, instant: Instant) -> Micros {
        let nanos = u64::try_from(instant.elapsed_since_origin().as_nanos()).unwrap();
        nanos.div_ceil(self.rate)
    }

    pub(crate) fn is_paused(&self, real: Micros) -> bool {
        self.paused_until > real
    }

    /// When its host has something to do.
    pub(crate) fn wakes_at(&self) -> Option<Micros> {
        let deadline = self.election.deadline().map(|deadline| self.real(deadline.at));
        let kill = self.work.as_ref().filter(|work| work.is_stopping).map(|work| self.real(work.deadline));
        let gone = self.work.as_ref().filter(|work| work.is_stopping && work.is_gone).map(|_| 0);
        let wakes_at = [deadline, kill, gone].into_iter().flatten().min()?;
        (!self.is_down).then_some(wakes_at.max(self.paused_until))
    }

    pub(crate) fn is_leading(&self, real: Micros) -> bool {
        !self.is_down && self.election.is_leading(self.now(real).instant)
    }

    /// A term's work that nobody has killed yet.
    pub(crate) fn works(&self, real: Micros) -> bool {
        let now = self.now(real).instant;
        self.work.as_ref().is_some_and(|work| !work.is_gone && now < work.deadline)
    }
}

pub(crate) fn options(setup: &Setup, life: u64) -> ElectionOptions {
    let (namespace, name) = (Namespace::parse("lab").unwrap(), LeaseName::parse("demo").unwrap());
    let options = ElectionOptions {
        exact_identity: setup.is_exact,
        seed: setup.seed ^ life,
        ..ElectionOptions::new(namespace, name, "web", life)
    };
    if !setup.is_short {
        return options;
    }
    ElectionOptions {
        lease_duration: Duration::from_secs(3),
        renew_deadline: Duration::from_secs(2),
        retry_period: Duration::from_millis(500),
        ..options
    }
}
