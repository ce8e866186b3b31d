//! An API that is away, forbids, or has nothing: no link goes down.

use std::time::Duration;

use quorate_tests::api_server::{Announce, ApiServer};
use quorate_tests::beam::{LIMIT, Member, addresses, meshed, pod, settled, stop};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::trouble::Trouble;

/// Three members at these addresses.
fn three(lab: &Lab, all: &[String]) -> Result<Vec<Member>, Trouble> {
    let kubelet = Kubelet::of(lab)?;
    for address in all {
        kubelet.run("myapp", &pod(address))?;
    }
    let members = all.iter().map(|address| Member::start(lab, address)).collect::<Result<Vec<_>, _>>()?;
    settled(&members)?;
    Ok(members)
}

/// No link was ever down, and nobody was disconnected.
fn unharmed(members: &[Member]) -> Result<(), Trouble> {
    meshed(members)?;
    for member in members {
        assert!(member.node.lost()?.is_empty(), "{:?}", member.node.seen()?);
        assert_eq!(member.watch.count("disconnected")?, 0, "{}", member.watch.told());
    }
    Ok(())
}

pub(crate) fn an_outage_and_a_403_leave_every_link_up() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "beam-outage")?;
    let members = three(&lab, &addresses(20, 3))?;
    server.kill()?;
    for member in &members {
        member.watch.tells("degraded", "")?;
    }
    server.restart(Announce::Ready)?;
    lab.kubectl(&["delete", "rolebindings", "--all"])?;
    server.kill()?;
    server.restart(Announce::Ready)?;
    for member in &members {
        eventually("a 403 is told of", Duration::from_secs(30), || {
            let events = member.watch.events()?;
            Ok(events.iter().any(|event| event.to_string().contains("forbidden")).then_some(()))
        })?;
    }
    // Longer than anybody waits before who is gone is disconnected.
    std::thread::sleep(Duration::from_secs(3));
    unharmed(&members)?;
    stop(members)
}

pub(crate) fn an_empty_answer_and_the_deletion_of_all_pods_leave_every_link_up() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-empty")?;
    let all = addresses(21, 3);
    let members = three(&lab, &all)?;
    // The selector selects nobody: that so many are gone, a fresh list must say, and it is an empty one.
    lab.kubectl(&["label", "pods", "--all", "--overwrite", "app=elsewhere"])?;
    for member in &members {
        member.watch.tells("confirming", "")?;
        all_are_told(member, &members, "left")?;
        all_are_told(member, &members, "disconnect_failed")?;
    }
    unharmed(&members)?;
    lab.kubectl(&["label", "pods", "--all", "--overwrite", "app=myapp"])?;
    for member in &members {
        eventually("all are back", LIMIT, || Ok((member.watch.count("joined")? == 2 * all.len()).then_some(())))?;
    }
    unharmed(&members)?;

    // All pods are gone, says the API, and that is the truth; the nodes know better.
    let kubelet = Kubelet::of(&lab)?;
    for address in &all {
        kubelet.remove(pod(address).name())?;
    }
    for member in &members {
        eventually("all are gone", LIMIT, || Ok((member.watch.count("left")? == 2 * all.len()).then_some(())))?;
    }
    // Longer than anybody waits before who is gone is disconnected.
    std::thread::sleep(Duration::from_secs(3));
    unharmed(&members)?;
    stop(members)
}

/// It tells of this about each of the others.
fn all_are_told(member: &Member, members: &[Member], kind: &str) -> Result<(), Trouble> {
    let others = members.iter().map(|member| member.node.name()).filter(|name| *name != member.node.name());
    others.into_iter().try_for_each(|name| member.watch.tells(kind, name).map(drop))
}
