//! What people and other programs do to the Lease.

use std::thread::sleep;
use std::time::{Duration, Instant};

use quorate_tests::trouble::Trouble;
use serde_json::{Value, json};

use crate::arena::{Arena, Pace, SLACK, Temper};

// E6, and what a conflict means.
pub(crate) fn edits_of_what_is_not_ours_cost_no_term_and_are_kept() -> Result<(), Trouble> {
    let arena = Arena::new("edits", Pace::Short)?;
    let both = [arena.candidate("a", Temper::Obedient)?, arena.candidate("b", Temper::Obedient)?];
    let leader = arena.leader(Duration::from_secs(2), &both)?;
    let end = Instant::now() + Duration::from_secs(5);
    let mut count = 0;
    while Instant::now() < end {
        count += 1;
        let meta = json!({"labels": {"edited": count.to_string()}, "annotations": {"edited": count.to_string()}});
        arena.patch(&json!({"metadata": meta, "spec": {"leaseTransitions": 40}}))?;
        sleep(Duration::from_millis(40));
    }
    arena.check_unchanged(leader);
    sleep(Duration::from_secs(1));
    let lease = arena.lease()?;
    assert_eq!(
        (&lease["metadata"]["labels"]["edited"], &lease["metadata"]["annotations"]["edited"]),
        (&json!(count.to_string()), &json!(count.to_string()))
    );
    assert_eq!(lease["spec"]["leaseTransitions"], json!(40));
    arena.finish()
}

// E5: a label is no sign of life.
pub(crate) fn edited_labels_do_not_prolong_a_dead_leaders_lease() -> Result<(), Trouble> {
    let arena = Arena::new("labels", Pace::Short)?;
    let (a, b) = (arena.candidate("a", Temper::Obedient)?, arena.candidate("b", Temper::Obedient)?);
    arena.await_leading(Duration::from_secs(5), &a).or_else(|_| arena.await_leading(Duration::from_secs(1), &b))?;
    let (leader, other) = if a.guard.is_leading() { (a, b) } else { (b, a) };
    sleep(Duration::from_secs(1));
    arena.crash(leader);
    let crashed_at = Instant::now();
    let limit = arena.config().worst_failover() + SLACK;
    while !other.guard.is_leading() {
        assert!(crashed_at.elapsed() < limit, "{}", other.elector.explain());
        arena.patch(&json!({"metadata": {"labels": {"edited": crashed_at.elapsed().as_millis().to_string()}}}))?;
        sleep(Duration::from_millis(100));
    }
    arena.finish()
}

// Design §4: a leader whose Lease vanishes may create it again, and nobody else leads meanwhile.
pub(crate) fn a_lease_that_is_deleted_while_it_is_held_costs_no_overlap() -> Result<(), Trouble> {
    let arena = Arena::new("deleted", Pace::Short)?;
    let both = [arena.candidate("a", Temper::Stubborn)?, arena.candidate("b", Temper::Stubborn)?];
    arena.leader(Duration::from_secs(2), &both)?;
    for pause in [700, 30, 1100] {
        sleep(Duration::from_millis(pause));
        arena.delete_lease()?;
    }
    sleep(Duration::from_secs(1));
    // Whoever of them made it again; a creation waits its duration.
    arena.leader(arena.config().worst_failover() * 2, &both)?;
    sleep(Duration::from_secs(3));
    arena.leader(Duration::from_secs(4), &both)?;
    assert!(arena.lease()?["spec"]["holderIdentity"].is_string());
    arena.finish()
}

// Evidence of another holder: the hard deadline is now.
pub(crate) fn whoever_sees_another_in_its_record_stops_at_once_and_waits_for_it() -> Result<(), Trouble> {
    let arena = Arena::new("rival", Pace::Short)?;
    let both = [arena.candidate("a", Temper::Stubborn)?, arena.candidate("b", Temper::Stubborn)?];
    let leader = arena.leader(Duration::from_secs(2), &both)?;
    sleep(Duration::from_secs(1));
    arena.patch(&json!({"spec": {"holderIdentity": "somebody"}}))?;
    let taken_at = Instant::now();
    // It is gone before it could be told.
    assert!(arena.await_end(leader, SLACK)?.told.is_none());
    assert!(both.iter().all(|it| it.elector.holder().as_deref() == Some("somebody")));
    arena.leader(arena.config().worst_failover() + SLACK, &both)?;
    assert!(taken_at.elapsed() + SLACK >= arena.config().options().lease_duration, "E3: {:?}", taken_at.elapsed());
    arena.finish()
}

// E7: everything that the API server lets anybody write.
pub(crate) fn malformed_leases_block_nobody_for_ever_and_are_taken_by_their_changes_only() -> Result<(), Trouble> {
    let held = |fields: Value| {
        let mut spec = json!({
            "holderIdentity": "somebody", "leaseDurationSeconds": null, "leaseTransitions": null, "acquireTime": null,
            "renewTime": null,
        });
        for (field, value) in fields.as_object().into_iter().flatten() {
            spec[field] = value.clone();
        }
        json!({"spec": spec})
    };
    let cases = [
        ("nothing-else", held(json!({}))),
        ("expired", held(json!({"renewTime": "1970-01-01T00:00:00.000000Z", "leaseDurationSeconds": 1}))),
        ("future", held(json!({"renewTime": "2999-01-01T00:00:00.000000Z", "leaseTransitions": 2_147_483_647}))),
        ("odd-name", held(json!({"holderIdentity": "\u{43e}\u{43f}\u{435}\u{440} \"1\"\n"}))),
    ];
    let arena = Arena::new("malformed", Pace::Short)?;
    let only = arena.candidate("a", Temper::Obedient)?;
    arena.await_leading(Duration::from_secs(2), &only)?;
    for (name, patch) in cases {
        assert_eq!(arena.patch(&patch)?, 200, "{name}");
        let written_at = Instant::now();
        arena.await_end(&only, SLACK)?;
        arena.await_leading(arena.config().worst_failover() + SLACK, &only)?;
        assert!(
            written_at.elapsed() + SLACK >= arena.config().options().lease_duration,
            "{name}: {:?}",
            written_at.elapsed()
        );
    }
    // Null and empty are free, and nothing else; what breaks into a term is waited for nevertheless by whoever lost it.
    for free in [Value::Null, json!("")] {
        arena.patch(&json!({"spec": {"holderIdentity": free}}))?;
        arena.await_end(&only, SLACK)?;
        arena.await_leading(arena.config().worst_failover() + SLACK, &only)?;
    }
    // 68 years are believed for an hour: longer than this test.
    arena.patch(&held(json!({"leaseDurationSeconds": i32::MAX})))?;
    arena.await_end(&only, SLACK)?;
    sleep(arena.config().worst_failover());
    let explained = only.elector.explain();
    assert!(!only.guard.is_leading() && explained.contains("which is open in 35"), "{explained}");
    arena.finish()
}
