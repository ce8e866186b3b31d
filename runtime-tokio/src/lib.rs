//! Runs Quorate's state machines on tokio.
//!
//! - [`MembershipHandle`] is a live view of the peers: who is there, how current that is, and a stream of what changes. With a
//!   [`Connector`], links follow the members.
//! - [`Elector`] stands for election by one Lease. It runs work only while we lead, and its [`Guard`] says at any time
//!   whether we do.
//! - [`Transport`] is what carries requests: object-safe, so that any HTTP client can be plugged in. With the feature `hyper`
//!   (on by default) `quorate_transport_hyper::Client` is one.
//! - [`run`] drives any [`Machine`](quorate_core::machine::Machine) on a transport: it keeps the clock, carries out the
//!   actions, and hands the machine's events to the application. [`run_with`] does so for machines with orders and reports of
//!   their own. Neither decides anything.
//!
//! # Example
//!
//! ```no_run
//! # #[cfg(feature = "hyper")]
//! # async fn example(client: quorate_transport_hyper::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use quorate_core::api::LabelSelector;
//! use quorate_core::membership::{MembershipOptions, listing::ListingOptions};
//! use quorate_runtime_tokio::{MembershipHandle, random_seed};
//!
//! let selector = Some(LabelSelector::parse("app=web")?);
//! // Replicas that share a seed pause alike, and come back all at once after an outage.
//! let listing = ListingOptions { selector, seed: random_seed(), ..Default::default() };
//! let membership = MembershipHandle::start(MembershipOptions { listing, ..Default::default() }.build()?, client);
//! membership.synced().await?;
//! for member in membership.view().values() {
//!     println!("{} is {}", member.name, member.state);
//! }
//! membership.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # What it promises
//!
//! - **Dropping is safe, at any `await`.** Dropping a run or a handle drops its exchanges, and ends its calls of the connector
//!   at their next `await`.
//! - **One machine, one task.** Events come in the machine's own order, and a slow reader holds up nobody. One that is too slow
//!   to be told everything is told so ([`Changes::missed`]), and how the view differs.
//! - **A connector that fails, hangs or panics** has failed to make that one link.
//! - **The guard needs nobody.** It compares a deadline with a clock that counts suspended time: it ends while the task of the
//!   election is held up, and while the machine sleeps.
//! - **Stop, then release.** Work is told to stop when leadership is lost, and is gone before anybody else may lead. A Lease is
//!   released only when its work is gone.
//!
//! # What the caller must do
//!
//! The seeds in the options are 0 unless they are set: give each replica others, by [`random_seed`].
//!
//! Memberships may share a client, in clones or in an [`Arc`](std::sync::Arc): their lists and watches are in nobody's way.
//! Whatever must be on time gets a client of its own: an elector, for one. Lease writes share no connection with its watch.
//!
//! Work must not block its thread for long, and tasks that it spawns are its own to end: only what the future holds is dropped
//! with it.
//!
//! # Features
//!
//! - `hyper` (default): `quorate_transport_hyper::Client` is a [`Transport`].
//! - `ring` (default) or `aws-lc-rs`: who does its cryptography.

mod clock;
mod connector;
mod driver;
mod elector;
mod exchanges;
#[cfg(feature = "hyper")]
mod hyper;
mod membership;
mod reader;
mod seed;
mod trace;
mod transport;

pub use clock::Clock;
pub use connector::{Connector, ConnectorError, StillAnswers};
pub use driver::{Host, run, run_by, run_with};
pub use elector::{Candidacy, DEFAULT_GRACE, Elector, Guard, Leadership, LeadershipChanges, RunError, Shutdown};
pub use membership::{Changes, MembershipHandle, Stopped};
pub use seed::random_seed;
pub use transport::{Answer, Transport};

/// The README's example compiles.
#[cfg(all(doctest, feature = "hyper"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod tests;
