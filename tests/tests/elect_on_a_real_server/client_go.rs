//! client-go's leader election, beside ours, and compared with it.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use quorate_tests::client_go::ClientGo;
use quorate_tests::eventually::eventually;
use quorate_tests::quorate_command::Quorate;
use quorate_tests::trouble::Trouble;

use crate::arena::{Arena, LEASE, LIMIT};
use crate::log::{Interval, check, gaps, median};

/// How many hand-overs are measured of each.
const ROUNDS: usize = 5;

/// 4 s, 2 s and 0.5 s, with a second for what client-go may misjudge.
const BESIDE: [&str; 4] = ["--lease-duration=4s", "--renew-deadline=2s", "--retry-period=500ms", "--beside-client-go"];

fn rival(arena: &Arena, name: &str, flags: &[&str]) -> Result<ClientGo, Trouble> {
    let kubeconfig = arena.lab.kubeconfig();
    let ours = ["-namespace", arena.lab.namespace(), "-lease", LEASE];
    ClientGo::start(&kubeconfig, name, &[&ours, flags].concat())
}

/// Seconds on the clock that the commands of ours read.
fn on_shared_clock(time: jiff::Timestamp) -> Result<f64, Trouble> {
    let ago = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() - time.as_duration().as_secs_f64();
    Ok(now()? - ago)
}

/// When a rival led, by its own words; until now, if it does still.
fn reigns(rival: &ClientGo) -> Result<Vec<(f64, Option<f64>)>, Trouble> {
    let mut reigns: Vec<(f64, Option<f64>)> = Vec::new();
    for (time, event) in rival.events()? {
        match (event.as_str(), reigns.last_mut()) {
            ("leading", _) => reigns.push((on_shared_clock(time)?, None)),
            ("stopped", Some((_, ended @ None))) => *ended = Some(on_shared_clock(time)?),
            _ => {}
        }
    }
    Ok(reigns)
}

fn until_leading(rival: &ClientGo) -> Result<f64, Trouble> {
    eventually("client-go leads", LIMIT, || {
        Ok(reigns(rival)?.last().and_then(|(began, ended)| ended.is_none().then_some(*began)))
    })
}

/// Both with the settings of client-go, 15 s, 10 s and 2 s; each time the leader is told to end while another stands by.
pub(crate) fn a_hand_over_takes_a_tenth_of_client_gos_at_most() -> Result<(), Trouble> {
    // They take turns, so that a busy machine is busy for both.
    let (ours, theirs) = (Arena::new("elect-beside-ours")?, Arena::new("elect-beside-theirs")?);
    theirs.lab.grant("- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}")?;
    let program = Quorate::program()?.to_string_lossy();
    let work = [program.as_ref(), "demo", "--work"];
    let mut leader = ours.candidate_with("ours-0", &[], &work)?;
    let mut rival_leader = rival(&theirs, "theirs-0", &[])?;
    ours.until_begun(1)?;
    until_leading(&rival_leader)?;
    let mut their_gaps = Vec::new();
    for round in 1..=ROUNDS {
        let standby = ours.candidate_with(&format!("ours-{round}"), &[], &work)?;
        standby.until("observed_holder", 1)?;
        let rival_standby = rival(&theirs, &format!("theirs-{round}"), &[])?;
        eventually("it stands by", LIMIT, || rival_standby.last("observed"))?;
        leader.terminate()?.with_code(0)?;
        ours.until_begun(round.saturating_add(1))?;
        leader = standby;

        rival_leader.terminate()?;
        // Its work had ended a little earlier: that is in its favour.
        let stopped = now()?;
        their_gaps.push(until_leading(&rival_standby)? - stopped);
        rival_leader = rival_standby;
    }
    leader.terminate()?.with_code(0)?;
    let our_gaps = gaps(&ours.check()?);
    println!("hand-overs of ours: {our_gaps:.3?} s, of client-go: {their_gaps:.3?} s");
    let (our_median, their_median) = (median(our_gaps), median(their_gaps));
    println!("median of ours: {our_median:.3} s, of client-go: {their_median:.3} s");
    assert!(our_median * 10.0 <= their_median, "{our_median} s and {their_median} s");
    Ok(())
}

/// Each takes over from the other, by a release and by a crash.
pub(crate) fn beside_a_client_go_candidate_nothing_overlaps() -> Result<(), Trouble> {
    let arena = Arena::new("elect-mixed")?;
    arena.lab.grant("- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}")?;
    let program = Quorate::program()?.to_string_lossy();
    let work = [program.as_ref(), "demo", "--work"];
    let flags = ["-lease-duration", "4s", "-renew-deadline", "2s", "-retry-period", "500ms"];
    let mut rivals = Vec::new();

    let first = arena.candidate_with("one", &BESIDE, &work)?;
    arena.until_begun(1)?;
    let rival_of_first = rival(&arena, "rival-1", &flags)?;
    eventually("it stands by", LIMIT, || rival_of_first.last("observed"))?;
    // From ours to theirs by a release.
    first.terminate()?.with_code(0)?;
    until_leading(&rival_of_first)?;
    // From theirs to ours by a crash.
    let second = arena.candidate_with("two", &BESIDE, &work)?;
    second.until("observed_holder", 1)?;
    std::thread::sleep(Duration::from_millis(700));
    let reign = reigns(&rival_of_first)?;
    let crashed = now()?;
    drop(rival_of_first);
    rivals.extend(reign.into_iter().map(|(began, ended)| (began, ended.unwrap_or(crashed))));
    arena.until_begun(2)?;
    // From ours to theirs by a crash.
    let rival_of_second = rival(&arena, "rival-2", &flags)?;
    eventually("it stands by", LIMIT, || rival_of_second.last("observed"))?;
    second.until("renewed", 1)?;
    second.signal("KILL")?;
    until_leading(&rival_of_second)?;
    // From theirs to ours by a release.
    let third = arena.candidate_with("three", &BESIDE, &work)?;
    third.until("observed_holder", 1)?;
    let (began, _) = reigns(&rival_of_second)?[0];
    // It tells its work to stop, and releases without waiting for that.
    rivals.push((began, now()?));
    rival_of_second.terminate()?;
    arena.until_begun(3)?;
    third.terminate()?.with_code(0)?;

    // client-go has no tokens: all by the time. The clocks agree to a hundredth of a second.
    let ours = arena.check()?;
    let theirs = rivals.iter().map(|(began, ended)| Interval { token: 0, began: began + 0.01, ended: ended - 0.01 });
    let mut all: Vec<_> = ours.into_iter().chain(theirs).collect();
    all.sort_by(|one, other| one.began.total_cmp(&other.began));
    assert_eq!(all.len(), 5, "{all:#?}");
    check(&all);
    Ok(())
}

/// On the clock that the commands of ours read.
fn now() -> Result<f64, Trouble> {
    let uptime = fs::read_to_string("/proc/uptime")?;
    Ok(uptime.split_ascii_whitespace().next().unwrap_or_default().parse()?)
}
