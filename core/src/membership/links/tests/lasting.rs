//! What must not last for ever: a drain that was another's, a doubt that no listing settles, a link that is long down.

use super::*;

fn me(uid: &str, state: MemberState) -> Arc<Member> {
    member(9, uid, state, state == MemberState::Ready)
}

fn no_listing() -> Result<Option<BTreeSet<String>>, LinkFailure> {
    Err(LinkFailure::new("exit code 1"))
}

/// Knows that it is 10.0.0.9, and is connected to 10.0.0.1.
fn connected_as_ourselves() -> Host {
    Host::connected(LinkOptions { self_name: Some(me("a", MemberState::Ready).name.clone()), ..quiet() })
}

/// Within that time it lists, in vain. Returns the lines that follow the failure.
fn list_in_vain(host: &mut Host, id: u64, within: u64) -> Vec<String> {
    assert_eq!(host.wait(within), [format!("link {id}: list who is connected")]);
    let mut lines = host.list(id, no_listing());
    assert!(lines.remove(0).starts_with("cannot find out who is connected, trying again in "));
    lines
}

/// A connect to 10.0.0.1 was abandoned, and the second listing in a row has failed.
fn in_doubt() -> Host {
    let mut host = Host::open(quiet());
    assert_eq!(host.follow(joined(ready(1))), ["link 2: connect to 10.0.0.1"]);
    assert_eq!(host.wait(10_000)[1..], ["link 2: abandon", "link 3: list who is connected"]);
    assert_eq!(host.list(3, no_listing()).len(), 1);
    assert_eq!(list_in_vain(&mut host, 4, 1000), NOTHING, "a listing may still tell");
    host
}

// M2
#[test]
fn who_drains_as_its_predecessor_terminates_goes_on_when_that_has_left() {
    let mut host = connected_as_ourselves();
    assert_eq!(host.follow(joined(me("old", MemberState::Terminating))), NOTHING);
    assert_eq!(host.follow(joined(ready(2))), NOTHING);
    assert_eq!(host.follow(left(ready(1), Departure::Gone)), NOTHING);
    assert_eq!(host.wait(60_000), NOTHING);
    let lines = ["link 3: disconnect 10.0.0.1", "link 4: connect to 10.0.0.2"];
    assert_eq!(host.follow(left(me("old", MemberState::Terminating), Departure::Gone)), lines);
    assert_eq!(host.follow(joined(me("new", MemberState::Ready))), NOTHING);
    assert_eq!(host.follow(joined(ready(3))), ["link 5: connect to 10.0.0.3"]);
}

// M2
#[test]
fn who_drains_as_its_predecessor_terminates_goes_on_when_it_has_the_name_itself() {
    for (uid, state) in [("new", MemberState::NotReady), ("old", MemberState::Ready)] {
        let mut host = connected_as_ourselves();
        assert_eq!(host.follow(joined(me("old", MemberState::Terminating))), NOTHING);
        assert_eq!(host.follow(joined(ready(2))), NOTHING);
        assert_eq!(host.follow(joined(me(uid, state))), ["link 3: connect to 10.0.0.2"], "{uid}");
        assert_eq!(host.follow(left(me("older", MemberState::Terminating), Departure::Gone)), NOTHING);
        assert_eq!(host.follow(joined(ready(3))), ["link 4: connect to 10.0.0.3"]);
    }
}

#[test]
fn that_another_one_has_left_does_not_end_our_own_drain() {
    let mut host = connected_as_ourselves();
    let _ = host.follow(joined(me("new", MemberState::Terminating)));
    assert_eq!(host.follow(left(me("old", MemberState::Terminating), Departure::Gone)), NOTHING);
    assert_eq!(host.follow(joined(ready(2))), NOTHING);
}

#[test]
fn whoever_was_told_to_drain_does_so_for_good() {
    let mut host = connected_as_ourselves();
    let _ = (host.follow(joined(me("old", MemberState::Terminating))), host.report(Report::Drain));
    let _ = (host.follow(joined(ready(2))), host.follow(left(me("old", MemberState::Terminating), Departure::Gone)));
    assert_eq!(host.follow(joined(me("new", MemberState::Ready))), NOTHING);
    assert_eq!(host.wait(60_000), NOTHING);
}

// M3
#[test]
fn who_starts_while_it_drains_asks_who_is_connected_once_it_does_not() {
    let mut host = Host::new(LinkOptions { self_name: Some(me("a", MemberState::Ready).name.clone()), ..quiet() });
    let _ = (host.follow(joined(me("old", MemberState::Terminating))), host.follow(joined(ready(1))));
    assert_eq!(host.step(Links::start), NOTHING);
    assert_eq!(host.links.deadline(), None);
    assert_eq!(host.follow(joined(me("new", MemberState::Ready))), ["link 1: list who is connected"]);
    assert_eq!(host.follow(joined(ready(2))), NOTHING, "nobody is dialled before");
    assert_eq!(host.list(1, listed(&["10.0.0.1"])), ["found connected: 10.0.0.1", "link 2: connect to 10.0.0.2"]);
}

// M2
#[test]
fn a_doubt_outlives_every_listing_that_fails() {
    let mut host = in_doubt();
    assert_eq!(host.follow(left(ready(1), Departure::Gone)), NOTHING);
    assert_eq!(list_in_vain(&mut host, 5, 2000), NOTHING);
    assert_eq!(list_in_vain(&mut host, 6, 4000), NOTHING);
    assert_eq!(host.wait(8000), ["link 7: list who is connected"]);
    let lines = host.list(7, listed(&["10.0.0.1"]));
    assert!(lines.contains(&"link 8: disconnect 10.0.0.1".into()), "the connect took effect after all: {lines:?}");
}

// M2
#[test]
fn a_link_that_drops_before_its_connect_has_ended_is_not_up() {
    let mut host = Host::open(quiet());
    let _ = host.follow(joined(ready(1)));
    assert_eq!(host.dropped("10.0.0.1"), NOTHING);
    assert_eq!(host.end(2, Ok(())), ["connected to 10.0.0.1", "dropped by itself: 10.0.0.1"]);
    assert_eq!(host.wait(1000), ["link 3: connect to 10.0.0.1"]);
    assert_eq!(host.end(3, Ok(())), ["connected to 10.0.0.1"]);
    assert_eq!(host.wait(60_000), NOTHING);
}

// M2
#[test]
fn a_listing_that_is_older_than_a_drop_does_not_find_who_dropped() {
    let mut host = Host::new(quiet());
    let _ = (host.follow(joined(unready(1))), host.step(Links::start));
    assert_eq!((host.dropped("10.0.0.1"), host.dropped("10.0.0.2")), (Vec::new(), Vec::new()));
    assert_eq!(host.list(1, listed(&["10.0.0.1", "10.0.0.2"])), NOTHING);
    assert_eq!(host.follow(joined(unready(2))), NOTHING);
    assert!(host.links.dropped.is_empty());
}

// M2
#[test]
fn a_link_that_drops_while_its_disconnect_fails_is_not_up() {
    let mut host = Host::connected(quiet());
    assert_eq!(host.follow(left(ready(1), Departure::Replaced)), ["link 3: disconnect 10.0.0.1"]);
    assert_eq!((host.dropped("10.0.0.1"), host.follow(joined(ready(1)))), (Vec::new(), Vec::new()));
    let lines =
        ["cannot disconnect 10.0.0.1: refused", "disconnected 10.0.0.1 (replaced)", "link 4: connect to 10.0.0.1"];
    assert_eq!(host.end(3, refused()), lines);
}
