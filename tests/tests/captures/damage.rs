//! Ways to damage a body.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use quorate_tests::recording::Recording;
use serde_json::Value;

/// One thing that happens to a body. Small in print, so that a failure can be read.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Flip {
        at: Index,
        bit: u8,
    },
    Truncate {
        at: Index,
    },
    Remove {
        from: Index,
        length: usize,
    },
    /// A piece of this or another recording is put in.
    Splice {
        at: Index,
        other: &'static str,
        from: Index,
        length: usize,
    },
    /// A token that JSON or the decoders care for is put in.
    Insert {
        at: Index,
        token: &'static str,
    },
    /// One part of the JSON gives way to a copy of another part.
    Graft {
        at: Index,
        from: Index,
    },
    /// One part of the JSON is null.
    Prune {
        at: Index,
    },
    /// One word becomes another everywhere.
    Replace {
        word: &'static str,
        by: &'static str,
    },
}

const TOKENS: [&str; 12] = ["{", "}", "[", "]", ",", ":", "null", "\"", "\\", "\\u0000", "-1e999", "\u{feff}"];

const WORDS: [&str; 16] = [
    "\"items\"",
    "\"kind\"",
    "\"metadata\"",
    "\"uid\"",
    "\"name\"",
    "\"namespace\"",
    "\"continue\"",
    "\"addresses\"",
    "\"lab\"",
    "\"Pod\"",
    "true",
    "false",
    "{}",
    "\"web-0\"",
    "\"10.244.1.5\"",
    "\"resourceVersion\"",
];

/// Damage of the bytes; pieces may come from these recordings. Little of it is JSON afterwards.
pub(crate) fn of_bytes(names: Vec<&'static str>) -> impl Strategy<Value = Damage> {
    let length = 1..400_usize;
    prop_oneof![
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::Flip { at, bit }),
        any::<Index>().prop_map(|at| Damage::Truncate { at }),
        (any::<Index>(), length.clone()).prop_map(|(from, length)| Damage::Remove { from, length }),
        (any::<Index>(), select(names), any::<Index>(), length).prop_map(|(at, other, from, length)| Damage::Splice {
            at,
            other,
            from,
            length
        }),
        (any::<Index>(), select(TOKENS.to_vec())).prop_map(|(at, token)| Damage::Insert { at, token }),
    ]
}

/// Damage of the meaning: JSON stays JSON.
pub(crate) fn of_meaning() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<Index>(), any::<Index>()).prop_map(|(at, from)| Damage::Graft { at, from }),
        any::<Index>().prop_map(|at| Damage::Prune { at }),
        (select(WORDS.to_vec()), select(WORDS.to_vec())).prop_map(|(word, by)| Damage::Replace { word, by }),
    ]
}

impl Damage {
    pub(crate) fn apply(&self, body: &mut Vec<u8>) {
        let length_of_body = body.len();
        let place = |index: &Index| index.index(length_of_body.saturating_add(1));
        match self {
            Self::Flip { at, bit } if !body.is_empty() => *at.get_mut(body.as_mut_slice()) ^= 1 << bit,
            Self::Flip { .. } => {}
            Self::Truncate { at } => body.truncate(place(at)),
            Self::Remove { from, length } => {
                let from = place(from);
                body.drain(from..from.saturating_add(*length).min(length_of_body));
            }
            Self::Splice { at, other, from, length } => {
                let other = Recording::load(other).body;
                let from = from.index(other.len());
                let piece = other[from..from.saturating_add(*length).min(other.len())].to_vec();
                body.splice(place(at)..place(at), piece);
            }
            Self::Insert { at, token } => {
                body.splice(place(at)..place(at), token.bytes());
            }
            Self::Graft { at, from } => graft(body, at, Some(from)),
            Self::Prune { at } => graft(body, at, None),
            Self::Replace { word, by } => {
                if let Ok(text) = str::from_utf8(body) {
                    *body = text.replace(word, by).into_bytes();
                }
            }
        }
    }
}

/// Puts a copy of another part of the JSON, or null, in place of one part. What is no JSON (any more) stays as it is.
fn graft(body: &mut Vec<u8>, at: &Index, from: Option<&Index>) {
    let Ok(mut root) = serde_json::from_slice::<Value>(body) else { return };
    let mut places = Vec::new();
    collect_places(&root, String::new(), &mut places);
    let place = |index: &Index| index.get::<String>(&places).as_str();
    let part = from.and_then(|from| root.pointer(place(from))).cloned().unwrap_or_default();
    if let Some(place) = root.pointer_mut(place(at)) {
        *place = part;
        *body = root.to_string().into_bytes();
    }
}

/// The JSON pointers of all parts, but those that the core never looks into.
fn collect_places(value: &Value, here: String, places: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_places(item, format!("{here}/{index}"), places);
            }
        }
        Value::Object(fields) => {
            let of_interest =
                fields.iter().filter(|(name, _)| !["managedFields", "annotations"].contains(&name.as_str()));
            for (name, field) in of_interest {
                collect_places(field, format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        _ => {}
    }
    places.push(here);
}
