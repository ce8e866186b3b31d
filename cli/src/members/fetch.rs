//! Reads the objects, from a server or from a document.

use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::Path;

use quorate_core::api::ServiceName;
use quorate_core::membership::Object;
use quorate_core::membership::document;
use quorate_core::membership::listing::{Event, Listing, ListingConfig, ListingFailure};
use quorate_transport_hyper::{Client, Config};
use tracing::{info, warn};

use crate::{Failure, runtime};

/// The longest document that is read, in bytes, and one.
const DOCUMENT_BYTES: u64 = (1 << 30) + 1;

/// The objects, and the version they have in common; empty if there is none.
pub(super) type Objects = (Vec<Object>, String);

pub(super) fn from_api(config: Config, listing: ListingConfig) -> Result<Objects, Failure> {
    config.warnings().iter().for_each(|warning| warn!("{warning}"));
    let server = config.server().to_string();
    info!("asking {server}, configured by {}", config.source());
    let client = Client::new(config);
    let mut listing = Listing::new(listing);
    let outcome = runtime::block_on(quorate_runtime_tokio::run(&mut listing, &client, |event| match event {
        Event::Listed(snapshot) => ControlFlow::Break(Ok(snapshot)),
        Event::Failed(error) => ControlFlow::Break(Err(error)),
        event => {
            info!("{event}");
            ControlFlow::Continue(())
        }
    }))?;
    match outcome {
        Some(Ok(snapshot)) => {
            let version = snapshot.resource_version.map_or_else(String::new, |version| version.as_str().into());
            info!("read {} objects at resourceVersion {version:?}", snapshot.objects.len());
            Ok((snapshot.objects, version))
        }
        // The transport's own failures name the server.
        Some(Err(error)) if matches!(error.failure, ListingFailure::Failed(_)) => {
            Err(Failure::Failed(error.to_string()))
        }
        Some(Err(error)) => Err(Failure::Failed(format!("{server}: {error}"))),
        None => Err(Failure::Failed(format!("{server}: the listing ended without a result; please report this"))),
    }
}

pub(super) fn from_document(file: &Path, service: Option<&ServiceName>) -> Result<Objects, Failure> {
    let name = if file == Path::new("-") { "standard input".into() } else { file.display().to_string() };
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(format!("{name}: {error}"));
    let mut bytes = Vec::new();
    let read = match file == Path::new("-") {
        true => std::io::stdin().lock().take(DOCUMENT_BYTES).read_to_end(&mut bytes),
        false => std::fs::File::open(file).and_then(|file| file.take(DOCUMENT_BYTES).read_to_end(&mut bytes)),
    };
    let length = read.map_err(|error| failed(&error))?;
    if length as u64 == DOCUMENT_BYTES {
        return Err(failed(&"it is longer than 1 GiB; select fewer objects"));
    }
    let document = document::decode(&bytes).map_err(|error| failed(&error))?;
    info!("read {} objects from {name}", document.objects.len());
    let document = match service {
        Some(service) => document.of_service(service),
        None => document,
    };
    Ok((document.objects, document.resource_version.as_str().into()))
}
