//! Watches: what each must be sent, and until when.

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::FakeApi;
use super::answer::{FakeAnswer, FakeResponse, WatchId, WatchUpdate};
use super::kind::Kind;
use super::list::{Filter, list_options, parse_integer, parse_version};
use super::object::{self, Whole};
use super::request::Parameters;
use super::status::{ApiError, Cause, Result};
use super::store::Change;
use crate::time::Instant;

/// How often a watch that takes them gets a bookmark.
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
/// The last bookmark comes so long before the end.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// `--min-request-timeout`: a watch without a timeout lasts so long, up to twice.
const LONGEST: u64 = 1800;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Watch {
    filter: Filter,
    /// Only what is newer.
    pub(super) after: u64,
    next_bookmark: Option<Instant>,
    pub(super) end: Instant,
}

/// The types of event.
const ADDED: &str = "ADDED";
const DELETED: &str = "DELETED";
const MODIFIED: &str = "MODIFIED";

/// What a watch begins with.
#[derive(Clone, Copy)]
enum Start {
    /// The state at a version, then what follows.
    State(u64),
    /// What follows a version.
    After(u64),
}

impl FakeApi {
    pub(super) fn watch(&mut self, now: Instant, filter: Filter, parameters: &Parameters) -> Result<FakeAnswer> {
        validate(parameters)?;
        let start = self.start(parameters)?;
        let bookmarks = parameters.flag("allowWatchBookmarks").unwrap_or_default();
        let seconds = match u64::try_from(parse_integer(parameters, "timeoutSeconds")?) {
            Ok(seconds) if seconds > 0 => seconds,
            _ => LONGEST.saturating_add(self.random.next().checked_rem(LONGEST).unwrap_or_default()),
        };
        let end = now.saturating_add(Duration::from_secs(seconds));
        let id = WatchId(self.next_watch);
        self.next_watch = self.next_watch.saturating_add(1);
        let mut watch = Watch { filter, after: 0, next_bookmark: None, end };
        match start {
            Start::After(version) if version < self.store.compacted() => {
                let message = format!("too old resource version: {version} ({})", self.store.compacted());
                return Ok(self.refuse(id, &ApiError::expired(message)));
            }
            Start::State(version) if version > self.store.version() => {
                let error = ApiError::version_too_large(version, self.store.version());
                return Ok(self.refuse(id, &error));
            }
            Start::After(version) => watch.after = version,
            Start::State(version) => {
                watch.after = version;
                self.send_state(id, &watch.filter, version);
                if bookmarks {
                    self.pending.push(WatchUpdate::Line(id, bookmark(&watch.filter, version, true)));
                }
            }
        }
        for change in self.store.since(watch.after) {
            self.pending.extend(watch.event(change).map(|event| WatchUpdate::Line(id, change.line(event))));
        }
        if bookmarks {
            watch.next_bookmark = Some(next_bookmark(now, end));
        }
        self.watches.insert(id, watch);
        Ok(FakeAnswer::Watch { id, warning: None })
    }

    /// See [semantics for watch](https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch).
    fn start(&self, parameters: &Parameters) -> Result<Start> {
        let wanted = parse_version(parameters.get("resourceVersion")).map_err(ApiError::internal)?;
        Ok(match (wanted, parameters.flag("sendInitialEvents")) {
            (None, None | Some(true)) => Start::State(self.newest()),
            (Some(0), None | Some(true)) => Start::State(self.cached()),
            (Some(version), Some(true)) => Start::State(version.max(self.cached())),
            (None, Some(false)) => Start::After(self.newest()),
            (Some(0), Some(false)) => Start::After(self.cached()),
            (Some(version), None | Some(false)) => Start::After(version),
        })
    }

    /// A watch of one line that says why there are no more. The real server waits 3 s for a version to come.
    fn refuse(&mut self, id: WatchId, why: &ApiError) -> FakeAnswer {
        self.pending.push(WatchUpdate::Line(id, why.watch_line()));
        self.pending.push(WatchUpdate::End(id));
        FakeAnswer::Watch { id, warning: None }
    }

    fn send_state(&mut self, id: WatchId, filter: &Filter, version: u64) {
        for object in self.store.at(filter.kind, version).values().filter(|object| filter.matches(object)) {
            let line = line(ADDED, filter.kind, object);
            self.pending.push(WatchUpdate::Line(id, line));
        }
    }

