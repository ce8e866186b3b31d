//! The rules that objects must keep, and what a broken one is called.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::status::{ApiError, Cause, Result};
use super::{selector, time};

pub(super) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let is_inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let is_outer = |b: &u8| *b != b'-';
    let bytes = text.as_bytes();
    bytes.iter().all(is_inner) && bytes.first().is_some_and(is_outer) && bytes.last().is_some_and(is_outer)
}

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
     and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
     character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
     '[a-z]([-a-z0-9]*[a-z0-9])?')";

/// Reads the fields whose types the server insists on, and writes them as it does. `strict` refuses unknown fields.
pub(super) fn decode(kind: Kind, object: &mut Value, strict: bool) -> Result<()> {
    let result = metadata(object).and_then(|()| if kind == Kind::Lease { lease(object, strict) } else { Ok(()) });
    result.map_err(|why| {
        let name = kind.name();
        ApiError::bad_request(format!("{name} in version \"v1\" cannot be handled as a {name}: {why}"))
    })
}

type Decoded = core::result::Result<(), String>;

fn metadata(object: &Value) -> Decoded {
    for field in ["name", "namespace", "uid", "resourceVersion", "generateName"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            expect_type(value, value.is_string(), &format!("ObjectMeta.metadata.{field}"), "string")?;
        }
    }
    for field in ["labels", "annotations"] {
        let Some(value) = object.pointer(&format!("/metadata/{field}")) else { continue };
        expect_type(value, value.is_object(), &format!("ObjectMeta.metadata.{field}"), "map[string]string")?;
        for entry in value.as_object().into_iter().flatten() {
            expect_type(entry.1, entry.1.is_string(), &format!("ObjectMeta.metadata.{field}"), "string")?;
        }
    }
    Ok(())
}

const LEASE_FIELDS: [&str; 7] = [
    "acquireTime",
    "holderIdentity",
    "leaseDurationSeconds",
    "leaseTransitions",
    "preferredHolder",
    "renewTime",
    "strategy",
];

fn lease(object: &mut Value, strict: bool) -> Decoded {
    object::set_default(object, "spec", json!({}));
    let Some(spec) = object.get_mut("spec") else { return Ok(()) };
    expect_type(spec, spec.is_object(), "Lease.spec", "v1.LeaseSpec")?;
    let Some(fields) = spec.as_object_mut() else { return Ok(()) };
    if let Some((field, _)) = fields.iter().find(|(field, _)| strict && !LEASE_FIELDS.contains(&field.as_str())) {
        return Err(format!("strict decoding error: unknown field \"spec.{field}\""));
    }
    fields.retain(|field, value| LEASE_FIELDS.contains(&field.as_str()) && !value.is_null());
    for (field, value) in fields {
        let place = format!("LeaseSpec.spec.{field}");
        match field.as_str() {
            "leaseDurationSeconds" | "leaseTransitions" => {
                let is_int32 = value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
                expect_type(value, is_int32, &place, "int32")?;
            }
            "acquireTime" | "renewTime" => {
                expect_type(value, value.is_string(), &place, "string")?;
                *value = Value::String(time::micro_time(value.as_str().unwrap_or_default())?);
            }
            _ => expect_type(value, value.is_string(), &place, "string")?,
        }
    }
    Ok(())
}

fn expect_type(value: &Value, holds: bool, place: &str, wanted: &str) -> Decoded {
    if holds || value.is_null() {
        return Ok(());
    }
    let found = match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(number) => format!("number {number}"),
        Value::String(_) => String::from("string"),
        Value::Array(_) => "array".into(),
        Value::Object(_) => "object".into(),
    };
    Err(format!("json: cannot unmarshal {found} into Go struct field {place} of type {wanted}"))
}

/// Checks what the types do not say.
pub(super) fn check(kind: Kind, object: &Value) -> Result<()> {
    let name = object::name(object);
    let mut causes = Vec::new();
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if kind == Kind::Service {
        let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !(starts_well && is_label(name) && name.len() <= 63) {
            causes.push(Cause::invalid("metadata.name", &format!("{name:?}"), LABEL));
        }
    } else if !is_subdomain(name) {
        causes.push(Cause::invalid("metadata.name", &format!("{name:?}"), SUBDOMAIN));
    }
    causes.extend(label_rules(object));
    if kind == Kind::Lease {
        causes.extend(lease_rules(object));
    }
    if kind == Kind::Pod && object::list(object, "/spec/containers").is_empty() {
        causes.push(Cause::required("spec.containers", ""));
    }
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid(kind, name, causes)) }
}

fn label_rules(object: &Value) -> impl Iterator<Item = Cause> {
    object::map(object, "/metadata/labels").into_iter().flatten().flat_map(|(key, value)| {
        let value = value.as_str().unwrap_or_default();
        let bad_key = selector::key_fault(key).map(|rule| (key.as_str(), rule));
        let bad_value = selector::value_fault(value).map(|rule| (value, rule));
        let faults = bad_key.into_iter().chain(bad_value);
        faults.map(|(text, rule)| Cause::invalid("metadata.labels", &format!("{text:?}"), rule))
    })
}

fn lease_rules(object: &Value) -> impl Iterator<Item = Cause> + use<> {
    let duration = object::integer(object, "/spec/leaseDurationSeconds").filter(|seconds| *seconds <= 0);
    let transitions = object::integer(object, "/spec/leaseTransitions").filter(|count| *count < 0);
    let duration = duration
        .map(|seconds| Cause::invalid("spec.leaseDurationSeconds", &format!("{seconds}"), "must be greater than 0"));
    let transitions = transitions.map(|count| {
        Cause::invalid("spec.leaseTransitions", &format!("{count}"), "must be greater than or equal to 0")
    });
    duration.into_iter().chain(transitions)
}
