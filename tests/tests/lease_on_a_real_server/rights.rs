//! A missing right: which one, and how to grant it.

use quorate_tests::api_server::ApiServer;
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::demo::{Demo, held};

/// The YAML in a refusal, as somebody would copy it.
fn rule(reason: &str) -> String {
    reason.lines().skip_while(|line| !line.trim_start().starts_with("- ")).collect::<Vec<_>>().join("\n")
}

pub(crate) fn a_403_names_the_right_and_the_very_rule_that_grants_it() -> Result<(), Trouble> {
    let demo = Demo::without_rights(&ApiServer::shared()?, "lease-no-get")?;
    demo.create(&held("web-0", 3))?;
    let refused = demo.command(&[])?.run()?.with_code(1)?;
    assert!(refused.stderr().contains("cannot get leases in namespace lease-no-get: forbidden: "), "{refused}");
    assert!(refused.stderr().contains(&demo.lab.user()), "{refused}");
    assert!(refused.took().as_secs() < 8, "{refused}");
    demo.lab.grant(&rule(refused.stderr()))?;
    assert_eq!(demo.look()?["holder"], "web-0");
    Ok(())
}

pub(crate) fn a_watch_without_the_right_goes_by_reads_and_names_the_rule() -> Result<(), Trouble> {
    let demo = Demo::without_rights(&ApiServer::shared()?, "lease-no-watch")?;
    demo.lab.grant(r#"- {apiGroups: ["coordination.k8s.io"], resources: [leases], verbs: [get]}"#)?;
    demo.create(&held("web-0", 3))?;
    let mut following = demo.follow()?;
    following.next("found")?;
    following.next("live")?;
    let degraded = following.next("degraded")?;
    let reason = degraded["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("cannot watch leases in namespace lease-no-watch: forbidden: "), "{reason}");
    demo.patch(&json!({"spec": held("web-1", 4)}))?;
    let taken = following.next("taken_over")?;
    assert_eq!((&taken["holder"], &taken["fencingToken"]["bound"]), (&json!("web-1"), &json!("at-most")));

    demo.lab.grant(&rule(reason))?;
    following.next("live")?;
    let won = demo.patch(&json!({"spec": held("web-2", 5)}))?;
    let taken = following.next("taken_over")?;
    assert_eq!(taken["fencingToken"], json!({"value": won["metadata"]["resourceVersion"], "bound": "exact"}));
    assert_ne!(taken["takeOver"], Value::Null);
    Ok(())
}
