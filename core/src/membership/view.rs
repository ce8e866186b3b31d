//! The view: members, merged from all objects, admitted by policy, named.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::net::IpAddr;

use super::object::{Endpoint, Object, PodReference};
use super::state::{Admission, MemberState};
use crate::api::ObjectReference;
use crate::name::{Facts, Naming, NodeName, Unnameable};

/// A family of IP addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two, and code that chooses must know both")]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

/// Who counts, by what address, under what name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "options: built by every user, each field a choice")]
pub struct Policy {
    /// How members are called.
    pub naming: Naming,
    /// Which members are admitted. Default: those that are ready.
    pub admission: Admission,
    /// Which address of a dual-stack member is used. Default: the pod's first where the source tells, else IPv4. A member
    /// without an address of this family is used by the one it has.
    pub family: Option<Family>,
}

/// A member that counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Member {
    /// What it is called.
    pub name: NodeName,
    /// The address that it is reached by.
    pub address: IpAddr,
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its host name, if it has one.
    pub hostname: Option<Arc<str>>,
    /// The pod behind it, if the API names one.
    pub pod: Option<PodReference>,
    /// What the API says of its life.
    pub state: MemberState,
    /// Whether the policy admits it in this state.
    pub admitted: bool,
    /// The newest object that tells of it.
    pub source: ObjectReference,
}

/// What was seen and is no member, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "an object and a reason, and nothing else")]
pub struct Skipped {
    /// The pod if it is known, else the object that tells of it.
    pub object: ObjectReference,
    /// Why it is no member.
    pub reason: Reason,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, self.reason)
    }
}

/// Why something that was seen is no member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The slice holds domain names (`addressType: FQDN`), which lead to no pod.
    DomainNames,
    /// Another member has the same name. It keeps it: the ready one does, then the one that is not terminating, then the
    /// one with the lowest UID.
    NameTaken {
        /// The contested name.
        name: NodeName,
        /// Who keeps it.
        by: ObjectReference,
    },
    /// It has no address yet.
    NoAddress,
    /// The policy does not admit it.
    NotAdmitted {
        /// What the API says of it.
        state: MemberState,
        /// The policy.
        admission: Admission,
    },
    /// What stands in an address's place is none that a pod can have.
    NotAnAddress(String),
    /// The Endpoints object is cut at 1,000 addresses: members are missing. EndpointSlices have no such limit.
    Truncated,
    /// It belongs to another Service than the one that was asked for.
    OtherService(Arc<str>),
    /// It cannot be named.
    Unnameable(Unnameable),
    /// The document holds an object of a kind that tells of no members.
    UnknownKind,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DomainNames => f.write_str("it holds domain names, which lead to no pod"),
            Self::NameTaken { name, by } => write!(f, "its name {name} is taken by {by}"),
            Self::NoAddress => f.write_str("it has no address yet"),
            Self::NotAdmitted { state: MemberState::Failed | MemberState::Succeeded, .. } => {
                f.write_str("it has ended, and will not run again")
            }
            Self::NotAdmitted { state, admission } => {
                write!(f, "it is {state}, and only {} members are asked for", admission.as_str())
            }
            Self::NotAnAddress(text) => write!(f, "{text:?} is not the address of a pod"),
            Self::Truncated => {
                f.write_str("it is cut at 1,000 addresses, so members are missing; EndpointSlices have them all")
            }
            Self::OtherService(service) => write!(f, "it belongs to the Service {service}"),
            Self::Unnameable(why) => why.fmt(f),
            Self::UnknownKind => f.write_str("this kind tells of no members; use EndpointSlices, Endpoints or Pods"),
        }
    }
}

/// Who a member is, over all objects that tell of it: the pod's UID, or without one its namespace and address.
///
/// A pod that takes over another's address is somebody else (M3 rests on it).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum IdentityRef<'a> {
    Pod(&'a str),
    Address(&'a str, IpAddr),
}

/// One object's word on a member.
#[derive(Clone, Copy)]
struct Word<'a> {
    object: &'a Object,
    endpoint: &'a Endpoint,
}

/// The members that a set of objects makes, and what of it was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// The members, by name.
    pub members: BTreeMap<NodeName, Arc<Member>>,
    /// What was seen and is no member, sorted.
    pub skipped: Vec<Skipped>,
}

