//! Makes the states finitely many: what differs only in names becomes one.
//!
//! The clocks stand still, and all that was moves into the past; versions and times of renewal are ranked, uids numbered. A
//! part of the state that has not changed, and whose names stay, is shared with the state before.

use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use quorate_core::election::canonical::{Names, rename_lease};
use quorate_core::time::{Instant, Timestamp};

use super::server::{Call, Life, Server, life_of, wall};
use super::state::{LONGEST, NOW, Node, Part, State};

/// The names that a part of the state uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    versions: Vec<u64>,
    times: Vec<Timestamp>,
    uids: Vec<Arc<str>>,
}

/// A part of the state with the names that it uses, and its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named<T> {
    pub(crate) part: T,
    used: Used,
    fingerprint: u64,
}

/// What was hashed once is not hashed for each state that shares it.
impl<T> Hash for Named<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.fingerprint.hash(state);
    }
}

impl<T> Named<T> {
    pub(crate) fn new(part: T) -> Arc<Self> {
        Arc::new(Self { part, used: Used::default(), fingerprint: 0 })
    }
}

pub(crate) trait Rename: Clone + Hash {
    fn rename(&mut self, names: &mut impl Names);
}

impl Names for Used {
    fn instant(&mut self, _: &mut Instant, _: Duration) {}

    fn version(&mut self, version: &mut u64) {
        self.versions.push(*version);
    }

    fn uid(&mut self, uid: &mut Arc<str>) {
        if !self.uids.contains(uid) {
            self.uids.push(Arc::clone(uid));
        }
    }

    fn renew_time(&mut self, time: &mut Timestamp) {
        self.times.extend(life_of(*time).map(|_| *time));
    }
}

/// The names of the whole state, in order.
#[derive(Default)]
struct Ranks {
    used: Used,
    /// The days on which there are times, and today, where the wall clocks run.
    days: Option<Vec<Life>>,
    /// What passes for the candidate that is being renamed.
    passes: Duration,
}

impl Ranks {
    fn take(&mut self, used: &Used) {
        self.used.versions.extend(&used.versions);
        self.used.times.extend(&used.times);
        for uid in &used.uids {
            self.used.uid(&mut Arc::clone(uid));
        }
    }

    fn sort(&mut self) {
        self.used.versions.sort_unstable();
        self.used.versions.dedup();
        self.used.times.sort_unstable();
        self.used.times.dedup();
    }

    /// Only which of two days is the later counts.
    fn number_days(&mut self, today: Life, observed: Option<Life>) {
        let mut days: Vec<Life> = self.used.times.iter().filter_map(|time| life_of(*time)).collect();
        days.extend([today].into_iter().chain(observed));
        days.sort_unstable();
        days.dedup();
        self.days = Some(days);
    }

    /// Whether all these names stay.
    fn keep(&mut self, used: &Used) -> bool {
        used.versions.iter().all(|version| self.number(*version) == *version)
            && used.times.iter().all(|time| self.time(*time) == *time)
            && used.uids.iter().all(|uid| *self.name(uid) == **uid)
    }

    fn number(&self, version: u64) -> u64 {
        self.used.versions.binary_search(&version).unwrap() as u64 + 1
    }

    // Each life counts on its own: only the writer's next has to be later.
    fn time(&self, time: Timestamp) -> Timestamp {
        let Some(day) = life_of(time) else { return time };
        let first = self.used.times.partition_point(|other| *other < wall(day));
        let rank = self.used.times.binary_search(&time).unwrap() - first + 1;
        Timestamp::from_unix_micros(wall(self.day(day)).unix_micros() + rank as i64)
    }

    fn day(&self, day: Life) -> Life {
        let Some(days) = &self.days else { return day };
        days.binary_search(&day).unwrap() as Life + 1
    }

    fn name(&self, uid: &Arc<str>) -> Arc<str> {
        const NAMES: [&str; 8] = ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"];
        let rank = self.used.uids.iter().position(|known| known == uid).unwrap();
        if **uid == *NAMES[rank] { Arc::clone(uid) } else { NAMES[rank].into() }
    }
}

impl Names for Ranks {
    fn instant(&mut self, instant: &mut Instant, horizon: Duration) {
        *instant = age(*instant, self.passes, horizon);
    }

    fn version(&mut self, version: &mut u64) {
        *version = self.number(*version);
    }

    fn uid(&mut self, uid: &mut Arc<str>) {
        *uid = self.name(uid);
    }

