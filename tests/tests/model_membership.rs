//! A model check of the membership machine itself, links included: every state that it and a small server can reach, within a
//! few changes, a few faults and a few jumps in time.
//!
//! The server is the fake API with three pods. What each check does to the machine is said by its [`Budget`]; time passes only
//! when it jumps to the next deadline, and that is what makes the states finitely many: a history is as long as its budget.
//! M1, M3 and M5 are checked in every state. M2, M4 and M6 are checked by letting each state come to rest without further
//! faults, watching as well as polling: both must end in the view that the server's objects are, and so in the same one.
//!
//! Each check has two sizes: `QUORATE_MODEL` is `quick`, which is what there is time for after every change; `usual`, the
//! default with full optimization (`--profile model`). The counts of states are printed, and a counterexample as what happened,
//! step by step.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too, and says how much it saw"
)]

#[path = "model_membership/budget.rs"]
mod budget;
#[path = "model_membership/connector.rs"]
mod connector;
#[path = "model_membership/ending.rs"]
mod ending;
#[path = "model_membership/happenings.rs"]
mod happenings;
#[path = "model_membership/promises.rs"]
mod promises;
#[path = "model_membership/server.rs"]
mod server;
#[path = "model_membership/step.rs"]
mod step;
#[path = "model_membership/wire.rs"]
mod wire;
#[path = "model_membership/world.rs"]
mod world;

use std::fmt::Write as _;
use std::time::Duration;

use quorate_core::machine::Machine as _;
use quorate_core::membership::{Follow, Share, Source};
use quorate_tests::model::{self, Path, Size, Tell};
use stateright::{Model, Property};

use budget::Budget;
use happenings::Happening;
use server::Edit;
use world::{Slow, State, World};

/// Compares too seldom for it to happen here.
const WATCH: Follow = Follow::Watch {
    compare_every: Duration::from_secs(3600),
    idle_limit: Duration::from_secs(90),
    line_bytes: 1 << 20,
};
/// Compares first of all.
const COMPARE: Follow =
    Follow::Watch { compare_every: Duration::from_secs(50), idle_limit: Duration::from_secs(90), line_bytes: 1 << 20 };
const POLL: Follow = Follow::Poll { interval: Duration::from_secs(55) };

const SOURCES: [Source; 3] = [Source::EndpointSlices, Source::Endpoints, Source::Pods];

impl Model for World {
    type State = State;
    type Action = Happening;

