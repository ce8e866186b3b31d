//! The answers of a server that may say anything, but often says something sensible.

use arbitrary::Arbitrary;
use serde_json::{Value, json};

use super::settings::{NAME, NAMESPACE};
use crate::answer::{Kind, RetryAfter};

#[derive(Arbitrary, Debug)]
pub(super) enum Part<'a> {
    Head { status: Status, retry_after: RetryAfter },
    Chunk(Body<'a>),
    End,
    Failed { kind: Kind, is_unsent: bool },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Status {
    Ok,
    Created,
    Unauthorized,
    Forbidden,
    NotFound,
    Conflict,
    Gone,
    Throttled,
    Unavailable,
    Any(u16),
}

impl Status {
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Created => 201,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Gone => 410,
            Self::Throttled => 429,
            Self::Unavailable => 503,
            Self::Any(code) => code,
        }
    }
}

#[derive(Arbitrary, Debug)]
pub(super) enum Body<'a> {
    Bytes(&'a [u8]),
    Record(Record<'a>),
    /// What the server has.
    Stored,
}

/// A Lease, of the few uids and versions, lest nothing ever goes with anything.
#[derive(Arbitrary, Debug)]
pub(super) struct Record<'a> {
    uid: Option<u8>,
    pub(super) version: Version,
    spec: Spec<'a>,
    has_nonce: bool,
    has_extras: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Version {
    /// So many above all before.
    Next(u8),
    Same,
    /// So many below the newest.
    Older(u8),
    None,
}

#[derive(Arbitrary, Debug)]
enum Spec<'a> {
    Missing,
    Null,
    Empty,
    Held { holder: Holder, renewal: u8, duration: Number, transitions: Number },
    Raw(&'a [u8]),
    Coordinated { holder: Holder },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Holder {
    Us,
    Other(bool),
    Nobody,
    Number,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Number {
    Missing,
    Small(u8),
    Any(i64),
    Text,
}

impl Number {
    fn value(self) -> Value {
        match self {
            Self::Missing => Value::Null,
            Self::Small(number) => number.into(),
            Self::Any(number) => number.into(),
            Self::Text => "15".into(),
        }
    }
}

/// What a record is made with.
pub(super) struct Circumstances<'a> {
    pub(super) identity: &'a str,
    pub(super) nonce: u64,
    pub(super) stored: Option<&'a Value>,
    /// The newest version that was given.
    pub(super) version: u64,
}

impl Record<'_> {
    pub(super) fn make(&self, with: &Circumstances<'_>) -> Value {
        let uid = match (self.uid, with.stored) {
            (None, Some(stored)) => stored["metadata"]["uid"].clone(),
            (uid, _) => format!("uid-{}", uid.unwrap_or_default() % 3).into(),
        };
        let version = match self.version {
            Version::Next(by) => (with.version + 1 + u64::from(by)).to_string(),
            Version::Same => with.version.to_string(),
            Version::Older(by) => with.version.saturating_sub(1 + u64::from(by)).to_string(),
            Version::None => String::new(),
        };
        let mut record = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": NAME, "namespace": NAMESPACE, "uid": uid, "resourceVersion": version},
        });
        if let Some(spec) = self.spec.make(with.identity) {
            record["spec"] = spec;
        }
        if self.has_extras {
            record["metadata"]["labels"] = json!({"app": "web"});
            record["metadata"]["ownerReferences"] = json!([{"kind": "Deployment", "name": "web"}]);
            record["later"] = json!({"deep": [1, 2.5, null]});
            if record["spec"].is_object() {
                record["spec"]["preferredHolder"] = "other".into();
                record["spec"]["later"] = json!([true]);
            }
        }
        if self.has_nonce {
            record["metadata"]["annotations"] =
                json!({"quorate.github.io/nonce": format!("{:016x}", with.nonce), "of": "others"});
        }
        record
    }
}

impl Spec<'_> {
    fn make(&self, identity: &str) -> Option<Value> {
        let name = |holder: &Holder| -> Value {
            match holder {
                Holder::Us => identity.into(),
                Holder::Other(one) => (if *one { "one" } else { "other" }).into(),
                Holder::Nobody => "".into(),
                Holder::Number => 7.into(),
            }
        };
        match self {
            Self::Missing => None,
            Self::Null => Some(Value::Null),
            Self::Empty => Some(json!({})),
            Self::Held { holder, renewal, duration, transitions } => Some(json!({
                "holderIdentity": name(holder),
                "leaseDurationSeconds": duration.value(),
                "leaseTransitions": transitions.value(),
                "acquireTime": "2020-02-02T02:02:02.000000Z",
                "renewTime": format!("2020-02-02T02:03:{:02}.000000Z", renewal % 60),
            })),
            Self::Raw(bytes) => serde_json::from_slice(bytes).ok(),
            Self::Coordinated { holder } => {
                Some(json!({"holderIdentity": name(holder), "strategy": "OldestEmulationVersion"}))
            }
        }
    }
}

/// What comes over the watch.
#[derive(Arbitrary, Debug)]
pub(super) enum Word<'a> {
    Head(Status),
    /// An event, whole or in two pieces.
    Event {
        kind: Event,
        body: Body<'a>,
        cut: Option<u8>,
    },
    Bookmark,
    Error {
        code: u16,
    },
    Bytes(&'a [u8]),
    End,
    Failed(Kind),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Event {
    Added,
    Modified,
    Deleted,
}

impl Event {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}
