use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> Instant {
    Instant::since_origin(Duration::from_secs(seconds))
}

fn guard(percent: u8) -> Guard {
    Guard::new(Share::percent(percent).unwrap())
}

#[test]
fn half_of_the_view_may_go_and_no_more() {
    assert_eq!(Guard::new(Share::default()).judge(at(0), 100, 50), Verdict::Settle);
    assert_eq!(Guard::new(Share::default()).judge(at(0), 100, 51), Verdict::Hold);
}

#[test]
fn removals_add_up_against_the_peak() {
    let mut guard = guard(50);
    assert_eq!(guard.judge(at(0), 100, 30), Verdict::Settle);
    assert_eq!(guard.judge(at(10), 70, 20), Verdict::Settle);
    assert_eq!(guard.judge(at(20), 50, 1), Verdict::Hold);
}

#[test]
fn what_lies_before_the_window_counts_no_more() {
    let mut guard = guard(50);
    assert_eq!(guard.judge(at(0), 100, 50), Verdict::Settle);
    assert_eq!(guard.judge(at(34), 50, 1), Verdict::Hold);
    assert_eq!(guard.judge(at(35), 50, 1), Verdict::Settle);
}

// More can leave in a window than were ever there at once.
#[test]
fn at_the_whole_nothing_but_the_last_member_is_held() {
    let mut guard = guard(100);
    for second in 0..6 {
        // Two go, and two others come.
        assert_eq!(guard.judge(at(second), 4, 2), Verdict::Settle);
    }
}

#[test]
fn what_is_held_is_not_counted_twice() {
    let mut guard = guard(50);
    assert_eq!(guard.judge(at(0), 10, 6), Verdict::Hold);
    assert_eq!(guard.judge(at(1), 10, 6), Verdict::Hold);
    assert_eq!(guard.judge(at(2), 10, 5), Verdict::Settle, "one of them was told of again");
}

#[test]
fn the_last_member_never_goes_unconfirmed() {
    for percent in [0, 50, 100] {
        assert_eq!(guard(percent).judge(at(0), 1, 1), Verdict::Hold, "{percent} %");
    }
    assert_eq!(guard(100).judge(at(0), 100, 99), Verdict::Settle);
}

#[test]
fn once_a_fresh_list_agrees_counting_begins_again() {
    let mut guard = guard(50);
    assert_eq!(guard.judge(at(0), 100, 90), Verdict::Hold);
    guard.confirmed(at(1), 10);
    assert_eq!(guard.judge(at(1), 10, 5), Verdict::Settle);
    assert_eq!(guard.judge(at(1), 5, 1), Verdict::Hold, "the peak is that of the new view");
}

#[test]
fn nobody_who_goes_is_nothing_to_hold() {
    assert_eq!(guard(0).judge(at(0), 0, 0), Verdict::Settle);
}

#[test]
fn a_clock_that_goes_back_stands_still() {
    let mut guard = guard(50);
    assert_eq!(guard.judge(at(1000), 100, 50), Verdict::Settle);
    assert_eq!(guard.judge(at(0), 50, 1), Verdict::Hold);
}

#[test]
fn a_share_is_a_part() {
    assert_eq!(Share::percent(101), None);
    assert_eq!(Share::default().to_string(), "50 %");
}

/// What a test remembers of a guard, without any buckets.
#[derive(Default)]
struct Log {
    sizes: Vec<(u64, usize)>,
    removals: Vec<(u64, usize)>,
}

impl Log {
    fn peak(&self, since: u64) -> usize {
        self.sizes.iter().filter(|(time, _)| *time > since).map(|(_, size)| *size).max().unwrap_or(0)
    }

    fn removed(&self, since: u64) -> usize {
        self.removals.iter().filter(|(time, _)| *time > since).map(|(_, removed)| removed).sum()
    }
}

proptest! {
    #[test]
    fn no_more_than_the_share_goes_in_a_window_and_no_less_is_held(
        percent in 0..=100_u8,
        steps in proptest::collection::vec((0..20_u64, 0..30_usize, 0..40_usize, any::<bool>()), 1..60),
    ) {
        let (mut guard, mut log) = (guard(percent), Log::default());
        // Times begin late enough for every window to have a beginning.
        let (mut time, mut size) = (100, 0);
        for (wait, joined, orphans, confirm) in steps {
            time += wait;
            size += joined;
            let orphans = orphans.min(size);
            log.sizes.push((time, size));
            let exceeds = |removed: usize, peak: usize| percent < 100 && removed * 100 > peak * usize::from(percent);
            // The window is as long as it says, and up to one bucket longer.
            let (short, long) = (time - WINDOW, time - WINDOW - BUCKET);
            match guard.judge(at(time), size, orphans) {
                Verdict::Settle => {
                    prop_assert!(orphans == 0 || orphans < size);
                    prop_assert!(orphans == 0 || !exceeds(log.removed(short) + orphans, log.peak(long)));
                    log.removals.push((time, orphans));
                    size -= orphans;
                }
                Verdict::Hold => {
                    prop_assert!(orphans == size || exceeds(log.removed(long) + orphans, log.peak(short)));
                    if confirm {
                        size -= orphans;
                        guard.confirmed(at(time), size);
                        log = Log { sizes: [(time, size)].into(), ..Log::default() };
                    }
                }
            }
        }
    }
}
