//! A server with a history, as far as the fuzzer lets it be sensible.

use std::collections::BTreeMap;

use quorate_core::membership::{Policy, Source, document};
use serde_json::{Value, json};

use super::answer::{Thing, name};
use super::evidence::key;
use super::view::{Person, make};

#[derive(Debug)]
pub(super) struct Server {
    source: Source,
    namespaces: Vec<String>,
    pub(super) version: u64,
    objects: BTreeMap<(String, &'static str), Value>,
    /// What has happened: the version, the namespace, and the event.
    history: Vec<(u64, String, Value)>,
}

impl Server {
    pub(super) fn new(source: Source, namespaces: Vec<String>) -> Self {
        Self { source, namespaces, version: 10, objects: BTreeMap::new(), history: Vec::new() }
    }

    pub(super) const fn source(&self) -> Source {
        self.source
    }

    /// The namespace that a number stands for, or that a request is about.
    pub(super) fn namespace(&self, number: u8) -> &str {
        &self.namespaces[usize::from(number) % self.namespaces.len()]
    }

    pub(super) fn put(&mut self, thing: &Thing) {
        self.version += 1;
        let namespace = self.namespace(thing.namespace).to_owned();
        let mut object = thing.make(self.source, &namespace, self.version);
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        let before = self.objects.insert((namespace.clone(), name(thing.name)), object.clone());
        let kind = if before.is_some() { "MODIFIED" } else { "ADDED" };
        self.history.push((self.version, namespace, json!({"type": kind, "object": object})));
    }

    pub(super) fn delete(&mut self, number: u8, namespace: u8) {
        let namespace = self.namespace(namespace).to_owned();
        let Some(mut object) = self.objects.remove(&(namespace.clone(), name(number))) else { return };
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.history.push((self.version, namespace, json!({"type": "DELETED", "object": object})));
    }

    pub(super) fn clear(&mut self) {
        for namespace in 0..3 {
            (0..4).for_each(|name| self.delete(name, namespace));
        }
    }

    /// Who is there, by all that the server has.
    pub(super) fn people(&self, policy: &Policy) -> BTreeMap<String, Person> {
        let items: Vec<_> = self.objects.values().collect();
        let list = json!({"kind": "List", "items": items}).to_string();
        let objects = document::decode(list.as_bytes()).unwrap_or_else(|error| panic!("{error}")).objects;
        make(&objects.into_iter().map(|object| (key(&object.reference), object)).collect(), policy).0
    }

    /// A page of the list that a target asks for: in two, if `halves`.
    pub(super) fn list(&self, target: &str, halves: bool) -> String {
        let items: Vec<_> = self.objects.iter().filter(|((namespace, _), _)| is_in(target, namespace)).collect();
        let middle = items.len() / 2;
        let is_second = target.contains("continue=");
        let (items, token) = match (is_second, halves && middle > 0) {
            (true, _) => (&items[middle..], ""),
            (false, true) => (&items[..middle], "half"),
            (false, false) => (&items[..], ""),
        };
        let items: Vec<_> = items.iter().map(|(_, object)| object).collect();
        let kind = format!("{}List", self.source.resource().kind());
        json!({"kind": kind, "metadata": {"resourceVersion": self.version.to_string(), "continue": token}, "items": items}).to_string()
    }

    /// What a watch that has told up to a version is to be told next.
    pub(super) fn next_event(&self, target: &str, after: u64) -> Option<(u64, String)> {
        let next = self.history.iter().find(|(version, namespace, _)| *version > after && is_in(target, namespace));
        next.map(|(version, _, event)| (*version, format!("{event}\n")))
    }
}

fn is_in(target: &str, namespace: &str) -> bool {
    !target.contains("/namespaces/") || target.contains(&format!("/namespaces/{namespace}/"))
}
