//! The command line. Values are taken as text here and checked together later, so that all faults are named at once.

mod connecting;
#[cfg(unix)]
mod demo;
mod dev_server;
#[cfg(unix)]
mod elect;
#[cfg(unix)]
mod keep;
mod lease;
mod members;
mod replay;
mod selecting;
mod watch;

use clap::builder::Resettable;
use clap::{CommandFactory as _, Parser, Subcommand};

pub(crate) use self::connecting::Connecting;
#[cfg(unix)]
pub(crate) use self::demo::Demo;
pub(crate) use self::dev_server::DevServer;
#[cfg(unix)]
pub(crate) use self::elect::Elect;
#[cfg(unix)]
pub(crate) use self::keep::Keep;
pub(crate) use self::lease::Lease;
pub(crate) use self::members::Members;
pub(crate) use self::replay::Replay;
pub(crate) use self::selecting::Selecting;
pub(crate) use self::watch::{Beam, Watch};

/// Who are my peers on Kubernetes?
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Members(Members),
    Watch(Box<Watch>),
    #[cfg(unix)]
    Elect(Box<Elect>),
    Lease(Lease),
    DevServer(DevServer),
    #[cfg(unix)]
    Demo(Demo),
    Replay(Replay),
    #[cfg(unix)]
    Keep(Keep),
}

/// The command line's grammar, with the environment as it is now: an empty variable says nothing, as with kubectl.
pub(crate) fn command() -> clap::Command {
    Cli::command().mut_subcommands(|subcommand| {
        subcommand.mut_args(|argument| {
            let is_empty = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
            if is_empty { argument.env(Resettable::Reset) } else { argument }
        })
    })
}
