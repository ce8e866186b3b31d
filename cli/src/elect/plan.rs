//! From flags and environment to what will be done, or to everything that is wrong with them.

use std::net::SocketAddr;
use std::path::PathBuf;

use quorate_core::api::{LeaseName, Namespace};
use quorate_core::election::{Create, ElectionConfig, ElectionOptions};
use quorate_runtime_tokio::random_seed;
use quorate_transport_hyper::Config;

use super::monitor;
use super::supervisor::{OnExit, OnLoss, Supervision};
use crate::args::Elect;
use crate::connecting;
use crate::duration::duration;
use crate::faults::Faults;

pub(super) struct Plan {
    pub(super) config: Config,
    pub(super) election: ElectionConfig,
    pub(super) supervision: Supervision,
    pub(super) events: Option<PathBuf>,
    pub(super) listen: Option<SocketAddr>,
}

impl Plan {
    pub(super) fn make(arguments: &Elect) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let config = connecting::discover(&mut faults, arguments.kubeconfig.as_deref(), arguments.context.as_deref());
        let election = election(&mut faults, arguments, config.as_ref());
        let on_exit = [("release", OnExit::Release), ("restart", OnExit::Restart)];
        let on_loss = [("standby", OnLoss::StandBy), ("exit", OnLoss::Exit)];
        let supervision = (
            faults.choose("--on-exit", &arguments.on_exit, &on_exit),
            faults.choose("--on-loss", &arguments.on_loss, &on_loss),
            faults.check("--grace-period", duration(&arguments.grace_period)),
        );
        let listen = arguments.listen.as_deref();
        let listen = listen.and_then(|text| faults.check("--listen", monitor::address(text)));
        match (config, election, supervision) {
            (Some(config), Some(election), (Some(on_exit), Some(on_loss), Some(grace))) if faults.is_empty() => {
                let command = arguments.command.clone();
                let supervision = Supervision { command, on_exit, on_loss, grace };
                Ok(Self { config, election, supervision, events: arguments.events.clone(), listen })
            }
            _ => Err(faults),
        }
    }
}

fn election(faults: &mut Faults, arguments: &Elect, config: Option<&Config>) -> Option<ElectionConfig> {
    let namespace = arguments.namespace.as_deref().unwrap_or_else(|| connecting::namespace(config));
    let namespace = faults.check("--namespace", Namespace::parse(namespace));
    let name = faults.check("LEASE", LeaseName::parse(&arguments.lease));
    let create = faults.choose("--create", &arguments.create, &[("safe", Create::Safe), ("fast", Create::Fast)]);
    let lease_duration = faults.check("--lease-duration", duration(&arguments.lease_duration));
    let renew_deadline = faults.check("--renew-deadline", duration(&arguments.renew_deadline));
    let retry_period = faults.check("--retry-period", duration(&arguments.retry_period));
    // The rest is checked all the same: whatever is wrong is named at once.
    let namespace = namespace.or_else(|| Namespace::parse("default").ok());
    let name = name.or_else(|| LeaseName::parse("default").ok());
    let identity = arguments.identity.clone().unwrap_or_else(host_name);
    let options = ElectionOptions {
        lease_duration: lease_duration?,
        renew_deadline: renew_deadline?,
        retry_period: retry_period?,
        create: create.unwrap_or_default(),
        beside_client_go: arguments.beside_client_go,
        ..ElectionOptions::new(namespace?, name?, &identity, random_seed())
    };
    options.build().map_err(|error| faults.add(error)).ok()
}

/// In a pod, the pod's name.
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
