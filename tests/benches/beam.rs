//! How long it takes from pods that are ready to Erlang nodes that are meshed: watching, against a poll every 5 s.
//!
//! `cargo bench -p quorate-tests --bench beam` (needs Go for the real API server, and Erlang)
//!
//! Five nodes, each with its own `quorate watch`; both kinds take turns. What is measured begins when the report of the last pod's
//! readiness is sent, and ends when the last node sees the last other one. It fails when watching takes more than 500 ms.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a benchmark is for reading")]

use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;
use quorate_tests::api_server::ApiServer;
use quorate_tests::beam::{self, Member, Node, Sidecar, addresses, meshed, pod, stop};
use quorate_tests::lab::{Kubelet, Lab};
use quorate_tests::server_trials;
use quorate_tests::trouble::Trouble;

const ROUNDS: u8 = 5;

const WAYS: [(&str, &[&str]); 2] = [("watching", &[]), ("polling every 5 s", &["--poll-interval", "5s"])];

const LIMIT: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    if let Err(reason) = ApiServer::available().and_then(|()| beam::available()) {
        eprintln!("not measured: {reason}");
        return if server_trials::is_required() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let outcome = measure();
    ApiServer::stop_shared();
    match outcome {
        Ok(median) if median <= LIMIT => ExitCode::SUCCESS,
        Ok(median) => {
            eprintln!("error: {median:?} are more than {LIMIT:?}");
            ExitCode::FAILURE
        }
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// The median of watching.
fn measure() -> Result<Duration, Trouble> {
    let server = ApiServer::shared()?;
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for (index, ((name, flags), took)) in WAYS.iter().zip(&mut took).enumerate() {
            let lab = Lab::new(&server, &format!("beam-bench-{round}-{index}"))?;
            let network = round.saturating_mul(2).saturating_add(u8::try_from(index)?);
            took.push(form(&lab, network, flags)?);
            println!("{name}: {} ms", took.last().map_or(0, Duration::as_millis));
        }
    }
    let mut medians = Vec::new();
    for ((name, _), mut took) in WAYS.into_iter().zip(took) {
        took.sort();
        let at = |index: usize| took.get(index).copied().unwrap_or_default();
        let (median, most) = (at(took.len() / 2), at(took.len().saturating_sub(1)));
        println!("{name}: {} ms (from {} to {})", median.as_millis(), at(0).as_millis(), most.as_millis());
        medians.push(median);
    }
    Ok(medians.first().copied().unwrap_or_default())
}

/// How long it takes until five nodes are meshed.
fn form(lab: &Lab, network: u8, flags: &[&str]) -> Result<Duration, Trouble> {
    let all = addresses(network, 5);
    let kubelet = Kubelet::of(lab)?;
    for address in &all {
        kubelet.run(beam::BASENAME, &pod(address).not_ready())?;
    }
    let mut members = Vec::new();
    for address in &all {
        let node = Node::start(address)?;
        let watch = Sidecar::start(lab, &node, flags)?;
        members.push(Member { node, watch });
    }
    for member in &members {
        member.watch.tells("live", "")?;
    }
    let kubelet = Kubelet::of(lab)?;
    let mut ready = Timestamp::now();
    for address in &all {
        ready = Timestamp::now();
        kubelet.report(&pod(address))?;
    }
    let took = meshed(&members)?.duration_since(ready);
    stop(members)?;
    Ok(Duration::try_from(took).unwrap_or_default())
}
