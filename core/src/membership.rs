//! Who are my peers: from what the API server says to named members, and links that follow them.
//!
//! Once, or live:
//!
//! - A [`Listing`] reads the collections and decodes each API object into an [`Object`] of plain facts; [`View::of`] merges
//!   what all objects say about one pod, decides by policy who counts, and names who does.
//! - A [`Membership`] keeps such a view current, by watching or polling, and lets [`links`] to the members follow it.
//!
//! Either view is a pure function of the server's objects: their order means nothing.

pub mod change;
mod config;
pub mod document;
mod event;
mod guard;
pub mod links;
pub mod listing;
mod machine;
pub mod object;
mod reflector;
mod roster;
pub mod state;
pub mod view;
mod word;

pub use change::{Change, Departure};
pub use config::{MembershipConfig, MembershipConfigError, MembershipFault, MembershipOptions};
pub use event::Event;
pub use guard::Share;
pub use links::{Keep, LinkConfig, LinkEvent, LinkFailure, LinkId, LinkOptions, Order, Report};
pub use listing::Listing;
pub use machine::Membership;
pub use object::{Addresses, Endpoint, Object, ObjectKey, Source};
pub use reflector::{Follow, News, Standing, Trouble};
pub use state::{Admission, MemberState};
pub use view::{Family, Identity, Member, Policy, Reason, Skipped, View};
