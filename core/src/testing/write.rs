//! Writes: create, replace, patch, and what they check before anything changes.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;

use serde_json::{Value, json};

use super::answer::FakeResponse;
use super::kind::Kind;
use super::list::parse_version;
use super::object::{self, Whole};
use super::request::{FakeRequest, Parameters};
use super::status::{ApiError, Cause, Result};
use super::store::Key;
use super::{FakeApi, defaults, time, validate};
use crate::time::Now;

const BODY_TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// Fields that only the server writes: an update keeps them as they are.
const OWN_FIELDS: [&str; 6] =
    ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "namespace"];

/// Which half of an object an update may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Main,
    Status,
    /// An administrator's who loads a file.
    Both,
}

impl FakeApi {
    pub(super) fn create(
        &mut self,
        now: Now,
        kind: Kind,
        namespace: &str,
        request: &FakeRequest<'_>,
        parameters: &Parameters,
    ) -> Result<FakeResponse> {
        let mut object = read_body(kind, request, parameters)?;
        check_namespace(&object, namespace)?;
        if kind == Kind::Pod {
            object::set(&mut object, "status", defaults::pending());
        }
        if !object::version(&object).is_empty() && object::version(&object) != "0" {
            return Err(ApiError::internal("resourceVersion should not be set on objects to be created".to_string()));
        }
        for field in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            object::set_meta(&mut object, field, Value::Null);
        }
        let created = self.insert(now, kind, namespace, object)?;
        Ok(FakeResponse::json(201, &Whole(kind, &created)))
    }

    /// Completes, checks and stores a new object.
    pub(super) fn insert(&mut self, now: Now, kind: Kind, namespace: &str, mut object: Value) -> Result<Arc<Value>> {
        object::set_meta(&mut object, "namespace", json!(namespace));
        let prefix = object::text(&object, "/metadata/generateName").to_string();
        if object::name(&object).is_empty() && !prefix.is_empty() {
            let name = format!("{prefix}{}", self.random.suffix());
            object::set_meta(&mut object, "name", json!(name));
        }
        defaults::apply(kind, &mut object);
        validate::check(kind, &object)?;
        let key = Key::new(kind, namespace, object::name(&object));
        if self.store.get(&key).is_some() {
            return Err(ApiError::already_exists(kind, key.name()));
        }
        if object::uid(&object).is_empty() {
            let uid = self.random.uid();
            object::set_meta(&mut object, "uid", json!(uid));
        }
        if object::text(&object, "/metadata/creationTimestamp").is_empty() {
            object::set_meta(&mut object, "creationTimestamp", json!(time::seconds(now.wall)));
        }
        if kind.has_generation() && object::integer(&object, "/metadata/generation").is_none() {
            object::set_meta(&mut object, "generation", json!(1));
        }
        Ok(self.commit(key, Some(object)).unwrap_or_default())
    }

    pub(super) fn replace(
        &mut self,
        now: Now,
        key: &Key,
        half: Half,
        request: &FakeRequest<'_>,
        parameters: &Parameters,
    ) -> Result<FakeResponse> {
        let mut object = read_body(key.kind, request, parameters)?;
        check_namespace(&object, key.namespace())?;
        let name = object::name(&object);
        if name.is_empty() {
            object::set_meta(&mut object, "name", json!(key.name()));
        } else if name != key.name() {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                key.name()
            )));
        }
        let Some(current) = self.store.get(key).cloned() else {
            return self.upsert(now, key, half, object);
        };
        let (updated, _) = self.update(key, half, &current, object)?;
        Ok(FakeResponse::json(200, &Whole(key.kind, &updated)))
    }

    /// A PUT to what does not exist.
    fn upsert(&mut self, now: Now, key: &Key, half: Half, mut object: Value) -> Result<FakeResponse> {
        let uid = object::uid(&object);
        if !uid.is_empty() {
            return Err(ApiError::wrong_uid(key.kind, key.namespace(), key.name(), uid, ""));
        }
        if half == Half::Status || !key.kind.is_created_by_update() {
            return Err(ApiError::not_found(key.kind, key.name()));
        }
        object::set_meta(&mut object, "creationTimestamp", Value::Null);
        let created = self.insert(now, key.kind, key.namespace(), object)?;
        Ok(FakeResponse::json(201, &Whole(key.kind, &created)))
    }

    pub(super) fn patch(
        &mut self,
        key: &Key,
        half: Half,
        request: &FakeRequest<'_>,
        parameters: &Parameters,
    ) -> Result<FakeResponse> {
        if media_type(request) != MERGE_PATCH {
            return Err(ApiError::unsupported_patch_type());
        }
        let current = self.store.get(key).cloned().ok_or_else(|| ApiError::not_found(key.kind, key.name()))?;
        let bad_patch = |why: &str| ApiError::bad_request(format!("error decoding patch: {why}"));
        let patch: Value = serde_json::from_slice(request.body).map_err(|error| bad_patch(&json_error(&error)))?;
        if !patch.is_object() {
            return Err(bad_patch("invalid character in the merge patch"));
        }
        let uid = object::text(&patch, "/metadata/uid");
        if !uid.is_empty() && uid != object::uid(&current) {
            let cause = Cause::invalid("metadata.uid", &format!("{uid:?}"), "field is immutable");
            return Err(ApiError::invalid_twice(key.kind, key.name(), cause));
        }
        let mut object = Value::clone(&current);
        object::merge(&mut object, &patch);
        object::normalize(&mut object);
        validate::decode(key.kind, &mut object, is_strict(parameters))?;
        if !object::name(&object).is_empty() && object::name(&object) != key.name() {
            return Err(ApiError::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                object::name(&object),
                key.name()
            )));
        }
        object::set_meta(&mut object, "name", json!(key.name()));
        let (updated, _) = self.update(key, half, &current, object)?;
        Ok(FakeResponse::json(200, &Whole(key.kind, &updated)))
    }

    /// Puts a new state in the place of the current one, and says whether that changed anything.
    pub(super) fn update(
        &mut self,
        key: &Key,
        half: Half,
        current: &Arc<Value>,
        mut object: Value,
    ) -> Result<(Arc<Value>, bool)> {
        check_preconditions(key, current, &object)?;
        for field in OWN_FIELDS {
            let pointer = format!("/metadata/{field}");
            object::set_meta(&mut object, field, current.pointer(&pointer).cloned().unwrap_or_default());
        }
        keep_other_half(key.kind, half, current, &mut object);
        defaults::apply(key.kind, &mut object);
        validate::check(key.kind, &object)?;
        object::set_meta(&mut object, "resourceVersion", json!(object::version(current)));
        if object == **current {
            return Ok((Arc::clone(current), false));
        }
        if key.kind.has_generation() && half != Half::Status && is_new_generation(key.kind, current, &object) {
            let next = object::integer(current, "/metadata/generation").unwrap_or_default().saturating_add(1);
            object::set_meta(&mut object, "generation", json!(next));
        }
        let is_over = object::is_terminating(&object)
            && !object::has_finalizers(&object)
            && object::integer(&object, "/metadata/deletionGracePeriodSeconds").unwrap_or_default() == 0;
        if is_over {
            self.commit(key.clone(), None);
            return Ok((Arc::new(object), true));
        }
        Ok((self.commit(key.clone(), Some(object)).unwrap_or_default(), true))
    }
}

