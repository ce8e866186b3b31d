//! A missing right: which one, and how to grant it.

use std::time::Duration;

use quorate_tests::api_server::ApiServer;
use quorate_tests::child::Finished;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;

/// A 403 is tried again for a second, in case the server is only starting. A request timeout would take 10 s.
const PATIENCE: Duration = Duration::from_secs(4);

pub(crate) fn a_403_names_the_right_and_the_very_rule_that_grants_it() -> Result<(), Trouble> {
    let lab = Lab::without_rights(&ApiServer::shared()?, "no-rights")?;
    lab.serve("web", &Pod::stateful_set("web", 2))?;
    for (source, group) in [("endpointslices", "discovery.k8s.io"), ("endpoints", ""), ("pods", "")] {
        let arguments = ["-l", "app=web", "--source", source];
        let refused = lab.members(&arguments)?.run()?.with_code(1)?;
        assert_eq!(refused.stdout(), "");
        let first = format!("cannot list {source} in namespace no-rights: forbidden: ");
        assert!(refused.stderr().contains(&first), "{refused}");
        assert!(refused.stderr().contains(&lab.user()), "{refused}");
        assert!(refused.stderr().contains("a Role in namespace no-rights with this rule"), "{refused}");
        assert!(refused.stderr().contains(&format!("apiGroups: [\"{group}\"]")), "{refused}");
        assert!(refused.took() < PATIENCE, "{refused}");

        lab.grant(&rule(&refused))?;
        assert_eq!(lab.names(&arguments)?, ["10.1.0.1", "10.1.0.2"], "{source}");
    }
    Ok(())
}

pub(crate) fn the_pods_of_a_service_take_the_right_to_get_it() -> Result<(), Trouble> {
    let lab = Lab::without_rights(&ApiServer::shared()?, "no-service")?;
    lab.serve("web", &Pod::stateful_set("web", 1))?;
    let arguments = ["--service", "web", "--source", "pods"];
    for needed in ["get services", "list pods"] {
        let refused = lab.members(&arguments)?.run()?.with_code(1)?;
        assert!(refused.stderr().contains(&format!("cannot {needed} in namespace no-service")), "{refused}");
        lab.grant(&rule(&refused))?;
    }
    assert_eq!(lab.names(&arguments)?, ["10.1.0.1"]);
    Ok(())
}

/// The YAML in a refusal, as somebody would copy it.
fn rule(refused: &Finished) -> String {
    let lines = refused.stderr().lines().skip_while(|line| !line.trim_start().starts_with("- "));
    lines.collect::<Vec<_>>().join("\n")
}
