//! Who may do what.

use std::time::Duration;

use serde_json::json;

use super::Right;
use super::http::{Answer, Api, query};
use super::subject::{Subject, ensure, lease, pod};
use crate::eventually::eventually;
use crate::trouble::Trouble;

/// How long changed rights may take to be known.
const RIGHTS_LIMIT: Duration = Duration::from_secs(20);

const READ_PODS: Right = Right { group: "", resource: "pods", verbs: &["get", "list", "watch"] };

fn until(what: &str, api: &Api, target: &str, status: u16) -> Result<Answer, Trouble> {
    eventually(what, RIGHTS_LIMIT, || {
        let answer = api.get(target)?;
        Ok((answer.status() == status).then_some(answer))
    })
}

fn is_forbidden(
    answer: &Answer,
    resource: &str,
    rest: &str,
    user: &str,
    details: serde_json::Value,
) -> Result<(), Trouble> {
    let status = answer.refused(403, "Forbidden")?;
    status.is("/message", format!("{resource} is forbidden: User \"{user}\" cannot {rest}"))?;
    status.is("/details", details)?;
    Ok(())
}

pub(super) fn a_403_says_who_may_not_do_what_where(it: &Subject<'_>) -> Result<(), Trouble> {
    let (reader, user, here) = (it.reader()?, it.user(), it.namespace());
    let pods = || json!({"kind": "pods"});
    let list = format!("list resource \"pods\" in API group \"\" in the namespace \"{here}\"");
    is_forbidden(&reader.get(&it.pods())?, "pods", &list, &user, pods())?;
    let watch = format!("watch resource \"pods\" in API group \"\" in the namespace \"{here}\"");
    is_forbidden(&reader.get(&it.watch_target(&[]))?, "pods", &watch, &user, pods())?;
    let get = format!("get resource \"pods\" in API group \"\" in the namespace \"{here}\"");
    let named = json!({"name": "a", "kind": "pods"});
    is_forbidden(&reader.get(&it.pod("a"))?, "pods \"a\"", &get, &user, named)?;
    let elsewhere = "list resource \"pods\" in API group \"\" in the namespace \"default\"";
    is_forbidden(&reader.get("/api/v1/namespaces/default/pods")?, "pods", elsewhere, &user, pods())?;
    let everywhere = "list resource \"pods\" in API group \"\" at the cluster scope";
    is_forbidden(&reader.get("/api/v1/pods")?, "pods", everywhere, &user, pods())
}

pub(super) fn a_403_names_the_group_of_the_resource(it: &Subject<'_>) -> Result<(), Trouble> {
    let (reader, user, here) = (it.reader()?, it.user(), it.namespace());
    let (resource, group) = ("leases.coordination.k8s.io", "coordination.k8s.io");
    let details = json!({"group": group, "kind": "leases"});
    let create = format!("create resource \"leases\" in API group \"{group}\" in the namespace \"{here}\"");
    is_forbidden(&reader.post(&it.leases(), &lease("a"))?, resource, &create, &user, details)?;
    let named = || json!({"name": "a", "group": group, "kind": "leases"});
    let update = format!("update resource \"leases\" in API group \"{group}\" in the namespace \"{here}\"");
    let resource = format!("{resource} \"a\"");
    is_forbidden(&reader.put(&it.lease("a"), &lease("a"))?, &resource, &update, &user, named())?;
    let patch = format!("patch resource \"leases\" in API group \"{group}\" in the namespace \"{here}\"");
    is_forbidden(&reader.patch(&it.lease("a"), &json!({}))?, &resource, &patch, &user, named())?;
    let delete = format!("delete resource \"leases\" in API group \"{group}\" in the namespace \"{here}\"");
    is_forbidden(&reader.delete(&it.lease("a"))?, &resource, &delete, &user, named())
}

pub(super) fn a_403_names_the_subresource(it: &Subject<'_>) -> Result<(), Trouble> {
    let (reader, user, here) = (it.reader()?, it.user(), it.namespace());
    let answer = reader.patch(&format!("{}/status", it.pod("a")), &json!({}))?;
    let patch = format!("patch resource \"pods/status\" in API group \"\" in the namespace \"{here}\"");
    is_forbidden(&answer, "pods \"a\"", &patch, &user, json!({"name": "a", "kind": "pods"}))
}

pub(super) fn a_resource_that_nobody_knows_is_403_for_whoever_may_not(it: &Subject<'_>) -> Result<(), Trouble> {
    let (reader, user) = (it.reader()?, it.user());
    let answer = reader.get("/apis/none.example/v1/foos")?;
    let list = "list resource \"foos\" in API group \"none.example\" at the cluster scope";
    let details = json!({"group": "none.example", "kind": "foos"});
    is_forbidden(&answer, "foos.none.example", list, &user, details)
}

