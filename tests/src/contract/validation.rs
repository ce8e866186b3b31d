//! What is refused, whatever the state.

use quorate_core::api::Method;
use serde_json::{Value, json};

use super::http::query;
use super::json::Json;
use super::subject::{Subject, lease, pod};
use crate::trouble::Trouble;

fn send(it: &Subject<'_>, content_type: &str, body: &str) -> Result<super::http::Answer, Trouble> {
    it.api.send(Method::Post, &it.leases(), Some((content_type, body.as_bytes())))
}

pub(super) fn an_unknown_content_type_is_415(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = send(it, "text/plain", "hello")?.refused(415, "UnsupportedMediaType")?;
    status.mentions(
        "/message",
        "the body of the request was in an unknown format - accepted media types include: application/json",
    )?;
    Ok(())
}

pub(super) fn a_patch_must_say_of_which_kind_it_is(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let answer = it.api.send(Method::Patch, &it.lease("a"), Some(("application/json", b"{}")))?;
    let status = answer.refused(415, "UnsupportedMediaType")?;
    status.is("/message", "415: Unsupported Media Type")?;
    Ok(())
}

pub(super) fn bad_json_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = send(it, "application/json", "{\"apiVersion\":")?.refused(400, "BadRequest")?;
    status.mentions(
        "/message",
        "the object provided is unrecognized (must be of type Lease): couldn't get version/kind; json parse error: ",
    )?;
    Ok(())
}

pub(super) fn a_patch_of_bad_json_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let answer = it.api.send(Method::Patch, &it.lease("a"), Some((super::http::MERGE_PATCH, b"{\"spec\":")))?;
    let status = answer.refused(400, "BadRequest")?;
    status.is("/message", "error decoding patch: unexpected end of JSON input")?;
    Ok(())
}

pub(super) fn an_object_of_another_kind_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = it.api.post(&it.leases(), &pod("a"))?.refused(400, "BadRequest")?;
    status.mentions("/message", "Pod in version \"v1\" cannot be handled as a Lease: ")?;
    let other = Json::new("", lease("a")).with("/kind", "Pod")?;
    let status = it.api.post(&it.leases(), &other)?.refused(400, "BadRequest")?;
    status.mentions("/message", "no kind \"Pod\" is registered for version \"coordination.k8s.io/v1\"")?;
    Ok(())
}

fn lease_with(path: &str, value: impl Into<Value>) -> Result<Value, Trouble> {
    Json::new("a lease", lease("a")).with(path, value)
}

pub(super) fn a_renew_time_has_six_fractional_digits_or_the_lease_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    for (time, found, wanted) in [
        ("2026-11-20T18:04:58Z", "Z", ".000000"),
        ("2026-11-20T18:04:58.123Z", ".123Z", ".000000"),
        ("2026-11-20T18:04:58.123456789Z", "789Z", "Z07:00"),
    ] {
        let status = it.api.post(&it.leases(), &lease_with("/spec/renewTime", time)?)?.refused(400, "BadRequest")?;
        let expected = format!(
            "Lease in version \"v1\" cannot be handled as a Lease: parsing time \"{time}\" as \
             \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"{found}\" as \"{wanted}\""
        );
        status.is("/message", expected)?;
    }
    Ok(())
}

pub(super) fn a_renew_time_in_another_zone_is_kept_in_utc(it: &Subject<'_>) -> Result<(), Trouble> {
    let elsewhere = lease_with("/spec/renewTime", "2026-11-20T20:04:58.123456+02:00")?;
    let created = it.api.post(&it.leases(), &elsewhere)?.created()?;
    created.is("/spec/renewTime", "2026-11-20T18:04:58.123456Z")?;
    Ok(())
}

pub(super) fn a_field_of_another_type_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let answer = it.api.post(&it.leases(), &lease_with("/spec/leaseDurationSeconds", "15")?)?;
    let beginning = "Lease in version \"v1\" cannot be handled as a Lease: ";
    answer.refused(400, "BadRequest")?.mentions("/message", beginning)?;
    Ok(())
}

/// The whole 422 of a lease with one fault.
fn is_invalid(status: &Json, name: &str, field: &str, cause: &str) -> Result<(), Trouble> {
    status.is("/message", format!("Lease.coordination.k8s.io \"{name}\" is invalid: {field}: {cause}"))?;
    status.is(
        "/details",
        json!({
            "name": name, "group": "coordination.k8s.io", "kind": "Lease",
            "causes": [{"reason": "FieldValueInvalid", "message": cause, "field": field}],
        }),
    )?;
    Ok(())
}

pub(super) fn a_lease_lasts_more_than_no_time(it: &Subject<'_>) -> Result<(), Trouble> {
    for seconds in [-1, 0] {
        let bad = lease_with("/spec/leaseDurationSeconds", seconds)?;
        let status = it.api.post(&it.leases(), &bad)?.refused(422, "Invalid")?;
        let cause = format!("Invalid value: {seconds}: must be greater than 0");
        is_invalid(&status, "a", "spec.leaseDurationSeconds", &cause)?;
    }
    Ok(())
}

pub(super) fn a_lease_has_no_negative_transitions(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = it.api.post(&it.leases(), &lease_with("/spec/leaseTransitions", -1)?)?.refused(422, "Invalid")?;
    let cause = "Invalid value: -1: must be greater than or equal to 0";
    is_invalid(&status, "a", "spec.leaseTransitions", cause)
}

