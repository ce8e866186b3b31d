//! The server: the fake API as it is, and what of its answers is kept while they are under way.

use std::sync::Arc;

use quorate_core::api::{Method, Request};
use quorate_core::testing::{FakeAnswer, FakeApi, FakeRequest, WatchId, WatchUpdate};
use quorate_core::time::{Instant, Now, Timestamp};
use serde_json::{Map, Value, json};

/// One life of a candidate: a restart begins another.
pub(crate) type Life = u8;

/// Who the candidates are; their lives tell them apart.
pub(crate) const NAME: &str = "web";
/// Who is not one of us.
pub(crate) const SOMEBODY: &str = "somebody";

const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/lab/leases/demo";
const NONCE: &str = "quorate.github.io/nonce";

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Call {
    /// Whose it is.
    pub(crate) index: usize,
    pub(crate) life: Life,
    pub(crate) sent_at: Instant,
    pub(crate) method: Method,
    /// What a write says.
    pub(crate) body: Option<Map<String, Value>>,
}

/// An answer under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The Lease; why a request was refused decides nothing.
    pub(crate) lease: Option<Map<String, Value>>,
}

/// What somebody writes into a Lease that is not his. A holder is put in or taken out only where none of us holds it: all
/// else is outside what is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mischief {
    /// A holder, with neither duration nor times.
    BareHolder,
    /// A holder whose name is a blank, with times of the far future.
    BlankHolder,
    NoDuration,
    LongDuration,
    NoTimes,
    FarTimes,
    NoTransitions,
    MostTransitions,
}

impl Mischief {
    pub(crate) const ALL: [Self; 8] = [
        Self::BareHolder,
        Self::BlankHolder,
        Self::NoDuration,
        Self::LongDuration,
        Self::NoTimes,
        Self::FarTimes,
        Self::NoTransitions,
        Self::MostTransitions,
    ];

    pub(crate) const fn needs_a_free_lease(self) -> bool {
        matches!(self, Self::BareHolder | Self::BlankHolder)
    }

    /// A renewal that others have not seen yet is lost with it: once, they see that something was written; but whoever
    /// writes the same times again hides that the holder lives.
    pub(crate) const fn erases_renewals(self) -> bool {
        matches!(self, Self::NoTimes | Self::FarTimes)
    }

    fn patch(self) -> Value {
        let far = "9998-12-31T23:59:59.999999Z";
        match self {
            Self::BareHolder => json!({
                "holderIdentity": SOMEBODY, "leaseDurationSeconds": null, "renewTime": null, "acquireTime": null,
            }),
            Self::BlankHolder => json!({"holderIdentity": " ", "renewTime": far, "acquireTime": far}),
            Self::NoDuration => json!({"leaseDurationSeconds": null}),
            Self::LongDuration => json!({"leaseDurationSeconds": super::LONG_DURATION}),
            Self::NoTimes => json!({"renewTime": null, "acquireTime": null}),
            Self::FarTimes => json!({"renewTime": far}),
            Self::NoTransitions => json!({"leaseTransitions": null}),
            Self::MostTransitions => json!({"leaseTransitions": i32::MAX}),
        }
    }
}

/// The fake API; its clocks stand still.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) api: FakeApi,
}

