//! Model checks of the election machine itself: every state that a few candidates can reach, within a few faults.
//!
//! The candidates are [`Election`](quorate_core::election::Election)s as they are shipped, the server is the fake API, which
//! a contract suite holds against a real one. Each model is named after what befalls its candidates; how often, its
//! [`Faults`] say. Each has two sizes: `QUORATE_MODEL` is `quick`, which is what there is time for after every change,
//! and `usual`, the default with full optimization (`--profile model`). The counts of states are printed, and a counterexample as
//! what happened, step by step.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and says how much it saw"
)]

#[path = "model_election/check.rs"]
mod check;
#[path = "model_election/faults.rs"]
mod faults;
#[path = "model_election/happenings.rs"]
mod happenings;
#[path = "model_election/names.rs"]
mod names;
#[path = "model_election/promises.rs"]
mod promises;
#[path = "model_election/properties.rs"]
mod properties;
#[path = "model_election/rival.rs"]
mod rival;
#[path = "model_election/server.rs"]
mod server;
#[path = "model_election/state.rs"]
mod state;
#[path = "model_election/step.rs"]
mod step;
#[path = "model_election/world.rs"]
mod world;

use std::time::Duration;

use quorate_core::election::Create;
use quorate_tests::model::refute;

use check::{Sizes, check};
use faults::Faults;
use server::Mischief;
use world::World;

/// What somebody writes as the duration, in seconds: longer than ours, within the cap.
const LONG_DURATION: u8 = 5;

/// Three candidates, whose clocks run alike.
fn three(faults: Faults) -> World {
    World { rates: vec![1000; 3], late: 1, ..World::new(faults) }
}

/// Usually with one delay, quickly without.
fn with_delays(faults: Faults) -> Sizes {
    let of = |delays| World { late: 1, ..World::new(Faults { delays, ..faults }) };
    Sizes { quick: of(0), usual: of(1) }
}

#[test]
fn when_nothing_is_slow_another_leads_in_time() {
    let faults = Faults { crashes: 1, step_downs: 1, labels: 1, ..Faults::default() };
    let of = |faults| World { late: 1, ..World::new(faults) };
    let quick = of(Faults { step_downs: 0, ..faults });
    check("what is prompt", Sizes { quick, usual: of(faults) });
}

#[test]
fn when_nothing_is_slow_one_of_three_leads_in_time() {
    let crash = Faults { crashes: 1, ..Faults::default() };
    let quick = three(Faults::default());
    check("three, prompt", Sizes { quick, usual: three(crash) });
}

#[test]
fn one_leads_whatever_is_slow_and_whatever_is_written_late() {
    let of = |delays| World::new(Faults { delays, ..Faults::default() });
    check("delays", Sizes { quick: World { late: 1, ..of(1) }, usual: of(2) });
}

#[test]
fn one_of_three_leads_whatever_is_slow() {
    let of = |delays, stale_reads| three(Faults { delays, stale_reads, ..Faults::default() });
    check("three, slow", Sizes { quick: of(0, 1), usual: of(1, 0) });
}

#[test]
fn one_leads_whatever_is_lost() {
    let of = |delays, losses| World::new(Faults { delays, losses, ..Faults::default() });
    check("losses", Sizes { quick: of(0, 1), usual: of(1, 1) });
}

#[test]
fn one_leads_whatever_fails() {
    let of = |delays, failures| World::new(Faults { delays, failures, ..Faults::default() });
    check("failures", Sizes { quick: of(0, 1), usual: of(1, 1) });
}

#[test]
fn one_leads_whatever_reads_are_stale() {
    let of = |delays, stale_reads| World::new(Faults { delays, stale_reads, ..Faults::default() });
    check("stale reads", Sizes { quick: of(0, 1), usual: of(1, 1) });
}

#[test]
fn one_leads_whoever_stands_still() {
    check("pauses", with_delays(Faults { pauses: 1, ..Faults::default() }));
}

#[test]
fn one_leads_whoever_is_cut_off() {
    check("cut-offs", with_delays(Faults { cut_offs: 1, ..Faults::default() }));
}

#[test]
fn one_leads_whoever_crashes() {
    check("crashes", with_delays(Faults { crashes: 1, ..Faults::default() }));
}

#[test]
fn one_leads_whoever_steps_down() {
    check("step-downs", with_delays(Faults { step_downs: 1, ..Faults::default() }));
}

#[test]
fn one_leads_whoever_shuts_down() {
    check("shutdowns", with_delays(Faults { shutdowns: 1, ..Faults::default() }));
}

#[test]
fn one_leads_whosever_work_ends_by_itself() {
    check("ended work", with_delays(Faults { work_ends: 1, ..Faults::default() }));
}

