//! [Service](https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/), of which only the selector
//! is read: it says which pods are behind it.

use alloc::collections::BTreeMap;

use serde::Deserialize;

use super::decode::{DecodeError, Text, decode_object, object_or_null, texts_or_null};
use super::selector::{LabelSelector, SelectorError};

#[derive(Deserialize)]
struct Service<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default, deserialize_with = "object_or_null")]
    spec: Spec<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec<'a> {
    #[serde(borrow, deserialize_with = "texts_or_null")]
    selector: BTreeMap<Text<'a>, Text<'a>>,
}

/// The selector of a Service's pods; `None` if it has none (its endpoints are then made by hand, or it is an alias).
pub(crate) fn decode_selector(bytes: &[u8]) -> Result<Option<LabelSelector>, DecodeError> {
    let service: Service<'_> = decode_object(bytes)?;
    if &*service.kind != "Service" {
        return Err(DecodeError::kind("Service", &service.kind));
    }
    let labels = service.spec.selector.iter().map(|(key, value)| (&**key, &**value));
    LabelSelector::of_labels(labels).transpose().map_err(|error: SelectorError| DecodeError::Json {
        message: alloc::format!("the Service's own selector cannot be used: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_a_selector() {
        let json = br#"{"kind":"Service","spec":{"selector":{"tier":"db","app":"web"},"type":"ClusterIP"}}"#;
        assert_eq!(decode_selector(json), Ok(Some(LabelSelector::parse("app=web,tier=db").unwrap())));
    }

    #[test]
    fn a_service_may_have_no_selector() {
        for json in [r#"{"kind":"Service","spec":{"selector":null}}"#, r#"{"kind":"Service","spec":{}}"#] {
            assert_eq!(decode_selector(json.as_bytes()), Ok(None));
        }
    }

    #[test]
    fn another_kind_is_refused() {
        assert!(matches!(decode_selector(br#"{"kind":"Pod"}"#), Err(DecodeError::Kind { .. })));
    }
}
