mod properties;

use alloc::format;
use alloc::string::{String, ToString};

use super::*;
use crate::membership::object::{Addresses, Endpoint, PodReference, Source};
use crate::membership::state::{Admission, MemberState};

/// An endpoint of a pod, or without one if its name is empty.
fn endpoint(pod: &str, address: &str, state: MemberState) -> Endpoint {
    let mut addresses = Addresses::default();
    addresses.add(address.parse().unwrap());
    Endpoint {
        addresses,
        namespace: "lab".into(),
        pod: (!pod.is_empty()).then(|| PodReference { name: pod.into(), uid: format!("uid-{pod}").into() }),
        hostname: None,
        service: None,
        state,
        serving: state == MemberState::Ready,
    }
}

fn slice(name: &str, version: u32, endpoints: &[(&str, &str, MemberState)]) -> Object {
    let json = format!(r#"{{"metadata":{{"name":"{name}","namespace":"lab","resourceVersion":"{version}"}}}}"#);
    let mut object = Source::EndpointSlices.decode_object(json.as_bytes()).unwrap();
    object.endpoints = endpoints.iter().map(|(pod, address, state)| endpoint(pod, address, *state)).collect();
    object
}

fn key(name: &str) -> ObjectKey {
    ObjectKey { namespace: "lab".into(), name: name.into() }
}

fn everybody() -> Policy {
    Policy { admission: Admission::Any, ..Policy::default() }
}

fn roster_of(objects: impl IntoIterator<Item = Object>, policy: Policy) -> Roster {
    let mut roster = Roster::new(Source::EndpointSlices, policy);
    objects.into_iter().for_each(|object| roster.put(object, &mut RosterStep::default()));
    roster
}

/// What a step changes, and who it leaves out, as people read it.
fn step(roster: &mut Roster, act: impl FnOnce(&mut Roster, &mut RosterStep)) -> Vec<String> {
    let mut out = RosterStep::default();
    act(roster, &mut out);
    let orphaned = (!out.orphaned.is_empty()).then(|| format!("{} orphaned", out.orphaned.len()));
    let changes = out.changes.iter().map(ToString::to_string);
    changes.chain(out.skipped.iter().map(ToString::to_string)).chain(orphaned).collect()
}

const ONE: &str = "10.0.0.1";
const TWO: &str = "10.0.0.2";
const READY: MemberState = MemberState::Ready;
const NOT_READY: MemberState = MemberState::NotReady;

#[test]
fn a_member_joins_changes_and_is_held_until_it_is_settled() {
    let mut roster = Roster::new(Source::EndpointSlices, Policy::default());
    let put = |version, state| {
        move |roster: &mut Roster, out: &mut _| roster.put(slice("s", version, &[("a", ONE, state)]), out)
    };
    assert_eq!(step(&mut roster, put(1, READY)), ["10.0.0.1 joined (ready)"]);
    assert_eq!(step(&mut roster, put(2, NOT_READY)), ["10.0.0.1 changed (ready to not-ready)"]);
    assert!(!roster.members().values().next().unwrap().admitted);
    assert_eq!(step(&mut roster, |roster, out| roster.delete(&key("s"), out)), ["1 orphaned"]);
    assert_eq!((roster.members().len(), roster.orphans()), (1, 1));
    assert_eq!(step(&mut roster, |roster, out| roster.settle(None, &BTreeSet::new(), out)), ["10.0.0.1 left (gone)"]);
    assert_eq!(roster, Roster::new(Source::EndpointSlices, Policy::default()));
}

#[test]
fn a_slice_rewritten_without_effect_on_a_member_is_no_change() {
    let mut roster = roster_of([slice("s", 1, &[("a", ONE, READY)])], everybody());
    let rewritten = |roster: &mut Roster, out: &mut _| roster.put(slice("s", 2, &[("a", ONE, READY)]), out);
    assert_eq!(step(&mut roster, rewritten), [""; 0]);
    let copied = |roster: &mut Roster, out: &mut _| roster.put(slice("t", 3, &[("a", ONE, READY)]), out);
    assert_eq!(step(&mut roster, copied), [""; 0]);
    assert_eq!(roster.members().values().next().unwrap().source.to_string(), "EndpointSlice lab/t");
}

#[test]
fn a_slice_rewritten_without_effect_may_be_the_newest_that_tells_of_a_member() {
    let told = [slice("s", 1, &[("a", ONE, READY)]), slice("t", 2, &[("a", TWO, READY)])];
    let mut roster = roster_of(told, everybody());
    let rewritten = step(&mut roster, |roster, out| roster.put(slice("s", 3, &[("a", ONE, READY)]), out));
    assert_eq!(rewritten, ["10.0.0.1 joined (ready)", "10.0.0.2 left (renamed)"]);
}

#[test]
fn an_endpoint_that_moves_between_slices_within_a_list_is_no_change() {
    let mut roster = roster_of([slice("s", 1, &[("a", ONE, READY)])], everybody());
    let moved = [slice("s", 2, &[]), slice("t", 3, &[("a", ONE, READY)])];
    let replaced = step(&mut roster, |roster, out| roster.replace(None, moved.into(), &BTreeSet::new(), out));
    assert_eq!(replaced, [""; 0]);
}

#[test]
fn an_orphan_that_is_told_of_again_never_left() {
    let mut roster = roster_of([slice("s", 1, &[("a", ONE, READY)])], everybody());
    roster.delete(&key("s"), &mut RosterStep::default());
    let mut changed = roster.clone();
    let back = |state| move |roster: &mut Roster, out: &mut _| roster.put(slice("t", 2, &[("a", ONE, state)]), out);
    assert_eq!(step(&mut roster, back(READY)), [""; 0]);
    assert_eq!(step(&mut changed, back(NOT_READY)), ["10.0.0.1 changed (ready to not-ready)"]);
    assert_eq!((roster.orphans(), changed.orphans()), (0, 0));
}

#[test]
fn the_living_owner_of_a_name_beats_an_orphan() {
    let mut roster = roster_of([slice("s", 1, &[("a", ONE, READY)])], everybody());
    roster.delete(&key("s"), &mut RosterStep::default());
    let taken = step(&mut roster, |roster, out| roster.put(slice("t", 2, &[("b", ONE, NOT_READY)]), out));
    assert_eq!(taken, ["10.0.0.1 left (replaced)", "10.0.0.1 joined (not-ready)"]);
    assert_eq!(roster.orphans(), 0);
}

#[test]
fn what_has_ended_leaves_at_once_with_the_reason() {
    let mut roster = roster_of([slice("s", 1, &[("a", ONE, READY)])], everybody());
    let ended = slice("s", 2, &[("a", ONE, MemberState::Failed)]);
    let said = ["10.0.0.1 left (failed)", "Pod lab/a: it has ended, and will not run again"];
    assert_eq!(step(&mut roster, |roster, out| roster.put(ended, out)), said);
    assert_eq!((roster.members().len(), roster.orphans()), (0, 0));
}

#[test]
fn a_member_by_another_name_leaves_and_joins() {
    let mut roster = roster_of([slice("s", 1, &[("a", TWO, READY)])], everybody());
    let renamed = step(&mut roster, |roster, out| roster.put(slice("s", 2, &[("a", ONE, READY)]), out));
    assert_eq!(renamed, ["10.0.0.1 joined (ready)", "10.0.0.2 left (renamed)"]);
}

#[test]
fn a_member_that_cannot_be_named_any_more_is_held_and_told_of_once() {
    let mut roster = roster_of([slice("s", 1, &[("a", ONE, READY), ("b", TWO, READY)])], everybody());
    let nameless = |version, state| {
        let mut object = slice("s", version, &[("a", ONE, state), ("b", TWO, state)]);
        object.endpoints[0].addresses = Addresses::default();
        move |roster: &mut Roster, out: &mut _| roster.put(object, out)
    };
    assert_eq!(step(&mut roster, nameless(2, READY)), ["Pod lab/a: it has no address yet", "1 orphaned"]);
    let rewritten = step(&mut roster, nameless(3, NOT_READY));
    assert_eq!(rewritten, ["10.0.0.2 changed (ready to not-ready)"], "it is one word still, and no news");
    assert_eq!((roster.members().len(), roster.orphans()), (2, 1));
    let settle = |roster: &mut Roster, out: &mut _| roster.settle(None, &BTreeSet::new(), out);
    assert_eq!(step(&mut roster.clone(), settle), ["10.0.0.1 left (renamed)"]);
    let mut emptied = roster.clone();
    assert_eq!(step(&mut emptied, |roster, out| roster.delete(&key("s"), out)), ["1 orphaned"]);
    assert_eq!(step(&mut emptied, settle), ["10.0.0.1 left (gone)", "10.0.0.2 left (gone)"]);
    let ended = slice("s", 4, &[("a", ONE, MemberState::Failed), ("b", TWO, NOT_READY)]);
    let said = ["10.0.0.1 left (failed)", "Pod lab/a: it has ended, and will not run again"];
    assert_eq!(step(&mut roster, |roster, out| roster.put(ended, out)), said);
}

#[test]
fn a_name_passes_to_whoever_has_the_best_claim_and_back() {
    let mut roster = roster_of([slice("s", 1, &[("b", ONE, READY)])], everybody());
    let rival = step(&mut roster, |roster, out| roster.put(slice("t", 2, &[("a", ONE, NOT_READY)]), out));
    assert_eq!(rival, ["Pod lab/a: its name 10.0.0.1 is taken by Pod lab/b"]);
    let still = slice("t", 2, &[("a", ONE, MemberState::Pending)]);
    assert_eq!(step(&mut roster, |roster, out| roster.put(still, out)), [""; 0], "it was told so when it became one");
    let passed = step(&mut roster, |roster, out| roster.put(slice("t", 3, &[("a", ONE, READY)]), out));
    let loser = "Pod lab/b: its name 10.0.0.1 is taken by Pod lab/a";
    assert_eq!(passed, ["10.0.0.1 left (replaced)", "10.0.0.1 joined (ready)", loser]);
    let back = step(&mut roster, |roster, out| roster.delete(&key("t"), out));
    assert_eq!(back, ["10.0.0.1 left (replaced)", "10.0.0.1 joined (ready)"], "no orphan: the name has an owner");
    assert_eq!(roster.orphans(), 0);
}

#[test]
fn whom_the_policy_leaves_out_takes_no_name_from_whom_it_admits() {
    let published = endpoint("a", ONE, READY);
    let mut object = slice("s", 1, &[("b", ONE, MemberState::Terminating)]);
    object.endpoints.push(Endpoint { serving: false, ..published });
    object.endpoints.iter_mut().filter(|endpoint| endpoint.state != READY).for_each(|endpoint| endpoint.serving = true);
    let policy = Policy { admission: Admission::Serving, ..Policy::default() };
    let roster = roster_of([object], policy);
    assert_eq!(&*roster.members().values().next().unwrap().pod.as_ref().unwrap().name, "b");
}

#[test]
fn a_reason_is_told_once_as_long_as_it_lasts() {
    let json = |version: u32, address: &str| {
        format!(
            r#"{{"metadata":{{"name":"s","namespace":"lab","resourceVersion":"{version}"}},
                 "endpoints":[{{"addresses":["{address}"]}}]}}"#
        )
    };
    let put = |version, address| {
        let object = Source::EndpointSlices.decode_object(json(version, address).as_bytes()).unwrap();
        |roster: &mut Roster, out: &mut _| roster.put(object, out)
    };
    let mut roster = Roster::new(Source::EndpointSlices, everybody());
    let said = ["EndpointSlice lab/s: \"nonsense\" is not the address of a pod"];
    assert_eq!(step(&mut roster, put(1, "nonsense")), said);
    assert_eq!(step(&mut roster, put(2, "nonsense")), [""; 0]);
    assert_eq!(step(&mut roster, put(3, ONE)), ["10.0.0.1 joined (ready)"]);
    assert_eq!(step(&mut roster, put(4, "nonsense")), [said[0], "1 orphaned"]);
}

