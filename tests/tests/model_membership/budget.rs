//! How often each thing happens, at most.

use super::happenings::Happening;
use super::world::State;

/// For each thing a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Changes at the server.
    pub(crate) edits: u8,
    /// Jumps to a deadline.
    pub(crate) wakes: u8,
    /// The server forgets its history.
    pub(crate) compactions: u8,
    /// The server tells a watch that it is behind what is remembered.
    pub(crate) expiries: u8,
    /// The server ends a watch, cleanly.
    pub(crate) ends: u8,
    /// A connection fails.
    pub(crate) cuts: u8,
    /// A connection dies without a word.
    pub(crate) silences: u8,
    /// A list is answered from the version before the last.
    pub(crate) stale_lists: u8,
    /// A list is answered, in perfect form, as if nobody were there.
    pub(crate) empty_lists: u8,
    pub(crate) refusals: u8,
    /// An answer, or a line, arrives spoilt.
    pub(crate) spoils: u8,
    /// An attempt on a link fails.
    pub(crate) failed_attempts: u8,
    /// An attempt succeeds, and is never reported on.
    pub(crate) lost_reports: u8,
    /// A link goes down, told or untold.
    pub(crate) drops: u8,
}

impl Budget {
    /// Whether anything can degrade the view.
    pub(crate) fn has_trouble(&self) -> bool {
        let Self { expiries, cuts, silences, stale_lists, refusals, spoils, .. } = *self;
        [expiries, cuts, silences, stale_lists, refusals, spoils].into_iter().any(|count| count > 0)
    }
}

impl State {
    pub(crate) fn spend(&mut self, happening: &Happening) {
        let is_due = self.is_due();
        let budget = &mut self.budget;
        let spent = match happening {
            Happening::Edit(_) => &mut budget.edits,
            Happening::Compact => &mut budget.compactions,
            Happening::Wake if !is_due => &mut budget.wakes,
            Happening::ArriveStale(_) => &mut budget.stale_lists,
            Happening::ArriveToNobody(_) => &mut budget.empty_lists,
            Happening::Refuse(..) => &mut budget.refusals,
            Happening::Spoil(_) => &mut budget.spoils,
            Happening::Cut(_) => &mut budget.cuts,
            Happening::Silence(_) => &mut budget.silences,
            Happening::End(_) => &mut budget.ends,
            Happening::Expire(_) => &mut budget.expiries,
            Happening::Fail(_) => &mut budget.failed_attempts,
            Happening::Lose(_) => &mut budget.lost_reports,
            Happening::Drop(..) => &mut budget.drops,
            Happening::Wake | Happening::Arrive(_) | Happening::Deliver(_) | Happening::Succeed(_) => return,
        };
        *spent -= 1;
    }
}