#[test]
fn one_leads_though_labels_are_edited() {
    check("labels", with_delays(Faults { labels: 1, ..Faults::default() }));
}

#[test]
fn one_leads_though_the_lease_is_deleted() {
    check("deletions", with_delays(Faults { deletions: 1, ..Faults::default() }));
}

#[test]
fn one_leads_where_there_is_no_lease_at_first() {
    let of = |delays| World { has_lease: false, ..World::new(Faults { delays, ..Faults::default() }) };
    check("creation", Sizes { quick: of(0), usual: of(1) });
}

#[test]
fn one_of_three_leads_where_there_is_no_lease_at_first() {
    let of = |deletions| World { has_lease: false, ..three(Faults { deletions, ..Faults::default() }) };
    check("three, creation", Sizes { quick: of(0), usual: of(1) });
}

#[test]
fn one_leads_whatever_somebody_writes_and_is_not_kept_waiting() {
    let of = |mischief| World { late: 1, ..World::new(Faults { mischief, ..Faults::default() }) };
    check("mischief", Sizes { quick: of(1), usual: of(2) });
}

#[test]
fn one_leads_however_long_a_record_lasts() {
    let of = |crashes| World {
        late: 1,
        mischief: &[Mischief::LongDuration],
        ..World::new(Faults { mischief: 1, crashes, ..Faults::default() })
    };
    check("long records", Sizes { quick: of(1), usual: of(2) });
}

#[test]
fn one_leads_where_two_have_one_name() {
    let of = |delays| World { is_exact: true, ..World::new(Faults { delays, losses: 1, ..Faults::default() }) };
    check("one name", Sizes { quick: of(0), usual: of(1) });
}

#[test]
fn one_leads_whatever_a_watch_says() {
    let of = |breaks| World {
        has_watches: true,
        late: 1,
        ..World::new(Faults { breaks, step_downs: 1, ..Faults::default() })
    };
    check("watches", Sizes { quick: of(0), usual: of(1) });
}

#[test]
fn one_leads_while_clocks_run_apart_within_bounds() {
    let of = |delays| World {
        rates: vec![750, 1000],
        ratio_permille: 1334,
        ..World::new(Faults { delays, cut_offs: 1, ..Faults::default() })
    };
    check("clocks within bounds", Sizes { quick: of(0), usual: of(1) });
}

#[test]
fn beside_client_go_nobody_is_overtaken() {
    let of = |candidates, faults| beside_client_go(candidates, true, faults);
    let crash = Faults { crashes: 1, ..Faults::default() };
    let usual = of(1, Faults { cut_offs: 1, ..crash });
    check("client-go", Sizes { quick: of(1, crash), usual });
}

fn beside_client_go(candidates: usize, heeds_rival: bool, faults: Faults) -> World {
    World {
        rates: vec![1000; candidates],
        renew_deadline: Duration::from_millis(1500),
        has_rival: true,
        heeds_rival,
        late: 1,
        ..World::new(faults)
    }
}

// What follows is outside of what is promised. That each is found shows that the models can find it.

#[test]
fn guards_meet_where_the_renew_deadline_is_past_the_lease_duration() {
    let world =
        World { renew_deadline: Duration::from_secs(4), ..World::new(Faults { cut_offs: 1, ..Faults::default() }) };
    refute("a renew deadline past the lease duration", world, "E1: one leads");
}

#[test]
fn guards_meet_where_clocks_run_apart_beyond_bounds() {
    let world = World { rates: vec![500, 1000], ..World::new(Faults { cut_offs: 1, ..Faults::default() }) };
    refute("clocks beyond the ratio of the guard", world, "E1: one leads");
}

#[test]
fn work_meets_where_clocks_run_apart_beyond_the_ratio() {
    let faults = Faults { cut_offs: 1, ..Faults::default() };
    let world = World { rates: vec![700, 1000], ratio_permille: 1000, ..World::new(faults) };
    refute("clocks beyond the ratio of the work", world, "E1: one works");
}

#[test]
fn guards_meet_where_a_held_lease_is_deleted_and_created_fast() {
    let world = World { create: Create::Fast, ..World::new(Faults { deletions: 1, ..Faults::default() }) };
    refute("fast creation after a deletion", world, "E1: one leads");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "it takes long without optimization")]
fn guards_meet_where_somebody_hides_that_a_holder_lives() {
    let world = World { erases_renewals: true, ..World::new(Faults { mischief: 2, ..Faults::default() }) };
    refute("renewals erased by hand", world, "E1: one leads");
}

#[test]
fn a_holder_is_overtaken_by_client_go_that_it_does_not_heed() {
    let world = beside_client_go(1, false, Faults { cut_offs: 1, ..Faults::default() });
    refute("client-go unheeded", world, "E3: nobody takes what is worked for");
}
