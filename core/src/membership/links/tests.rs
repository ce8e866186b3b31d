use alloc::format;
use alloc::string::ToString;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use super::*;
use crate::api::ObjectReference;
use crate::membership::change::Departure;
use crate::membership::object::PodReference;
use crate::name::{Facts, Naming};

mod lasting;
mod properties;
mod world;

/// The member at 10.0.0.`host`, whose pod has this UID.
fn member(host: u8, uid: &str, state: MemberState, admitted: bool) -> Arc<Member> {
    let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, host));
    let facts = Facts { address, namespace: "lab", hostname: None, service: None };
    let name = Naming::default().name(&facts).unwrap();
    let pod = Some(PodReference { name: format!("web-{host}").into(), uid: uid.into() });
    let source = ObjectReference { kind: "EndpointSlice".into(), namespace: "lab".into(), name: "web".into() };
    Arc::new(Member { name, address, namespace: "lab".into(), hostname: None, pod, state, admitted, source })
}

fn ready(host: u8) -> Arc<Member> {
    member(host, "a", MemberState::Ready, true)
}

fn unready(host: u8) -> Arc<Member> {
    member(host, "a", MemberState::NotReady, false)
}

fn terminating(host: u8) -> Arc<Member> {
    member(host, "a", MemberState::Terminating, false)
}

fn joined(member: Arc<Member>) -> Change {
    Change::Joined(member)
}

fn changed(after: Arc<Member>) -> Change {
    Change::Changed { before: after.clone(), after }
}

fn left(member: Arc<Member>, why: Departure) -> Change {
    Change::Left { member, why }
}

fn refused() -> Result<(), LinkFailure> {
    Err(LinkFailure::new("refused"))
}

fn listed(names: &[&str]) -> Result<Option<BTreeSet<String>>, LinkFailure> {
    Ok(Some(names.iter().map(ToString::to_string).collect()))
}

/// Links with a clock; what a step brings comes back as lines.
struct Host {
    links: Links,
    now: Instant,
}

impl Host {
    /// Not started.
    fn new(options: LinkOptions) -> Self {
        Self { links: Links::new(options.build().unwrap()), now: Instant::ORIGIN }
    }

    /// Started, and told that nobody is connected.
    fn open(options: LinkOptions) -> Self {
        let mut host = Self::new(options);
        assert_eq!(host.step(Links::start), ["link 1: list who is connected"]);
        assert_eq!(host.list(1, listed(&[])), [""; 0]);
        host
    }

    /// With a link to 10.0.0.1.
    fn connected(options: LinkOptions) -> Self {
        let mut host = Self::open(options);
        assert_eq!(host.follow(joined(ready(1))), ["link 2: connect to 10.0.0.1"]);
        assert_eq!(host.end(2, Ok(())), ["connected to 10.0.0.1"]);
        host
    }

    fn step(&mut self, step: impl FnOnce(&mut Links, Instant, &mut Effects)) -> Vec<String> {
        let mut out = Effects::default();
        step(&mut self.links, self.now, &mut out);
        let events = out.events.iter().map(ToString::to_string);
        events.chain(out.orders.iter().map(ToString::to_string)).collect()
    }

    fn follow(&mut self, change: Change) -> Vec<String> {
        self.step(|links, now, out| links.follow(now, &change, out))
    }

    fn report(&mut self, report: Report) -> Vec<String> {
        self.step(|links, now, out| links.report(now, &report, out))
    }

    fn end(&mut self, id: u64, outcome: Result<(), LinkFailure>) -> Vec<String> {
        self.report(Report::Ended { id: nth(id), outcome })
    }

    fn list(&mut self, id: u64, names: Result<Option<BTreeSet<String>>, LinkFailure>) -> Vec<String> {
        self.report(Report::Listed { id: nth(id), names })
    }

    fn dropped(&mut self, name: &str) -> Vec<String> {
        self.report(Report::Dropped { name: name.into() })
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now.saturating_add(Duration::from_millis(millis));
    }

