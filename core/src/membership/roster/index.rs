//! Which objects tell of an identity.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::api::Uid;
use crate::membership::object::ObjectKey;
use crate::membership::view::Identity;

/// The objects that tell of each identity.
///
/// Pods and addresses are apart because a UID alone is little more than half an [`Identity`] (M6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Index {
    /// The first object, by its key, that tells of each.
    pods: BTreeMap<Uid, ObjectKey>,
    addresses: BTreeMap<(Arc<str>, IpAddr), ObjectKey>,
    /// The others, sorted. Few have any, and that somebody has none shows without a search among all.
    others: BTreeMap<Identity, Box<[ObjectKey]>>,
}

impl Index {
    /// An index of these identities, each once, with all that tell of it, sorted. In order is fastest, and dense (M6).
    pub(super) fn of<'a, Tellers>(told: impl Iterator<Item = (Identity, Tellers)>) -> Self
    where
        Tellers: Iterator<Item = &'a ObjectKey>,
    {
        let (mut pods, mut addresses, mut others) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (identity, mut tellers) in told {
            let Some(first) = tellers.next() else { continue };
            let mut rest = tellers.filter(|teller| *teller != first).cloned().peekable();
            if rest.peek().is_some() {
                let mut rest: Vec<_> = rest.collect();
                rest.dedup();
                others.insert(identity.clone(), rest.into());
            }
            match identity {
                Identity::Pod(uid) => pods.push((uid, first.clone())),
                Identity::Address(namespace, address) => addresses.push(((namespace, address), first.clone())),
            }
        }
        Self { pods: pods.into_iter().collect(), addresses: addresses.into_iter().collect(), others }
    }

    /// The objects that tell of it, sorted.
    pub(super) fn tellers(&self, identity: &Identity) -> impl Iterator<Item = &ObjectKey> {
        let first = match identity {
            Identity::Pod(uid) => self.pods.get(uid),
            Identity::Address(namespace, address) => self.addresses.get(&(namespace.clone(), *address)),
        };
        first.into_iter().chain(self.others.get(identity).into_iter().flatten())
    }

    /// Whether more than one object tells of it.
    pub(super) fn is_shared(&self, identity: &Identity) -> bool {
        self.others.contains_key(identity)
    }

    /// An object tells of it; a second time changes nothing.
    pub(super) fn add(&mut self, identity: Identity, teller: &ObjectKey) {
        let mut tellers: Vec<_> = self.tellers(&identity).cloned().collect();
        if let Err(place) = tellers.binary_search(teller) {
            tellers.insert(place, teller.clone());
            self.set(identity, tellers);
        }
    }

    /// An object does not tell of it any more.
    pub(super) fn remove(&mut self, identity: Identity, teller: &ObjectKey) {
        let left = self.tellers(&identity).filter(|other| *other != teller).cloned().collect();
        self.set(identity, left);
    }

    fn set(&mut self, identity: Identity, tellers: Vec<ObjectKey>) {
        let mut tellers = tellers.into_iter();
        let first = tellers.next();
        match tellers.len() {
            0 => self.others.remove(&identity),
            _ => self.others.insert(identity.clone(), tellers.collect()),
        };
        match identity {
            Identity::Pod(uid) => put(&mut self.pods, uid, first),
            Identity::Address(namespace, address) => put(&mut self.addresses, (namespace, address), first),
        }
    }
}

fn put<Key: Ord>(first: &mut BTreeMap<Key, ObjectKey>, key: Key, teller: Option<ObjectKey>) {
    match teller {
        Some(teller) => first.insert(key, teller),
        None => first.remove(&key),
    };
}
