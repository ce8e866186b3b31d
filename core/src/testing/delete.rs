//! Deletions: at once, or gracefully for a pod that runs on a node, or when the last finalizer goes.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::FakeResponse;
use super::kind::Kind;
use super::list::Filter;
use super::object::{self, Whole};
use super::request::{FakeRequest, Parameters};
use super::status::{self, ApiError, Result};
use super::store::Key;
use super::{FakeApi, time};
use crate::time::{Now, Timestamp};

/// `DeleteOptions`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Options {
    grace_period_seconds: Option<i64>,
    preconditions: Option<Preconditions>,
    pub(super) dry_run: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

impl Options {
    pub(super) fn read(request: &FakeRequest<'_>, parameters: &Parameters) -> Result<Self> {
        let mut options = match request.body {
            [] => Self::default(),
            body => serde_json::from_slice(body)
                .map_err(|error| ApiError::bad_request(format!("couldn't decode DeleteOptions: {error}")))?,
        };
        if let Ok(seconds) = parameters.get("gracePeriodSeconds").parse() {
            options.grace_period_seconds = Some(seconds);
        }
        Ok(options)
    }

    const fn at_once() -> Self {
        Self { grace_period_seconds: Some(0), preconditions: None, dry_run: Vec::new() }
    }
}

impl FakeApi {
    pub(super) fn delete(&mut self, now: Now, key: &Key, options: &Options) -> Result<FakeResponse> {
        let current = self.store.get(key).cloned().ok_or_else(|| ApiError::not_found(key.kind, key.name()))?;
        check(key, &current, options.preconditions.as_ref())?;
        let (last, is_gone) = self.remove(now, key, &current, options);
        if is_gone && !key.kind.is_returned_when_deleted() {
            return Ok(status::deleted(key.kind, key.name(), object::uid(&last)));
        }
        Ok(FakeResponse::json(200, &Whole(key.kind, &last)))
    }

    pub(super) fn delete_collection(&mut self, now: Now, filter: &Filter, options: &Options) -> FakeResponse {
        let matching = self.store.of_kind(filter.kind).filter(|(_, object)| filter.matches(object));
        let doomed: Vec<(Key, Arc<Value>)> = matching.map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
        let mut items = Vec::new();
        for (key, current) in doomed {
            items.push(Value::clone(&self.remove(now, &key, &current, options).0));
        }
        let list = json!({
            "kind": format!("{}List", filter.kind.name()), "apiVersion": filter.kind.api_version(),
            "metadata": {"resourceVersion": self.store.version().to_string()}, "items": items,
        });
        FakeResponse::json(200, &list)
    }

    /// Deletes, or marks for deletion; says how the object looked last, and whether it is gone.
    pub(super) fn remove(
        &mut self,
        now: Now,
        key: &Key,
        current: &Arc<Value>,
        options: &Options,
    ) -> (Arc<Value>, bool) {
        let is_held = object::has_finalizers(current);
        if key.kind != Kind::Pod && !is_held {
            self.commit(key.clone(), None);
            if key.kind == Kind::Service {
                self.forget_service(key);
            }
            return (Arc::clone(current), true);
        }
        let Some((grace, end)) = grace(now, key.kind, current, options) else {
            // Only a shorter time changes a deletion under way.
            return (Arc::clone(current), false);
        };
        let mut marked = Value::clone(current);
        if !object::is_terminating(current)
            && let Some(generation) = object::integer(current, "/metadata/generation")
        {
            object::set_meta(&mut marked, "generation", json!(generation.saturating_add(1)));
        }
        object::set_meta(&mut marked, "deletionTimestamp", json!(time::seconds(end)));
        object::set_meta(&mut marked, "deletionGracePeriodSeconds", json!(grace));
        let marked = self.commit(key.clone(), Some(marked)).unwrap_or_default();
        if grace > 0 {
            let wait = Duration::from_secs(grace.unsigned_abs());
            self.terminations.insert(key.clone(), now.instant.saturating_add(wait));
        } else if !is_held {
            self.commit(key.clone(), None);
            return (marked, true);
        }
        (marked, false)
    }

    /// Does what a kubelet does when a pod's time is over.
    pub(super) fn advance_terminations(&mut self, now: Now) {
        let due = self.terminations.iter().filter(|(_, end)| **end <= now.instant);
        let due: Vec<Key> = due.map(|(key, _)| key.clone()).collect();
        for key in due {
            self.terminations.remove(&key);
            if let Some(current) = self.store.get(&key).cloned().filter(|pod| object::is_terminating(pod)) {
                self.remove(now, &key, &current, &Options::at_once());
                self.follow_pods(now, key.namespace());
            }
        }
    }
}

/// How long an object stays, and until when; none if it goes already, no later than that.
fn grace(now: Now, kind: Kind, current: &Value, options: &Options) -> Option<(i64, Timestamp)> {
    let mut wanted = options.grace_period_seconds;
    if kind != Kind::Pod {
        return (!object::is_terminating(current)).then_some((0, now.wall));
    }
    if object::is_terminating(current) {
        let pending = object::integer(current, "/metadata/deletionGracePeriodSeconds").unwrap_or_default();
        let wanted = wanted.take().unwrap_or(pending).max(0);
        let end = time::parse_seconds(object::text(current, "/metadata/deletionTimestamp")).unwrap_or(now.wall);
        let earlier = micros(pending.saturating_sub(wanted)).saturating_neg();
        return (wanted < pending).then(|| (wanted, later(end, earlier)));
    }
    let seconds = wanted
        .or_else(|| object::integer(current, "/spec/terminationGracePeriodSeconds"))
        .map_or(30, |seconds| if seconds < 0 { 1 } else { seconds });
    let has_ended = matches!(object::text(current, "/status/phase"), "Failed" | "Succeeded");
    let is_unscheduled = object::text(current, "/spec/nodeName").is_empty();
    let seconds = if has_ended || is_unscheduled { 0 } else { seconds };
    Some((seconds, later(now.wall, micros(seconds))))
}

const fn micros(seconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000)
}

const fn later(time: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(time.unix_micros().saturating_add(micros))
}

fn check(key: &Key, current: &Value, preconditions: Option<&Preconditions>) -> Result<()> {
    let Some(Preconditions { uid, resource_version }) = preconditions else { return Ok(()) };
    if let Some(uid) = uid.as_deref().filter(|uid| *uid != object::uid(current)) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been \
             deleted and then recreated",
            object::uid(current)
        );
        return Err(ApiError::failed_precondition(key.kind, key.name(), &why));
    }
    if let Some(version) = resource_version.as_deref().filter(|version| *version != object::version(current)) {
        let why = format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The \
             object might have been modified",
            object::version(current)
        );
        return Err(ApiError::failed_precondition(key.kind, key.name(), &why));
    }
    Ok(())
}