    /// Lets time pass; whatever falls due meanwhile is served at its time.
    fn wait(&mut self, millis: u64) -> Vec<String> {
        let end = self.now.saturating_add(Duration::from_millis(millis));
        let mut lines = Vec::new();
        while let Some(deadline) = self.links.deadline().filter(|deadline| deadline.at <= end) {
            assert!(deadline.at >= self.now, "late: {deadline:?}");
            self.now = deadline.at;
            lines.extend(self.step(Links::timeout));
            assert!(self.links.deadline().is_none_or(|next| next.at > self.now), "it spins");
        }
        self.now = end;
        lines
    }
}

/// The id of that number.
fn nth(number: u64) -> LinkId {
    (0..number).fold(LinkId::default(), |id, _| id.next())
}

/// Without listings in the way.
fn quiet() -> LinkOptions {
    LinkOptions { list_interval: Duration::from_secs(1000), ..LinkOptions::default() }
}

const NOTHING: [&str; 0] = [];

#[test]
fn who_is_connected_is_asked_before_anybody_is_dialled() {
    let mut host = Host::new(quiet());
    assert_eq!(host.follow(joined(ready(1))), NOTHING);
    assert_eq!(host.step(Links::start), ["link 1: list who is connected"]);
    assert_eq!(host.follow(joined(ready(2))), NOTHING);
    assert_eq!(host.follow(joined(unready(3))), NOTHING);
    let names = listed(&["10.0.0.1", "10.0.0.3", "someone@else"]);
    let lines = ["found connected: 10.0.0.1", "found connected: 10.0.0.3", "link 2: connect to 10.0.0.2"];
    assert_eq!(host.list(1, names), lines);
    assert_eq!(host.step(Links::start), NOTHING, "a second start changes nothing");
}

#[test]
fn a_first_listing_that_fails_leaves_bookkeeping_and_is_asked_again() {
    let mut host = Host::new(quiet());
    let _ = (host.follow(joined(ready(1))), host.step(Links::start));
    let lines = host.list(1, Err(LinkFailure::new("no\tidea")));
    assert!(lines[0].starts_with("cannot find out who is connected, trying again in "), "{lines:?}");
    assert_eq!(lines[1..], ["link 2: connect to 10.0.0.1"]);
    assert_eq!(host.wait(1000), ["link 3: list who is connected"]);
    assert_eq!(host.list(3, listed(&["10.0.0.1"])), NOTHING, "the attempt in flight tells more");
}

#[test]
fn a_first_listing_that_falls_silent_is_abandoned() {
    let mut host = Host::new(quiet());
    let _ = (host.follow(joined(ready(1))), host.step(Links::start));
    let lines = host.wait(10_000);
    assert_eq!(lines[1..], ["link 1: abandon", "link 2: connect to 10.0.0.1"]);
    assert_eq!(host.list(1, listed(&["10.0.0.1"])), NOTHING, "no report on it is wanted");
}

// M3
#[test]
fn who_was_connected_before_it_joined_is_not_dialled() {
    let mut host = Host::new(quiet());
    let _ = host.step(Links::start);
    assert_eq!(host.list(1, listed(&["10.0.0.1", "10.0.0.2"])), NOTHING);
    assert_eq!(host.follow(joined(ready(1))), ["found connected: 10.0.0.1"]);
    assert_eq!(host.dropped("10.0.0.2"), NOTHING);
    assert_eq!(host.follow(joined(ready(2))), ["link 2: connect to 10.0.0.2"]);
}

#[test]
fn we_ourselves_are_never_dialled_nor_disconnected() {
    let me = ready(1);
    let mut host = Host::new(LinkOptions { self_name: Some(me.name.clone()), ..quiet() });
    let _ = host.step(Links::start);
    assert_eq!(host.list(1, listed(&["10.0.0.1"])), NOTHING);
    assert_eq!(host.follow(joined(me.clone())), NOTHING);
    assert_eq!(host.follow(left(me, Departure::Gone)), NOTHING);
    assert_eq!(host.links.deadline(), None);
}

