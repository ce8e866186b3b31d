//! What a server says of itself.

use quorate_core::api::Method;
use serde_json::json;

use super::subject::{Subject, ensure};
use crate::trouble::Trouble;

pub(super) fn the_server_has_a_version(it: &Subject<'_>) -> Result<(), Trouble> {
    let version = it.api.get("/version")?.ok()?;
    version.is("/major", "1")?.text("/minor")?;
    ensure(version.text("/gitVersion")?.starts_with("v1."), || version.trouble("gitVersion should begin with v1."))
}

pub(super) fn the_server_is_ready_and_alive(it: &Subject<'_>) -> Result<(), Trouble> {
    for target in ["/readyz", "/livez", "/healthz"] {
        let answer = it.api.get(target)?;
        ensure(answer.status() == 200 && answer.text() == "ok", || answer.trouble("should be 200 ok"))?;
    }
    Ok(())
}

pub(super) fn the_core_group_has_one_version(it: &Subject<'_>) -> Result<(), Trouble> {
    let versions = it.api.get("/api")?.ok()?;
    versions.is("/kind", "APIVersions")?.is("/versions", json!(["v1"]))?;
    Ok(())
}

pub(super) fn the_other_groups_are_listed(it: &Subject<'_>) -> Result<(), Trouble> {
    let groups = it.api.get("/apis")?.ok()?;
    groups.is("/kind", "APIGroupList")?;
    for (name, version) in [("coordination.k8s.io", "v1"), ("discovery.k8s.io", "v1")] {
        let all = groups.each("/groups")?;
        let group = all.iter().find(|group| group.text("/name").is_ok_and(|it| it == name));
        let group = group.ok_or_else(|| groups.trouble(&format!("{name} should be in it")))?;
        let preferred = json!({"groupVersion": format!("{name}/{version}"), "version": version});
        group.is("/preferredVersion", preferred)?;
    }
    Ok(())
}

pub(super) fn each_version_lists_its_resources(it: &Subject<'_>) -> Result<(), Trouble> {
    for (group_version, target, resource, kind) in [
        ("v1", "/api/v1", "pods", "Pod"),
        ("v1", "/api/v1", "pods/status", "Pod"),
        ("v1", "/api/v1", "services", "Service"),
        ("v1", "/api/v1", "endpoints", "Endpoints"),
        ("coordination.k8s.io/v1", "/apis/coordination.k8s.io/v1", "leases", "Lease"),
        ("discovery.k8s.io/v1", "/apis/discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    ] {
        let list = it.api.get(target)?.ok()?;
        list.is("/kind", "APIResourceList")?.is("/groupVersion", group_version)?;
        let all = list.each("/resources")?;
        let found = all.iter().find(|it| it.text("/name").is_ok_and(|name| name == resource));
        let found = found.ok_or_else(|| list.trouble(&format!("{resource} should be in it")))?;
        found.is("/kind", kind)?.is("/namespaced", true)?;
        let verbs = found.at("/verbs")?.as_array().cloned().unwrap_or_default();
        let wanted = if resource.contains('/') { &["get", "patch", "update"][..] } else { ALL };
        let has_all = wanted.iter().all(|verb| verbs.contains(&json!(verb)));
        ensure(has_all, || found.trouble(&format!("{wanted:?} should be in it")))?;
    }
    Ok(())
}

const ALL: &[&str] = &["create", "delete", "get", "list", "patch", "update", "watch"];

pub(super) fn a_path_that_nobody_serves_is_404_in_plain_text(it: &Subject<'_>) -> Result<(), Trouble> {
    for target in ["/nothing", "/nothing/at/all", "/apis/none.example/v1/foos"] {
        let answer = it.api.get(target)?;
        let is_so = answer.status() == 404 && answer.text() == "404 page not found\n";
        ensure(is_so, || answer.trouble("should be 404 and one line of text"))?;
    }
    Ok(())
}

pub(super) fn a_resource_that_a_version_lacks_is_404_as_a_status(it: &Subject<'_>) -> Result<(), Trouble> {
    for target in ["/api/v1/nothing", "/api/v1/namespaces/default/nothing", "/api/v2/pods"] {
        let status = it.api.get(target)?.refused(404, "NotFound")?;
        status.is("/message", "the server could not find the requested resource")?.is("/details", json!({}))?;
    }
    Ok(())
}

pub(super) fn a_method_that_is_not_served_is_405(it: &Subject<'_>) -> Result<(), Trouble> {
    for (method, target) in [(Method::Put, it.pods()), (Method::Post, it.pod("a"))] {
        let answer = it.api.send(method, &target, Some(("application/json", b"{}")))?;
        let status = answer.refused(405, "MethodNotAllowed")?;
        let expected = "the server does not allow this method on the requested resource";
        status.is("/message", expected)?.is("/details", json!({}))?;
    }
    Ok(())
}
