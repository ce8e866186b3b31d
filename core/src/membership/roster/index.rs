//! Which objects tell of an identity.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::net::IpAddr;
use core::slice;

use crate::membership::object::ObjectKey;
use crate::membership::view::Identity;

/// The objects that tell of each identity.
///
/// Pods and addresses are apart because a UID alone is less than half an [`Identity`] (M6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Index {
    pods: BTreeMap<Arc<str>, Tellers>,
    addresses: BTreeMap<(Arc<str>, IpAddr), Tellers>,
}

/// Who tells of one identity, sorted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Tellers {
    /// The usual case, which needs no room of its own (M6).
    One(ObjectKey),
    Many(Box<[ObjectKey]>),
}

impl Index {
    /// The objects that tell of it.
    pub(super) fn tellers(&self, identity: &Identity) -> &[ObjectKey] {
        let tellers = match identity {
            Identity::Pod(uid) => self.pods.get(uid),
            Identity::Address(namespace, address) => self.addresses.get(&(namespace.clone(), *address)),
        };
        tellers.map_or(&[], Tellers::as_slice)
    }

    /// An object tells of it; a second time changes nothing.
    pub(super) fn add(&mut self, identity: Identity, teller: &ObjectKey) {
        match identity {
            Identity::Pod(uid) => add(&mut self.pods, uid, teller),
            Identity::Address(namespace, address) => add(&mut self.addresses, (namespace, address), teller),
        }
    }

    /// An object does not tell of it any more.
    pub(super) fn remove(&mut self, identity: Identity, teller: &ObjectKey) {
        match identity {
            Identity::Pod(uid) => remove(&mut self.pods, &uid, teller),
            Identity::Address(namespace, address) => remove(&mut self.addresses, &(namespace, address), teller),
        }
    }

    /// Makes both maps as dense as they can be.
    pub(super) fn compact(&mut self) {
        self.pods = mem::take(&mut self.pods).into_iter().collect();
        self.addresses = mem::take(&mut self.addresses).into_iter().collect();
    }
}

impl Tellers {
    fn as_slice(&self) -> &[ObjectKey] {
        match self {
            Self::One(teller) => slice::from_ref(teller),
            Self::Many(tellers) => tellers,
        }
    }

    /// So many tellers; `None` if there are none.
    fn of(tellers: Vec<ObjectKey>) -> Option<Self> {
        match <[ObjectKey; 1]>::try_from(tellers) {
            Ok([teller]) => Some(Self::One(teller)),
            Err(tellers) => (!tellers.is_empty()).then(|| Self::Many(tellers.into())),
        }
    }
}

fn add<Key: Ord>(index: &mut BTreeMap<Key, Tellers>, key: Key, teller: &ObjectKey) {
    match index.entry(key) {
        Entry::Vacant(place) => {
            place.insert(Tellers::One(teller.clone()));
        }
        Entry::Occupied(mut tellers) => {
            let mut all = tellers.get().as_slice().to_vec();
            if let Err(place) = all.binary_search(teller) {
                all.insert(place, teller.clone());
                Tellers::of(all).map(|all| tellers.insert(all));
            }
        }
    }
}

fn remove<Key: Ord>(index: &mut BTreeMap<Key, Tellers>, key: &Key, teller: &ObjectKey) {
    let Some(tellers) = index.get_mut(key) else { return };
    let left = tellers.as_slice().iter().filter(|other| *other != teller).cloned().collect();
    match Tellers::of(left) {
        Some(left) => *tellers = left,
        None => {
            index.remove(key);
        }
    }
}