// M2
#[test]
fn a_failed_connect_is_tried_again_ever_later_until_it_succeeds() {
    let mut host = Host::open(quiet());
    let _ = host.follow(joined(ready(1)));
    for (id, longest) in [(2, 1000), (3, 2000), (4, 4000), (5, 8000)] {
        assert!(host.end(id, refused())[0].starts_with("cannot connect to 10.0.0.1, trying again in "));
        assert_eq!(host.links.deadline().unwrap().cause, Cause::Reconnect);
        assert_eq!(host.wait(longest / 2 - 1), NOTHING);
        assert_eq!(host.wait(longest / 2 + 1), [format!("link {}: connect to 10.0.0.1", id + 1)]);
    }
    assert_eq!(host.end(6, Ok(())), ["connected to 10.0.0.1"]);
    host.pass(1000);
    assert_eq!(host.dropped("10.0.0.1"), ["dropped by itself: 10.0.0.1", "link 7: connect to 10.0.0.1"]);
    let lines = host.end(7, refused());
    assert!(lines[0].contains("again in 0.") || lines[0].contains("again in 1.0"), "it began again: {lines:?}");
}

#[test]
fn a_peer_that_drops_us_at_once_is_dialled_after_a_pause() {
    let mut host = Host::connected(quiet());
    assert_eq!(host.dropped("10.0.0.1"), ["dropped by itself: 10.0.0.1"]);
    assert_eq!(host.wait(1000), ["link 3: connect to 10.0.0.1"]);
}

// M3
#[test]
fn an_abandoned_connect_is_settled_by_a_listing_before_the_next() {
    let mut host = Host::open(quiet());
    let _ = host.follow(joined(ready(1)));
    assert_eq!(host.links.deadline().unwrap().cause, Cause::LinkTimeout);
    let lines = host.wait(10_000);
    assert!(lines[0].ends_with("no answer within 10.0 s"), "{lines:?}");
    assert_eq!(lines[1..], ["link 2: abandon", "link 3: list who is connected"]);
    assert_eq!(host.end(2, Ok(())), NOTHING, "no report on it is wanted");
    assert_eq!(host.wait(5000), NOTHING);
    let mut other = Host { links: host.links.clone(), now: host.now };
    assert_eq!(host.list(3, listed(&["10.0.0.1"])), ["found connected: 10.0.0.1"]);
    assert_eq!(other.list(3, listed(&[])), ["link 4: connect to 10.0.0.1"]);
}

#[test]
fn an_abandoned_connect_that_did_nothing_costs_a_pause_but_not_to_a_successor() {
    let mut host = Host::open(quiet());
    let _ = host.follow(joined(ready(1)));
    let _ = host.wait(10_000);
    let mut other = Host { links: host.links.clone(), now: host.now };
    assert_eq!(host.list(3, listed(&[])), NOTHING);
    assert_eq!(host.wait(2000), ["link 4: connect to 10.0.0.1"]);
    let _ = other.follow(left(ready(1), Departure::Replaced));
    assert_eq!(other.follow(joined(member(1, "b", MemberState::Ready, true))), NOTHING);
    assert_eq!(other.list(3, listed(&[])), ["link 4: connect to 10.0.0.1"]);
}

#[test]
fn an_abandoned_disconnect_is_settled_by_a_listing_before_the_next() {
    let mut host = Host::connected(quiet());
    let _ = host.follow(left(ready(1), Departure::Gone));
    assert_eq!(host.wait(2000), ["link 3: disconnect 10.0.0.1"]);
    assert_eq!(host.wait(10_000)[1..], ["link 3: abandon", "link 4: list who is connected"]);
    let mut other = Host { links: host.links.clone(), now: host.now };
    assert_eq!(host.list(4, listed(&[])), ["disconnected 10.0.0.1 (gone)"]);
    assert!(host.links.links.is_empty(), "{:?}", host.links);
    assert_eq!(other.list(4, listed(&["10.0.0.1"])), NOTHING);
    assert_eq!(other.wait(1000), ["link 5: disconnect 10.0.0.1"]);
}

#[test]
fn a_connector_that_cannot_tell_is_not_asked_again() {
    let mut host = Host::new(LinkOptions::default());
    let _ = (host.follow(joined(ready(1))), host.step(Links::start));
    assert_eq!(host.list(1, Ok(None)), ["link 2: connect to 10.0.0.1"]);
    assert_eq!(host.wait(10_000)[1..], ["link 2: abandon"]);
    assert_eq!(host.wait(1000), ["link 3: connect to 10.0.0.1"]);
    assert_eq!(host.end(3, Ok(())), ["connected to 10.0.0.1"]);
    assert_eq!(host.wait(100_000), NOTHING);
}

