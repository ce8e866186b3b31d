//! Plans by chance: which faults, and how often.

use alloc::vec::Vec;

use super::chance::Chance;
use super::fault::{Fault, FaultKind, Partition};
use super::plan::{ClockPlan, ElectionPlan, LeasePlan, MembershipPlan, Plan, Planned};
use super::scene::Scene;
use crate::membership::Source;

/// What plans are drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a mix is built by every user, with ..Mix::default()")]
pub struct Mix {
    /// How many nodes, at least and at most.
    pub nodes: (usize, usize),
    /// How many observers at most.
    pub observers: usize,
    /// How many further members at most.
    pub members: usize,
    /// How long the faults may hold.
    pub duration_ms: u64,
    /// How many faults an hour. Those that come by themselves come in bursts, with quiet in between.
    pub faults_per_hour: u64,
    /// Which kinds, and each kind's part in all that come by themselves.
    pub kinds: Vec<(FaultKind, u32)>,
    /// How many of the faults belong together: a Lease that is deleted while its holder is cut off, say. Those are of these kinds
    /// only, and need nodes.
    pub scenes_percent: u8,
}

/// Five nodes at most, for an hour, with all kinds of fault.
impl Default for Mix {
    fn default() -> Self {
        let weight = |kind| match kind {
            FaultKind::DeleteLease
            | FaultKind::Drift
            | FaultKind::ReplaceLease
            | FaultKind::RollingUpdate
            | FaultKind::ScaleUp => 1,
            FaultKind::Kill | FaultKind::Latency | FaultKind::LoseAnswers | FaultKind::Pause => 5,
            FaultKind::Partition | FaultKind::StepDown => 6,
            _ => 3,
        };
        Self {
            nodes: (2, 5),
            observers: 1,
            members: 20,
            duration_ms: 3_600_000,
            faults_per_hour: 60,
            kinds: FaultKind::ALL.into_iter().map(|kind| (kind, weight(kind))).collect(),
            scenes_percent: 40,
        }
    }
}

/// How long bursts and the quiet after them are.
const BURST_MS: (u64, u64) = (30_000, 400_000);
const QUIET_MS: (u64, u64) = (60_000, 600_000);

impl Plan {
    /// A plan by chance: the same seed and mix give the same one.
    #[must_use]
    pub fn random(seed: u64, mix: &Mix) -> Self {
        let mut chance = Chance::new(seed, 0);
        let (least, most) = mix.nodes;
        let nodes = least.saturating_add(chance.index(most.saturating_sub(least).saturating_add(1)));
        let observers = chance.index(mix.observers.saturating_add(1));
        let members = chance.index(mix.members.saturating_add(1));
        let election = election(&mut chance);
        let clocks = clocks(&mut chance, nodes.saturating_add(observers));
        let sources = [Source::EndpointSlices, Source::EndpointSlices, Source::Endpoints, Source::Pods];
        let source = sources.get(chance.index(sources.len())).copied().unwrap_or_default();
        let poll_ms = chance.percent(20).then_some(5_000);
        let compare_ms = chance.percent(20).then(|| chance.between(5_000, 60_000));
        let mut plan = Self {
            seed,
            nodes,
            observers,
            members,
            duration_ms: mix.duration_ms,
            latency_us: chance.between(300, 20_000),
            endpoints_delay_ms: chance.between(0, 1_000),
            election,
            membership: MembershipPlan { source, poll_ms, compare_ms },
            clocks,
            faults: Vec::new(),
        };
        plan.faults = faults(&mut chance, &plan, mix);
        plan
    }
}

fn election(chance: &mut Chance) -> ElectionPlan {
    let (lease_duration_ms, renew_deadline_ms, retry_period_ms) = match chance.below(4) {
        0 => (3_000, 2_000, 500),
        1 => (30_000, 20_000, 3_000),
        _ => (15_000, 10_000, 2_000),
    };
    let exact_identity = chance.percent(25);
    ElectionPlan {
        lease_duration_ms,
        renew_deadline_ms,
        retry_period_ms,
        exact_identity,
        one_name: exact_identity && chance.percent(30),
        lease: lease(chance),
        ..ElectionPlan::default()
    }
}

