//! What we make of a case, with the equivalent configuration.

use std::collections::BTreeSet;

use quorate_core::api::{FailureKind, LabelSelector, Namespace, ServiceName};
use quorate_core::membership::listing::{ListingConfig, ListingOptions};
use quorate_core::membership::{Admission, Follow, MembershipConfig, MembershipOptions, Policy, Source, View};
use quorate_core::name::{Basename, ClusterDomain, NameMode, Naming};
use quorate_tests::listing_host::ListingHost;

use super::case::{Case, Theirs, Transport};

/// What we make of one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ours {
    /// A whole list: the names, and what was seen and is no member.
    Members { names: BTreeSet<String>, skipped: Vec<String> },
    /// A part of a list: the rest is asked for.
    NextPage,
    /// No list: an attempt failed, and another follows or none does. The view stands.
    NoAnswer(String),
    /// The configuration is refused before anything is sent.
    Refused(String),
    /// The configuration has no counterpart in our types: there is nothing to refuse.
    Inexpressible,
}

/// Our configuration in the place of libcluster's.
pub(crate) struct Setup {
    config: ListingConfig,
    policy: Policy,
}

/// One answer, on its way to us.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
    pub(crate) transport: Transport,
    /// The request never went out.
    pub(crate) unsent: bool,
}

impl Setup {
    /// The configuration that this case's options come to, or what becomes of it instead.
    pub(crate) fn of(case: &Case) -> Result<Self, Ours> {
        let config = &case.config;
        let mode = match config.mode.as_deref() {
            None | Some("ip") => NameMode::Ip,
            Some("hostname") => NameMode::Hostname,
            Some("dns") => NameMode::Dns,
            Some(_) => return Err(Ours::Inexpressible),
        };
        let (source, admission) = match config.ip_lookup_mode.as_deref() {
            None | Some("endpoints") => (Source::Endpoints, Admission::Ready),
            // libcluster takes pods in any state.
            Some("pods") => (Source::Pods, Admission::Any),
            Some(_) => return Err(Ours::Inexpressible),
        };
        let mut refusals = Vec::new();
        let naming = Naming {
            basename: checked(config.basename.as_deref(), Basename::parse, &mut refusals),
            mode,
            service: checked(config.service.as_deref(), ServiceName::parse, &mut refusals),
            domain: checked(Some(&domain(case)), ClusterDomain::parse, &mut refusals).unwrap_or_default(),
        };
        // Without the option and without the file libcluster goes on with the empty namespace.
        let of_file = case.service_account.namespace.as_deref().map(str::trim);
        let namespace = config.namespace.as_deref().or(of_file).unwrap_or_default();
        let namespace = checked(Some(namespace), Namespace::parse, &mut refusals);
        let selector = checked(config.selector.as_deref(), LabelSelector::parse, &mut refusals);
        if !refusals.is_empty() {
            return Err(Ours::Refused(refusals.join("\n")));
        }
        let options = ListingOptions {
            source,
            namespaces: namespace.into_iter().collect(),
            selector,
            ..ListingOptions::default()
        };
        let config = options.build().map_err(|error| Ours::Refused(error.to_string()))?;
        Ok(Self { config, policy: Policy { naming, admission, family: None } })
    }

    /// The target of our first request.
    pub(crate) fn target(&self) -> String {
        ListingHost::start(self.config.clone()).targets()[0].clone()
    }

    /// The same, polled.
    pub(crate) fn polling(&self) -> MembershipConfig {
        let (listing, policy) = (self.config.options().clone(), self.policy.clone());
        MembershipOptions { listing, policy, follow: Follow::POLL, ..MembershipOptions::default() }.build().unwrap()
    }

    /// Feeds one answer to a new listing.
    pub(crate) fn take(&self, answer: &Answer<'_>) -> Ours {
        let mut host = ListingHost::start(self.config.clone());
        match answer.transport {
            _ if answer.unsent => host.fail(FailureKind::Unreachable),
            Transport::Ok => host.chunks(answer.status, None, [answer.body]),
            Transport::Chunked => host.chunks(answer.status, None, answer.body.chunks(7)),
            Transport::Close => host.fail(FailureKind::Interrupted),
            // Our own deadline ends it.
            Transport::Hang => drop(host.wait()),
            Transport::Truncated => {
                host.cut(answer.status, &answer.body[..answer.body.len() / 2], FailureKind::Interrupted);
            }
        }
        self.outcome(&host)
    }

    fn outcome(&self, host: &ListingHost) -> Ours {
        if let Some(snapshot) = host.listed() {
            let view = View::of(&snapshot.objects, &self.policy);
            return Ours::Members {
                names: view.members.keys().map(ToString::to_string).collect(),
                skipped: view.skipped.iter().map(ToString::to_string).collect(),
            };
        }
        match host.last_event() {
            None if host.is_asking() => Ours::NextPage,
            Some(event) => Ours::NoAnswer(event.to_string()),
            None => panic!("the machine neither asks nor says anything"),
        }
    }
}

impl Ours {
    pub(crate) fn agrees_with(&self, theirs: &Theirs) -> bool {
        match (self, theirs) {
            (Self::Members { names, .. }, Theirs::Nodes(nodes)) => names == nodes,
            (Self::NoAnswer(_), Theirs::Kept) => true,
            _ => false,
        }
    }
}

/// What the environment says, else `<cluster name>.local`.
fn domain(case: &Case) -> String {
    // There the environment only led libcluster to the recorder's own server.
    let of_environment = case.env.get("CLUSTER_DOMAIN").filter(|_| case.via.as_deref() != Some("direct"));
    let cluster_name = case.config.cluster_name.as_deref().unwrap_or("cluster");
    of_environment.map_or_else(|| format!("{cluster_name}.local"), Clone::clone)
}

fn checked<T, E: ToString>(
    text: Option<&str>,
    parse: fn(&str) -> Result<T, E>,
    refusals: &mut Vec<String>,
) -> Option<T> {
    text.and_then(|text| parse(text).map_err(|error| refusals.push(error.to_string())).ok())
}