#[test]
fn a_list_speaks_for_its_namespace_and_not_for_what_is_newer() {
    let mut elsewhere = slice("s", 1, &[("c", "10.0.0.3", READY)]);
    elsewhere.reference.namespace = "ops".into();
    let told = [slice("s", 1, &[("a", ONE, READY)]), slice("t", 9, &[("b", TWO, READY)]), elsewhere];
    let mut roster = roster_of(told, everybody());
    let lab = Namespace::parse("lab").unwrap();
    let mut before_the_event = roster.clone();
    let stale = [slice("t", 2, &[("b", TWO, NOT_READY)])];
    let newer = [key("t")].into();
    let replaced = step(&mut roster, |roster, out| roster.replace(Some(&lab), stale.into(), &newer, out));
    assert_eq!(replaced, ["1 orphaned"]);
    assert_eq!(
        step(&mut roster, |roster, out| roster.settle(Namespace::parse("ops").ok().as_ref(), &BTreeSet::new(), out)),
        [""; 0]
    );
    assert_eq!(
        step(&mut roster, |roster, out| roster.settle(Some(&lab), &BTreeSet::new(), out)),
        ["10.0.0.1 left (gone)"]
    );
    let all = step(&mut before_the_event, |roster, out| roster.replace(None, Vec::new(), &newer, out));
    assert_eq!(all, ["2 orphaned"]);
}

