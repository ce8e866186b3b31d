//! A membership, the server that it follows, the links that it keeps, and what happens between them.
//!
//! Time passes only when the machine, or the server, has waited for long enough: it jumps to the next deadline, and does so a
//! limited number of times. Nothing else bounds a history but the budgets.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::machine::Input;
use quorate_core::membership::{Admission, Follow, LinkOptions, Membership, MembershipOptions, Share, Source};
use quorate_core::time::Instant;

use super::budget::Budget;
use super::connector::Connector;
use super::promises::Witness;
use super::server::{Edit, Server, listing, policy, self_name};
use super::wire::Wire;

/// Links are compared with what was told of them seldom: an attempt's own end tells most.
const LIST_LINKS: Duration = Duration::from_secs(60);

/// What takes its time, so that other things happen meanwhile. All else is done at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slow {
    Wire,
    Links,
}

/// What is checked.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) source: Source,
    pub(crate) follow: Follow,
    pub(crate) slow: Slow,
    /// Whether the first list is read before anything happens.
    pub(crate) is_synced: bool,
    /// What may happen at the server, in any order.
    pub(crate) edits: &'static [Edit],
    /// What it may refuse requests with.
    pub(crate) statuses: &'static [u16],
    /// Which part of the members may go on one list's word.
    pub(crate) confirm_removals_over: Share,
    pub(crate) budget: Budget,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) membership: Arc<Membership>,
    pub(crate) server: Arc<Server>,
    pub(crate) wire: Wire,
    pub(crate) connector: Connector,
    pub(crate) witness: Witness,
    pub(crate) now: Instant,
    pub(crate) budget: Budget,
}

impl World {
    pub(crate) fn new(source: Source, follow: Follow) -> Self {
        let budget = Budget::default();
        let confirm_removals_over = Share::default();
        let (slow, edits, statuses): (_, &[Edit], &[u16]) = (Slow::Wire, &[], &[]);
        Self { source, follow, slow, is_synced: true, edits, statuses, confirm_removals_over, budget }
    }

    pub(crate) fn start(&self) -> State {
        let options = MembershipOptions {
            listing: listing(self.source),
            policy: policy(Admission::Ready),
            follow: self.follow,
            confirm_removals_over: self.confirm_removals_over,
        };
        let server = Server::new(self.source);
        let own = server.truth.keys().map(|(name, _)| name).find(|name| name.as_str() == self_name());
        let self_name = Some(own.cloned().unwrap());
        let links = LinkOptions { self_name, list_interval: LIST_LINKS, ..LinkOptions::default() };
        let mut state = State {
            membership: Arc::new(Membership::linked(options.build().unwrap(), links.build().unwrap())),
            server: Arc::new(server),
            wire: Wire::default(),
            connector: Connector::new(),
            witness: Witness::default(),
            now: Instant::ORIGIN,
            budget: self.budget,
        };
        state.feed(Input::Start);
        match self.slow {
            Slow::Wire if !self.is_synced => state.carry(false, true),
            Slow::Wire => state.carry(true, true),
            Slow::Links => state.carry(true, false),
        }
        state
    }
}
