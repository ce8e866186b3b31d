//! From flags and environment to what will be followed, or to everything that is wrong with them.

use quorate_core::membership::{
    Follow, Keep, LinkConfig, LinkOptions, MembershipConfig, MembershipOptions, Policy, Share,
};
use quorate_core::name::Naming;
use quorate_runtime_tokio::random_seed;
use quorate_transport_hyper::Config;

use super::beam;
use super::connector::Program;
use crate::args::Watch;
use crate::connecting;
use crate::duration::{duration, duration_or_never};
use crate::faults::Faults;
use crate::lines::Format;
use crate::selection;

pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) membership: MembershipConfig,
    /// Absent if nobody is to be connected.
    pub(super) links: Option<(LinkConfig, Via)>,
    pub(super) format: Format,
}

/// What connects and disconnects.
pub(super) enum Via {
    Program(Program),
    Beam(Box<beam::Options>),
}

/// The flags that only make sense with a connector.
const LINK_FLAGS: &[(&str, &str)] = &[
    ("self_name", "--self"),
    ("connector_timeout", "--connector-timeout"),
    ("parallel", "--parallel"),
    ("keep", "--keep"),
    ("disconnect_after", "--disconnect-after"),
    ("terminating_after", "--terminating-after"),
];

/// The flags that only make sense with Erlang nodes.
const BEAM_FLAGS: &[(&str, &str)] = &[
    ("beam_node", "--beam-node"),
    ("cookie_file", "--cookie-file"),
    ("dist_port", "--dist-port"),
    ("epmd_port", "--epmd-port"),
    ("beam_disconnect", "--beam-disconnect"),
];

impl Plan {
    pub(super) fn make(arguments: &Watch, from_command_line: impl Fn(&str) -> bool) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let selecting = &arguments.selecting;
        let service = selection::service(&mut faults, selecting);
        let policy = selection::policy(&mut faults, selecting, service.clone());
        let follow = follow(&mut faults, arguments, &from_command_line);
        let share = faults.check("--confirm-removals-over", share(&arguments.confirm_removals_over));
        let format = Format::choose(&mut faults, &arguments.output);
        let api = selection::api(&mut faults, selecting, service, &from_command_line, |listing| {
            // What did not parse is named already, and nothing is started with what stands in for it.
            let policy = policy.clone().unwrap_or_default();
            let (follow, confirm_removals_over) = (follow.unwrap_or_default(), share.unwrap_or_default());
            MembershipOptions { listing, policy, follow, confirm_removals_over }.build()
        });
        let namespace = own_namespace(api.as_ref().map(|(config, _)| config), &selecting.namespaces);
        let links = links(&mut faults, arguments, policy.as_ref(), &namespace, &from_command_line);
        match (api, format) {
            (Some((config, membership)), Some(format)) if faults.is_empty() => {
                Ok(Self { config, membership, links, format })
            }
            _ => Err(faults),
        }
    }
}

/// The namespace of our own pod: the downward API tells, or it is the one where we look.
fn own_namespace(config: Option<&Config>, selected: &[String]) -> String {
    let told = std::env::var("POD_NAMESPACE").ok().filter(|namespace| !namespace.is_empty());
    let only = || (selected.len() == 1).then(|| selected.first().cloned()).flatten();
    told.or_else(only).unwrap_or_else(|| connecting::namespace(config).into())
}

fn follow(faults: &mut Faults, arguments: &Watch, from_command_line: impl Fn(&str) -> bool) -> Option<Follow> {
    let compare = faults.check("--compare-every", duration(&arguments.compare_every));
    let Some(interval) = &arguments.poll_interval else {
        let mut watch = Follow::WATCH;
        if let Follow::Watch { compare_every, .. } = &mut watch {
            *compare_every = compare?;
        }
        return Some(watch);
    };
    if from_command_line("poll_interval") && from_command_line("compare_every") {
        faults.add("--compare-every is for watches, and --poll-interval polls: leave one of them out");
    }
    Some(Follow::Poll { interval: faults.check("--poll-interval", duration(interval))? })
}

