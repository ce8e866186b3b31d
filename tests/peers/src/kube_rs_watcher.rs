//! Follows the pods of a selector with kube-rs' watcher: one line an event, until so many were seen.
//!
//! `kube-rs-watcher NAMESPACE SELECTOR EVENTS`

use std::error::Error;

use futures_util::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{Config, Event, watcher};
use kube::{Api, Client, ResourceExt as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [namespace, selector, count] = arguments.as_slice() else {
        return Err("usage: kube-rs-watcher NAMESPACE SELECTOR EVENTS".into());
    };
    let pods: Api<Pod> = Api::namespaced(Client::try_default().await?, namespace);
    let mut events = watcher(pods, Config::default().labels(selector)).take(count.parse()?).boxed();
    while let Some(event) = events.next().await {
        match event? {
            Event::Init => println!("init"),
            Event::InitApply(pod) => println!("init-apply {}", pod.name_any()),
            Event::InitDone => println!("init-done"),
            Event::Apply(pod) => println!("apply {}", pod.name_any()),
            Event::Delete(pod) => println!("delete {}", pod.name_any()),
        }
    }
    Ok(())
}
