//! Makes the states finitely many: what differs only in names becomes one.
//!
//! The clocks stand still, and all that was moves into the past; versions and times of renewal are ranked.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::api::ResourceVersion;
use quorate_core::election::canonical::Names;
use quorate_core::time::{Instant, Timestamp};

use super::server::{Lease, Spec, life_of, wall};
use super::world::{NOW, State};

/// Collects what there is, in the first of two rounds.
#[derive(Default)]
pub(crate) struct Ranks {
    versions: Vec<u64>,
    times: Vec<Timestamp>,
    is_sorted: bool,
    /// What passes for the candidate that is being renamed.
    passes: Duration,
}

impl Ranks {
    fn number(&mut self, version: &mut u64) {
        if self.is_sorted {
            *version = self.versions.binary_search(version).unwrap() as u64 + 1;
        } else {
            self.versions.push(*version);
        }
    }

    fn lease(&mut self, lease: &mut Lease) {
        self.number(&mut lease.version);
        self.spec(&mut lease.spec);
    }

    fn spec(&mut self, spec: &mut Spec) {
        if let Some(time) = &mut spec.renewed {
            self.renew_time(time);
        }
    }

    fn sort(&mut self) {
        self.versions.sort_unstable();
        self.versions.dedup();
        self.times.sort_unstable();
        self.times.dedup();
        self.is_sorted = true;
    }
}

impl Names for Ranks {
    fn instant(&mut self, instant: &mut Instant, horizon: Duration) {
        if self.is_sorted {
            *instant = age(*instant, self.passes, horizon);
        }
    }

    fn version(&mut self, version: &mut ResourceVersion) {
        if let Ok(mut number) = version.as_str().parse() {
            self.number(&mut number);
            if self.is_sorted {
                *version = ResourceVersion::new(&number.to_string());
            }
        }
    }

    // Each life counts on its own: only the writer's next has to be later.
    fn renew_time(&mut self, time: &mut Timestamp) {
        if self.is_sorted {
            let first = self.times.partition_point(|other| life_of(*other) < life_of(*time));
            let rank = self.times.binary_search(time).unwrap() - first + 1;
            *time = Timestamp::from_unix_micros(wall(life_of(*time)).unix_micros() + rank as i64);
        } else {
            self.times.push(*time);
        }
    }
}

/// The instant, so much later.
pub(crate) fn age(instant: Instant, passes: Duration, horizon: Duration) -> Instant {
    let back = |by: Duration| Instant::since_origin(instant.elapsed_since_origin().saturating_sub(by));
    let earliest = Instant::since_origin(NOW.elapsed_since_origin().saturating_sub(horizon));
    back(passes).max(earliest)
}

/// Lets time pass, and renames.
pub(crate) fn canonical(state: &mut State, passes: [Duration; 2]) {
    let mut ranks = Ranks::default();
    for _ in 0..2 {
        for (node, passes) in state.nodes.iter_mut().zip(passes) {
            ranks.passes = passes;
            Arc::make_mut(&mut node.election).rename(&mut ranks);
            if let Some(lease) = node.answer.as_mut().and_then(|answer| answer.lease.as_mut()) {
                ranks.lease(lease);
            }
            if let Some(work) = &mut node.work {
                ranks.version(work.token.version_mut());
                ranks.instant(&mut work.deadline, Duration::ZERO);
            }
        }
        let calls = state.nodes.iter_mut().filter_map(|node| node.call.as_mut());
        for call in calls.chain(&mut state.late) {
            if let Some(version) = call.version_mut() {
                ranks.number(version);
            }
            if let Some(spec) = call.spec_mut() {
                ranks.spec(spec);
            }
        }
        for lease in [&mut state.server.lease, &mut state.before].into_iter().flatten() {
            ranks.lease(lease);
        }
        ranks.number(&mut state.server.version);
        ranks.number(&mut state.token);
        if !ranks.is_sorted {
            ranks.sort();
        }
    }
}
