//! Objects as they come and go.

use serde_json::json;

use super::json::Json;
use super::subject::{Subject, at_once, ensure, lease, pod};
use crate::trouble::Trouble;

pub(super) fn a_created_pod_has_the_metadata_that_servers_give(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.create_pod("a")?;
    created.is("/kind", "Pod")?.is("/apiVersion", "v1")?.is("/metadata/name", "a")?;
    created.is("/metadata/namespace", it.namespace())?.is("/metadata/generation", 1)?;
    created.lacks("/metadata/deletionTimestamp")?.is("/status/phase", "Pending")?;
    ensure(created.version()? > 0, || created.trouble("the resourceVersion should be positive"))?;
    ensure(created.uid()?.len() == 36, || created.trouble("the uid should be a UUID"))?;
    is_in_seconds(&created, "/metadata/creationTimestamp")
}

/// As in `2026-11-20T18:04:58Z`.
fn is_in_seconds(object: &Json, path: &str) -> Result<(), Trouble> {
    let time = object.text(path)?;
    ensure(time.len() == 20 && time.ends_with('Z'), || object.trouble(&format!("{path} should be in seconds, in UTC")))
}

pub(super) fn a_created_lease_keeps_its_microseconds_and_has_no_generation(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.create_lease("a")?;
    created.is("/kind", "Lease")?.is("/apiVersion", "coordination.k8s.io/v1")?.lacks("/metadata/generation")?;
    created.is("/metadata/namespace", it.namespace())?.uid()?;
    created.is("/spec", Json::new("", lease("a")).at("/spec")?.clone())?;
    is_in_seconds(&created, "/metadata/creationTimestamp")
}

pub(super) fn an_empty_lease_is_a_lease(it: &Subject<'_>) -> Result<(), Trouble> {
    let empty = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "a"}});
    let created = it.api.post(&it.leases(), &empty)?.created()?;
    created.is("/spec", json!({}))?;
    Ok(())
}

pub(super) fn a_generated_name_begins_as_asked_for(it: &Subject<'_>) -> Result<(), Trouble> {
    let mut unnamed = pod("a");
    if let Some(metadata) = unnamed.pointer_mut("/metadata") {
        *metadata = json!({"generateName": "web-"});
    }
    let created = it.api.post(&it.pods(), &unnamed)?.created()?;
    let name = created.is("/metadata/generateName", "web-")?.name()?;
    ensure(name.starts_with("web-") && name.len() == 9, || created.trouble("five characters should follow"))
}

pub(super) fn a_get_gives_what_the_create_gave(it: &Subject<'_>) -> Result<(), Trouble> {
    for (target, created) in [(it.pod("a"), it.create_pod("a")?), (it.lease("a"), it.create_lease("a")?)] {
        let got = it.api.get(&target)?.ok()?;
        ensure(got.value() == created.value(), || got.trouble(&format!("should be {}", created.value())))?;
    }
    Ok(())
}

pub(super) fn lists_have_a_kind_and_their_items_none(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    it.create_lease("a")?;
    for (target, kind, version) in [(it.pods(), "PodList", "v1"), (it.leases(), "LeaseList", "coordination.k8s.io/v1")]
    {
        let list = it.api.get(&target)?.ok()?;
        list.is("/kind", kind)?.is("/apiVersion", version)?.lists(&["a"])?;
        list.lacks("/metadata/continue")?.lacks("/metadata/remainingItemCount")?.version()?;
        list.lacks("/items/0/kind")?.lacks("/items/0/apiVersion")?;
    }
    Ok(())
}

pub(super) fn a_list_is_in_the_order_of_names(it: &Subject<'_>) -> Result<(), Trouble> {
    for name in ["b", "a-1", "c", "a"] {
        it.create_pod(name)?;
    }
    it.list(&[])?.lists(&["a", "a-1", "b", "c"])?;
    Ok(())
}

pub(super) fn a_list_item_is_the_object_without_kind(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.create_pod("a")?;
    let list = it.list(&[])?;
    let item = Json::new("", created.without("/kind")).without("/apiVersion");
    list.is("/items/0", item)?;
    Ok(())
}

