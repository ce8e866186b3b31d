//! How good a view is, why it is not better, and what else there is to tell.

use alloc::boxed::Box;
use alloc::string::String;
use core::cmp::Reverse;
use core::fmt;
use core::mem::discriminant;
use core::time::Duration;

use crate::api::{DecodeError, ResourceVersion};
use crate::machine::Severity;
use crate::membership::listing::{ListingError, ListingFailure};
use crate::membership::object::ObjectKey;
use crate::time::Instant;

/// How good the view of a collection is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// Nothing is known yet.
    Syncing {
        /// Why it takes so long, if anything went wrong.
        trouble: Option<Trouble>,
    },
    /// It is followed.
    Live,
    /// It stands as it was: it may have changed since.
    Degraded {
        /// When it was last known to be current.
        since: Instant,
        /// Why it is not followed.
        trouble: Trouble,
    },
}

impl Standing {
    /// Of several collections the gravest tells how good the whole view is: none yet, then the longest out of date.
    pub(crate) const fn gravity(&self) -> (u8, Reverse<Instant>) {
        match self {
            Self::Live => (0, Reverse(Instant::ORIGIN)),
            Self::Degraded { since, .. } => (1, Reverse(*since)),
            Self::Syncing { .. } => (2, Reverse(Instant::ORIGIN)),
        }
    }

    /// Whether there is nothing new to tell: same standing, same reason.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Live, Self::Live) => true,
            (Self::Syncing { trouble: one }, Self::Syncing { trouble: other }) => match (one, other) {
                (None, None) => true,
                (Some(one), Some(other)) => one.is_like(other),
                _ => false,
            },
            (Self::Degraded { trouble: one, .. }, Self::Degraded { trouble: other, .. }) => one.is_like(other),
            _ => false,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syncing { trouble: None } => f.write_str("syncing"),
            Self::Syncing { trouble: Some(trouble) } => write!(f, "syncing: {trouble}"),
            Self::Live => f.write_str("live"),
            Self::Degraded { since, trouble } => write!(f, "degraded, last current at {since}: {trouble}"),
        }
    }
}

/// Why a view is not current. It is never a reason to remove anything (M1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The server no longer has the history that a watch would go on from; a list follows.
    Expired {
        /// What the server says.
        message: String,
    },
    /// A line of a watch is longer than is accepted.
    LineTooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The server ends every watch at once, and has told nothing.
    ShortWatch,
    /// A watch fell silent: its connection may be dead without a word.
    Silent {
        /// How long was waited for a word.
        limit: Duration,
    },
    /// A list is older than the view, so it says nothing of it. If fresh lists stay older, the server's history was rewound.
    StaleList {
        /// The version of the list.
        listed: ResourceVersion,
        /// The version of the view.
        known: ResourceVersion,
    },
    /// A watch told something that cannot be read; a list follows.
    Undecodable(DecodeError),
    /// A list or a watch was refused, cut or not answered.
    Unanswered(Box<ListingError>),
}

impl Trouble {
    /// Whether it is the same thing again, in other words and numbers perhaps.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unanswered(one), Self::Unanswered(other)) => {
                one.permission == other.permission && same_failure(&one.failure, &other.failure)
            }
            _ => discriminant(self) == discriminant(other),
        }
    }
}

fn same_failure(one: &ListingFailure, other: &ListingFailure) -> bool {
    match (one, other) {
        (ListingFailure::WaitTooLong { failure, .. }, other) | (other, ListingFailure::WaitTooLong { failure, .. }) => {
            same_failure(failure, other)
        }
        (ListingFailure::Failed(one), ListingFailure::Failed(other)) => one.kind == other.kind,
        (ListingFailure::Refused(one), ListingFailure::Refused(other)) => one.is_like(other),
        _ => discriminant(one) == discriminant(other),
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired { message } => write!(f, "the watch's history has expired, listing again: {message}"),
            Self::LineTooLong { limit } => write!(f, "the watch sent a line of more than {limit} bytes"),
            Self::ShortWatch => f.write_str("the server ends the watch at once, without a word"),
            Self::Silent { limit } => {
                write!(f, "the watch has been silent for {:.0} s: its connection may be dead", limit.as_secs_f64())
            }
            Self::StaleList { listed, known } => {
                write!(
                    f,
                    "the server gave a list of resourceVersion {listed}, older than {known} which is known: a lagging \
                     server, or a restored one"
                )
            }
            Self::Undecodable(error) => write!(f, "the watch sent {error}"),
            Self::Unanswered(error) => error.fmt(f),
        }
    }
}

