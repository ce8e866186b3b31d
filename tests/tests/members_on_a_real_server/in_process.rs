//! The library's own listing, for what the command has no flag for.

use std::ops::ControlFlow;
use std::path::PathBuf;

use quorate_core::api::LabelSelector;
use quorate_core::membership::Listing;
use quorate_core::membership::listing::{Event, ListingConfig, ListingError, ListingOptions, Snapshot};
use quorate_core::membership::{Policy, View};
use quorate_runtime_tokio::Transport;
use quorate_tests::lab::Lab;
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::{Client, Config};

/// Options for everything with these labels in the lab's namespace.
pub(crate) fn options(lab: &Lab, selector: &str) -> Result<ListingOptions, Trouble> {
    let invalid = || Trouble::new("an invalid namespace or selector");
    Ok(ListingOptions {
        namespaces: vec![quorate_core::api::Namespace::parse(lab.namespace()).map_err(|_| invalid())?],
        selector: Some(LabelSelector::parse(selector).map_err(|_| invalid())?),
        ..ListingOptions::default()
    })
}

/// A client with the lab's kubeconfig.
pub(crate) fn client(lab: &Lab) -> Result<Client, Trouble> {
    let files: [PathBuf; 1] = [lab.kubeconfig()];
    Ok(Client::new(Config::from_kubeconfig(&files, None)?))
}

/// How a listing ended, and what it said on the way.
pub(crate) struct Listed {
    pub(crate) outcome: Result<Snapshot, Box<ListingError>>,
    pub(crate) events: Vec<Event>,
}

/// Runs a listing to its end.
pub(crate) fn list(config: ListingConfig, transport: &dyn Transport) -> Result<Listed, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut events = Vec::new();
    let outcome =
        runtime.block_on(quorate_runtime_tokio::run(&mut Listing::new(config), transport, |event| match event {
            Event::Listed(snapshot) => ControlFlow::Break(Ok(snapshot)),
            Event::Failed(error) => ControlFlow::Break(Err(error)),
            event => {
                events.push(event);
                ControlFlow::Continue(())
            }
        }));
    let outcome = outcome.ok_or_else(|| Trouble::new("the listing came to rest without a result"))?;
    Ok(Listed { outcome, events })
}

/// The names that the default policy gives.
pub(crate) fn names(snapshot: &Snapshot) -> Vec<String> {
    View::of(&snapshot.objects, &Policy::default()).members.keys().map(ToString::to_string).collect()
}
