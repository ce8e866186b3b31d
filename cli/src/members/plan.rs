//! From flags and environment to what will be done, or to everything that is wrong with them.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use quorate_core::api::{LabelSelector, Namespace, ServiceName};
use quorate_core::membership::listing::{ListingConfig, ListingOptions};
use quorate_core::membership::{Admission, Family, Policy, Source};
use quorate_core::name::{Basename, ClusterDomain, NameMode, Naming};
use quorate_transport_hyper::{Config, Environment, Selection};

use super::output::Format;
use crate::args::Members;
use crate::duration::duration;
use crate::faults::Faults;

pub(super) struct Plan {
    pub(super) input: Input,
    pub(super) policy: Policy,
    pub(super) format: Format,
}

pub(super) enum Input {
    Api { config: Config, listing: ListingConfig },
    Document(PathBuf),
}

/// The flags that only make sense for a server.
const API_FLAGS: &[(&str, &str)] = &[
    ("selector", "--selector"),
    ("namespaces", "--namespace"),
    ("all_namespaces", "--all-namespaces"),
    ("source", "--source"),
    ("kubeconfig", "--kubeconfig"),
    ("context", "--context"),
    ("request_timeout", "--request-timeout"),
];

impl Plan {
    pub(super) fn make(arguments: &Members, from_command_line: impl Fn(&str) -> bool) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let service = parse(&mut faults, "--service", arguments.service.as_deref(), ServiceName::parse);
        let policy = policy(&mut faults, arguments, service.clone());
        let format = format(&mut faults, arguments.output.as_deref());
        // A flag on the command line silences a variable that it does not go with.
        let asks_server = API_FLAGS.iter().any(|(id, _)| from_command_line(id));
        let file = arguments.file.as_ref().filter(|_| from_command_line("file") || !asks_server);
        let input = match file {
            Some(file) => {
                for (_, flag) in API_FLAGS.iter().filter(|(id, _)| from_command_line(id)) {
                    faults
                        .add(format_args!("{flag} asks a server, and --file reads a document: leave one of them out"));
                }
                Some(Input::Document(file.clone()))
            }
            None => {
                let scope = Scope::of(&mut faults, arguments, from_command_line);
                api(&mut faults, arguments, scope, service)
            }
        };
        match (input, policy, format) {
            (Some(input), Some(policy), Some(format)) if faults.is_empty() => Ok(Self { input, policy, format }),
            _ => Err(faults),
        }
    }
}

fn policy(faults: &mut Faults, arguments: &Members, service: Option<ServiceName>) -> Option<Policy> {
    let modes = [("ip", NameMode::Ip), ("hostname", NameMode::Hostname), ("dns", NameMode::Dns)];
    let admissions = [Admission::Ready, Admission::Serving, Admission::Any].map(|choice| (choice.as_str(), choice));
    let families = [("ipv4", Family::Ipv4), ("ipv6", Family::Ipv6)];
    let basename = parse(faults, "--basename", arguments.basename.as_deref(), Basename::parse);
    let mode = faults.choose("--mode", &arguments.mode, &modes);
    let domain = cluster_domain(faults, arguments.cluster_domain.as_deref());
    let admission = faults.choose("--include", &arguments.include, &admissions);
    let family = arguments.ip_family.as_ref().and_then(|name| faults.choose("--ip-family", name, &families));
    let naming = Naming { basename, mode: mode?, service, domain: domain? };
    Some(Policy { naming, admission: admission?, family })
}

fn cluster_domain(faults: &mut Faults, flag: Option<&str>) -> Option<ClusterDomain> {
    let variable = std::env::var("CLUSTER_DOMAIN").ok();
    let resolver = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let place = if flag.is_some() { "--cluster-domain" } else { "CLUSTER_DOMAIN" };
    faults.check(place, ClusterDomain::choose(flag, variable.as_deref(), &resolver))
}

/// Where to look.
enum Scope {
    /// Where the configuration says, or in `default` if it says nothing, as kubectl does.
    Configured,
    Everywhere,
    Named(Vec<String>),
}

impl Scope {
    fn of(faults: &mut Faults, arguments: &Members, from_command_line: impl Fn(&str) -> bool) -> Self {
        let named = || Self::Named(arguments.namespaces.clone());
        match (arguments.all_namespaces, arguments.namespaces.is_empty()) {
            (false, true) => Self::Configured,
            (false, false) => named(),
            (true, true) => Self::Everywhere,
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
            Self::Configured => vec![config.and_then(Config::namespace).unwrap_or("default").into()],
            Self::Everywhere => Vec::new(),
            Self::Named(names) => names,
        };
        names.iter().filter_map(|name| faults.check("--namespace", Namespace::parse(name))).collect()
    }
}

fn format(faults: &mut Faults, name: Option<&str>) -> Option<Format> {
    let formats = [("name", Format::Name), ("table", Format::Table), ("wide", Format::Wide), ("json", Format::Json)];
    match name {
        Some(name) => faults.choose("--output", name, &formats),
        None if std::io::stdout().is_terminal() => Some(Format::Table),
        None => Some(Format::Name),
    }
}

fn api(faults: &mut Faults, arguments: &Members, scope: Scope, service: Option<ServiceName>) -> Option<Input> {
    let sources =
        [Source::EndpointSlices, Source::Endpoints, Source::Pods].map(|source| (source.resource().plural(), source));
    let source = faults.choose("--source", &arguments.source, &sources);
    let selector = parse(faults, "--selector", arguments.selector.as_deref(), LabelSelector::parse);
    let request_timeout = faults.check("--request-timeout", duration(&arguments.request_timeout));
    let selection = Selection { kubeconfig: arguments.kubeconfig.clone(), context: arguments.context.clone() };
    let config = Config::discover(&Environment::from_process(), &selection).map_err(|error| faults.add(error)).ok();
    let namespaces = scope.namespaces(faults, config.as_ref());
    // What is there and does not parse is named already; it is not missing.
    let is_readable = |text: &Option<String>, parsed: bool| text.is_none() || parsed;
    let selection_is_readable =
        is_readable(&arguments.selector, selector.is_some()) && is_readable(&arguments.service, service.is_some());
    let defaults = ListingOptions::default();
    let options = ListingOptions {
        source: source.unwrap_or(defaults.source),
        namespaces,
        selector,
        service,
        request_timeout: request_timeout.unwrap_or(defaults.request_timeout),
        seed: u64::from(std::process::id()),
        ..defaults
    };
    let listing = options
        .build()
        .map_err(|error| {
            if selection_is_readable {
                faults.add(error)
            }
        })
        .ok();
    Some(Input::Api { config: config?, listing: listing? })
}

fn parse<T, E: std::fmt::Display>(
    faults: &mut Faults,
    flag: &str,
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<T> {
    text.and_then(|text| faults.check(flag, parse(text)))
}
