//! A name that one pod has had and another one gets.

use std::thread;
use std::time::Duration;

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::{BASENAME, Member, addresses, meshed, pod, settled, stop, text};
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::trouble::Trouble;

// As on a host's network, or when a StatefulSet's pod is made again around a node that did not end.
pub(crate) fn a_name_that_passes_to_another_pod_keeps_its_link() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-handover")?;
    let all = addresses(50, 2);
    let old = Pod::ready("myapp-a", &[&all[1]]);
    let new = Pod::ready("myapp-b", &[&all[1]]);
    let kubelet = Kubelet::of(&lab)?;
    kubelet.run(BASENAME, &pod(&all[0]))?;
    kubelet.run(BASENAME, &old)?;
    let members = all.iter().map(|address| Member::start(&lab, address)).collect::<Result<Vec<_>, _>>()?;
    settled(&members)?;
    let name = members[1].node.name();
    let Member { node, watch } = &members[0];

    Kubelet::of(&lab)?.remove(old.name())?;
    watch.tells("left", name)?;
    // Its node still answers: nobody ends a link to it.
    watch.tells("disconnect_failed", name)?;
    Kubelet::of(&lab)?.run(BASENAME, &new)?;
    let connected = |pod: &Pod| {
        watch.tells_of(&format!("{} is connected", pod.name()), |event| {
            text(event, "event") == "connected" && text(event, "pod") == pod.name() && text(event, "name") == name
        })
    };
    connected(&new)?;
    // Long enough for what would be tried again.
    let failed = watch.count("disconnect_failed")?;
    thread::sleep(Duration::from_secs(6));
    assert_eq!(watch.count("disconnect_failed")?, failed, "{}", watch.told());
    assert!(failed <= 3, "{}", watch.told());
    assert_eq!(watch.count("disconnected")?, 0, "{}", watch.told());

    // Both have the name, and then only one has: nobody is ever gone.
    let newest = Pod::ready("myapp-c", &[&all[1]]);
    let kubelet = Kubelet::of(&lab)?;
    kubelet.run(BASENAME, &newest)?;
    kubelet.remove(new.name())?;
    connected(&newest)?;
    assert!(watch.count("disconnect_failed")? <= failed + 2, "{}", watch.told());
    assert_eq!(watch.count("disconnected")?, 0, "{}", watch.told());
    meshed(&members)?;
    assert!(node.lost()?.is_empty() && members[1].node.lost()?.is_empty(), "{:?}", node.seen()?);
    stop(members)
}
