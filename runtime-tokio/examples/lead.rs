//! Works only while it leads, until ctrl-c: `cargo run --example lead -- demo`, in several terminals.
#![expect(clippy::print_stdout, reason = "it is what this program is for")]

use quorate_core::api::{LeaseName, Namespace};
use quorate_core::election::ElectionOptions;
use quorate_runtime_tokio::{Elector, random_seed};
use quorate_transport_hyper::{Client, Config, Environment, Selection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = LeaseName::parse(&std::env::args().nth(1).ok_or("name the Lease, such as demo")?)?;
    let client = Client::new(Config::discover(&Environment::from_process(), &Selection::default())?);
    let namespace = Namespace::parse(client.config().namespace().unwrap_or("default"))?;
    let elector = Elector::start(ElectionOptions::new(namespace, name, "lead", random_seed()).build()?, client);
    let work = elector.run_while_leading(async |leadership| {
        println!("leading, with token {}", leadership.token());
        println!("stopping: {}", leadership.stopping().await);
    });
    let shutdown = async {
        tokio::signal::ctrl_c().await.ok();
        elector.shutdown().await
    };
    let (_, shutdown) = tokio::join!(work, shutdown);
    println!("{shutdown}");
    Ok(())
}
