//! Decoding without copying: texts are borrowed from the bytes, `null` reads like an absent field, and unknown fields are
//! skipped.

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use core::fmt;
use core::ops::Deref;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Bytes that are not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not JSON, are cut short, or hold a field of another type.
    Json {
        /// What the parser says, with line and column.
        message: String,
    },
    /// The JSON is something else than what was asked for.
    Kind {
        /// The kind that was asked for.
        expected: Cow<'static, str>,
        /// The kind that the bytes name; empty if they name none.
        found: String,
    },
    /// A list without an `items` field. Kubernetes always writes one: this is no empty list.
    NoItems,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { message } => write!(f, "not the JSON that was expected: {message}"),
            Self::Kind { expected, found } if found.is_empty() => {
                write!(f, "expected {expected}, found no kind at all")
            }
            Self::Kind { expected, found } => write!(f, "expected {expected}, found {found:?}"),
            Self::NoItems => f.write_str("a list without items"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json { message: error.to_string() }
    }
}

/// A text, borrowed unless it holds an escape; absent and `null` read as the empty text.
///
/// (`Option<Cow<str>>` always copies: <https://github.com/serde-rs/serde/issues/2016>.)
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or null")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.into())))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// For `#[serde(deserialize_with)]`: Go writes an empty list or struct as `null`.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

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
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let envelope = ListSeed { each, item: core::marker::PhantomData }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    if envelope.kind.strip_suffix("List") != Some(kind) {
        return Err(DecodeError::Kind {
            expected: alloc::format!("{kind}List").into(),
            found: (*envelope.kind).into(),
        });
    }
    if !envelope.has_items {
        return Err(DecodeError::NoItems);
    }
    Ok(envelope.metadata)
}

#[derive(Default)]
struct Envelope<'a> {
    kind: Text<'a>,
    metadata: ListMeta<'a>,
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
    item: core::marker::PhantomData<T>,
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
            match field {
                EnvelopeField::Kind => envelope.kind = map.next_value()?,
                EnvelopeField::Metadata => envelope.metadata = map.next_value()?,
                // With two of them it is anybody's guess which one is meant.
                EnvelopeField::Items if envelope.has_items => return Err(serde::de::Error::duplicate_field("items")),
                EnvelopeField::Items => {
                    map.next_value_seed(ItemsSeed { each: &mut self.each, item: core::marker::PhantomData::<T> })?;
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
    item: core::marker::PhantomData<T>,
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
        while let Some(item) = items.next_element()? {
            (self.each)(item);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
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
    fn two_item_lists_are_refused() {
        assert!(matches!(names(r#"{"kind":"PodList","items":[],"items":[]}"#), Err(DecodeError::Json { .. })));
    }
}