pub(super) fn an_empty_list_has_items_and_a_version(it: &Subject<'_>) -> Result<(), Trouble> {
    let list = it.list(&[])?;
    list.is("/kind", "PodList")?.is("/items", json!([]))?.version()?;
    Ok(())
}

pub(super) fn a_namespace_that_is_missing_lists_as_empty(it: &Subject<'_>) -> Result<(), Trouble> {
    let list = it.api.get("/api/v1/namespaces/nowhere/pods")?.ok()?;
    list.is("/items", json!([]))?;
    Ok(())
}

pub(super) fn a_list_of_all_namespaces_has_this_one(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let list = it.api.get("/api/v1/pods")?.ok()?;
    let here = json!(it.namespace());
    let mine: Vec<_> =
        list.items()?.into_iter().filter(|item| item.at("/metadata/namespace").is_ok_and(|it| *it == here)).collect();
    ensure(mine.len() == 1, || list.trouble("one of the items should be here"))
}

pub(super) fn a_missing_object_is_404_for_every_verb(it: &Subject<'_>) -> Result<(), Trouble> {
    let patch = json!({"metadata": {"labels": {"app": "web"}}});
    for answer in [
        it.api.get(&it.pod("none"))?,
        it.api.delete(&it.pod("none"))?,
        it.api.patch(&it.pod("none"), &patch)?,
        it.api.put(&it.pod("none"), &pod("none"))?,
    ] {
        let status = answer.refused(404, "NotFound")?;
        status.is("/message", "pods \"none\" not found")?;
        status.is("/details", json!({"name": "none", "kind": "pods"}))?.is("/metadata", json!({}))?;
    }
    for answer in
        [it.api.get(&it.lease("none"))?, it.api.delete(&it.lease("none"))?, it.api.patch(&it.lease("none"), &patch)?]
    {
        let status = answer.refused(404, "NotFound")?;
        status.is("/message", "leases.coordination.k8s.io \"none\" not found")?;
        status.is("/details", json!({"name": "none", "group": "coordination.k8s.io", "kind": "leases"}))?;
    }
    Ok(())
}

pub(super) fn a_namespace_that_is_missing_takes_no_objects(it: &Subject<'_>) -> Result<(), Trouble> {
    for (target, object) in [
        ("/api/v1/namespaces/nowhere/pods", pod("a")),
        ("/apis/coordination.k8s.io/v1/namespaces/nowhere/leases", lease("a")),
    ] {
        let status = it.api.post(target, &object)?.refused(404, "NotFound")?;
        status.is("/message", "namespaces \"nowhere\" not found")?;
        status.is("/details", json!({"name": "nowhere", "kind": "namespaces"}))?;
    }
    Ok(())
}

pub(super) fn a_replaced_lease_keeps_its_identity_and_gets_a_version(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_lease("a")?;
    let new = it.api.put(&it.lease("a"), &old.with("/spec/holderIdentity", "node-2")?)?.ok()?;
    new.is("/spec/holderIdentity", "node-2")?.is("/metadata/uid", old.uid()?)?;
    new.is("/metadata/creationTimestamp", old.text("/metadata/creationTimestamp")?)?;
    ensure(new.version()? > old.version()?, || new.trouble("the resourceVersion should have grown"))?;
    it.api.get(&it.lease("a"))?.ok()?.is("", new.value().clone())?;
    Ok(())
}

pub(super) fn a_replaced_pod_has_only_what_was_sent(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_labelled("a", json!({"app": "web", "old": "1"}))?;
    let new = it.api.put(&it.pod("a"), &old.with("/metadata/labels", json!({"app": "db"}))?)?.ok()?;
    new.is("/metadata/labels", json!({"app": "db"}))?.is("/metadata/generation", 1)?;
    Ok(())
}

pub(super) fn a_merge_patch_adds_changes_and_removes(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_labelled("a", json!({"app": "web", "old": "1", "kept": "yes"}))?;
    let new = it.label("a", json!({"app": "db", "old": null, "new": "2"}))?;
    new.is("/metadata/labels", json!({"app": "db", "new": "2", "kept": "yes"}))?.is("/kind", "Pod")?;
    ensure(new.version()? > old.version()?, || new.trouble("the resourceVersion should have grown"))
}

