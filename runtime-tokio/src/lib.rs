//! Runs Quorate's state machines on tokio.
//!
//! - [`Transport`] is what carries requests: object-safe, so that any HTTP client can be plugged in. With the feature `hyper`
//!   (on by default) `quorate_transport_hyper::Client` is one.
//! - [`run`] drives any [`Machine`](quorate_core::machine::Machine) on a transport: it keeps the clock, carries out the
//!   actions, and hands the machine's events to the application. It decides nothing.
//!
//! # Example
//!
//! ```no_run
//! # #[cfg(feature = "hyper")]
//! # async fn example(client: quorate_transport_hyper::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use std::ops::ControlFlow;
//!
//! use quorate_core::api::LabelSelector;
//! use quorate_core::membership::listing::{Event, Listing, ListingOptions};
//! use quorate_core::membership::{Policy, View};
//!
//! let selector = Some(LabelSelector::parse("app=web")?);
//! let mut listing = Listing::new(ListingOptions { selector, ..Default::default() }.build()?);
//! let outcome = quorate_runtime_tokio::run(&mut listing, &client, |event| match event {
//!     Event::Listed(snapshot) => ControlFlow::Break(Ok(snapshot)),
//!     Event::Failed(error) => ControlFlow::Break(Err(error)),
//!     _ => ControlFlow::Continue(()),
//! });
//! if let Some(listed) = outcome.await {
//!     for name in View::of(&listed?.objects, &Policy::default()).members.keys() {
//!         println!("{name}");
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `hyper` (default): `quorate_transport_hyper::Client` is a [`Transport`].
//! - `ring` (default) or `aws-lc-rs`: who does its cryptography.

mod clock;
mod connector;
mod driver;
mod exchanges;
#[cfg(feature = "hyper")]
mod hyper;
mod membership;
mod trace;
mod transport;

pub use connector::{Connector, ConnectorError};
pub use driver::{Host, run, run_with};
pub use membership::{Changes, MembershipHandle};
pub use transport::{Answer, Transport};

#[cfg(test)]
mod tests;
