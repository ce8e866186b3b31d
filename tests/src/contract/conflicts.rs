//! Who wins when two write.

use serde_json::json;

use super::json::Json;
use super::subject::{Subject, ensure, lease};
use crate::trouble::Trouble;

const NO_UID: &str = "00000000-0000-0000-0000-000000000000";
const MODIFIED: &str = "the object has been modified; please apply your changes to the latest version and try again";

fn is_stale_lease(status: &Json) -> Result<(), Trouble> {
    let expected = format!("Operation cannot be fulfilled on leases.coordination.k8s.io \"a\": {MODIFIED}");
    status.is("/message", expected)?.is("/details", details())?;
    Ok(())
}

fn details() -> serde_json::Value {
    json!({"name": "a", "group": "coordination.k8s.io", "kind": "leases"})
}

pub(super) fn a_name_can_be_taken_once(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let status = it.api.post(&it.leases(), &lease("a"))?.refused(409, "AlreadyExists")?;
    status.is("/message", "leases.coordination.k8s.io \"a\" already exists")?.is("/details", details())?;
    it.create_pod("a")?;
    let status = it.api.post(&it.pods(), &super::subject::pod("a"))?.refused(409, "AlreadyExists")?;
    status.is("/message", "pods \"a\" already exists")?.is("/details", json!({"name": "a", "kind": "pods"}))?;
    Ok(())
}

pub(super) fn of_two_replacements_of_one_version_one_wins(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    it.api.put(&it.lease("a"), &read.with("/spec/holderIdentity", "node-2")?)?.ok()?;
    let refused = it.api.put(&it.lease("a"), &read.with("/spec/holderIdentity", "node-3")?)?;
    is_stale_lease(&refused.refused(409, "Conflict")?)?;
    it.api.get(&it.lease("a"))?.ok()?.is("/spec/holderIdentity", "node-2")?;
    Ok(())
}

pub(super) fn a_stale_replacement_of_a_pod_is_refused(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_pod("a")?;
    it.label("a", json!({"app": "web"}))?;
    let status = it.api.put(&it.pod("a"), read.value())?.refused(409, "Conflict")?;
    status.is("/message", format!("Operation cannot be fulfilled on pods \"a\": {MODIFIED}"))?;
    status.is("/details", json!({"name": "a", "kind": "pods"}))?;
    Ok(())
}

pub(super) fn a_stale_replacement_that_changes_nothing_is_refused(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    let now = it.api.put(&it.lease("a"), &read.with("/spec/holderIdentity", "node-2")?)?.ok()?;
    let stale = now.with("/metadata/resourceVersion", read.text("/metadata/resourceVersion")?)?;
    is_stale_lease(&it.api.put(&it.lease("a"), &stale)?.refused(409, "Conflict")?)
}

pub(super) fn a_replacement_with_another_uid_is_refused(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    let status = it.api.put(&it.lease("a"), &read.with("/metadata/uid", NO_UID)?)?.refused(409, "Conflict")?;
    status.mentions("/message", "Operation cannot be fulfilled on leases.coordination.k8s.io \"a\": ")?;
    status
        .mentions("/message", &format!("Precondition failed: UID in precondition: {NO_UID}, UID in object meta: "))?;
    status.mentions("/message", read.uid()?)?.is("/details", details())?;
    Ok(())
}

pub(super) fn a_lease_is_not_replaced_without_a_version(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let status = it.api.put(&it.lease("a"), &lease("a"))?.refused(422, "Invalid")?;
    let cause = "Invalid value: 0: must be specified for an update";
    let expected = format!("leases.coordination.k8s.io \"a\" is invalid: metadata.resourceVersion: {cause}");
    status.is("/message", expected)?.is("/details/kind", "leases")?;
    let causes = json!([{"reason": "FieldValueInvalid", "message": cause, "field": "metadata.resourceVersion"}]);
    status.is("/details/causes", causes)?;
    Ok(())
}

pub(super) fn a_pod_is_replaced_without_a_version(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_pod("a")?;
    it.label("a", json!({"app": "web"}))?;
    let new = it.api.put(&it.pod("a"), &read.without("/metadata/resourceVersion"))?.ok()?;
    new.lacks("/metadata/labels")?;
    Ok(())
}

pub(super) fn a_replacement_makes_a_lease_that_is_missing(it: &Subject<'_>) -> Result<(), Trouble> {
    let made = it.api.put(&it.lease("a"), &lease("a"))?.created()?;
    made.is("/metadata/name", "a")?.is("/metadata/namespace", it.namespace())?.uid()?;
    Ok(())
}

