//! How many may go on one word (design §3, *Mass removals*): the rule over all that has gone, with neither buckets nor sums.

use std::time::Duration;

use quorate_core::membership::Share;
use quorate_core::time::Instant;

/// How long a removal counts at least, and for how long the largest view may.
const COUNTS: Duration = Duration::from_secs(30);
const COUNTS_AT_MOST: Duration = Duration::from_secs(35);

#[derive(Debug)]
pub(super) struct Removals {
    percent: usize,
    gone: Vec<Instant>,
    sizes: Vec<(Instant, usize)>,
}

impl Removals {
    pub(super) fn new(share: Share) -> Self {
        // 50 %
        let percent =
            share.to_string().trim_end_matches(" %").parse().unwrap_or_else(|error| panic!("{share}: {error}"));
        Self { percent, gone: Vec::new(), sizes: Vec::new() }
    }

    /// A fresh list has confirmed: what is left is where counting begins again.
    pub(super) fn begin_again(&mut self) {
        (self.gone, self.sizes) = (Vec::new(), Vec::new());
    }

    /// So many of so many have gone in one call, confirmed by nobody.
    pub(super) fn take(&mut self, at: Instant, gone: usize, before: usize, after: usize) {
        self.sizes.push((at, before));
        self.gone.extend(vec![at; gone]);
        if gone == 0 {
            return;
        }
        assert!(after > 0, "the last of {before} members have gone on one word");
        let within = |then: Instant, time: Duration| at.saturating_since(then) < time;
        let gone = self.gone.iter().filter(|then| within(**then, COUNTS)).count();
        let peak = self.sizes.iter().filter(|(then, _)| within(*then, COUNTS_AT_MOST)).map(|(_, size)| *size).max();
        let allowed = peak.unwrap_or_default() * self.percent;
        assert!(self.percent >= 100 || gone * 100 <= allowed, "{gone} of {peak:?} have gone, {} % may", self.percent);
    }
}