/// What happened to a view's source, for people: decisions need none of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum News {
    /// A list failed while the watch is healthy: nothing is missed, and it is tried again.
    ComparisonFailed(Box<ListingError>),
    /// Changes came faster than a list could be read, so it says nothing: it is asked for again.
    ListOvertaken,
    /// A list began again at its first page.
    ListRestarted,
    /// A list was taken as the state of things.
    Listed {
        /// How many objects it has.
        objects: usize,
        /// Its version.
        version: ResourceVersion,
    },
    /// A watch goes on where the one before ended.
    Resumed {
        /// From which version on.
        version: ResourceVersion,
    },
    /// Two lists in a row were older than the view: the server's history was rewound, and the view follows it.
    Rewound {
        /// The version of the view.
        from: ResourceVersion,
        /// The version of the list.
        to: ResourceVersion,
    },
    /// The Service selects other pods than it did: they are listed and watched.
    SelectorChanged,
    /// A watch event that is not newer than what the same watch told before was dropped; a list follows, to compare.
    StaleEvent {
        /// What it was about.
        object: ObjectKey,
        /// Its version.
        version: ResourceVersion,
        /// The version before it.
        known: ResourceVersion,
    },
}

impl News {
    /// How much it matters.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self {
            Self::ListOvertaken | Self::ListRestarted | Self::Listed { .. } | Self::Resumed { .. } => Severity::Debug,
            Self::SelectorChanged => Severity::Info,
            Self::ComparisonFailed(_) | Self::Rewound { .. } | Self::StaleEvent { .. } => Severity::Warning,
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ComparisonFailed(error) => write!(f, "the watch goes on, but there is no list to compare: {error}"),
            Self::ListOvertaken => f.write_str("the list was overtaken by changes: asking for another"),
            Self::ListRestarted => f.write_str("beginning again at the first page: the list expired or changed"),
            Self::Listed { objects, version } => write!(f, "listed {objects} objects at resourceVersion {version}"),
            Self::Resumed { version } => write!(f, "the watch goes on from resourceVersion {version}"),
            Self::Rewound { from, to } => {
                write!(f, "the server's history was rewound from resourceVersion {from} to {to}: following it")
            }
            Self::SelectorChanged => f.write_str("the Service selects other pods than before: listing them"),
            Self::StaleEvent { object, version, known } => {
                write!(f, "dropped a watch event on {object}: resourceVersion {version} is not newer than {known}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Permission, Refusal, Resource};

    fn unanswered(verb: &'static str, failure: ListingFailure, attempts: u32) -> Trouble {
        let permission = Permission::new(verb, &[], Resource::PODS, None);
        let elapsed = Duration::ZERO;
        Trouble::Unanswered(Box::new(ListingError { permission, failure, previous: None, attempts, elapsed }))
    }

    #[test]
    fn the_same_trouble_with_other_numbers_is_no_news() {
        let busy = |message: &str| ListingFailure::Refused(Refusal::Throttled { message: message.into() });
        let too_long =
            |message| ListingFailure::WaitTooLong { after: Duration::from_secs(9), failure: Box::new(busy(message)) };
        assert!(unanswered("list", busy("a"), 1).is_like(&unanswered("list", too_long("b"), 7)));
        assert!(!unanswered("list", busy("a"), 1).is_like(&unanswered("watch", busy("a"), 1)));
        assert!(!unanswered("list", busy("a"), 1).is_like(&unanswered("list", ListingFailure::TimedOut, 1)));
        let degraded = |seconds, trouble| Standing::Degraded {
            since: Instant::since_origin(Duration::from_secs(seconds)),
            trouble,
        };
        assert!(degraded(1, Trouble::ShortWatch).is_like(&degraded(2, Trouble::ShortWatch)));
        assert!(!degraded(1, Trouble::ShortWatch).is_like(&Standing::Live));
    }
}
