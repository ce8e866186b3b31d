//! The roster: the view, kept while objects come, change and go.
//!
//! It holds everybody who can be named and has not ended, admitted or not, and it is a pure function of the objects: their
//! order means nothing (M4). Whom no object tells of any more, or by no name, stays as an **orphan** until it is settled that
//! it is gone: a mass removal must be confirmed first. A step costs what the objects in it tell, not the size of the view.

mod first;
mod index;
mod name;
mod told;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use self::index::Index;
use self::name::Bid;
use self::told::{Difference, Told};
use super::change::{Change, Departure};
use super::object::{Object, ObjectKey, Source};
use super::view::{Identity, Member, Policy, Rank, Reason, Skipped};
use super::word::{Testimony, Word};
use crate::api::Namespace;
use crate::name::NodeName;

/// What came of a step, or of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct RosterStep {
    /// How the view differs, by name within a step.
    pub(crate) changes: Vec<Change>,
    /// Who is newly left out, and why: once as long as the reason lasts.
    pub(crate) skipped: Vec<Skipped>,
    /// Which members have become orphans, or are still told of by a list: one word alone says that they are gone.
    pub(crate) orphaned: BTreeSet<Identity>,
}

/// The members, and what is needed to keep them right.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Roster {
    source: Source,
    policy: Policy,
    /// What each object says.
    objects: BTreeMap<ObjectKey, Told>,
    /// What in an object cannot be used; few have any such thing.
    unusable: BTreeMap<ObjectKey, Vec<Skipped>>,
    index: Index,
    members: BTreeMap<NodeName, Arc<Member>>,
    /// Who claims a name that another one keeps.
    rivals: BTreeMap<NodeName, BTreeMap<Rank, Arc<Member>>>,
    /// The members that no object tells of, or by no name. Whoever else claims the name of one takes it, so orphans have no
    /// rivals.
    orphans: BTreeMap<Identity, NodeName>,
}

/// How an identity stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// No object tells of it.
    Unknown,
    /// It claims a name.
    Member(Arc<Member>),
    /// It is left out.
    Skipped(Box<Skipped>),
}

impl Standing {
    /// Whether nothing tells of a name that it has, nor that it has ended: it may be there still.
    fn is_nameless(&self) -> bool {
        match self {
            Self::Unknown => true,
            Self::Member(_) => false,
            Self::Skipped(_) => !matches!(self.departure(), Departure::Ended(_)),
        }
    }

    /// Why whoever stands so does not have the name that it had.
    fn departure(&self) -> Departure {
        match self {
            Self::Unknown => Departure::Gone,
            Self::Member(_) => Departure::Renamed,
            Self::Skipped(skipped) => match skipped.reason {
                Reason::NotAdmitted { state, .. } => Departure::Ended(state),
                _ => Departure::Renamed,
            },
        }
    }
}

/// Whom a step is about, and how they stood before it. Whoever is in it twice stood as it says first.
type Touched = Vec<(Identity, Standing)>;

impl Roster {
    /// A roster that knows of nobody. All its objects are of one source.
    pub(crate) fn new(source: Source, policy: Policy) -> Self {
        Self {
            source,
            policy,
            objects: BTreeMap::new(),
            unusable: BTreeMap::new(),
            index: Index::default(),
            members: BTreeMap::new(),
            rivals: BTreeMap::new(),
            orphans: BTreeMap::new(),
        }
    }

    /// The view: who owns which name, orphans among them.
    pub(crate) fn members(&self) -> &BTreeMap<NodeName, Arc<Member>> {
        &self.members
    }

    /// How many members no object tells of, or by no name.
    pub(crate) fn orphans(&self) -> usize {
        self.orphans.len()
    }

    /// An object is new, or has changed.
    pub(crate) fn put(&mut self, object: Object, out: &mut RosterStep) {
        let mut touched = Touched::new();
        self.tell(object, &mut touched, out);
        self.resolve(touched, out);
    }

    /// An object is gone.
    pub(crate) fn delete(&mut self, key: &ObjectKey, out: &mut RosterStep) {
        let mut touched = Touched::new();
        self.forget(key, &mut touched);
        self.resolve(touched, out);
    }

