//! Our writes: what names them, and which of them may yet turn out to have taken effect.

use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::time::Duration;

use crate::api::ResourceVersion;
use crate::api::lease::Lease;
use crate::time::{Instant, Now, Timestamp};

/// How many unanswered writes are remembered. To forget one is safe: what it may prove is then not believed.
const REMEMBERED: usize = 8;

/// What a write is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Purpose {
    /// Makes a Lease where there is none.
    Create,
    /// Frees a record of ours.
    Release,
    /// Keeps a record ours. It begins no term, and prolongs the one that it was sent in.
    Renew,
    /// Begins a term.
    Win,
}

/// One write that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Write {
    pub(super) purpose: Purpose,
    /// Names it: no write of this process has another's.
    pub(super) renew_time: Timestamp,
    pub(super) sent_at: Instant,
    /// The newest version that was known: once a newer one is seen, the write can take effect no more.
    pub(super) base: ResourceVersion,
}

impl Write {
    pub(super) fn is_in(&self, lease: &Lease) -> bool {
        lease.renew_time() == Some(self.renew_time.to_string().as_str())
    }
}

/// The writes that brought no answer: each may have taken effect, or take it yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Unanswered(Vec<Write>);

impl Unanswered {
    pub(super) fn remember(&mut self, write: Write) {
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(write);
    }

    /// The write that this record of ours is the effect of. What can take effect no more is forgotten.
    pub(super) fn take(&mut self, lease: &Lease) -> Option<Write> {
        let found = self.0.iter().find(|write| write.is_in(lease)).cloned();
        self.0.retain(|write| found.is_none() && write.base.newness() >= lease.version().newness());
        found
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(feature = "testing")]
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Write> {
        self.0.iter_mut()
    }

    /// A term has ended: they prove nothing any more but that a record is ours.
    pub(super) fn void(&mut self) {
        self.0.clear();
    }
}

/// Gives each write a `renewTime` of its own.
///
/// With a wall clock that stands still a renewal would be the same byte for byte: the server answers 200 without writing,
/// and others see nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct RenewTimes {
    pub(super) last: Option<(Timestamp, Instant)>,
}

impl RenewTimes {
    pub(super) fn next(&mut self, now: Now) -> Timestamp {
        let wall = now.wall.writable();
        let time = self.last.map_or(wall, |(last, sent_at)| {
            let elapsed = now.instant.saturating_since(sent_at).max(Duration::from_micros(1));
            wall.max(last.saturating_add(elapsed)).writable()
        });
        self.last = Some((time, now.instant));
        time
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::api::LeaseName;

    /// A Lease that was renewed at this second, in this version.
    fn lease(second: i64, version: u64) -> Lease {
        let time = Timestamp::from_unix_micros(second.saturating_mul(1_000_000)).to_string();
        let metadata = json!({"name": "lock", "namespace": "lab", "uid": "1", "resourceVersion": version.to_string()});
        let lease = json!({"kind": "Lease", "metadata": metadata, "spec": {"renewTime": time}});
        Lease::decode(lease.to_string().as_bytes(), &LeaseName::parse("lock").unwrap()).unwrap()
    }

    /// The write that was sent at this second, on this version.
    fn write(second: i64, base: u64) -> Write {
        let renew_time = Timestamp::from_unix_micros(second.saturating_mul(1_000_000));
        let base = ResourceVersion::new(&base.to_string());
        Write { purpose: Purpose::Renew, renew_time, sent_at: Instant::ORIGIN, base }
    }

    fn unanswered(writes: &[(i64, u64)]) -> Unanswered {
        let mut unanswered = Unanswered::default();
        writes.iter().for_each(|(second, base)| unanswered.remember(write(*second, *base)));
        unanswered
    }

    #[test]
    fn a_record_is_the_effect_of_the_write_whose_time_it_bears() {
        let mut writes = unanswered(&[(1, 7), (2, 7), (3, 7)]);
        assert_eq!(writes.take(&lease(2, 8)), Some(write(2, 7)));
        assert!(writes.is_empty(), "the others were on a version that is no more");
    }

    #[test]
    fn what_was_sent_on_an_older_version_can_take_effect_no_more() {
        let mut writes = unanswered(&[(1, 6), (2, 8)]);
        assert_eq!(writes.take(&lease(9, 8)), None);
        assert_eq!(writes, unanswered(&[(2, 8)]));
        // A read that is older than what the write was sent on says nothing of it.
        assert_eq!(writes.take(&lease(9, 7)), None);
        assert_eq!(writes, unanswered(&[(2, 8)]));
        assert_eq!(writes.take(&lease(9, 9)), None);
        assert!(writes.is_empty());
    }

    #[test]
    fn of_many_the_oldest_are_forgotten() {
        let mut writes = unanswered(&(0..9).map(|second| (second, 7)).collect::<Vec<_>>());
        assert_eq!(writes.clone().take(&lease(0, 7)), None);
        assert_eq!(writes.take(&lease(1, 7)), Some(write(1, 7)));
    }

    proptest! {
        // Design §4, Writing: max(wall clock, last sent + monotonic time since, last sent + 1 µs).
        #[test]
        fn a_renew_time_never_repeats_or_goes_back(steps in proptest::collection::vec((any::<i64>(), 0..5_000_000_u64), 1..50)) {
            let (mut times, mut instant, mut last) = (RenewTimes::default(), Instant::ORIGIN, None);
            for (wall, passed) in steps {
                instant = instant.saturating_add(Duration::from_micros(passed));
                // The year 9999 is where it must stop.
                let wall = Timestamp::from_unix_micros(wall.min(253_402_000_000_000_000));
                let time = times.next(Now { instant, wall });
                prop_assert!(time >= wall);
                if let Some(last) = last {
                    prop_assert!(time >= Timestamp::saturating_add(last, Duration::from_micros(passed.max(1))));
                }
                last = Some(time);
            }
        }
    }
}
