//! Writes that are only tried out.

use serde_json::json;

use super::json::Json;
use super::subject::{Subject, ensure, lease, pod};
use crate::trouble::Trouble;

/// The same target, tried out.
fn dry(target: &str) -> String {
    format!("{target}?dryRun=All")
}

/// Nothing of these pods and leases was changed since.
fn is_unchanged(it: &Subject<'_>, before: &Json, path: &str) -> Result<(), Trouble> {
    it.api.get(path)?.ok()?.is("", before.value().clone())?;
    Ok(())
}

pub(super) fn a_dry_run_of_a_create_stores_nothing(it: &Subject<'_>) -> Result<(), Trouble> {
    let mut watch = it.watch_from_now()?;
    let tried = it.api.post(&dry(&it.pods()), &pod("a"))?.created()?;
    tried.is("/metadata/name", "a")?.is("/status/phase", "Pending")?.lacks("/metadata/resourceVersion")?;
    tried.uid()?;
    it.api.post(&dry(&it.leases()), &lease("a"))?.created()?.lacks("/metadata/resourceVersion")?;
    it.api.get(&it.pod("a"))?.refused(404, "NotFound")?;
    it.api.get(&it.lease("a"))?.refused(404, "NotFound")?;
    it.create_pod("b")?;
    watch.event_of("ADDED", "b")?;
    Ok(())
}

pub(super) fn a_dry_run_of_a_replacement_stores_nothing(it: &Subject<'_>) -> Result<(), Trouble> {
    let before = it.create_lease("a")?;
    let tried = it.api.put(&dry(&it.lease("a")), &before.with("/spec/holderIdentity", "node-2")?)?.ok()?;
    tried.is("/spec/holderIdentity", "node-2")?;
    tried.is("/metadata/resourceVersion", before.text("/metadata/resourceVersion")?)?;
    is_unchanged(it, &before, &it.lease("a"))?;
    // One that would make the lease.
    it.api.put(&dry(&it.lease("b")), &lease("b"))?.created()?;
    it.api.get(&it.lease("b"))?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) fn a_dry_run_of_a_patch_stores_nothing(it: &Subject<'_>) -> Result<(), Trouble> {
    let before = it.create_pod("a")?;
    let tried = it.api.patch(&dry(&it.pod("a")), &json!({"metadata": {"labels": {"app": "web"}}}))?.ok()?;
    tried.is("/metadata/labels/app", "web")?;
    tried.is("/metadata/resourceVersion", before.text("/metadata/resourceVersion")?)?;
    let status = format!("{}/status", it.pod("a"));
    it.api.patch(&dry(&status), &json!({"status": {"phase": "Running"}}))?.ok()?.is("/status/phase", "Running")?;
    is_unchanged(it, &before, &it.pod("a"))
}

pub(super) fn a_dry_run_of_a_deletion_removes_nothing(it: &Subject<'_>) -> Result<(), Trouble> {
    let (pod, lease) = (it.create_pod("a")?, it.create_lease("a")?);
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "dryRun": ["All"]});
    for path in [it.pod("a"), it.lease("a")] {
        it.api.delete(&dry(&path))?.ok()?;
        it.api.delete_with(&path, &options)?.ok()?;
    }
    it.api.delete(&dry(&it.leases()))?.ok()?;
    is_unchanged(it, &pod, &it.pod("a"))?;
    is_unchanged(it, &lease, &it.lease("a"))
}

pub(super) fn a_dry_run_is_checked_as_a_write_is(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    it.api.post(&dry(&it.leases()), &lease("a"))?.refused(409, "AlreadyExists")?;
    it.api.post(&dry(&it.leases()), &lease("Bad"))?.refused(422, "Invalid")?;
    it.api.patch(&it.lease("a"), &json!({"spec": {"holderIdentity": "node-2"}}))?.ok()?;
    it.api.put(&dry(&it.lease("a")), read.value())?.refused(409, "Conflict")?;
    let refused = it.reader()?.post(&dry(&it.leases()), &lease("b"))?;
    ensure(refused.status() == 403, || refused.trouble("should be 403"))
}

pub(super) fn a_dry_run_is_all_or_nothing(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let rule = "dryRun: Unsupported value: [\"Some\"]: supported values: \"All\"";
    let some = |target: &str| format!("{target}?dryRun=Some");
    for (answer, options) in [
        (it.api.post(&some(&it.leases()), &lease("b"))?, "CreateOptions"),
        (it.api.put(&some(&it.lease("a")), &lease("a"))?, "UpdateOptions"),
        (it.api.patch(&some(&it.lease("a")), &json!({}))?, "PatchOptions"),
        (it.api.delete(&some(&it.lease("a")))?, "DeleteOptions"),
    ] {
        answer.refused(422, "Invalid")?.is("/message", format!("{options}.meta.k8s.io \"\" is invalid: {rule}"))?;
    }
    Ok(())
}
