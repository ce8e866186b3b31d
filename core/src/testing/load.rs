//! Objects that are there from the beginning, as an administrator would create them.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;

use serde_json::{Value, json};

use super::kind::Kind;
use super::store::Key;
use super::write::Half;
use super::{FakeApi, object, validate};
use crate::time::Now;

/// An object that could not be loaded; those before it were.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LoadError {
    object: String,
    why: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot load {}: {}", self.object, self.why)
    }
}

impl core::error::Error for LoadError {}

pub(super) fn load(api: &mut FakeApi, now: Now, objects: &[Value]) -> Result<(), LoadError> {
    let mut namespaces = Vec::new();
    let result = objects.iter().try_for_each(|object| load_one(api, now, object, &mut namespaces));
    namespaces.sort_unstable();
    namespaces.dedup();
    for namespace in namespaces {
        api.follow_pods(now, &namespace);
    }
    result
}

fn load_one(api: &mut FakeApi, now: Now, object: &Value, namespaces: &mut Vec<String>) -> Result<(), LoadError> {
    let (kind, version) = (object::text(object, "/kind"), object::text(object, "/apiVersion"));
    if let Some(items) = object.get("items").and_then(Value::as_array).filter(|_| kind.ends_with("List")) {
        let singular = kind.strip_suffix("List").unwrap_or_default();
        return items.iter().try_for_each(|item| {
            let mut item = item.clone();
            if !singular.is_empty() {
                object::set_default(&mut item, "kind", json!(singular));
                object::set_default(&mut item, "apiVersion", json!(version));
            }
            load_one(api, now, &item, namespaces)
        });
    }
    if kind == "Namespace" {
        return Ok(());
    }
    let error = |why: String| LoadError { object: format!("{kind} {}", object::name(object)), why };
    let known = Kind::of_object(version, kind).ok_or_else(|| {
        let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        error(format!("the fake has no {kind:?} of {version:?}, only {}", kinds.join(", ")))
    })?;
    let mut object = object.clone();
    object::normalize(&mut object);
    object::set_meta(&mut object, "resourceVersion", Value::Null);
    validate::decode(known, &mut object, false).map_err(|why| error(why.message().to_string()))?;
    let namespace = match object::namespace(&object) {
        "" => "default".to_string(),
        namespace => namespace.to_string(),
    };
    let key = Key::new(known, &namespace, object::name(&object));
    let loaded = match api.store.get(&key).cloned() {
        Some(current) => {
            let version = json!(object::version(&current));
            object::set_meta(&mut object, "resourceVersion", version);
            api.update(&key, Half::Both, &current, object).map(|_| ())
        }
        None => api.insert(now, known, &namespace, object).map(|_| ()),
    };
    namespaces.push(namespace);
    loaded.map_err(|why| error(why.message().to_string()))
}
