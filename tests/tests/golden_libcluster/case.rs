//! The recorded cases, and the bodies as we feed them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

/// One case of `libcluster.jsonl`, as far as these tests read it.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) config: Config,
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) service_account: ServiceAccount,
    pub(crate) via: Option<String>,
    /// Who is connected before the first poll.
    #[serde(default)]
    pub(crate) initial_connected: BTreeSet<String>,
    pub(crate) steps: Vec<Step>,
    pub(crate) expected: Vec<Expected>,
}

/// The options that libcluster was given.
#[derive(Deserialize)]
pub(crate) struct Config {
    #[serde(rename = "kubernetes_node_basename")]
    pub(crate) basename: Option<String>,
    #[serde(rename = "kubernetes_selector")]
    pub(crate) selector: Option<String>,
    #[serde(rename = "kubernetes_namespace")]
    pub(crate) namespace: Option<String>,
    #[serde(rename = "kubernetes_service_name")]
    pub(crate) service: Option<String>,
    #[serde(rename = "kubernetes_cluster_name")]
    pub(crate) cluster_name: Option<String>,
    #[serde(rename = "kubernetes_ip_lookup_mode")]
    pub(crate) ip_lookup_mode: Option<String>,
    pub(crate) mode: Option<String>,
}

#[derive(Default, Deserialize)]
pub(crate) struct ServiceAccount {
    pub(crate) namespace: Option<String>,
}

/// One answer.
#[derive(Deserialize)]
pub(crate) struct Step {
    pub(crate) http_status: u16,
    body: Option<String>,
    body_b64: Option<String>,
    #[serde(default)]
    pub(crate) transport: Transport,
    /// What connects answer that do not succeed.
    #[serde(default)]
    pub(crate) connect_results: BTreeMap<String, Value>,
    #[serde(default)]
    pub(crate) disconnect_results: BTreeMap<String, Value>,
    /// Whose disconnect has an effect, whatever it answers.
    #[serde(default)]
    pub(crate) disconnect_effect: BTreeSet<String>,
    /// Who connects to us before the poll.
    #[serde(default)]
    pub(crate) join: BTreeSet<String>,
    /// Whose link is lost before the poll.
    #[serde(default)]
    pub(crate) drop: BTreeSet<String>,
}

/// How an answer travelled.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Transport {
    #[default]
    Ok,
    Chunked,
    Close,
    Hang,
    Truncated,
}

/// What libcluster made of one answer.
#[derive(Deserialize)]
pub(crate) struct Expected {
    /// The request's target; none if it sent none.
    pub(crate) url_path: Option<String>,
    pub(crate) connected_after: BTreeSet<String>,
    nodes: Option<BTreeSet<String>>,
    nodes_from: Option<String>,
}

/// What libcluster took for the list of nodes. Its order and duplicates are dropped: ours is a set.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Theirs {
    Nodes(BTreeSet<String>),
    /// The request failed: the nodes of the poll before stay.
    Kept,
    /// The process crashed before it knew.
    Crashed,
}

impl Expected {
    pub(crate) fn theirs(&self) -> Theirs {
        match (&self.nodes, self.nodes_from.as_deref()) {
            (Some(nodes), Some("list")) => Theirs::Nodes(nodes.clone()),
            (Some(_), Some("meta")) => Theirs::Kept,
            (None, None) => Theirs::Crashed,
            other => panic!("an unknown outcome: {other:?}"),
        }
    }
}

impl Step {
    pub(crate) fn body(&self) -> Vec<u8> {
        match (&self.body, &self.body_b64) {
            (Some(text), None) => tell_pods_apart(text).into_bytes(),
            (None, Some(encoded)) => STANDARD.decode(encoded).unwrap(),
            _ => panic!("a step has one body"),
        }
    }
}

pub(crate) fn load() -> Vec<Case> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/golden/libcluster.jsonl");
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Gives each pod a UID of its own: `<namespace>/<name>`.
///
/// In the recording all pods share one. libcluster never reads it; to us it says who is who. The rest of the text stays as
/// it is, byte for byte, since some of these bodies are broken on purpose.
fn tell_pods_apart(body: &str) -> String {
    const UID: &str = r#""uid":""#;
    let mut rewritten = String::new();
    let mut rest = body;
    while let Some((before, (_, after))) =
        rest.split_once(UID).and_then(|(before, after)| Some((before, after.split_once('"')?)))
    {
        rewritten.push_str(before);
        // In pods and in references alike, namespace and name stand before the UID.
        let nearest = |field| rewritten.rsplit_once(field).and_then(|(_, value)| value.split('"').next()).unwrap();
        let uid = format!("{}/{}", nearest(r#""namespace":""#), nearest(r#""name":""#));
        rewritten.extend([UID, &uid, "\""]);
        rest = after;
    }
    rewritten.push_str(rest);
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many objects have a UID; each must be their own.
    fn count_uids(value: &Value) -> usize {
        let parts: Vec<&Value> = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(fields) => fields.values().collect(),
            _ => Vec::new(),
        };
        let own = value.get("uid").map(|uid| {
            let text = |field| value[field].as_str().unwrap();
            assert_eq!(uid.as_str(), Some(&*format!("{}/{}", text("namespace"), text("name"))));
        });
        own.iter().count() + parts.into_iter().map(count_uids).sum::<usize>()
    }

    #[test]
    fn every_pod_has_its_own_uid_and_nothing_else_changes() {
        let mut uids = 0;
        for step in load().iter().flat_map(|case| &case.steps) {
            let Some(before) = &step.body else { continue };
            let Ok(after) = serde_json::from_slice::<Value>(&step.body()) else { continue };
            uids += count_uids(&after);
            assert_eq!(before.matches(r#""uid":"#).count(), count_uids(&after));
            let mut restored = tell_pods_apart(before);
            for recorded in ["5f2c0000-0000-4000-8000-000000000001", "7d1e0000-0000-4000-8000-00000000000a"] {
                if before.contains(recorded) {
                    let parts: Vec<_> = restored.split(r#""uid":""#).map(ToOwned::to_owned).collect();
                    let parts = parts.iter().enumerate().map(|(index, part)| match index {
                        0 => part.clone(),
                        _ => format!(r#""uid":"{recorded}"{}"#, part.split_once('"').unwrap().1),
                    });
                    restored = parts.collect();
                }
            }
            assert_eq!(&restored, before);
        }
        assert!(uids > 1300, "{uids}");
    }
}
