//! Histories: what a server, a network, clocks, people and time do to candidates, in order.

use std::fmt;

use proptest::prelude::*;

/// Who stands, and where.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Two or three.
    pub(crate) candidates: usize,
    /// The rate of each one's clock, in thousandths.
    pub(crate) rates: [u32; 3],
    /// 3 s, 2 s and 0.5 s instead of 15 s, 10 s and 2 s.
    pub(crate) is_short: bool,
    /// All write the same identity, and tell each other apart by their nonces.
    pub(crate) is_exact: bool,
    /// There is an empty Lease from the first.
    pub(crate) has_lease: bool,
    /// Settles all that is left to chance.
    pub(crate) seed: u64,
}

/// One thing that happens; most of them to one candidate, by its number.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// So many milliseconds pass.
    Pass(u16),
    // The network.
    /// Requests are under way for so many milliseconds: a write that was given up is late.
    SlowRequests(usize, u16),
    SlowAnswers(usize, u16),
    SlowWatch(usize, u16),
    /// The next answer never arrives; its candidate is told that the connection broke, or is not.
    LoseAnswer(usize, bool),
    /// The next answer arrives twice.
    RepeatAnswer(usize),
    /// The next request arrives twice, the second time so many milliseconds later.
    RepeatRequest(usize, u16),
    /// The server cannot be reached by this one, or can again.
    CutOff(usize, bool),
    /// The watch dies; its candidate is told, or is not.
    EndWatch(usize, bool),
    /// What this one reads is so many versions old; 0 ends it.
    Stale(usize, u8),
    /// Something in between spoils what this one is answered.
    Spoil(usize, Spoiled),
    // The server.
    /// Every request is refused with this status; 0 ends it.
    Refuse(u16),
    Compact,
    // People.
    Delete,
    Edit(Edited),
    /// Somebody who is not one of us takes a Lease that is free, for so many seconds by the record, and does nothing more.
    Intrude(Option<u32>),
    /// They free it.
    Retreat,
    // Candidates.
    /// All of it stands still for so many milliseconds, but for what watches over its work.
    Pause(usize, u16),
    /// It dies with its work, and another takes its place so many milliseconds later.
    Crash(usize, u16),
    /// It is told to step down.
    Resign(usize),
    Stand(usize),
    Shutdown(usize),
    /// Its work ends by itself.
    EndWork(usize),
    /// From now on its work takes so many milliseconds to stop.
    SlowWork(usize, u16),
    // Clocks.
    /// The wall clock is set to so many milliseconds later, or earlier.
    SetWall(usize, i32),
    /// The wall clock stands still, or goes on.
    StopWall(usize, bool),
}

/// How an answer is spoilt. Who holds the Lease stays as it is: a network that invents holders is beyond us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spoiled {
    No,
    Cut,
    /// Durations, counts and times are of other types, or absurd.
    Absurd,
    NoKind,
    NoUid,
}

/// What people edit without an effect on who holds the Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edited {
    Label(u8),
    Annotation(u8),
    Owner,
    PreferredHolder,
    /// It is given to coordinated election, or taken back.
    Strategy(bool),
    NoDuration,
    LongDuration,
    NoTimes,
    FarTimes,
    NoTransitions,
    MostTransitions,
}

/// Prints as the call that replays it.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) setup: Setup,
    pub(crate) steps: Vec<Step>,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setup, steps } = self;
        write!(f, "check(&{setup:?}, &{steps:?})")
    }
}

pub(crate) fn histories() -> impl Strategy<Value = History> {
    (setups(), prop::collection::vec(steps(), 0..60)).prop_map(|(setup, steps)| History { setup, steps })
}

