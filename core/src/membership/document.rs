//! Members out of a document: what `kubectl get … -o json` prints, without any API.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{Object, Source};
use super::view::{Reason, Skipped};
use crate::api::decode::{DecodeError, Text, decode_object, object_or_null};
use crate::api::{ObjectReference, ResourceVersion};

/// The kinds that a document may be, for the error message.
const EXPECTED: &str = "a List, EndpointSliceList, EndpointsList, PodList, EndpointSlice, Endpoints or Pod";

/// What a document holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// The objects.
    pub objects: Vec<Object>,
    /// The version of the list; empty if it names none, as kubectl's own lists do.
    pub resource_version: ResourceVersion,
}

/// Reads a document: a `List` of any mixture, an `EndpointSliceList`, `EndpointsList` or `PodList`, or one object.
///
/// Objects of other kinds in a `List` are skipped with [`Reason::UnknownKind`]. A document may be one page of a longer list:
/// what `kubectl` prints is always whole, but what the API server answers need not be.
///
/// # Errors
///
/// When the text is not JSON, or is something else than one of these.
pub fn decode(json: &[u8]) -> Result<Document, DecodeError> {
    // The kind comes last in what kubectl prints, so a first pass looks for it and skips the rest.
    let kind = decode_object::<Kind<'_>>(json)?.kind;
    if &*kind == "List" {
        return decode_mixed_list(json);
    }
    if let Some(source) = kind.strip_suffix("List").and_then(source_of_kind) {
        let page = source.decode_page(json)?;
        return Ok(Document { objects: page.objects, resource_version: page.resource_version });
    }
    let Some(source) = source_of_kind(&kind) else {
        return Err(DecodeError::Kind { expected: EXPECTED.into(), found: (*kind).into() });
    };
    Ok(Document { objects: [source.decode_object(json)?].into(), resource_version: ResourceVersion::default() })
}

fn source_of_kind(kind: &str) -> Option<Source> {
    [Source::EndpointSlices, Source::Endpoints, Source::Pods]
        .into_iter()
        .find(|source| source.resource().kind() == kind)
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
}

fn decode_mixed_list(json: &[u8]) -> Result<Document, DecodeError> {
    #[derive(Deserialize)]
    struct MixedList<'a> {
        #[serde(borrow)]
        items: Option<Vec<&'a RawValue>>,
    }
    let list: MixedList<'_> = decode_object(json)?;
    let items = list.items.ok_or(DecodeError::NoItems)?;
    let objects = items.into_iter().map(|item| decode_item(item.get().as_bytes())).collect::<Result<_, _>>()?;
    Ok(Document { objects, resource_version: ResourceVersion::default() })
}

fn decode_item(json: &[u8]) -> Result<Object, DecodeError> {
    let kind = decode_object::<Kind<'_>>(json)?.kind;
    match source_of_kind(&kind) {
        Some(source) => source.decode_object(json),
        None => unknown(&kind, json),
    }
}

fn unknown(kind: &str, json: &[u8]) -> Result<Object, DecodeError> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, default, deserialize_with = "object_or_null")]
        metadata: Metadata<'a>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Metadata<'a> {
        #[serde(borrow)]
        namespace: Text<'a>,
        #[serde(borrow)]
        name: Text<'a>,
    }
    let Metadata { namespace, name } = decode_object::<Named<'_>>(json)?.metadata;
    let kind = Cow::Owned(String::from(kind));
    let reference = ObjectReference { kind, namespace: (&*namespace).into(), name: (&*name).into() };
    Ok(Object {
        skipped: [Skipped { object: reference.clone(), reason: Reason::UnknownKind }].into(),
        reference,
        resource_version: ResourceVersion::default(),
        endpoints: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;

    use super::*;

    const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-0","namespace":"lab","uid":"u"},
        "status":{"phase":"Running","podIP":"10.0.0.7"}}"#;

    fn references(json: &str) -> Result<Vec<String>, DecodeError> {
        Ok(decode(json.as_bytes())?.objects.iter().map(|object| object.reference.to_string()).collect())
    }

    #[test]
    fn one_object_a_typed_list_and_a_mixed_list_are_read() {
        assert_eq!(references(POD).unwrap(), ["Pod lab/web-0"]);
        let typed = format!(r#"{{"items":[{POD}],"metadata":{{"resourceVersion":"9"}},"kind":"PodList"}}"#);
        assert_eq!(references(&typed).unwrap(), ["Pod lab/web-0"]);
        assert_eq!(decode(typed.as_bytes()).unwrap().resource_version, ResourceVersion::new("9"));
        let slice = r#"{"kind":"EndpointSlice","metadata":{"name":"s"}}"#;
        let mixed = format!(r#"{{"apiVersion":"v1","items":[{POD},{slice}],"kind":"List"}}"#);
        assert_eq!(references(&mixed).unwrap(), ["Pod lab/web-0", "EndpointSlice /s"]);
    }

    #[test]
    fn other_kinds_in_a_mixed_list_are_skipped_by_name() {
        let json = r#"{"kind":"List","items":[{"kind":"Service","metadata":{"name":"web","namespace":"lab"}}]}"#;
        let document = decode(json.as_bytes()).unwrap();
        assert!(
            document.objects[0].skipped[0].to_string().starts_with("Service lab/web: this kind tells of no members")
        );
    }

    #[test]
    fn other_documents_are_refused_with_what_is_wanted() {
        for (bad, said) in [
            ("", "EOF"),
            ("kind: Pod", "expected value"),
            ("[]", "expected an object"),
            (r#"{"kind":"Table"}"#, "expected a List, EndpointSliceList"),
            (r#"{"kind":"List"}"#, "without items"),
            (r#"{"kind":"PodList"}"#, "without items"),
            (r#"{"kind":"ServiceList","items":[]}"#, "found \"ServiceList\""),
        ] {
            let error = references(bad).expect_err(bad).to_string();
            assert!(error.contains(said), "{bad}: {error}");
        }
    }
}
