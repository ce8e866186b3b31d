//! Follows the pods behind EndpointSlices with a label until ctrl-c: `cargo run --example watch_members -- app=web`.

use quorate_core::api::LabelSelector;
use quorate_core::membership::{MembershipOptions, listing::ListingOptions};
use quorate_runtime_tokio::{MembershipHandle, random_seed};
use quorate_transport_hyper::{Client, Config, Environment, Selection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let selector = std::env::args().nth(1).ok_or("say whom to follow by a label selector, such as app=web")?;
    let client = Client::new(Config::discover(&Environment::from_process(), &Selection::default())?);
    let selector = Some(LabelSelector::parse(&selector)?);
    // Replicas that share a seed pause alike, and come back all at once after an outage.
    let listing = ListingOptions { selector, seed: random_seed(), ..Default::default() };
    let membership = MembershipHandle::start(MembershipOptions { listing, ..Default::default() }.build()?, client);
    let mut changes = membership.changes();
    loop {
        tokio::select! {
            Some(event) = changes.next() => println!("{event}"),
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    membership.shutdown().await;
    Ok(())
}
