//! What the roster keeps of an object: its words on members, and nothing else.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::net::IpAddr;

use crate::api::Uid;
use crate::membership::object::{Addresses, Endpoint, Object, ObjectKey, PodReference, Source};
use crate::membership::state::MemberState;
use crate::membership::view::{Family, Identity, Reason, Skipped};
use crate::membership::word::{Newness, Teller, Word};

/// What one object says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Told {
    newness: Newness,
    /// By identity; those of one identity as they stand in the object.
    sayings: Box<[Saying]>,
}

/// A word, without what the object's key says already (M6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Saying {
    addresses: Addresses,
    pod: Option<PodReference>,
    state: MemberState,
    serving: bool,
    /// What most have no need of.
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Rest {
    /// The member's, as an object can tell of pods in another namespace.
    namespace: Arc<str>,
    hostname: Option<Arc<str>>,
    /// Only a host name is resolved through a Service, so it is kept with one alone.
    service: Option<Arc<str>>,
}

/// What one object says of one identity at one place in it, with the object.
#[derive(Clone, Debug)]
pub(super) struct Telling<'a> {
    pub(super) identity: Identity,
    pub(super) key: &'a ObjectKey,
    told: &'a Told,
    saying: &'a Saying,
}

/// What two versions of one object say of one identity.
#[derive(Clone, Debug)]
pub(super) struct Difference<'a> {
    pub(super) identity: Identity,
    /// Empty if the earlier one does not tell of it.
    pub(super) before: &'a [Saying],
    /// Empty if the later one does not tell of it.
    pub(super) after: &'a [Saying],
}

impl Told {
    /// Takes an object apart: what it says, and what of it cannot be used.
    pub(super) fn of(object: Object, preferred: Option<Family>) -> (Self, Vec<Skipped>) {
        let Object { reference, resource_version, endpoints, mut skipped, .. } = object;
        let key = ObjectKey { namespace: reference.namespace.clone(), name: reference.name.clone() };
        let mut sayings = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            if endpoint.pod.is_none() && endpoint.addresses.is_empty() {
                skipped.push(Skipped { object: reference.clone(), reason: Reason::NoAddress });
            } else {
                sayings.push(Saying::of(endpoint, &key));
            }
        }
        sayings.sort_by(|one, other| one.whom(&key, preferred).cmp(&other.whom(&key, preferred)));
        (Self { newness: Newness::of(&resource_version), sayings: sayings.into() }, skipped)
    }

    /// Whom it tells of, in order; twice if it tells of one twice.
    pub(super) fn identities(&self, key: &ObjectKey, preferred: Option<Family>) -> impl Iterator<Item = Identity> {
        self.sayings.iter().filter_map(move |saying| saying.identity(key, preferred))
    }

    /// All that it says, in the order of whom it is about.
    pub(super) fn tellings<'a>(
        &'a self,
        key: &'a ObjectKey,
        preferred: Option<Family>,
    ) -> impl Iterator<Item = Telling<'a>> {
        let telling = move |saying: &'a Saying| {
            Some(Telling { identity: saying.identity(key, preferred)?, key, told: self, saying })
        };
        self.sayings.iter().filter_map(telling)
    }

    /// Whomever one of two versions tells of, in order.
    pub(super) fn differences<'a>(
        earlier: &'a Self,
        later: &'a Self,
        key: &'a ObjectKey,
        preferred: Option<Family>,
    ) -> impl Iterator<Item = Difference<'a>> {
        let each = move |told: &'a Self| {
            let each = told.sayings.chunk_by(move |one, other| one.whom(key, preferred) == other.whom(key, preferred));
            each.filter_map(move |sayings| Some((sayings.first()?.whom(key, preferred), sayings))).peekable()
        };
        let (mut earlier, mut later) = (each(earlier), each(later));
        core::iter::from_fn(move || {
            let order = match (earlier.peek(), later.peek()) {
                (Some((one, _)), Some((other, _))) => one.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            let before = earlier.next_if(|_| order.is_le());
            let after = later.next_if(|_| order.is_ge());
            let sayings = |told: Option<(Whom<'a>, &'a [Saying])>| told.map_or(&[][..], |(_, sayings)| sayings);
            let (before, after) = (sayings(before), sayings(after));
            let identity = after.first().or_else(|| before.first())?.identity(key, preferred)?;
            Some(Difference { identity, before, after })
        })
    }

    /// What it says of one identity.
    fn sayings_on(&self, identity: &Identity, key: &ObjectKey, preferred: Option<Family>) -> &[Saying] {
        let whom = Whom::of(identity);
        let first = self.sayings.partition_point(|saying| saying.whom(key, preferred) < whom);
        let from = self.sayings.get(first..).unwrap_or_default();
        let more = from.iter().take_while(|saying| saying.whom(key, preferred) == whom).count();
        from.get(..more).unwrap_or_default()
    }

    /// Its words on one identity.
    pub(super) fn words_on<'a>(
        &'a self,
        identity: &Identity,
        source: Source,
        key: &'a ObjectKey,
        preferred: Option<Family>,
    ) -> impl Iterator<Item = Word<'a>> {
        self.sayings_on(identity, key, preferred).iter().map(move |saying| self.word(saying, source, key))
    }

    fn word<'a>(&self, saying: &'a Saying, source: Source, key: &'a ObjectKey) -> Word<'a> {
        let ObjectKey { namespace, name } = key;
        let kind = source.resource().kind().into();
        saying.word(Teller { kind, namespace, name, newness: self.newness.clone() })
    }

    /// Shares the texts that an earlier object holds already: members keep theirs as long as they do not change (M6).
    pub(super) fn share_with(&mut self, earlier: &Self, key: &ObjectKey, preferred: Option<Family>) {
        let mut earlier = earlier.sayings.iter().peekable();
        for saying in &mut self.sayings {
            let whom = saying.whom(key, preferred);
            while earlier.next_if(|other| other.whom(key, preferred) < whom).is_some() {}
            let Some(other) = earlier.peek().filter(|other| other.whom(key, preferred) == whom) else { continue };
            if let (Some(pod), Some(other)) = (&mut saying.pod, &other.pod) {
                share(&mut pod.name, &other.name);
            }
            if let (Some(rest), Some(other)) = (&mut saying.rest, &other.rest) {
                share(&mut rest.namespace, &other.namespace);
                if let (Some(hostname), Some(other)) = (&mut rest.hostname, &other.hostname) {
                    share(hostname, other);
                }
            }
        }
    }
}