// M3
#[test]
fn readiness_that_flaps_disconnects_nobody_but_stops_the_dialling() {
    let mut host = Host::connected(quiet());
    assert_eq!(host.follow(changed(unready(1))), NOTHING);
    assert_eq!(host.wait(60_000), NOTHING);
    assert_eq!(host.dropped("10.0.0.1"), ["dropped by itself: 10.0.0.1"]);
    assert_eq!(host.wait(60_000), NOTHING);
    assert_eq!(host.follow(changed(ready(1))), ["link 3: connect to 10.0.0.1"]);
    assert_eq!(host.follow(changed(unready(1))), NOTHING);
    assert_eq!(host.end(3, Ok(())), ["connected to 10.0.0.1"]);
    assert_eq!(host.wait(60_000), NOTHING);
}

#[test]
fn by_libclusters_rule_unready_means_disconnected() {
    let mut host = Host::connected(LinkOptions { keep: Keep::Ready, ..quiet() });
    assert_eq!(host.follow(changed(unready(1))), NOTHING);
    assert_eq!(host.links.deadline().unwrap().cause, Cause::Disconnect);
    assert_eq!(host.wait(2000), ["link 3: disconnect 10.0.0.1"]);
    assert_eq!(host.end(3, Ok(())), ["disconnected 10.0.0.1 (not ready)"]);
    assert_eq!(host.follow(changed(ready(1))), ["link 4: connect to 10.0.0.1"]);
}

#[test]
fn who_left_is_disconnected_after_a_while_and_forgotten() {
    let mut host = Host::connected(quiet());
    assert_eq!(host.follow(left(ready(1), Departure::Gone)), NOTHING);
    assert_eq!(host.wait(1999), NOTHING);
    assert_eq!(host.wait(1), ["link 3: disconnect 10.0.0.1"]);
    assert_eq!(host.end(3, Ok(())), ["disconnected 10.0.0.1 (gone)"]);
    assert!(host.links.links.is_empty());
}

#[test]
fn who_comes_back_in_time_stays_connected() {
    let mut host = Host::connected(quiet());
    let _ = host.follow(left(ready(1), Departure::Gone));
    assert_eq!(host.wait(1999), NOTHING);
    assert_eq!(host.follow(joined(unready(1))), NOTHING);
    assert_eq!(host.wait(60_000), NOTHING);
}

#[test]
fn who_comes_back_while_being_disconnected_is_connected_again() {
    let mut host = Host::connected(quiet());
    let _ = (host.follow(left(ready(1), Departure::Gone)), host.wait(2000));
    assert_eq!(host.follow(joined(ready(1))), NOTHING);
    assert_eq!(host.end(3, Ok(())), ["disconnected 10.0.0.1 (gone)", "link 4: connect to 10.0.0.1"]);
}

#[test]
fn a_failed_disconnect_is_tried_again_unless_the_peer_comes_back() {
    let mut host = Host::connected(quiet());
    let _ = (host.follow(left(ready(1), Departure::Gone)), host.wait(2000));
    assert!(host.end(3, refused())[0].starts_with("cannot disconnect 10.0.0.1, trying again in "));
    assert_eq!(host.wait(1000), ["link 4: disconnect 10.0.0.1"]);
    assert!(host.end(4, refused())[0].contains("trying again"));
    let _ = host.follow(joined(ready(1)));
    assert_eq!(host.wait(60_000), NOTHING);
}

#[test]
fn a_connect_in_flight_to_who_left_is_undone_once_it_succeeds() {
    let mut host = Host::open(quiet());
    let _ = (host.follow(joined(ready(1))), host.follow(left(ready(1), Departure::Gone)));
    assert_eq!(host.wait(3000), NOTHING);
    assert_eq!(host.end(2, Ok(())), ["connected to 10.0.0.1", "link 3: disconnect 10.0.0.1"]);
    let mut host = Host::open(quiet());
    let _ = (host.follow(joined(ready(1))), host.follow(left(ready(1), Departure::Gone)));
    assert_eq!(host.end(2, refused()), ["cannot connect to 10.0.0.1: refused"]);
    assert!(host.links.links.is_empty());
}

