//! A server with a history, as far as the fuzzer lets it be sensible.

use std::collections::BTreeMap;

use quorate_core::membership::{Policy, Source, document};
use serde_json::{Value, json};

use super::answer::{AnyObject, Body, Event, Version, name};
use super::evidence::key;
use super::view::{PlainMember, make};

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

    /// The namespace that a number stands for.
    fn namespace(&self, number: u8) -> &str {
        &self.namespaces[usize::from(number) % self.namespaces.len()]
    }

    pub(super) fn put(&mut self, object: &AnyObject) {
        self.version += 1;
        let namespace = self.namespace(object.namespace).to_owned();
        let mut made = object.make(self.source, &namespace, self.version);
        made["metadata"]["resourceVersion"] = self.version.to_string().into();
        let before = self.objects.insert((namespace.clone(), name(object.name)), made.clone());
        let kind = if before.is_some() { "MODIFIED" } else { "ADDED" };
        self.history.push((self.version, namespace, json!({"type": kind, "object": made})));
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
    pub(super) fn members(&self, policy: &Policy) -> BTreeMap<String, PlainMember> {
        let items: Vec<_> = self.objects.values().collect();
        let list = json!({"kind": "List", "items": items}).to_string();
        let objects = document::decode(list.as_bytes()).unwrap_or_else(|error| panic!("{error}")).objects;
        make(&objects.into_iter().map(|object| (key(&object.reference), object)).collect(), policy).0
    }

    /// The namespace that a number stands for where a request may be about all: a server tells of a namespace what is in it.
    fn namespace_of(&self, target: &str, number: u8) -> String {
        let named = target.split("/namespaces/").nth(1).and_then(|rest| rest.split('/').next());
        named.unwrap_or_else(|| self.namespace(number)).to_owned()
    }

    /// What a script says in answer to the request of a target.
    pub(super) fn bytes(&self, target: &str, body: &Body<'_>) -> Vec<u8> {
        match body {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Service { app } => {
                let app = if *app { "web" } else { "other" };
                json!({"kind": "Service", "spec": {"selector": {"app": app}}}).to_string().into()
            }
            Body::Stored => self.list(target, false).into(),
            Body::Page { version, token, objects } => {
                let make = |object: &AnyObject| {
                    let namespace = self.namespace_of(target, object.namespace);
                    ((namespace.clone(), name(object.name)), object.make(self.source, &namespace, self.version))
                };
                // No list tells of one object twice.
                let items: BTreeMap<_, _> = objects.iter().take(6).map(make).collect();
                let token = if token % 4 == 0 { String::new() } else { (token % 4).to_string() };
                self.page(&version.text(self.version), &token, &items.values().collect::<Vec<_>>()).into()
            }
        }
    }

    fn page(&self, version: &str, token: &str, items: &[&Value]) -> String {
        let kind = format!("{}List", self.source.resource().kind());
        json!({"kind": kind, "metadata": {"resourceVersion": version, "continue": token}, "items": items}).to_string()
    }

    /// The line of an event that a script makes up.
    pub(super) fn event(&self, target: &str, event: &Event) -> String {
        let namespace = self.namespace_of(target, event.object.namespace);
        let mut object = event.object.make(self.source, &namespace, self.version);
        object["metadata"]["resourceVersion"] = event.version.text(self.version).into();
        json!({"type": event.kind.text(), "object": object}).to_string()
    }

    pub(super) fn bookmark(&self, version: Version) -> Value {
        let meta = json!({"resourceVersion": version.text(self.version)});
        json!({"kind": self.source.resource().kind(), "metadata": meta})
    }

    /// All that it has, as text.
    pub(super) fn text(&self) -> String {
        self.objects.values().map(Value::to_string).collect()
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
        let items: Vec<_> = items.iter().map(|(_, object)| *object).collect();
        self.page(&self.version.to_string(), token, &items)
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
