//! Each kind of fault by itself: it happens, and no promise is broken.

use quorate_core::testing::simulation::{ElectionPlan, Fault, FaultKind, LeasePlan, Partition, Plan, Planned, Report};

use super::run;

/// Three nodes with six members; the faults come 30 s apart.
fn befall(faults: &[Fault]) -> Report {
    let at = |number: usize| 30_000 + 30_000 * u64::try_from(number).unwrap();
    let planned = faults.iter().enumerate().map(|(number, fault)| Planned::new(at(number), fault.clone()));
    let plan =
        Plan { nodes: 3, members: 6, duration_ms: at(faults.len()), faults: planned.collect(), ..Plan::default() };
    let report = run(&plan);
    for fault in faults {
        assert!(report.faults.contains_key(&fault.kind()), "{fault} did not happen");
    }
    report
}

/// The same for each node.
fn of_each(fault: impl Fn(usize) -> Fault) -> Report {
    befall(&[fault(0), fault(1), fault(2)])
}

#[test]
fn processes_that_are_killed_are_followed_by_others() {
    assert!(of_each(|node| Fault::Kill { node, down_ms: 25_000 }).terms >= 2);
}

#[test]
fn processes_and_nodes_that_stand_still_lose_their_terms() {
    assert!(of_each(|node| Fault::Pause { node, for_ms: 25_000 }).terms >= 2);
    assert!(of_each(|node| Fault::Suspend { node, for_ms: 25_000 }).terms >= 2);
}

#[test]
fn nodes_that_are_cut_off_lose_their_terms() {
    for how in [Partition::Late, Partition::Refused, Partition::Silent] {
        assert!(of_each(|node| Fault::Partition { node, how, for_ms: 25_000 }).terms >= 2, "{how:?}");
    }
    assert!(of_each(|node| Fault::Forbid { node, for_ms: 25_000 }).terms >= 2);
    assert!(of_each(|node| Fault::ExpireToken { node, for_ms: 25_000 }).terms >= 2);
}

#[test]
fn who_steps_down_or_ends_is_followed_at_once() {
    assert!(of_each(|node| Fault::StepDown { node, for_ms: 5_000 }).terms >= 2);
    assert!(of_each(|node| Fault::EndWork { node, for_ms: 5_000 }).terms >= 2);
}

#[test]
fn short_troubles_cost_no_term() {
    let cut = |is_told| move |node| Fault::Cut { node, is_told };
    assert_eq!(of_each(cut(true)).terms, 1);
    assert_eq!(of_each(cut(false)).terms, 1);
    let restart = Fault::RestartServer { down_ms: 3_000 };
    let throttle = Fault::Throttle { retry_after_s: 1, for_ms: 3_000 };
    let report = befall(&[Fault::Compact, Fault::EditLabel, restart, throttle]);
    assert_eq!(report.terms, 1);
}

#[test]
fn no_wall_clock_costs_a_term() {
    assert_eq!(of_each(|node| Fault::WallJump { node, by_ms: 86_400_000 }).terms, 1);
    assert_eq!(of_each(|node| Fault::WallJump { node, by_ms: -86_400_000 }).terms, 1);
    assert_eq!(of_each(|node| Fault::StopWall { node, for_ms: 60_000 }).terms, 1);
    assert_eq!(of_each(|node| Fault::Drift { node, rate_permille: 1_009 }).terms, 1);
}

#[test]
fn a_slow_server_that_errs_breaks_no_promise() {
    of_each(|node| Fault::LoseAnswers { node, percent: 60, for_ms: 25_000 });
    befall(&[
        Fault::Errors { status: 500, percent: 60, for_ms: 25_000 },
        Fault::Latency { node: None, base_ms: 300, tail_percent: 30, tail_ms: 5_000, for_ms: 25_000 },
        Fault::Latency { node: Some(1), base_ms: 2_000, tail_percent: 0, tail_ms: 0, for_ms: 25_000 },
    ]);
}

#[test]
fn slow_work_is_gone_before_another_leads() {
    let slow = |node| Fault::SlowWork { node, stop_ms: 60_000 };
    let away = |node| Fault::Partition { node, how: Partition::Silent, for_ms: 25_000 };
    assert!(befall(&[slow(0), slow(1), slow(2), away(0), away(1), away(2)]).terms >= 2);
}

#[test]
fn a_lease_that_is_deleted_is_made_again() {
    let away = |node| Fault::Partition { node, how: Partition::Refused, for_ms: 25_000 };
    befall(&[Fault::DeleteLease, away(0), Fault::DeleteLease, away(1), Fault::DeleteLease, away(2)]);
}

#[test]
fn members_that_come_and_go_are_linked_and_unlinked() {
    let report = befall(&[Fault::ScaleUp { members: 40 }, Fault::ScaleDown { members: 40 }]);
    // Two peers and six members for each of three, and forty more.
    assert_eq!(report.connects, 3 * 8 + 3 * 40, "{report}");
    assert_eq!(befall(&[Fault::FlapReadiness { percent: 100, for_ms: 20_000 }]).disconnects, 0);
    befall(&[Fault::RollingUpdate { batch: 2, every_ms: 5_000 }, Fault::Compact, Fault::Compact, Fault::Compact]);
}

