//! The flags of `quorate keep`, which is no command for people.

use std::ffi::OsString;

use clap::Args;

/// Keep a command for `quorate elect`: for itself alone
#[derive(Args, Debug)]
#[command(hide = true)]
pub(crate) struct Keep {
    /// Where the supervisor listens
    #[arg(long, required_unless_present = "parent")]
    pub(crate) socket: Option<String>,

    /// By when the command must be gone, unless the supervisor says otherwise: nanoseconds on the clock that both share
    #[arg(long, required_unless_present = "parent")]
    pub(crate) deadline: Option<u64>,

    /// Become the command, as a child of this process
    #[arg(long)]
    pub(crate) parent: Option<u32>,

    #[arg(last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}
