//! Servers that are down, frozen, or have forgotten: none of it disconnects anybody.

use std::time::{Duration, Instant};

use quorate_tests::api_server::{Announce, ApiServer};
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::Watching;

const ALL: [&str; 3] = ["10.1.0.1", "10.1.0.2", "10.1.0.3"];

const NOBODY: [&str; 0] = [];

/// Each way to follow, with its own reason to be affected.
const WAYS: [&[&str]; 3] = [
    &["--service", "web"],
    &["-l", "app=web", "--source", "pods"],
    &["--service", "web", "--poll-interval", "500ms", "--request-timeout", "2s"],
];

/// One run for each way, when all are connected.
fn watch_all(lab: &Lab) -> Result<Vec<Watching>, Trouble> {
    let mut all = WAYS.iter().map(|way| Watching::start(lab, way)).collect::<Result<Vec<_>, _>>()?;
    for watching in &mut all {
        watching.connected(&ALL)?;
    }
    Ok(all)
}

/// That nobody was disconnected so far, and that all see what happens now.
fn follow_on(lab: &Lab, all: Vec<Watching>) -> Result<(), Trouble> {
    Kubelet::of(lab)?.remove("web-1")?;
    for mut watching in all {
        watching.connected(&[ALL[0], ALL[2]])?;
        assert_eq!(watching.disconnected()?, [ALL[1]]);
        watching.finish()?;
    }
    Ok(())
}

pub(crate) fn a_server_that_starts_again_costs_no_disconnect() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "restart")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    let mut all = watch_all(&lab)?;
    for announce in [Announce::Ready, Announce::Early] {
        server.kill()?;
        for watching in &mut all {
            watching.degraded("no connection")?;
        }
        server.restart(announce)?;
        for watching in &mut all {
            watching.live()?;
            assert_eq!(watching.disconnected()?, NOBODY);
        }
    }
    follow_on(&lab, all)
}

/// A path that goes dead without a word is noticed after 45 s: see the transport's pings.
pub(crate) fn a_frozen_server_is_noticed_by_its_pings_and_disconnects_nobody() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "frozen")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    let mut all = watch_all(&lab)?;
    let frozen = Instant::now();
    server.freeze()?;
    for watching in &mut all {
        let limit = Duration::from_secs(48).saturating_sub(frozen.elapsed());
        watching.next_where("degraded", limit, |event| event.kind() == "degraded")?;
    }
    server.thaw()?;
    for watching in &mut all {
        watching.live()?;
        assert_eq!(watching.disconnected()?, NOBODY);
    }
    follow_on(&lab, all)
}

/// The watch goes on from a version that the new server does not know; what happened meanwhile only a list can tell.
pub(crate) fn history_that_is_forgotten_is_made_up_for_by_a_list() -> Result<(), Trouble> {
    let server = ApiServer::start(&[])?;
    let lab = Lab::new(&server, "forgotten")?;
    let pods = Pod::stateful_set("web", 3);
    lab.serve("web", &pods)?;
    let [slices, of_pods, _] = WAYS;
    let mut all = [Watching::start(&lab, slices)?, Watching::start(&lab, of_pods)?];
    for watching in &mut all {
        watching.connected(&ALL)?;
        watching.freeze()?;
    }
    // It is told nothing of others, but the server's next history begins after them.
    lab.serve("other", &[Pod::ready("other-0", &["10.1.9.1"])])?;
    server.kill()?;
    server.restart(Announce::Ready)?;
    let kubelet = Kubelet::of(&lab)?;
    let new = Pod::ready("web-3", &["10.1.0.4"]);
    kubelet.remove("web-1")?;
    kubelet.run("web", &new)?;
    let [zero, _, two] = pods.as_slice() else { return Err(Trouble::new("no pods")) };
    lab.settle("web", &[zero.clone(), two.clone(), new])?;
    server.compact()?;
    for watching in &mut all {
        watching.thaw()?;
        watching.degraded("history has expired")?;
        watching.live()?;
        watching.connected(&[ALL[0], ALL[2], "10.1.0.4"])?;
        assert_eq!(watching.disconnected()?, [ALL[1]]);
    }
    for watching in all {
        watching.finish()?;
    }
    Ok(())
}
