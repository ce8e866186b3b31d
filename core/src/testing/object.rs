//! Objects are JSON as it came; here are the few fields that the server itself reads and writes.

use alloc::format;
use alloc::string::String;
use core::ops::Deref as _;

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

use super::kind::Kind;

/// The value at a [JSON pointer](https://www.rfc-editor.org/rfc/rfc6901) that has nothing escaped: [`Value::pointer`] makes
/// texts of each part, which is most of what the fake does.
fn at<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer.split('/').skip(1).try_fold(object, |value, name| value.get(name))
}

/// The text at a pointer; empty if there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    at(object, pointer).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn integer(object: &Value, pointer: &str) -> Option<i64> {
    at(object, pointer).and_then(Value::as_i64)
}

pub(super) fn map<'a>(object: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
    at(object, pointer).and_then(Value::as_object)
}

pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    at(object, pointer).and_then(Value::as_array).map_or(&[], |list| list.deref())
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

pub(super) fn version(object: &Value) -> &str {
    text(object, "/metadata/resourceVersion")
}

pub(super) fn is_terminating(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

pub(super) fn has_finalizers(object: &Value) -> bool {
    !list(object, "/metadata/finalizers").is_empty()
}

/// Sets a field of the metadata; `Null` removes it.
pub(super) fn set_meta(object: &mut Value, field: &str, value: Value) {
    if let Some(metadata) = object.get_mut("metadata") {
        set(metadata, field, value);
    }
}

/// Sets a field; `Null` removes it.
pub(super) fn set(object: &mut Value, field: &str, value: Value) {
    let Some(fields) = object.as_object_mut() else { return };
    if value.is_null() {
        fields.remove(field);
    } else {
        fields.insert(field.into(), value);
    }
}

/// Sets a field that is absent or null.
pub(super) fn set_default(object: &mut Value, field: &str, value: Value) {
    if object.get(field).is_none_or(Value::is_null) {
        set(object, field, value);
    }
}

/// Removes what lists do not repeat and the fake does not keep, and makes `metadata` an object.
pub(super) fn normalize(object: &mut Value) {
    set(object, "kind", Value::Null);
    set(object, "apiVersion", Value::Null);
    if !object.get("metadata").is_some_and(Value::is_object) {
        set(object, "metadata", Value::Object(Map::new()));
    }
    set_meta(object, "managedFields", Value::Null);
    set_meta(object, "selfLink", Value::Null);
}

/// Merges a patch ([RFC 7386](https://www.rfc-editor.org/rfc/rfc7386)).
pub(super) fn merge(target: &mut Value, patch: &Value) {
    let Some(patch) = patch.as_object() else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(name);
        } else {
            merge(fields.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// An object as it stands alone: with kind and apiVersion, and those first, as the server writes them.
pub(super) struct Whole<'a>(pub(super) Kind, pub(super) &'a Value);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.0.name())?;
        map.serialize_entry("apiVersion", &self.0.api_version())?;
        serialize_fields(&mut map, self.1)?;
        map.end()
    }
}

/// An object as an item of a list: its metadata first.
pub(super) struct Item<'a>(pub(super) &'a Value);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_fields(&mut map, self.0)?;
        map.end()
    }
}

fn serialize_fields<M: serde::ser::SerializeMap>(map: &mut M, object: &Value) -> Result<(), M::Error> {
    if let Some(metadata) = object.get("metadata") {
        map.serialize_entry("metadata", metadata)?;
    }
    for (field, value) in object.as_object().into_iter().flatten() {
        if field != "metadata" {
            map.serialize_entry(field, value)?;
        }
    }
    Ok(())
}

/// `namespace/name`, in whose order the server lists.
pub(super) fn path(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_follows_the_examples_of_its_rfc() {
        for (target, patch, merged) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut result = target;
            merge(&mut result, &patch);
            assert_eq!(result, merged, "{patch}");
        }
    }

    #[test]
    fn kind_and_version_come_first() {
        let object = json!({"metadata": {"name": "demo"}, "spec": {}});
        assert_eq!(
            serde_json::to_string(&Whole(Kind::Lease, &object)).unwrap(),
            r#"{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"demo"},"spec":{}}"#
        );
    }
}
