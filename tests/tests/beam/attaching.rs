//! The way to the local node, and what is said when it is not found.

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::{COOKIE, Node, PORT, Sidecar, pod, port_mapper};
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::trouble::Trouble;

pub(crate) fn a_wrong_cookie_is_named_and_shown_nowhere() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-cookie")?;
    let node = Node::start("127.47.40.1")?;
    let finished = Sidecar::start_with(&lab, node.name(), "no-biscuit", &[])?.finish()?.with_code(1)?;
    let said = finished.stderr();
    let told = format!("the node at 127.47.40.1:{PORT} refuses the cookie of ");
    assert!(said.contains(&told) && said.contains("--cookie-file") && said.contains("-setcookie"), "{said}");
    // The file that it is in has its name.
    let elsewhere = said.replace("cookie-no-biscuit", "");
    assert!(!elsewhere.contains("no-biscuit") && !said.contains(COOKIE), "{said}");
    Ok(())
}

// libcluster's most common support case.
pub(crate) fn a_name_that_is_another_is_told_with_what_is_configured_where() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-name")?;
    let node = Node::start_as("other", "127.47.41.1", &[])?;
    // We look for a name that nobody has.
    let finished = Sidecar::start_with(&lab, "myapp@127.47.41.1", COOKIE, &[])?.finish()?.with_code(1)?;
    let said = finished.stderr();
    let told = format!(
        "the node at 127.47.41.1:{PORT} is called other@127.47.41.1 (by -name, -sname or RELEASE_NODE there), and \
         myapp@127.47.41.1 was expected (by --beam-node here)"
    );
    assert!(said.contains(&told), "{said}");
    // The members have another name than the node, which is found.
    Kubelet::of(&lab)?.run("myapp", &pod("127.47.41.1"))?;
    let finished = Sidecar::start(&lab, &node, &[])?.finish()?.with_code(1)?;
    let said = finished.stderr();
    let told = "the local node is called other@127.47.41.1 (by -name, -sname or RELEASE_NODE there), but its pod \
                myapp-127-47-41-1 is listed as myapp@127.47.41.1 (by --basename myapp and --mode ip here)";
    assert!(said.contains(told), "{said}");
    Ok(())
}

pub(crate) fn a_node_that_is_not_there_yet_is_waited_for() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-later")?;
    Kubelet::of(&lab)?.run("myapp", &pod("127.47.42.1"))?;
    let sidecar = Sidecar::start_with(&lab, "myapp@127.47.42.1", COOKIE, &[])?;
    sidecar.complains("cannot attach to the local node, trying again: no node can be reached at 127.47.42.1")?;
    let _node = Node::start("127.47.42.1")?;
    sidecar.tells("joined", "myapp@127.47.42.1")?;
    sidecar.complains("attached to myapp@127.47.42.1 as quorate-")?;
    // It is ourselves.
    assert_eq!(sidecar.count("connected")? + sidecar.count("connect_failed")?, 0);
    sidecar.stop()?;
    Ok(())
}

pub(crate) fn the_port_mapper_tells_the_port() -> Result<(), Trouble> {
    const EPMD: &str = "47114";
    let lab = Lab::new(&ApiServer::shared()?, "beam-epmd")?;
    let _mapper = port_mapper(EPMD)?;
    let _node = Node::start_with_epmd("myapp", "127.47.43.1", EPMD)?;
    let unknown = Sidecar::start_with(&lab, "yours@127.47.43.1", COOKIE, &["--epmd-port", EPMD])?;
    unknown.complains("knows no node yours, but myapp")?;
    unknown.stop()?;
    let sidecar = Sidecar::start_with(&lab, "myapp@127.47.43.1", COOKIE, &["--epmd-port", EPMD])?;
    sidecar.complains("attached to myapp@127.47.43.1 as quorate-")?;
    sidecar.tells("live", "")?;
    sidecar.stop()?;
    Ok(())
}
