//! Pods in all turns of their lives, and what that does to links.

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::Watching;

/// The addresses of the pods of a StatefulSet.
const ALL: [&str; 4] = ["10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4"];

pub(crate) fn pods_that_come_are_connected_and_pods_that_go_are_disconnected() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "come-and-go")?;
    lab.serve("web", &Pod::stateful_set("web", 4))?;
    let kubelet = Kubelet::of(&lab)?;
    let [itself, one, two, three] = ALL;
    let mut watching = Watching::start(&lab, &["--service", "web", "--self", itself])?;
    watching.connected(&[one, two, three])?;

    kubelet.run("web", &Pod::ready("web-4", &["10.1.0.5"]))?;
    // Not before it is ready.
    kubelet.run("web", &Pod::ready("web-5", &["10.1.0.6"]).not_ready())?;
    assert!(!watching.next_of("joined", "10.1.0.6")?.is_admitted());
    watching.connected(&[one, two, three, "10.1.0.5"])?;
    kubelet.report(&Pod::ready("web-5", &["10.1.0.6"]))?;
    watching.connected(&[one, two, three, "10.1.0.5", "10.1.0.6"])?;

    let calls = watching.links().calls()?;
    let last = calls.last().ok_or_else(|| Trouble::new("nobody was connected"))?;
    let told = [&last.verb, &last.name, &last.address, &last.pod];
    assert_eq!(told, ["connect", "10.1.0.6", "10.1.0.6", "web-5"]);

    kubelet.remove("web-1")?;
    assert_eq!(watching.next_of("left", one)?.text("reason"), "gone");
    watching.connected(&[two, three, "10.1.0.5", "10.1.0.6"])?;
    // An address may be used again.
    kubelet.run("web", &Pod::ready("web-1", &[one]))?;
    watching.connected(&[one, two, three, "10.1.0.5", "10.1.0.6"])?;
    assert_eq!(watching.disconnected()?, [one]);
    watching.finish()?;
    Ok(())
}

pub(crate) fn one_pod_or_all_of_them_that_become_unready_are_disconnected_by_policy_only() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "unready")?;
    let pods = Pod::stateful_set("web", 4);
    lab.serve("web", &pods)?;
    lab.serve("marker", &[Pod::ready("marker-0", &["10.1.9.1"]), Pod::ready("marker-1", &["10.1.9.2"])])?;
    let kubelet = Kubelet::of(&lab)?;
    let arguments = ["-l", "app in (web,marker)"];
    let mut present = Watching::start(&lab, &arguments)?;
    let mut ready = Watching::start(&lab, &[&arguments[..], &["--keep", "ready"]].concat())?;
    let marked = |marks: &[&'static str]| [&ALL, marks].concat();
    for watching in [&mut present, &mut ready] {
        watching.connected(&marked(&["10.1.9.1", "10.1.9.2"]))?;
    }

    let [first, rest @ ..] = pods.as_slice() else { return Err(Trouble::new("no pods")) };
    kubelet.report(&first.clone().not_ready())?;
    ready.connected(&[&ALL[1..], &["10.1.9.1", "10.1.9.2"]].concat())?;
    for pod in rest {
        kubelet.report(&pod.clone().not_ready())?;
    }
    present.admitted(&["10.1.9.1", "10.1.9.2"])?;
    ready.connected(&["10.1.9.1", "10.1.9.2"])?;
    // Whoever goes now goes after all whose time would have come before.
    kubelet.remove("marker-0")?;
    present.connected(&marked(&["10.1.9.2"]))?;

    for pod in &pods {
        kubelet.report(pod)?;
    }
    ready.connected(&marked(&["10.1.9.2"]))?;
    present.admitted(&marked(&["10.1.9.2"]))?;
    assert_eq!(present.disconnected()?, ["10.1.9.1"]);
    present.finish()?;
    ready.stop()?;
    Ok(())
}