impl<'a> Telling<'a> {
    pub(super) fn word(&self, source: Source) -> Word<'a> {
        self.told.word(self.saying, source, self.key)
    }
}

/// An identity, borrowed; in the same order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Whom<'a> {
    Pod(&'a Uid),
    Address(&'a str, Option<IpAddr>),
}

impl<'a> Whom<'a> {
    fn of(identity: &'a Identity) -> Self {
        match identity {
            Identity::Pod(uid) => Self::Pod(uid),
            Identity::Address(namespace, address) => Self::Address(namespace, Some(*address)),
        }
    }
}

impl Saying {
    fn of(endpoint: Endpoint, key: &ObjectKey) -> Self {
        let Endpoint { addresses, namespace, pod, hostname, service, state, serving } = endpoint;
        let is_usual = hostname.is_none() && namespace == key.namespace;
        let service = service.filter(|_| hostname.is_some());
        let rest = (!is_usual).then(|| Box::new(Rest { namespace, hostname, service }));
        Self { addresses, pod, state, serving, rest }
    }

    fn word<'a>(&'a self, teller: Teller<'a>) -> Word<'a> {
        let rest = self.rest.as_deref();
        Word {
            addresses: self.addresses,
            namespace: rest.map_or(teller.namespace, |rest| &rest.namespace),
            pod: self.pod.as_ref(),
            hostname: rest.and_then(|rest| rest.hostname.as_ref()),
            service: rest.and_then(|rest| rest.service.as_ref()),
            state: self.state,
            serving: self.serving,
            teller,
        }
    }

    fn namespace<'a>(&'a self, key: &'a ObjectKey) -> &'a Arc<str> {
        self.rest.as_deref().map_or(&key.namespace, |rest| &rest.namespace)
    }

    fn whom<'a>(&'a self, key: &'a ObjectKey, preferred: Option<Family>) -> Whom<'a> {
        match &self.pod {
            Some(pod) => Whom::Pod(&pod.uid),
            None => Whom::Address(self.namespace(key), self.addresses.choose(preferred)),
        }
    }

    fn identity(&self, key: &ObjectKey, preferred: Option<Family>) -> Option<Identity> {
        Some(match &self.pod {
            Some(pod) => Identity::Pod(pod.uid.clone()),
            None => Identity::Address(self.namespace(key).clone(), self.addresses.choose(preferred)?),
        })
    }
}

fn share(text: &mut Arc<str>, other: &Arc<str>) {
    if text == other {
        text.clone_from(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_costs_little_beside_its_texts() {
        assert_eq!((size_of::<Told>(), size_of::<Saying>()), (32, 80));
    }
}
