//! Lists, decoded item by item.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{DecodeError, Fields, Text, utf8};

/// A list's own metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ListMeta<'a> {
    #[serde(borrow)]
    pub(crate) resource_version: Text<'a>,
    #[serde(borrow, rename = "continue")]
    pub(crate) continue_token: Text<'a>,
}

/// Decodes one page of a list item by item, so that no more than one decoded item is held at a time.
///
/// The items of a page that turns out to be broken have been handed out by then: the caller drops what it made of them.
pub(crate) fn decode_list<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    kind: &'static str,
    each: impl FnMut(T),
) -> Result<ListMeta<'a>, DecodeError> {
    let mut deserializer = serde_json::Deserializer::from_str(utf8(bytes)?);
    let envelope = ListSeed { each, item: PhantomData }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    let found = envelope.kind.unwrap_or_default();
    if found.strip_suffix("List") != Some(kind) {
        return Err(DecodeError::kind(alloc::format!("{kind}List"), &found));
    }
    if !envelope.has_items {
        return Err(DecodeError::NoItems);
    }
    Ok(envelope.metadata.unwrap_or_default())
}

#[derive(Default)]
struct Envelope<'a> {
    kind: Option<Text<'a>>,
    metadata: Option<ListMeta<'a>>,
    has_items: bool,
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum EnvelopeField {
    Kind,
    Metadata,
    Items,
    #[serde(other)]
    Other,
}

struct ListSeed<T, F> {
    each: F,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> DeserializeSeed<'de> for ListSeed<T, F> {
    type Value = Envelope<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for ListSeed<T, F> {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes list")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(field) = map.next_key::<EnvelopeField>()? {
            // With two of a kind it is anybody's guess which one is meant, and which one hides more pages.
            match field {
                EnvelopeField::Kind if envelope.kind.is_some() => return Err(A::Error::duplicate_field("kind")),
                EnvelopeField::Kind => envelope.kind = Some(map.next_value()?),
                EnvelopeField::Metadata if envelope.metadata.is_some() => {
                    return Err(A::Error::duplicate_field("metadata"));
                }
                EnvelopeField::Metadata => {
                    envelope.metadata =
                        Some(map.next_value::<Option<Fields<_>>>()?.map_or_else(ListMeta::default, |fields| fields.0));
                }
                EnvelopeField::Items if envelope.has_items => return Err(A::Error::duplicate_field("items")),
                EnvelopeField::Items => {
                    map.next_value_seed(ItemsSeed { each: &mut self.each, item: PhantomData::<T> })?;
                    envelope.has_items = true;
                }
                EnvelopeField::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(envelope)
    }
}

struct ItemsSeed<'f, T, F> {
    each: &'f mut F,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> DeserializeSeed<'de> for ItemsSeed<'_, T, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for ItemsSeed<'_, T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects or null")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<Fields<T>>()? {
            (self.each)(item.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    fn names(json: &str) -> Result<(Vec<String>, String, String), DecodeError> {
        #[derive(serde::Deserialize)]
        struct Item<'a> {
            #[serde(borrow, default)]
            name: Text<'a>,
        }
        let mut found = Vec::new();
        let meta = decode_list(json.as_bytes(), "Pod", |item: Item<'_>| found.push(String::from(&*item.name)))?;
        Ok((found, (*meta.resource_version).into(), (*meta.continue_token).into()))
    }

    #[test]
    fn fields_come_in_any_order_and_unknown_ones_are_skipped() {
        let json = r#"{"items":[{"name":"a","more":[1]},{"name":"b"}],"extra":{"x":[null]},
                       "metadata":{"continue":"t","resourceVersion":"7","remainingItemCount":3},"kind":"PodList"}"#;
        assert_eq!(names(json), Ok((["a", "b"].map(String::from).to_vec(), "7".into(), "t".into())));
    }

    #[test]
    fn null_reads_like_nothing() {
        let json = r#"{"kind":"PodList","metadata":{"continue":null},"items":null}"#;
        assert_eq!(names(json), Ok((Vec::new(), String::new(), String::new())));
        assert_eq!(names(r#"{"kind":"PodList","items":[{"name":null}]}"#).unwrap().0, [""]);
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(names(r#"{"kind":"PodList","items":[{"name":"a\n\u00e4"}]}"#).unwrap().0, ["a\nä"]);
    }

    #[test]
    fn a_status_in_place_of_a_list_is_no_empty_list() {
        let found = names(r#"{"kind":"Status","status":"Failure"}"#);
        assert_eq!(found, Err(DecodeError::Kind { expected: "PodList".into(), found: "Status".into() }));
    }

    #[test]
    fn a_list_without_items_is_no_empty_list() {
        assert_eq!(names(r#"{"kind":"PodList"}"#), Err(DecodeError::NoItems));
    }

    #[test]
    fn what_is_not_json_says_where() {
        for broken in
            ["", "null", "[]", "<html>", r#"{"kind":"PodList","items":["#, r#"{"kind":"PodList","items":[]} x"#]
        {
            assert!(
                matches!(names(broken), Err(DecodeError::Json { message }) if message.contains("line")),
                "{broken}"
            );
        }
    }

    #[test]
    fn what_comes_twice_is_refused() {
        for twice in [r#""items":[]"#, r#""kind":"PodList""#, r#""metadata":{}"#, r#""metadata":null"#] {
            let json = alloc::format!(r#"{{{twice},"kind":"PodList","items":[],"metadata":{{}}}}"#);
            assert!(
                matches!(names(&json), Err(DecodeError::Json { message }) if message.contains("duplicate")),
                "{json}"
            );
        }
    }

    #[test]
    fn an_array_is_no_object() {
        for wrong in [
            r#"["PodList"]"#,
            r#"{"kind":"PodList","items":[["a"]]}"#,
            r#"{"kind":"PodList","metadata":["7"],"items":[]}"#,
        ] {
            assert!(matches!(names(wrong), Err(DecodeError::Json { .. })), "{wrong}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_even_where_nobody_reads_them() {
        let found = decode_list(b"{\"kind\":\"PodList\",\"items\":[],\"x\":\"\xff\"}", "Pod", |_: IgnoredAny| ());
        assert!(matches!(found, Err(DecodeError::Json { .. })));
    }
}
