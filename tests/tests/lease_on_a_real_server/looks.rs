//! One look.

use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::demo::{Demo, held, renewal, version};

pub(crate) fn a_held_record_is_shown_as_it_is() -> Result<(), Trouble> {
    let demo = Demo::new("look-held")?;
    demo.create(&held("web-0", 3))?;
    let lease = demo.patch(&renewal(7))?;
    let seen = demo.look()?;
    for (field, truth) in [
        ("namespace", &json!("look-held")),
        ("name", &json!("demo")),
        ("uid", &lease["metadata"]["uid"]),
        ("resourceVersion", version(&lease)),
        ("holder", &json!("web-0")),
        ("transitions", &json!(3)),
        ("leaseDurationSeconds", &json!(15)),
        ("acquireTime", &lease["spec"]["acquireTime"]),
        ("renewTime", &json!("2026-11-20T18:05:07.000000Z")),
        ("fencingToken", &json!({"value": version(&lease), "bound": "at-most"})),
        ("unchangedFor", &Value::Null),
    ] {
        assert_eq!(&seen[field], truth, "{field}");
    }
    assert_eq!((&seen["takeOver"]["bound"], &seen["takeOver"]["after"]), (&json!("latest"), &json!(15.0)));
    assert_eq!(seen["timing"]["toleratedSilence"], 4.6);

    // It only looks.
    let user = demo.lab.user();
    let asked: Vec<_> = demo.lab.server().audit()?.into_iter().filter(|entry| entry.user == user).collect();
    let uri = "/apis/coordination.k8s.io/v1/namespaces/look-held/leases/demo";
    assert!(!asked.is_empty() && asked.iter().all(|entry| entry.verb == "get" && entry.uri == uri), "{asked:?}");
    Ok(())
}

/// What client-go's ReleaseOnCancel writes.
pub(crate) fn a_record_that_client_go_released_is_free() -> Result<(), Trouble> {
    let demo = Demo::new("look-free")?;
    demo.create(&held("web-0", 3))?;
    demo.patch(&json!({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}}))?;
    let seen = demo.look()?;
    for field in ["holder", "fencingToken", "takeOver", "timing"] {
        assert_eq!(seen[field], Value::Null, "{field}");
    }
    assert_eq!(seen["transitions"], 3);
    Ok(())
}

/// As far as the server lets anybody write them.
pub(crate) fn malformed_records_count_as_what_they_count_as() -> Result<(), Trouble> {
    let demo = Demo::new("look-malformed")?;
    demo.create(&json!({}))?;
    assert_eq!(demo.look()?["holder"], Value::Null);
    for (spec, holder, after) in [
        (json!({"holderIdentity": "a", "leaseDurationSeconds": null, "renewTime": null}), "a", 15.0),
        (json!({"leaseDurationSeconds": 2_147_483_647}), "a", 3600.0),
        (json!({"leaseDurationSeconds": 1, "leaseTransitions": 2_147_483_647}), "a", 1.0),
        (json!({"holderIdentity": "a\u{1b}[2J\nb"}), "a\\u{1b}[2J\\nb", 1.0),
    ] {
        demo.patch(&json!({"spec": spec}))?;
        let seen = demo.look()?;
        assert_eq!((&seen["holder"], &seen["takeOver"]["after"]), (&json!(holder), &json!(after)), "{spec}");
        // For people, too.
        let page = demo.command(&[])?.run()?.with_code(0)?;
        assert!(page.stdout().lines().all(|line| line.chars().all(|c| !c.is_control())), "{page}");
        assert!(page.lines().contains(&format!("Holder            {holder}").as_str()), "{page}");
    }
    Ok(())
}

pub(crate) fn a_missing_lease_is_named_with_how_to_see_others() -> Result<(), Trouble> {
    let demo = Demo::new("look-missing")?;
    let refused = demo.command(&[])?.run()?.with_code(1)?;
    assert_eq!(refused.stdout(), "");
    assert!(refused.stderr().contains("there is no Lease demo in namespace look-missing\n"), "{refused}");
    assert!(refused.stderr().contains("kubectl get leases -n look-missing\n"), "{refused}");
    Ok(())
}
