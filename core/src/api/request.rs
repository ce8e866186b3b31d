//! Requests as plain data: which object or collection, where it lies, how much of it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::meta::{LeaseName, Namespace, ResourceVersion, ServiceName};
use super::resource::Resource;
use super::selector::LabelSelector;

/// Everything but the characters that RFC 3986 §2.3 calls unreserved.
///
/// The seed module left `&`, `+` and `#` of a selector as they were, so a selector could add parameters of its own.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request to the API server, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    method: Method,
    target: String,
    body: Option<Body>,
    body_limit: usize,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Body {
    content_type: String,
    bytes: Vec<u8>,
}

impl Body {
    fn json(bytes: Vec<u8>) -> Self {
        Self { content_type: String::from("application/json"), bytes }
    }
}

impl Request {
    /// Reads one Service.
    #[must_use]
    pub fn get_service(namespace: &Namespace, name: &ServiceName, body_limit: usize) -> Self {
        let mut target = collection_path(Resource::SERVICES, Some(namespace));
        target.push('/');
        push_encoded(&mut target, name.as_str());
        Self { method: Method::Get, target, body: None, body_limit }
    }

    /// Reads one page of a collection.
    #[must_use]
    pub fn list(list: &ListPage<'_>, body_limit: usize) -> Self {
        let mut target = collection_path(list.resource, list.namespace);
        let mut query = Query::new(&mut target);
        query.add_selection(list.label_selector, list.name.map(ServiceName::as_str));
        query.add_number("limit", list.limit);
        if let Some(token) = list.continue_token {
            query.add("continue", token);
        }
        Self { method: Method::Get, target, body: None, body_limit }
    }

    /// Watches a collection: what changes after a version, as it happens.
    ///
    /// The answer is read as it comes, line by line, and has no length of its own: nothing bounds it but the reader of its
    /// lines.
    #[must_use]
    pub fn watch(watch: &WatchFrom<'_>) -> Self {
        let mut target = collection_path(watch.resource, watch.namespace);
        let mut query = Query::new(&mut target);
        query.add_selection(watch.label_selector, watch.name.map(ServiceName::as_str));
        query.add("watch", "true");
        query.add("allowWatchBookmarks", "true");
        query.add("resourceVersion", watch.resource_version.as_str());
        query.add_number("timeoutSeconds", watch.timeout_seconds);
        Self { method: Method::Get, target, body: None, body_limit: usize::MAX }
    }

    /// Reads one Lease. `resourceVersion` is left unset: `0` may be answered from an old cache.
    #[must_use]
    pub(crate) fn get_lease(namespace: &Namespace, name: &LeaseName, body_limit: usize) -> Self {
        Self { method: Method::Get, target: lease_path(namespace, name), body: None, body_limit }
    }

    /// Creates a Lease.
    #[must_use]
    pub(crate) fn create_lease(namespace: &Namespace, lease: Vec<u8>, body_limit: usize) -> Self {
        let target = collection_path(Resource::LEASES, Some(namespace));
        Self { method: Method::Post, target, body: Some(Body::json(lease)), body_limit }
    }

    /// Replaces a Lease; which version of which one is said by the body's `uid` and `resourceVersion`.
    #[must_use]
    pub(crate) fn replace_lease(namespace: &Namespace, name: &LeaseName, lease: Vec<u8>, body_limit: usize) -> Self {
        let target = lease_path(namespace, name);
        Self { method: Method::Put, target, body: Some(Body::json(lease)), body_limit }
    }

    /// Watches one Lease: what follows `after`, or its present state and what follows that.
    #[must_use]
    pub(crate) fn watch_lease(namespace: &Namespace, name: &LeaseName, after: Option<&ResourceVersion>) -> Self {
        let mut target = collection_path(Resource::LEASES, Some(namespace));
        let mut query = Query::new(&mut target);
        query.add_selection(None, Some(name.as_str()));
        query.add("watch", "true");
        query.add("allowWatchBookmarks", "true");
        if let Some(version) = after {
            query.add("resourceVersion", version.as_str());
        }
        Self { method: Method::Get, target, body: None, body_limit: usize::MAX }
    }