pub(crate) fn a_pod_that_terminates_is_kept_until_it_is_gone_or_its_time_is_over() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "terminating")?;
    lab.serve("web", &Pod::stateful_set("web", 4))?;
    let kubelet = Kubelet::of(&lab)?;
    let mut kept = Watching::start(&lab, &["--service", "web"])?;
    let mut limited = Watching::start(&lab, &["--service", "web", "--terminating-after", "1s"])?;
    let [_, one, two, three] = ALL;
    for watching in [&mut kept, &mut limited] {
        watching.connected(&ALL)?;
    }
    kubelet.terminate("web-0")?;
    for watching in [&mut kept, &mut limited] {
        let changed = watching.next_of("changed", ALL[0])?;
        assert_eq!((changed.text("state"), changed.is_admitted()), ("terminating", false));
    }
    limited.connected(&[one, two, three])?;
    assert_eq!(limited.next("disconnected")?.text("reason"), "terminating for too long");
    // It would have gone before this one if it were to go.
    kubelet.remove("web-3")?;
    kept.connected(&ALL[..3])?;
    assert_eq!(kept.disconnected()?, [three]);
    kubelet.remove("web-0")?;
    for watching in [&mut kept, &mut limited] {
        watching.connected(&[one, two])?;
    }
    kept.finish()?;
    limited.stop()?;
    Ok(())
}

pub(crate) fn a_pod_that_changes_its_address_changes_its_name() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "address")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    let kubelet = Kubelet::of(&lab)?;
    let mut watching = Watching::start(&lab, &["--service", "web"])?;
    watching.connected(&ALL[..3])?;
    let [zero, one, two, _] = ALL;
    kubelet.report(&Pod::ready("web-1", &["10.1.0.9"]))?;
    assert_eq!(watching.next_of("left", one)?.text("reason"), "renamed");
    watching.connected(&[zero, two, "10.1.0.9"])?;
    assert_eq!(watching.disconnected()?, [one]);
    watching.finish()?;
    Ok(())
}

/// As when a StatefulSet's pod is made again.
pub(crate) fn a_name_that_passes_to_another_pod_is_dialled_again() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "replaced")?;
    lab.serve("web", &Pod::stateful_set("web", 3))?;
    let kubelet = Kubelet::of(&lab)?;
    let mut watching = Watching::start(&lab, &["--service", "web", "--mode", "hostname"])?;
    let names = ["web-0", "web-1", "web-2"].map(|pod| format!("{pod}.web.replaced.svc.cluster.local"));
    let names = names.each_ref().map(String::as_str);
    watching.connected(&names)?;
    kubelet.remove("web-1")?;
    watching.next_of("left", names[1])?;
    // Before the delay is over.
    kubelet.run("web", &Pod::ready("web-1", &["10.1.0.9"]).with_hostname())?;
    watching.next_of("disconnected", names[1])?;
    assert_eq!(watching.next_of("connected", names[1])?.text("address"), "10.1.0.9");
    watching.connected(&names)?;
    assert_eq!(watching.disconnected()?, [names[1]]);
    watching.finish()?;
    Ok(())
}

pub(crate) fn everybody_who_goes_at_once_is_held_until_a_fresh_list_agrees() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "everybody")?;
    lab.serve("web", &Pod::stateful_set("web", 4))?;
    let mut watching = Watching::start(&lab, &["--service", "web"])?;
    watching.connected(&ALL)?;
    let lists = || {
        let asked = lab.server().audit()?;
        Ok::<_, Trouble>(asked.iter().filter(|entry| entry.user == lab.user() && entry.verb == "list").count())
    };
    assert_eq!(lists()?, 1);
    lab.kubectl(&["delete", "pods", "--all", "--force", "--grace-period", "0"])?;
    watching.next("confirming")?;
    watching.connected(&[])?;
    assert!(lists()? > 1, "{} lists", lists()?);
    watching.finish()?;
    Ok(())
}
