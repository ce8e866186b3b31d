//! Who are my peers: from what the API server says to named members.
//!
//! The way of a member: a [`Listing`] reads the collections and decodes each API object into an
//! [`Object`] of plain facts; [`View::of`] merges what all objects say about one pod, decides by policy who counts, and
//! names who does. The view is a pure function of the objects: their order means nothing.

pub mod change;
pub mod document;
pub mod listing;
pub mod object;
pub mod state;
pub mod view;

pub use change::{Change, Departure};
pub use listing::Listing;
pub use object::{Addresses, Endpoint, Object, Source};
pub use state::{Admission, MemberState};
pub use view::{Family, Identity, Member, Policy, Reason, Skipped, View};
