//! What the host tells of links.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::order::LinkId;
use crate::text;

/// The longest message that is kept of a failure, in bytes.
const MESSAGE_LIMIT: usize = 300;

/// What the host has to say about links. Reports come in the order in which things happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Report {
    /// An attempt to connect or to disconnect has ended.
    Ended {
        /// The attempt, as its order named it.
        id: LinkId,
        /// How it went.
        outcome: Result<(), LinkFailure>,
    },
    /// Who is connected, all of them.
    Listed {
        /// The attempt, as its order named it.
        id: LinkId,
        /// The names; `None` when this connector cannot tell. Bookkeeping alone counts from then on, and it is not asked
        /// again.
        names: Result<Option<BTreeSet<String>>, LinkFailure>,
    },
    /// A link went down by itself. Connectors that notice say so; the others are asked now and then.
    Dropped {
        /// Whose link.
        name: String,
    },
    /// We ourselves are going: stop dialling, for good.
    Drain,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended { id, outcome: Ok(()) } => write!(f, "{id}: done"),
            Self::Ended { id, outcome: Err(failure) } | Self::Listed { id, names: Err(failure) } => {
                write!(f, "{id}: failed: {failure}")
            }
            Self::Listed { id, names: Ok(None) } => write!(f, "{id}: cannot tell who is connected"),
            Self::Listed { id, names: Ok(Some(names)) } => write!(f, "{id}: {} connected", names.len()),
            Self::Dropped { name } => write!(f, "{} dropped", text::name(name)),
            Self::Drain => f.write_str("drain"),
        }
    }
}

/// Why an attempt failed, in a line for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkFailure {
    message: Arc<str>,
    answers: bool,
}

impl LinkFailure {
    /// A failure with the connector's own words; they are cut to one short line without control characters.
    #[must_use]
    pub fn new(message: &str) -> Self {
        let line = text::one_line(message, MESSAGE_LIMIT);
        let message = if line.is_empty() { "no reason given".into() } else { line.into() };
        Self { message, answers: false }
    }

    /// A disconnect that was not done, because whoever has that name now answers over that link.
    ///
    /// If the name has passed to another member, the link is taken for theirs and kept; else the disconnect is tried again, as
    /// after any failure.
    #[must_use]
    pub fn still_answers(message: &str) -> Self {
        Self { answers: true, ..Self::new(message) }
    }

    pub(super) fn timed_out(after: Duration) -> Self {
        Self::new(&alloc::format!("no answer within {:.1} s", after.as_secs_f64()))
    }

    /// Whether the link is up and somebody answers over it.
    pub(crate) const fn answers(&self) -> bool {
        self.answers
    }

    /// The line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for LinkFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for LinkFailure {}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn a_failure_is_one_line_that_a_terminal_does_not_act_upon() {
        assert_eq!(LinkFailure::new("no\n route\u{1b}[2J").to_string(), "no route[2J");
        assert_eq!(LinkFailure::new(" \n").to_string(), "no reason given");
        assert!(LinkFailure::new(&"x".repeat(1000)).message().len() <= MESSAGE_LIMIT + '…'.len_utf8());
    }
}