    /// Whether this writes a Lease. Such a request must not wait behind lists and watches: a transport keeps a connection
    /// for it.
    #[must_use]
    pub fn is_lease_write(&self) -> bool {
        self.method != Method::Get && self.target.starts_with("/apis/coordination.k8s.io/")
    }

    /// Any request at all, for tests of what a server does. `body` is its content type and its bytes.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn raw(method: Method, target: &str, body: Option<(&str, &[u8])>, body_limit: usize) -> Self {
        let body = body.map(|(content_type, bytes)| Body { content_type: content_type.into(), bytes: bytes.into() });
        Self { method, target: target.into(), body, body_limit }
    }

    /// What the request carries: its content type, and its bytes.
    #[must_use]
    pub fn body(&self) -> Option<(&str, &[u8])> {
        self.body.as_ref().map(|body| (body.content_type.as_str(), body.bytes.as_slice()))
    }

    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Path and query, percent-encoded, starting with `/`; relative to the server's base URL.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The longest body that is of use, in bytes. A transport stops reading past it and reports
    /// [`FailureKind::BodyTooLarge`](super::FailureKind::BodyTooLarge).
    #[must_use]
    pub const fn body_limit(&self) -> usize {
        self.body_limit
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.target)
    }
}

/// The HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Removes an object.
    Delete,
    /// Reads, and changes nothing.
    Get,
    /// Changes parts of an object.
    Patch,
    /// Creates an object.
    Post,
    /// Replaces an object.
    Put,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which page of which collection to read.
///
/// `resourceVersion` is left unset on purpose: the answer is then the newest state, and consistent over all pages.
/// (`resourceVersion=0` may be answered from an old cache and ignores `limit`.) See
/// [resource versions](https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built where a list is asked for; a new parameter must be thought of there"
)]
pub struct ListPage<'a> {
    /// The collection.
    pub resource: Resource,
    /// Where to look; everywhere when absent.
    pub namespace: Option<&'a Namespace>,
    /// Only objects with such labels.
    pub label_selector: Option<&'a LabelSelector>,
    /// Only the object with this name, as a `fieldSelector`.
    pub name: Option<&'a ServiceName>,
    /// The most items that a page may have; zero means no limit.
    pub limit: u32,
    /// The token that the page before gave; absent for the first page.
    pub continue_token: Option<&'a str>,
}

/// Which collection to watch, and from where on. See
/// [efficient detection of changes](https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes).
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "built where a watch is asked for; a new parameter must be thought of there"
)]
pub struct WatchFrom<'a> {
    /// The collection.
    pub resource: Resource,
    /// Where to look; everywhere when absent.
    pub namespace: Option<&'a Namespace>,
    /// Only objects with such labels.
    pub label_selector: Option<&'a LabelSelector>,
    /// Only the object with this name, as a `fieldSelector`.
    pub name: Option<&'a ServiceName>,
    /// Only what is newer than this.
    pub resource_version: &'a ResourceVersion,
    /// When the server ends the answer.
    pub timeout_seconds: u32,
}

fn collection_path(resource: Resource, namespace: Option<&Namespace>) -> String {
    let mut path = String::from(if resource.group().is_empty() { "/api/" } else { "/apis/" });
    if !resource.group().is_empty() {
        push_encoded(&mut path, resource.group());
        path.push('/');
    }
    path.push_str(resource.version());
    if let Some(namespace) = namespace {
        path.push_str("/namespaces/");
        push_encoded(&mut path, namespace.as_str());
    }
    path.push('/');
    path.push_str(resource.plural());
    path
}

fn lease_path(namespace: &Namespace, name: &LeaseName) -> String {
    let mut target = collection_path(Resource::LEASES, Some(namespace));
    target.push('/');
    push_encoded(&mut target, name.as_str());
    target
}

fn push_encoded(target: &mut String, text: &str) {
    target.extend(utf8_percent_encode(text, RESERVED));
}

