//! What a user of Quorate brings along: handlers of his own, under test.

use alloc::string::String;
use core::time::Duration;

use crate::election::FencingToken;
use crate::membership::{LinkFailure, Member};

/// Handlers under test: what an application does when it connects, disconnects, leads and ceases to.
///
/// One value stands for all nodes, and for whatever they share: a store, say. Nodes and observers are named by their numbers;
/// times are real ones, as no node can read them. Each handler does nothing unless it is given.
///
/// See the [simulation](super)'s example.
pub trait Application {
    /// A node is to connect to a peer that can be reached.
    ///
    /// # Errors
    ///
    /// When it cannot: it is tried again as long as the peer is a member.
    fn connect(&mut self, node: usize, peer: &Member, now: Duration) -> Result<(), LinkFailure> {
        let _ = (node, peer, now);
        Ok(())
    }

    /// A node is to disconnect a peer.
    ///
    /// # Errors
    ///
    /// When it cannot: it is tried again until it succeeds or the peer comes back. If whoever has the name now
    /// [still answers](LinkFailure::still_answers), the link is theirs.
    fn disconnect(&mut self, node: usize, peer: &Member, now: Duration) -> Result<(), LinkFailure> {
        let _ = (node, peer, now);
        Ok(())
    }

    /// A link of a node went down by itself.
    fn dropped(&mut self, node: usize, name: &str, now: Duration) {
        let _ = (node, name, now);
    }

    /// A term has begun: the node's work starts.
    fn start_work(&mut self, node: usize, token: &FencingToken, now: Duration) {
        let _ = (node, token, now);
    }

    /// The node's work runs: called every [`work_period`](Self::work_period) until it has ended or is killed, also while it is
    /// stopping.
    fn work(&mut self, node: usize, token: &FencingToken, now: Duration) {
        let _ = (node, token, now);
    }

    /// How often [`work`](Self::work) is called. Default: never.
    fn work_period(&self) -> Option<Duration> {
        None
    }

    /// The node's work is told to stop: never after it has [ended](Self::work_ended).
    fn stop_work(&mut self, node: usize, token: &FencingToken, now: Duration) {
        let _ = (node, token, now);
    }

    /// The node's work is gone: it has stopped, or it was killed at its hard deadline.
    fn work_ended(&mut self, node: usize, token: &FencingToken, is_killed: bool, now: Duration) {
        let _ = (node, token, is_killed, now);
    }

    /// A node's process is gone, with its work and all its links.
    fn killed(&mut self, node: usize, now: Duration) {
        let _ = (node, now);
    }

    /// What must hold after every step.
    ///
    /// # Errors
    ///
    /// When it does not: the run ends with a [`Violation`](super::Violation) of
    /// [`Promise::Application`](crate::testing::promises::Promise::Application).
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// An application that does nothing, and to which everybody can connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing in it")]
pub struct Plain;

impl Application for Plain {}
