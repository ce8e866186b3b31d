//! What every command takes that asks a server.

use std::path::PathBuf;

use clap::Args;

// No documentation comment: clap would show it as the command's own.
#[derive(Args, Debug)]
pub(crate) struct Connecting {
    /// The kubeconfig file to use [default: KUBECONFIG, else ~/.kube/config, else this pod's service account]
    #[arg(long, env = "QUORATE_KUBECONFIG", value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig to use [default: its current context]
    #[arg(long, env = "QUORATE_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,

    /// How long to keep trying for one answer, pauses and repetitions included, such as 10s or 1m
    #[arg(long, env = "QUORATE_REQUEST_TIMEOUT", value_name = "DURATION", default_value = "10s")]
    pub(crate) request_timeout: String,
}