    /// A complete list of a namespace, or of all: what it lacks is gone. Objects in `newer` stay as they are: they changed
    /// after the list.
    pub(crate) fn replace(
        &mut self,
        scope: Option<&Namespace>,
        objects: Vec<Object>,
        newer: &BTreeSet<ObjectKey>,
        out: &mut RosterStep,
    ) {
        if self.objects.is_empty() && self.members.is_empty() {
            return self.begin(objects.into_iter().filter(|object| !newer.contains(&object.key())), out);
        }
        let mut touched = Touched::new();
        let mut listed = Vec::new();
        let mut lacking: BTreeSet<_> = self.keys(scope).filter(|key| !newer.contains(key)).cloned().collect();
        for object in objects {
            let key = object.key();
            lacking.remove(&key);
            if newer.contains(&key) {
                listed.extend(Word::all_of(&object).filter_map(|word| word.identity(self.policy.family)));
            } else {
                self.tell(object, &mut touched, out);
            }
        }
        lacking.iter().for_each(|key| self.forget(key, &mut touched));
        self.resolve(touched, out);
        out.orphaned.extend(listed.into_iter().filter(|identity| self.orphans.contains_key(identity)));
    }

    /// The orphans of a namespace's objects, or all, are gone indeed, but for some that are yet to be confirmed.
    pub(crate) fn settle(&mut self, scope: Option<&Namespace>, but: &BTreeSet<Identity>, out: &mut RosterStep) {
        let members = &self.members;
        let is_held = |name: &NodeName| {
            let namespace = members.get(name).map(|member| &*member.source.namespace);
            scope.is_some_and(|scope| namespace != Some(scope.as_str()))
        };
        let mut gone = BTreeSet::new();
        self.orphans.retain(|identity, name| but.contains(identity) || is_held(name) || !gone.insert(name.clone()));
        for name in gone {
            let Some(member) = self.members.remove(&name) else { continue };
            let why = self.standing(&member.identity()).departure();
            out.changes.push(Change::Left { member, why });
        }
    }

    fn keys(&self, scope: Option<&Namespace>) -> impl Iterator<Item = &ObjectKey> {
        let namespace = scope.map_or("", Namespace::as_str);
        let first = ObjectKey { namespace: namespace.into(), name: "".into() };
        let keys = self.objects.range(first..).map(|(key, _)| key);
        keys.take_while(move |key| scope.is_none_or(|scope| *key.namespace == *scope.as_str()))
    }

    /// Takes in what an object says.
    fn tell(&mut self, object: Object, touched: &mut Touched, out: &mut RosterStep) {
        let preferred = self.policy.family;
        let (key, mut told) = self.take_apart(object, out);
        let Some((known, earlier)) = self.objects.get_key_value(&key) else {
            let key = self.sharing_its_namespace(key);
            for identity in told.identities(&key, preferred) {
                self.touch(&identity, touched);
                self.index.add(identity, &key);
            }
            self.objects.insert(key, told);
            return;
        };
        if *earlier == told {
            return;
        }
        let key = known.clone();
        told.share_with(earlier, &key, preferred);
        let (mut ended, mut begun) = (Vec::new(), Vec::new());
        for Difference { identity, before, after } in Told::differences(earlier, &told, &key, preferred) {
            // Another version changes nothing for whom the object says the same of, unless others tell of them as well.
            if before != after || self.index.is_shared(&identity) {
                self.touch(&identity, touched);
            }
            if after.is_empty() {
                ended.push(identity);
            } else if before.is_empty() {
                begun.push(identity);
            }
        }
        ended.into_iter().for_each(|identity| self.index.remove(identity, &key));
        begun.into_iter().for_each(|identity| self.index.add(identity, &key));
        self.objects.insert(key, told);
    }

    /// Takes an object apart: what it says, and what in it cannot be used, which is told once as long as it lasts.
    fn take_apart(&mut self, object: Object, out: &mut RosterStep) -> (ObjectKey, Told) {
        let key = object.key();
        let (told, unusable) = Told::of(object, self.policy.family);
        let known = self.unusable.get(&key).map_or(&[][..], |known| known);
        out.skipped.extend(unusable.iter().filter(|skipped| !known.contains(skipped)).cloned());
        match unusable.is_empty() {
            true => self.unusable.remove(&key),
            false => self.unusable.insert(key.clone(), unusable),
        };
        (key, told)
    }

