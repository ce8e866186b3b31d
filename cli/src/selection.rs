//! Which members, read from where and named how: from the flags that every command takes to what the core goes by.

use std::fmt::Display;

use quorate_core::api::{LabelSelector, Namespace, ServiceName};
use quorate_core::membership::listing::ListingOptions;
use quorate_core::membership::{Admission, Family, Policy, Source};
use quorate_core::name::{Basename, ClusterDomain, NameMode, Naming};
use quorate_runtime_tokio::random_seed;
use quorate_transport_hyper::Config;

use crate::args::Selecting;
use crate::connecting;
use crate::faults::Faults;

pub(crate) fn service(faults: &mut Faults, selecting: &Selecting) -> Option<ServiceName> {
    parse(faults, "--service", selecting.service.as_deref(), ServiceName::parse)
}

/// Who counts, under what name.
pub(crate) fn policy(faults: &mut Faults, selecting: &Selecting, service: Option<ServiceName>) -> Option<Policy> {
    let modes = [("ip", NameMode::Ip), ("hostname", NameMode::Hostname), ("dns", NameMode::Dns)];
    let admissions = [Admission::Ready, Admission::Serving, Admission::Any].map(|choice| (choice.as_str(), choice));
    let families = [("ipv4", Family::Ipv4), ("ipv6", Family::Ipv6)];
    let basename = parse(faults, "--basename", selecting.basename.as_deref(), Basename::parse);
    let mode = faults.choose("--mode", &selecting.mode, &modes);
    let domain = cluster_domain(faults, selecting.cluster_domain.as_deref());
    let admission = faults.choose("--include", &selecting.include, &admissions);
    let family = selecting.ip_family.as_ref().and_then(|name| faults.choose("--ip-family", name, &families));
    let naming = Naming { basename, mode: mode?, service, domain: domain? };
    Some(Policy { naming, admission: admission?, family })
}

fn cluster_domain(faults: &mut Faults, flag: Option<&str>) -> Option<ClusterDomain> {
    let variable = std::env::var("CLUSTER_DOMAIN").ok();
    let resolver = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let place = if flag.is_some() { "--cluster-domain" } else { "CLUSTER_DOMAIN" };
    faults.check(place, ClusterDomain::choose(flag, variable.as_deref(), &resolver))
}

/// The server to ask, and what is made of the objects that are asked of it. `build` proves their options.
pub(crate) fn api<T, E: Display>(
    faults: &mut Faults,
    selecting: &Selecting,
    service: Option<ServiceName>,
    from_command_line: impl Fn(&str) -> bool,
    build: impl FnOnce(ListingOptions) -> Result<T, E>,
) -> Option<(Config, T)> {
    let sources =
        [Source::EndpointSlices, Source::Endpoints, Source::Pods].map(|source| (source.resource().plural(), source));
    let scope = Scope::of(faults, selecting, from_command_line);
    let source = faults.choose("--source", &selecting.source, &sources);
    let selector = parse(faults, "--selector", selecting.selector.as_deref(), LabelSelector::parse);
    let request_timeout = connecting::request_timeout(faults, &selecting.connecting);
    let config = connecting::config(faults, &selecting.connecting);
    let namespaces = scope.namespaces(faults, config.as_ref());
    // What is there and does not parse is named already; it is not missing.
    let is_readable = |text: &Option<String>, parsed: bool| text.is_none() || parsed;
    let selection_is_readable =
        is_readable(&selecting.selector, selector.is_some()) && is_readable(&selecting.service, service.is_some());
    let defaults = ListingOptions::default();
    let options = ListingOptions {
        source: source.unwrap_or(defaults.source),
        namespaces,
        selector,
        service,
        request_timeout: request_timeout.unwrap_or(defaults.request_timeout),
        seed: random_seed(),
        ..defaults
    };
    let built = build(options)
        .map_err(|error| {
            if selection_is_readable {
                faults.add(error)
            }
        })
        .ok();
    Some((config?, built?))
}

/// Where to look.
enum Scope {
    /// Where the configuration says, or in `default` if it says nothing, as kubectl does.
    Configured,
    Everywhere,
    Named(Vec<String>),
}

impl Scope {
    fn of(faults: &mut Faults, selecting: &Selecting, from_command_line: impl Fn(&str) -> bool) -> Self {
        let named = || Self::Named(selecting.namespaces.clone());
        match (selecting.all_namespaces, selecting.namespaces.is_empty()) {
            (false, true) => Self::Configured,
            (false, false) => named(),
            (true, true) => Self::Everywhere,
            // A flag on the command line silences a variable that it does not go with.
            (true, false) => match (from_command_line("all_namespaces"), from_command_line("namespaces")) {
                (true, false) => Self::Everywhere,
                (false, true) => named(),
                _ => {
                    faults.add("--namespace and --all-namespaces exclude each other: leave one of them out");
                    Self::Everywhere
                }
            },
        }
    }

    fn namespaces(self, faults: &mut Faults, config: Option<&Config>) -> Vec<Namespace> {
        let names = match self {
            Self::Configured => vec![connecting::namespace(config).into()],
            Self::Everywhere => Vec::new(),
            Self::Named(names) => names,
        };
        names.iter().filter_map(|name| faults.check("--namespace", Namespace::parse(name))).collect()
    }
}

fn parse<T, E: Display>(
    faults: &mut Faults,
    flag: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    text.and_then(|text| faults.check(flag, parse(text)))
}