impl View {
    /// The view that these objects make. Their order means nothing.
    #[must_use]
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Object>, policy: &Policy) -> Self {
        let mut view = Self::default();
        let mut words: BTreeMap<IdentityRef<'a>, Vec<Word<'a>>> = BTreeMap::new();
        for object in objects {
            view.skipped.extend(object.skipped.iter().cloned());
            for endpoint in &object.endpoints {
                let word = Word { object, endpoint };
                match word.identity() {
                    Some(identity) => words.entry(identity).or_default().push(word),
                    None => view.skip(&word, Reason::NoAddress),
                }
            }
        }
        let mut losers = Vec::new();
        for words in words.values_mut() {
            words.sort_by(Word::newest_first);
            let Some(member) = view.judge(words, policy) else { continue };
            losers.extend(view.claim(member));
        }
        losers.iter().for_each(|loser| view.name_the_owner(loser));
        view.skipped.sort();
        view
    }

    /// The member that these words, newest first, are about, if it counts.
    fn judge(&mut self, words: &[Word<'_>], policy: &Policy) -> Option<Member> {
        let newest = words.first()?;
        // The end in any copy wins, and then terminating: neither is ever taken back.
        let latest = words.iter().min_by_key(|word| word.endpoint.state.finality()).unwrap_or(newest);
        let Endpoint { state, serving, .. } = latest.endpoint;
        if !policy.admission.admits(*state, *serving) {
            self.skip(newest, Reason::NotAdmitted { state: *state, admission: policy.admission });
            return None;
        }
        let mut addresses = newest.endpoint.addresses;
        words.iter().for_each(|word| addresses.complete_from(&word.endpoint.addresses));
        let Some(address) = addresses.choose(policy.family) else {
            self.skip(newest, Reason::NoAddress);
            return None;
        };
        // A host name resolves through the Service of the very object that gives it.
        let named = words.iter().find(|word| word.endpoint.hostname.is_some()).unwrap_or(newest).endpoint;
        let facts = Facts {
            address,
            namespace: &newest.endpoint.namespace,
            hostname: named.hostname.as_deref(),
            service: named.service.as_deref(),
        };
        let name = policy.naming.name(&facts).map_err(|why| self.skip(newest, Reason::Unnameable(why))).ok()?;
        Some(Member {
            name,
            address,
            namespace: newest.endpoint.namespace.clone(),
            hostname: named.hostname.clone(),
            pod: newest.endpoint.pod.clone(),
            state: *state,
            admitted: true,
            source: newest.object.reference.clone(),
        })
    }

    /// Gives the member its name; returns whoever goes without.
    fn claim(&mut self, member: Member) -> Option<Arc<Member>> {
        let member = Arc::new(member);
        match self.members.entry(member.name.clone()) {
            Entry::Vacant(free) => {
                free.insert(member);
                None
            }
            Entry::Occupied(mut taken) if member.outranks(taken.get()) => Some(taken.insert(member)),
            Entry::Occupied(_) => Some(member),
        }
    }

    fn name_the_owner(&mut self, loser: &Member) {
        let Some(owner) = self.members.get(&loser.name) else { return };
        let reason = Reason::NameTaken { name: loser.name.clone(), by: owner.reference() };
        self.skipped.push(Skipped { object: loser.reference(), reason });
    }

    fn skip(&mut self, word: &Word<'_>, reason: Reason) {
        let Endpoint { namespace, pod, .. } = word.endpoint;
        let object = reference(namespace, pod.as_ref(), &word.object.reference);
        self.skipped.push(Skipped { object, reason });
    }
}

/// Who a member is, whatever its name, its address and its state: the pod's UID, or without one its namespace and address.
///
/// A pod that takes over another's address is somebody else (M3 rests on it).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "design §3 knows these two")]
pub enum Identity {
    /// The UID of the pod.
    Pod(Arc<str>),
    /// The namespace and the address of an endpoint without a pod.
    Address(Arc<str>, IpAddr),
}

impl Member {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        match &self.pod {
            Some(pod) => Identity::Pod(pod.uid.clone()),
            None => Identity::Address(self.namespace.clone(), self.address),
        }
    }

    /// One owner a name: ready before not terminating before lowest UID. A known pod goes before an address made by hand.
    fn outranks(&self, other: &Self) -> bool {
        self.rank() < other.rank()
    }

    fn rank(&self) -> impl Ord + '_ {
        let uid = self.pod.as_ref().map(|pod| &pod.uid);
        (self.state.precedence(), uid.is_none(), uid, self.address)
    }

    fn reference(&self) -> ObjectReference {
        reference(&self.namespace, self.pod.as_ref(), &self.source)
    }
}

/// The pod if it is known, else the object that tells of it.
fn reference(namespace: &Arc<str>, pod: Option<&PodReference>, source: &ObjectReference) -> ObjectReference {
    match pod {
        Some(pod) => ObjectReference { kind: "Pod".into(), namespace: namespace.clone(), name: pod.name.clone() },
        None => source.clone(),
    }
}

impl<'a> Word<'a> {
    fn identity(&self) -> Option<IdentityRef<'a>> {
        match &self.endpoint.pod {
            Some(pod) => Some(IdentityRef::Pod(&pod.uid)),
            None => Some(IdentityRef::Address(&self.endpoint.namespace, self.endpoint.addresses.choose(None)?)),
        }
    }

    /// The copy in the newest object first. Equal versions go by the object's reference, so that the order of arrival never
    /// matters; versions that are no numbers count as old.
    fn newest_first(&self, other: &Self) -> Ordering {
        fn ascending<'w>(word: &Word<'w>) -> (&'w ObjectReference, Option<IpAddr>) {
            (&word.object.reference, word.endpoint.addresses.choose(None))
        }
        let (ours, theirs) = (self.object.resource_version.newness(), other.object.resource_version.newness());
        theirs.cmp(&ours).then_with(|| ascending(self).cmp(&ascending(other)))
    }
}

#[cfg(test)]
mod tests;