// M3
#[test]
fn a_name_that_passes_to_another_is_one_disconnect_and_then_one_connect() {
    for (why, pause) in [(Departure::Replaced, 0), (Departure::Gone, 1000)] {
        let mut host = Host::connected(quiet());
        let mut lines = host.follow(left(ready(1), why));
        lines.extend(host.wait(pause));
        lines.extend(host.follow(joined(member(1, "b", MemberState::Ready, true))));
        assert_eq!(lines, ["link 3: disconnect 10.0.0.1"], "{why}");
        assert_eq!(host.end(3, Ok(())), ["disconnected 10.0.0.1 (replaced)", "link 4: connect to 10.0.0.1"]);
        assert_eq!(host.end(4, Ok(())), ["connected to 10.0.0.1"]);
        assert_eq!(host.wait(60_000), NOTHING);
    }
}

#[test]
fn who_answers_to_a_name_that_has_passed_on_has_the_link() {
    let answers = || Err(LinkFailure::still_answers("it answers"));
    let mut host = Host::connected(quiet());
    assert_eq!(host.follow(left(ready(1), Departure::Replaced)), ["link 3: disconnect 10.0.0.1"]);
    assert_eq!(host.follow(joined(member(1, "b", MemberState::Ready, true))), NOTHING);
    let mut other = Host { links: host.links.clone(), now: host.now };
    assert_eq!(host.end(3, answers()), ["cannot disconnect 10.0.0.1: it answers", "found connected: 10.0.0.1"]);
    // The predecessor's link went down first: the newest word is that there is one.
    assert_eq!(other.dropped("10.0.0.1"), NOTHING);
    assert_eq!(other.end(3, answers()), ["cannot disconnect 10.0.0.1: it answers", "found connected: 10.0.0.1"]);
    // M3: it is the successor's, who is kept; and it ends as any link does.
    assert_eq!(host.wait(100_000), NOTHING);
    let _ = host.follow(left(member(1, "b", MemberState::Ready, true), Departure::Gone));
    assert_eq!(host.wait(2000), ["link 4: disconnect 10.0.0.1"]);
    // Nobody else has the name: it is still the one who left, and is to go as soon as it does not answer.
    assert_eq!(host.end(4, answers()).len(), 1);
    assert_eq!(host.wait(2000), ["link 5: disconnect 10.0.0.1"]);
}

#[test]
fn a_terminating_member_is_kept_for_as_long_as_it_is_told() {
    let mut host = Host::connected(quiet());
    let _ = host.follow(changed(terminating(1)));
    assert_eq!(host.wait(60_000), NOTHING);
    let mut host = Host::connected(LinkOptions { terminating_after: Some(Duration::from_secs(5)), ..quiet() });
    let _ = (host.follow(changed(terminating(1))), host.wait(4000), host.follow(changed(terminating(1))));
    assert_eq!(host.wait(2999), NOTHING);
    assert_eq!(host.wait(1), ["link 3: disconnect 10.0.0.1"]);
    assert_eq!(host.end(3, Ok(())), ["disconnected 10.0.0.1 (terminating for too long)"]);
    let admitted = member(1, "a", MemberState::Terminating, true);
    assert_eq!(host.follow(changed(admitted)), NOTHING, "we would disconnect it again");
}

#[test]
fn where_nobody_is_disconnected_links_are_forgotten_once_they_are_down() {
    let never = LinkOptions { disconnect_after: None, ..LinkOptions::default() };
    let mut host = Host::connected(never.clone());
    let _ = host.follow(left(ready(1), Departure::Replaced));
    assert_eq!(host.follow(joined(member(1, "b", MemberState::Ready, true))), NOTHING);
    assert_eq!(host.wait(10_000), ["link 3: list who is connected"]);
    assert_eq!(host.list(3, listed(&[])), ["dropped by itself: 10.0.0.1", "link 4: connect to 10.0.0.1"]);
    let mut host = Host::connected(never);
    let _ = host.follow(left(ready(1), Departure::Gone));
    assert_eq!(host.dropped("10.0.0.1"), ["dropped by itself: 10.0.0.1"]);
    assert!(host.links.links.is_empty());
}

