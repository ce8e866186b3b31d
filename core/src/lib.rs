//! The decisions of Quorate, and nothing else.
//!
//! Who are my peers on Kubernetes, and by what name? The answer takes an API server, a network and a clock; the *decisions*
//! take none of them, and are all here: what to ask, what an answer means, who counts, what a member is called, when to try
//! again and when to give up.
//!
//! # What it promises
//!
//! - **Pure.** No I/O, no clock, no thread, no global, no logging, no `unsafe`; `no_std` with `alloc`. The same construction
//!   and the same inputs give the same actions, byte for byte.
//! - **Plain values.** A machine is `Clone + Eq + Hash + Debug`: it can be copied, compared, stored and model-checked.
//! - **No panics, no unbounded growth**, on any input in any order.
//! - **A failure is never an answer.** What was not read in full, in one consistent state, changes nothing.
//!
//! # What the host must do
//!
//! A [machine](machine::Machine) is driven by a host, which owns the clocks, the network and the wait:
//!
//! 1. feed [`Input::Start`](machine::Input::Start);
//! 2. carry out every action that comes back, in order: send a request, drop an exchange, take an event, begin what is ordered;
//! 3. feed what happens next: a part of an answer, a report, or a timeout at the machine's deadline; go to 2.
//!
//! Orders and reports are each machine's own. A [membership with links](membership::Membership::linked) orders to connect, to
//! disconnect, to list who is connected and to abandon what it ordered ([`Order`](membership::Order)); reports say how that
//! went, which link went down by itself, and that the application wants to drain ([`Report`](membership::Report)). Most
//! machines have neither.
//!
//! A machine leaves nothing to chance: jitter follows from the seed in its options, and each replica needs another one.
//!
//! The crate `quorate-runtime-tokio` is such a host. Another one takes an afternoon: the example at
//! [`Listing`](membership::Listing) is the whole loop by hand, and `blocking_threads` among that crate's examples a live
//! membership on threads.
//!
//! # Example
//!
//! Members out of what `kubectl get pods -o json` prints:
//!
//! ```
//! use quorate_core::membership::{Policy, View, document};
//! use quorate_core::name::{Basename, Naming};
//!
//! let json = br#"{"kind": "List", "items": [{
//!     "kind": "Pod",
//!     "metadata": {"name": "web-0", "namespace": "lab", "uid": "fc96a3c6"},
//!     "status": {"phase": "Running", "podIP": "10.0.0.7", "conditions": [{"type": "Ready", "status": "True"}]}
//! }]}"#;
//! let naming = Naming { basename: Some(Basename::parse("myapp")?), ..Naming::default() };
//! let view = View::of(&document::decode(json)?.objects, &Policy { naming, ..Policy::default() });
//! assert_eq!(view.members.keys().next().unwrap().as_str(), "myapp@10.0.0.7");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | [`machine`] | the contract between a machine and its host |
//! | [`time`] | the host's clocks, as values |
//! | [`api`] | what is asked of the API server, and how its answers are decoded |
//! | [`name`] | node names: written, checked and read back |
//! | [`election`] | whose turn it is to lead: one Lease, terms, fencing tokens |
//! | [`membership`] | from objects to members: once by [`Listing`](membership::Listing), live by [`Membership`](membership::Membership); links that follow them |
//! | `testing` | with the feature of that name: the API server as a plain value, whole clusters in virtual time, and what must hold, for your tests as for ours; with the feature `proptest` also strategies |
//!
//! # Out of scope
//!
//! Carrying requests out: see `quorate-transport-hyper` for HTTP, TLS and credentials.

#![no_std]
// Saturating arithmetic and no std, by law rather than by habit.
#![warn(
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core
)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "a test that overflows is a test that fails"))]

extern crate alloc;

pub mod api;
mod backoff;
pub mod election;
pub mod machine;
pub mod membership;
pub mod name;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
pub mod time;
