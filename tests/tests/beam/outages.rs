//! An API that is away, forbids, or has nothing: no link goes down.

use std::time::Duration;

use quorate_tests::api_server::{Announce, ApiServer};
use quorate_tests::beam::{Member, meshed, pod, settled, stop};
use quorate_tests::eventually::eventually;
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::trouble::Trouble;

pub(crate) fn an_outage_a_403_and_an_empty_answer_leave_every_link_up() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "beam-outage")?;
    let all = ["127.47.20.1", "127.47.20.2", "127.47.20.3"];
    let kubelet = Kubelet::of(&lab)?;
    for address in all {
        kubelet.run("myapp", &pod(address))?;
    }
    let members = all.iter().map(|address| Member::start(&lab, address)).collect::<Result<Vec<_>, _>>()?;
    settled(&members)?;

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
    lab.grant(r#"- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}"#)?;
    // All pods are gone, says the API, and that is the truth; the nodes know better.
    let kubelet = Kubelet::of(&lab)?;
    for address in all {
        kubelet.remove(pod(address).name())?;
    }
    for member in &members {
        for peer in members.iter().filter(|peer| peer.node.name() != member.node.name()) {
            member.watch.tells("disconnect_failed", peer.node.name())?;
        }
    }
    meshed(&members)?;
    for member in &members {
        assert!(member.node.lost()?.is_empty(), "{:?}", member.node.seen()?);
        assert_eq!(member.watch.count("disconnected")?, 0);
    }
    stop(members)
}
