//! The answers of a server that may say anything, but often says something sensible.

use arbitrary::Arbitrary;
use serde_json::{Value, json};

use super::settings::{NAME, NAMESPACE};
use crate::answer::statuses;
use crate::stream::EventKind;

statuses! {
    Ok = 200,
    Created = 201,
    Unauthorized = 401,
    Forbidden = 403,
    NotFound = 404,
    Conflict = 409,
    Gone = 410,
    Throttled = 429,
    Unavailable = 503,
}

pub(super) type Part<'a> = crate::answer::Part<Status, Body<'a>>;

/// A bookmark of the one Lease says nothing.
pub(super) type Word<'a> = crate::stream::Word<'a, Status, Event<'a>, ()>;

#[derive(Arbitrary, Debug)]
pub(super) struct Event<'a> {
    pub(super) kind: EventKind,
    pub(super) body: Body<'a>,
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
