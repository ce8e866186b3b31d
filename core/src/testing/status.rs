//! Everything that the server refuses, in its own words.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use serde::Serialize;

use super::answer::FakeResponse;
use super::kind::{Kind, qualified};

/// A failure, as the [`Status`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/) that
/// reports it.
#[derive(Clone, Debug)]
pub(super) struct ApiError(Content);

#[derive(Clone, Debug)]
enum Content {
    Status(Box<Status>),
    /// A path that nobody serves gets no Status.
    PageNotFound,
}

pub(super) type Result<T> = core::result::Result<T, ApiError>;

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    kind: &'static str,
    api_version: &'static str,
    metadata: Metadata,
    status: &'static str,
    message: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
    code: u16,
}

#[derive(Clone, Debug, Default, Serialize)]
struct Metadata {
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    continue_token: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Details {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) group: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) uid: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) causes: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after_seconds: Option<u32>,
}

/// One fault of an object, or of a request.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Cause {
    reason: &'static str,
    message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
}

impl Cause {
    pub(super) fn invalid(field: &str, value: &str, rule: &str) -> Self {
        let message = format!("Invalid value: {value}: {rule}");
        Self { reason: "FieldValueInvalid", message, field: field.to_string() }
    }

    pub(super) fn required(field: &str, rule: &str) -> Self {
        let colon = if rule.is_empty() { "" } else { ": " };
        let message = format!("Required value{colon}{rule}");
        Self { reason: "FieldValueRequired", message, field: field.to_string() }
    }

    pub(super) fn not_supported(field: &str, value: impl Debug, supported: &str) -> Self {
        let message = format!("Unsupported value: {value:?}: supported values: {supported}");
        Self { reason: "FieldValueNotSupported", message, field: field.to_string() }
    }

    pub(super) fn forbidden(field: &str, rule: &str) -> Self {
        Self { reason: "FieldValueForbidden", message: format!("Forbidden: {rule}"), field: field.to_string() }
    }
}

impl ApiError {
    fn new(code: u16, reason: &'static str, message: String, details: Option<Details>) -> Self {
        Self(Content::Status(Box::new(Status {
            kind: "Status",
            api_version: "v1",
            metadata: Metadata::default(),
            status: "Failure",
            message,
            reason,
            details,
            code,
        })))
    }

    pub(super) fn response(&self) -> FakeResponse {
        match &self.0 {
            Content::PageNotFound => FakeResponse::text(404, "404 page not found\n"),
            Content::Status(status) => FakeResponse {
                retry_after: status.details.as_ref().and_then(|details| details.retry_after_seconds),
                ..FakeResponse::json(status.code, status)
            },
        }
    }

    /// The line that ends a watch.
    pub(super) fn watch_line(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Event<'a> {
            r#type: &'static str,
            object: &'a Status,
        }
        match &self.0 {
            Content::PageNotFound => Vec::new(),
            Content::Status(status) => FakeResponse::json(200, &Event { r#type: "ERROR", object: status }).body,
        }
    }

    pub(super) fn message(&self) -> &str {
        match &self.0 {
            Content::PageNotFound => "404 page not found",
            Content::Status(status) => &status.message,
        }
    }

    pub(super) fn page_not_found() -> Self {
        Self(Content::PageNotFound)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message.into(), None)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized".to_owned(), None)
    }

    pub(super) fn forbidden(message: String, details: Details) -> Self {
        Self::new(403, "Forbidden", message, Some(details))
    }

    pub(super) fn not_found(kind: Kind, name: &str) -> Self {
        let message = format!("{} {name:?} not found", kind.qualified_resource());
        Self::new(404, "NotFound", message, Some(Details::of(kind, name)))
    }

    /// A resource that a version lacks, or a version that a group lacks.
    pub(super) fn no_such_resource() -> Self {
        let message = "the server could not find the requested resource".to_owned();
        Self::new(404, "NotFound", message, Some(Details::default()))
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource".to_owned();
        Self::new(405, "MethodNotAllowed", message, Some(Details::default()))
    }

