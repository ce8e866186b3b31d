//! Lists in pages: put together, begun again when their state is gone, never mixed.

use quorate_core::membership::Source;
use quorate_core::membership::listing::{ListingFailure, ListingOptions};
use quorate_tests::listing_host::ListingHost;
use quorate_tests::recording::Recording;
use serde_json::{Value, json};

use super::{listed, options, start};

/// The third page, which was not recorded: what the whole list has and the first two pages have not.
fn page_3() -> Recording {
    let mut page = Recording::load("pods-list");
    let mut list: Value = serde_json::from_slice(&page.body).unwrap();
    let items = list["items"].as_array_mut().unwrap();
    items.drain(..4);
    assert_eq!(items.len(), 1);
    page.body = serde_json::to_vec(&list).unwrap();
    page
}

fn continue_token(recording: &str) -> String {
    let body: Value = serde_json::from_slice(&Recording::load(recording).body).unwrap();
    body["metadata"]["continue"].as_str().unwrap().to_owned()
}

/// A listing that has got its first page.
fn at_the_second_page(options: ListingOptions) -> ListingHost {
    let mut host = ListingHost::start(options.build().unwrap());
    host.answer(&Recording::load("pods-list-page1"));
    host
}

#[test]
fn pages_make_the_whole_list() {
    let mut host = at_the_second_page(ListingOptions { page_limit: 2, ..options(Source::Pods) });
    host.answer(&Recording::load("pods-list-page2"));
    host.answer(&page_3());
    assert_eq!(host.listed(), Some(&listed(Source::Pods, "pods-list")));
    assert_eq!(host.restarts(), 0);
    let first = "/api/v1/pods?labelSelector=app%3Dweb&limit=2";
    let then = |token| format!("{first}&continue={}", continue_token(token).replace('=', "%3D"));
    assert_eq!(host.targets(), [first.to_owned(), then("pods-list-page1"), then("pods-list-page2")]);
}

#[test]
fn a_page_alone_is_no_list() {
    let mut host = at_the_second_page(options(Source::Pods));
    assert!(host.is_asking() && host.listed().is_none());
    host.answer(&Recording::load("pods-list-page2"));
    assert!(host.is_asking() && host.listed().is_none());
}

#[test]
fn an_expired_token_begins_again_and_the_fresh_one_is_never_used() {
    let mut host = at_the_second_page(options(Source::Pods));
    host.answer(&Recording::load("status-410-continue"));
    assert_eq!(host.restarts(), 1);
    assert_eq!(host.targets().last(), host.targets().first());
    host.answer(&Recording::load("pods-list"));
    assert_eq!(host.listed(), Some(&listed(Source::Pods, "pods-list")));
    let fresh = continue_token("status-410-continue");
    assert!(host.targets().iter().all(|target| !target.contains(&fresh)));
}

#[test]
fn a_page_of_another_state_is_not_mixed_in() {
    let mut host = at_the_second_page(options(Source::Pods));
    host.answer(&Recording::load("list-page2-after-compaction"));
    assert_eq!((host.restarts(), host.targets().last()), (1, host.targets().first()));
    host.answer(&Recording::load("pods-list"));
    assert_eq!(host.listed(), Some(&listed(Source::Pods, "pods-list")));
    assert!(host.targets().iter().all(|target| !target.contains(&continue_token("list-page2-after-compaction"))));
}

#[test]
fn a_token_that_leads_back_to_its_own_page_ends_nowhere() {
    let mut host = at_the_second_page(options(Source::Pods));
    host.answer(&Recording::load("pods-list-page1"));
    assert_eq!(host.restarts(), 1);
}

#[test]
fn a_list_that_keeps_expiring_is_given_up() {
    for gone in ["status-410-continue", "status-410-list-exact"] {
        let mut host = start(Source::Pods);
        while host.is_asking() {
            assert!(host.targets().len() < 20, "it never ends");
            host.answer(&Recording::load("pods-list-page1"));
            host.answer(&Recording::load(gone));
        }
        assert!(matches!(host.error().unwrap().failure, ListingFailure::Unstable { .. }), "{gone}");
    }
}

#[test]
fn what_is_read_again_counts_once_against_the_limit() {
    let mut host = at_the_second_page(ListingOptions { object_limit: 5, ..options(Source::Pods) });
    host.answer(&Recording::load("status-410-continue"));
    host.answer(&Recording::load("pods-list"));
    assert_eq!(host.listed().map(|snapshot| snapshot.objects.len()), Some(5), "{:?}", host.error());
}

#[test]
fn metadata_that_comes_twice_hides_no_token() {
    let mut page = Recording::load("pods-list-page1");
    let whole = page.text().trim_end().strip_suffix('}').unwrap();
    page.body = format!(r#"{whole},"metadata":{{"resourceVersion":"254"}}}}"#).into_bytes();
    let mut host = start(Source::Pods);
    host.answer(&page);
    assert!(host.listed().is_none(), "a page is taken for the whole");
}

#[test]
fn one_object_over_the_limit_is_too_many() {
    let mut host = at_the_second_page(ListingOptions { object_limit: 3, ..options(Source::Pods) });
    host.answer(&Recording::load("pods-list-page2"));
    assert_eq!(host.error().unwrap().failure, ListingFailure::TooManyObjects { limit: 3 });
}

#[test]
fn the_recorded_pages_are_those_of_the_recorded_list() {
    let items = |recording: &Recording| serde_json::from_slice::<Value>(&recording.body).unwrap()["items"].take();
    let pages = ["pods-list-page1", "pods-list-page2"].map(Recording::load);
    let joined: Vec<_> =
        pages.iter().chain([&page_3()]).flat_map(|page| items(page).as_array().unwrap().clone()).collect();
    assert_eq!(json!(joined), items(&Recording::load("pods-list")));
}
