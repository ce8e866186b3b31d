//! Which server to ask, and for how long: from the flags that every command takes.

use std::path::Path;
use std::time::Duration;

use quorate_transport_hyper::{Config, Environment, Selection};

use crate::args::Connecting;
use crate::duration::duration;
use crate::faults::Faults;

pub(crate) fn config(faults: &mut Faults, connecting: &Connecting) -> Option<Config> {
    discover(faults, connecting.kubeconfig.as_deref(), connecting.context.as_deref())
}

pub(crate) fn discover(faults: &mut Faults, kubeconfig: Option<&Path>, context: Option<&str>) -> Option<Config> {
    let selection = Selection { kubeconfig: kubeconfig.map(Into::into), context: context.map(Into::into) };
    Config::discover(&Environment::from_process(), &selection).map_err(|error| faults.add(error)).ok()
}

pub(crate) fn request_timeout(faults: &mut Faults, connecting: &Connecting) -> Option<Duration> {
    faults.check("--request-timeout", duration(&connecting.request_timeout))
}

/// Where the configuration says, or in `default` if it says nothing, as kubectl does.
pub(crate) fn namespace(config: Option<&Config>) -> &str {
    config.and_then(Config::namespace).unwrap_or("default")
}
