//! The flags of `quorate elect`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// Run a command on one machine at a time: only while we lead
///
/// All copies that name the same LEASE are candidates. One of them holds it and runs the COMMAND; the others stand by, and
/// one of them takes over when it is released or expires. The command finds LEADER_LEASE, LEADER_IDENTITY,
/// LEADER_FENCING_TOKEN and LEADER_TRANSITIONS in its environment. When leadership is lost it gets SIGTERM, and everything it
/// started is killed before another may lead. On SIGTERM and SIGINT it is stopped first, and then the Lease is released. Each
/// flag can also be given in the environment, under the name shown with it; the command line wins.
///
/// Exit codes: the COMMAND's, or 128 and the signal that ended it; 125 we failed; 126 it cannot be run; 127 there is no such
/// command; 2 the usage or the configuration is wrong; 0 we were told to end while standing by.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Elect {
    /// The Lease that all candidates share
    #[arg(env = "QUORATE_LEASE", value_name = "LEASE")]
    pub(crate) lease: String,

    /// The namespace of the Lease [default: the context's, or the service account's]
    #[arg(short = 'n', long, env = "QUORATE_NAMESPACE", value_name = "NAMESPACE")]
    pub(crate) namespace: Option<String>,

    /// Who we are, for people; a random suffix follows it in the Lease [default: the host name]
    #[arg(long, env = "QUORATE_IDENTITY", value_name = "NAME")]
    pub(crate) identity: Option<String>,

    /// How long others must see no renewal before one of them takes over: whole seconds
    #[arg(long, env = "QUORATE_LEASE_DURATION", value_name = "DURATION", default_value = "15s", help_heading = TIMING)]
    pub(crate) lease_duration: String,

    /// How long after its last successful renewal was sent a leader still leads
    #[arg(long, env = "QUORATE_RENEW_DEADLINE", value_name = "DURATION", default_value = "10s", help_heading = TIMING)]
    pub(crate) renew_deadline: String,

    /// The pause from attempt to attempt, and from renewal to renewal
    #[arg(long, env = "QUORATE_RETRY_PERIOD", value_name = "DURATION", default_value = "2s", help_heading = TIMING)]
    pub(crate) retry_period: String,

    /// How long the command may take to end when we are told to end, before it is killed
    #[arg(long, env = "QUORATE_GRACE_PERIOD", value_name = "DURATION", default_value = "25s", help_heading = TIMING)]
    pub(crate) grace_period: String,

    /// What to do when the command ends by itself: release the Lease and exit as it did, or run it again
    #[arg(long, env = "QUORATE_ON_EXIT", value_name = "release|restart", default_value = "release")]
    pub(crate) on_exit: String,

    /// What to do when leadership was lost and the command is gone: stand by, or exit as the command did
    #[arg(long, env = "QUORATE_ON_LOSS", value_name = "standby|exit", default_value = "standby")]
    pub(crate) on_loss: String,

    /// What to do where there is no Lease: create it and wait for its duration, or lead at once
    #[arg(long, env = "QUORATE_CREATE", value_name = "safe|fast", default_value = "safe")]
    pub(crate) create: String,

    /// Candidates that use client-go may share the Lease: the command gets one second less to end
    #[arg(long, env = "QUORATE_BESIDE_CLIENT_GO", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) beside_client_go: bool,

    /// Append what happens to this file, one JSON object a line
    #[arg(long, env = "QUORATE_EVENTS", value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// Serve /livez, /readyz, /leader and /metrics here
    #[arg(long, env = "QUORATE_LISTEN", value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,

    /// The kubeconfig file to use [default: KUBECONFIG, else ~/.kube/config, else this pod's service account]
    #[arg(long, env = "QUORATE_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig to use [default: its current context]
    #[arg(long, env = "QUORATE_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// Say on standard error what is done; twice for every request. In the environment: how often
    #[arg(short = 'v', long, env = "QUORATE_VERBOSE", action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// What to run
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

const TIMING: &str = "Timing";

const EXAMPLES: &str = "\
Examples:
  quorate elect scheduler -- ./scheduler --port 8080
  quorate elect nightly -n jobs --on-exit restart --listen 0.0.0.0:9090 -- ./worker
  quorate elect demo --lease-duration 3s --renew-deadline 2s --retry-period 500ms -- sleep 60";
