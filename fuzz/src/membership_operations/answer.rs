//! The answers of a server that may say anything, but often says something sensible.

use arbitrary::Arbitrary;
use quorate_core::membership::Source;
use serde_json::{Value, json};

use crate::answer::statuses;
use crate::stream::EventKind;

statuses! {
    Ok = 200,
    Unauthorized = 401,
    Forbidden = 403,
    NotFound = 404,
    Gone = 410,
    Throttled = 429,
    Unavailable = 503,
}

pub(super) type Part<'a> = crate::answer::Part<Status, Body<'a>>;

pub(super) type Word<'a> = crate::stream::Word<'a, Status, Event, Version>;

/// An event that is none of the server's history.
#[derive(Arbitrary, Debug)]
pub(super) struct Event {
    pub(super) kind: EventKind,
    pub(super) version: Version,
    pub(super) object: AnyObject,
}

#[derive(Arbitrary, Debug)]
pub(super) enum Body<'a> {
    Bytes(&'a [u8]),
    /// A page of some version, complete or not.
    Page {
        version: Version,
        token: u8,
        objects: Vec<AnyObject>,
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
pub(super) struct AnyObject {
    pub(super) name: u8,
    pub(super) namespace: u8,
    age: u8,
    members: Vec<AnyEndpoint>,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct AnyEndpoint {
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
pub(super) const NAMES: [&str; 4] = ["r", "s", "t", "u"];

/// The last two are no pod's.
pub(super) const ADDRESSES: [&str; 7] =
    ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "fd00::1", "fd00::2", "224.0.0.1"];

pub(super) fn name(number: u8) -> &'static str {
    NAMES[usize::from(number) % NAMES.len()]
}

impl AnyObject {
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
            .map(|member| {
                let (ready, serving, terminating) = member.state.conditions();
                let mut endpoint = json!({
                    "addresses": [member.address()],
                    "conditions": {"ready": ready, "serving": serving, "terminating": terminating},
                });
                member.refer(&mut endpoint);
                endpoint
            })
            .collect();
        json!({"kind": "EndpointSlice", "metadata": {"labels": {"kubernetes.io/service-name": "web"}}, "addressType": "IPv4", "endpoints": endpoints})
    }

    fn endpoints(&self) -> Value {
        let of = |ready: bool| -> Vec<_> {
            let members = self.members.iter().take(6).filter(|member| matches!(member.state, State::Ready) == ready);
            members
                .map(|member| {
                    let mut address = json!({"ip": member.address()});
                    member.refer(&mut address);
                    address
                })
                .collect()
        };
        json!({"kind": "Endpoints", "metadata": {}, "subsets": [{"addresses": of(true), "notReadyAddresses": of(false)}]})
    }

    fn pod(&self, namespace: &str) -> Value {
        let Some(endpoint) = self.members.first() else {
            return json!({"kind": "Pod", "metadata": {"uid": format!("uid-{namespace}-{}", self.name % 4)}, "status": {"phase": "Pending"}});
        };
        let second = self.members.get(1).map_or("", |second| second.address());
        let (_, serving, terminating) = endpoint.state.conditions();
        let phase = match endpoint.state {
            State::Pending => "Pending",
            State::Failed => "Failed",
            State::Succeeded => "Succeeded",
            _ => "Running",
        };
        json!({
            "kind": "Pod",
            "metadata": {
                "uid": format!("uid-{}", endpoint.pod % 5),
                "deletionTimestamp": if terminating { "2026-11-20T18:04:58Z" } else { "" },
            },
            "spec": {"hostname": if endpoint.has_hostname { name(endpoint.pod) } else { "" }, "subdomain": "web"},
            "status": {
                "phase": phase, "podIP": endpoint.address(), "podIPs": [{"ip": endpoint.address()}, {"ip": second}],
                "conditions": [{"type": "Ready", "status": if serving { "True" } else { "False" }}],
            },
        })
    }
}

impl AnyEndpoint {
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
