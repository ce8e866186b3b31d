//! What must hold in every state, and what must be reached.

use stateright::{Model, Property};

use super::happenings::Happening;
use super::server::{Holder, holder};
use super::state::{Broken, Change, LONGEST, NOW, Node, State, Told};
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
            Property::always("E1: one works in a process", |_, state: &State| state.broken != Some(Broken::E1)),
            Property::always("E2: a leader ends by its last write", |world: &Self, state: &State| {
                state.nodes().all(|node| world.ends_in_time(node))
            }),
            Property::always("E3: nobody takes what is worked for", |_, state: &State| {
                state.broken != Some(Broken::E3)
            }),
            Property::always("E4: tokens grow", |_, state: &State| state.broken != Some(Broken::E4)),
            Property::always("E6: what is not ours stays", |_, state: &State| state.broken != Some(Broken::E6)),
            Property::always("who leaves does not lead, and stops its work", |_, state: &State| {
                state.nodes().all(|node| node.told == Told::Stand || !node.leads() && node.is_stopping())
            }),
            Property::always("transitions count the terms", |_, state: &State| {
                state.broken != Some(Broken::Transitions)
            }),
            Property::sometimes("E5: a term begins after all that befalls", |_, state: &State| {
                state.has_begun && state.faults.are_spent()
            }),
        ];
        if self.faults.take_the_lead() {
            properties.push(Property::sometimes("E5: another leads after a crash or a cut", |_, state: &State| {
                state.last_change == Change::TakeOver && state.someone_leads()
            }));
        }
        if self.faults.give_the_lead() {
            properties.push(Property::sometimes("E5: another leads after a release", |_, state: &State| {
                state.last_change == Change::AfterRelease && state.someone_leads()
            }));
        }
        if self.is_prompt() {
            properties.push(Property::always("E5: who has left holds nothing", |world: &Self, state: &State| {
                let holder = holder(state.server.part.lease(), world.is_exact);
                state.nodes().all(|node| !node.has_left() || holder != Holder::One(node.life))
            }));
            properties
                .push(Property::always("E5: and in time", |world: &Self, state: &State| world.leads_in_time(state)));
        }
        properties
    }
}

impl World {
    /// By the last write that the server has carried out, counted from when it was sent: to the instant.
    fn ends_in_time(&self, node: &Node) -> bool {
        // Past the lease duration it is not known any more when a write was sent.
        if self.renew_deadline >= LONGEST {
            return true;
        }
        let leads_until = node.proven.saturating_add(self.renew_deadline);
        // What has ended is not told apart.
        let works_until = node.proven.saturating_add(self.hard_deadline(node)).max(NOW);
        node.election.leading_until().is_none_or(|until| until <= leads_until)
            && node.work.as_ref().is_none_or(|work| work.deadline <= works_until)
    }

    /// A quarter of what a record lasts, and a retry period, pass at most until a read shows what the watch would have.
    /// Whatever is written meanwhile, somebody leads once the longest has passed.
    fn leads_in_time(&self, state: &State) -> bool {
        let lease = state.server.part.lease();
        let is_held =
            lease.is_some_and(|lease| !lease["spec"]["holderIdentity"].as_str().unwrap_or_default().is_empty());
        let recorded = lease.and_then(|lease| lease["spec"]["leaseDurationSeconds"].as_u64()).unwrap_or_default();
        let wait = if is_held { LONGEST.as_secs().max(recorded) } else { 0 };
        let is_soon_after_a_write = u64::from(state.unchanged) <= wait + self.until_seen();
        let is_soon = u64::from(state.leaderless) <= self.longest_record().as_secs() + self.until_seen();
        state.leaderless == 0 || (is_soon_after_a_write && is_soon)
    }
}
