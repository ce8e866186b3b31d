//! Decoding without copying: texts are borrowed from the bytes, `null` reads like an absent field, and unknown fields are
//! skipped.

mod list;

use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

pub(crate) use list::{ListMeta, decode_list};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::text::one_line;

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
    /// An object without what tells it and its versions apart. An API server always writes it.
    Unidentified {
        /// What is missing.
        missing: &'static str,
    },
    /// A list without an `items` field. Kubernetes always writes one: this is no empty list.
    NoItems,
    /// One page of a longer list, where all of it was wanted.
    Partial,
    /// A list without a `metadata.resourceVersion`. An API server always writes one: this is none of its lists.
    NoResourceVersion,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json { message } => write!(f, "not the JSON that was expected: {message}"),
            Self::Kind { expected, found } if found.is_empty() => {
                write!(f, "expected {expected}, found no kind at all")
            }
            Self::Kind { expected, found } => write!(f, "expected {expected}, found {found:?}"),
            Self::Unidentified { missing } => write!(f, "an object without {missing}"),
            Self::NoItems => f.write_str("a list without items"),
            Self::Partial => f.write_str("one page of a longer list; read all of it, as kubectl does"),
            Self::NoResourceVersion => f.write_str("a list without a resourceVersion"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// How much is kept of what a parser quotes, in bytes: no object's bytes outlive its decoding (M6).
const QUOTE_LIMIT: usize = 200;

impl DecodeError {
    pub(crate) fn kind(expected: impl Into<Cow<'static, str>>, found: &str) -> Self {
        Self::Kind { expected: expected.into(), found: one_line(found, QUOTE_LIMIT) }
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        let (message, line, column) = (error.to_string(), error.line(), error.column());
        let message = one_line(&message, QUOTE_LIMIT);
        // The place stands at the end, where the cut may have been.
        let place = alloc::format!("at line {line} column {column}");
        Self::Json { message: if message.ends_with(&place) { message } else { alloc::format!("{message} {place}") } }
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

/// Decodes one JSON object.
pub(crate) fn decode_object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, DecodeError> {
    Ok(serde_json::from_str::<Fields<T>>(utf8(json)?)?.0)
}

/// Checks the whole text at once: serde_json does not look into strings that it skips.
fn utf8(json: &[u8]) -> Result<&str, DecodeError> {
    core::str::from_utf8(json).map_err(|error| DecodeError::Json { message: error.to_string() })
}

/// A JSON object, and nothing else: derived structs would take an array as well, field by field.
struct Fields<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Fields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldsVisitor<T> {
            type Value = Fields<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Fields)
            }
        }
        deserializer.deserialize_any(FieldsVisitor(PhantomData))
    }
}

/// For `#[serde(deserialize_with)]`: an object, or `null`, which Go writes for an empty one.
pub(crate) fn object_or_null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<Fields<T>>::deserialize(deserializer)?.map_or_else(T::default, |fields| fields.0))
}

/// For `#[serde(deserialize_with)]`: an array of objects, or `null`, which Go writes for an empty one.
pub(crate) fn objects_or_null<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let objects = Option::<Vec<Fields<T>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(objects.into_iter().map(|fields| fields.0).collect())
}

/// For `#[serde(deserialize_with)]`: the first text of an array; the empty text if there is none, or `null`.
pub(crate) fn first_or_null<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
    struct FirstVisitor;
    impl<'de> Visitor<'de> for FirstVisitor {
        type Value = Text<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array of strings or null")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Text::default())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<Self::Value, A::Error> {
            let first = texts.next_element()?.unwrap_or_default();
            while texts.next_element::<Text<'de>>()?.is_some() {}
            Ok(first)
        }
    }
    deserializer.deserialize_any(FirstVisitor)
}

/// For `#[serde(deserialize_with)]`: a collection of texts, or `null`, which Go writes for an empty one.
pub(crate) fn texts_or_null<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