/// Empty as a rule; now and then somebody holds it who is no more, for any time or for no time that is said.
fn lease(chance: &mut Chance) -> LeasePlan {
    let duration_s = match chance.below(100) {
        0..60 => return LeasePlan::Empty,
        60..85 => return LeasePlan::Absent,
        85..91 => None,
        91..96 => Some(chance.between(1, 120)),
        _ => Some(chance.between(3_000, 0x7FFF_FFFF)),
    };
    LeasePlan::Held { duration_s: duration_s.and_then(|seconds| u32::try_from(seconds).ok()) }
}

/// Clocks within the ratio that works bear; now and then only within that of guards.
fn clocks(chance: &mut Chance, processes: usize) -> Vec<ClockPlan> {
    let fastest = if chance.percent(10) { 1490 } else { 1009 };
    let clock = |chance: &mut Chance| ClockPlan {
        rate_permille: u32::try_from(chance.between(1000, fastest)).unwrap_or(1000),
        wall_offset_ms: offset(chance),
    };
    (0..processes).map(|_| clock(chance)).collect()
}

/// Seconds as a rule, sometimes years.
fn offset(chance: &mut Chance) -> i64 {
    let most = if chance.percent(20) { 100_000_000_000 } else { 30_000 };
    let offset = i64::try_from(chance.between(0, most)).unwrap_or_default();
    if chance.coin() { offset } else { offset.saturating_neg() }
}

fn faults(chance: &mut Chance, plan: &Plan, mix: &Mix) -> Vec<Planned> {
    let wanted = mix.faults_per_hour.saturating_mul(mix.duration_ms).checked_div(3_600_000).unwrap_or_default();
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let mut faults = scenes(chance, plan, mix, wanted);
    let bursts = bursts(chance, mix.duration_ms);
    for _ in faults.len()..wanted {
        let burst = bursts.get(chance.index(bursts.len())).copied();
        if let (Some(kind), Some((start, end))) = (kind(chance, mix), burst) {
            let at_ms = chance.between(start, end);
            faults.push(Planned::new(at_ms, fault(chance, kind, plan)));
        }
    }
    faults.sort_by_key(|planned| planned.at_ms);
    faults
}

/// Scenes, at any time: what they show is often seen only where all is quiet.
fn scenes(chance: &mut Chance, plan: &Plan, mix: &Mix, wanted: usize) -> Vec<Planned> {
    let is_drawn = |kind: &FaultKind| mix.kinds.iter().any(|(drawn, weight)| drawn == kind && *weight > 0);
    let scenes: Vec<_> = Scene::ALL.into_iter().filter(|scene| scene.kinds().iter().all(is_drawn)).collect();
    let wanted = wanted.saturating_mul(mix.scenes_percent.into()).checked_div(100).unwrap_or_default();
    let mut faults = Vec::new();
    while faults.len() < wanted && plan.nodes > 0 {
        let Some(scene) = scenes.get(chance.index(scenes.len())) else { break };
        let at = chance.between(5_000, mix.duration_ms.max(5_000));
        faults.extend(scene.faults(at, chance, plan));
    }
    faults
}

fn kind(chance: &mut Chance, mix: &Mix) -> Option<FaultKind> {
    let total: u64 = mix.kinds.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut lot = chance.below(total);
    let kind = mix.kinds.iter().find(|(_, weight)| {
        let is_it = lot < u64::from(*weight);
        lot = lot.saturating_sub(u64::from(*weight));
        is_it
    });
    kind.map(|(kind, _)| *kind)
}

