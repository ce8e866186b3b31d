//! Lists in pages.

use std::time::Duration;

use serde_json::json;

use super::http::query;
use super::json::Json;
use super::subject::{Subject, ensure};
use crate::eventually::eventually;
use crate::trouble::Trouble;

/// The real server looks every 15 s which states are gone.
const EXPIRY_LIMIT: Duration = Duration::from_secs(40);

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

fn fill(it: &Subject<'_>) -> Result<(), Trouble> {
    for name in NAMES {
        it.create_labelled(name, json!({"app": "web"}))?;
    }
    Ok(())
}

/// All pages, from the first on.
fn pages(it: &Subject<'_>, parameters: &[(&str, &str)]) -> Result<Vec<Json>, Trouble> {
    let mut pages = vec![it.list(parameters)?];
    while let Some(token) = pages.last().and_then(|page| page.text("/metadata/continue").ok()) {
        let next = it.list(&[parameters, &[("continue", token)]].concat())?;
        pages.push(next);
    }
    Ok(pages)
}

pub(super) fn pages_have_everything_once_in_order_of_one_version(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    let pages = pages(it, &[("limit", "2")])?;
    let [first, second, third] = pages.as_slice() else {
        return Err(Trouble::new(format!("three pages were expected, not {pages:?}")));
    };
    first.lists(&["a", "b"])?.is("/metadata/remainingItemCount", 3)?;
    second.lists(&["c", "d"])?.is("/metadata/remainingItemCount", 1)?;
    third.lists(&["e"])?.lacks("/metadata/remainingItemCount")?.lacks("/metadata/continue")?;
    let version = first.text("/metadata/resourceVersion")?;
    second.is("/metadata/resourceVersion", version)?;
    third.is("/metadata/resourceVersion", version)?;
    Ok(())
}

pub(super) fn a_page_that_has_everything_is_the_last(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    let list = it.list(&[("limit", "5")])?;
    list.lists(&NAMES)?.lacks("/metadata/continue")?.lacks("/metadata/remainingItemCount")?;
    Ok(())
}

pub(super) fn pages_with_a_selector_do_not_count_what_remains(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    it.label("b", json!({"app": "db"}))?;
    let pages = pages(it, &[("limit", "2"), ("labelSelector", "app=web")])?;
    let [first, second] = pages.as_slice() else {
        return Err(Trouble::new(format!("two pages were expected, not {pages:?}")));
    };
    first.lists(&["a", "c"])?.lacks("/metadata/remainingItemCount")?;
    second.lists(&["d", "e"])?;
    Ok(())
}

pub(super) fn later_pages_show_the_state_of_the_first(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    let first = it.list(&[("limit", "2")])?;
    it.remove_pod("d")?;
    it.create_pod("f")?;
    let token = first.text("/metadata/continue")?;
    it.list(&[("limit", "10"), ("continue", token)])?.lists(&["c", "d", "e"])?;
    // A token is no secret of one client, nor for once.
    it.list(&[("continue", token)])?.lists(&["c", "d", "e"])?;
    Ok(())
}

pub(super) fn a_garbage_token_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let answer = it.api.get(&query(&it.pods(), &[("limit", "2"), ("continue", "garbage")]))?;
    answer.refused(400, "BadRequest")?.mentions("/message", "invalid continue token: continue key is not valid: ")?;
    Ok(())
}

pub(super) fn a_token_and_a_version_are_400(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    let first = it.list(&[("limit", "2")])?;
    let version = first.text("/metadata/resourceVersion")?;
    let token = first.text("/metadata/continue")?;
    let answer = it.api.get(&query(&it.pods(), &[("resourceVersion", version), ("continue", token)]))?;
    answer
        .refused(400, "BadRequest")?
        .is("/message", "specifying resource version is not allowed when using continue")?;
    Ok(())
}

pub(super) fn an_expired_token_is_410_with_a_token_for_the_rest_as_it_is_now(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    let first = it.list(&[("limit", "2")])?;
    it.remove_pod("d")?;
    it.server().compact()?;
    let target = query(&it.pods(), &[("limit", "2"), ("continue", first.text("/metadata/continue")?)]);
    let expired = eventually("the token has expired", EXPIRY_LIMIT, || {
        let answer = it.api.get(&target)?;
        Ok((answer.status() != 200).then_some(answer))
    })?;
    let status = expired.refused(410, "Expired")?;
    status.mentions(
        "/message",
        "The provided continue parameter is too old to display a consistent list result. You can start a new list \
         without the continue parameter",
    )?;
    let rest = it.list(&[("limit", "2"), ("continue", status.text("/metadata/continue")?)])?;
    rest.lists(&["c", "e"])?;
    ensure(rest.version()? > first.version()?, || rest.trouble("the rest should be as it is now"))
}

pub(super) fn an_exact_version_from_before_a_compaction_is_410(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    let old = it.list(&[])?;
    it.remove_pod("d")?;
    it.server().compact()?;
    let version = old.text("/metadata/resourceVersion")?;
    let target = query(&it.pods(), &[("resourceVersion", version), ("resourceVersionMatch", "Exact")]);
    let expired = eventually("the version has expired", EXPIRY_LIMIT, || {
        let answer = it.api.get(&target)?;
        Ok((answer.status() != 200).then_some(answer))
    })?;
    let status = expired.refused(410, "Expired")?;
    status.is("/message", "The resourceVersion for the provided list is too old.")?.is("/metadata", json!({}))?;
    Ok(())
}