pub(super) fn rights_hold_for_their_namespace_resource_and_verbs(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let reader = it.reader()?;
    it.set_rights(&[Right { verbs: &["list"], ..READ_PODS }])?;
    until("pods may be listed", &reader, &it.pods(), 200)?.ok()?.lists(&["a"])?;
    reader.get(&it.pod("a"))?.refused(403, "Forbidden")?;
    reader.get(&it.watch_target(&[]))?.refused(403, "Forbidden")?;
    reader.get(&it.leases())?.refused(403, "Forbidden")?;
    reader.get("/api/v1/namespaces/default/pods")?.refused(403, "Forbidden")?;
    reader.get("/api/v1/pods")?.refused(403, "Forbidden")?;
    Ok(())
}

pub(super) fn rights_can_be_taken_away_and_given_back(it: &Subject<'_>) -> Result<(), Trouble> {
    let reader = it.reader()?;
    it.set_rights(&[READ_PODS])?;
    until("pods may be listed", &reader, &it.pods(), 200)?;
    it.set_rights(&[])?;
    until("pods may not be listed", &reader, &it.pods(), 403)?.refused(403, "Forbidden")?;
    it.set_rights(&[READ_PODS])?;
    until("pods may be listed again", &reader, &it.pods(), 200)?;
    Ok(())
}

pub(super) fn an_open_watch_outlives_its_rights(it: &Subject<'_>) -> Result<(), Trouble> {
    let reader = it.reader()?;
    it.set_rights(&[READ_PODS])?;
    until("pods may be listed", &reader, &it.pods(), 200)?;
    let mut watch = reader.watch(&it.watch_target(&[]))?;
    it.set_rights(&[])?;
    until("pods may not be listed", &reader, &it.pods(), 403)?;
    it.create_pod("a")?;
    watch.event_of("ADDED", "a")?;
    Ok(())
}

fn is_unauthorized(answer: &Answer) -> Result<(), Trouble> {
    let status = answer.refused(401, "Unauthorized")?;
    status.is(
        "",
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
        }),
    )?;
    Ok(())
}

pub(super) fn a_bad_and_an_expired_token_are_401(it: &Subject<'_>) -> Result<(), Trouble> {
    it.reader()?;
    for api in [Api::new(it.server().bearer("nonsense")?)?, it.reader_for(-5)?] {
        is_unauthorized(&api.get(&it.pods())?)?;
        is_unauthorized(&api.get(&it.watch_target(&[]))?)?;
        // Also where there is nothing.
        is_unauthorized(&api.get("/nothing")?)?;
    }
    Ok(())
}

pub(super) fn whoever_has_no_token_is_anonymous(it: &Subject<'_>) -> Result<(), Trouble> {
    let (stranger, user, here) = (Api::new(it.server().anonymous()?)?, "system:anonymous", it.namespace());
    let list = format!("list resource \"pods\" in API group \"\" in the namespace \"{here}\"");
    is_forbidden(&stranger.get(&it.pods())?, "pods", &list, user, json!({"kind": "pods"}))?;
    let create = format!("create resource \"pods\" in API group \"\" in the namespace \"{here}\"");
    is_forbidden(&stranger.post(&it.pods(), &pod("a"))?, "pods", &create, user, json!({"kind": "pods"}))?;
    for path in ["/api", "/apis", "/nothing"] {
        let status = stranger.get(path)?.refused(403, "Forbidden")?;
        status
            .is("/message", format!("forbidden: User \"{user}\" cannot get path \"{path}\""))?
            .is("/details", json!({}))?;
    }
    // Whether the server lives, and which it is, is no secret.
    for path in ["/healthz", "/livez", "/readyz", "/version"] {
        let answer = stranger.get(path)?;
        ensure(answer.status() == 200, || answer.trouble("everybody may see it"))?;
    }
    Ok(())
}

pub(super) fn an_open_watch_outlives_its_token(it: &Subject<'_>) -> Result<(), Trouble> {
    it.reader()?;
    it.set_rights(&[READ_PODS])?;
    let short = it.reader_for(5)?;
    until("pods may be listed", &short, &it.pods(), 200)?;
    let mut watch = short.watch(&query(&it.pods(), &[("watch", "true")]))?;
    is_unauthorized(&until("the token has expired", &short, &it.pods(), 401)?)?;
    it.create_pod("a")?;
    watch.event_of("ADDED", "a")?;
    it.remove_pod("a")?;
    watch.removal_of("a")?;
    Ok(())
}
