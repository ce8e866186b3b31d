//! Changes as they are told.

use serde_json::json;

use super::http::query;
use super::json::Json;
use super::subject::{Subject, ensure, pod};
use crate::trouble::Trouble;

pub(super) fn changes_come_in_order_as_whole_objects(it: &Subject<'_>) -> Result<(), Trouble> {
    let mut watch = it.watch_from_now()?;
    let created = it.create_pod("a")?;
    let changed = it.label("a", json!({"app": "web"}))?;
    it.remove_pod("a")?;
    watch.event("ADDED")?.is("", created.value().clone())?;
    watch.event("MODIFIED")?.is("", changed.value().clone())?;
    let deleted = watch.removal_of("a")?;
    deleted.is("/kind", "Pod")?.is("/apiVersion", "v1")?.is("/metadata/uid", created.uid()?)?;
    Ok(())
}

pub(super) fn changes_since_a_list_are_told_later(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("before")?;
    let now = it.list(&[])?;
    it.create_pod("a")?;
    it.create_pod("b")?;
    it.remove_pod("a")?;
    let mut watch = it.watch(&[("resourceVersion", now.text("/metadata/resourceVersion")?)])?;
    watch.event_of("ADDED", "a")?;
    watch.event_of("ADDED", "b")?;
    watch.removal_of("a")?;
    Ok(())
}

pub(super) fn leases_are_watched_too(it: &Subject<'_>) -> Result<(), Trouble> {
    let target = query(&it.leases(), &[("watch", "true"), ("fieldSelector", "metadata.name=a")]);
    it.create_lease("b")?;
    let created = it.create_lease("a")?;
    let mut watch = it.api.watch(&target)?;
    watch.event("ADDED")?.is("", created.value().clone())?;
    let renewed = created.with("/spec/renewTime", "2026-11-20T18:05:00.000001Z")?;
    let renewed = it.api.put(&it.lease("a"), &renewed)?.ok()?;
    watch.event("MODIFIED")?.is("", renewed.value().clone())?;
    it.api.delete(&it.lease("a"))?.ok()?;
    watch.event_of("DELETED", "a")?;
    Ok(())
}

pub(super) fn a_write_that_changes_nothing_is_not_told(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.create_pod("a")?;
    let mut watch = it.watch_from_now()?;
    it.api.put(&it.pod("a"), created.value())?.ok()?;
    it.label("a", json!({"app": "web"}))?;
    watch.event_of("MODIFIED", "a")?.is("/metadata/labels/app", "web")?;
    Ok(())
}

pub(super) fn a_change_of_status_is_told(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let mut watch = it.watch_from_now()?;
    let patched = it.api.patch(&format!("{}/status", it.pod("a")), &json!({"status": {"phase": "Running"}}))?.ok()?;
    watch.event("MODIFIED")?.is("", patched.value().clone())?;
    Ok(())
}

pub(super) fn a_deletion_with_grace_is_a_change_and_its_end_a_deletion(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let mut watch = it.watch_from_now()?;
    it.api.delete(&it.pod("a"))?.ok()?;
    watch.event_of("MODIFIED", "a")?.is("/metadata/deletionGracePeriodSeconds", 30)?;
    it.remove_pod("a")?;
    let deleted = watch.removal_of("a")?;
    deleted.is("/metadata/generation", 2)?;
    Ok(())
}

pub(super) fn a_pod_whose_labels_leave_the_selector_is_deleted_and_added_again(
    it: &Subject<'_>,
) -> Result<(), Trouble> {
    it.create_labelled("a", json!({"app": "web"}))?;
    let now = it.list(&[])?.version()?.to_string();
    let mut watch = it.watch(&[("labelSelector", "app=web"), ("resourceVersion", &now)])?;
    let left = it.label("a", json!({"app": "db"}))?;
    // It is told as it was, with the version of the change.
    let deleted = watch.event_of("DELETED", "a")?;
    deleted.is("/metadata/resourceVersion", left.text("/metadata/resourceVersion")?)?;
    deleted.is("/metadata/labels/app", "web")?;
    it.label("a", json!({"unseen": "yes"}))?;
    let back = it.label("a", json!({"app": "web"}))?;
    watch.event("ADDED")?.is("", back.value().clone())?;
    it.label("a", json!({"seen": "yes"}))?;
    watch.event_of("MODIFIED", "a")?;
    Ok(())
}