pub(super) fn a_status_patch_changes_the_status_and_the_version_alone(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_pod("a")?;
    let patch = json!({"status": {"phase": "Running", "podIP": "10.1.0.1", "podIPs": [{"ip": "10.1.0.1"}]}});
    let new = it.api.patch(&format!("{}/status", it.pod("a")), &patch)?.ok()?;
    new.is("/kind", "Pod")?.is("/status/phase", "Running")?.is("/status/podIP", "10.1.0.1")?;
    new.is("/metadata/generation", 1)?.is("/metadata/uid", old.uid()?)?.is("/spec", old.at("/spec")?.clone())?;
    ensure(new.version()? > old.version()?, || new.trouble("the resourceVersion should have grown"))
}

pub(super) fn a_status_can_be_replaced(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_labelled("a", json!({"app": "web"}))?;
    let target = format!("{}/status", it.pod("a"));
    let new = it.api.put(&target, &old.with("/status", json!({"phase": "Running"}))?)?.ok()?;
    new.is("/status/phase", "Running")?.is("/metadata/labels/app", "web")?;
    it.api.put(&target, old.value())?.refused(409, "Conflict")?;
    Ok(())
}

pub(super) fn a_status_is_read_as_the_whole_pod(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.create_pod("a")?;
    it.api.get(&format!("{}/status", it.pod("a")))?.ok()?.is("", created.value().clone())?;
    Ok(())
}

pub(super) fn a_patch_of_a_pod_leaves_its_status_alone(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_pod("a")?;
    let new = it.api.patch(&it.pod("a"), &json!({"status": {"phase": "Running"}}))?.ok()?;
    new.is("/status/phase", "Pending")?;
    ensure(new.version()? == old.version()?, || new.trouble("nothing should have been written"))
}

pub(super) fn a_status_patch_leaves_the_spec_alone(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_pod("a")?;
    let patch = json!({"spec": {"hostname": "other"}, "status": {"phase": "Running"}});
    let new = it.api.patch(&format!("{}/status", it.pod("a")), &patch)?.ok()?;
    new.is("/spec", old.at("/spec")?.clone())?.is("/status/phase", "Running")?;
    Ok(())
}

pub(super) fn a_created_pod_has_no_status_of_its_own(it: &Subject<'_>) -> Result<(), Trouble> {
    let running = Json::new("", pod("a")).with("/status", json!({"phase": "Running", "podIP": "10.1.0.1"}))?;
    let created = it.api.post(&it.pods(), &running)?.created()?;
    created.is("/status/phase", "Pending")?.lacks("/status/podIP")?;
    Ok(())
}

pub(super) fn a_deleted_pod_on_a_node_is_terminating(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.create_pod("a")?;
    let deleted = it.api.delete(&it.pod("a"))?.ok()?;
    deleted.is("/kind", "Pod")?.is("/metadata/deletionGracePeriodSeconds", 30)?;
    deleted.is("/metadata/generation", 2)?.is("/metadata/uid", old.uid()?)?;
    is_in_seconds(&deleted, "/metadata/deletionTimestamp")?;
    ensure(deleted.version()? > old.version()?, || deleted.trouble("the resourceVersion should have grown"))?;
    it.api.get(&it.pod("a"))?.ok()?.is("", deleted.value().clone())?;
    Ok(())
}

pub(super) fn a_pod_that_is_terminating_may_be_deleted_again(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let once = it.api.delete(&it.pod("a"))?.ok()?;
    let twice = it.api.delete(&it.pod("a"))?.ok()?;
    twice.is("/metadata", once.at("/metadata")?.clone())?;
    Ok(())
}

