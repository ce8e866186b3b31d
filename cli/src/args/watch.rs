//! The flags of `quorate watch`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::Selecting;

/// Follow the members of a cluster, and let links follow them
///
/// The members are selected and named as by `quorate members`. Each change of them is printed as it comes, and with a
/// connector each peer is connected when it is admitted and disconnected when it is no longer kept. No failed, partial or
/// stale answer of the API removes anybody. It runs until SIGTERM or SIGINT. Each flag can also be given in the environment,
/// under the name shown with it; the command line wins.
///
/// Exit codes: 0 it was told to end, or nobody reads its output any more; 1 it could not go on; 2 the usage or the
/// configuration is wrong.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Watch {
    #[command(flatten)]
    pub(crate) selecting: Selecting,

    /// Ask for a list again and again, with this pause between, instead of watching
    #[arg(long, env = "QUORATE_POLL_INTERVAL", value_name = "DURATION")]
    pub(crate) poll_interval: Option<String>,

    /// How often what is watched is compared with a fresh list
    #[arg(long, env = "QUORATE_COMPARE_EVERY", value_name = "DURATION", default_value = "10m")]
    pub(crate) compare_every: String,

    /// How many of the members may go within half a minute before a fresh list must confirm it
    #[arg(long, env = "QUORATE_CONFIRM_REMOVALS_OVER", value_name = "PERCENT", default_value = "50%")]
    pub(crate) confirm_removals_over: String,

    /// The program that connects and disconnects: it is run as PROGRAM connect NAME, PROGRAM disconnect NAME, PROGRAM list; or
    /// "beam", for the Erlang node beside us
    #[arg(long, env = "QUORATE_CONNECTOR", value_name = "PROGRAM|beam", help_heading = LINKS)]
    pub(crate) connector: Option<OsString>,

    /// Our own name, which is never dialled; without it our own member is, if it is selected. With --connector beam it is the
    /// local node's
    #[arg(long = "self", env = "QUORATE_SELF", value_name = "NAME", help_heading = LINKS)]
    pub(crate) self_name: Option<String>,

    /// How long one run of the connector may take before it is killed
    #[arg(
        long,
        env = "QUORATE_CONNECTOR_TIMEOUT",
        value_name = "DURATION",
        default_value = "10s",
        help_heading = LINKS
    )]
    pub(crate) connector_timeout: String,

    /// How many runs that connect or disconnect may be in flight at once; a list comes on top
    #[arg(long, env = "QUORATE_PARALLEL", value_name = "NUMBER", default_value = "16", help_heading = LINKS)]
    pub(crate) parallel: String,

    /// Who stays connected: whoever is there, ready or not, or only who is ready
    #[arg(long, env = "QUORATE_KEEP", value_name = "present|ready", default_value = "present", help_heading = LINKS)]
    pub(crate) keep: String,

    /// How long a peer that is no longer kept stays connected, in case it comes back
    #[arg(
        long,
        env = "QUORATE_DISCONNECT_AFTER",
        value_name = "DURATION|never",
        default_value = "2s",
        help_heading = LINKS
    )]
    pub(crate) disconnect_after: String,

    /// How long a peer that is terminating is kept
    #[arg(
        long,
        env = "QUORATE_TERMINATING_AFTER",
        value_name = "DURATION|never",
        default_value = "never",
        help_heading = LINKS
    )]
    pub(crate) terminating_after: String,

    #[command(flatten)]
    pub(crate) beam: Beam,

    /// What to print: text for people, or one JSON object a line
    #[arg(short = 'o', long, env = "QUORATE_OUTPUT", value_name = "text|json", default_value = "text")]
    pub(crate) output: String,

    /// Say on standard error what is done; twice for every request. In the environment: how often
    #[arg(short = 'v', long, env = "QUORATE_VERBOSE", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The flags of `--connector beam`.
#[derive(Args, Debug)]
pub(crate) struct Beam {
    /// The name of the local node; by default the basename, and our own host by the same mode
    #[arg(long, env = "QUORATE_BEAM_NODE", value_name = "NAME", help_heading = BEAM)]
    pub(crate) beam_node: Option<String>,

    /// The file with the cookie; by default RELEASE_COOKIE has it, or else ~/.erlang.cookie
    #[arg(long, env = "QUORATE_COOKIE_FILE", value_name = "FILE", help_heading = BEAM)]
    pub(crate) cookie_file: Option<PathBuf>,

    /// The port at which the local node listens, if it was started without epmd
    #[arg(long, env = "QUORATE_DIST_PORT", value_name = "PORT", help_heading = BEAM)]
    pub(crate) dist_port: Option<String>,

    /// The port at which epmd listens; by default 4369
    #[arg(long, env = "ERL_EPMD_PORT", value_name = "PORT", help_heading = BEAM)]
    pub(crate) epmd_port: Option<String>,

    /// Whom to disconnect of those that are no longer kept: who answers no more, or everybody
    #[arg(
        long,
        env = "QUORATE_BEAM_DISCONNECT",
        value_name = "gone|always",
        default_value = "gone",
        help_heading = BEAM
    )]
    pub(crate) beam_disconnect: String,
}

const BEAM: &str = "Erlang nodes (--connector beam)";

const LINKS: &str = "Links";

const EXAMPLES: &str = "\
Examples:
  quorate watch --service web --basename myapp
  quorate watch -l app=web -n lab -o json | jq -c 'select(.event == \"joined\")'
  quorate watch --service web --basename myapp --self myapp@10.0.0.7 --connector ./connector";