    /// Forgets what an object said.
    fn forget(&mut self, key: &ObjectKey, touched: &mut Touched) {
        self.unusable.remove(key);
        let Some(told) = self.objects.get(key) else { return };
        let before: Vec<_> = told.identities(key, self.policy.family).collect();
        before.iter().for_each(|identity| self.touch(identity, touched));
        before.into_iter().for_each(|identity| self.index.remove(identity, key));
        self.objects.remove(key);
    }

    /// A namespace has one name, not one for each object in it (M6).
    fn sharing_its_namespace(&self, key: ObjectKey) -> ObjectKey {
        let first = ObjectKey { namespace: key.namespace.clone(), name: "".into() };
        let neighbour = self.objects.range(first..).next().map(|(neighbour, _)| &neighbour.namespace);
        let Some(namespace) = neighbour.filter(|namespace| **namespace == key.namespace) else { return key };
        ObjectKey { namespace: namespace.clone(), name: key.name }
    }

    fn touch(&self, identity: &Identity, touched: &mut Touched) {
        touched.push((identity.clone(), self.standing(identity)));
    }

    /// How an identity stands after all words on it.
    fn standing(&self, identity: &Identity) -> Standing {
        let tellers = self.index.tellers(identity).filter_map(|key| Some((key, self.objects.get(key)?)));
        self.judge(tellers.flat_map(|(key, told)| told.words_on(identity, self.source, key, self.policy.family)))
    }

    /// How whom these words are about stands.
    fn judge<'a>(&self, mut words: impl Iterator<Item = Word<'a>>) -> Standing {
        let Some(mut first) = words.next() else { return Standing::Unknown };
        // As a rule there is one.
        match words.next() {
            None => self.hear(core::slice::from_mut(&mut first)),
            Some(second) => self.hear(&mut [first, second].into_iter().chain(words).collect::<Vec<_>>()),
        }
    }

    fn hear(&self, words: &mut [Word<'_>]) -> Standing {
        let Some(testimony) = Testimony::of(words) else { return Standing::Unknown };
        if testimony.state().has_ended() {
            return Standing::Skipped(testimony.not_admitted(&self.policy));
        }
        testimony.member(&self.policy).map_or_else(Standing::Skipped, |member| Standing::Member(Arc::new(member)))
    }

    /// Makes the view follow those whom a step is about.
    fn resolve(&mut self, mut touched: Touched, out: &mut RosterStep) {
        touched.sort_by(|(one, _), (other, _)| one.cmp(other));
        touched.dedup_by(|(later, _), (first, _)| later == first);
        let mut bids: Vec<(NodeName, Bid)> = Vec::with_capacity(touched.len());
        for (identity, before) in touched {
            let after = self.standing(&identity);
            if before != after
                && let Standing::Skipped(skipped) = &after
            {
                out.skipped.push(Skipped::clone(skipped));
            }
            if after.is_nameless() && self.orphans.contains_key(&identity) {
                continue;
            }
            let orphan = self.orphans.remove(&identity).and_then(|name| self.members.get(&name));
            let before = orphan.map_or(before, |orphan| Standing::Member(orphan.clone()));
            if before == after {
                continue;
            }
            let why = after.departure();
            let claimed = |standing| if let Standing::Member(member) = standing { Some(member) } else { None };
            let (mut before, after) = (claimed(before), claimed(after));
            if let Some(after) = after {
                let before = before.take_if(|before| before.name == after.name);
                bids.push((after.name.clone(), Bid { before, after: Some(after), why }));
            }
            if let Some(before) = before {
                bids.push((before.name.clone(), Bid { before: Some(before), after: None, why }));
            }
        }
        bids.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut bids = bids.into_iter().peekable();
        while let Some((name, bid)) = bids.next() {
            let mut rivals = Vec::new();
            while let Some((_, rival)) = bids.next_if(|(other, _)| *other == name) {
                rivals.push(rival);
            }
            if rivals.is_empty() && !self.is_contested(&name, &bid) {
                let owner = self.members.get(&name).cloned();
                self.pass(&name, owner, bid.after, Some(bid.why), out);
            } else {
                self.award(name, core::iter::once(bid).chain(rivals).collect(), out);
            }
        }
    }

    /// Whether anybody but its owner has anything to do with the name: as a rule, nobody has.
    fn is_contested(&self, name: &NodeName, bid: &Bid) -> bool {
        self.rivals.contains_key(name) || self.members.get(name).is_some_and(|owner| !bid.is_about(owner))
    }
}

#[cfg(test)]
mod tests;