#[test]
fn a_listing_judges_only_links_that_stood_still() {
    let mut host = Host::connected(LinkOptions::default());
    assert_eq!(host.wait(10_000), ["link 3: list who is connected"]);
    assert_eq!(host.follow(joined(ready(2))), ["link 4: connect to 10.0.0.2"]);
    assert_eq!(host.end(4, Ok(())), ["connected to 10.0.0.2"]);
    assert_eq!(host.list(3, listed(&[])), ["dropped by itself: 10.0.0.1", "link 5: connect to 10.0.0.1"]);
}

#[test]
fn a_listing_that_is_older_than_a_disconnect_does_not_bring_the_peer_back() {
    let mut host = Host::connected(LinkOptions::default());
    let _ = (host.wait(9000), host.follow(left(ready(1), Departure::Gone)));
    assert_eq!(host.wait(2000), ["link 3: list who is connected", "link 4: disconnect 10.0.0.1"]);
    let _ = host.end(4, Ok(()));
    assert_eq!(host.list(3, listed(&["10.0.0.1"])), NOTHING);
    assert!(host.links.links.is_empty() && host.links.strangers.is_empty());
}

#[test]
fn a_later_listing_that_fails_changes_nothing() {
    let mut host = Host::connected(LinkOptions::default());
    let _ = host.wait(10_000);
    let lines = host.list(3, Err(LinkFailure::new("busy")));
    assert!(lines.len() == 1 && lines[0].starts_with("cannot find out"), "{lines:?}");
    assert_eq!(host.wait(1000), ["link 4: list who is connected"]);
}

#[test]
fn attempts_keep_their_limit_first_come_first_served_disconnects_first() {
    let mut host = Host::open(LinkOptions { parallel: 1, ..quiet() });
    assert_eq!(host.follow(joined(ready(3))), ["link 2: connect to 10.0.0.3"]);
    host.pass(1);
    assert_eq!(host.follow(joined(ready(2))), NOTHING);
    host.pass(1);
    assert_eq!(host.follow(joined(ready(1))), NOTHING);
    assert_eq!(host.end(2, Ok(())), ["connected to 10.0.0.3", "link 3: connect to 10.0.0.2"]);
    let _ = host.follow(left(ready(3), Departure::Replaced));
    assert_eq!(host.end(3, Ok(())), ["connected to 10.0.0.2", "link 4: disconnect 10.0.0.3"]);
    assert_eq!(host.end(4, Ok(())), ["disconnected 10.0.0.3 (replaced)", "link 5: connect to 10.0.0.1"]);
}

#[test]
fn whoever_drains_neither_dials_nor_disconnects() {
    let me = terminating(9);
    for by_report in [true, false] {
        let mut host = Host::connected(LinkOptions { self_name: Some(me.name.clone()), ..LinkOptions::default() });
        let _ = (host.follow(joined(ready(2))), host.end(3, refused()));
        let _ = (host.follow(joined(ready(3))), host.follow(left(ready(1), Departure::Gone)));
        let lines = if by_report { host.report(Report::Drain) } else { host.follow(changed(me.clone())) };
        assert_eq!(lines, NOTHING);
        assert_eq!(host.follow(joined(ready(4))), NOTHING);
        assert_eq!(host.end(4, Ok(())), ["connected to 10.0.0.3"]);
        assert_eq!(host.follow(left(ready(3), Departure::Replaced)), NOTHING);
        assert_eq!(host.wait(60_000), NOTHING);
        let left_up = if by_report { 0 } else { 2 };
        assert_eq!(host.links.links.len(), 2 + left_up, "links are forgotten that nothing will ever follow");
    }
}

#[test]
fn it_says_where_the_links_stand() {
    let mut host = Host::connected(quiet());
    let _ = host.follow(joined(ready(2)));
    assert_eq!(
        host.links.explain(host.now),
        "1 of 2 wanted peers connected, 1 attempts in flight, 0 queued, 0 unknown; link timeout in 10.0 s"
    );
}
