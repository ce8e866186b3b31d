//! A roster against views made at once, whatever happens in whatever order.

use core::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::api::ResourceVersion;
use crate::membership::view::{Family, View};

/// Something that happens to a roster.
#[derive(Clone, Debug)]
enum Event {
    Delete(ObjectKey),
    Put(Object),
    Replace { scope: Option<Namespace>, objects: Vec<Object>, newer: BTreeSet<ObjectKey> },
    Settle,
}

const NAMESPACES: [&str; 2] = ["lab", "ops"];

fn keys() -> impl Strategy<Value = ObjectKey> {
    (select(&NAMESPACES[..]), select(&["r", "s", "t"][..]))
        .prop_map(|(namespace, name)| ObjectKey { namespace: namespace.into(), name: name.into() })
}

fn endpoints() -> impl Strategy<Value = Endpoint> {
    let states = select(
        &[
            MemberState::Pending,
            MemberState::Ready,
            MemberState::Ready,
            MemberState::NotReady,
            MemberState::Terminating,
            MemberState::Failed,
            MemberState::Succeeded,
        ][..],
    );
    let families = select(&[Family::Ipv4, Family::Ipv6][..]);
    let addresses = (proptest::option::of(1..4_u8), proptest::option::weighted(0.3, 1..3_u16), families);
    let addresses = addresses.prop_map(|(v4, v6, primary)| Addresses {
        v4: v4.map(|last| Ipv4Addr::new(10, 0, 0, last)),
        v6: v6.map(|last| Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last)),
        primary: (v4.is_some() && v6.is_some()).then_some(primary),
    });
    let facts = (select(&["", "a", "b", "c", "d"][..]), addresses, states, any::<bool>(), select(&NAMESPACES[..]));
    facts.prop_map(|(pod, addresses, state, serving, namespace)| Endpoint {
        addresses,
        serving,
        namespace: namespace.into(),
        ..endpoint(pod, ONE, state)
    })
}

fn objects() -> impl Strategy<Value = Object> {
    let versions = select(&["1", "2", "3", "20", "", "x"][..]);
    (keys(), versions, proptest::collection::vec(endpoints(), 0..4)).prop_map(|(key, version, endpoints)| {
        let mut object = slice(&key.name, 0, &[]);
        object.reference.namespace = key.namespace;
        object.resource_version = ResourceVersion::new(version);
        object.endpoints = endpoints;
        object
    })
}

/// A list of a namespace, or of all, as a server gives it: no object twice, and none from elsewhere.
fn lists() -> impl Strategy<Value = Event> {
    let scopes = select(&[None, Some("lab"), Some("ops")][..]);
    let newer = proptest::collection::btree_set(keys(), 0..3);
    (scopes, proptest::collection::vec(objects(), 0..5), newer).prop_map(|(scope, objects, newer)| {
        let objects = objects.into_iter().filter(|object| scope.is_none_or(|scope| *object.key().namespace == *scope));
        let objects: BTreeMap<_, _> = objects.map(|object| (object.key(), object)).collect();
        let scope = scope.map(|scope| Namespace::parse(scope).unwrap());
        Event::Replace { scope, objects: objects.into_values().collect(), newer }
    })
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => objects().prop_map(Event::Put),
        2 => keys().prop_map(Event::Delete),
        1 => lists(),
        1 => Just(Event::Settle),
    ];
    proptest::collection::vec(event, 0..24)
}

fn policies() -> impl Strategy<Value = Policy> {
    let admissions = select(&[Admission::Ready, Admission::Serving, Admission::Any][..]);
    let families = select(&[None, Some(Family::Ipv4), Some(Family::Ipv6)][..]);
    (admissions, families).prop_map(|(admission, family)| Policy { admission, family, ..Policy::default() })
}

/// The objects of a server, after an event.
fn happen(server: &mut BTreeMap<ObjectKey, Object>, event: &Event) {
    match event {
        Event::Delete(key) => {
            server.remove(key);
        }
        Event::Put(object) => {
            server.insert(object.key(), object.clone());
        }
        Event::Replace { scope, objects, newer } => {
            let is_told_of = |key: &ObjectKey| scope.as_ref().is_none_or(|scope| *key.namespace == *scope.as_str());
            server.retain(|key, _| newer.contains(key) || !is_told_of(key));
            let objects = objects.iter().filter(|object| !newer.contains(&object.key()));
            server.extend(objects.map(|object| (object.key(), object.clone())));
        }
        Event::Settle => {}
    }
}

fn apply(roster: &mut Roster, event: Event, out: &mut RosterStep) {
    match event {
        Event::Delete(key) => roster.delete(&key, out),
        Event::Put(object) => roster.put(object, out),
        Event::Replace { scope, objects, newer } => roster.replace(scope.as_ref(), objects, &newer, out),
        Event::Settle => roster.settle(None, &BTreeSet::new(), out),
    }
}

