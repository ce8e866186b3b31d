//! Where members are looked for.

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;

use crate::sources::SOURCES;

pub(crate) fn several_namespaces_are_read_as_one() -> Result<(), Trouble> {
    let server = ApiServer::shared()?;
    let (here, there) = (Lab::new(&server, "several-a")?, Lab::new(&server, "several-b")?);
    here.serve("web", &[Pod::ready("web-0", &["10.1.0.1"]).with_hostname()])?;
    there.serve("web", &[Pod::ready("web-0", &["10.1.0.2"]).with_hostname()])?;
    let both = ["-n", "several-b", "-n", "several-a", "--service", "web"];

    // The right to read one of them is not enough, and half an answer is none.
    let refused = here.members(&both)?.run()?.with_code(1)?;
    assert_eq!(refused.stdout(), "");
    assert!(refused.stderr().contains("cannot list endpointslices in namespace several-b"), "{refused}");

    there.grant_to(
        &here,
        r#"
        - {apiGroups: [""], resources: [endpoints, pods, services], verbs: [get, list]}
        - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list]}
        "#,
    )?;
    for source in SOURCES {
        let names = here.names(&[&both[..], &["--source", source]].concat())?;
        assert_eq!(names, ["10.1.0.1", "10.1.0.2"], "{source}");
        let names = here.names(&[&both[..], &["--source", source, "--mode", "hostname"]].concat())?;
        let expected = ["web-0.web.several-a.svc.cluster.local", "web-0.web.several-b.svc.cluster.local"];
        assert_eq!(names, expected, "{source}");
        assert_eq!(here.names(&["-n", "several-b", "--service", "web", "--source", source])?, ["10.1.0.2"], "{source}");
    }
    Ok(())
}

pub(crate) fn all_namespaces_are_read_with_a_cluster_role() -> Result<(), Trouble> {
    let server = ApiServer::shared()?;
    let (here, there) = (Lab::new(&server, "all-a")?, Lab::new(&server, "all-b")?);
    here.serve("everywhere", &[Pod::ready("everywhere-0", &["10.1.0.1"])])?;
    there.serve("everywhere", &[Pod::ready("everywhere-0", &["10.1.0.2"])])?;
    let refused = here.members(&["-A", "-l", "app=everywhere"])?.run()?.with_code(1)?;
    assert!(refused.stderr().contains("cannot list endpointslices in all namespaces"), "{refused}");
    assert!(refused.stderr().contains("a ClusterRole with this rule"), "{refused}");

    here.grant_everywhere(
        r#"
        - {apiGroups: [""], resources: [endpoints, pods], verbs: [list]}
        - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list]}
        "#,
    )?;
    for source in SOURCES {
        let names = here.names(&["-A", "-l", "app=everywhere", "--source", source])?;
        assert_eq!(names, ["10.1.0.1", "10.1.0.2"], "{source}");
    }
    assert_eq!(here.names(&["-A", "--service", "everywhere"])?, ["10.1.0.1", "10.1.0.2"]);
    // Which Service's pods, of all namespaces, is not to be guessed.
    let refused = here.members(&["-A", "--service", "everywhere", "--source", "pods"])?.run()?.with_code(2)?;
    assert!(refused.stderr().contains("a Service selects pods of its own namespace"), "{refused}");
    Ok(())
}

pub(crate) fn the_context_says_the_namespace() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "context")?;
    lab.serve("web", &Pod::stateful_set("web", 1))?;
    assert_eq!(lab.names(&["--service", "web"])?, ["10.1.0.1"]);

    // The administrator's context has none, which means `default`.
    let admin = lab.server().kubeconfig();
    let elsewhere = lab.members(&["--service", "web"])?.variable("KUBECONFIG", admin).run()?.with_code(0)?;
    assert_eq!(elsewhere.stdout(), "");
    let named =
        lab.members(&["--service", "web", "-n", "context"])?.variable("KUBECONFIG", admin).run()?.with_code(0)?;
    assert_eq!(named.lines(), ["10.1.0.1"]);
    Ok(())
}

pub(crate) fn a_missing_namespace_is_empty_with_a_hint() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "not-missing")?;
    for source in SOURCES {
        let arguments = ["-n", "missing", "-l", "app=web", "--source", source];
        let empty = lab.members(&arguments)?.variable("KUBECONFIG", lab.server().kubeconfig()).run()?.with_code(0)?;
        assert_eq!(empty.stdout(), "", "{source}");
        assert!(empty.stderr().contains("no members: nothing was found"), "{empty}");
        assert!(empty.stderr().contains("the namespace?"), "{empty}");
    }
    // A Service that is asked for by name is missed.
    let arguments = ["-n", "missing", "--service", "web", "--source", "pods"];
    let missed = lab.members(&arguments)?.variable("KUBECONFIG", lab.server().kubeconfig()).run()?.with_code(1)?;
    assert!(missed.stderr().contains("cannot get services in namespace missing: not found"), "{missed}");
    Ok(())
}
