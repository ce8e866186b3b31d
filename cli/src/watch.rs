//! `quorate watch`: follows the members, prints what happens, and lets links follow.

mod connector;
mod plan;
mod record;
mod text;

use jiff::Timestamp;
use quorate_core::machine::Severity;
use quorate_core::membership::{Event, News};
use quorate_runtime_tokio::MembershipHandle;
use quorate_transport_hyper::Client;
use tracing::{debug, info, warn};

use self::plan::Plan;
use self::record::Record;
use crate::args::Watch;
use crate::lines::Lines;
use crate::signals::Signals;
use crate::{Failure, lines, runtime};

pub(crate) fn run(arguments: &Watch, from_command_line: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let plan = Plan::make(arguments, from_command_line).map_err(Failure::Usage)?;
    runtime::block_on(follow(plan))?
}

async fn follow(Plan { config, membership, links, format }: Plan) -> Result<(), Failure> {
    let mut signals =
        Signals::listen().map_err(|error| Failure::Failed(format!("cannot listen for signals: {error}")))?;
    config.warnings().iter().for_each(|warning| warn!("{warning}"));
    info!("asking {}, configured by {}", config.server(), config.source());
    let client = Client::new(config);
    let lines = Lines::new(format);
    let membership = match links {
        Some((links, connector)) => MembershipHandle::start_linked(membership, links, client, connector),
        None => MembershipHandle::start(membership, client),
    };
    let outcome = tokio::select! {
        told = signals.next() => {
            info!("told to end: {told:?}");
            Ok(())
        }
        () = lines::closed() => Err(Failure::Closed),
        Err(failure) = print(&membership, lines) => Err(failure),
    };
    // Links stay as they are: who is told to end hands over its work first, and needs them for that.
    membership.shutdown().await;
    outcome
}

async fn print(membership: &MembershipHandle, mut lines: Lines) -> Result<(), Failure> {
    let mut changes = membership.changes();
    while let Some(event) = changes.next().await {
        match &event {
            Event::Source(news) => log(news),
            event => {
                let Some(record) = Record::of(event, |at| membership.wall(at)) else { continue };
                let now = Timestamp::now();
                lines.print(|| record.to_json(now), || text::line(&record, now)).await?;
            }
        }
    }
    Err(Failure::Failed("the members are followed no more, and nobody asked for that; please report this".into()))
}

/// What reflectors do is for those who look closely.
fn log(news: &News) {
    match news.severity() {
        Severity::Debug => debug!("{news}"),
        Severity::Info => info!("{news}"),
        Severity::Warning => warn!("{news}"),
    }
}
