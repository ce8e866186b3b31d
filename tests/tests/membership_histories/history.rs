//! Histories: what a server, a wire, a connector and time do, in order.

use std::fmt;

use proptest::prelude::*;
use quorate_core::membership::Source;

/// One thing that happens. Pods and addresses are few, so that they meet.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    // The server's objects.
    /// A pod comes, ready, with the address of its number.
    Create(u8),
    Ready(u8, bool),
    /// A pod has another address from now on, perhaps that of another one.
    Address(u8, u8),
    /// A pod fails, and will not run again.
    Fail(u8),
    Delete(u8),
    /// A pod is deleted, and takes some seconds for it.
    Terminate(u8),
    /// An administrator's own object tells of an address, and of a pod if there is one of this number.
    Publish {
        object: u8,
        address: u8,
        pod: Option<u8>,
        ready: bool,
    },
    Unpublish(u8),
    /// All pods but our own are deleted at once.
    DeleteAll,
    // What goes wrong on the way.
    Compact,
    /// Every connection is cut.
    Cut,
    /// Every connection dies without a word.
    Silence,
    Outage(bool),
    /// Every request is refused with this status; 0 ends it.
    Refuse(u16),
    /// Reads lag by so many versions, for less than it takes to count as a rewound history, and once; 0 ends it.
    Lag(u8),
    /// Bodies arrive spoilt.
    Spoil(bool),
    /// Answers are late by so many milliseconds, page by page.
    SlowAnswers(u16),
    /// What a watch has to say is late by so many milliseconds.
    SlowWatches(u16),
    // Links, by the number of the address.
    /// Connects to it fail, or work again.
    Unreachable(u8, bool),
    /// Disconnects fail, every other one because somebody answers; or they work again.
    Stuck(bool),
    /// Attempts take so many milliseconds.
    SlowLinks(u16),
    /// The connector cannot say who is connected, or can again.
    Unlisted(bool),
    /// It connects to us.
    Inbound(u8),
    /// Its link goes down; the connector notices, or does not.
    Drop(u8, bool),
    /// So many milliseconds pass.
    Pass(u16),
}

/// Prints as the call that replays it.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) source: Source,
    pub(crate) seed: u64,
    pub(crate) steps: Vec<Step>,
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, seed, steps } = self;
        write!(f, "check(Source::{source:?}, {seed}, &{steps:?})")
    }
}

pub(crate) fn histories() -> impl Strategy<Value = History> {
    let sources = prop_oneof![2 => Just(Source::EndpointSlices), 1 => Just(Source::Endpoints), 1 => Just(Source::Pods)];
    (sources, any::<u64>(), prop::collection::vec(steps(), 0..50)).prop_map(|(source, seed, steps)| History {
        source,
        seed,
        steps,
    })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![8 => on_the_server(), 4 => on_the_way(), 3 => on_links(), 5 => time()]
}

fn on_the_server() -> impl Strategy<Value = Step> {
    let pod = || 1..6_u8;
    let published = (0..3_u8, pod(), prop::option::of(pod()), any::<bool>());
    prop_oneof![
        5 => pod().prop_map(Step::Create),
        2 => (pod(), any::<bool>()).prop_map(|(pod, ready)| Step::Ready(pod, ready)),
        2 => (pod(), pod()).prop_map(|(pod, address)| Step::Address(pod, address)),
        1 => pod().prop_map(Step::Fail),
        3 => pod().prop_map(Step::Delete),
        1 => pod().prop_map(Step::Terminate),
        2 => published.prop_map(|(object, address, pod, ready)| Step::Publish { object, address, pod, ready }),
        1 => (0..3_u8).prop_map(Step::Unpublish),
        1 => Just(Step::DeleteAll),
    ]
}

fn on_the_way() -> impl Strategy<Value = Step> {
    let late = || prop_oneof![Just(0), 0..3_000_u16, 0..20_000_u16];
    prop_oneof![
        2 => Just(Step::Compact),
        2 => Just(Step::Cut),
        1 => Just(Step::Silence),
        2 => any::<bool>().prop_map(Step::Outage),
        3 => prop::sample::select(&[0, 0, 0, 401, 403, 404, 410, 429, 500][..]).prop_map(Step::Refuse),
        2 => (0..5_u8).prop_map(Step::Lag),
        2 => prop::bool::weighted(0.3).prop_map(Step::Spoil),
        2 => late().prop_map(Step::SlowAnswers),
        2 => late().prop_map(Step::SlowWatches),
    ]
}

fn on_links() -> impl Strategy<Value = Step> {
    let address = || 1..6_u8;
    prop_oneof![
        2 => (address(), any::<bool>()).prop_map(|(address, bad)| Step::Unreachable(address, bad)),
        1 => any::<bool>().prop_map(Step::Stuck),
        1 => prop_oneof![Just(0), 0..500_u16, 0..20_000_u16].prop_map(Step::SlowLinks),
        1 => any::<bool>().prop_map(Step::Unlisted),
        2 => address().prop_map(Step::Inbound),
        3 => (address(), any::<bool>()).prop_map(|(address, told)| Step::Drop(address, told)),
    ]
}

fn time() -> impl Strategy<Value = Step> {
    prop_oneof![1 => 0..300_u16, 1 => 0..5_000_u16, 1 => 0..30_000_u16].prop_map(Step::Pass)
}