/// The view that these objects make, out of two made at once: whom the policy admits, and who else there is.
fn members_at_once<'a>(
    objects: impl IntoIterator<Item = &'a Object> + Clone,
    policy: &Policy,
) -> BTreeMap<NodeName, Arc<Member>> {
    let everybody = Policy { admission: Admission::Any, ..policy.clone() };
    let mut members = View::of(objects.clone(), &everybody).members;
    members.values_mut().for_each(|member| Arc::make_mut(member).admitted = false);
    members.extend(View::of(objects, policy).members);
    members
}

/// A member without the object that tells of it.
fn facts(member: &Member) -> Member {
    Member { source: slice("", 0, &[]).reference, ..member.clone() }
}

/// Follows the changes as links do, and checks each against what was known before.
fn follow(known: &mut BTreeMap<NodeName, Member>, changes: &[Change]) -> Result<(), TestCaseError> {
    for change in changes {
        match change {
            Change::Joined(member) => prop_assert_eq!(known.insert(member.name.clone(), facts(member)), None),
            Change::Changed { before, after } => {
                prop_assert_eq!(before.identity(), after.identity());
                prop_assert_ne!(facts(before), facts(after));
                prop_assert_eq!(known.insert(after.name.clone(), facts(after)), Some(facts(before)));
            }
            Change::Left { member, .. } => prop_assert_eq!(known.remove(&member.name), Some(facts(member))),
        }
    }
    let names: Vec<_> = changes
        .iter()
        .map(|change| {
            let (Change::Joined(member) | Change::Changed { after: member, .. } | Change::Left { member, .. }) = change;
            &member.name
        })
        .collect();
    prop_assert!(names.is_sorted());
    Ok(())
}

proptest! {
    #[test]
    fn a_roster_is_what_a_view_made_at_once_is(events in events(), policy in policies()) {
        let (mut roster, mut server, mut known) = (Roster::new(Source::EndpointSlices, policy.clone()), BTreeMap::new(), BTreeMap::new());
        let mut left_out = BTreeSet::new();
        for event in events {
            happen(&mut server, &event);
            let (orphans, settles) = (roster.orphans(), matches!(event, Event::Settle));
            let mut out = RosterStep::default();
            apply(&mut roster, event, &mut out);
            follow(&mut known, &out.changes)?;
            prop_assert!(known.values().cloned().eq(roster.members().values().map(|member| facts(member))));
            // M1: whoever is only missing stays.
            let gone = |change: &&Change| settles || matches!(change, Change::Left { why: Departure::Gone, .. });
            prop_assert_eq!(out.changes.iter().filter(gone).count(), if settles { orphans } else { 0 });
            prop_assert!(roster.orphans() <= orphans + out.orphaned.len());
            left_out.extend(out.skipped.into_iter().map(|skipped| skipped.object.name));

            let mut settled = roster.clone();
            settled.settle(None, &BTreeSet::new(), &mut RosterStep::default());
            prop_assert_eq!(settled.members(), &members_at_once(server.values(), &policy));
            // M4: and so is everything that is kept beside the view.
            let mut at_once = roster_of(server.values().cloned(), policy.clone());
            at_once.settle(None, &BTreeSet::new(), &mut RosterStep::default());
            prop_assert_eq!(&settled, &at_once);
            let everybody = Policy { admission: Admission::Any, ..policy.clone() };
            if policy == everybody {
                // An address made by hand goes by the newest object that tells of it, which is no reason to tell again.
                let unheard = |skipped: &Skipped| {
                    skipped.object.kind == "Pod" && !left_out.contains(&skipped.object.name)
                };
                prop_assert_eq!(View::of(server.values(), &policy).skipped.into_iter().find(unheard), None);
            }
        }
    }

    #[test]
    fn a_first_list_comes_to_what_its_objects_come_to_in_turn(
        objects in proptest::collection::vec(objects(), 0..6),
        policy in policies(),
    ) {
        let (mut at_once, mut told_at_once) = (Roster::new(Source::EndpointSlices, policy), RosterStep::default());
        let (mut in_turn, mut told_in_turn) = (at_once.clone(), RosterStep::default());
        at_once.replace(None, objects.clone(), &BTreeSet::new(), &mut told_at_once);
        let mut touched = Touched::new();
        objects.into_iter().for_each(|object| in_turn.tell(object, &mut touched, &mut told_in_turn));
        in_turn.resolve(touched, &mut told_in_turn);
        prop_assert_eq!(at_once, in_turn);
        prop_assert_eq!(told_at_once, told_in_turn);
    }

    #[test]
    fn nothing_is_said_of_what_has_not_changed(objects in proptest::collection::vec(objects(), 0..6), policy in policies()) {
        let objects: BTreeMap<_, _> = objects.into_iter().map(|object| (object.key(), object)).collect();
        let mut known = roster_of(objects.values().cloned(), policy);
        let before = known.clone();
        let mut out = RosterStep::default();
        known.replace(None, objects.values().cloned().collect(), &BTreeSet::new(), &mut out);
        objects.into_values().for_each(|object| known.put(object, &mut out));
        prop_assert_eq!(out, RosterStep::default());
        prop_assert_eq!(known, before);
    }
}
