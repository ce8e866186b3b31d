//! What several objects say of one member, made one: the same for a view made at once and for one that is kept.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::net::IpAddr;

use super::object::{Addresses, Object, PodReference};
use super::state::MemberState;
use super::view::{Family, Identity, Member, Policy, Reason, Skipped};
use crate::api::{ObjectReference, ResourceVersion};
use crate::name::Facts;

/// How new an object is among those of its kind: its version as a number, without the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Newness {
    /// Versions that are no numbers count as old.
    NoNumber,
    Short(u64),
    /// The number of digits, and the digits, of a version that no server is known to write.
    Long(Box<(usize, Box<str>)>),
}

impl Newness {
    pub(crate) fn of(version: &ResourceVersion) -> Self {
        match version.newness() {
            None => Self::NoNumber,
            // Zero has lost its only digit.
            Some((0, _)) => Self::Short(0),
            Some((length, digits)) => {
                digits.parse().map_or_else(|_| Self::Long(Box::new((length, digits.into()))), Self::Short)
            }
        }
    }
}

/// One object's word on a member.
#[derive(Clone, Debug)]
pub(crate) struct Word<'a> {
    pub(crate) teller: Teller<'a>,
    pub(crate) addresses: Addresses,
    pub(crate) namespace: &'a Arc<str>,
    pub(crate) pod: Option<&'a PodReference>,
    pub(crate) hostname: Option<&'a Arc<str>>,
    pub(crate) service: Option<&'a Arc<str>>,
    pub(crate) state: MemberState,
    pub(crate) serving: bool,
}

/// The object that a word is from.
#[derive(Clone, Debug)]
pub(crate) struct Teller<'a> {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) namespace: &'a Arc<str>,
    pub(crate) name: &'a Arc<str>,
    pub(crate) newness: Newness,
}

impl<'a> Word<'a> {
    /// All that an object says.
    pub(crate) fn all_of(object: &'a Object) -> impl Iterator<Item = Self> {
        let ObjectReference { kind, namespace, name } = &object.reference;
        let newness = Newness::of(&object.resource_version);
        let teller = Teller { kind: kind.clone(), namespace, name, newness };
        object.endpoints.iter().map(move |endpoint| Self {
            teller: teller.clone(),
            addresses: endpoint.addresses,
            namespace: &endpoint.namespace,
            pod: endpoint.pod.as_ref(),
            hostname: endpoint.hostname.as_ref(),
            service: endpoint.service.as_ref(),
            state: endpoint.state,
            serving: endpoint.serving,
        })
    }

    /// Whom it is about; `None` for what has neither a pod nor an address.
    pub(crate) fn identity(&self, preferred: Option<Family>) -> Option<Identity> {
        match self.pod {
            Some(pod) => Some(Identity::Pod(pod.uid.clone())),
            None => Some(Identity::Address(self.namespace.clone(), self.addresses.choose(preferred)?)),
        }
    }

    /// Why whom it is about is no member.
    pub(crate) fn skip(&self, reason: Reason) -> Box<Skipped> {
        let object = self.pod.map_or_else(|| self.source(), |pod| pod.reference(self.namespace));
        Box::new(Skipped { object, reason })
    }

    fn source(&self) -> ObjectReference {
        let Teller { kind, namespace, name, .. } = &self.teller;
        ObjectReference { kind: kind.clone(), namespace: (*namespace).clone(), name: (*name).clone() }
    }

    /// The copy in the newest object first. Equal versions go by the object's reference, so that the order of arrival never
    /// matters.
    fn newest_first(&self, other: &Self) -> Ordering {
        fn ascending<'w>(word: &'w Word<'_>) -> (&'w str, &'w str, &'w str, Option<IpAddr>) {
            let Teller { kind, namespace, name, .. } = &word.teller;
            (kind, namespace, name, word.addresses.choose(None))
        }
        other.teller.newness.cmp(&self.teller.newness).then_with(|| ascending(self).cmp(&ascending(other)))
    }
}

/// All words on one identity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Testimony<'w, 'a> {
    /// The newest first.
    words: &'w [Word<'a>],
    newest: &'w Word<'a>,
    /// The word on the latest stage of its life.
    latest: &'w Word<'a>,
}

impl<'w, 'a> Testimony<'w, 'a> {
    /// Hears the words; `None` if there are none.
    pub(crate) fn of(words: &'w mut [Word<'a>]) -> Option<Self> {
        words.sort_by(Word::newest_first);
        let words: &'w [Word<'a>] = words;
        let newest = words.first()?;
        // The end in any copy wins, and then terminating: neither is ever taken back.
        let latest = words.iter().min_by_key(|word| word.state.finality()).unwrap_or(newest);
        Some(Self { words, newest, latest })
    }

    pub(crate) fn state(&self) -> MemberState {
        self.latest.state
    }

    /// Whether the policy admits whom it is about.
    pub(crate) fn admits(&self, policy: &Policy) -> bool {
        policy.admission.admits(self.latest.state, self.latest.serving)
    }

    /// Why whom it is about is no member, if the policy does not admit it.
    pub(crate) fn not_admitted(&self, policy: &Policy) -> Box<Skipped> {
        self.newest.skip(Reason::NotAdmitted { state: self.latest.state, admission: policy.admission })
    }

    /// Whom it is about, admitted or not; or why there is no name for it.
    pub(crate) fn member(&self, policy: &Policy) -> Result<Member, Box<Skipped>> {
        let Self { words, newest, latest } = *self;
        let mut addresses = newest.addresses;
        words.iter().for_each(|word| addresses.complete_from(&word.addresses));
        let address = addresses.choose(policy.family).ok_or_else(|| newest.skip(Reason::NoAddress))?;
        // A host name resolves through the Service of the very object that gives it.
        let named = words.iter().find(|word| word.hostname.is_some()).unwrap_or(newest);
        let facts = Facts {
            address,
            namespace: newest.namespace,
            hostname: named.hostname.map(|hostname| &**hostname),
            service: named.service.map(|service| &**service),
        };
        let name = policy.naming.name(&facts).map_err(|why| newest.skip(Reason::Unnameable(why)))?;
        Ok(Member {
            name,
            address,
            namespace: newest.namespace.clone(),
            hostname: named.hostname.cloned(),
            pod: newest.pod.cloned(),
            state: latest.state,
            admitted: self.admits(policy),
            source: newest.source(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn newness_orders_as_versions_do(versions in proptest::collection::vec("[0-9]{0,24}|x", 2)) {
            let [one, other] = [0, 1].map(|index: usize| ResourceVersion::new(&versions[index]));
            prop_assert_eq!(Newness::of(&one).cmp(&Newness::of(&other)), one.newness().cmp(&other.newness()));
        }
    }

    #[test]
    fn newness_is_small() {
        assert_eq!(size_of::<Newness>(), 16);
    }
}