    pub(super) fn already_exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} {name:?} already exists", kind.qualified_resource());
        Self::new(409, "AlreadyExists", message, Some(Details::of(kind, name)))
    }

    pub(super) fn conflict(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.qualified_resource());
        Self::new(409, "Conflict", message, Some(Details::of(kind, name)))
    }

    /// A deletion's preconditions name the kind, and not the resource.
    pub(super) fn failed_precondition(kind: Kind, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", qualified(kind.name(), kind.group()));
        let details = Details { kind: kind.name().into(), ..Details::of(kind, name) };
        Self::new(409, "Conflict", message, Some(details))
    }

    pub(super) fn modified(kind: Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(kind, name, why)
    }

    pub(super) fn wrong_uid(kind: Kind, namespace: &str, name: &str, wanted: &str, found: &str) -> Self {
        let registry = kind.registry();
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {registry}/{namespace}/{name}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {found}"
        );
        Self::conflict(kind, name, &why)
    }

    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message.into(), None)
    }

    /// What a page gets whose version is gone: with a token that goes on regardless.
    pub(super) fn expired_page(fresh_token: String) -> Self {
        let mut error = Self::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list \
             without the continue parameter, or use the continue token in this response to retrieve the remainder of the \
             results. Continuing with the provided token results in an inconsistent list - objects that were created, \
             modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        );
        if let Content::Status(status) = &mut error.0 {
            status.metadata.continue_token = Some(fresh_token);
        }
        error
    }

    pub(super) fn unsupported_media_type(accepted: &str) -> Self {
        let message =
            format!("the body of the request was in an unknown format - accepted media types include: {accepted}");
        Self::new(415, "UnsupportedMediaType", message, None)
    }

    /// What a patch gets whose kind is none that the server knows.
    pub(super) fn unsupported_patch_type() -> Self {
        let message = "415: Unsupported Media Type".to_owned();
        Self::new(415, "UnsupportedMediaType", message, Some(Details::default()))
    }

    pub(super) fn invalid(kind: Kind, name: &str, causes: Vec<Cause>) -> Self {
        Self::invalid_as(kind.name(), kind.group(), name, causes)
    }

    /// One fault that the server finds twice, and tells once in its message.
    pub(super) fn invalid_twice(kind: Kind, name: &str, cause: Cause) -> Self {
        let mut error = Self::invalid(kind, name, vec![cause.clone()]);
        if let Content::Status(status) = &mut error.0
            && let Some(details) = &mut status.details
        {
            details.causes.push(cause);
        }
        error
    }

    /// `who` is the kind as a rule; storage says the resource.
    pub(super) fn invalid_as(who: &str, group: &str, name: &str, causes: Vec<Cause>) -> Self {
        let mut faults: Vec<String> =
            causes.iter().map(|Cause { field, message, .. }| format!("{field}: {message}")).collect();
        let faults = match faults.pop() {
            Some(only) if faults.is_empty() => only,
            Some(last) => format!("[{}, {last}]", faults.join(", ")),
            None => String::new(),
        };
        let message = format!("{} {name:?} is invalid: {faults}", qualified(who, group));
        let details =
            Details { name: name.into(), group: group.into(), kind: who.into(), causes, ..Details::default() };
        Self::new(422, "Invalid", message, Some(details))
    }

    /// A fault that the server does not take for the client's.
    pub(super) fn internal(message: String) -> Self {
        Self::new(500, "", message, None)
    }

    pub(super) fn version_too_large(wanted: u64, current: u64) -> Self {
        let message = "Too large resource version".to_owned();
        let causes = vec![Cause { reason: "ResourceVersionTooLarge", message, field: String::new() }];
        let details = Details { causes, retry_after_seconds: Some(1), ..Details::default() };
        let message = format!("Timeout: Too large resource version: {wanted}, current: {current}");
        Self::new(504, "Timeout", message, Some(details))
    }
}

impl Details {
    fn of(kind: Kind, name: &str) -> Self {
        Self { name: name.into(), group: kind.group().into(), kind: kind.plural().into(), ..Self::default() }
    }
}

/// What a deletion answers for kinds that do not give the object back.
pub(super) fn deleted(kind: Kind, name: &str, uid: &str) -> FakeResponse {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Success {
        kind: &'static str,
        api_version: &'static str,
        metadata: Metadata,
        status: &'static str,
        details: Details,
    }
    FakeResponse::json(
        200,
        &Success {
            kind: "Status",
            api_version: "v1",
            metadata: Metadata::default(),
            status: "Success",
            details: Details { uid: uid.into(), ..Details::of(kind, name) },
        },
    )
}