pub(super) fn a_deletion_without_grace_is_at_once(it: &Subject<'_>) -> Result<(), Trouble> {
    for name in ["a", "b"] {
        it.create_pod(name)?;
    }
    let deleted = it.api.delete_with(&it.pod("a"), &at_once())?.ok()?;
    deleted.is("/kind", "Pod")?.is("/metadata/name", "a")?;
    it.api.get(&it.pod("a"))?.refused(404, "NotFound")?;
    // The options may be parameters as well.
    it.api.delete(&format!("{}?gracePeriodSeconds=0", it.pod("b")))?.ok()?;
    it.api.get(&it.pod("b"))?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) fn a_deleted_pod_on_no_node_is_gone_at_once(it: &Subject<'_>) -> Result<(), Trouble> {
    let unscheduled = Json::new("", pod("a")).without("/spec/nodeName");
    it.api.post(&it.pods(), &unscheduled)?.created()?;
    it.api.delete(&it.pod("a"))?.ok()?;
    it.api.get(&it.pod("a"))?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) fn a_deleted_lease_is_gone_and_its_uid_is_told(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.create_lease("a")?;
    let status = it.api.delete(&it.lease("a"))?.ok()?;
    status.is("/kind", "Status")?.is("/status", "Success")?;
    status.is(
        "/details",
        json!({
            "name": "a", "group": "coordination.k8s.io", "kind": "leases", "uid": created.uid()?,
        }),
    )?;
    it.api.get(&it.lease("a"))?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) fn an_object_that_is_made_again_has_another_uid(it: &Subject<'_>) -> Result<(), Trouble> {
    let first = it.create_lease("a")?;
    it.api.delete(&it.lease("a"))?.ok()?;
    let second = it.create_lease("a")?;
    ensure(first.uid()? != second.uid()?, || second.trouble("the uid should be another"))?;
    ensure(first.version()? < second.version()?, || second.trouble("the resourceVersion should have grown"))
}

pub(super) fn a_deletion_may_say_how_it_goes_on(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
    it.api.delete_with(&it.lease("a"), &options)?.ok()?.is("/status", "Success")?;
    it.api.get(&it.lease("a"))?.refused(404, "NotFound")?;
    Ok(())
}

pub(super) fn a_service_gets_its_defaults(it: &Subject<'_>) -> Result<(), Trouble> {
    let services = format!("/api/v1/namespaces/{}/services", it.namespace());
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"clusterIP": "None", "selector": {"app": "web"}, "ports": [{"port": 7946}]},
    });
    let created = it.api.post(&services, &service)?.created()?;
    created.is("/kind", "Service")?.is("/apiVersion", "v1")?.is("/spec/clusterIP", "None")?;
    created.is("/spec/ports", json!([{"protocol": "TCP", "port": 7946, "targetPort": 7946}]))?;
    created.is("/spec/type", "ClusterIP")?.is("/spec/selector", json!({"app": "web"}))?;
    it.api.get(&services)?.ok()?.is("/kind", "ServiceList")?.lists(&["web"])?;
    it.api.get(&format!("{services}/web"))?.ok()?.is("/metadata/uid", created.uid()?)?;
    Ok(())
}

pub(super) fn slices_can_be_made_by_hand(it: &Subject<'_>) -> Result<(), Trouble> {
    let slices = format!("/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices", it.namespace());
    let slice = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": "mine", "labels": {"kubernetes.io/service-name": "none"}},
        "addressType": "IPv4", "endpoints": [{"addresses": ["10.1.0.1"]}], "ports": [],
    });
    let created = it.api.post(&slices, &slice)?.created()?;
    created.is("/kind", "EndpointSlice")?.is("/metadata/generation", 1)?.is("/addressType", "IPv4")?;
    created.is("/endpoints", json!([{"addresses": ["10.1.0.1"], "conditions": {}}]))?;
    Ok(())
}

pub(super) fn events_are_objects_too(it: &Subject<'_>) -> Result<(), Trouble> {
    let events = format!("/api/v1/namespaces/{}/events", it.namespace());
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "a."},
        "involvedObject": {"kind": "Pod", "namespace": it.namespace(), "name": "a"},
        "type": "Normal", "reason": "Elected", "message": "a leads",
    });
    let created = it.api.post(&events, &event)?.created()?;
    created.is("/kind", "Event")?.is("/reason", "Elected")?;
    it.api.get(&events)?.ok()?.is("/kind", "EventList")?.lists(&[created.name()?])?;
    Ok(())
}