fn setups() -> impl Strategy<Value = Setup> {
    // Within the ratio that works bear, or within the one that guards bear.
    let rates = prop_oneof![
        2 => Just([1000; 3]),
        3 => prop::array::uniform3(1000..=1009_u32),
        1 => prop::array::uniform3(1000..=1490_u32),
    ];
    (2..=3_usize, rates, any::<bool>(), prop::bool::weighted(0.3), any::<bool>(), any::<u64>()).prop_map(
        |(candidates, rates, is_short, is_exact, has_lease, seed)| Setup {
            candidates,
            rates,
            is_short,
            is_exact,
            has_lease,
            seed,
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![9 => time(), 8 => in_the_network(), 1 => at_the_server(), 3 => by_people(), 5 => by_candidates(), 2 => of_clocks()]
}

fn time() -> impl Strategy<Value = Step> {
    prop_oneof![1 => 0..300_u16, 2 => 0..5_000_u16, 2 => 0..30_000_u16].prop_map(Step::Pass)
}

fn who() -> impl Strategy<Value = usize> {
    0..3_usize
}

fn late() -> impl Strategy<Value = u16> {
    prop_oneof![2 => Just(0), 2 => 0..3_000_u16, 2 => 0..20_000_u16]
}

fn in_the_network() -> impl Strategy<Value = Step> {
    let spoiled =
        prop::sample::select(&[Spoiled::No, Spoiled::Cut, Spoiled::Absurd, Spoiled::NoKind, Spoiled::NoUid][..]);
    prop_oneof![
        3 => (who(), late()).prop_map(|(who, late)| Step::SlowRequests(who, late)),
        3 => (who(), late()).prop_map(|(who, late)| Step::SlowAnswers(who, late)),
        1 => (who(), late()).prop_map(|(who, late)| Step::SlowWatch(who, late)),
        3 => (who(), any::<bool>()).prop_map(|(who, told)| Step::LoseAnswer(who, told)),
        1 => who().prop_map(Step::RepeatAnswer),
        1 => (who(), late()).prop_map(|(who, late)| Step::RepeatRequest(who, late)),
        3 => (who(), any::<bool>()).prop_map(|(who, cut)| Step::CutOff(who, cut)),
        1 => (who(), any::<bool>()).prop_map(|(who, told)| Step::EndWatch(who, told)),
        3 => (who(), 0..5_u8).prop_map(|(who, versions)| Step::Stale(who, versions)),
        1 => (who(), spoiled).prop_map(|(who, spoiled)| Step::Spoil(who, spoiled)),
    ]
}

fn at_the_server() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::sample::select(&[0, 0, 0, 401, 403, 404, 429, 500, 503][..]).prop_map(Step::Refuse),
        1 => Just(Step::Compact),
    ]
}

fn by_people() -> impl Strategy<Value = Step> {
    let edited = prop_oneof![
        4 => any::<u8>().prop_map(Edited::Label),
        2 => any::<u8>().prop_map(Edited::Annotation),
        2 => any::<bool>().prop_map(Edited::Strategy),
        1 => Just(Edited::LongDuration),
        3 => prop::sample::select(&[Edited::Owner, Edited::PreferredHolder, Edited::NoDuration][..]),
        3 => prop::sample::select(&[Edited::NoTimes, Edited::FarTimes, Edited::NoTransitions, Edited::MostTransitions][..]),
    ];
    // Longer ones only make the wait longer: see `an_absurd_duration_blocks_nobody_for_ever`.
    let duration = prop_oneof![1 => Just(None), 2 => (1..100_u32).prop_map(Some)];
    prop_oneof![
        3 => Just(Step::Delete),
        6 => edited.prop_map(Step::Edit),
        2 => duration.prop_map(Step::Intrude),
        1 => Just(Step::Retreat),
    ]
}

fn by_candidates() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (who(), 0..40_000_u16).prop_map(|(who, time)| Step::Pause(who, time)),
        3 => (who(), late()).prop_map(|(who, time)| Step::Crash(who, time)),
        3 => who().prop_map(Step::Resign),
        3 => who().prop_map(Step::Stand),
        1 => who().prop_map(Step::Shutdown),
        1 => who().prop_map(Step::EndWork),
        2 => (who(), late()).prop_map(|(who, time)| Step::SlowWork(who, time)),
    ]
}

fn of_clocks() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (who(), any::<i32>()).prop_map(|(who, by)| Step::SetWall(who, by)),
        1 => (who(), any::<bool>()).prop_map(|(who, stops)| Step::StopWall(who, stops)),
    ]
}
