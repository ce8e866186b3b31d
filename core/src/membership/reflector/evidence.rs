//! What one step of a reflector brings: requests to carry, evidence, and news.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::standing::News;
use crate::api::{Request, ResourceVersion};
use crate::machine::{RequestId, RequestIds};
use crate::membership::object::{Object, ObjectKey};

/// How many objects a watch may tell of while a list is read. More of them, and the list is read again.
pub(super) const JOURNAL_LIMIT: usize = 100_000;

/// What may change a view. Nothing else does (M1).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Evidence {
    /// A complete list: whatever else was there is gone.
    Listed {
        /// What the collection holds.
        objects: Vec<Object>,
        /// What the watch has told of since, and knows better: it is left as it is, there or not.
        newer: BTreeSet<ObjectKey>,
        /// It began after [`confirm`](super::Reflector::confirm) was called.
        confirms: bool,
    },
    /// An object is new, or has changed.
    Put(Object),
    /// An object is gone.
    Deleted(ObjectKey),
}

/// What to do on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Wire {
    Send(RequestId, Request),
    Cancel(RequestId),
}

/// What one step brings.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) ids: &'a mut RequestIds,
    /// In this order.
    pub(crate) wire: Vec<Wire>,
    /// In this order.
    pub(crate) evidence: Vec<Evidence>,
    /// In this order.
    pub(crate) news: Vec<News>,
}

impl<'a> Step<'a> {
    /// A step that has brought nothing yet.
    pub(crate) const fn new(ids: &'a mut RequestIds) -> Self {
        Self { ids, wire: Vec::new(), evidence: Vec::new(), news: Vec::new() }
    }
}

/// What a watch told while a list was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Journal {
    told: BTreeMap<ObjectKey, ResourceVersion>,
    is_full: bool,
}

impl Journal {
    pub(super) fn note(&mut self, key: ObjectKey, version: ResourceVersion) {
        if self.told.len() < JOURNAL_LIMIT || self.told.contains_key(&key) {
            self.told.insert(key, version);
        } else {
            self.is_full = true;
        }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.is_full
    }

    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// What the watch knows better than a list of this version.
    pub(super) fn newer_than(self, version: &ResourceVersion) -> BTreeSet<ObjectKey> {
        // What does not compare came while the list was read: the list may be older.
        let is_newer = |told: &ResourceVersion| told.compare(version).is_none_or(core::cmp::Ordering::is_gt);
        self.told.into_iter().filter(|(_, told)| is_newer(told)).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey { namespace: "lab".into(), name: name.into() }
    }

    #[test]
    fn a_journal_tells_what_is_newer_than_a_list() {
        let mut journal = Journal::default();
        for (name, version) in [("a", "8"), ("b", "9"), ("a", "11"), ("c", "10"), ("d", "x")] {
            journal.note(key(name), ResourceVersion::new(version));
        }
        let newer = journal.newer_than(&ResourceVersion::new("10"));
        assert_eq!(newer.into_iter().collect::<Vec<_>>(), [key("a"), key("d")]);
    }

    #[test]
    fn a_journal_is_full_at_its_limit() {
        let mut journal = Journal::default();
        for number in 0..JOURNAL_LIMIT {
            journal.note(key(&format!("{number}")), ResourceVersion::new("8"));
        }
        journal.note(key("7"), ResourceVersion::new("9"));
        assert!(!journal.is_full());
        journal.note(key("one more"), ResourceVersion::new("9"));
        assert!(journal.is_full() && journal.told.len() == JOURNAL_LIMIT);
    }
}