pub(super) fn one_object_can_be_watched_by_its_name(it: &Subject<'_>) -> Result<(), Trouble> {
    let mut watch = it.watch(&[("fieldSelector", "metadata.name=b"), ("resourceVersion", "0")])?;
    it.create_pod("a")?;
    it.create_pod("b")?;
    watch.event_of("ADDED", "b")?;
    it.remove_pod("a")?;
    it.remove_pod("b")?;
    watch.removal_of("b")?;
    Ok(())
}

pub(super) fn a_watch_of_all_namespaces_has_this_one(it: &Subject<'_>) -> Result<(), Trouble> {
    let now = it.list(&[])?.version()?.to_string();
    let parameters = [("watch", "true"), ("labelSelector", it.namespace()), ("resourceVersion", &now)];
    let mut watch = it.api.watch(&query("/api/v1/pods", &parameters))?;
    it.create_labelled("a", json!({it.namespace(): ""}))?;
    watch.event_of("ADDED", "a")?.is("/metadata/namespace", it.namespace())?;
    Ok(())
}

pub(super) fn a_watch_from_any_version_begins_with_what_there_is(it: &Subject<'_>) -> Result<(), Trouble> {
    for name in ["b", "a"] {
        it.create_pod(name)?;
    }
    let now = it.list(&[])?.version()?.to_string();
    // So that the cache has come along.
    it.list(&[("resourceVersion", &now)])?;
    for parameters in [&[][..], &[("resourceVersion", "0")]] {
        let mut watch = it.watch(parameters)?;
        watch.event_of("ADDED", "a")?;
        watch.event_of("ADDED", "b")?;
        it.label("a", json!({"round": parameters.len().to_string()}))?;
        watch.event_of("MODIFIED", "a")?;
    }
    Ok(())
}

pub(super) fn initial_events_end_with_a_bookmark(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let second = it.create_pod("b")?;
    let mut watch = it.watch(&[
        ("sendInitialEvents", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("allowWatchBookmarks", "true"),
    ])?;
    watch.event_of("ADDED", "a")?;
    watch.event_of("ADDED", "b")?;
    let bookmark = watch.event("BOOKMARK")?;
    bookmark.is("/kind", "Pod")?.is("/apiVersion", "v1")?;
    bookmark.is("/metadata/annotations", json!({"k8s.io/initial-events-end": "true"}))?;
    bookmark.lacks("/metadata/name")?;
    ensure(bookmark.version()? >= second.version()?, || bookmark.trouble("the bookmark is older than an object"))?;
    it.create_pod("c")?;
    watch.event_of("ADDED", "c")?;
    Ok(())
}

pub(super) fn bookmarks_from_any_version_begin_with_the_one_after_the_initial_events(
    it: &Subject<'_>,
) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let now = it.list(&[])?.version()?.to_string();
    it.list(&[("resourceVersion", &now)])?;
    let mut watch = it.watch(&[("resourceVersion", "0"), ("allowWatchBookmarks", "true")])?;
    watch.event_of("ADDED", "a")?;
    watch.event("BOOKMARK")?.is("/metadata/annotations", json!({"k8s.io/initial-events-end": "true"}))?;
    Ok(())
}

