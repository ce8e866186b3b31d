//! Whom a Service and a label selector select.

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;

use crate::sources::SOURCES;

pub(crate) fn a_service_selects_its_own_members() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "service")?;
    lab.serve("web", &Pod::stateful_set("web", 2))?;
    lab.serve("db", &[Pod::ready("db-0", &["10.1.0.9"]).with_hostname()])?;
    for source in SOURCES {
        let arguments = ["--service", "web", "--source", source];
        assert_eq!(lab.names(&arguments)?, ["10.1.0.1", "10.1.0.2"], "{source}");
        let arguments = ["--service", "db", "--source", source, "--mode", "hostname", "--basename", "b"];
        assert_eq!(lab.names(&arguments)?, ["b@db-0.db.service.svc.cluster.local"], "{source}");
    }
    Ok(())
}

pub(crate) fn a_selector_may_be_set_based() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "selectors")?;
    let [blue, green, plain] = ["10.1.0.1", "10.1.0.2", "10.1.0.3"];
    lab.serve(
        "web",
        &[
            Pod::ready("web-0", &[blue]).label("tier", "blue"),
            Pod::ready("web-1", &[green]).label("tier", "green"),
            Pod::ready("web-2", &[plain]),
        ],
    )?;
    lab.serve("db", &[Pod::ready("db-0", &["10.1.0.9"])])?;
    for (selector, expected) in [
        ("app in (web, db)", vec![blue, green, plain, "10.1.0.9"]),
        ("app=web,tier in (blue,green)", vec![blue, green]),
        ("app=web,tier notin (blue)", vec![green, plain]),
        ("app==web,!tier", vec![plain]),
        ("tier", vec![blue, green]),
        ("tier!=blue,app!=db", vec![green, plain]),
        ("tier=red", vec![]),
    ] {
        assert_eq!(lab.names(&["-l", selector, "--source", "pods"])?, expected, "{selector}");
    }
    // Slices and Endpoints have the labels of their Service.
    for source in ["endpointslices", "endpoints"] {
        let names = lab.names(&["-l", "app in (web),app!=db", "--source", source])?;
        assert_eq!(names, [blue, green, plain], "{source}");
        assert_eq!(lab.names(&["-l", "app notin (web, other),app", "--source", source])?, ["10.1.0.9"], "{source}");
    }
    Ok(())
}

pub(crate) fn a_service_and_a_selector_must_both_hold() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "both")?;
    lab.serve("web", &Pod::stateful_set("web", 2))?;
    lab.serve("db", &[Pod::ready("db-0", &["10.1.0.9"])])?;
    for source in ["endpointslices", "endpoints"] {
        let names = |selector| lab.names(&["--service", "web", "-l", selector, "--source", source]);
        assert_eq!(names("app in (web, db)")?, ["10.1.0.1", "10.1.0.2"], "{source}");
        assert_eq!(names("app=db")?, [""; 0], "{source}");
    }
    // For pods the selector selects, and the Service only names.
    let arguments = ["--service", "web", "-l", "app=web", "--source", "pods", "--mode", "hostname"];
    let expected = ["web-0.web.both.svc.cluster.local", "web-1.web.both.svc.cluster.local"];
    assert_eq!(lab.names(&arguments)?, expected);
    Ok(())
}
