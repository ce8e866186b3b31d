//! What befalls the candidates, and how often.

/// Each number is a budget: how often it may still happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Faults {
    /// Ticks that pass while a request or an answer is under way, or a host sleeps; [`u8::MAX`] is no limit. A write that is
    /// given up meanwhile may come much later.
    pub(crate) delays: u8,
    /// Requests and answers that are lost without a word.
    pub(crate) losses: u8,
    /// Exchanges that fail at once: refused before they are sent, or cut before or after the server has carried them out.
    pub(crate) failures: u8,
    /// Reads that answer what was before the last change.
    pub(crate) stale_reads: u8,
    /// A host stands still, for as long as may be, while its clock and its guard run on.
    pub(crate) pauses: u8,
    /// A leader cannot reach the server, for as long as may be.
    pub(crate) cut_offs: u8,
    pub(crate) crashes: u8,
    /// A candidate that is told to step down, wherever it stands, and to stand again some time later.
    pub(crate) step_downs: u8,
    /// A candidate that is told to shut down.
    pub(crate) shutdowns: u8,
    /// Work that ends by itself.
    pub(crate) work_ends: u8,
    pub(crate) deletions: u8,
    pub(crate) labels: u8,
    /// Somebody writes what no candidate would.
    pub(crate) mischief: u8,
    /// Watches that break, or fall silent.
    pub(crate) breaks: u8,
}

impl Faults {
    /// Whether all has befallen that can; what is slow without a limit stays slow.
    pub(crate) fn are_spent(&self) -> bool {
        let delays = if self.delays == u8::MAX { u8::MAX } else { 0 };
        *self == Self { delays, ..Self::default() }
    }

    /// Whether a leader may lose the Lease.
    pub(crate) const fn take_the_lead(&self) -> bool {
        self.crashes > 0 || self.cut_offs > 0
    }

    /// Whether a leader may release the Lease.
    pub(crate) const fn give_the_lead(&self) -> bool {
        self.step_downs > 0 || self.shutdowns > 0 || self.work_ends > 0
    }

    /// Whether nothing stands between a candidate and the server but what is over within a tick.
    pub(crate) const fn are_prompt(&self) -> bool {
        self.delays == 0
            && self.losses == 0
            && self.failures == 0
            && self.stale_reads == 0
            && self.pauses == 0
            && self.cut_offs == 0
    }
}