struct Query<'a> {
    target: &'a mut String,
    separator: char,
}

impl<'a> Query<'a> {
    const fn new(target: &'a mut String) -> Self {
        Self { target, separator: '?' }
    }

    fn key(&mut self, key: &str) {
        self.target.push(self.separator);
        self.target.push_str(key);
        self.target.push('=');
        self.separator = '&';
    }

    fn add_selection(&mut self, labels: Option<&LabelSelector>, name: Option<&str>) {
        if let Some(labels) = labels {
            self.add("labelSelector", labels.as_str());
        }
        if let Some(name) = name {
            let mut field = String::from("metadata.name=");
            field.push_str(name);
            self.add("fieldSelector", &field);
        }
    }

    fn add(&mut self, key: &str, value: &str) {
        self.key(key);
        push_encoded(self.target, value);
    }

    fn add_number(&mut self, key: &str, value: u32) {
        self.key(key);
        // Writing to a String cannot fail.
        let _ = write!(self.target, "{value}");
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::Cow;

    use percent_encoding::percent_decode_str;
    use proptest::prelude::*;

    use super::*;

    fn page<'a>(namespace: Option<&'a Namespace>, selector: Option<&'a LabelSelector>) -> ListPage<'a> {
        ListPage {
            resource: Resource::ENDPOINT_SLICES,
            namespace,
            label_selector: selector,
            name: None,
            limit: 500,
            continue_token: None,
        }
    }

    #[test]
    fn a_named_group_lies_under_apis() {
        let lab = Namespace::parse("lab").unwrap();
        let request = Request::list(&page(Some(&lab), None), 1);
        assert_eq!(request.target(), "/apis/discovery.k8s.io/v1/namespaces/lab/endpointslices?limit=500");
    }

    #[test]
    fn the_core_group_lies_under_api() {
        let request = Request::list(&ListPage { resource: Resource::PODS, ..page(None, None) }, 1);
        assert_eq!(request.target(), "/api/v1/pods?limit=500");
    }

    #[test]
    fn a_selector_cannot_add_parameters_of_its_own() {
        let selector = LabelSelector::parse("app in (a,b),!c").unwrap();
        let request = Request::list(&page(None, Some(&selector)), 1);
        assert!(request.target().contains("?labelSelector=app%20in%20%28a%2Cb%29%2C%21c&limit=500"), "{request}");
    }

    #[test]
    fn a_watch_selects_as_its_list_did() {
        let (lab, selector) = (Namespace::parse("lab").unwrap(), LabelSelector::parse("app=web").unwrap());
        let name = ServiceName::parse("web").ok();
        let watch = WatchFrom {
            resource: Resource::PODS,
            namespace: Some(&lab),
            label_selector: Some(&selector),
            name: name.as_ref(),
            resource_version: &ResourceVersion::new("7&8"),
            timeout_seconds: 301,
        };
        assert_eq!(
            Request::watch(&watch).target(),
            "/api/v1/namespaces/lab/pods?labelSelector=app%3Dweb&fieldSelector=metadata.name%3Dweb&watch=true\
             &allowWatchBookmarks=true&resourceVersion=7%268&timeoutSeconds=301"
        );
    }

    #[test]
    fn one_object_is_asked_for_by_its_name() {
        let (namespace, name) = (Namespace::parse("lab").unwrap(), ServiceName::parse("web").unwrap());
        let request = Request::get_service(&namespace, &name, 7);
        assert_eq!((request.target(), request.body_limit()), ("/api/v1/namespaces/lab/services/web", 7));
    }

    proptest! {
        #[test]
        fn percent_encoding_round_trips(token in any::<String>()) {
            let request = Request::list(&ListPage { continue_token: Some(&token), ..page(None, None) }, 1);
            let encoded = request.target().rsplit_once("&continue=").unwrap().1;
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)));
            prop_assert_eq!(percent_decode_str(encoded).decode_utf8().unwrap(), Cow::Borrowed(token.as_str()));
        }
    }
}
