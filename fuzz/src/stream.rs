//! What any server may say over a watch.

use arbitrary::Arbitrary;
use serde_json::{Value, json};

use crate::answer::{Kind, Piece};

/// What comes over a watch, with a target's statuses, events and bookmarks.
#[derive(Arbitrary, Debug)]
pub(crate) enum Word<'a, S, E, B> {
    Head(S),
    /// An event, whole or in two pieces.
    Event {
        event: E,
        cut: Option<u8>,
    },
    Bookmark(B),
    Error {
        code: u16,
    },
    Bytes(&'a [u8]),
    End,
    Failed(Kind),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum EventKind {
    Added,
    Modified,
    Deleted,
}

impl EventKind {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

impl<S: Copy + Into<u16>, E, B> Word<'_, S, E, B> {
    /// `event` makes the line of an event, `bookmark` the object of a bookmark.
    pub(crate) fn make(&self, event: impl FnOnce(&E) -> String, bookmark: impl FnOnce(&B) -> Value) -> Vec<Piece> {
        let (line, cut) = match self {
            Self::Head(status) => return vec![Piece::head((*status).into())],
            Self::End => return vec![Piece::End],
            Self::Failed(kind) => return vec![Piece::failed(*kind, false)],
            Self::Bytes(bytes) => return vec![Piece::Chunk(bytes.to_vec())],
            Self::Bookmark(version) => (json!({"type": "BOOKMARK", "object": bookmark(version)}).to_string(), &None),
            Self::Error { code } => {
                (json!({"type": "ERROR", "object": {"kind": "Status", "code": code}}).to_string(), &None)
            }
            Self::Event { event: what, cut } => (event(what), cut),
        };
        let mut line = format!("{line}\n").into_bytes();
        let second = line.split_off(cut.map_or(0, usize::from).min(line.len()));
        vec![Piece::Chunk(line), Piece::Chunk(second)]
    }
}