pub(super) fn replacements_and_patches_are_validated_too(it: &Subject<'_>) -> Result<(), Trouble> {
    let good = it.create_lease("a")?;
    let cause = "Invalid value: 0: must be greater than 0";
    for answer in [
        it.api.put(&it.lease("a"), &good.with("/spec/leaseDurationSeconds", 0)?)?,
        it.api.patch(&it.lease("a"), &json!({"spec": {"leaseDurationSeconds": 0}}))?,
    ] {
        is_invalid(&answer.refused(422, "Invalid")?, "a", "spec.leaseDurationSeconds", cause)?;
    }
    Ok(())
}

pub(super) fn all_faults_of_a_lease_are_told_at_once(it: &Subject<'_>) -> Result<(), Trouble> {
    let two = Json::new("", lease_with("/spec/leaseDurationSeconds", 0)?).with("/spec/leaseTransitions", -1)?;
    let status = it.api.post(&it.leases(), &two)?.refused(422, "Invalid")?;
    status.is(
        "/message",
        "Lease.coordination.k8s.io \"a\" is invalid: [spec.leaseDurationSeconds: Invalid value: 0: must be greater \
         than 0, spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0]",
    )?;
    status.at("/details/causes/1")?;
    Ok(())
}

pub(super) fn a_bad_name_is_422(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = it.api.post(&it.leases(), &lease("Bad_Name"))?.refused(422, "Invalid")?;
    let cause = "Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
                 characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', \
                 regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    is_invalid(&status, "Bad_Name", "metadata.name", cause)
}

pub(super) fn no_name_is_422(it: &Subject<'_>) -> Result<(), Trouble> {
    let nameless = lease_with("/metadata", json!({}))?;
    let status = it.api.post(&it.leases(), &nameless)?.refused(422, "Invalid")?;
    status.mentions("/message", "metadata.name: Required value: name or generateName is required")?;
    Ok(())
}

pub(super) fn a_bad_label_is_422(it: &Subject<'_>) -> Result<(), Trouble> {
    let bad = lease_with("/metadata/labels", json!({"app": "not good"}))?;
    let status = it.api.post(&it.leases(), &bad)?.refused(422, "Invalid")?;
    status.is("/details/causes/0/field", "metadata.labels")?;
    status.mentions(
        "/message",
        "metadata.labels: Invalid value: \"not good\": a valid label must be an empty string or",
    )?;
    Ok(())
}

pub(super) fn an_object_for_another_namespace_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let status =
        it.api.post(&it.leases(), &lease_with("/metadata/namespace", "default")?)?.refused(400, "BadRequest")?;
    let expected = "the namespace of the provided object does not match the namespace sent on the request";
    status.is("/message", expected)?;
    Ok(())
}

pub(super) fn a_replacement_with_another_name_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_lease("a")?;
    let status = it.api.put(&it.lease("a"), &lease("b"))?.refused(400, "BadRequest")?;
    status.is("/message", "the name of the object (b) does not match the name on the URL (a)")?;
    Ok(())
}

pub(super) fn an_unknown_field_is_dropped_unless_strictness_is_asked_for(it: &Subject<'_>) -> Result<(), Trouble> {
    let unknown = lease_with("/spec/holder", "node-1")?;
    let strictly = query(&it.leases(), &[("fieldValidation", "Strict")]);
    let status = it.api.post(&strictly, &unknown)?.refused(400, "BadRequest")?;
    let expected =
        "Lease in version \"v1\" cannot be handled as a Lease: strict decoding error: unknown field \"spec.holder\"";
    status.is("/message", expected)?;
    it.api.post(&it.leases(), &unknown)?.created()?.lacks("/spec/holder")?;
    Ok(())
}

pub(super) fn a_pod_has_containers_or_is_422(it: &Subject<'_>) -> Result<(), Trouble> {
    let empty = Json::new("", pod("a")).with("/spec/containers", json!([]))?;
    let status = it.api.post(&it.pods(), &empty)?.refused(422, "Invalid")?;
    status.is("/message", "Pod \"a\" is invalid: spec.containers: Required value")?;
    let causes = json!([{"reason": "FieldValueRequired", "message": "Required value", "field": "spec.containers"}]);
    status.is("/details", json!({"name": "a", "kind": "Pod", "causes": causes}))?;
    Ok(())
}

pub(super) fn a_new_object_has_no_version(it: &Subject<'_>) -> Result<(), Trouble> {
    let answer = it.api.post(&it.leases(), &lease_with("/metadata/resourceVersion", "7")?)?;
    let status = answer.with_status(500)?;
    status.is("/kind", "Status")?.is("/code", 500)?.lacks("/reason")?;
    status.is("/message", "resourceVersion should not be set on objects to be created")?;
    Ok(())
}

pub(super) fn an_empty_body_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = send(it, "application/json", "")?.refused(400, "BadRequest")?;
    status
        .mentions("/message", "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)")?;
    Ok(())
}

pub(super) fn a_body_without_kind_is_taken_for_what_the_path_says(it: &Subject<'_>) -> Result<(), Trouble> {
    let created = it.api.post(&it.leases(), &json!({"metadata": {"name": "a"}}))?.created()?;
    created.is("/kind", "Lease")?.is("/apiVersion", "coordination.k8s.io/v1")?.is("/metadata/name", "a")?;
    Ok(())
}
