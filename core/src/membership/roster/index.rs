//! Which objects tell of an identity.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::net::IpAddr;

use crate::membership::object::ObjectKey;
use crate::membership::view::Identity;

/// The objects that tell of each identity, sorted; mostly one.
///
/// Pods and addresses are apart because a UID alone is less than half an [`Identity`] (M6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Index {
    pods: BTreeMap<Arc<str>, Box<[ObjectKey]>>,
    addresses: BTreeMap<(Arc<str>, IpAddr), Box<[ObjectKey]>>,
}

impl Index {
    /// The objects that tell of it.
    pub(super) fn tellers(&self, identity: &Identity) -> &[ObjectKey] {
        let tellers = match identity {
            Identity::Pod(uid) => self.pods.get(uid),
            Identity::Address(namespace, address) => self.addresses.get(&(namespace.clone(), *address)),
        };
        tellers.map_or(&[], |tellers| tellers)
    }

    /// An object tells of it; a second time changes nothing.
    pub(super) fn add(&mut self, identity: Identity, teller: &ObjectKey) {
        match identity {
            Identity::Pod(uid) => add(self.pods.entry(uid).or_default(), teller),
            Identity::Address(namespace, address) => {
                add(self.addresses.entry((namespace, address)).or_default(), teller);
            }
        }
    }

    /// An object does not tell of it any more.
    pub(super) fn remove(&mut self, identity: Identity, teller: &ObjectKey) {
        match identity {
            Identity::Pod(uid) => remove(&mut self.pods, &uid, teller),
            Identity::Address(namespace, address) => remove(&mut self.addresses, &(namespace, address), teller),
        }
    }
}

fn add(tellers: &mut Box<[ObjectKey]>, teller: &ObjectKey) {
    if let Err(place) = tellers.binary_search(teller) {
        let (before, after) = tellers.split_at(place);
        *tellers = before.iter().chain([teller]).chain(after).cloned().collect();
    }
}

fn remove<Key: Ord>(index: &mut BTreeMap<Key, Box<[ObjectKey]>>, key: &Key, teller: &ObjectKey) {
    let Some(tellers) = index.get_mut(key) else { return };
    *tellers = tellers.iter().filter(|other| *other != teller).cloned().collect();
    if tellers.is_empty() {
        index.remove(key);
    }
}
