//! The objects and their history, under one counter of versions, as etcd keeps them.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;

use serde_json::Value;

use super::kind::Kind;
use super::object;

/// How many changes are kept; older ones are compacted away by themselves.
pub(super) const HISTORY_LIMIT: usize = 20_000;

/// A server that has just started already wrote this often, so that version 1 is long gone.
const FIRST_VERSION: u64 = 100;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) kind: Kind,
    /// `namespace/name`
    pub(super) path: String,
}

impl Key {
    pub(super) fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        Self { kind, path: object::path(namespace, name) }
    }

    pub(super) fn namespace(&self) -> &str {
        self.path.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    pub(super) fn name(&self) -> &str {
        self.path.split_once('/').map_or("", |(_, name)| name)
    }
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Change {
    pub(super) version: u64,
    pub(super) key: Key,
    pub(super) before: Option<Arc<Value>>,
    pub(super) after: Option<Arc<Value>>,
}

/// The objects of one kind at some version.
pub(super) type Snapshot = BTreeMap<String, Arc<Value>>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) objects: BTreeMap<Key, Arc<Value>>,
    pub(super) history: VecDeque<Change>,
    pub(super) version: u64,
    pub(super) compacted: u64,
    /// Writes are tried out: versions stay.
    is_rehearsal: bool,
}

impl Store {
    pub(super) const fn new() -> Self {
        Self {
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            version: FIRST_VERSION,
            compacted: FIRST_VERSION,
            is_rehearsal: false,
        }
    }

    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// The oldest version that can still be read, and watched from.
    pub(super) const fn compacted(&self) -> u64 {
        self.compacted
    }

    pub(super) fn compact(&mut self) {
        self.compacted = self.version;
        self.history.clear();
    }

    /// From now on, an object keeps the version that it has, and a new one gets none.
    pub(super) const fn rehearse(&mut self) {
        self.is_rehearsal = true;
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    pub(super) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        let first = Key { kind, path: String::new() };
        self.objects.range(first..).take_while(move |(key, _)| key.kind == kind)
    }

    pub(super) fn in_namespace<'a>(
        &'a self,
        kind: Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        let first = Key::new(kind, namespace, "");
        self.objects.range(first..).take_while(move |(key, _)| key.kind == kind && key.namespace() == namespace)
    }

    /// The objects of a kind as they were; `version` is no older than [`compacted`](Self::compacted).
    pub(super) fn at(&self, kind: Kind, version: u64) -> Snapshot {
        let mut objects: Snapshot =
            self.of_kind(kind).map(|(key, object)| (key.path.clone(), Arc::clone(object))).collect();
        let later = self.history.iter().rev().take_while(|change| change.version > version);
        for change in later.filter(|change| change.key.kind == kind) {
            match &change.before {
                Some(before) => objects.insert(change.key.path.clone(), Arc::clone(before)),
                None => objects.remove(&change.key.path),
            };
        }
        objects
    }

    /// One object as it was.
    pub(super) fn get_at(&self, key: &Key, version: u64) -> Option<&Arc<Value>> {
        let later = self.history.iter().rev().take_while(|change| change.version > version);
        match later.filter(|change| change.key == *key).last() {
            Some(change) => change.before.as_ref(),
            None => self.get(key),
        }
    }

    pub(super) fn since(&self, version: u64) -> impl Iterator<Item = &Change> {
        let first = self.history.partition_point(|change| change.version <= version);
        self.history.range(first..)
    }

    /// Writes an object, or removes it.
    pub(super) fn commit(&mut self, key: Key, object: Option<Value>) -> Change {
        let version = if self.is_rehearsal {
            let before = self.objects.get(&key);
            before.map_or(Value::Null, |object| Value::String(object::version(object).to_string()))
        } else {
            self.version = self.version.saturating_add(1);
            Value::String(self.version.to_string())
        };
        let after = object.map(|mut object| {
            object::set_meta(&mut object, "resourceVersion", version);
            Arc::new(object)
        });
        let before = match &after {
            Some(object) => self.objects.insert(key.clone(), Arc::clone(object)),
            None => self.objects.remove(&key),
        };
        let change = Change { version: self.version, key, before, after };
        self.history.push_back(change.clone());
        if self.history.len() > HISTORY_LIMIT
            && let Some(oldest) = self.history.pop_front()
        {
            self.compacted = oldest.version;
        }
        change
    }
}
