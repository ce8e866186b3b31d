//! Faults that belong together: what one of them alone would seldom show.

use alloc::vec::Vec;

use super::chance::Chance;
use super::fault::{Fault, FaultKind, Partition};
use super::plan::{Plan, Planned, Whom};

/// Faults that meet by chance too seldom. Their times go by the lease duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// The Lease is deleted while its holder hears nothing, and leads on.
    DeletedUnheard,
    /// The Lease is deleted while writes are under way.
    DeletedWhileSlow,
    /// All watches die unheard; later the leader steps down.
    DeafStandbys,
    /// A dead leader's Lease is edited again and again.
    EditedWhenDead,
    /// A leader's letters arrive only after its term.
    LateWrites,
    /// Members come while some lines of watches are long under way.
    LateMembers,
    /// A leader's process starts again at once: in the same name, if names are exact.
    Namesake,
    /// A leader is cut off whose work does not stop.
    StubbornWork,
    /// The Lease is replaced while its holder stands still.
    ReplacedUnheard,
    /// A leader's wall clock stops, and nothing else.
    StoppedWall,
}

impl Scene {
    pub(super) const ALL: [Self; 10] = [
        Self::DeletedUnheard,
        Self::DeletedWhileSlow,
        Self::DeafStandbys,
        Self::EditedWhenDead,
        Self::LateWrites,
        Self::LateMembers,
        Self::Namesake,
        Self::StubbornWork,
        Self::ReplacedUnheard,
        Self::StoppedWall,
    ];

    /// The kinds of its faults.
    pub(super) const fn kinds(self) -> &'static [FaultKind] {
        match self {
            Self::DeletedUnheard => &[FaultKind::Partition, FaultKind::DeleteLease],
            Self::DeletedWhileSlow => &[FaultKind::Latency, FaultKind::DeleteLease],
            Self::DeafStandbys => &[FaultKind::Cut, FaultKind::StepDown],
            Self::EditedWhenDead => &[FaultKind::Kill, FaultKind::EditLabel],
            Self::LateWrites => &[FaultKind::Partition],
            Self::LateMembers => &[FaultKind::Latency, FaultKind::ScaleUp],
            Self::Namesake => &[FaultKind::Kill],
            Self::StubbornWork => &[FaultKind::SlowWork, FaultKind::Partition],
            Self::ReplacedUnheard => &[FaultKind::Pause, FaultKind::ReplaceLease],
            Self::StoppedWall => &[FaultKind::StopWall],
        }
    }

    /// Its faults, the first of them at this time.
    pub(super) fn faults(self, at: u64, chance: &mut Chance, plan: &Plan) -> Vec<Planned> {
        let lease = plan.election.lease_duration_ms;
        let (deadline, retry) = (plan.election.renew_deadline_ms, plan.election.retry_period_ms);
        let node = chance.index(plan.nodes);
        let later = |by: u64| at.saturating_add(by);
        let percent = |percent: u64| lease.saturating_mul(percent).checked_div(100).unwrap_or_default();
        match self {
            Self::DeletedUnheard => {
                let for_ms = deadline.saturating_sub(retry);
                let partition = Fault::Partition { node, how: Partition::Silent, for_ms };
                [Planned::leader(at, partition), Planned::new(later(300), Fault::DeleteLease)].into()
            }
            Self::DeletedWhileSlow => {
                let base_ms = percent(chance.between(6, 9));
                let slow = Fault::Latency { node: None, base_ms, tail_percent: 0, tail_ms: 0, for_ms: lease };
                let deleted_at = later(percent(chance.between(20, 50)));
                [Planned::new(at, slow), Planned::new(deleted_at, Fault::DeleteLease)].into()
            }
            Self::DeafStandbys => {
                let cut = |node| Planned::new(at, Fault::Cut { node, is_told: false });
                let stepped = Fault::StepDown { node, for_ms: lease };
                let stepped = Planned::leader(later(chance.between(70_000, 120_000)), stepped);
                (0..plan.nodes).map(cut).chain([stepped]).collect()
            }
            Self::EditedWhenDead => {
                let killed = Fault::Kill { node, down_ms: percent(200) };
                let edited = [60, 120, 180].map(|after| Planned::new(later(percent(after)), Fault::EditLabel));
                [Planned::leader(at, killed)].into_iter().chain(edited).collect()
            }
            Self::LateWrites => {
                let for_ms = deadline.saturating_add(chance.between(100, retry));
                [Planned::leader(at, Fault::Partition { node, how: Partition::Late, for_ms })].into()
            }
            Self::LateMembers => {
                let slow = Fault::Latency { node: None, base_ms: 50, tail_percent: 30, tail_ms: 8_000, for_ms: 60_000 };
                let come = |after| Planned::new(later(after), Fault::ScaleUp { members: 4 });
                [Planned::new(at, slow)].into_iter().chain([5_000, 20_000, 35_000, 50_000].map(come)).collect()
            }
            Self::Namesake => [Planned::leader(at, Fault::Kill { node, down_ms: chance.between(200, 5_000) })].into(),
            Self::StubbornWork => {
                let away = Fault::Partition { node, how: Partition::Silent, for_ms: percent(200) };
                let slow = Fault::SlowWork { node, stop_ms: percent(400) };
                [Planned::leader(at, slow), Planned::leader(at, away)].into()
            }
            Self::ReplacedUnheard => {
                let paused = Fault::Pause { node, for_ms: deadline.checked_div(2).unwrap_or_default() };
                let replaced_at = later(chance.between(0, retry));
                [Planned::leader(at, paused), Planned::new(replaced_at, Fault::ReplaceLease)].into()
            }
            Self::StoppedWall => {
                let whom = if chance.percent(80) { Whom::Leader } else { Whom::Standby };
                [Planned { at_ms: at, whom, fault: Fault::StopWall { node, for_ms: percent(400) } }].into()
            }
        }
    }
}