#[test]
fn texts_are_kept_once() {
    // One that leaves stands before one that stays.
    let first = slice("s", 1, &[("0", "10.0.0.9", READY), ("a", ONE, READY)]);
    let mut roster = roster_of([first, slice("t", 1, &[("b", TWO, READY)])], everybody());
    roster.put(slice("s", 2, &[("a", ONE, READY), ("c", "10.0.0.3", READY)]), &mut RosterStep::default());
    let [one, two] = [0, 1].map(|index| roster.objects.keys().nth(index).unwrap());
    assert!(Arc::ptr_eq(&one.namespace, &two.namespace));
    let member = roster.members().values().next().unwrap();
    let identity = member.identity();
    let words: Vec<_> = roster.objects[one].words_on(&identity, Source::EndpointSlices, one, None).collect();
    assert!(Arc::ptr_eq(&words[0].pod.unwrap().name, &member.pod.as_ref().unwrap().name));
    assert!(Arc::ptr_eq(&member.source.name, &one.name));
    assert!(roster.members().iter().all(|(name, member)| name.as_str().as_ptr() == member.name.as_str().as_ptr()));
}

#[test]
fn a_member_costs_what_it_is() {
    // M6: with the entries of the maps and the texts, about 600 bytes for a pod that is an object of its own.
    assert_eq!(size_of::<Member>(), 168);
    assert_eq!(size_of::<(ObjectKey, Box<Told>)>(), 40);
    assert_eq!(size_of::<(NodeName, Arc<Member>)>(), 24);
}
