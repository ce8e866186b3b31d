//! How long a connector waits from the change of a pod's readiness to its own start, behind `quorate watch` that watches and
//! behind one that polls every 5 s as libcluster does, over the real API server. Fails when watching takes longer than
//! [`LIMIT`] for one in ten.
//!
//! The clock starts before the change is sent to the server: the server's own work is in it, and that of its controller for
//! EndpointSlices. It stops when the connector's script has begun.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a benchmark is for reading")]

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Kubelet, Lab, Pod};
use quorate_tests::server_trials::is_required;
use quorate_tests::trouble::Trouble;
use quorate_tests::watching::Watching;

const PODS: u8 = 60;
/// From one change to the next: sixty of them meet a poll at all its turns.
const PACE: Duration = Duration::from_millis(260);
const LIMIT: Duration = Duration::from_millis(250);

/// What each run is asked for, and whether it is held to the limit.
const WAYS: [(&[&str], bool); 3] = [
    (&["--source", "pods"], true),
    (&["--source", "endpointslices"], true),
    (&["--source", "endpointslices", "--poll-interval", "5s"], false),
];

fn main() -> ExitCode {
    measure().unwrap_or_else(|trouble| {
        eprintln!("error: {trouble}");
        ExitCode::FAILURE
    })
}

fn measure() -> Result<ExitCode, Trouble> {
    if let Err(reason) = ApiServer::available() {
        println!("watch_delay: ignored: {reason}");
        return Ok(if is_required() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let server = ApiServer::shared()?;
    println!("{PODS} pods become ready, one every {PACE:?}: from there to the connector's start, in ms");
    println!("{:<60} {:>6} {:>6} {:>6} {:>6}", "quorate watch --service web", "min", "median", "p90", "max");
    let mut all_within = true;
    for (index, (way, is_held)) in WAYS.iter().enumerate() {
        let lab = Lab::new(&server, &format!("delay-{index}"))?;
        let delays = delays(&lab, way)?;
        println!("{:<60} {delays}", way.join(" "));
        all_within &= !is_held || delays.part(0.9) <= LIMIT;
    }
    ApiServer::stop_shared();
    if !all_within {
        println!("past the limit: {LIMIT:?} for nine in ten that are watched");
    }
    Ok(if all_within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The delays of one way to follow.
fn delays(lab: &Lab, way: &[&str]) -> Result<Delays, Trouble> {
    let pods: Vec<_> = (1..=PODS).map(|index| Pod::ready(&format!("web-{index}"), &[&address(index)])).collect();
    let unready: Vec<_> = pods.iter().map(|pod| pod.clone().not_ready()).collect();
    lab.serve("web", &unready)?;
    let kubelet = Kubelet::of(lab)?;
    let mut watching = Watching::start(lab, &[&["--service", "web"], way].concat())?;
    let mut changed = BTreeMap::new();
    for (index, pod) in (1..=PODS).zip(&pods) {
        thread::sleep(PACE);
        changed.insert(address(index), Timestamp::now());
        kubelet.report(pod)?;
    }
    let names: Vec<_> = changed.keys().map(String::as_str).collect();
    watching.connected(&names)?;
    let calls = watching.finish()?.calls()?;
    let delays = calls.iter().filter_map(|call| {
        let changed = changed.get(&call.name)?;
        Duration::try_from(call.time.duration_since(*changed)).ok()
    });
    Ok(Delays::new(delays.collect()))
}

fn address(index: u8) -> String {
    format!("10.1.0.{index}")
}

/// The shortest first.
struct Delays(Vec<Duration>);

impl Delays {
    fn new(mut delays: Vec<Duration>) -> Self {
        delays.sort();
        Self(delays)
    }

    /// The longest delay of this part of them, from 0 to 1.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index below 60"
    )]
    fn part(&self, part: f64) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get((last as f64 * part).round() as usize).copied().unwrap_or(Duration::MAX)
    }
}

impl fmt::Display for Delays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [0.0, 0.5, 0.9, 1.0].map(|part| format!("{:>6.0}", self.part(part).as_secs_f64() * 1000.0));
        f.write_str(&parts.join(" "))
    }
}
