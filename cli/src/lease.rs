//! `quorate lease`: shows a Lease, once or for as long as somebody looks on.

mod follow;
mod look;
mod plan;
mod queue;
mod record;
mod text;

use quorate_core::election::observer::{Event, Observer};
use quorate_core::machine::Severity;
use quorate_transport_hyper::Client;
use tracing::{debug, info, warn};

use self::plan::Plan;
use crate::args::Lease;
use crate::{Failure, runtime};

pub(crate) fn run(arguments: &Lease) -> Result<(), Failure> {
    let Plan { config, observer, format } = Plan::make(arguments).map_err(Failure::Usage)?;
    config.warnings().iter().for_each(|warning| warn!("{warning}"));
    let server = config.server().to_string();
    info!("asking {server}, configured by {}", config.source());
    let client = Client::new(config);
    let is_followed = observer.options().follow;
    let observer = Observer::new(observer);
    match is_followed {
        true => runtime::block_on(follow::follow(observer, &client, format))?,
        false => look::look(observer, &client, &server, format),
    }
}

/// What is no event of the Lease is for those who look closely.
fn log(event: &Event) {
    match event.severity() {
        Severity::Debug => debug!("{event}"),
        Severity::Info => info!("{event}"),
        Severity::Warning => warn!("{event}"),
    }
}
