//! The guard: whether we lead, in one atomic load and one look at the clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quorate_core::election::FencingToken;
use quorate_core::time::Instant;

use super::shared::Shared;
use super::term::Term;
use crate::clock::Clock;

/// Until when somebody may say "leading".
#[derive(Debug)]
pub(super) struct Lead {
    clock: Clock,
    /// In nanoseconds since the clock's origin; zero while we do not lead.
    until: AtomicU64,
}

impl Lead {
    pub(super) const fn none(clock: Clock) -> Self {
        Self { clock, until: AtomicU64::new(0) }
    }

    pub(super) fn set(&self, until: Instant) {
        self.until.store(nanos(until), Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }

    /// Loads the deadline first and looks at the clock second: whoever is held up in between finds it late.
    #[inline]
    pub(super) fn holds(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        until != 0 && nanos(self.clock.instant()) < until
    }

    /// When it ends unless it is prolonged; `None` if it has been ended.
    pub(super) fn until(&self) -> Option<Instant> {
        let until = self.until.load(Ordering::Acquire);
        (until != 0).then(|| Instant::since_origin(std::time::Duration::from_nanos(until)))
    }
}

/// Enough for 584 years.
fn nanos(instant: Instant) -> u64 {
    u64::try_from(instant.elapsed_since_origin().as_nanos()).unwrap_or(u64::MAX)
}

/// Says whether we lead, at any time and from any thread.
///
/// It says "leading" until the renew deadline after the last successful renewal was *sent*, by a clock that counts suspended
/// time, whether or not anything of Quorate has run meanwhile. Nobody else's guard says so at the same time, unless one
/// clock runs faster than the other by [more than a configuration bears](quorate_core::election::ElectionConfig).
///
/// What it said is old as soon as it has said it: the thread may be held up before it acts. Whatever must not be changed by
/// a leader of the past has to compare [tokens](Self::token).
#[derive(Clone)]
pub struct Guard(Scope);

#[derive(Clone)]
enum Scope {
    AnyTerm(Arc<Shared>),
    OneTerm(Arc<Term>),
}

impl Guard {
    pub(super) const fn of_any_term(shared: Arc<Shared>) -> Self {
        Self(Scope::AnyTerm(shared))
    }

    pub(super) const fn of_one_term(term: Arc<Term>) -> Self {
        Self(Scope::OneTerm(term))
    }

    /// Whether we lead at this moment: in this term, if it is the guard of a [`Leadership`](super::Leadership), or else in
    /// any.
    ///
    /// It takes one atomic load and one look at the clock, waits for nobody, and never says "leading" again for a term that
    /// it said was over.
    #[must_use]
    #[inline]
    pub fn is_leading(&self) -> bool {
        match &self.0 {
            Scope::AnyTerm(shared) => shared.lead.holds(),
            Scope::OneTerm(term) => term.lead.holds(),
        }
    }

    /// The fencing token of the term that we lead in at this moment; `None` if we do not lead.
    ///
    /// Whoever needs the token should ask for it alone: between two questions one term may have followed another. It may
    /// wait for a lock that is held for microseconds.
    #[must_use]
    pub fn token(&self) -> Option<FencingToken> {
        match &self.0 {
            Scope::AnyTerm(shared) => shared.led_token(),
            Scope::OneTerm(term) => term.lead.holds().then(|| term.token.clone()),
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("is_leading", &self.is_leading()).finish_non_exhaustive()
    }
}
