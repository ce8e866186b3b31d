//! `quorate watch`: follows the members, prints what happens, and lets links follow.

mod beam;
mod connector;
mod plan;
mod record;
mod text;

use std::pin::pin;

use jiff::Timestamp;
use quorate_core::machine::Severity;
use quorate_core::membership::{Change, Event, LinkConfig, MembershipConfig, News};
use quorate_runtime_tokio::MembershipHandle;
use quorate_transport_hyper::Client;
use tracing::{debug, info, warn};

use self::beam::{Agreement, Beam};
use self::plan::{Plan, Via};
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
    let ending = async {
        tokio::select! {
            told = signals.next() => {
                info!("told to end: {told:?}");
                Ok(())
            }
            () = lines::closed() => Err(Failure::Closed),
        }
    };
    let mut ending = pin!(ending);
    let (membership, agreement) = match links {
        None => (MembershipHandle::start(membership, client), None),
        Some((links, Via::Program(program))) => {
            (MembershipHandle::start_linked(membership, links, client, program), None)
        }
        Some((links, Via::Beam(options))) => tokio::select! {
            outcome = &mut ending => return outcome,
            started = start_beside(*options, membership, links, client) => {
                let (membership, agreement) = started?;
                (membership, Some(agreement))
            }
        },
    };
    let outcome = tokio::select! {
        outcome = ending => outcome,
        Err(failure) = print(&membership, agreement, lines) => Err(failure),
    };
    // Links stay as they are: who is told to end hands over its work first, and needs them for that.
    membership.shutdown().await;
    outcome
}

/// Attaches to the local node, and then follows the members under its name.
async fn start_beside(
    options: beam::Options,
    membership: MembershipConfig,
    links: LinkConfig,
    client: Client,
) -> Result<(MembershipHandle, Agreement), Failure> {
    options.warn_of_rules_without_effect(links.options());
    let naming = membership.options().policy.naming.clone();
    let agreement = Agreement::new(&options.node, naming);
    let beam = Beam::start(options).await.map_err(|error| Failure::Failed(error.in_full()))?;
    Ok((MembershipHandle::start_linked(membership, links, client, beam), agreement))
}

async fn print(
    membership: &MembershipHandle,
    mut agreement: Option<Agreement>,
    mut lines: Lines,
) -> Result<(), Failure> {
    let mut changes = membership.changes();
    while let Some(event) = changes.next().await {
        match &event {
            Event::Source(news) => log(news),
            event => {
                if let Some(ours) = &agreement
                    && may_show_us(event, ours)
                {
                    match (ours.check(&membership.view()).map_err(Failure::Failed)?, event) {
                        (true, _) => agreement = None,
                        (false, Event::Synced { .. }) => warn!("{}", ours.unseen()),
                        (false, _) => {}
                    }
                }
                let Some(record) = Record::of(event, |at| membership.wall(at)) else { continue };
                let now = Timestamp::now();
                lines.print(|| record.to_json(now), || text::line(&record, now)).await?;
            }
        }
    }
    Err(Failure::Failed("the members are followed no more, and nobody asked for that; please report this".into()))
}

/// Our own pod's entry is there when the first view is, or when it joins later.
fn may_show_us(event: &Event, agreement: &Agreement) -> bool {
    match event {
        Event::Synced { .. } => true,
        Event::Change(Change::Joined(member)) => agreement.is_ours(member),
        _ => false,
    }
}

/// What reflectors do is for those who look closely.
fn log(news: &News) {
    match news.severity() {
        Severity::Debug => debug!("{news}"),
        Severity::Info => info!("{news}"),
        Severity::Warning => warn!("{news}"),
    }
}
