//! Members out of a document: what `kubectl get … -o json` prints, without any API.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::object::{Object, Source};
use super::view::{Reason, Skipped};
use crate::api::decode::{DecodeError, Text, decode_object, object_or_null, texts_or_null};
use crate::api::{ObjectReference, ResourceVersion, ServiceName};
use crate::text;

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

impl Document {
    /// What of it belongs to one Service: EndpointSlices and Endpoints of another one are skipped with
    /// [`Reason::OtherService`]. Pods do not say which Services are in front of them, and stay.
    #[must_use]
    pub fn of_service(mut self, service: &ServiceName) -> Self {
        for object in &mut self.objects {
            let Some(other) = object.service.as_ref().filter(|other| ***other != *service.as_str()) else { continue };
            let reason = Reason::OtherService(other.clone());
            object.endpoints.clear();
            object.skipped = [Skipped { object: object.reference.clone(), reason }].into();
        }
        self
    }
}

/// Reads a document: a `List` of any mixture, an `EndpointSliceList`, `EndpointsList` or `PodList`, or one object.
///
/// Objects of other kinds in a `List` are skipped with [`Reason::UnknownKind`].
///
/// # Errors
///
/// When the text is not JSON, is something else than one of these, or is one page of a longer list.
pub fn decode(json: &[u8]) -> Result<Document, DecodeError> {
    // The kind comes last in what kubectl prints, so a first pass looks for it and skips the rest.
    let kind = decode_object::<Kind<'_>>(json)?.kind;
    if &*kind == "List" {
        return decode_mixed_list(json);
    }
    if let Some(source) = kind.strip_suffix("List").and_then(source_of_kind) {
        let page = source.decode_page(json)?;
        if page.continue_token.is_some() {
            return Err(DecodeError::Partial);
        }
        return Ok(Document { objects: page.objects, resource_version: page.resource_version });
    }
    let Some(source) = source_of_kind(&kind) else {
        return Err(DecodeError::kind(EXPECTED, &kind));
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
        /// `None` only if there is no such field: Go writes an empty list as `null`.
        #[serde(borrow, default, deserialize_with = "present")]
        items: Option<Vec<&'a RawValue>>,
    }
    let list: MixedList<'_> = decode_object(json)?;
    let items = list.items.ok_or(DecodeError::NoItems)?;
    let objects = items.into_iter().map(|item| decode_item(item.get().as_bytes())).collect::<Result<_, _>>()?;
    Ok(Document { objects, resource_version: ResourceVersion::default() })
}

fn present<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    texts_or_null(deserializer).map(Some)
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
    let kind = Cow::Owned(String::from(&*text::name(kind)));
    let reference = ObjectReference { kind, namespace: text::name(&namespace), name: text::name(&name) };
    Ok(Object {
        skipped: [Skipped { object: reference.clone(), reason: Reason::UnknownKind }].into(),
        reference,
        resource_version: ResourceVersion::default(),
        service: None,
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
    fn one_service_can_be_picked() {
        let slice = |service: &str| {
            format!(
                r#"{{"kind":"EndpointSlice","metadata":{{"name":"{service}-x","labels":{{"kubernetes.io/service-name":"{service}"}}}},
                     "endpoints":[{{"addresses":["10.0.0.1"]}}]}}"#
            )
        };
        let endpoints =
            r#"{"kind":"Endpoints","metadata":{"name":"db"},"subsets":[{"addresses":[{"ip":"10.0.0.2"}]}]}"#;
        let json = format!(r#"{{"kind":"List","items":[{},{},{endpoints},{POD}]}}"#, slice("web"), slice("db"));
        let document = decode(json.as_bytes()).unwrap().of_service(&ServiceName::parse("web").unwrap());
        let left: Vec<_> = document.objects.iter().map(|object| object.endpoints.len()).collect();
        assert_eq!(left, [1, 0, 0, 1]);
        assert_eq!(document.objects[1].skipped[0].to_string(), "EndpointSlice /db-x: it belongs to the Service db");
    }

    #[test]
    fn an_empty_list_may_be_null_and_a_page_is_no_whole_list() {
        for empty in [r#"{"kind":"List","items":null}"#, r#"{"kind":"PodList","items":null}"#] {
            assert_eq!(decode(empty.as_bytes()).unwrap().objects, []);
        }
        let page = r#"{"kind":"PodList","metadata":{"continue":"t"},"items":[]}"#;
        assert_eq!(decode(page.as_bytes()), Err(DecodeError::Partial));
    }

    #[test]
    fn nothing_in_a_document_reaches_the_terminal_as_it_is() {
        let json = r#"{"kind":"Pod","metadata":{"name":"a\u001b[2J\nb","namespace":"lab"}}"#;
        assert_eq!(references(json).unwrap(), ["Pod lab/a\\u{1b}[2J\\nb"]);
        let error = references(&format!(r#"{{"kind":"{}"}}"#, "x".repeat(9000))).unwrap_err().to_string();
        assert!(error.len() < 500, "{error}");
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