fn bursts(chance: &mut Chance, duration_ms: u64) -> Vec<(u64, u64)> {
    let mut bursts = Vec::new();
    let mut start = chance.between(5_000, 60_000);
    while start < duration_ms {
        let end = start.saturating_add(chance.between(BURST_MS.0, BURST_MS.1));
        bursts.push((start, end.min(duration_ms)));
        start = end.saturating_add(chance.between(QUIET_MS.0, QUIET_MS.1));
    }
    bursts
}

fn fault(chance: &mut Chance, kind: FaultKind, plan: &Plan) -> Fault {
    let node = chance.index(plan.nodes.saturating_add(plan.observers));
    // Short ones are more frequent than long ones.
    let for_ms = if chance.percent(70) { chance.between(200, 12_000) } else { chance.between(5_000, 90_000) };
    let percent = u8::try_from(chance.between(5, 100)).unwrap_or(100);
    let (is_told, few) = (chance.coin(), 1_usize.saturating_add(chance.index(10)));
    match kind {
        FaultKind::Compact => Fault::Compact,
        FaultKind::Cut => Fault::Cut { node, is_told },
        FaultKind::DeleteLease => Fault::DeleteLease,
        FaultKind::DropLink => Fault::DropLink { node, peer: chance.index(20), is_told },
        FaultKind::Drift => Fault::Drift { node, rate_permille: drift(chance) },
        FaultKind::EditLabel => Fault::EditLabel,
        FaultKind::EndWork => Fault::EndWork { node, for_ms },
        FaultKind::Errors => {
            let status = [500, 502, 503, 504].get(chance.index(4)).copied().unwrap_or(500);
            Fault::Errors { status, percent, for_ms }
        }
        FaultKind::ExpireToken => Fault::ExpireToken { node, for_ms },
        FaultKind::FlapReadiness => Fault::FlapReadiness { percent, for_ms },
        FaultKind::Forbid => Fault::Forbid { node, for_ms },
        FaultKind::Kill => Fault::Kill { node, down_ms: for_ms },
        FaultKind::Latency => Fault::Latency {
            node: is_told.then_some(node),
            base_ms: chance.between(1, 200),
            tail_percent: u8::try_from(chance.between(1, 50)).unwrap_or(1),
            tail_ms: chance.between(100, 8_000),
            for_ms,
        },
        FaultKind::LoseAnswers => Fault::LoseAnswers { node, percent, for_ms },
        FaultKind::Partition => {
            let hows = [Partition::Late, Partition::Refused, Partition::Silent];
            let how = hows.get(chance.index(hows.len())).copied().unwrap_or(Partition::Silent);
            Fault::Partition { node, how, for_ms }
        }
        FaultKind::Pause => Fault::Pause { node, for_ms },
        FaultKind::ReplaceLease => Fault::ReplaceLease,
        FaultKind::RestartServer => Fault::RestartServer { down_ms: for_ms },
        FaultKind::RollingUpdate => Fault::RollingUpdate { batch: few, every_ms: chance.between(2_000, 20_000) },
        FaultKind::ScaleDown => Fault::ScaleDown { members: few },
        FaultKind::ScaleUp => Fault::ScaleUp { members: few.saturating_mul(3) },
        FaultKind::SlowWork => Fault::SlowWork { node, stop_ms: for_ms },
        FaultKind::StepDown => Fault::StepDown { node, for_ms },
        FaultKind::StopWall => Fault::StopWall { node, for_ms },
        FaultKind::Suspend => Fault::Suspend { node, for_ms },
        FaultKind::Throttle => {
            let retry_after_s = u32::try_from(chance.between(0, 10)).unwrap_or(1);
            Fault::Throttle { retry_after_s, for_ms }
        }
        FaultKind::Unreachable => Fault::Unreachable { member: chance.index(30), is_silent: is_told, for_ms },
        FaultKind::WallJump => Fault::WallJump { node, by_ms: offset(chance) },
    }
}

/// Within what works bear: whoever wants more gives it by hand.
fn drift(chance: &mut Chance) -> u32 {
    u32::try_from(chance.between(1000, 1009)).unwrap_or(1000)
}
