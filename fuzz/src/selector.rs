//! `LabelSelector::parse`: what is taken can be put into a request and comes out of it again, alone and unchanged.

use percent_encoding::percent_decode_str;
use quorate_core::api::{LabelSelector, ListPage, Request, Resource};

use crate::line::assert_is_line;

pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let selector = match LabelSelector::parse(text) {
        Ok(selector) => selector,
        Err(error) => return assert_is_line(&error.to_string()),
    };
    assert_eq!(selector.as_str(), text);
    assert_eq!(sent_for(&selector), text);

    let service = LabelSelector::parse("kubernetes.io/service-name=web").expect("a valid selector");
    for both in [selector.and(&service), service.and(&selector)] {
        assert_eq!(LabelSelector::parse(both.as_str()).as_ref(), Ok(&both));
        assert_eq!(sent_for(&both), both.as_str());
    }
}

/// What a server reads in the one parameter of the request that may hold anything but letters and digits.
fn sent_for(selector: &LabelSelector) -> String {
    let page = ListPage {
        resource: Resource::PODS,
        namespace: None,
        label_selector: Some(selector),
        name: None,
        limit: 500,
        continue_token: None,
    };
    let request = Request::list(&page, 1);
    let value =
        request.target().strip_prefix("/api/v1/pods?labelSelector=").and_then(|rest| rest.strip_suffix("&limit=500"));
    let value = value.unwrap_or_else(|| panic!("{request}"));
    assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)), "{request}");
    percent_decode_str(value).decode_utf8().expect("it was UTF-8 before").into_owned()
}