#[test]
fn links_that_go_down_come_up_again() {
    let drop = |is_told| move |node| Fault::DropLink { node, peer: node, is_told };
    assert_eq!(of_each(drop(true)).connects, 3 * 8 + 3);
    assert_eq!(of_each(drop(false)).connects, 3 * 8 + 3);
    for is_silent in [false, true] {
        let unreachable = Fault::Unreachable { member: 4, is_silent, for_ms: 25_000 };
        befall(&[unreachable, Fault::Cut { node: 0, is_told: true }]);
    }
}

#[test]
fn a_lease_that_is_replaced_gives_no_second_leader() {
    let still = Fault::Pause { node: 0, for_ms: 5_000 };
    let faults = [30_000, 90_000, 150_000]
        .into_iter()
        .flat_map(|at| [Planned::leader(at, still.clone()), Planned::new(at + 500, Fault::ReplaceLease)]);
    let plan = Plan { nodes: 3, duration_ms: 240_000, faults: faults.collect(), ..Plan::default() };
    let report = run(&plan);
    assert_eq!(report.faults.get(&FaultKind::ReplaceLease), Some(&3));
    assert!(report.terms >= 4, "{report}");
}

// E7
#[test]
fn a_lease_whose_holder_is_gone_is_taken_whatever_its_duration() {
    let terms = |lease, duration_ms| {
        let election = ElectionPlan { lease, ..ElectionPlan::default() };
        run(&Plan { nodes: 2, duration_ms, election, ..Plan::default() }).terms
    };
    assert_eq!(terms(LeasePlan::Absent, 60_000), 1);
    for duration_s in [None, Some(1), Some(40), Some(0x7FFF_FFFF)] {
        let lease = LeasePlan::Held { duration_s };
        assert_eq!(terms(lease, 3_700_000), 1, "{duration_s:?}");
    }
}

#[test]
fn those_of_one_name_are_told_apart() {
    let election = ElectionPlan { exact_identity: true, one_name: true, ..ElectionPlan::default() };
    let kill = |at| Planned::leader(at, Fault::Kill { node: 0, down_ms: 1_000 });
    let plan = Plan { nodes: 3, election, faults: [30_000, 90_000].map(kill).into(), ..Plan::default() };
    assert_eq!(run(&plan).terms, 3);
}

/// One fault of each kind.
fn example(kind: FaultKind) -> Option<Fault> {
    let (node, for_ms, is_told) = (0, 5_000, true);
    Some(match kind {
        FaultKind::Compact => Fault::Compact,
        FaultKind::Cut => Fault::Cut { node, is_told },
        FaultKind::DeleteLease => Fault::DeleteLease,
        FaultKind::DropLink => Fault::DropLink { node, peer: 0, is_told },
        FaultKind::Drift => Fault::Drift { node, rate_permille: 1_009 },
        FaultKind::EditLabel => Fault::EditLabel,
        FaultKind::EndWork => Fault::EndWork { node, for_ms },
        FaultKind::Errors => Fault::Errors { status: 500, percent: 60, for_ms },
        FaultKind::ExpireToken => Fault::ExpireToken { node, for_ms },
        FaultKind::FlapReadiness => Fault::FlapReadiness { percent: 100, for_ms },
        FaultKind::Forbid => Fault::Forbid { node, for_ms },
        FaultKind::Kill => Fault::Kill { node, down_ms: for_ms },
        FaultKind::Latency => Fault::Latency { node: None, base_ms: 300, tail_percent: 30, tail_ms: 5_000, for_ms },
        FaultKind::LoseAnswers => Fault::LoseAnswers { node, percent: 60, for_ms },
        FaultKind::Partition => Fault::Partition { node, how: Partition::Late, for_ms },
        FaultKind::Pause => Fault::Pause { node, for_ms },
        FaultKind::ReplaceLease => Fault::ReplaceLease,
        FaultKind::RestartServer => Fault::RestartServer { down_ms: for_ms },
        FaultKind::RollingUpdate => Fault::RollingUpdate { batch: 2, every_ms: for_ms },
        FaultKind::ScaleDown => Fault::ScaleDown { members: 2 },
        FaultKind::ScaleUp => Fault::ScaleUp { members: 2 },
        FaultKind::SlowWork => Fault::SlowWork { node, stop_ms: for_ms },
        FaultKind::StepDown => Fault::StepDown { node, for_ms },
        FaultKind::StopWall => Fault::StopWall { node, for_ms },
        FaultKind::Suspend => Fault::Suspend { node, for_ms },
        FaultKind::Throttle => Fault::Throttle { retry_after_s: 1, for_ms },
        FaultKind::Unreachable => Fault::Unreachable { member: 4, is_silent: true, for_ms },
        FaultKind::WallJump => Fault::WallJump { node, by_ms: -86_400_000 },
        _ => return None,
    })
}

#[test]
fn each_kind_of_fault_befalls_a_cluster() {
    let faults: Vec<_> = FaultKind::ALL.into_iter().filter_map(example).collect();
    let kinds: Vec<_> = faults.iter().map(Fault::kind).collect();
    assert_eq!(kinds, FaultKind::ALL);
    befall(&faults);
}
