//! Which state a list shows.

use super::http::{Answer, query};
use super::subject::{Subject, ensure};
use crate::trouble::Trouble;

const FUTURE: &str = "999999999";

fn list(it: &Subject<'_>, parameters: &[(&str, &str)]) -> Result<Answer, Trouble> {
    it.api.get(&query(&it.pods(), parameters))
}

pub(super) fn the_version_of_a_list_is_no_less_than_its_items_have(it: &Subject<'_>) -> Result<(), Trouble> {
    for name in ["a", "b", "c"] {
        it.create_pod(name)?;
    }
    let list = it.list(&[])?;
    for item in list.items()? {
        ensure(item.version()? <= list.version()?, || list.trouble("the list is older than an item"))?;
    }
    Ok(())
}

pub(super) fn an_unset_version_shows_what_was_just_written(it: &Subject<'_>) -> Result<(), Trouble> {
    for round in 0..10 {
        let name = format!("a-{round}");
        let created = it.create_pod(&name)?;
        let list = it.list(&[("fieldSelector", &format!("metadata.name={name}"))])?;
        list.lists(&[&name])?;
        ensure(list.version()? >= created.version()?, || list.trouble("the list is older than what was written"))?;
    }
    Ok(())
}

pub(super) fn a_version_is_for_objects_of_every_kind(it: &Subject<'_>) -> Result<(), Trouble> {
    let pod = it.create_pod("a")?;
    let lease = it.create_lease("a")?;
    let other = it.create_pod("b")?;
    let grows = pod.version()? < lease.version()? && lease.version()? < other.version()?;
    ensure(grows, || other.trouble("each write should have a greater version than the one before"))
}

pub(super) fn version_0_is_any_state_and_ignores_the_limit(it: &Subject<'_>) -> Result<(), Trouble> {
    for name in ["a", "b"] {
        it.create_pod(name)?;
    }
    let newest = it.list(&[])?;
    // Not older, so that the cache has come along.
    it.list(&[("resourceVersion", newest.text("/metadata/resourceVersion")?)])?;
    let any = it.list(&[("resourceVersion", "0"), ("limit", "1")])?;
    any.lists(&["a", "b"])?.lacks("/metadata/continue")?;
    Ok(())
}

pub(super) fn a_version_is_a_lower_bound_by_default(it: &Subject<'_>) -> Result<(), Trouble> {
    let first = it.create_pod("a")?;
    let second = it.create_pod("b")?;
    for (version, name) in [(&first, "a"), (&second, "b")] {
        let text = version.text("/metadata/resourceVersion")?;
        for parameters in
            [&[("resourceVersion", text)][..], &[("resourceVersion", text), ("resourceVersionMatch", "NotOlderThan")]]
        {
            let list = it.list(parameters)?;
            ensure(list.version()? >= version.version()?, || list.trouble("the list is older than asked for"))?;
            let names = list.names()?;
            ensure(names.iter().any(|it| it == name), || list.trouble(&format!("{name} should be in it")))?;
        }
    }
    Ok(())
}

pub(super) fn an_exact_version_shows_that_state(it: &Subject<'_>) -> Result<(), Trouble> {
    let first = it.create_pod("a")?;
    it.create_pod("b")?;
    let version = first.text("/metadata/resourceVersion")?;
    let list = it.list(&[("resourceVersion", version), ("resourceVersionMatch", "Exact")])?;
    list.lists(&["a"])?.is("/metadata/resourceVersion", version)?;
    Ok(())
}

pub(super) fn a_version_with_a_limit_is_a_lower_bound_for_the_pages(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let second = it.create_pod("b")?;
    let version = second.text("/metadata/resourceVersion")?;
    let list = it.list(&[("resourceVersion", version), ("resourceVersionMatch", "NotOlderThan"), ("limit", "1")])?;
    ensure(list.version()? >= second.version()?, || list.trouble("the list is older than asked for"))?;
    list.lists(&["a"])?.text("/metadata/continue")?;
    Ok(())
}

pub(super) fn a_version_from_the_future_is_504(it: &Subject<'_>) -> Result<(), Trouble> {
    let answer = list(it, &[("resourceVersion", FUTURE)])?;
    let status = answer.refused(504, "Timeout")?;
    status.mentions("/message", &format!("Timeout: Too large resource version: {FUTURE}, current: "))?;
    status.is("/details/causes/0/reason", "ResourceVersionTooLarge")?;
    status.is("/details/causes/0/message", "Too large resource version")?.is("/details/retryAfterSeconds", 1)?;
    answer.has_header("retry-after", Some("1"))?;
    Ok(())
}

pub(super) fn a_get_from_the_future_is_504(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let answer = it.api.get(&query(&it.pod("a"), &[("resourceVersion", FUTURE)]))?;
    answer.refused(504, "Timeout")?.is("/details/causes/0/reason", "ResourceVersionTooLarge")?;
    Ok(())
}

pub(super) fn a_garbage_version_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let status = list(it, &[("resourceVersion", "abc")])?.refused(400, "BadRequest")?;
    status.mentions("/message", "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\"")?;
    Ok(())
}

pub(super) fn an_exact_match_needs_a_version(it: &Subject<'_>) -> Result<(), Trouble> {
    for parameters in [
        &[("resourceVersionMatch", "Exact")][..],
        &[("resourceVersionMatch", "Exact"), ("resourceVersion", "0")],
        &[("resourceVersionMatch", "Sideways"), ("resourceVersion", "1")],
    ] {
        let answer = list(it, parameters)?;
        answer.refused(422, "Invalid")?.mentions("/message", "resourceVersionMatch")?;
    }
    Ok(())
}

pub(super) fn a_get_at_a_garbage_version_is_500(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_pod("a")?;
    let status = it.api.get(&query(&it.pod("a"), &[("resourceVersion", "abc")]))?.with_status(500)?;
    status.is("/kind", "Status")?.is("/code", 500)?.lacks("/reason")?;
    status.mentions("/message", "resourceVersion: Invalid value: \"abc\": ")?;
    Ok(())
}

pub(super) fn a_parameter_that_should_be_a_number_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    for parameter in ["limit", "timeoutSeconds"] {
        let status = list(it, &[(parameter, "x")])?.refused(400, "BadRequest")?;
        status.is("/message", "strconv.ParseInt: parsing \"x\": invalid syntax")?;
    }
    Ok(())
}
