//! What is simulated, as data: whoever has the plan has the whole run.

use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::api::{LabelSelector, LeaseName, Namespace};
use crate::election::{ElectionConfig, ElectionOptions};
use crate::membership::listing::ListingOptions;
use crate::membership::{Follow, MembershipConfig, MembershipOptions, Policy, Source};
use crate::name::{Basename, Naming};

/// The namespace of everything that is simulated.
pub(super) const NAMESPACE: &str = "lab";
/// The Lease.
pub(super) const LEASE: &str = "demo";
/// The label of all pods, and its value.
pub(super) const LABEL: (&str, &str) = ("app", "web");
/// The Service.
pub(super) const SERVICE: &str = "web";
/// What comes before the `@` of each name.
pub(super) const BASENAME: &str = "app";

/// What is simulated: a cluster, and what befalls it. The same plan gives the same run, byte for byte.
///
/// It is read and written as JSON. All times are real ones, as no node can read them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a plan is built by every user, with ..Plan::default()")]
pub struct Plan {
    /// Settles latencies, the machines' jitter and every other chance.
    pub seed: u64,
    /// Pods with a process that stands for election, and follows and links the members. They have the numbers from 0.
    pub nodes: usize,
    /// Processes that only follow and link the members, and are none. They have the numbers after the nodes'.
    #[serde(default)]
    pub observers: usize,
    /// Further pods that are members, and nothing else.
    #[serde(default)]
    pub members: usize,
    /// How long faults may hold. Then all of them end, and everything must come right within five minutes.
    pub duration_ms: u64,
    /// One way between a node and the server, at least; up to half more by chance. Default: 1 ms.
    #[serde(default = "latency_us")]
    pub latency_us: u64,
    /// How long after a pod's change Endpoints and slices follow, many changes at once. Default: 100 ms.
    #[serde(default = "endpoints_delay_ms")]
    pub endpoints_delay_ms: u64,
    /// How the nodes stand for election.
    #[serde(default)]
    pub election: ElectionPlan,
    /// How nodes and observers follow the members.
    #[serde(default)]
    pub membership: MembershipPlan,
    /// The clocks, by the number of the node; those that are missing are right.
    #[serde(default)]
    pub clocks: Vec<ClockPlan>,
    /// What befalls them, in order of time.
    #[serde(default)]
    pub faults: Vec<Planned>,
}

const fn latency_us() -> u64 {
    1_000
}

const fn endpoints_delay_ms() -> u64 {
    100
}

/// Five nodes that nothing befalls for ten minutes.
impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 0,
            nodes: 5,
            observers: 0,
            members: 0,
            duration_ms: 600_000,
            latency_us: latency_us(),
            endpoints_delay_ms: endpoints_delay_ms(),
            election: ElectionPlan::default(),
            membership: MembershipPlan::default(),
            clocks: Vec::new(),
            faults: Vec::new(),
        }
    }
}

/// A fault, its time, and whom it is meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "when, to whom and what, and nothing else")]
pub struct Planned {
    /// When it begins, since the beginning of the run.
    pub at_ms: u64,
    /// Whom it befalls: some can be told only then.
    #[serde(default, skip_serializing_if = "Whom::is_named")]
    pub whom: Whom,
    /// What happens.
    pub fault: Fault,
}

impl Planned {
    /// A fault that befalls whomever it names.
    #[must_use]
    pub const fn new(at_ms: u64, fault: Fault) -> Self {
        Self { at_ms, whom: Whom::Named, fault }
    }

    /// A fault that befalls whoever leads when it begins.
    #[must_use]
    pub const fn leader(at_ms: u64, fault: Fault) -> Self {
        Self { at_ms, whom: Whom::Leader, fault }
    }
}

/// Which node a fault befalls: settled when it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Whom {
    /// The one whose number it says.
    #[default]
    Named,
    /// Whose guard says "leading"; while nobody leads, the one whose number it says.
    Leader,
    /// One of those who stand and do not lead, by the number that it says; if there is none, the one of this number.
    Standby,
}

impl Whom {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    const fn is_named(&self) -> bool {
        matches!(self, Self::Named)
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Named => "meant by its number",
            Self::Leader => "meant for whoever leads",
            Self::Standby => "meant for a standby",
        })
    }
}

/// How the nodes stand for election. The defaults are those of [`ElectionOptions`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a plan is built by every user, with ..ElectionPlan::default()")]
pub struct ElectionPlan {
    /// Whole seconds. Default: 15 s.
    pub lease_duration_ms: u64,
    /// Default: 10 s.
    pub renew_deadline_ms: u64,
    /// Default: 2 s.
    pub retry_period_ms: u64,
    /// Default: 20.
    pub jitter_percent: u8,
    /// Default: 1,010.
    pub rate_ratio_permille: u32,
    /// Whether identities have no nonce. Default: no.
    pub exact_identity: bool,
    /// Whether all nodes stand in one name, as replicas do whose identities are copied; only with exact identities. Default: no.
    pub one_name: bool,
    /// What Lease there is from the beginning. Default: an empty one.
    pub lease: LeasePlan,
    /// Takes the settings even if they cannot work: to see what becomes of the cluster. Default: no.
    pub unproven: bool,
}

