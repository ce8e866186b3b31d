//! The first list: nobody is there yet whom it could concern, so all maps are made at once, and as dense as they can be (M6).

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::index::Index;
use super::{Roster, RosterStep, Standing};
use crate::membership::change::Change;
use crate::membership::object::Object;
use crate::membership::view::Member;
use crate::name::NodeName;

impl Roster {
    /// Takes in the first objects. It comes to the same as one after another, but takes a fraction of the time.
    pub(super) fn begin(&mut self, objects: impl Iterator<Item = Object>, out: &mut RosterStep) {
        let objects: BTreeMap<_, _> = objects.map(|object| self.take_apart(object, out)).collect();
        let preferred = self.policy.family;
        let mut tellings: Vec<_> = objects.iter().flat_map(|(key, told)| told.tellings(key, preferred)).collect();
        tellings.sort_by(|one, other| one.identity.cmp(&other.identity));
        let each = || tellings.chunk_by(|one, other| one.identity == other.identity);
        let mut claimants = Vec::with_capacity(tellings.len());
        for tellings in each() {
            match self.judge(tellings.iter().map(|telling| telling.word(self.source))) {
                Standing::Unknown => {}
                Standing::Member(member) => claimants.push((member.name.clone(), member)),
                Standing::Skipped(skipped) => out.skipped.push(*skipped),
            }
        }
        self.index = Index::of(each().filter_map(|tellings| {
            let identity = tellings.first()?.identity.clone();
            Some((identity, tellings.iter().map(|telling| telling.key)))
        }));
        drop(tellings);
        self.objects = objects;
        self.award_all(claimants, out);
    }

    /// Gives each name to whoever has the best claim to it.
    fn award_all(&mut self, mut claimants: Vec<(NodeName, Arc<Member>)>, out: &mut RosterStep) {
        claimants.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut members = Vec::with_capacity(claimants.len());
        out.changes.reserve_exact(claimants.len());
        for rivals in claimants.chunk_by(|(one, _), (other, _)| one == other) {
            let Some((name, owner)) = rivals.iter().min_by_key(|(_, member)| member.rank()) else { continue };
            members.push((name.clone(), owner.clone()));
            out.changes.push(Change::Joined(owner.clone()));
            let losers = rivals.iter().map(|(_, member)| member).filter(|member| !Arc::ptr_eq(member, owner));
            if rivals.len() > 1 {
                out.skipped.extend(losers.clone().map(|loser| loser.name_taken_by(owner)));
                let losers = losers.map(|loser| (loser.rank(), loser.clone())).collect();
                self.rivals.insert(name.clone(), losers);
            }
        }
        self.members = members.into_iter().collect();
    }
}
