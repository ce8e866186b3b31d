//! One Lease on a server: what the fake API does with it, in a value that is small enough to be stored a million times.
//!
//! Left out is what decides nothing: `acquireTime`, `leaseTransitions`, and all that is not ours.

use std::fmt::Write as _;

use quorate_core::api::{Method, Request};
use quorate_core::time::Timestamp;
use serde_json::Value;

/// One life of a candidate: a restart begins another.
pub(crate) type Life = u8;

const DAY: i64 = 86_400_000_000;

/// Each life's wall clock stands still, on a day of its own.
pub(crate) const fn wall(life: Life) -> Timestamp {
    Timestamp::from_unix_micros(life as i64 * DAY)
}

pub(crate) fn life_of(time: Timestamp) -> Life {
    Life::try_from(time.unix_micros() / DAY).unwrap()
}

/// The Lease, as far as it is modelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) uid: u8,
    pub(crate) version: u64,
    pub(crate) spec: Spec,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Spec {
    pub(crate) holder: Option<Life>,
    pub(crate) seconds: u64,
    pub(crate) renewed: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Call {
    Get,
    Post(Spec),
    Put { uid: Option<u8>, version: Option<u64>, spec: Spec },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) lease: Option<Lease>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Server {
    pub(crate) lease: Option<Lease>,
    /// The version of the last change.
    pub(crate) version: u64,
    /// The uid that was given last.
    pub(crate) uid: u8,
}

impl Server {
    pub(crate) fn with_empty_lease() -> Self {
        let lease = Lease { uid: 1, version: 1, spec: Spec::default() };
        Self { lease: Some(lease), version: 1, uid: 1 }
    }

    pub(crate) fn answer(&mut self, call: &Call) -> Answer {
        let refused = |status| Answer { status, lease: None };
        match (call, &self.lease) {
            (Call::Get, None) => refused(404),
            (Call::Get, Some(lease)) => Answer { status: 200, lease: Some(lease.clone()) },
            (Call::Post(spec), None) => self.create(spec),
            (Call::Post(_), Some(_)) | (Call::Put { uid: Some(_), .. }, None) => refused(409),
            // A Lease is created by update.
            (Call::Put { uid: None, spec, .. }, None) => self.create(spec),
            (Call::Put { uid: Some(uid), .. }, Some(lease)) if *uid != lease.uid => refused(409),
            // There is no unconditional update of a Lease.
            (Call::Put { version: None, .. }, Some(_)) => refused(422),
            (Call::Put { version, .. }, Some(lease)) if *version != Some(lease.version) => refused(409),
            (Call::Put { spec, .. }, Some(lease)) if *spec == lease.spec => {
                Answer { status: 200, lease: Some(lease.clone()) }
            }
            (Call::Put { spec, .. }, Some(lease)) => {
                let lease = Lease { uid: lease.uid, version: self.version + 1, spec: spec.clone() };
                self.put(200, lease)
            }
        }
    }

    /// Whether this may yet be carried out, if nobody deletes the Lease.
    pub(crate) fn may_take(&self, call: &Call) -> bool {
        matches!(self.clone().answer(call).status, 200 | 201)
    }

    fn create(&mut self, spec: &Spec) -> Answer {
        self.uid += 1;
        self.put(201, Lease { uid: self.uid, version: self.version + 1, spec: spec.clone() })
    }

    fn put(&mut self, status: u16, lease: Lease) -> Answer {
        self.version = lease.version;
        self.lease = Some(lease.clone());
        Answer { status, lease: Some(lease) }
    }

    /// Somebody changes what is no content.
    pub(crate) fn label(&mut self) {
        if let Some(lease) = &mut self.lease {
            self.version += 1;
            lease.version = self.version;
        }
    }

    pub(crate) fn delete(&mut self) {
        self.version += 1;
        self.lease = None;
    }
}

impl Call {
    /// What a candidate asks for.
    pub(crate) fn read(request: &Request) -> Self {
        let Some((_, body)) = request.body() else { return Self::Get };
        let body: Value = serde_json::from_slice(body).unwrap();
        let (meta, spec) = (&body["metadata"], &body["spec"]);
        let number = |text: &Value| text.as_str().map(|text| text.parse().unwrap());
        let spec = Spec {
            holder: spec["holderIdentity"].as_str().filter(|holder| !holder.is_empty()).map(|holder| {
                let (_, nonce) = holder.rsplit_once('_').unwrap();
                Life::from_str_radix(nonce, 16).unwrap()
            }),
            seconds: spec["leaseDurationSeconds"].as_u64().unwrap(),
            renewed: spec["renewTime"].as_str().map(time),
        };
        match request.method() {
            Method::Post => Self::Post(spec),
            _ => Self::Put {
                uid: number(&meta["uid"]).map(|uid| uid as u8),
                version: number(&meta["resourceVersion"]),
                spec,
            },
        }
    }

    pub(crate) fn version_mut(&mut self) -> Option<&mut u64> {
        match self {
            Self::Put { version, .. } => version.as_mut(),
            Self::Get | Self::Post(_) => None,
        }
    }

    pub(crate) fn spec_mut(&mut self) -> Option<&mut Spec> {
        match self {
            Self::Put { spec, .. } | Self::Post(spec) => Some(spec),
            Self::Get => None,
        }
    }
}

impl Answer {
    pub(crate) fn body(&self) -> String {
        let Some(Lease { uid, version, spec }) = &self.lease else { return String::from("{}") };
        let mut body = format!(
            r#"{{"kind":"Lease","metadata":{{"name":"demo","uid":"{uid}","resourceVersion":"{version}"}},"spec":{{"#
        );
        if let Some(time) = spec.renewed {
            let holder = spec.holder.map(|life| format!("{}_{life:016x}", super::NAME)).unwrap_or_default();
            let seconds = spec.seconds;
            write!(body, r#""holderIdentity":"{holder}","leaseDurationSeconds":{seconds},"renewTime":"{time}""#)
                .unwrap();
        }
        body.push_str("}}");
        body
    }
}

/// A time of January 1970, to the microsecond.
fn time(text: &str) -> Timestamp {
    let digits = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default().parse::<i64>().unwrap();
    let (day, hour, minute, second) = (digits(8..10) - 1, digits(11..13), digits(14..16), digits(17..19));
    Timestamp::from_unix_micros(day * DAY + ((hour * 60 + minute) * 60 + second) * 1_000_000 + digits(20..26))
}
