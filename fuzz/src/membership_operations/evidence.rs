//! What is evidence, told once more from what was received (design §3, *The view only changes on evidence*).

use std::collections::BTreeMap;
use std::time::Duration;

use quorate_core::api::{ObjectReference, Request};
use quorate_core::membership::{Object, ObjectKey, Source, document};
use quorate_core::time::Instant;
use serde_json::{Value, json};

use crate::host::{is_watch, version_asked_for};

/// How far apart two lists are that show that history was rewound.
const REWIND: Duration = Duration::from_secs(5);

/// One collection, as its answers told of it.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) namespace: Option<String>,
    list: Option<List>,
    /// A list that was begun in the call in which the one before was taken: the order of a call's actions means nothing.
    next: Option<List>,
    /// Where the watch in flight is.
    stream: Option<u64>,
    /// The call in which the watch was asked for.
    watched_in: usize,
    /// Up to which version all is known.
    position: Option<u64>,
    /// The version of the list that the view was last made of.
    adopted: Option<u64>,
    /// What the watch told of, and was applied, by version.
    events: Vec<(u64, ObjectKey)>,
    /// All complete lists: when they were complete, and of which version.
    complete: Vec<(Instant, u64)>,
    /// Whether all versions since the last fresh start compare. Where one does not, all that is said here is that nothing breaks.
    is_ordered: bool,
    /// How many lists were adopted since members of it were held last.
    pub(super) lists_since_hold: usize,
    pub(super) holds: bool,
    /// The call in which members were held last.
    pub(super) held_in: usize,
}

/// The pages of one list, so far.
#[derive(Debug)]
struct List {
    asked_at: Instant,
    asked_in: usize,
    version: Option<String>,
    objects: Vec<Object>,
    is_broken: bool,
    is_complete: bool,
    /// No watch has told anything since it was asked for.
    is_quiet: bool,
}

/// All objects, as evidence has them.
#[derive(Debug)]
pub(super) struct Evidence {
    source: Source,
    pub(super) scopes: Vec<Scope>,
    pub(super) objects: BTreeMap<ObjectKey, Object>,
    /// How many events the present call has brought that are not news.
    pub(super) stale_events: usize,
    /// The number of the present call.
    pub(super) call: usize,
}

impl Scope {
    const fn new(namespace: Option<String>) -> Self {
        Self {
            namespace,
            list: None,
            next: None,
            stream: None,
            watched_in: 0,
            position: None,
            adopted: None,
            events: Vec::new(),
            complete: Vec::new(),
            is_ordered: true,
            lists_since_hold: 0,
            holds: false,
            held_in: 0,
        }
    }

    fn number(&mut self, version: &str) -> Option<u64> {
        let number = version.parse().ok();
        self.is_ordered &= number.is_some();
        number
    }

    /// A list whose version compares, during which nothing was told, is a fresh start.
    fn begin_again(&mut self, call: usize) {
        self.is_ordered = true;
        // A watch that was asked for in the same call goes on from this list.
        self.stream.take_if(|_| self.watched_in != call);
        (self.position, self.adopted) = (None, None);
        self.events.clear();
    }

    /// Whether the list at hand began after members were held: an earlier one may know nothing of what they went by.
    pub(super) fn is_confirmation(&self) -> bool {
        self.holds && self.list.as_ref().is_some_and(|list| list.asked_in >= self.held_in)
    }
}

impl Evidence {
    pub(super) fn new(source: Source, namespaces: Vec<Option<String>>) -> Self {
        let scopes = namespaces.into_iter().map(Scope::new).collect();
        Self { source, scopes, objects: BTreeMap::new(), stale_events: 0, call: 0 }
    }

    pub(super) fn begin_call(&mut self) {
        (self.call, self.stale_events) = (self.call + 1, 0);
        for scope in &mut self.scopes {
            scope.list = scope.next.take().or(scope.list.take());
        }
    }

