//! What can happen next.

use super::faults::Faults;
use super::rival::Rival;
use super::server::{Holder, Mischief, holder};
use super::state::{NOW, Node, State, Told};
use super::world::World;
use quorate_core::api::Method;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Happening {
    /// A tick passes.
    Tick,
    /// A host heeds the deadline of its machine.
    Wake(usize),
    /// A request reaches the server.
    Arrive(usize),
    /// The same, and reads what was.
    ArriveStale(usize),
    /// A request reaches nobody.
    LoseRequest(usize),
    /// A request cannot be sent, and its host is told.
    Refuse(usize),
    /// A connection ends before the answer; the request may yet be carried out.
    Cut(usize),
    /// An answer reaches its candidate.
    Return(usize),
    /// An answer does not.
    LoseAnswer(usize),
    /// An answer does not, and its host is told.
    CutAnswer(usize),
    /// A write that was given up reaches the server.
    ArriveLate(usize),
    /// What a watch says next reaches its candidate.
    Hear(usize),
    /// A watch ends, and its host is told.
    BreakWatch(usize),
    /// A watch falls silent.
    SilenceWatch(usize),
    /// The host learns that its work is gone.
    EndWork(usize),
    /// The work ends though nobody told it to.
    WorkEnds(usize),
    StepDown(usize),
    Stand(usize),
    ShutDown(usize),
    CutOff(usize),
    Heal(usize),
    Pause(usize),
    Resume(usize),
    /// A candidate dies with its work, and another is in its place.
    Crash(usize),
    Delete,
    Label,
    Mischief(Mischief),
    /// A candidate of client-go's makes its next attempt.
    RivalTries,
    RivalReleases,
    RivalDies,
}

impl World {
    pub(crate) fn happenings(&self, state: &State, found: &mut Vec<Happening>) {
        for (index, node) in state.nodes().enumerate() {
            self.befalling(index, node, state, found);
        }
        let faults = &state.faults;
        found.extend((0..state.late.len()).map(Happening::ArriveLate));
        let mut offer = |happening, is_possible: bool| found.extend(is_possible.then_some(happening));
        offer(Happening::Delete, faults.deletions > 0 && state.has_lease());
        offer(Happening::Label, faults.labels > 0 && state.has_lease());
        if faults.mischief > 0 && state.has_lease() {
            let is_free = holder(state.server.part.lease(), self.is_exact) == Holder::Nobody;
            let may_erase = self.erases_renewals || faults.mischief == self.faults.mischief;
            for mischief in self.mischief.iter().copied() {
                let is_meant = may_erase || !mischief.erases_renewals();
                offer(Happening::Mischief(mischief), is_meant && (is_free || !mischief.needs_a_free_lease()));
            }
        }
        if let Some(rival) = &state.rival {
            offer(Happening::RivalTries, rival.is_due());
            offer(Happening::RivalReleases, rival.holds() && faults.step_downs > 0);
            offer(Happening::RivalDies, rival.holds() && faults.crashes > 0);
        }
        let is_quiet = state.nodes().all(Node::is_quiet) && !state.rival.as_ref().is_some_and(Rival::is_due);
        offer(Happening::Tick, is_quiet || faults.delays > 0);
    }

    fn befalling(&self, index: usize, node: &Node, state: &State, found: &mut Vec<Happening>) {
        let faults = &state.faults;
        let mut offer = |happening, is_possible: bool| found.extend(is_possible.then_some(happening));
        let (leads, is_awake) = (node.leads(), !node.is_paused);
        offer(Happening::Wake(index), node.is_due());
        if let Some(call) = &node.call {
            offer(Happening::Arrive(index), true);
            offer(Happening::ArriveStale(index), faults.stale_reads > 0 && call.method == Method::Get);
            offer(Happening::LoseRequest(index), faults.losses > 0);
            offer(Happening::Refuse(index), faults.failures > 0 && is_awake);
            offer(Happening::Cut(index), faults.failures > 0 && is_awake && call.body.is_some());
        }
        if node.answer.is_some() {
            offer(Happening::Return(index), is_awake);
            offer(Happening::LoseAnswer(index), faults.losses > 0);
            offer(Happening::CutAnswer(index), faults.failures > 0 && is_awake);
        }
        if let Some(stream) = &node.stream {
            offer(Happening::Hear(index), is_awake && !stream.parts.is_empty());
            let is_open = stream.id.is_some();
            offer(Happening::BreakWatch(index), is_awake && is_open && faults.breaks > 0);
            offer(Happening::SilenceWatch(index), is_open && faults.breaks > 0);
        }
        let is_over = node.work.as_ref().is_some_and(|work| work.is_stopping || work.deadline <= NOW);
        offer(Happening::EndWork(index), is_over && is_awake);
        offer(Happening::WorkEnds(index), node.work.is_some() && !is_over && is_awake && faults.work_ends > 0);
        offer(Happening::StepDown(index), node.told == Told::Stand && is_awake && faults.step_downs > 0);
        offer(Happening::Stand(index), node.told == Told::StepDown && is_awake);
        offer(Happening::ShutDown(index), node.told != Told::ShutDown && is_awake && faults.shutdowns > 0);
        offer(Happening::CutOff(index), leads && faults.cut_offs > 0);
        offer(Happening::Heal(index), node.is_cut_off);
        let is_at_something = leads || node.call.is_some() || node.answer.is_some();
        offer(Happening::Pause(index), is_at_something && is_awake && faults.pauses > 0);
        offer(Happening::Resume(index), node.is_paused);
        offer(Happening::Crash(index), leads && faults.crashes > 0);
    }
}

impl Faults {
    /// A tick passes while somebody is at something.
    pub(crate) const fn spend_delay(&mut self) {
        if self.delays < u8::MAX {
            self.delays -= 1;
        }
    }
}
