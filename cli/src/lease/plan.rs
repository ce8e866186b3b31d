//! From flags and environment to what will be looked at, or to everything that is wrong with them.

use quorate_core::api::{LeaseName, Namespace};
use quorate_core::election::observer::{ObserverConfig, ObserverOptions};
use quorate_runtime_tokio::random_seed;
use quorate_transport_hyper::Config;

use crate::args::Lease;
use crate::connecting;
use crate::faults::Faults;
use crate::lines::Format;

pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) observer: ObserverConfig,
    pub(super) format: Format,
}

impl Plan {
    pub(super) fn make(arguments: &Lease) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let name = faults.check("NAME", LeaseName::parse(bare_name(&arguments.name)));
        let format = Format::choose(&mut faults, &arguments.output);
        let request_timeout = connecting::request_timeout(&mut faults, &arguments.connecting);
        let config = connecting::config(&mut faults, &arguments.connecting);
        let namespace = match &arguments.namespace {
            Some(namespace) => namespace,
            None => connecting::namespace(config.as_ref()),
        };
        let namespace = faults.check("--namespace", Namespace::parse(namespace));
        let (Some(namespace), Some(name), Some(request_timeout)) = (namespace, name, request_timeout) else {
            return Err(faults);
        };
        let follow = arguments.watch;
        let options =
            ObserverOptions { follow, request_timeout, seed: random_seed(), ..ObserverOptions::new(namespace, name) };
        let observer = options.build().map_err(|error| faults.add(error)).ok();
        match (config, observer, format) {
            (Some(config), Some(observer), Some(format)) if faults.is_empty() => Ok(Self { config, observer, format }),
            _ => Err(faults),
        }
    }
}

/// As kubectl prints names, and takes them.
fn bare_name(name: &str) -> &str {
    let prefixes = ["lease/", "leases/", "lease.coordination.k8s.io/", "leases.coordination.k8s.io/"];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}