pub(super) fn a_stale_replacement_makes_a_deleted_lease_again_unless_it_says_the_uid(
    it: &Subject<'_>,
) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    it.api.delete(&it.lease("a"))?.ok()?;
    let status = it.api.put(&it.lease("a"), read.value())?.refused(409, "Conflict")?;
    status.mentions("/message", "Operation cannot be fulfilled on leases.coordination.k8s.io \"a\": ")?;
    status.mentions("/message", &format!("Precondition failed: UID in precondition: {}, ", read.uid()?))?;
    status.is("/details", details())?;
    it.api.get(&it.lease("a"))?.refused(404, "NotFound")?;
    let made = it.api.put(&it.lease("a"), &read.without("/metadata/uid"))?.created()?;
    ensure(made.uid()? != read.uid()?, || made.trouble("the uid should be another"))
}

pub(super) fn a_write_that_changes_nothing_keeps_the_version(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    let put = it.api.put(&it.lease("a"), read.value())?.ok()?;
    let patched = it.api.patch(&it.lease("a"), &json!({"spec": {"holderIdentity": "node-1"}}))?.ok()?;
    let empty = it.api.patch(&it.lease("a"), &json!({}))?.ok()?;
    for answer in [put, patched, empty] {
        ensure(answer.version()? == read.version()?, || answer.trouble("nothing should have been written"))?;
    }
    Ok(())
}

pub(super) fn a_merge_patch_without_a_version_wins(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    it.api.put(&it.lease("a"), &read.with("/spec/holderIdentity", "node-2")?)?.ok()?;
    let won = it.api.patch(&it.lease("a"), &json!({"spec": {"holderIdentity": "node-3"}}))?.ok()?;
    won.is("/spec/holderIdentity", "node-3")?.is("/spec/leaseDurationSeconds", 15)?;
    Ok(())
}

pub(super) fn a_merge_patch_with_a_stale_version_is_refused(it: &Subject<'_>) -> Result<(), Trouble> {
    let read = it.create_lease("a")?;
    let patch = |version: &str, holder: &str| {
        json!({
            "metadata": {"resourceVersion": version},
            "spec": {"holderIdentity": holder},
        })
    };
    let old = read.text("/metadata/resourceVersion")?;
    let new = it.api.patch(&it.lease("a"), &patch(old, "node-2"))?.ok()?;
    is_stale_lease(&it.api.patch(&it.lease("a"), &patch(old, "node-3"))?.refused(409, "Conflict")?)?;
    it.api.patch(&it.lease("a"), &patch(new.text("/metadata/resourceVersion")?, "node-4"))?.ok()?;
    Ok(())
}

pub(super) fn a_merge_patch_with_another_uid_is_refused(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let patch = json!({"metadata": {"uid": NO_UID}, "spec": {"holderIdentity": "node-2"}});
    let status = it.api.patch(&it.lease("a"), &patch)?.refused(422, "Invalid")?;
    let cause = format!("metadata.uid: Invalid value: \"{NO_UID}\": field is immutable");
    status.is("/message", format!("Lease.coordination.k8s.io \"a\" is invalid: {cause}"))?;
    status.is("/details/causes/0/field", "metadata.uid")?;
    Ok(())
}

pub(super) fn a_deletion_may_have_preconditions(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_lease("a")?;
    let new = it.api.put(&it.lease("a"), &old.with("/spec/holderIdentity", "node-2")?)?.ok()?;
    let delete = |field: &str, value: &str| {
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {}});
        if let Some(preconditions) = options.pointer_mut("/preconditions") {
            *preconditions = json!({field: value});
        }
        it.api.delete_with(&it.lease("a"), &options)
    };
    let status = delete("uid", NO_UID)?.refused(409, "Conflict")?;
    status.is(
        "/message",
        format!(
            "Operation cannot be fulfilled on Lease.coordination.k8s.io \"a\": the UID in the precondition ({NO_UID}) \
             does not match the UID in record ({}). The object might have been deleted and then recreated",
            old.uid()?
        ),
    )?;
    status.is("/details", json!({"name": "a", "group": "coordination.k8s.io", "kind": "Lease"}))?;
    let (stale, current) = (old.version()?, new.version()?);
    let status = delete("resourceVersion", &stale.to_string())?.refused(409, "Conflict")?;
    status.is(
        "/message",
        format!(
            "Operation cannot be fulfilled on Lease.coordination.k8s.io \"a\": the ResourceVersion in the precondition \
             ({stale}) does not match the ResourceVersion in record ({current}). The object might have been modified"
        ),
    )?;
    delete("resourceVersion", new.text("/metadata/resourceVersion")?)?.ok()?;
    Ok(())
}
