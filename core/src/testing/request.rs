//! From a request line to what it asks for.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use percent_encoding::percent_decode_str;

use crate::api::Method;

/// One HTTP request, as far as the server looks at it.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a front builds it; a new part must be thought of there")]
pub struct FakeRequest<'a> {
    /// The HTTP method.
    pub method: Method,
    /// Path and query, percent-encoded.
    pub target: &'a str,
    /// The bearer token.
    pub token: Option<&'a str>,
    /// The header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body; empty if there is none.
    pub body: &'a [u8],
}

impl<'a> FakeRequest<'a> {
    /// Reads, and says nothing else.
    #[must_use]
    pub const fn get(target: &'a str) -> Self {
        Self { method: Method::Get, target, token: None, content_type: None, body: &[] }
    }

    /// Sends JSON.
    #[must_use]
    pub const fn json(method: Method, target: &'a str, body: &'a [u8]) -> Self {
        Self { method, target, token: None, content_type: Some("application/json"), body }
    }

    /// The same request by the bearer of a token.
    #[must_use]
    pub const fn with_token(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }
}

/// What the path names.
#[derive(Clone, Debug)]
pub(super) enum Route {
    Path(String),
    Resource(ResourceRoute),
}

#[derive(Clone, Debug, Default)]
pub(super) struct ResourceRoute {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) namespace: Option<String>,
    pub(super) resource: String,
    pub(super) name: Option<String>,
    pub(super) subresource: Option<String>,
    /// More segments than any resource has.
    pub(super) has_more: bool,
}

/// The query's parameters, decoded, the first of each name.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// As Go's `strconv.ParseBool`, generously: what is no boolean counts as present.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name) {
            "" => None,
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Some(false),
            _ => Some(true),
        }
    }
}

/// Splits a request's target.
pub(super) fn parse(target: &str) -> (Route, Parameters) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parameters = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
    });
    (route(path), Parameters(parameters.collect()))
}

fn route(path: &str) -> Route {
    let whole = || Route::Path(decode(path));
    let mut segments = path.split('/').filter(|segment| !segment.is_empty()).map(decode);
    let group = match segments.next().as_deref() {
        Some("api") => Some(String::new()),
        Some("apis") => segments.next(),
        _ => None,
    };
    let (Some(group), Some(version), Some(first)) = (group, segments.next(), segments.next()) else { return whole() };
    let mut route = ResourceRoute { group, version, ..ResourceRoute::default() };
    route.resource = first;
    route.name = segments.next();
    if route.resource == "namespaces"
        && let Some(resource) = segments.next()
    {
        route.namespace = route.name.take();
        route.resource = resource;
        route.name = segments.next();
    }
    route.subresource = segments.next();
    route.has_more = segments.next().is_some();
    Route::Resource(route)
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().to_string()
}
