//! What must hold in every state, and what must be reached.

use std::time::Duration;

use stateright::{Model, Property};

use super::happenings::Happening;
use super::state::{Broken, Change, LEASE_DURATION, LONGEST, NOW, Node, State};
use super::world::World;

impl Model for World {
    type State = State;
    type Action = Happening;

    fn init_states(&self) -> Vec<State> {
        vec![self.start()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Happening>) {
        self.happenings(state, actions);
    }

    fn next_state(&self, state: &State, happening: Happening) -> Option<State> {
        Some(self.after(state, happening))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("E1: one leads", |_, state: &State| state.nodes().filter(|node| node.leads()).count() < 2),
            Property::always("E1: one works", |_, state: &State| {
                state.nodes().filter(|node| node.is_working()).count() < 2
            }),
            Property::always("E2: a leader ends by its last write", |world: &Self, state: &State| {
                state.nodes().all(|node| world.ends_in_time(node))
            }),
            Property::always("E3: nobody takes what is worked for", |_, state: &State| {
                state.broken != Some(Broken::E3)
            }),
            Property::always("E4: tokens grow", |_, state: &State| state.broken != Some(Broken::E4)),
            Property::always("E6: what is not ours stays", |_, state: &State| state.broken != Some(Broken::E6)),
            Property::sometimes("E5: somebody leads", |_, state: &State| state.someone_leads()),
        ];
        if self.faults.crashes > 0 || self.faults.cut_offs > 0 {
            properties.push(Property::sometimes("E5: another leads after a crash or a cut", |_, state: &State| {
                state.last_change == Change::TakeOver && state.someone_leads()
            }));
        }
        if self.faults.step_downs > 0 {
            properties.push(Property::sometimes("E5: another leads after a release", |_, state: &State| {
                state.last_change == Change::AfterRelease && state.someone_leads()
            }));
        }
        if self.faults.mischief > 0 {
            properties.push(Property::sometimes("E7: somebody leads after mischief", |_, state: &State| {
                state.faults.mischief == 0 && state.someone_leads()
            }));
        }
        if self.is_prompt() {
            properties.push(Property::always("E5: and in time", |_, state: &State| is_in_time(state)));
        }
        properties
    }
}

impl World {
    /// By the last write that the server has carried out, counted from when it was sent.
    fn ends_in_time(&self, node: &Node) -> bool {
        // Past the lease duration it is not known any more when a write was sent.
        if self.renew_deadline >= LONGEST {
            return true;
        }
        let is_within = |limit: Duration| NOW < node.proven.saturating_add(limit);
        (is_within(self.renew_deadline) || !node.leads()) && (is_within(self.safe_lease()) || !node.is_working())
    }
}

/// A tick passes at most until a read shows what the watch would have.
fn is_in_time(state: &State) -> bool {
    let lease = state.server.part.lease();
    let is_held = lease.is_some_and(|lease| !lease["spec"]["holderIdentity"].as_str().unwrap_or_default().is_empty());
    let recorded = lease.and_then(|lease| lease["spec"]["leaseDurationSeconds"].as_u64()).unwrap_or_default();
    let wait = if is_held { recorded.max(u64::from(LEASE_DURATION)) } else { 0 };
    u64::from(state.unchanged) <= wait + 1 || state.someone_leads()
}