    fn init_states(&self) -> Vec<State> {
        vec![self.start()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Happening>) {
        self.happenings(state, actions);
    }

    fn next_state(&self, state: &State, happening: Happening) -> Option<State> {
        let next = self.after(state, &happening);
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let Budget { edits, failed_attempts, drops, empty_lists, .. } = self.budget;
        let mut properties = vec![
            Property::always("M1: what is no evidence removes and revives nobody", |_, state| keeps(state, "M1")),
            Property::always("M3: nobody is dialled twice, or disconnected who is kept", |_, state| keeps(state, "M3")),
            Property::always("M5: every name parses back", |_, state| keeps(state, "M5")),
            Property::always("M2, M4 and M6: it ends as the server is", |_, state| ending::fault(state).is_none()),
        ];
        if edits > 0 {
            properties.push(Property::sometimes("somebody leaves", |_, state: &State| state.witness.has_left));
        }
        if self.budget.has_trouble() {
            properties.push(Property::sometimes("something fails", |_, state: &State| state.witness.has_failed));
        }
        if empty_lists > 0 {
            properties.push(Property::sometimes("removals are held", |_, state: &State| state.witness.has_confirmed));
        }
        if failed_attempts > 0 || drops > 0 {
            properties
                .push(Property::sometimes("somebody is dialled again", |_, state: &State| state.witness.has_redialled));
        }
        properties
    }
}

fn keeps(state: &State, promise: &str) -> bool {
    !state.witness.broken.as_ref().is_some_and(|broken| broken.starts_with(promise))
}

/// Checks one world in both sizes, quickly with slices alone: the sources differ in how objects are read, and little else.
fn check(name: &str, sources: &[Source], world: impl Fn(Source) -> World, budgets: [Budget; 2]) {
    let [quick, usual] = budgets;
    let (budget, sources) = match Size::chosen() {
        Size::Quick => (quick, &sources[..1]),
        Size::Usual => (usual, sources),
    };
    for source in sources {
        model::check(&format!("{name}, {source}"), World { budget, ..world(*source) });
    }
}

impl Tell for World {
    fn tell(path: &Path<Self>) -> String {
        let mut text = String::new();
        let mut happened = None;
        for (state, next) in path {
            let names: Vec<_> = state.membership.members().keys().map(ToString::to_string).collect();
            let explanation = state.membership.explain(state.clock());
            writeln!(text, "{happened:?}\n    {} {names:?}\n    {explanation}", state.now).unwrap();
            happened = next.clone();
        }
        if let Some((state, _)) = path.last() {
            writeln!(text, "{:?}\nin the end: {:?}", state.witness.broken, ending::fault(state)).unwrap();
        }
        text
    }
}

/// Pods come, go, change, and are replaced under their address.
const CHANGES: &[Edit] =
    &[Edit::Come(3), Edit::Unready(1), Edit::Terminate(2), Edit::Go(1), Edit::Go(2), Edit::Replace(1)];

/// What matters where something else goes wrong: an object is new, is gone, or is another.
const FEW_CHANGES: &[Edit] = &[Edit::Come(3), Edit::Go(2), Edit::Replace(1)];

/// The same for links: pod 2 has connected to us, and pod 1 has not.
const LINK_CHANGES: &[Edit] = &[Edit::Come(3), Edit::Go(1), Edit::Replace(2)];

const NONE: Budget = Budget {
    edits: 0,
    wakes: 0,
    compactions: 0,
    expiries: 0,
    ends: 0,
    cuts: 0,
    silences: 0,
    stale_lists: 0,
    empty_lists: 0,
    refusals: 0,
    spoils: 0,
    failed_attempts: 0,
    lost_reports: 0,
    drops: 0,
};

fn few_changes(follow: Follow) -> impl Fn(Source) -> World {
    move |source| World { edits: FEW_CHANGES, ..World::new(source, follow) }
}

#[test]
fn whatever_is_told_late() {
    let of = |edits, wakes| Budget { edits, wakes, ..NONE };
    let world = |source| World { edits: CHANGES, ..World::new(source, WATCH) };
    check("watching", &SOURCES, world, [of(1, 1), of(2, 2)]);
}

#[test]
fn whatever_changes_while_a_view_is_compared() {
    let of = |edits, wakes| Budget { edits, wakes, ..NONE };
    let world = |source| World { edits: CHANGES, ..World::new(source, COMPARE) };
    check("comparing", &SOURCES, world, [of(1, 1), of(2, 2)]);
}

#[test]
fn whatever_changes_between_two_polls_or_two_pages() {
    let of = |edits, wakes| Budget { edits, wakes, ..NONE };
    let world = |source| World { edits: CHANGES, ..World::new(source, POLL) };
    check("polling", &SOURCES, world, [of(1, 1), of(2, 2)]);
}

#[test]
fn whatever_changes_while_the_first_list_is_read() {
    let of = |edits, wakes, compactions| Budget { edits, wakes, compactions, ..NONE };
    let world = |source| World { is_synced: false, ..few_changes(WATCH)(source) };
    check("the first list", &SOURCES, world, [of(1, 0, 1), of(2, 1, 1)]);
}

#[test]
fn whatever_moves_between_two_objects() {
    let edits =
        &[Edit::Share(1), Edit::Withdraw(1), Edit::Share(2), Edit::Withdraw(2), Edit::Terminate(1), Edit::Replace(2)];
    let sources = [Source::EndpointSlices, Source::Endpoints];
    for (name, follow) in [("watching", COMPARE), ("polling", POLL)] {
        let of = |edits, wakes| Budget { edits, wakes, ..NONE };
        let world = |source| World { edits, ..World::new(source, follow) };
        check(&format!("moves, {name}"), &sources, world, [of(2, 1), of(3, 2)]);
    }
}

#[test]
fn whatever_history_is_forgotten() {
    // The server says so in the stream, or by its status.
    let world = |source| World { statuses: &[410], ..few_changes(WATCH)(source) };
    let of = |edits, wakes, often| {
        let (expiries, refusals) = (often, often);
        Budget { edits, wakes, compactions: 1, ends: 1, expiries, refusals, ..NONE }
    };
    check("compaction", &SOURCES, world, [of(1, 1, 0), of(1, 2, 1)]);
    let of = |edits, wakes, compactions| Budget { edits, wakes, compactions, ..NONE };
    check("compaction, polling", &SOURCES, few_changes(POLL), [of(1, 1, 1), of(2, 2, 1)]);
}

#[test]
fn whatever_is_cut() {
    let of = |edits, wakes, cuts| Budget { edits, wakes, cuts, ..NONE };
    for (name, follow) in [("watching", WATCH), ("polling", POLL)] {
        check(&format!("cuts, {name}"), &SOURCES, few_changes(follow), [of(1, 1, 1), of(2, 2, 1)]);
    }
}

#[test]
fn whatever_falls_silent() {
    let of = |edits, wakes, silences| Budget { edits, wakes, silences, ..NONE };
    check("silence", &SOURCES, few_changes(WATCH), [of(1, 3, 1), of(2, 3, 1)]);
    check("silence, polling", &SOURCES, few_changes(POLL), [of(1, 2, 1), of(2, 3, 1)]);
}

#[test]
fn whatever_is_refused() {
    let of = |edits, wakes, refusals, ends| Budget { edits, wakes, refusals, ends, ..NONE };
    for (name, follow) in [("watching", COMPARE), ("polling", POLL)] {
        let world = |source| World { statuses: &[403, 404, 410, 500], ..few_changes(follow)(source) };
        check(&format!("refusals, {name}"), &SOURCES, world, [of(1, 1, 1, 0), of(1, 2, 1, 1)]);
    }
}

#[test]
fn whatever_is_spoilt() {
    let of = |edits, wakes, spoils| Budget { edits, wakes, spoils, ..NONE };
    for (name, follow) in [("watching", WATCH), ("polling", POLL)] {
        check(&format!("spoilt bodies, {name}"), &SOURCES, few_changes(follow), [of(1, 1, 1), of(2, 2, 1)]);
    }
}

/// Two of them, some seconds apart, count as a restored server: there is one.
#[test]
fn whichever_list_is_stale() {
    let of = |edits, wakes| Budget { edits, wakes, stale_lists: 1, ..NONE };
    for (name, follow) in [("watching", COMPARE), ("polling", POLL)] {
        check(&format!("stale lists, {name}"), &SOURCES, few_changes(follow), [of(1, 1), of(2, 2)]);
    }
}

#[test]
fn whichever_list_says_that_nobody_is_there() {
    let of = |edits, wakes| Budget { edits, wakes, empty_lists: 1, ..NONE };
    let of_nobody = Share::percent(0).unwrap();
    for (name, follow) in [("watching", COMPARE), ("polling", POLL)] {
        let world = |source| World { confirm_removals_over: of_nobody, ..few_changes(follow)(source) };
        check(&format!("empty lists, {name}"), &SOURCES, world, [of(1, 1), of(2, 2)]);
    }
}

/// Links, where what is told of the members is told at once.
fn links(edits: &'static [Edit]) -> impl Fn(Source) -> World {
    move |source| World { slow: Slow::Links, edits, ..World::new(source, WATCH) }
}

#[test]
fn whoever_comes_and_goes_while_links_are_made() {
    let of = |edits, wakes| Budget { edits, wakes, ..NONE };
    check("slow links", &SOURCES[..1], links(CHANGES), [of(1, 1), of(2, 2)]);
}

#[test]
fn whoever_cannot_be_reached() {
    let of = |edits, wakes, failed_attempts| Budget { edits, wakes, failed_attempts, ..NONE };
    check("failing links", &SOURCES[..1], links(LINK_CHANGES), [of(1, 1, 1), of(1, 2, 2)]);
}

#[test]
fn whatever_attempt_is_never_reported() {
    let of = |edits, wakes, lost_reports| Budget { edits, wakes, lost_reports, ..NONE };
    check("lost reports", &SOURCES[..1], links(LINK_CHANGES), [of(1, 1, 1), of(2, 2, 1)]);
}

#[test]
fn whichever_link_goes_down() {
    let of = |edits, wakes, drops| Budget { edits, wakes, drops, ..NONE };
    check("dropped links", &SOURCES[..1], links(LINK_CHANGES), [of(1, 1, 1), of(1, 3, 1)]);
}
