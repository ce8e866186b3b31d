//! Unmodified Erlang nodes, each with a `quorate watch` beside it.

mod addresses;
mod network;
mod node;
mod release;
pub mod shipped;
mod sidecar;
mod world;

use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;

pub use addresses::{PORT, address, addresses, free_port};
pub use network::Place;
pub use node::{Node, port_mapper};
pub use release::{ELIXIR, Release};
pub use sidecar::{Sidecar, text};
pub use world::{NAMESPACES, enter};

use crate::lab::{Lab, Pod};
use crate::server_trials::Need;
use crate::trouble::Trouble;

/// What the nodes of a test have in common.
pub const COOKIE: &str = "biscuit-of-the-tests";

/// What stands before the `@` of a member.
pub const BASENAME: &str = "myapp";

/// Nothing takes longer, on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(30);

/// Erlang.
pub const ERLANG: Need = Need { word: "beam", what: "Erlang", available };

/// Whether there is an Erlang.
///
/// # Errors
///
/// Why there is none.
pub fn available() -> Result<(), &'static str> {
    static IS_THERE: OnceLock<bool> = OnceLock::new();
    let runs =
        || Command::new("erl").args(["-noinput", "-eval", "halt()."]).status().is_ok_and(|status| status.success());
    if *IS_THERE.get_or_init(runs) { Ok(()) } else { Err("there is no erl: install erlang-base") }
}

/// A pod that is there and has this address.
#[must_use]
pub fn pod(address: &str) -> Pod {
    Pod::ready(&format!("{BASENAME}-{}", address.replace('.', "-")), &[address])
}

/// A node and the `quorate watch` beside it.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "a pair, put together and taken apart by tests")]
pub struct Member {
    /// The node.
    pub node: Node,
    /// What watches for it.
    pub watch: Sidecar,
}

impl Member {
    /// Starts both.
    ///
    /// # Errors
    ///
    /// When one does not run.
    pub fn start(lab: &Lab, address: &str) -> Result<Self, Trouble> {
        let node = Node::start(address)?;
        let watch = Sidecar::start(lab, &node, &[])?;
        Ok(Self { node, watch })
    }
}

/// Waits until each of these members sees all others; says when the last of them did.
///
/// # Errors
///
/// When it does not come to that.
pub fn meshed<'m>(members: impl IntoIterator<Item = &'m Member>) -> Result<Timestamp, Trouble> {
    let members: Vec<_> = members.into_iter().collect();
    let names: Vec<_> = members.iter().map(|member| member.node.name()).collect();
    let mut last = Timestamp::MIN;
    for member in &members {
        let since = member.node.sees(names.iter().copied());
        last = last.max(since.map_err(|trouble| Trouble::new(format!("{trouble}\n{}", member.watch.told())))?);
    }
    Ok(last)
}

/// Waits until these members see each other, and what watches for each knows of all its links.
///
/// # Errors
///
/// When it does not come to that.
pub fn settled(members: &[Member]) -> Result<(), Trouble> {
    meshed(members)?;
    for member in members {
        for peer in members.iter().filter(|peer| peer.node.name() != member.node.name()) {
            member.watch.tells("connected", peer.node.name())?;
        }
    }
    Ok(())
}

/// Tells what watches for them to end, and only then ends the nodes.
///
/// # Errors
///
/// When it does not end, or not well.
pub fn stop(members: Vec<Member>) -> Result<(), Trouble> {
    let (nodes, watches): (Vec<_>, Vec<_>) = members.into_iter().map(|member| (member.node, member.watch)).unzip();
    watches.into_iter().try_for_each(|watch| watch.stop().map(drop))?;
    drop(nodes);
    Ok(())
}
