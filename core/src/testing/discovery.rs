//! What a client may ask before it asks for objects: health, version, and which resources there are.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::answer::FakeResponse;
use super::kind::Kind;
use super::request::Route;

const GROUPS: [&str; 2] = ["coordination.k8s.io", "discovery.k8s.io"];

/// Whether it asks for the server's health: kubelets must get through to a server however busy it is.
pub(super) fn is_probe(route: &Route) -> bool {
    let Route::Path(path) = route else { return false };
    matches!(path.as_str(), "/healthz" | "/livez" | "/readyz")
}

pub(super) fn answer(path: &str) -> Option<FakeResponse> {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let root = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if matches!(root, "healthz" | "livez" | "readyz") {
        return Some(FakeResponse::text(200, "ok"));
    }
    let body = match path {
        "/version" => version(),
        "/api" => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        "/api/v1" => resources(""),
        "/apis" => {
            let groups: Vec<Value> = GROUPS.iter().map(|name| group(name)).collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        _ => return of_group(path).map(|body| FakeResponse::json(200, &body)),
    };
    Some(FakeResponse::json(200, &body))
}

/// Whether a path lies in a group that is served: what is missing there is told as a Status.
pub(super) fn is_group(path: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    match segments.next() {
        Some("api") => true,
        Some("apis") => segments.next().is_some_and(|group| GROUPS.contains(&group)),
        _ => false,
    }
}

fn of_group(path: &str) -> Option<Value> {
    let rest = path.strip_prefix("/apis/")?;
    let (name, version) = rest.split_once('/').map_or((rest, None), |(name, version)| (name, Some(version)));
    if !GROUPS.contains(&name) {
        return None;
    }
    match version {
        Some("v1") => Some(resources(name)),
        Some(_) => None,
        None => {
            let mut body = group(name);
            super::object::set(&mut body, "kind", json!("APIGroup"));
            super::object::set(&mut body, "apiVersion", json!("v1"));
            Some(body)
        }
    }
}

/// A version that the fake imitates; the git version says that it is none.
fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "gitVersion": "v1.36.2+quorate-fake", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "fake/fake",
    })
}

fn group(name: &str) -> Value {
    let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
    json!({"name": name, "versions": [version], "preferredVersion": version})
}

fn resources(group: &str) -> Value {
    let mut list = Vec::new();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.group() == group) {
        let verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
        let mut entry = json!({
            "name": kind.plural(), "singularName": kind.singular(), "namespaced": true, "kind": kind.name(),
            "verbs": verbs,
        });
        if let Some(short) = kind.short_name() {
            super::object::set(&mut entry, "shortNames", json!([short]));
        }
        if kind == Kind::Pod {
            super::object::set(&mut entry, "categories", json!(["all"]));
        }
        list.push(entry);
        if kind.has_status() {
            list.push(json!({
                "name": format!("{}/status", kind.plural()), "singularName": "", "namespaced": true,
                "kind": kind.name(), "verbs": ["get", "patch", "update"],
            }));
        }
    }
    let version = if group.is_empty() { String::from("v1") } else { format!("{group}/v1") };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": list})
}