    /// Tells every open watch.
    pub(super) fn publish(&mut self, change: &Change) {
        // Most watches are told the same: it is written once.
        let mut lines: Vec<(&'static str, Vec<u8>)> = Vec::new();
        for (id, watch) in &self.watches {
            let Some(event) = watch.event(change) else { continue };
            let known = lines.iter().find(|(known, _)| *known == event).map(|(_, line)| line.clone());
            let line = known.unwrap_or_else(|| {
                let line = change.line(event);
                lines.push((event, line.clone()));
                line
            });
            self.pending.push(WatchUpdate::Line(*id, line));
        }
    }

    /// Sends the bookmarks that are due, and ends the watches whose time is up.
    pub(super) fn advance_watches(&mut self, now: Instant) {
        let version = self.store.version();
        for (id, watch) in &mut self.watches {
            if watch.next_bookmark.is_some_and(|due| due <= now) {
                let version = version.max(watch.after);
                self.pending.push(WatchUpdate::Line(*id, bookmark(&watch.filter, version, false)));
                watch.next_bookmark = Some(next_bookmark(now, watch.end));
            }
            if watch.end <= now {
                self.pending.push(WatchUpdate::End(*id));
            }
        }
        self.watches.retain(|_, watch| watch.end > now);
    }
}

impl Watch {
    pub(super) fn deadline(&self) -> Instant {
        self.next_bookmark.map_or(self.end, |bookmark| bookmark.min(self.end))
    }

    /// What the change is to this watch: what leaves its selection is deleted, what enters is added.
    fn event(&self, change: &Change) -> Option<&'static str> {
        if change.version <= self.after || change.key.kind != self.filter.kind {
            return None;
        }
        let selects = |object: &Option<Arc<Value>>| object.as_ref().is_some_and(|object| self.filter.matches(object));
        match (selects(&change.before), selects(&change.after)) {
            (false, false) => None,
            (false, true) => Some(ADDED),
            (true, true) => Some(MODIFIED),
            (true, false) => Some(DELETED),
        }
    }
}

impl Change {
    /// Itself as a line of a watch. What is deleted has its last state, and the version of the change.
    fn line(&self, event: &'static str) -> Vec<u8> {
        let kind = self.key.kind;
        if event != DELETED {
            return self.after.as_ref().map(|object| line(event, kind, object)).unwrap_or_default();
        }
        let mut last = self.before.as_deref().cloned().unwrap_or_default();
        object::set_meta(&mut last, "resourceVersion", Value::String(format!("{}", self.version)));
        line(event, kind, &last)
    }
}

/// Every minute, and shortly before the end.
fn next_bookmark(now: Instant, end: Instant) -> Instant {
    let regular = now.saturating_add(BOOKMARK_PERIOD);
    let last = Instant::since_origin(end.elapsed_since_origin().saturating_sub(BOOKMARK_BEFORE_END));
    if last > now { regular.min(last) } else { regular }
}

fn line(event: &'static str, kind: Kind, object: &Value) -> Vec<u8> {
    #[derive(Serialize)]
    struct Event<'a> {
        r#type: &'static str,
        object: Whole<'a>,
    }
    FakeResponse::json(200, &Event { r#type: event, object: Whole(kind, object) }).body
}

fn bookmark(filter: &Filter, version: u64, ends_initial_events: bool) -> Vec<u8> {
    let mut object = filter.kind.empty();
    object::set(&mut object, "metadata", json!({"resourceVersion": format!("{version}")}));
    if ends_initial_events {
        object::set_meta(&mut object, "annotations", json!({"k8s.io/initial-events-end": "true"}));
    }
    line("BOOKMARK", filter.kind, &object)
}

fn validate(parameters: &Parameters) -> Result<()> {
    let exact = parameters.get("resourceVersionMatch");
    let fault = match (parameters.flag("sendInitialEvents"), exact) {
        (Some(_), "NotOlderThan") | (None, "") => None,
        (Some(_), _) => Some("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        (None, _) => Some("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    };
    let causes = fault.map(|rule| Cause::forbidden("resourceVersionMatch", rule));
    list_options(causes.into_iter().collect::<Vec<_>>())
}