fn share(text: &str) -> Result<Share, String> {
    let number = text.strip_suffix('%').unwrap_or(text);
    let share = number.trim_end().parse().ok().and_then(Share::percent);
    share.ok_or_else(|| format!("{text:?} is no share: write it as 50%, from 0% to 100%"))
}

fn refuse_flags(faults: &mut Faults, flags: &[(&str, &str)], why: &str, from_command_line: impl Fn(&str) -> bool) {
    for (_, flag) in flags.iter().filter(|(id, _)| from_command_line(id)) {
        faults.add(format_args!("{flag} {why}"));
    }
}

fn links(
    faults: &mut Faults,
    arguments: &Watch,
    policy: Option<&Policy>,
    namespace: &str,
    from_command_line: impl Fn(&str) -> bool,
) -> Option<(LinkConfig, Via)> {
    let keeps = [("present", Keep::Present), ("ready", Keep::Ready)];
    let number = arguments.parallel.parse().ok().filter(|number| *number > 0);
    let number = number.ok_or_else(|| format!("{:?} is no whole number above 0", arguments.parallel));
    let timeout = faults.check("--connector-timeout", duration(&arguments.connector_timeout));
    let parallel = faults.check("--parallel", number);
    let keep = faults.choose("--keep", &arguments.keep, &keeps);
    let disconnect_after = faults.check("--disconnect-after", duration_or_never(&arguments.disconnect_after));
    let terminating_after = faults.check("--terminating-after", duration_or_never(&arguments.terminating_after));
    let self_name = match (&arguments.self_name, policy) {
        (Some(name), Some(policy)) => faults.check("--self", policy.naming.check(name)),
        _ => None,
    };
    let Some(connector) = &arguments.connector else {
        let fault = "is about links, and without --connector there are none: add it";
        refuse_flags(faults, LINK_FLAGS, fault, &from_command_line);
        refuse_flags(faults, BEAM_FLAGS, fault, &from_command_line);
        return None;
    };
    let via = match connector == "beam" {
        true => beam::Options::of(faults, &arguments.beam, policy, namespace, &from_command_line)
            .map(Box::new)
            .map(Via::Beam),
        false => {
            refuse_flags(faults, BEAM_FLAGS, "is about Erlang nodes: add --connector beam", &from_command_line);
            faults.check("--connector", Program::find(connector)).map(Via::Program)
        }
    };
    let mut options = LinkOptions {
        self_name,
        parallel: parallel?,
        attempt_timeout: timeout?,
        keep: keep?,
        disconnect_after: disconnect_after?,
        terminating_after: terminating_after?,
        seed: random_seed(),
        ..LinkOptions::default()
    };
    let via = via?;
    if let Via::Beam(beam) = &via {
        beside(faults, &mut options, &policy?.naming, beam.node.name());
    }
    Some((options.build().map_err(|error| faults.add(error)).ok()?, via))
}

/// The local node is never dialled. Links come up from the other side all the time: one that is found late, when its peer has
/// left the view, would count as a stranger's.
fn beside(faults: &mut Faults, options: &mut LinkOptions, naming: &Naming, node: &str) {
    if let Some(name) = options.self_name.as_ref().filter(|name| name.as_str() != node) {
        faults.add(format_args!("--self is {name}, and the local node is to be {node}: leave --self out"));
    }
    if options.attempt_timeout < beam::LEAST_ATTEMPT {
        let least = beam::LEAST_ATTEMPT.as_secs();
        faults.add(format_args!(
            "--connector-timeout: with Erlang nodes less than {least} s is too short to find out who hangs"
        ));
    }
    // A name that no member can have need not be left out.
    options.self_name = naming.check(node).ok();
    options.list_interval = beam::LIST_INTERVAL;
}
