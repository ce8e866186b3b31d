//! The way to the local node, and what is said when it is not found.

use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::{COOKIE, Node, PORT, Sidecar, address, free_port, pod, port_mapper};
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::trouble::Trouble;

pub(crate) fn a_wrong_cookie_is_named_and_shown_nowhere() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-cookie")?;
    let host = address(40, 1);
    let node = Node::start(&host)?;
    let finished = Sidecar::start_with(&lab, node.name(), "no-biscuit", &[])?.finish()?.with_code(1)?;
    let said = finished.stderr();
    let told = format!("the node at {host}:{PORT} refuses the cookie of ");
    assert!(said.contains(&told) && said.contains("--cookie-file") && said.contains("-setcookie"), "{said}");
    // The file that it is in has its name.
    let elsewhere = said.replace("cookie-no-biscuit", "");
    assert!(!elsewhere.contains("no-biscuit") && !said.contains(COOKIE), "{said}");
    Ok(())
}

// libcluster's most common support case.
pub(crate) fn a_name_that_is_another_is_told_with_what_is_configured_where() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-name")?;
    let host = address(41, 1);
    let node = Node::start_as("other", &host, &[])?;
    // We look for a name that nobody has.
    let finished = Sidecar::start_with(&lab, &format!("myapp@{host}"), COOKIE, &[])?.finish()?.with_code(1)?;
    let said = finished.stderr();
    let told = format!(
        "the node at {host}:{PORT} is called other@{host} (by -name, -sname or RELEASE_NODE there), and \
         myapp@{host} was expected (by --beam-node here)"
    );
    assert!(said.contains(&told), "{said}");
    // The members have another name than the node, which is found.
    Kubelet::of(&lab)?.run("myapp", &pod(&host))?;
    let finished = Sidecar::start(&lab, &node, &[])?.finish()?.with_code(1)?;
    let said = finished.stderr();
    let told = format!(
        "the local node is called other@{host} (by -name, -sname or RELEASE_NODE there), but its pod {} is listed as \
         myapp@{host} (by --basename myapp and --mode ip here)",
        pod(&host).name()
    );
    assert!(said.contains(&told), "{said}");
    Ok(())
}

pub(crate) fn a_node_that_is_not_there_yet_is_waited_for() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-later")?;
    let host = address(42, 1);
    Kubelet::of(&lab)?.run("myapp", &pod(&host))?;
    let sidecar = Sidecar::start_with(&lab, &format!("myapp@{host}"), COOKIE, &[])?;
    sidecar.complains(&format!("cannot attach to the local node, trying again: no node can be reached at {host}"))?;
    let node = Node::start(&host)?;
    sidecar.tells("joined", node.name())?;
    sidecar.complains(&format!("attached to {} as quorate-", node.name()))?;
    // It is ourselves.
    assert_eq!(sidecar.count("connected")? + sidecar.count("connect_failed")?, 0);
    sidecar.stop()?;
    Ok(())
}

pub(crate) fn the_port_mapper_tells_the_port() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "beam-epmd")?;
    let epmd = free_port()?;
    let _mapper = port_mapper(epmd)?;
    let host = address(43, 1);
    let node = Node::start_with_epmd("myapp", &host, epmd)?;
    let flags = ["--epmd-port", &epmd.to_string()];
    let unknown = Sidecar::start_with(&lab, &format!("yours@{host}"), COOKIE, &flags)?;
    unknown.complains("knows no node yours, but myapp")?;
    unknown.stop()?;
    let sidecar = Sidecar::start_with(&lab, node.name(), COOKIE, &flags)?;
    sidecar.complains(&format!("attached to {} as quorate-", node.name()))?;
    sidecar.tells("live", "")?;
    sidecar.stop()?;
    Ok(())
}
