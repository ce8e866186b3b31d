//! Who owns a name, after those who claim it have come, changed and gone.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Roster, RosterStep};
use crate::membership::change::{Change, Departure};
use crate::membership::view::Member;
use crate::name::NodeName;

/// How one identity's claim to a name has changed.
#[derive(Clone, Debug)]
pub(super) struct Bid {
    pub(super) before: Option<Arc<Member>>,
    pub(super) after: Option<Arc<Member>>,
    /// Why it claims the name no more, if it does not.
    pub(super) why: Departure,
}

impl Roster {
    /// Gives a name to whoever has the best claim to it.
    pub(super) fn award(&mut self, name: NodeName, bids: Vec<Bid>, out: &mut RosterStep) {
        let owner = self.members.get(&name).cloned();
        let mut claimants = self.rivals.remove(&name).unwrap_or_default();
        // An orphan claims nothing: whoever lives goes before it.
        if let Some(owner) = owner.as_ref().filter(|owner| !self.orphans.contains_key(&owner.identity())) {
            claimants.insert(owner.rank(), owner.clone());
        }
        for before in bids.iter().filter_map(|bid| bid.before.as_ref()) {
            claimants.remove(&before.rank());
        }
        for after in bids.iter().filter_map(|bid| bid.after.as_ref()) {
            claimants.insert(after.rank(), after.clone());
        }
        let best = claimants.pop_first().map(|(_, best)| best);
        if let Some(best) = &best {
            let owner = owner.as_ref();
            let is_owner = |member: &Member| owner.is_some_and(|owner| owner.identity() == member.identity());
            // A rival was told so when it became one.
            let new = bids.iter().filter(|bid| bid.before.as_deref().is_none_or(is_owner));
            let outbid = owner.filter(|owner| !bids.iter().any(|bid| bid.is_about(owner)));
            let losers = new.filter_map(|bid| bid.after.as_ref()).chain(outbid);
            let losers = losers.filter(|member| claimants.contains_key(&member.rank()));
            out.skipped.extend(losers.map(|loser| loser.name_taken_by(best)));
        }
        if !claimants.is_empty() {
            self.rivals.insert(name.clone(), claimants);
        }
        let why = owner.as_ref().and_then(|owner| bids.iter().find(|bid| bid.is_about(owner) && bid.after.is_none()));
        self.pass(&name, owner, best, why.map(|bid| bid.why), out);
    }

    /// Passes a name from one owner to the next. `why` is the owner's own reason to leave, if it has one.
    pub(super) fn pass(
        &mut self,
        name: &NodeName,
        owner: Option<Arc<Member>>,
        best: Option<Arc<Member>>,
        why: Option<Departure>,
        out: &mut RosterStep,
    ) {
        match (owner, best) {
            (None, None) => {}
            (None, Some(best)) => self.join(best, out),
            (Some(member), None) => match why {
                // It was an orphan before, and nobody wants its name.
                None => {}
                // The guard judges it: a rewritten object may leave everybody without a name.
                Some(_) if self.standing(&member.identity()).is_nameless() => {
                    self.orphans.insert(member.identity(), member.name.clone());
                    out.orphaned.insert(member.identity());
                }
                Some(why) => {
                    self.members.remove(name);
                    out.changes.push(Change::Left { member, why });
                }
            },
            (Some(before), Some(after)) if before.identity() == after.identity() => {
                self.members.remove(name);
                self.members.insert(after.name.clone(), after.clone());
                if !after.differs_only_in_source(&before) {
                    out.changes.push(Change::Changed { before, after });
                }
            }
            (Some(member), Some(best)) => {
                self.orphans.remove(&member.identity());
                self.members.remove(name);
                let why = why.filter(|why| *why != Departure::Gone).unwrap_or(Departure::Replaced);
                out.changes.push(Change::Left { member, why });
                self.join(best, out);
            }
        }
    }

    fn join(&mut self, member: Arc<Member>, out: &mut RosterStep) {
        self.members.insert(member.name.clone(), member.clone());
        out.changes.push(Change::Joined(member));
    }
}

impl Bid {
    pub(super) fn is_about(&self, member: &Member) -> bool {
        self.before.as_ref().is_some_and(|before| before.identity() == member.identity())
    }
}

impl Member {
    /// Whether nothing follows from the difference: another object tells the same.
    fn differs_only_in_source(&self, other: &Self) -> bool {
        Self { source: other.source.clone(), ..self.clone() } == *other
    }
}