    /// Whose collection a request is about.
    pub(super) fn scope_of(&self, request: &Request) -> usize {
        let is_in = |scope: &Scope| match &scope.namespace {
            Some(namespace) => request.target().contains(&format!("/namespaces/{namespace}/")),
            None => true,
        };
        self.scopes.iter().position(is_in).unwrap_or_else(|| panic!("nobody's: {request}"))
    }

    /// Whether versions can be held against each other, everywhere.
    pub(super) fn is_ordered(&self) -> bool {
        self.scopes.iter().all(|scope| scope.is_ordered)
    }

    /// A request left.
    pub(super) fn asked(&mut self, at: Instant, request: &Request) {
        let index = self.scope_of(request);
        if is_watch(request) {
            (self.scopes[index].stream, self.scopes[index].watched_in) = (version_asked_for(request), self.call);
        } else if !request.target().contains("continue=") {
            let list = List {
                asked_at: at,
                asked_in: self.call,
                version: None,
                objects: Vec::new(),
                is_broken: false,
                is_complete: false,
                is_quiet: true,
            };
            let scope = &mut self.scopes[index];
            let place = if scope.list.as_ref().is_some_and(|list| list.is_complete) {
                &mut scope.next
            } else {
                &mut scope.list
            };
            *place = Some(list);
        }
    }

    /// After a call: a watch goes on where all is known, and leaves nothing out.
    pub(super) fn check_watch(&self, request: &Request) {
        let scope = &self.scopes[self.scope_of(request)];
        assert!(
            !scope.is_ordered || scope.stream.is_some() && scope.stream == scope.position,
            "{request}: {:?}",
            scope.position
        );
    }

    /// A whole answer came to a list.
    pub(super) fn answered(&mut self, at: Instant, request: &Request, status: u16, body: &[u8]) {
        if status == 410 {
            // The fresh token inside continues nothing.
            let index = self.scope_of(request);
            let list = &mut self.scopes[index].list;
            list.iter_mut().for_each(|list| list.is_broken = true);
        }
        if !(200..300).contains(&status) || request.target().contains("/services/") {
            return;
        }
        let Some((version, token, objects)) = self.decode_page(body) else { return };
        let index = self.scope_of(request);
        let scope = &mut self.scopes[index];
        let number = scope.number(&version);
        let Some(list) = &mut scope.list else { return };
        list.is_broken |= list.version.as_ref().is_some_and(|first| *first != version);
        list.version = Some(version);
        list.objects.extend(objects);
        list.is_complete = token.is_empty() && !list.is_broken;
        if let (true, Some(number)) = (list.is_complete, number) {
            scope.complete.push((at, number));
        }
    }

    fn decode_page(&self, body: &[u8]) -> Option<(String, String, Vec<Object>)> {
        let page: Value = serde_json::from_slice(body).ok()?;
        let kind = self.source.resource().kind();
        let text = |field: &str| page["metadata"][field].as_str().unwrap_or_default().to_owned();
        let (version, token) = (text("resourceVersion"), text("continue"));
        if page["kind"] != format!("{kind}List") || version.is_empty() {
            return None;
        }
        let items = page["items"].as_array()?.iter().cloned().map(|mut item| {
            item["kind"] = kind.into();
            item
        });
        let list = json!({"kind": "List", "items": items.collect::<Vec<_>>()});
        Some((version, token, document::decode(list.to_string().as_bytes()).ok()?.objects))
    }