fn check_preconditions(key: &Key, current: &Value, object: &Value) -> Result<()> {
    let uid = object::uid(object);
    if !uid.is_empty() && uid != object::uid(current) {
        let found = object::uid(current);
        return Err(ApiError::wrong_uid(key.kind, key.namespace(), key.name(), uid, found));
    }
    let wanted = parse_version(object::version(object)).map_err(ApiError::internal)?;
    match wanted {
        None | Some(0) if key.kind.is_updated_unconditionally() => Ok(()),
        None | Some(0) => {
            let cause = Cause::invalid("metadata.resourceVersion", "0", "must be specified for an update");
            Err(ApiError::invalid_as(key.kind.plural(), key.kind.group(), key.name(), [cause].into()))
        }
        Some(_) if object::version(object) == object::version(current) => Ok(()),
        Some(_) => Err(ApiError::modified(key.kind, key.name())),
    }
}

fn keep_other_half(kind: Kind, half: Half, current: &Value, object: &mut Value) {
    let kept = match half {
        Half::Main if kind.has_status() => "status",
        Half::Status => "spec",
        Half::Main | Half::Both => return,
    };
    object::set(object, kept, current.get(kept).cloned().unwrap_or_default());
}

/// A Pod has a new generation when its spec changes, an EndpointSlice when anything but its metadata does.
fn is_new_generation(kind: Kind, current: &Value, object: &Value) -> bool {
    if kind == Kind::Pod {
        return current.get("spec") != object.get("spec");
    }
    let without_metadata = |object: &Value| {
        let mut object = object.clone();
        object::set(&mut object, "metadata", Value::Null);
        object
    };
    without_metadata(current) != without_metadata(object)
}

fn media_type<'a>(request: &FakeRequest<'a>) -> &'a str {
    let content_type = request.content_type.unwrap_or("application/json");
    content_type.split(';').next().unwrap_or_default().trim()
}

pub(super) fn is_strict(parameters: &Parameters) -> bool {
    parameters.get("fieldValidation") == "Strict"
}

fn read_body(kind: Kind, request: &FakeRequest<'_>, parameters: &Parameters) -> Result<Value> {
    if media_type(request) != "application/json" {
        return Err(ApiError::unsupported_media_type(BODY_TYPES));
    }
    let mut object: Value = serde_json::from_slice(request.body).map_err(|error| {
        let body = String::from_utf8_lossy(request.body);
        let body = if body.is_empty() { "<empty>" } else { &body };
        let why = json_error(&error);
        let name = kind.name();
        ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {name}): couldn't get version/kind; json parse error: \
             {why} ({body})"
        ))
    })?;
    if !object.is_object() {
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: json: \
             cannot unmarshal into Go value of type struct",
            kind.name()
        )));
    }
    let (found, version) = (object::text(&object, "/kind"), object::text(&object, "/apiVersion"));
    let right = kind.api_version();
    if !version.is_empty() && version != right || !found.is_empty() && found != kind.name() {
        return Err(ApiError::bad_request(format!(
            "{found} in version {version:?} cannot be handled as a {}: no kind {found:?} is registered for version {right:?}",
            kind.name()
        )));
    }
    object::normalize(&mut object);
    validate::decode(kind, &mut object, is_strict(parameters))?;
    Ok(object)
}

/// Go's words where they are known.
fn json_error(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_string() } else { error.to_string() }
}

fn check_namespace(object: &Value, namespace: &str) -> Result<()> {
    let found = object::namespace(object);
    if found.is_empty() || found == namespace {
        return Ok(());
    }
    Err(ApiError::bad_request("the namespace of the provided object does not match the namespace sent on the request"))
}
