//! What the roster keeps of an object: its words on members, and nothing else.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::membership::object::{Addresses, Object, ObjectKey, PodReference, Source};
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

impl Told {
    /// Takes an object apart: what it says, and what of it cannot be used.
    pub(super) fn of(object: Object, preferred: Option<Family>) -> (Self, Vec<Skipped>) {
        let mut nobody = Vec::new();
        let mut sayings = Vec::with_capacity(object.endpoints.len());
        for word in Word::all_of(&object) {
            match word.identity(preferred) {
                Some(identity) => sayings.push((identity, Saying::of(&word))),
                None => nobody.push(*word.skip(Reason::NoAddress)),
            }
        }
        sayings.sort_by(|(identity, _), (other, _)| identity.cmp(other));
        let sayings = sayings.into_iter().map(|(_, saying)| saying).collect();
        let newness = Newness::of(&object.resource_version);
        let mut skipped = object.skipped;
        skipped.extend(nobody);
        (Self { newness, sayings }, skipped)
    }

    /// Whom it tells of, in order; twice if it tells of one twice.
    pub(super) fn identities(&self, key: &ObjectKey, preferred: Option<Family>) -> impl Iterator<Item = Identity> {
        self.sayings.iter().filter_map(move |saying| saying.identity(key, preferred))
    }

    /// Whether it tells of an identity.
    pub(super) fn tells_of(&self, identity: &Identity, key: &ObjectKey, preferred: Option<Family>) -> bool {
        !self.sayings_on(identity, key, preferred).is_empty()
    }

    /// What it says of one identity.
    pub(super) fn sayings_on(&self, identity: &Identity, key: &ObjectKey, preferred: Option<Family>) -> &[Saying] {
        let first = self.sayings.partition_point(|saying| saying.compare(identity, key, preferred).is_lt());
        let from = self.sayings.get(first..).unwrap_or_default();
        let more = from.iter().take_while(|saying| saying.compare(identity, key, preferred).is_eq()).count();
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
        let ObjectKey { namespace, name } = key;
        self.sayings_on(identity, key, preferred).iter().map(move |saying| {
            let kind = source.resource().kind().into();
            saying.word(Teller { kind, namespace, name, newness: self.newness.clone() })
        })
    }

    /// Shares the texts that an earlier object holds already: members keep theirs as long as they do not change (M6).
    pub(super) fn share_with(&mut self, earlier: &Self, key: &ObjectKey, preferred: Option<Family>) {
        let mut earlier = earlier.sayings.iter().peekable();
        for saying in &mut self.sayings {
            let identity = saying.identity(key, preferred);
            while earlier.next_if(|other| other.identity(key, preferred) < identity).is_some() {}
            let Some(other) = earlier.peek().filter(|other| other.identity(key, preferred) == identity) else {
                continue;
            };
            if let (Some(pod), Some(other)) = (&mut saying.pod, &other.pod) {
                share(&mut pod.name, &other.name);
                share(&mut pod.uid, &other.uid);
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

impl Saying {
    fn of(word: &Word<'_>) -> Self {
        let is_usual = word.hostname.is_none() && word.namespace == word.teller.namespace;
        let rest = (!is_usual).then(|| {
            let service = word.service.filter(|_| word.hostname.is_some());
            let (hostname, service) = (word.hostname.cloned(), service.cloned());
            Box::new(Rest { namespace: word.namespace.clone(), hostname, service })
        });
        Self { addresses: word.addresses, pod: word.pod.cloned(), state: word.state, serving: word.serving, rest }
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

    /// How whom it is about stands to an identity, in their order.
    fn compare(&self, identity: &Identity, key: &ObjectKey, preferred: Option<Family>) -> Ordering {
        match (&self.pod, identity) {
            (Some(pod), Identity::Pod(uid)) => pod.uid.cmp(uid),
            (Some(_), Identity::Address(..)) => Ordering::Less,
            (None, Identity::Pod(_)) => Ordering::Greater,
            (None, Identity::Address(namespace, address)) => {
                let own = self.rest.as_deref().map_or(&key.namespace, |rest| &rest.namespace);
                own.cmp(namespace).then_with(|| self.addresses.choose(preferred).cmp(&Some(*address)))
            }
        }
    }

    fn identity(&self, key: &ObjectKey, preferred: Option<Family>) -> Option<Identity> {
        let ObjectKey { namespace, name } = key;
        self.word(Teller { kind: "".into(), namespace, name, newness: Newness::NoNumber }).identity(preferred)
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
        assert_eq!((size_of::<Told>(), size_of::<Saying>()), (32, 72));
    }
}