    fn renew_time(&mut self, time: &mut Timestamp) {
        *time = self.time(*time);
    }
}

/// The instant, so much later.
pub(crate) fn age(instant: Instant, passes: Duration, horizon: Duration) -> Instant {
    let back = |by: Duration| Instant::since_origin(instant.elapsed_since_origin().saturating_sub(by));
    let earliest = Instant::since_origin(NOW.elapsed_since_origin().saturating_sub(horizon));
    back(passes).max(earliest)
}

impl Rename for Server {
    fn rename(&mut self, names: &mut impl Names) {
        self.api.rename(names);
    }
}

impl Rename for Call {
    fn rename(&mut self, names: &mut impl Names) {
        names.instant(&mut self.sent_at, LONGEST);
        if let Some(body) = &mut self.body {
            rename_lease(body, names);
        }
    }
}

impl Rename for Node {
    fn rename(&mut self, names: &mut impl Names) {
        self.election.rename(names);
        if let Some(call) = &mut self.call {
            call.rename(names);
        }
        if let Some(lease) = self.answer.as_mut().and_then(|answer| answer.lease.as_mut()) {
            rename_lease(lease, names);
        }
        if let Some(work) = &mut self.work {
            work.token.rename(names);
            names.instant(&mut work.deadline, Duration::ZERO);
        }
        names.instant(&mut self.proven, LONGEST);
        for part in self.stream.iter_mut().flat_map(|stream| &mut stream.parts) {
            if let Part::Line(line) = part
                && let Some(lease) = line.get_mut("object").and_then(serde_json::Value::as_object_mut)
            {
                rename_lease(lease, names);
            }
        }
    }
}

/// Lets time pass, and renames. What is shared with the state before has not changed.
pub(crate) fn canonical(state: &mut State, before: Option<&State>, passes: &[Duration]) {
    let is_new = |index: usize| before.is_none_or(|before| !Arc::ptr_eq(&before.nodes[index], &state.nodes[index]));
    let new_nodes: Vec<bool> = (0..state.nodes.len()).map(is_new).collect();
    let is_new_server = before.is_none_or(|before| !Arc::ptr_eq(&before.server, &state.server));
    if is_new_server {
        collect(&mut state.server);
    }
    for (node, _) in state.nodes.iter_mut().zip(&new_nodes).filter(|(_, is_new)| **is_new) {
        collect(node);
    }
    let mut ranks = Ranks::default();
    ranks.take(&state.server.used);
    state.nodes.iter().for_each(|node| ranks.take(&node.used));
    for call in &mut state.late {
        let mut used = Used::default();
        call.rename(&mut used);
        ranks.take(&used);
    }
    ranks.used.version(&mut state.token);
    if let Some(rival) = &mut state.rival {
        rival.rename(&mut ranks.used);
    }
    ranks.sort();
    if let Some(rival) = &mut state.rival {
        ranks.number_days(rival.second, rival.observed_second());
        rival.rename(&mut ranks);
        rival.rename_days(|day| ranks.day(day));
    }
    rename(&mut state.server, &mut ranks, is_new_server);
    for ((node, is_new), passes) in state.nodes.iter_mut().zip(new_nodes).zip(passes) {
        ranks.passes = *passes;
        rename(node, &mut ranks, is_new || !passes.is_zero());
    }
    for call in &mut state.late {
        ranks.passes = passes[call.index];
        call.rename(&mut ranks);
    }
    state.late.sort_by_key(fingerprint);
    ranks.version(&mut state.token);
}

fn collect<T: Rename>(named: &mut Arc<Named<T>>) {
    let named = Arc::make_mut(named);
    named.used = Used::default();
    named.part.rename(&mut named.used);
}

fn rename<T: Rename>(named: &mut Arc<Named<T>>, ranks: &mut Ranks, is_due: bool) {
    if !is_due && ranks.keep(&named.used) {
        return;
    }
    let named = Arc::make_mut(named);
    named.part.rename(ranks);
    for version in &mut named.used.versions {
        *version = ranks.number(*version);
    }
    for time in &mut named.used.times {
        *time = ranks.time(*time);
    }
    for uid in &mut named.used.uids {
        *uid = ranks.name(uid);
    }
    named.fingerprint = fingerprint(&named.part);
}

fn fingerprint(part: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    part.hash(&mut hasher);
    hasher.finish()
}
