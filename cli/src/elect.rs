//! `quorate elect`: runs a command while we lead, and never longer.

mod kept;
mod log;
mod monitor;
mod plan;
mod record;
mod signals;
mod supervisor;
mod work;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use quorate_core::election::Election;
use quorate_runtime_tokio::{Clock, run_by};
use quorate_transport_hyper::Client;
use tokio::net::TcpListener;
use tracing::{info, warn};

use self::monitor::{Counted, Monitor};
use self::plan::Plan;
use self::supervisor::Supervisor;
use crate::args::Elect;
use crate::{Failure, runtime};

/// Our own failures, as `env` and `timeout` have it.
const OUR_FAILURE: u8 = 125;

pub(crate) fn run(arguments: &Elect) -> Result<ExitCode, Failure> {
    let plan = Plan::make(arguments).map_err(Failure::Usage)?;
    let stood = match runtime::block_on(stand(plan)) {
        Ok(stood) => stood,
        Err(Failure::Failed(message)) => Err(message),
        Err(failure) => return Err(failure),
    };
    stood.map_err(|message| Failure::Exit { message, code: OUR_FAILURE })
}

async fn stand(plan: Plan) -> Result<ExitCode, String> {
    let Plan { config, election, supervision, events, listen } = plan;
    config.warnings().iter().for_each(|warning| warn!("{warning}"));
    info!("asking {}, configured by {}", config.server(), config.source());
    info!("standing as {}", election.identity());
    election.to_string().lines().for_each(|line| info!("{line}"));
    let clock = Clock::of_the_machine();
    let options = election.options();
    let lease = format!("{}/{}", options.namespace, options.name);
    let monitor = Arc::new(Monitor::new(clock, lease, election.identity().to_string()));
    let transport = Counted { inner: Client::new(config), monitor: Arc::clone(&monitor) };
    let probes = answer_probes(listen, Arc::clone(&monitor)).await?;
    let mut supervisor = Supervisor::new(clock, &election, supervision, events, monitor)?;
    let mut machine = Election::new(election);
    let ended = tokio::select! {
        ended = run_by(clock, &mut machine, &transport, &mut supervisor) => ended,
        never = probes => match never {},
    };
    Ok(ExitCode::from(ended.unwrap_or_else(|| supervisor.exit_code())))
}

/// Answers probes for as long as the future is kept, if anybody may ask.
async fn answer_probes(
    listen: Option<SocketAddr>,
    monitor: Arc<Monitor>,
) -> Result<impl Future<Output = Infallible>, String> {
    let listener = match listen {
        Some(listen) => {
            let bound = TcpListener::bind(listen).await;
            Some(bound.map_err(|error| format!("cannot listen on {listen}: {error}"))?)
        }
        None => None,
    };
    Ok(async move {
        match listener {
            Some(listener) => monitor::serve(listener, monitor).await,
            None => std::future::pending().await,
        }
    })
}
