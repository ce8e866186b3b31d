//! What is printed for programs.

use std::collections::BTreeSet;

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::sources::SOURCES;

const MEMBER_FIELDS: [&str; 8] = ["address", "hostname", "name", "namespace", "pod", "source", "state", "uid"];

pub(crate) fn json_has_the_documented_shape_and_the_uids_of_the_server() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "json")?;
    lab.serve(
        "web",
        &[Pod::ready("web-0", &["10.1.0.1"]).with_hostname(), Pod::ready("web-1", &["10.1.0.2"]).not_ready()],
    )?;
    let uid = |pod| {
        Ok::<_, Trouble>(lab.kubectl(&["get", "pod", pod, "-o", "jsonpath={.metadata.uid}"])?.stdout().to_owned())
    };
    let version = |json: &Value| json.pointer("/metadata/resourceVersion")?.as_str()?.parse::<u64>().ok();
    for source in SOURCES {
        let before = version(&lab.server().get("/api/v1/namespaces/json/pods?limit=1")?);
        let json = lab.json(&["--service", "web", "--source", source, "--basename", "b"])?;
        assert_eq!(keys(&json), BTreeSet::from(["members", "resourceVersion", "skipped"]));

        let member = json.pointer("/members/0").ok_or_else(|| Trouble::new(format!("no member in {json}")))?;
        assert_eq!(json.pointer("/members/1"), None);
        assert_eq!(keys(member), BTreeSet::from(MEMBER_FIELDS));
        let told_by = member.get("source").and_then(Value::as_str).unwrap_or_default();
        let expected_source = match source {
            "endpointslices" => "EndpointSlice json/web-",
            "endpoints" => "Endpoints json/web",
            _ => "Pod json/web-0",
        };
        assert!(told_by.starts_with(expected_source), "{source}: {told_by}");
        let expected = json!({
            "name": "b@10.1.0.1", "address": "10.1.0.1", "hostname": "web-0", "namespace": "json", "pod": "web-0",
            "uid": uid("web-0")?, "state": "ready", "source": told_by,
        });
        assert_eq!(member, &expected, "{source}");

        let reason = "it is not-ready, and only ready members are asked for";
        assert_eq!(json.get("skipped"), Some(&json!([{"object": "Pod json/web-1", "reason": reason}])), "{source}");
        let read = json.get("resourceVersion").and_then(Value::as_str).and_then(|version| version.parse().ok());
        assert!(read >= before && read.is_some(), "{source}: {read:?} is older than {before:?}");
    }
    // What nobody knows is null, not left out.
    let json = lab.json(&["--service", "web", "--include", "any"])?;
    assert_eq!(json.pointer("/members/1/hostname"), Some(&Value::Null));
    assert_eq!(json.pointer("/members/1/uid"), Some(&json!(uid("web-1")?)));
    Ok(())
}

fn keys(json: &Value) -> BTreeSet<&str> {
    json.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
}
