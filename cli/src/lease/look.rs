//! One look at the Lease.

use std::io::{self, Write};
use std::ops::ControlFlow;

use jiff::Timestamp;
use quorate_core::election::observer::{Event, Observer, ObserverConfig, Sighting};
use quorate_core::election::{ElectionError, ElectionFailure};
use quorate_transport_hyper::Client;

use super::log;
use super::record::JsonLook;
use super::text;
use crate::lines::Format;
use crate::{Failure, runtime};

enum Outcome {
    Seen(Box<Sighting>),
    Missing,
    Failed(Box<ElectionError>),
}

pub(super) fn look(mut observer: Observer, client: &Client, server: &str, format: Format) -> Result<(), Failure> {
    let outcome = runtime::block_on(quorate_runtime_tokio::run(&mut observer, client, |event| match event {
        Event::Changed { sighting, .. } => ControlFlow::Break(Outcome::Seen(sighting)),
        Event::Missing => ControlFlow::Break(Outcome::Missing),
        Event::Failed(error) => ControlFlow::Break(Outcome::Failed(error)),
        event => {
            log(&event);
            ControlFlow::Continue(())
        }
    }))?;
    let config = observer.config();
    match outcome {
        Some(Outcome::Seen(sighting)) => Ok(print(config, &sighting, format)?),
        Some(Outcome::Missing) => Err(Failure::Failed(format!("{server}: {}", missing(config)))),
        // The transport's own failures name the server.
        Some(Outcome::Failed(error)) if matches!(error.failure, ElectionFailure::Failed(_)) => {
            Err(Failure::Failed(error.to_string()))
        }
        Some(Outcome::Failed(error)) => Err(Failure::Failed(format!("{server}: {error}"))),
        None => Err(Failure::Failed(format!("{server}: the look ended without a result; please report this"))),
    }
}

fn print(config: &ObserverConfig, sighting: &Sighting, format: Format) -> io::Result<()> {
    let now = Timestamp::now();
    let mut out = anstream::stdout().lock();
    match format {
        Format::Json => {
            serde_json::to_writer_pretty(&mut out, &JsonLook::of(config, sighting, now))?;
            writeln!(out)?;
        }
        Format::Text => out.write_all(text::page(config, sighting, now).as_bytes())?,
    }
    out.flush()
}

fn missing(config: &ObserverConfig) -> String {
    let options = config.options();
    let (name, namespace) = (&options.name, &options.namespace);
    format!(
        "there is no Lease {name} in namespace {namespace}\n\
         see which there are: kubectl get leases -n {namespace}\n\
         wait for this one: quorate lease {name} -n {namespace} -w"
    )
}
