//! From flags and environment to what will be followed, or to everything that is wrong with them.

use quorate_core::membership::{
    Follow, Keep, LinkConfig, LinkOptions, MembershipConfig, MembershipOptions, Policy, Share,
};
use quorate_runtime_tokio::random_seed;
use quorate_transport_hyper::Config;

use super::connector::Program;
use crate::args::Watch;
use crate::duration::{duration, duration_or_never};
use crate::faults::Faults;
use crate::lines::Format;
use crate::selection;

pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) membership: MembershipConfig,
    /// Absent if nobody is to be connected.
    pub(super) links: Option<(LinkConfig, Program)>,
    pub(super) format: Format,
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

impl Plan {
    pub(super) fn make(arguments: &Watch, from_command_line: impl Fn(&str) -> bool) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let selecting = &arguments.selecting;
        let service = selection::service(&mut faults, selecting);
        let policy = selection::policy(&mut faults, selecting, service.clone());
        let follow = follow(&mut faults, arguments, &from_command_line);
        let share = faults.check("--confirm-removals-over", share(&arguments.confirm_removals_over));
        let links = links(&mut faults, arguments, policy.as_ref(), &from_command_line);
        let format = Format::choose(&mut faults, &arguments.output);
        let api = selection::api(&mut faults, selecting, service, from_command_line, |listing| {
            // What did not parse is named already, and nothing is started with what stands in for it.
            let policy = policy.unwrap_or_default();
            let (follow, confirm_removals_over) = (follow.unwrap_or_default(), share.unwrap_or_default());
            MembershipOptions { listing, policy, follow, confirm_removals_over }.build()
        });
        match (api, format) {
            (Some((config, membership)), Some(format)) if faults.is_empty() => {
                Ok(Self { config, membership, links, format })
            }
            _ => Err(faults),
        }
    }
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

fn links(
    faults: &mut Faults,
    arguments: &Watch,
    policy: Option<&Policy>,
    from_command_line: impl Fn(&str) -> bool,
) -> Option<(LinkConfig, Program)> {
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
        for (_, flag) in LINK_FLAGS.iter().filter(|(id, _)| from_command_line(id)) {
            faults.add(format_args!("{flag} is about links, and without --connector there are none: add it"));
        }
        return None;
    };
    let connector = faults.check("--connector", Program::find(connector));
    let options = LinkOptions {
        self_name,
        parallel: parallel?,
        attempt_timeout: timeout?,
        keep: keep?,
        disconnect_after: disconnect_after?,
        terminating_after: terminating_after?,
        seed: random_seed(),
        ..LinkOptions::default()
    };
    Some((options.build().map_err(|error| faults.add(error)).ok()?, connector?))
}