impl Default for ElectionPlan {
    fn default() -> Self {
        Self {
            lease_duration_ms: 15_000,
            renew_deadline_ms: 10_000,
            retry_period_ms: 2_000,
            jitter_percent: 20,
            rate_ratio_permille: 1010,
            exact_identity: false,
            one_name: false,
            lease: LeasePlan::Empty,
            unproven: false,
        }
    }
}

/// The Lease as it is at the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LeasePlan {
    /// There is none.
    Absent,
    /// Nobody holds it.
    #[default]
    Empty,
    /// Somebody holds it who is no more.
    Held {
        /// `leaseDurationSeconds`, at least 1; absent if the record says none.
        duration_s: Option<u32>,
    },
}

/// How nodes and observers follow the members. The defaults are those of [`MembershipOptions`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "a plan is built by every user, with ..MembershipPlan::default()")]
pub struct MembershipPlan {
    /// Which objects tell of the members. Endpoints tell of a thousand at most.
    #[serde(with = "SourceName")]
    pub source: Source,
    /// They poll so often; by default they watch.
    pub poll_ms: Option<u64>,
    /// Those who watch compare their view with a fresh list so often; by default every ten minutes.
    pub compare_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Source", rename_all = "snake_case")]
enum SourceName {
    EndpointSlices,
    Endpoints,
    Pods,
}

/// The clocks of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "two clocks, as a node has them")]
pub struct ClockPlan {
    /// How fast its monotonic clock runs; 1,000 is right.
    pub rate_permille: u32,
    /// How far its wall clock is ahead.
    pub wall_offset_ms: i64,
}

impl Default for ClockPlan {
    fn default() -> Self {
        Self { rate_permille: 1000, wall_offset_ms: 0 }
    }
}

/// A plan that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanError(String);

impl PlanError {
    pub(super) fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the plan cannot be carried out: {}", self.0)
    }
}

impl core::error::Error for PlanError {}

impl Plan {
    /// How long the faults may hold.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        Duration::from_millis(self.duration_ms)
    }

    /// The slowest and the fastest that any clock ever runs, in thousandths.
    #[must_use]
    pub fn clock_rates(&self) -> (u32, u32) {
        let processes = self.nodes.saturating_add(self.observers);
        let planned = self.clocks.iter().take(processes).map(|clock| clock.rate_permille);
        let drifting = self.faults.iter().filter_map(|planned| match planned.fault {
            Fault::Drift { node, rate_permille } if node < processes || !planned.whom.is_named() => Some(rate_permille),
            _ => None,
        });
        let right = (self.clocks.len() < processes).then_some(1000);
        let rates = planned.chain(drifting).chain(right).map(|rate| rate.max(1));
        rates.fold((u32::MAX, 1), |(slowest, fastest), rate| (slowest.min(rate), fastest.max(rate)))
    }

    /// The settings of one process of a node, whose number no other process has.
    pub(super) fn election(&self, node: usize, life: u64) -> Result<ElectionConfig, PlanError> {
        let ElectionPlan { jitter_percent, rate_ratio_permille, exact_identity, one_name, unproven, .. } =
            self.election;
        let identity = if one_name { String::from("node") } else { format!("node-{node}") };
        let namespace = Namespace::parse(NAMESPACE).map_err(PlanError::new)?;
        let name = LeaseName::parse(LEASE).map_err(PlanError::new)?;
        let options = ElectionOptions {
            exact_identity,
            lease_duration: Duration::from_millis(self.election.lease_duration_ms),
            renew_deadline: Duration::from_millis(self.election.renew_deadline_ms),
            retry_period: Duration::from_millis(self.election.retry_period_ms),
            jitter_percent,
            rate_ratio_permille,
            seed: self.seed.wrapping_add(life),
            ..ElectionOptions::new(namespace, name, &identity, life)
        };
        if unproven { Ok(options.unproven()) } else { options.build().map_err(PlanError::new) }
    }

    pub(super) fn policy() -> Result<Policy, PlanError> {
        let basename = Some(Basename::parse(BASENAME).map_err(PlanError::new)?);
        Ok(Policy { naming: Naming { basename, ..Naming::default() }, ..Policy::default() })
    }

    pub(super) fn listing(&self, seed: u64) -> Result<ListingOptions, PlanError> {
        let selector = LabelSelector::parse(&format!("{}={}", LABEL.0, LABEL.1)).map_err(PlanError::new)?;
        Ok(ListingOptions {
            source: self.membership.source,
            namespaces: [Namespace::parse(NAMESPACE).map_err(PlanError::new)?].into(),
            selector: Some(selector),
            seed,
            ..ListingOptions::default()
        })
    }

    pub(super) fn membership(&self, life: u64) -> Result<MembershipConfig, PlanError> {
        let mut follow = match self.membership.poll_ms {
            Some(interval) => Follow::Poll { interval: Duration::from_millis(interval) },
            None => Follow::WATCH,
        };
        if let (Follow::Watch { compare_every, .. }, Some(millis)) = (&mut follow, self.membership.compare_ms) {
            *compare_every = Duration::from_millis(millis);
        }
        let listing = self.listing(self.seed.wrapping_add(life))?;
        let options = MembershipOptions { listing, policy: Self::policy()?, follow, ..MembershipOptions::default() };
        options.build().map_err(PlanError::new)
    }
}
