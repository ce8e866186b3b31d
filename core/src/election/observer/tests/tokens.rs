//! What a term's token is known to be, and when the record may be taken over.

use super::*;

#[test]
fn who_comes_later_knows_only_bounds() {
    let host = Host::following(&held(7, "a", 3, 1));
    assert_eq!((host.token().as_str(), host.take_over()), ("<= 7", Some((15, Bound::Latest))));
}

#[test]
fn a_renewal_tells_when_it_was_and_nothing_of_the_token() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.pass(1000).see("MODIFIED", &held(9, "a", 3, 2));
    assert_eq!(
        (host.token().as_str(), host.take_over()),
        ("<= 7", Some((15, Bound::Earliest))),
        "the lowest bound stays"
    );
    assert_eq!(host.sighting().unchanged_for, None, "the change before was not seen");
    host.pass(2000).see("MODIFIED", &held(12, "a", 3, 3));
    assert_eq!(host.sighting().unchanged_for, Some(Duration::from_secs(2)));
    assert_eq!(host.told(), ["found", "live", "renewed", "renewed"]);
}

// E4.
#[test]
fn a_take_over_that_is_seen_is_the_token() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.see("MODIFIED", &held(9, "b", 4, 1));
    assert_eq!(host.token(), "= 9");
    host.see("MODIFIED", &held(11, "b", 4, 2));
    assert_eq!(host.token(), "= 9", "a renewal leaves it");
    host.see("MODIFIED", &held(13, "b", 5, 3));
    assert_eq!(host.token(), "= 13", "the holder won anew");
    assert_eq!(host.told(), ["found", "live", "taken_over", "renewed", "taken_over"]);
}

#[test]
fn a_holder_without_a_transition_did_not_win_as_we_do() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.see("MODIFIED", &held(9, "b", 3, 1));
    assert_eq!((host.token().as_str(), host.told().last()), ("<= 9", Some(&"taken_over")));
}

#[test]
fn a_take_over_that_only_a_read_brought_is_a_bound() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.watch_part(AnswerPart::End);
    while host.in_flight.is_none() {
        host.wait();
    }
    host.answer(200, &held(9, "b", 4, 1));
    assert_eq!((host.token().as_str(), host.take_over()), ("<= 9", Some((15, Bound::Latest))));
}

#[test]
fn the_first_that_a_watch_without_a_version_says_may_be_old() {
    let mut host = Host::start(ObserverOptions { follow: true, ..options() });
    host.answer(404, &json!({})).open_watch().see("ADDED", &held(9, "b", 4, 1));
    assert_eq!((host.token().as_str(), host.take_over()), ("<= 9", Some((15, Bound::Latest))));
    host.see("MODIFIED", &held(10, "c", 5, 2));
    assert_eq!((host.token().as_str(), host.take_over()), ("= 10", Some((15, Bound::Earliest))));
    assert_eq!(host.told(), ["missing", "live", "created", "taken_over"]);
}

#[test]
fn nobody_has_no_token_and_nothing_to_wait_for() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.see("MODIFIED", &free(8));
    assert_eq!((host.token().as_str(), host.take_over()), ("", None));
    let Some(Event::Changed { previous_holder, .. }) = host.events.last() else { panic!("a change") };
    assert_eq!(previous_holder.as_deref(), Some("a"));
    host.see("MODIFIED", &held(9, "b", 4, 1));
    assert_eq!(host.token(), "= 9");
    assert_eq!(host.told(), ["found", "live", "released", "taken_over"]);
}

#[test]
fn a_lease_that_is_made_again_is_another_one() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.see("DELETED", &held(8, "a", 3, 1)).see("ADDED", &lease_of("v", 9, &json!({"holderIdentity": "a"})));
    assert_eq!((host.token().as_str(), &*host.sighting().record.uid), ("<= 9", "v"));
    assert_eq!(host.sighting().unchanged_for, None);
    host.see("MODIFIED", &lease_of("w", 12, &json!({"holderIdentity": "a"})));
    assert_eq!(host.told(), ["found", "live", "deleted", "created", "replaced"]);
}

#[test]
fn after_a_history_that_went_back_no_version_bounds_a_token() {
    let mut host = Host::following(&held(90, "a", 3, 1));
    host.wait();
    host.answer(200, &held(7, "a", 3, 1));
    assert_eq!((host.token().as_str(), host.told()), ("", ["found", "live", "rewound"].into()));
    host.see("MODIFIED", &held(8, "a", 3, 2));
    assert_eq!(host.token(), "");
    host.see("MODIFIED", &held(9, "b", 4, 2));
    assert_eq!(host.token(), "= 9");
}

#[test]
fn an_edit_of_a_label_is_no_change_and_prolongs_nothing() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.pass(3000).see("MODIFIED", &held(8, "a", 3, 1));
    assert_eq!(host.told(), ["found", "live"]);
    let mut waited = 3000;
    while host.events.is_empty() {
        waited += host.wait();
        if host.in_flight.is_some() {
            host.answer(200, &held(8, "a", 3, 1));
        }
    }
    assert_eq!((waited, host.told()), (15_000, ["expired"].into()));
}

#[test]
fn what_stands_for_its_duration_is_told_once_as_expired() {
    let mut host = Host::following(&held(7, "a", 3, 1));
    host.see("MODIFIED", &held(8, "a", 3, 2));
    while host.events.len() < 4 {
        host.wait();
        if host.in_flight.is_some() {
            host.answer(200, &held(8, "a", 3, 2));
        }
    }
    assert_eq!(host.sighting().unchanged_for, Some(Duration::from_secs(15)));
    assert_eq!(host.take_over(), Some((0, Bound::Earliest)));
    assert_eq!(host.told(), ["found", "live", "renewed", "expired"]);
    for _ in 0..9 {
        host.wait();
        host.answer(200, &held(8, "a", 3, 2));
    }
    assert!(host.told().is_empty());
    host.see("MODIFIED", &held(9, "a", 3, 3));
    assert_eq!(host.sighting().take_over.unwrap().left, Duration::from_secs(15));
}
