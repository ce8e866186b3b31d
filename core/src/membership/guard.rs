//! The guard against mass removals: how many members may go on one source's word.
//!
//! A broken selector, a restored etcd or a controller gone wrong answers in perfect form that nobody is there. Members whom
//! no object tells of any more, or whom none tells how to name, are counted against the view's peak in a sliding window;
//! past the share, or when nobody would be left, they are held until a fresh list agrees (design §3).
//!
//! Not counted are pods that have failed or succeeded: each says so of itself, and will not run again.

use core::fmt;

use crate::time::Instant;

/// How long a removal counts against the next ones, in seconds, and up to one bucket more.
const WINDOW: u64 = 30;

/// How finely the window slides, in seconds.
const BUCKET: u64 = 5;

/// The bucket that is being filled, and those that make a whole window.
const BUCKETS: usize = 7;

const _: () = assert!(WINDOW == BUCKET * (BUCKETS as u64 - 1), "the full buckets are the window");

/// Which part of the view may go without a second look, in whole percent.
///
/// At 0 % every removal waits for a fresh list. At 100 % only the removal of the last member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u8);

impl Share {
    /// The share of `percent` percent; `None` if that is more than the whole.
    #[must_use]
    pub const fn percent(percent: u8) -> Option<Self> {
        if percent <= 100 { Some(Self(percent)) } else { None }
    }

    /// Whether so many of so many are more than this share.
    fn is_exceeded_by(self, part: usize, whole: usize) -> bool {
        // With members that come and go more can leave in a window than were ever there at once.
        self.0 < 100 && part.saturating_mul(100) > whole.saturating_mul(usize::from(self.0))
    }
}

/// 50 %
impl Default for Share {
    fn default() -> Self {
        Self(50)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// What is to become of members whom no object tells of any more, or by no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub(crate) enum Verdict {
    /// They are held: a fresh list is to confirm that they are gone.
    Hold,
    /// They are gone.
    Settle,
}

/// What happened in a few seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Bucket {
    /// The largest view that was judged.
    peak: usize,
    /// How many members have gone.
    removed: usize,
}

/// Counts who goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Guard {
    share: Share,
    /// The newest first.
    buckets: [Bucket; BUCKETS],
    /// When the newest bucket began, in buckets since the host's origin.
    newest: u64,
}

impl Guard {
    pub(crate) fn new(share: Share) -> Self {
        Self { share, buckets: [Bucket::default(); BUCKETS], newest: 0 }
    }

    /// Decides on all orphans of a view, those that are held already among them. The size of the view counts them too: it is
    /// the view as it is before they go.
    pub(crate) fn judge(&mut self, now: Instant, size: usize, orphans: usize) -> Verdict {
        self.advance(now);
        let [newest, ..] = &mut self.buckets;
        newest.peak = newest.peak.max(size);
        let peak = self.buckets.iter().map(|bucket| bucket.peak).max().unwrap_or(size);
        let removed = self.buckets.iter().fold(orphans, |sum, bucket| sum.saturating_add(bucket.removed));
        if orphans > 0 && (orphans >= size || self.share.is_exceeded_by(removed, peak)) {
            return Verdict::Hold;
        }
        let [newest, ..] = &mut self.buckets;
        newest.removed = newest.removed.saturating_add(orphans);
        Verdict::Settle
    }

    /// A fresh list agrees, and the orphans have gone: what is left is where counting begins again.
    pub(crate) fn confirmed(&mut self, now: Instant, size: usize) {
        self.advance(now);
        self.buckets = [Bucket::default(); BUCKETS];
        let [newest, ..] = &mut self.buckets;
        newest.peak = size;
    }

    /// Lets go of what lies before the window. An earlier time than the latest one counts as the latest.
    fn advance(&mut self, now: Instant) {
        let current = now.elapsed_since_origin().as_secs() / BUCKET;
        let passed = current.saturating_sub(self.newest);
        let passed = usize::try_from(passed).unwrap_or(BUCKETS).min(BUCKETS);
        self.buckets.rotate_right(passed);
        self.buckets.iter_mut().take(passed).for_each(|bucket| *bucket = Bucket::default());
        self.newest = self.newest.max(current);
    }
}

#[cfg(test)]
mod tests;
