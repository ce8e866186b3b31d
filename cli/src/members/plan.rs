//! From flags and environment to what will be done, or to everything that is wrong with them.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use quorate_core::membership::Policy;
use quorate_core::membership::listing::{ListingConfig, ListingOptions};
use quorate_transport_hyper::Config;

use super::output::Format;
use crate::args::Members;
use crate::faults::Faults;
use crate::selection;

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
        let selecting = &arguments.selecting;
        let service = selection::service(&mut faults, selecting);
        let policy = selection::policy(&mut faults, selecting, service.clone());
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
            None => selection::api(&mut faults, selecting, service, from_command_line, ListingOptions::build)
                .map(|(config, listing)| Input::Api { config, listing }),
        };
        match (input, policy, format) {
            (Some(input), Some(policy), Some(format)) if faults.is_empty() => Ok(Self { input, policy, format }),
            _ => Err(faults),
        }
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
