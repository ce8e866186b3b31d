//! What is known of a Lease: the record, and what follows from having watched it.

use alloc::sync::Arc;
use core::cmp::Ordering;
use core::time::Duration;

use super::config::counted;
use super::event::Change;
use crate::api::ResourceVersion;
use crate::api::lease::Lease;
use crate::election::observation::{Observation, Sight};
use crate::election::term::FencingToken;
use crate::text;
use crate::time::Instant;

/// What a Lease says, as far as anybody goes by it. Texts are one line of printable characters, cut at 253 (E7).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Record {
    /// Which Lease of this name it is.
    pub uid: Arc<str>,
    /// Its version.
    pub resource_version: ResourceVersion,
    /// Who holds it; `None` where the field is missing, null or empty.
    pub holder: Option<Arc<str>>,
    /// `leaseDurationSeconds`; `None` where it is missing or no positive integer.
    pub duration_seconds: Option<u64>,
    /// `leaseTransitions`; missing and negative ones count as 0.
    pub transitions: u32,
    /// `acquireTime`, by the wall clock of who wrote it: for people, never for decisions.
    pub acquire_time: Option<Arc<str>>,
    /// `renewTime`, by the wall clock of who wrote it: for people, never for decisions.
    pub renew_time: Option<Arc<str>>,
    /// `strategy`: the Lease belongs to coordinated election, and no candidate of ours stands.
    pub strategy: Option<Arc<str>>,
    /// `preferredHolder`, which is coordinated election's.
    pub preferred_holder: Option<Arc<str>>,
}

impl Record {
    fn of(lease: &Lease) -> Self {
        Self {
            uid: text::name(lease.uid()),
            resource_version: lease.version().clone(),
            holder: lease.holder().map(|holder| text::name(&holder)),
            duration_seconds: lease.duration_seconds(),
            transitions: lease.transitions(),
            acquire_time: lease.acquire_time().map(text::name),
            renew_time: lease.renew_time().map(text::name),
            strategy: lease.strategy().map(text::name),
            preferred_holder: lease.preferred_holder().map(text::name),
        }
    }

    /// What its duration counts as: up to [`LONGEST_LEASE`](crate::election::LONGEST_LEASE), and
    /// [`USUAL_LEASE`](super::USUAL_LEASE) where it says none.
    #[must_use]
    pub fn duration(&self) -> Duration {
        counted(self.duration_seconds)
    }
}

/// What is known of a Lease at one moment. Lengths of time count from there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Sighting {
    /// What it says.
    pub record: Record,
    /// The fencing token of the holder's term; `None` if nobody holds it, or after a history that went back.
    pub token: Option<TokenBound>,
    /// How long its content had stood unchanged, as received here, until this; `None` if it was not seen to change before.
    pub unchanged_for: Option<Duration>,
    /// When it may be taken over; `None` if nobody holds it: at once.
    pub take_over: Option<TakeOver>,
}

/// How well the fencing token of a term is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenBound {
    /// The term began in a version no later than this one, in which its holder was first seen.
    AtMost(FencingToken),
    /// The take-over itself was seen, in this version.
    Exactly(FencingToken),
}

/// When a held record may be taken over by a candidate whose own lease duration is no longer than the record's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TakeOver {
    /// How long a candidate must have seen no change.
    pub after: Duration,
    /// How long that is from now; zero if it has passed.
    pub left: Duration,
    /// What that time is to candidates that have watched for longer.
    pub bound: Bound,
}

/// What a computed time of take-over says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bound {
    /// The last change was seen as it came: nobody who received it then may be earlier.
    Earliest,
    /// The last change came before it was seen, nobody knows by how much. Who looks from now on may take over at that time; who
    /// has watched for longer may be earlier.
    Latest,
}

impl Bound {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Earliest => "earliest",
            Self::Latest => "latest",
        }
    }
}

/// What was learnt by watching, and is in no record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Lore {
    token: Option<TokenBound>,
    /// The history went back: versions that were handed out as tokens may be higher than those to come.
    is_rewound: bool,
    /// The last change came by a watch that told all that happened.
    is_change_prompt: bool,
    /// When the change before the last was received.
    changed_before: Option<Instant>,
    /// When the last change was received, if it was one and not the first look.
    changed_at: Option<Instant>,
    pub(super) is_expiry_told: bool,
}

impl Lore {
    pub(super) fn learn(
        &mut self,
        change: Change,
        before: &Observation,
        lease: &Lease,
        is_told_without_gap: bool,
        now: Instant,
    ) {
        self.is_expiry_told = false;
        self.is_change_prompt = is_told_without_gap && change != Change::Found;
        self.changed_before = self.changed_at;
        self.changed_at = (change != Change::Found).then_some(now);
        self.learn_token(change, before, lease, is_told_without_gap);
    }

    /// E4: a term's token is the version of its winning write, which counts the transitions up; who sees a later version has
    /// only a bound, and keeps the lowest.
    fn learn_token(&mut self, change: Change, before: &Observation, lease: &Lease, is_told_without_gap: bool) {
        let token = FencingToken::new(lease.version().clone());
        self.is_rewound |= change == Change::Rewound;
        let begins = match &before.sight {
            Sight::Present(known) => lease.transitions().cmp(&known.transitions()) == Ordering::Greater,
            Sight::Missing | Sight::Unread => false,
        };
        self.token = match change {
            _ if lease.holder().is_none() => None,
            Change::TakenOver => {
                self.is_rewound = false;
                let is_winning = begins && is_told_without_gap;
                Some(if is_winning { TokenBound::Exactly(token) } else { TokenBound::AtMost(token) })
            }
            Change::Edited | Change::Expired | Change::Renewed => self.token.take(),
            // A leader whose Lease vanished or went back leads on by its old token.
            Change::Created | Change::Found | Change::Released | Change::Replaced | Change::Rewound => {
                (!self.is_rewound).then_some(TokenBound::AtMost(token))
            }
        };
    }

    /// The Lease is gone.
    pub(super) fn forget(&mut self) {
        *self = Self { is_rewound: self.is_rewound, ..Self::default() };
    }

    pub(super) fn sighting(&self, lease: &Lease, observation: &Observation, now: Instant) -> Sighting {
        let record = Record::of(lease);
        let after = record.duration();
        let take_over = record.holder.as_ref().map(|_| TakeOver {
            after,
            left: observation.changed_at.saturating_add(after).saturating_since(now),
            bound: if self.is_change_prompt { Bound::Earliest } else { Bound::Latest },
        });
        let since = if self.is_expiry_told { self.changed_at } else { self.changed_before };
        let unchanged_for = since.map(|since| now.saturating_since(since));
        Sighting { record, token: self.token.clone(), unchanged_for, take_over }
    }
}
