//! Members that come and go.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::{Member, Node, address, addresses, meshed, pod, settled, stop};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::trouble::Trouble;

/// From the report of the last one's readiness to the last link; more is allowed where the machine is not ours alone.
const MESHED_WITHIN: SignedDuration = SignedDuration::from_millis(500);

/// How often the mesh is formed; the median counts: a machine that is busy at one time is not at another.
const ATTEMPTS: usize = 3;

pub(crate) fn five_nodes_are_meshed_within_half_a_second() -> Result<(), Trouble> {
    let server = ApiServer::shared()?;
    let mut took = Vec::new();
    for attempt in 0..ATTEMPTS {
        let lab = Lab::new(&server, &format!("beam-mesh-{attempt}"))?;
        let all = addresses(u8::try_from(attempt)?, 5);
        let kubelet = Kubelet::of(&lab)?;
        for address in &all {
            kubelet.run("myapp", &pod(address).not_ready())?;
        }
        let members = all.iter().map(|address| Member::start(&lab, address)).collect::<Result<Vec<_>, _>>()?;
        for member in &members {
            member.watch.tells("live", "")?;
        }
        // The server ends a connection that nobody looks after for so long.
        let kubelet = Kubelet::of(&lab)?;
        for address in &all {
            kubelet.report(&pod(address))?;
        }
        let ready = Timestamp::now();
        took.push(meshed(&members)?.duration_since(ready));
        stop(members)?;
    }
    took.sort();
    let median = took[ATTEMPTS / 2];
    assert!(median <= MESHED_WITHIN, "meshed after {took:?}, the half of them not within {MESHED_WITHIN:?}");
    Ok(())
}

pub(crate) fn nodes_that_come_and_go_are_followed() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-scale")?;
    let mut members = Vec::new();
    let all = addresses(10, 5);
    for address in &all {
        Kubelet::of(&lab)?.run("myapp", &pod(address))?;
        members.push(Member::start(&lab, address)?);
        settled(&members)?;
    }
    let mut gone = BTreeSet::new();
    for address in all.iter().skip(3).rev() {
        // As a pod that is scaled down: its programs are told to end, its node ends, and then the pod is gone.
        let leaving = members.pop().ok_or_else(|| Trouble::new("nobody"))?;
        gone.insert(leaving.node.name().to_owned());
        leaving.watch.stop()?;
        leaving.node.kill();
        Kubelet::of(&lab)?.remove(pod(address).name())?;
        meshed(&members)?;
        for member in &members {
            // It was gone before anybody was told that its pod is.
            eventually("its departure is told", Duration::from_secs(20), || {
                Ok((member.watch.count("left")? == gone.len()).then_some(()))
            })?;
            let lost = member.node.lost()?;
            assert!(
                lost.len() == gone.len() && lost.iter().all(|lost| gone.contains(lost)),
                "{:?}",
                member.node.seen()?
            );
        }
    }
    assert_eq!(members.len(), 3);
    stop(members)
}

pub(crate) fn a_node_that_is_killed_is_back_in_the_mesh_when_it_runs_again() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-restart")?;
    let kubelet = Kubelet::of(&lab)?;
    let all = addresses(11, 5);
    for address in &all {
        kubelet.run("myapp", &pod(address))?;
    }
    let mut members = all.iter().map(|address| Member::start(&lab, address)).collect::<Result<Vec<_>, _>>()?;
    meshed(&members)?;
    // The container that the node is in starts again; the one beside it, and the pod, stay.
    let Member { node, watch } = members.remove(0);
    node.kill();
    watch.complains("is lost: ")?;
    meshed(&members)?;
    let began = Instant::now();
    let node = Node::start(&all[0])?;
    watch.complains("attached again to ")?;
    members.push(Member { node, watch });
    meshed(&members)?;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    stop(members)
}

pub(crate) fn nodes_that_somebody_else_connected_are_left_alone() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-strangers")?;
    let kubelet = Kubelet::of(&lab)?;
    let all = addresses(12, 2);
    for address in &all {
        kubelet.run("myapp", &pod(address))?;
    }
    let members = all.iter().map(|address| Member::start(&lab, address)).collect::<Result<Vec<_>, _>>()?;
    let [first, second] = &*members else { return Err(Trouble::new("not two")) };
    meshed(&members)?;
    // An operator's node, which by itself connects with all whom its first contact knows.
    let by_hand = format!("true = net_kernel:connect_node('{}').", first.node.name());
    let stranger = Node::start_as("remsh", &address(12, 99), &["-eval", &by_hand])?;
    let names = [first.node.name(), second.node.name(), stranger.name()];
    for member in &members {
        member.node.sees(names)?;
    }
    // Long enough for the links to be listed, and for who is not kept to be disconnected.
    std::thread::sleep(Duration::from_secs(13));
    for member in &members {
        member.node.sees(names)?;
        assert!(member.node.lost()?.is_empty(), "{:?}", member.node.seen()?);
        assert_eq!(member.watch.count("disconnected")?, 0);
    }
    stop(members)
}