impl Server {
    pub(crate) fn new(has_lease: bool) -> Self {
        let mut server = Self { api: FakeApi::new(0) };
        if has_lease {
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": "demo", "namespace": "lab", "labels": {"ours": "no"}, "annotations": {"ours": "no"}},
                "spec": {"preferredHolder": "web-9"},
            });
            server.api.load(Now::default(), &[lease]).unwrap();
        }
        server
    }

    /// The Lease as it is stored.
    pub(crate) fn lease(&self) -> Option<&Arc<Value>> {
        self.api.lease("lab", "demo")
    }

    pub(crate) fn answer(&mut self, call: &Call) -> Answer {
        let body = call.body.as_ref().map(|body| serde_json::to_vec(body).unwrap()).unwrap_or_default();
        let target = if call.method == Method::Post { LEASES } else { LEASE };
        let request = match call.method {
            Method::Get => FakeRequest::get(target),
            method => FakeRequest::json(method, target, &body),
        };
        self.ask(&request)
    }

    /// What a server answers that has not heard of its last change.
    pub(crate) fn answer_stale(&mut self) -> Answer {
        self.api.lag(Some(1));
        self.api.stale_quorum(true);
        let answer = self.ask(&FakeRequest::get(LEASE));
        self.api.stale_quorum(false);
        self.api.lag(None);
        answer
    }

    /// Opens the watch that was asked for.
    pub(crate) fn watch(&mut self, request: &Request) -> WatchId {
        match self.api.handle(Now::default(), &FakeRequest::get(request.target())) {
            FakeAnswer::Watch { id, .. } => id,
            FakeAnswer::Complete(answer) => panic!("a watch was refused: {}", answer.status),
        }
    }

    pub(crate) fn updates(&mut self) -> Vec<WatchUpdate> {
        self.api.updates(Now::default())
    }

    /// Somebody changes what is no content.
    pub(crate) fn label(&mut self) {
        let edited = self.lease().and_then(|lease| lease["metadata"]["labels"]["edited"].as_str());
        let other = if edited == Some("1") { "2" } else { "1" };
        self.patch(&json!({"metadata": {"labels": {"edited": other}}}));
    }

    pub(crate) fn delete(&mut self) {
        self.ask(&FakeRequest::json(Method::Delete, LEASE, b""));
    }

    pub(crate) fn mischief(&mut self, mischief: Mischief) {
        self.patch(&json!({"spec": mischief.patch()}));
    }

    fn patch(&mut self, patch: &Value) {
        let (body, content_type) = (patch.to_string(), Some("application/merge-patch+json"));
        let request = FakeRequest { content_type, ..FakeRequest::json(Method::Patch, LEASE, body.as_bytes()) };
        assert_eq!(self.ask(&request).status, 200, "{patch}");
    }

    fn ask(&mut self, request: &FakeRequest<'_>) -> Answer {
        match self.api.handle(Now::default(), request) {
            FakeAnswer::Complete(answer) => {
                let lease = matches!(answer.status, 200 | 201).then(|| serde_json::from_slice(&answer.body).unwrap());
                Answer { status: answer.status, lease }
            }
            FakeAnswer::Watch { .. } => panic!("no watch was asked for"),
        }
    }

    /// Whether this write may yet be carried out; each version is there once.
    pub(crate) fn may_take(&self, call: &Call, can_be_missing: bool) -> bool {
        let Some(body) = &call.body else { return false };
        let meta = |field| body.get("metadata").and_then(|meta| meta.get(field));
        match (meta("uid"), meta("resourceVersion")) {
            (Some(_), Some(version)) => {
                self.lease().is_some_and(|lease| lease["metadata"]["resourceVersion"] == *version)
            }
            _ => can_be_missing || self.lease().is_none(),
        }
    }
}

impl Call {
    /// What a candidate asks for.
    pub(crate) fn read(request: &Request, index: usize, life: Life, sent_at: Instant) -> Self {
        let body = request.body().map(|(_, body)| serde_json::from_slice(body).unwrap());
        Self { index, life, sent_at, method: request.method(), body }
    }
}

/// Who holds a Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    One(Life),
    /// None of us.
    Other,
}

pub(crate) fn holder(lease: Option<&Arc<Value>>, is_exact: bool) -> Holder {
    let Some(lease) = lease else { return Holder::Nobody };
    let name = lease["spec"]["holderIdentity"].as_str().unwrap_or_default();
    let nonce = match is_exact {
        true => lease["metadata"]["annotations"][NONCE].as_str().filter(|_| name == NAME),
        false => name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('_')),
    };
    match nonce {
        _ if name.is_empty() => Holder::Nobody,
        Some(nonce) => Holder::One(Life::from_str_radix(nonce, 16).unwrap()),
        None => Holder::Other,
    }
}

/// Whether a write of ours left everything that is not ours (E6).
pub(crate) fn keeps_what_is_not_ours(before: &Value, after: &Value) -> bool {
    let spec = ["holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"];
    foreign(before, "spec", &spec).eq(foreign(after, "spec", &spec))
        && foreign(before, "metadata", &["resourceVersion", "annotations"]).eq(foreign(
            after,
            "metadata",
            &["resourceVersion", "annotations"],
        ))
        && foreign(&before["metadata"], "annotations", &[NONCE]).eq(foreign(
            &after["metadata"],
            "annotations",
            &[NONCE],
        ))
}

fn foreign<'a>(whole: &'a Value, part: &str, ours: &'a [&'a str]) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let fields = whole[part].as_object().into_iter().flatten();
    fields.filter(|(field, _)| !ours.contains(&field.as_str()))
}

const DAY: i64 = 86_400_000_000;

/// Each life's wall clock stands still, on a day of its own.
pub(crate) const fn wall(life: Life) -> Timestamp {
    Timestamp::from_unix_micros(life as i64 * DAY)
}

/// Whose time it is; nobody's beyond the days of any life.
pub(crate) fn life_of(time: Timestamp) -> Option<Life> {
    Life::try_from(time.unix_micros() / DAY).ok()
}
