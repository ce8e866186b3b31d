//! `membership::document::decode`, and the views that its objects make under every policy.

use std::collections::{BTreeMap, BTreeSet};

use quorate_core::api::ServiceName;
use quorate_core::membership::document;
use quorate_core::membership::{Admission, Family, Member, MemberState, Object, Policy, View};
use quorate_core::name::{Basename, ClusterDomain, Host, NameMode, Naming};

use crate::line::{assert_is_line, assert_is_short_line};

pub fn run(data: &[u8]) {
    let objects = match document::decode(data) {
        Ok(document) => document.objects,
        Err(error) => return assert_is_short_line(&error.to_string()),
    };
    for naming in namings() {
        let family = naming.basename.as_ref().map(|_| Family::Ipv6);
        let view_of = |admission| {
            let policy = Policy { naming: naming.clone(), admission, family };
            (View::of(&objects, &policy), policy)
        };
        // What any other policy admits, `any` admits as well.
        let (widest, _) = view_of(Admission::Any);
        for admission in [Admission::Ready, Admission::Serving, Admission::Any] {
            let (view, policy) = view_of(admission);
            view.members.iter().for_each(|(name, member)| {
                assert_eq!(*name, member.name);
                named_by_its_parts(member, &policy.naming);
                counts(member, admission);
            });
            assert!(view.members.keys().all(|name| widest.members.contains_key(name)));
            view.skipped.iter().for_each(|skipped| assert_is_line(&skipped.to_string()));
            nobody_is_lost_or_counted_twice(&view, &objects, policy.family);
            order_means_nothing(&view, &objects, &policy);
        }
    }
}

/// Every mode, with all options unset and with all of them set.
fn namings() -> impl Iterator<Item = Naming> {
    [NameMode::Ip, NameMode::Hostname, NameMode::Dns].into_iter().flat_map(|mode| {
        let bare = Naming { mode, ..Naming::default() };
        let basename = Basename::parse("my_app").ok();
        let service = ServiceName::parse("web").ok();
        // So long that labels of full length do not fit in a name any more.
        let domain = ClusterDomain::parse(&"long-domain.".repeat(12)).expect("a valid domain");
        [bare.clone(), Naming { mode, basename, service, domain }]
    })
}

/// M5: every name that leaves the core parses back into its parts.
fn named_by_its_parts(member: &Member, naming: &Naming) {
    let parts = naming.parse(member.name.as_str()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(parts.basename, naming.basename.as_ref().map(Basename::as_str));
    let is_own = match (naming.mode, parts.host) {
        (NameMode::Ip, Host::Ip(address)) => address == member.address,
        (NameMode::Dns, Host::PodRecord { address, namespace }) => {
            address == member.address && *namespace == *member.namespace
        }
        (NameMode::Hostname, Host::Hostname { hostname, namespace, service }) => {
            Some(hostname) == member.hostname.as_deref()
                && *namespace == *member.namespace
                && naming.service.as_ref().is_none_or(|configured| configured.as_str() == service)
        }
        _ => false,
    };
    assert!(is_own, "{member:?} is called {parts:?}");
}

fn counts(member: &Member, admission: Admission) {
    let may_count = match member.state {
        MemberState::Ready => true,
        MemberState::Terminating => admission != Admission::Ready,
        MemberState::NotReady | MemberState::Pending => admission == Admission::Any,
        MemberState::Failed | MemberState::Succeeded => false,
    };
    assert!(may_count, "{member:?} under {admission:?}");
}

/// Everyone whom the objects tell of is a member once, or skipped once with a reason.
fn nobody_is_lost_or_counted_twice(view: &View, objects: &[Object], family: Option<Family>) {
    let endpoints = || objects.iter().flat_map(|object| &object.endpoints);
    let pods: BTreeSet<_> = endpoints().filter_map(|endpoint| Some(&endpoint.pod.as_ref()?.uid)).collect();
    let others = || endpoints().filter(|endpoint| endpoint.pod.is_none());
    // Without a pod, whoever is called by one address is one, whatever else an object tells of.
    let addresses: BTreeSet<_> =
        others().filter_map(|other| Some((&other.namespace, other.addresses.choose(family)?))).collect();
    let nameless = others().filter(|other| other.addresses.is_empty()).count();
    let unusable: usize = objects.iter().map(|object| object.skipped.len()).sum();
    let told = pods.len() + addresses.len() + nameless + unusable;
    assert_eq!(view.members.len() + view.skipped.len(), told, "{:?}", view.skipped);

    let pods_in_view: Vec<_> = view.members.values().filter_map(|member| Some(&member.pod.as_ref()?.uid)).collect();
    assert_eq!(pods_in_view.iter().collect::<BTreeSet<_>>().len(), pods_in_view.len(), "one pod under two names");
}

/// A server never has two objects of one name; a document may, and then their order is all there is to go by.
fn order_means_nothing(view: &View, objects: &[Object], policy: &Policy) {
    let mut by_reference: BTreeMap<_, usize> = BTreeMap::new();
    objects.iter().for_each(|object| *by_reference.entry(&object.reference).or_default() += 1);
    if by_reference.values().all(|count| *count == 1) {
        assert_eq!(*view, View::of(objects.iter().rev(), policy));
    }
}
