//! The flags of `quorate replay`.

use std::path::PathBuf;

use clap::Args;

/// Play a simulated cluster again, step by step, with what every machine says of itself
///
/// A trace is what a simulation wrote when it broke a promise: the plan of a whole cluster and what befell it, as JSON. The
/// same plan gives the same run, so whoever has the trace sees the fault. A plan can also be written by hand.
///
/// Exit codes: 0 no promise is broken; 1 one is; 2 the usage is wrong, or the trace is none.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Replay {
    /// The trace, a file; - for standard input
    #[arg(value_name = "TRACE")]
    pub(crate) trace: PathBuf,

    /// Show steps from this time of the run on [default: 10 s before the trace's violation, or the beginning]
    #[arg(long, value_name = "DURATION")]
    pub(crate) from: Option<String>,

    /// Show steps up to this time of the run [default: its end]
    #[arg(long, value_name = "DURATION")]
    pub(crate) until: Option<String>,

    /// Show only what concerns this node, by its number
    #[arg(long, value_name = "N")]
    pub(crate) node: Option<usize>,

    /// Print no steps: only whether a promise is broken
    #[arg(short = 'q', long)]
    pub(crate) quiet: bool,

    /// Draw who led when, who was linked to whom, and which faults there were, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    /// Write the smallest plan that breaks the same promise, as a trace, to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) shrink: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  quorate replay target/traces/7.json
  quorate replay trace.json --from 12s --until 15s --node 2
  quorate replay trace.json -q --svg run.svg --shrink smaller.json";
