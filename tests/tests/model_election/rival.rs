//! A candidate of client-go's leader election, as far as it matters to ours.
//!
//! As in `leaderelection.go`: it reads, restarts its wait when the record is another than before, takes over what is free
//! or has not changed for the record's own duration, by its own clock, and renews what it holds. It writes with the version
//! that it read, and puts a spec of its own making in the place of the old one, in which only the fields that it knows
//! remain. It compares times in whole seconds: a renewal within the same second it does not see.
//!
//! A day of the model's wall clock is one of its seconds, and a tick half of one.

use std::sync::Arc;

use quorate_core::api::Method;
use quorate_core::election::canonical::Names;
use quorate_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::server::{Call, Life, life_of, wall};
use super::state::{LEASE_DURATION, NOW, State};
use super::world::World;

/// Whose calls these are.
pub(crate) const RIVAL: usize = usize::MAX;

const IDENTITY: &str = "rival";

/// Times that it writes come after ours of the same second.
const LATER: i64 = 1_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Rival {
    observed: Option<Record>,
    /// Half seconds since it saw another record than before.
    unchanged: u8,
    is_due: bool,
    is_dead: bool,
    /// What the wall clock says.
    pub(crate) second: Life,
    is_second_half: bool,
    /// What it wrote last.
    last: Option<Timestamp>,
}

/// A record as it compares it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Record {
    holder: String,
    seconds: u8,
    renewed: Option<Life>,
}

impl Default for Rival {
    fn default() -> Self {
        let (observed, last) = (None, None);
        Self { observed, unchanged: 0, is_due: true, is_dead: false, second: 1, is_second_half: false, last }
    }
}

impl Rival {
    pub(crate) const fn is_due(&self) -> bool {
        self.is_due
    }

    pub(crate) fn holds(&self) -> bool {
        !self.is_dead && self.observed.as_ref().is_some_and(|record| record.holder == IDENTITY)
    }

    pub(crate) fn die(&mut self) {
        let (second, is_second_half) = (self.second, self.is_second_half);
        *self = Self { is_due: false, is_dead: true, second, is_second_half, ..Self::default() };
    }

    /// Half a second passes, which is its retry period.
    pub(crate) fn tick(&mut self) {
        self.is_second_half = !self.is_second_half;
        if !self.is_second_half {
            self.second += 1;
        }
        if !self.is_dead {
            self.is_due = true;
            self.unchanged = (self.unchanged + 1).min(2 * LEASE_DURATION);
        }
    }

    pub(crate) fn rename(&mut self, names: &mut impl Names) {
        if let Some(last) = &mut self.last {
            names.renew_time(last);
        }
    }

    pub(crate) fn observed_second(&self) -> Option<Life> {
        self.observed.as_ref().and_then(|record| record.renewed)
    }

    pub(crate) fn rename_days(&mut self, rename: impl Fn(Life) -> Life) {
        self.second = rename(self.second);
        if let Some(second) = self.observed.as_mut().and_then(|record| record.renewed.as_mut()) {
            *second = rename(*second);
        }
    }

    fn observe(&mut self, lease: &Value) {
        let record = Some(Record::of(lease));
        if record != self.observed {
            (self.observed, self.unchanged) = (record, 0);
        }
    }

    /// What it would write into this Lease; nothing while somebody else holds it.
    fn claim(&mut self, lease: &Value) -> Option<Map<String, Value>> {
        self.observe(lease);
        let record = self.observed.as_ref()?;
        let is_held = !record.holder.is_empty() && record.holder != IDENTITY;
        (!is_held || self.unchanged >= 2 * record.seconds).then(|| self.written(lease, IDENTITY, LEASE_DURATION))
    }

    fn written(&mut self, lease: &Value, holder: &str, seconds: u8) -> Map<String, Value> {
        let now = wall(self.second).unix_micros() + LATER;
        let now = Timestamp::from_unix_micros(self.last.map_or(now, |last| now.max(last.unix_micros() + 1)));
        self.last = Some(now);
        let mut lease = lease.clone();
        let mut spec = json!({
            "holderIdentity": holder, "leaseDurationSeconds": seconds, "leaseTransitions": 0,
            "acquireTime": now.to_string(), "renewTime": now.to_string(),
        });
        for known in ["preferredHolder", "strategy"] {
            if let Some(value) = lease["spec"].get(known) {
                spec[known] = value.clone();
            }
        }
        lease["spec"] = spec;
        let Value::Object(lease) = lease else { unreachable!("a Lease is an object") };
        lease
    }
}

impl Record {
    fn of(lease: &Value) -> Self {
        let spec = &lease["spec"];
        let time = spec["renewTime"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
        Self {
            holder: spec["holderIdentity"].as_str().unwrap_or_default().to_owned(),
            seconds: spec["leaseDurationSeconds"].as_u64().unwrap_or_default() as u8,
            renewed: time.and_then(|time| life_of(Timestamp::from_unix_micros(time.as_microsecond()))),
        }
    }
}

impl World {
    /// One attempt, to read and to write, which nothing comes between: a slow rival is only later.
    pub(crate) fn rival_tries(&self, state: &mut State) {
        let Some(mut rival) = state.rival.take() else { return };
        rival.is_due = false;
        let lease = state.server.part.lease().map(Arc::clone);
        if let Some(body) = lease.and_then(|lease| rival.claim(&lease)) {
            self.rival_writes(state, &mut rival, body);
        }
        state.rival = Some(rival);
    }

    /// As client-go does: whether its work has ended or not.
    pub(crate) fn rival_releases(&self, state: &mut State) {
        let Some(mut rival) = state.rival.take() else { return };
        let lease = state.server.part.lease().map(Arc::clone);
        if let Some(lease) = lease.filter(|lease| Record::of(lease).holder == IDENTITY) {
            let body = rival.written(&lease, "", 1);
            self.rival_writes(state, &mut rival, body);
        }
        state.rival = Some(rival);
    }

    fn rival_writes(&self, state: &mut State, rival: &mut Rival, body: Map<String, Value>) {
        let call = Call { index: RIVAL, life: 0, sent_at: NOW, method: Method::Put, body: Some(body) };
        if let Some(lease) = self.serve(state, &call).lease {
            rival.observe(&Value::Object(lease));
        }
    }
}
