//! The answers of a server that may say anything, but often says something sensible.

use arbitrary::Arbitrary;
use quorate_core::membership::Source;
use serde_json::{Value, json};

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
    Unauthorized,
    Forbidden,
    NotFound,
    Gone,
    Throttled,
    Unavailable,
    Any(u16),
}

impl Status {
    pub(super) const fn code(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
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
    /// A page of some version, complete or not.
    Page {
        version: Version,
        token: u8,
        things: Vec<Thing>,
    },
    Service {
        app: bool,
    },
    /// What the server has.
    Stored,
}

/// A version, near those that were given.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Version {
    Newest,
    Above(u8),
    Below(u8),
    None,
    Odd,
}

impl Version {
    pub(super) fn text(self, newest: u64) -> String {
        match self {
            Self::Newest => newest.to_string(),
            Self::Above(by) => (newest + 1 + u64::from(by)).to_string(),
            Self::Below(by) => newest.saturating_sub(1 + u64::from(by)).to_string(),
            Self::None => String::new(),
            Self::Odd => "x".into(),
        }
    }
}

/// One object, of a few names.
#[derive(Arbitrary, Clone, Debug)]
pub(super) struct Thing {
    pub(super) name: u8,
    pub(super) namespace: u8,
    age: u8,
    members: Vec<Whom>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Whom {
    pod: u8,
    address: u8,
    state: State,
    has_hostname: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum State {
    Ready,
    NotReady,
    Terminating,
    TerminatingServing,
    Pending,
    Failed,
    Succeeded,
}

/// How many names there are, for objects of a namespace.
const NAMES: [&str; 4] = ["r", "s", "t", "u"];

/// The last two are no pod's.
const ADDRESSES: [&str; 7] = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "fd00::1", "fd00::2", "224.0.0.1"];

pub(super) fn name(number: u8) -> &'static str {
    NAMES[usize::from(number) % NAMES.len()]
}

impl Thing {
    /// The object as a server of this kind has it, of a version some way below the newest.
    pub(super) fn make(&self, source: Source, namespace: &str, newest: u64) -> Value {
        let version = newest.saturating_sub((self.age % 8).into()).to_string();
        let mut object = match source {
            Source::EndpointSlices => self.slice(),
            Source::Endpoints => self.endpoints(),
            Source::Pods => self.pod(namespace),
        };
        let meta = &mut object["metadata"];
        meta["name"] = name(self.name).into();
        meta["namespace"] = namespace.into();
        meta["resourceVersion"] = version.into();
        object
    }

    fn slice(&self) -> Value {
        let endpoints: Vec<_> = self
            .members
            .iter()
            .take(6)
            .map(|whom| {
                let (ready, serving, terminating) = whom.state.conditions();
                let mut endpoint = json!({
                    "addresses": [whom.address()],
                    "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
                });
                whom.refer(&mut endpoint);
                endpoint
            })
            .collect();
        json!({"kind": "EndpointSlice", "metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4", "endpoints": endpoints})
    }

    fn endpoints(&self) -> Value {
        let of = |ready: bool| -> Vec<_> {
            let members = self.members.iter().take(6).filter(|whom| matches!(whom.state, State::Ready) == ready);
            members
                .map(|whom| {
                    let mut address = json!({"ip": whom.address()});
                    whom.refer(&mut address);
                    address
                })
                .collect()
        };
        json!({"kind": "Endpoints", "metadata": {}, "subsets": [{"addresses": of(true), "notReadyAddresses": of(false)}]})
    }

    fn pod(&self, namespace: &str) -> Value {
        let Some(whom) = self.members.first() else {
            return json!({"kind": "Pod", "metadata": {"uid": format!("uid-{namespace}-{}", self.name % 4)}, "status": {"phase": "Pending"}});
        };
        let second = self.members.get(1).map_or("", |second| second.address());
        let (_, serving, terminating) = whom.state.conditions();
        let phase = match whom.state {
            State::Pending => "Pending",
            State::Failed => "Failed",
            State::Succeeded => "Succeeded",
            _ => "Running",
        };
        json!({
            "kind": "Pod",
            "metadata": {
                "uid": format!("uid-{}", whom.pod % 5),
                "deletionTimestamp": if terminating { "2026-11-20T18:04:58Z" } else { "" },
            },
            "spec": {"hostname": if whom.has_hostname { name(whom.pod) } else { "" }, "subdomain": "web"},
            "status": {
                "phase": phase, "podIP": whom.address(), "podIPs": [{"ip": whom.address()}, {"ip": second}],
                "conditions": [{"type": "Ready", "status": if serving { "True" } else { "False" }}],
            },
        })
    }
}

impl Whom {
    fn address(self) -> &'static str {
        ADDRESSES[usize::from(self.address) % ADDRESSES.len()]
    }

    /// Endpoints may have a pod behind them, or were made by hand.
    fn refer(self, endpoint: &mut Value) {
        if !self.pod.is_multiple_of(5) {
            endpoint["targetRef"] =
                json!({"kind": "Pod", "name": name(self.pod), "uid": format!("uid-{}", self.pod % 5)});
        }
        if self.has_hostname {
            endpoint["hostname"] = name(self.pod).into();
        }
    }
}

impl State {
    /// Ready, serving, terminating.
    const fn conditions(self) -> (bool, bool, bool) {
        match self {
            Self::Ready => (true, true, false),
            Self::NotReady | Self::Pending | Self::Failed | Self::Succeeded => (false, false, false),
            Self::Terminating => (false, false, true),
            Self::TerminatingServing => (false, true, true),
        }
    }
}

/// What comes over a watch.
#[derive(Arbitrary, Debug)]
pub(super) enum Word<'a> {
    Head(Status),
    /// An event that is none of the server's history.
    Event {
        kind: Event,
        version: Version,
        thing: Thing,
        cut: Option<u8>,
    },
    Bookmark(Version),
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
