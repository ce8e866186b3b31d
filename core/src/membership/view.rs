//! The view: members, merged from all objects, admitted by policy, named.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use super::object::{Object, PodReference};
use super::state::{Admission, MemberState};
use super::word::{Testimony, Word};
use crate::api::{ObjectReference, Uid};
use crate::machine::Severity;
use crate::name::{Naming, NodeName, Unnameable};

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

impl Skipped {
    /// How much a human should care.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self.reason {
            Reason::NameTaken { .. } | Reason::Truncated => Severity::Warning,
            Reason::NotAnAddress(_) | Reason::Unnameable(_) | Reason::DomainNames => Severity::Info,
            Reason::NoAddress | Reason::NotAdmitted { .. } | Reason::OtherService(_) | Reason::UnknownKind => {
                Severity::Debug
            }
        }
    }
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
        let mut words: BTreeMap<Identity, Vec<Word<'a>>> = BTreeMap::new();
        for object in objects {
            view.skipped.extend(object.skipped.iter().cloned());
            for word in Word::all_of(object) {
                match word.identity(policy.family) {
                    Some(identity) => words.entry(identity).or_default().push(word),
                    None => view.skipped.push(*word.skip(Reason::NoAddress)),
                }
            }
        }
        let mut losers = Vec::new();
        for words in words.values_mut() {
            let Some(testimony) = Testimony::of(words) else { continue };
            let member =
                if testimony.admits(policy) { testimony.member(policy) } else { Err(testimony.not_admitted(policy)) };
            match member {
                Ok(member) => losers.extend(view.claim(member)),
                Err(skipped) => view.skipped.push(*skipped),
            }
        }
        for loser in losers {
            let owner = view.members.get(&loser.name);
            view.skipped.extend(owner.map(|owner| loser.name_taken_by(owner)));
        }
        view.skipped.sort();
        view
    }

    /// Gives the member its name; returns whoever goes without.
    fn claim(&mut self, member: Member) -> Option<Arc<Member>> {
        let member = Arc::new(member);
        match self.members.entry(member.name.clone()) {
            Entry::Vacant(free) => {
                free.insert(member);
                None
            }
            Entry::Occupied(mut taken) if member.rank() < taken.get().rank() => Some(taken.insert(member)),
            Entry::Occupied(_) => Some(member),
        }
    }
}

/// Who a member is, whatever its name, its address and its state: the pod's UID, or without one its namespace and address.
///
/// A pod that takes over another's address is somebody else (M3 rests on it).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "design §3 knows these two")]
pub enum Identity {
    /// The UID of the pod.
    Pod(Uid),
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

    /// Its place among those who claim its name.
    pub(crate) fn rank(&self) -> Rank {
        Rank { unadmitted: !self.admitted, precedence: self.state.precedence(), identity: self.identity() }
    }

    /// Why it goes without its name.
    pub(crate) fn name_taken_by(&self, owner: &Self) -> Skipped {
        let reason = Reason::NameTaken { name: self.name.clone(), by: owner.reference() };
        Skipped { object: self.reference(), reason }
    }

    /// The pod if it is known, else the object that tells of it.
    fn reference(&self) -> ObjectReference {
        match &self.pod {
            Some(pod) => pod.reference(&self.namespace),
            None => self.source.clone(),
        }
    }
}

/// Who keeps a contested name: the lowest does.
///
/// Admitted before not admitted (so that those whom the policy leaves out take no name from those whom it admits), ready
/// before not terminating, and then the lowest UID; a known pod goes before an address made by hand.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rank {
    unadmitted: bool,
    precedence: u8,
    identity: Identity,
}

#[cfg(test)]
mod tests;