    /// A line of a watch came; `false` if nothing that follows it is to be heard.
    pub(super) fn told(&mut self, request: &Request, line: &[u8]) -> bool {
        let Ok(event) = serde_json::from_slice::<Value>(line) else { return false };
        let (object, index) = (&event["object"], self.scope_of(request));
        if object["kind"] != self.source.resource().kind() {
            return false;
        }
        let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
        let is_named = object["metadata"]["name"].as_str().is_some_and(|name| !name.is_empty());
        let scope = &mut self.scopes[index];
        scope.list.iter_mut().chain(&mut scope.next).for_each(|list| list.is_quiet = false);
        match event["type"].as_str() {
            Some("BOOKMARK") => {
                if let Some(version) = scope.number(version) {
                    scope.stream = scope.stream.max(Some(version));
                    scope.position = scope.position.max(Some(version));
                }
                true
            }
            Some(kind @ ("ADDED" | "MODIFIED" | "DELETED")) if is_named => {
                let Ok(mut document) = document::decode(object.to_string().as_bytes()) else { return false };
                let Some(object) = document.objects.pop() else { return false };
                if let Some(version) = self.scopes[index].number(version) {
                    self.change(index, version, object, kind == "DELETED");
                }
                true
            }
            _ => false,
        }
    }

    /// Events apply only when newer than what the watch told, and than what a list told.
    fn change(&mut self, index: usize, version: u64, object: Object, is_deletion: bool) {
        let scope = &mut self.scopes[index];
        if scope.stream >= Some(version) {
            self.stale_events += 1;
            return;
        }
        scope.stream = Some(version);
        if scope.position >= Some(version) {
            return;
        }
        scope.position = Some(version);
        let key = key(&object.reference);
        scope.events.push((version, key.clone()));
        if is_deletion {
            self.objects.remove(&key);
        } else {
            self.objects.insert(key, object);
        }
    }

    /// The machine says that history was rewound: two complete lists must have been older than what was known.
    pub(super) fn rewind(&mut self, index: usize, from: &str) {
        let scope = &mut self.scopes[index];
        if !scope.is_ordered {
            return;
        }
        assert_eq!(scope.position.map(|position| position.to_string()).as_deref(), Some(from));
        let list = scope.list.as_ref().unwrap_or_else(|| panic!("rewound by no list"));
        let shows = |(at, version): &&(Instant, u64)| {
            at.saturating_add(REWIND) <= list.asked_at && Some(*version) < scope.position
        };
        assert!(scope.complete.iter().any(|complete| shows(&complete)), "rewound on a single word");
        (scope.position, scope.adopted) = (None, None);
        scope.events.clear();
    }

    /// The machine says that it took a list as the state of things: it must be complete, of one version, and no older than
    /// what the view was made of.
    pub(super) fn adopt(&mut self, index: usize, objects: usize, version: &str) {
        let scope = &mut self.scopes[index];
        let list = scope.list.take().filter(|list| list.is_complete);
        let list = list.unwrap_or_else(|| panic!("a list that is not complete, of version {version}"));
        assert_eq!((list.objects.len(), list.version.as_deref()), (objects, Some(version)));
        scope.lists_since_hold += 1;
        if !scope.is_ordered && list.is_quiet && version.parse::<u64>().is_ok() {
            scope.begin_again(self.call);
        }
        let number = scope.number(version);
        assert!(!scope.is_ordered || scope.adopted <= number, "{version} is older than {:?}", scope.adopted);
        scope.adopted = number;
        scope.position = scope.position.max(number);
        let newer: Vec<_> =
            scope.events.iter().filter(|(event, _)| Some(*event) > number).map(|(_, key)| key).collect();
        let is_here = |key: &ObjectKey| scope.namespace.as_deref().is_none_or(|namespace| *key.namespace == *namespace);
        self.objects.retain(|key, _| !is_here(key) || newer.contains(&key));
        for object in list.objects {
            let key = key(&object.reference);
            if !newer.contains(&&key) {
                self.objects.insert(key, object);
            }
        }
    }

    /// Whether every collection was listed once.
    pub(super) fn is_synced(&self) -> bool {
        self.scopes.iter().all(|scope| scope.adopted.is_some())
    }
}

pub(super) fn key(reference: &ObjectReference) -> ObjectKey {
    ObjectKey { namespace: reference.namespace.clone(), name: reference.name.clone() }
}
