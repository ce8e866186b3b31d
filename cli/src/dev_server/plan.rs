//! From flags and environment to what will be served, or to everything that is wrong with them.

use std::ffi::OsString;
use std::path::PathBuf;

use quorate_transport_hyper::serve::{FaultChange, ServeOptions};
use serde_json::Value;

use super::load;
use crate::args::DevServer;
use crate::duration::duration;
use crate::faults::Faults;

pub(super) struct Plan {
    pub(super) options: ServeOptions,
    /// What happens once, when all else is ready.
    pub(super) change: FaultChange,
    pub(super) seed: u64,
    pub(super) loaded: Vec<Loaded>,
    pub(super) kubeconfig_out: Option<PathBuf>,
    /// Empty if there is none.
    pub(super) command: Vec<OsString>,
}

/// The objects of one file.
pub(super) struct Loaded {
    pub(super) file: PathBuf,
    pub(super) objects: Vec<Value>,
}

impl Plan {
    pub(super) fn make(arguments: &DevServer) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let defaults = ServeOptions::default();
        let listen = faults.check(
            "--listen",
            arguments.listen.parse().map_err(|_| {
                format!("{:?} is no address and port: write it as 127.0.0.1:0 or [::1]:6443", arguments.listen)
            }),
        );
        let seed = number(&mut faults, "--seed", Some(&arguments.seed)).unwrap_or(defaults.seed);
        let (lasting, change) = wrong_on_purpose(&mut faults, arguments);
        let loaded = arguments.load.iter().filter_map(|file| {
            let objects = faults.check(&format!("--load {}", file.display()), load::objects(file))?;
            Some(Loaded { file: file.clone(), objects })
        });
        let loaded = loaded.collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut options = ServeOptions { listen: listen.unwrap_or(defaults.listen), seed, ..defaults };
        options.faults.take(&lasting);
        Ok(Self {
            options,
            change,
            seed,
            loaded,
            kubeconfig_out: arguments.kubeconfig_out.clone(),
            command: arguments.command.clone(),
        })
    }
}

/// The faults that last, and those that happen once.
fn wrong_on_purpose(faults: &mut Faults, arguments: &DevServer) -> (FaultChange, FaultChange) {
    let errors = arguments.error_rate.iter().filter_map(|text| faults.check("--error-rate", text.parse())).collect();
    let lasting = FaultChange {
        latency_ms: millis(faults, "--latency", arguments.latency.as_deref()),
        errors: Some(errors),
        stall_watches: Some(arguments.stall_watches),
        cut_watches_after_ms: millis(faults, "--cut-watches-after", arguments.cut_watches_after.as_deref()),
        compact_every_ms: millis(faults, "--compact-every", arguments.compact_every.as_deref()),
        lag: number(faults, "--lag", arguments.lag.as_deref()),
        ..FaultChange::default()
    };
    let once = FaultChange {
        outage_ms: millis(faults, "--outage", arguments.outage.as_deref()),
        token_expires_in_ms: millis(faults, "--token-expiry", arguments.token_expiry.as_deref()),
        ..FaultChange::default()
    };
    (lasting, once)
}

fn number(faults: &mut Faults, flag: &str, text: Option<&str>) -> Option<u64> {
    text.and_then(|text| faults.check(flag, text.parse().map_err(|_| format!("{text:?} is no whole number"))))
}

fn millis(faults: &mut Faults, flag: &str, text: Option<&str>) -> Option<u64> {
    text.and_then(|text| faults.check(flag, length(text)))
}

/// In whole milliseconds, and at least one: zero would turn the fault off.
fn length(text: &str) -> Result<u64, String> {
    let millis = u64::try_from(duration(text)?.as_millis()).ok().filter(|millis| *millis > 0);
    millis.ok_or_else(|| format!("{text:?} is no whole number of milliseconds that a server can wait"))
}
