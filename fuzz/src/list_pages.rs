//! The decoding of list pages, of every source, through the listing machine that reads them.
//!
//! The input is the pages one after another, separated by the record separator of RFC 7464. Its last byte says how long the
//! chunks of the second run are; in a plain file of JSON it is the newline.

use std::num::NonZero;

use quorate_core::api::{AnswerPart, Head, LabelSelector, Namespace, ServiceName};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::Source;
use quorate_core::membership::listing::{Event, Listing, ListingOptions, Snapshot};
use quorate_core::time::Now;
use serde_json::Value;

use crate::line::assert_is_short_line;

const RECORD_SEPARATOR: u8 = 0x1e;

/// How often a collection is begun again before the machine gives up.
const RESTARTS: usize = 4;

pub fn run(data: &[u8]) {
    let chunk = data.last().and_then(|last| NonZero::new(usize::from(*last))).unwrap_or(NonZero::<usize>::MIN);
    let pages: Vec<&[u8]> = data.split(|byte| *byte == RECORD_SEPARATOR).collect();
    for source in [Source::EndpointSlices, Source::Endpoints, Source::Pods] {
        let selector = LabelSelector::parse("app=web").ok();
        let options = ListingOptions { source, selector, ..ListingOptions::default() };
        let told = chunks_mean_nothing(&options, &pages, chunk);
        if let ([page], Some(_)) = (pages.as_slice(), listed(&told)) {
            a_list_that_is_cut_is_no_list(&options, page);
        }
    }
    // The first page is the Service, the others are its pods.
    let namespaces = Namespace::parse("lab").into_iter().collect();
    let service = ServiceName::parse("web").ok();
    let options = ListingOptions { source: Source::Pods, namespaces, service, ..ListingOptions::default() };
    let _ = chunks_mean_nothing(&options, &pages, chunk);
}

fn chunks_mean_nothing(options: &ListingOptions, pages: &[&[u8]], chunk: NonZero<usize>) -> Vec<Action<Event>> {
    let whole = read(options, pages, NonZero::<usize>::MAX);
    assert_eq!(whole, read(options, pages, chunk), "in chunks of {chunk}");
    whole
}

/// M1: without its closing brace a page is no evidence of anything.
fn a_list_that_is_cut_is_no_list(options: &ListingOptions, page: &[u8]) {
    let text = page.trim_ascii_end();
    let cut = &text[..text.len().saturating_sub(1)];
    let told = read(options, &[cut], NonZero::<usize>::MAX);
    assert!(listed(&told).is_none(), "half a list was taken for a whole one");
}

/// Answers every request with the next page, until the machine pauses or is done. A server that has no more pages says the
/// last one again.
fn read(options: &ListingOptions, pages: &[&[u8]], chunk: NonZero<usize>) -> Vec<Action<Event>> {
    let mut listing = Listing::new(options.clone().build().expect("valid options"));
    let mut told: Vec<_> = listing.handle(Now::default(), Input::Start).into_iter().collect();
    let mut answers = 0;
    // The pages that make the list.
    let mut read = Vec::new();
    while let Some(Action::Send { id, request }) = told.last() {
        let page = pages.get(answers).or(pages.last()).copied().unwrap_or_default();
        read.extend((!request.target().contains("/services/")).then_some(page));
        let news = answer(&mut listing, *id, page, chunk);
        if news.contains(&Action::Emit(Event::Restarted)) {
            read.clear();
        }
        told.extend(news);
        answers += 1;
        assert!(answers <= pages.len() + 2 * (RESTARTS + 1), "{answers} requests for {} pages", pages.len());
    }
    told.iter().for_each(|action| assert_is_short_line(&action.to_string()));
    if let Some(snapshot) = listed(&told) {
        is_bounded_by(read.iter().map(|page| page.len()).sum(), snapshot);
        holds_all_items(snapshot, &read);
    }
    told
}

fn answer(listing: &mut Listing, id: RequestId, page: &[u8], chunk: NonZero<usize>) -> Vec<Action<Event>> {
    let head = AnswerPart::Head(Head { status: 200, retry_after: None });
    for part in std::iter::once(head).chain(page.chunks(chunk.get()).map(AnswerPart::Chunk)) {
        let early = listing.handle(Now::default(), Input::Answer { id, part });
        assert!(early.as_slice().is_empty(), "{early} before the end");
    }
    listing.handle(Now::default(), Input::Answer { id, part: AnswerPart::End }).into_iter().collect()
}

fn listed(told: &[Action<Event>]) -> Option<&Snapshot> {
    match told.last() {
        Some(Action::Emit(Event::Listed(snapshot))) => Some(snapshot),
        _ => None,
    }
}

/// M6: what is kept is in proportion to what was sent. An object takes two bytes at least, and so does an address.
fn is_bounded_by(bytes: usize, snapshot: &Snapshot) {
    let kept: usize = snapshot.objects.iter().map(|object| object.endpoints.len().max(1) + object.skipped.len()).sum();
    assert!(kept <= bytes, "{kept} things out of {bytes} bytes");
}

/// Another decoder finds the same: lists, of one version, with as many items. (It refuses some numbers that are skipped here.)
fn holds_all_items(snapshot: &Snapshot, pages: &[&[u8]]) {
    let Ok(lists) = pages.iter().map(|page| serde_json::from_slice(page)).collect::<Result<Vec<Value>, _>>() else {
        return;
    };
    let version = |list: &Value| list["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
    assert!(lists.iter().all(|list| list["kind"].as_str().is_some_and(|kind| kind.ends_with("List"))), "{lists:?}");
    assert!(lists.iter().all(|list| !version(list).is_empty() && version(list) == version(&lists[0])), "{lists:?}");
    let items: Vec<_> = lists.iter().filter_map(|list| list["items"].as_array()).flatten().collect();
    assert!(snapshot.objects.len() == items.len() && items.iter().all(|item| item.is_object()), "{lists:?}");
}
