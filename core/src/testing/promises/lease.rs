//! What a Lease says, read without the code under test.

use alloc::string::String;

use serde_json::{Map, Value};

/// What of the spec is ours to write (E6).
const OWN_FIELDS: [&str; 5] =
    ["acquireTime", "holderIdentity", "leaseDurationSeconds", "leaseTransitions", "renewTime"];
const NONCE: &str = "quorate.github.io/nonce";

pub(super) fn uid(lease: &Value) -> Option<&str> {
    lease.pointer("/metadata/uid").and_then(Value::as_str)
}

pub(super) fn transitions(lease: &Value) -> i64 {
    lease.pointer("/spec/leaseTransitions").and_then(Value::as_i64).unwrap_or_default()
}

pub(super) fn holder(lease: &Value) -> &str {
    lease.pointer("/spec/holderIdentity").and_then(Value::as_str).unwrap_or_default()
}

/// Whether what [`foreign`] leaves of both is the same. Renewals, which are most writes, are seen through without a copy.
pub(super) fn has_same_foreign(before: &Value, after: &Value) -> bool {
    let rest = |lease: &Value| lease.as_object().map(|fields| fields.len());
    let is_alike = |section: &str, own: &[&str]| {
        let (Some(one), Some(other)) = (section_of(before, section), section_of(after, section)) else { return false };
        let theirs = |field: &&String| !own.contains(&field.as_str());
        one.keys().filter(theirs).count() == other.keys().filter(theirs).count()
            && one.iter().filter(|(field, _)| theirs(field)).all(|(field, value)| other.get(field) == Some(value))
    };
    let is_quickly_seen = rest(before) == rest(after)
        && rest(before) == Some(2)
        && is_alike("spec", &OWN_FIELDS)
        && is_alike("metadata", &["managedFields", "resourceVersion"]);
    is_quickly_seen || foreign(before) == foreign(after)
}

fn section_of<'a>(lease: &'a Value, section: &str) -> Option<&'a Map<String, Value>> {
    lease.get(section).and_then(Value::as_object)
}

/// What is left of a Lease without what is ours to write, and without what the server writes (E6).
pub(super) fn foreign(lease: &Value) -> Map<String, Value> {
    let mut rest = Map::new();
    for (field, value) in lease.as_object().into_iter().flatten() {
        let value = match (field.as_str(), value) {
            ("spec", Value::Object(spec)) => without(spec, &OWN_FIELDS),
            ("metadata", Value::Object(meta)) => foreign_meta(meta),
            (_, other) => other.clone(),
        };
        if value.as_object().is_none_or(|value| !value.is_empty()) {
            rest.insert(field.clone(), value);
        }
    }
    rest
}

fn foreign_meta(meta: &Map<String, Value>) -> Value {
    let mut meta = without(meta, &["managedFields", "resourceVersion"]);
    let Some(fields) = meta.as_object_mut() else { return meta };
    if let Some(annotations) = fields.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove(NONCE);
        if annotations.is_empty() {
            fields.remove("annotations");
        }
    }
    meta
}

fn without(fields: &Map<String, Value>, names: &[&str]) -> Value {
    let kept = fields.iter().filter(|(name, _)| !names.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}
