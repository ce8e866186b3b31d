//! Links that are to end.

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::{LIMIT, Member, Node, Sidecar, address, addresses, meshed, pod, settled, stop};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::trouble::Trouble;

fn four(lab: &Lab, network: u8) -> Result<(Vec<String>, Vec<Member>), Trouble> {
    let all = addresses(network, 4);
    let kubelet = Kubelet::of(lab)?;
    for address in &all {
        kubelet.run("myapp", &pod(address))?;
    }
    let members = all.iter().map(|address| Member::start(lab, address)).collect::<Result<Vec<_>, _>>()?;
    settled(&members)?;
    Ok((all, members))
}

// A machine that is gone without a word looks like this for a minute.
pub(crate) fn a_node_that_hangs_is_disconnected_and_nobody_else_is() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-hangs")?;
    let (all, mut members) = four(&lab, 30)?;
    let hanging = members.pop().ok_or_else(|| Trouble::new("nobody"))?;
    hanging.watch.stop()?;
    hanging.node.freeze()?;
    Kubelet::of(&lab)?.remove(pod(&all[3]).name())?;
    meshed(&members)?;
    for member in &members {
        let lost = member.node.lost()?;
        assert!(lost.iter().all(|lost| lost == hanging.node.name()), "{lost:?}");
    }
    // A newcomer is linked while another one hangs in the middle of being dialled.
    let kubelet = Kubelet::of(&lab)?;
    kubelet.run("myapp", &pod(&all[3]))?;
    let newcomer = address(30, 5);
    kubelet.run("myapp", &pod(&newcomer))?;
    members.push(Member::start(&lab, &newcomer)?);
    meshed(&members)?;
    stop(members)
}

pub(crate) fn a_node_that_is_alive_is_only_disconnected_if_that_is_asked_for() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-alive")?;
    let (all, members) = four(&lab, 31)?;
    let kubelet = Kubelet::of(&lab)?;
    kubelet.remove(pod(&all[3]).name())?;
    let gone = members[3].node.name();
    for member in &members[..3] {
        let failed = member.watch.tells("disconnect_failed", gone)?;
        let reason = failed.get("reason").map(ToString::to_string).unwrap_or_default();
        assert!(reason.contains("still answers"), "{failed}");
    }
    meshed(&members)?;
    for member in &members {
        assert!(member.node.lost()?.is_empty(), "{:?}", member.node.seen()?);
    }
    stop(members)?;

    // Asked for, one link that is ended ends others on the way (prevent_overlapping_partitions); they are made again.
    let three = addresses(32, 3);
    let mut trio = Vec::new();
    for address in &three {
        let node = Node::start(address)?;
        Kubelet::of(&lab)?.run("myapp", &pod(address))?;
        let watch = Sidecar::start(&lab, &node, &["--beam-disconnect", "always"])?;
        watch.complains("prevent_overlapping_partitions is on")?;
        trio.push(Member { node, watch });
    }
    // The pods of the first part of this test are members as well, and nobody runs there any more.
    let kubelet = Kubelet::of(&lab)?;
    for address in &all[..3] {
        kubelet.remove(pod(address).name())?;
    }
    settled(&trio)?;
    Kubelet::of(&lab)?.remove(pod(&three[2]).name())?;
    let third = trio.pop().ok_or_else(|| Trouble::new("nobody"))?;
    // Whoever is first takes the other's link along.
    eventually("one of the two has ended its link", LIMIT, || {
        let ended = trio.iter().map(|member| member.watch.count("disconnected")).sum::<Result<usize, _>>()?;
        Ok((ended > 0).then_some(()))
    })?;
    third.watch.stop()?;
    meshed(&trio)?;
    stop(trio)
}