pub(super) fn initial_events_go_by_the_selector(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    it.create_labelled("b", json!({"app": "web"}))?;
    let mut watch = it.watch(&[
        ("labelSelector", "app=web"),
        ("sendInitialEvents", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("allowWatchBookmarks", "true"),
    ])?;
    watch.event_of("ADDED", "b")?;
    watch.event("BOOKMARK")?.at("/metadata/annotations/k8s.io~1initial-events-end")?;
    Ok(())
}

pub(super) fn a_watch_goes_on_from_the_version_of_an_event(it: &Subject<'_>) -> Result<(), Trouble> {
    let mut watch = it.watch_from_now()?;
    it.create_pod("a")?;
    let seen = watch.event_of("ADDED", "a")?;
    it.create_pod("b")?;
    drop(watch);
    let mut watch = it.watch(&[("resourceVersion", seen.text("/metadata/resourceVersion")?)])?;
    watch.event_of("ADDED", "b")?;
    Ok(())
}

pub(super) fn a_pod_on_no_node_is_told_without_grace_before_it_is_gone(it: &Subject<'_>) -> Result<(), Trouble> {
    let unscheduled = Json::new("", pod("a")).without("/spec/nodeName");
    it.api.post(&it.pods(), &unscheduled)?.created()?;
    let mut watch = it.watch_from_now()?;
    it.api.delete(&it.pod("a"))?.ok()?;
    watch.removal_of("a")?;
    Ok(())
}

pub(super) fn two_watches_see_the_same(it: &Subject<'_>) -> Result<(), Trouble> {
    let (mut one, mut other) = (it.watch_from_now()?, it.watch_from_now()?);
    it.create_pod("a")?;
    it.label("a", json!({"app": "web"}))?;
    for kind in ["ADDED", "MODIFIED"] {
        let seen = one.event(kind)?;
        other.event(kind)?.is("", seen.value().clone())?;
    }
    Ok(())
}

pub(super) fn initial_events_may_be_none(it: &Subject<'_>) -> Result<(), Trouble> {
    let mut watch = it.watch(&[
        ("sendInitialEvents", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("allowWatchBookmarks", "true"),
    ])?;
    watch.event("BOOKMARK")?.at("/metadata/annotations/k8s.io~1initial-events-end")?;
    Ok(())
}

pub(super) fn initial_events_want_the_right_parameters(it: &Subject<'_>) -> Result<(), Trouble> {
    let target = it.watch_target(&[("sendInitialEvents", "true")]);
    let status = it.api.get(&target)?.refused(422, "Invalid")?;
    let cause = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    let expected = format!("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: {cause}");
    status.is("/message", expected)?.is("/details/causes/0/field", "resourceVersionMatch")?;
    Ok(())
}

pub(super) fn a_watch_ends_when_it_was_asked_to(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let now = it.list(&[])?.version()?.to_string();
    it.watch(&[("resourceVersion", &now), ("timeoutSeconds", "1")])?.ends()?;
    let mut watch = it.watch(&[("timeoutSeconds", "1")])?;
    watch.event_of("ADDED", "a")?;
    watch.ends()
}

pub(super) fn a_bookmark_comes_before_the_end_if_allowed(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.create_pod("a")?;
    let now = it.list(&[])?.version()?.to_string();
    let ask = || {
        it.watch(&[("resourceVersion", &now), ("timeoutSeconds", "4"), ("allowWatchBookmarks", "true")])?
            .event("BOOKMARK")
    };
    // The real server sends it about two seconds before the end, and not at all when it is too busy just then.
    let bookmark = ask().or_else(|_| ask()).or_else(|_| ask())?;
    bookmark.is("/kind", "Pod")?.lacks("/metadata/annotations")?;
    ensure(bookmark.version()? >= created.version()?, || bookmark.trouble("the bookmark is old"))
}

pub(super) fn a_watch_from_the_future_is_silent(it: &Subject<'_>) -> Result<(), Trouble> {
    let watch = it.watch(&[("resourceVersion", "999999999"), ("timeoutSeconds", "1")])?;
    it.create_pod("a")?;
    watch.ends()
}

pub(super) fn a_watch_from_garbage_is_500(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = it.api.get(&it.watch_target(&[("resourceVersion", "abc")]))?.with_status(500)?;
    status.is("/kind", "Status")?.is("/code", 500)?;
    let expected = "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax";
    status.is("/message", expected)?.lacks("/reason")?;
    Ok(())
}

pub(super) fn a_watch_from_a_forgotten_version_has_one_event_that_says_410(it: &Subject<'_>) -> Result<(), Trouble> {
    let old = it.list(&[])?.version()?.to_string();
    it.create_pod("a")?;
    it.create_pod("b")?;
    it.forget_history()?;
    let mut watch = it.watch(&[("resourceVersion", &old)])?;
    let status = watch.event("ERROR")?;
    status.is("/kind", "Status")?.is("/apiVersion", "v1")?.is("/status", "Failure")?;
    status.is("/reason", "Expired")?.is("/code", 410)?;
    status.mentions("/message", &format!("too old resource version: {old} ("))?;
    watch.ends()?;
    // Whoever lists again can go on.
    it.list(&[])?.lists(&["a", "b"])?;
    let mut watch = it.watch_from_now()?;
    it.create_pod("c")?;
    watch.event_of("ADDED", "c")?;
    Ok(())
}

pub(super) fn initial_events_from_the_future_are_one_event_that_says_504(it: &Subject<'_>) -> Result<(), Trouble> {
    let mut watch = it.watch(&[
        ("resourceVersion", "999999999"),
        ("sendInitialEvents", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("allowWatchBookmarks", "true"),
    ])?;
    let status = watch.event("ERROR")?;
    status.is("/kind", "Status")?.is("/reason", "Timeout")?.is("/code", 504)?;
    status.is("/details/causes/0/reason", "ResourceVersionTooLarge")?;
    watch.ends()
}

pub(super) fn watch_may_be_asked_for_with_1(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let mut watch = it.api.watch(&query(&it.pods(), &[("watch", "1")]))?;
    watch.event_of("ADDED", "a")?;
    Ok(())
}
