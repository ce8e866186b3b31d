//! The news of a membership for the application.

use core::fmt;

use super::change::Change;
use super::links::LinkEvent;
use super::reflector::{News, Standing};
use super::view::Skipped;
use crate::machine::Severity;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The view has changed.
    Change(Change),
    /// So many members have gone that a fresh list must confirm it first: until then they stay.
    Confirming {
        /// How many are held.
        removals: usize,
        /// How many there are, with them.
        members: usize,
    },
    /// Something happened to a link.
    Link(LinkEvent),
    /// Something that was seen is no member, and why; once as long as that lasts.
    Skipped(Skipped),
    /// What a collection's reflector does, for people who look closely.
    Source(News),
    /// How current the view is has changed.
    Standing(Standing),
    /// The first view is complete: each of its members has been told as joined.
    Synced {
        /// How many members there are.
        members: usize,
    },
}

impl Event {
    /// How much a human should care.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::Change(_) | Self::Synced { .. } | Self::Standing(Standing::Live) => Severity::Info,
            Self::Confirming { .. } | Self::Standing(_) => Severity::Warning,
            Self::Link(event) => event.severity(),
            Self::Skipped(skipped) => skipped.severity(),
            Self::Source(news) => news.severity(),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Change(change) => change.fmt(f),
            Self::Confirming { removals, members } => {
                write!(f, "{removals} of {members} members seem to be gone: asking again before any of them goes")
            }
            Self::Link(event) => event.fmt(f),
            Self::Skipped(skipped) => write!(f, "left out {skipped}"),
            Self::Source(news) => news.fmt(f),
            Self::Standing(standing) => standing.fmt(f),
            Self::Synced { members } => write!(f, "synced: {members} members"),
        }
    }
}
