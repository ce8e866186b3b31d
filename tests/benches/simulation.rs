//! How fast a cluster is simulated.
//!
//! `cargo bench -p quorate-tests --bench simulation`
//!
//! Clusters of five nodes, each with both machines, and all kinds of fault: cluster-hours an hour on all cores, in the best of three
//! rounds. It fails below 10,000, less a tenth for a noisy machine. Then one observer that follows 5,000 members through a rolling
//! update, with all promises checked.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a benchmark is for reading")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use quorate_core::membership::Source;
use quorate_core::testing::simulation::{Fault, MembershipPlan, Mix, Plan, Planned, Report, Simulation};
use quorate_tests::trouble::Trouble;

const LIMIT: f64 = 10_000.0 * 0.9;
const ROUNDS: usize = 3;
const MEASURED: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match measure() {
        Ok(speed) if speed >= LIMIT => ExitCode::SUCCESS,
        Ok(speed) => {
            eprintln!("error: {speed:.0} cluster-hours an hour are less than {LIMIT:.0}");
            ExitCode::FAILURE
        }
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Cluster-hours an hour, in the best round.
fn measure() -> Result<f64, Trouble> {
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        best = best.max(measure_hours()?);
    }
    measure_update(Source::EndpointSlices)?;
    measure_update(Source::Pods)?;
    Ok(best)
}

/// Cluster-hours an hour.
fn measure_hours() -> Result<f64, Trouble> {
    let mix = Mix { nodes: (5, 5), observers: 0, ..Mix::default() };
    let (next, began) = (AtomicU64::new(0), Instant::now());
    let (total, failed) = (Mutex::new(Report::default()), Mutex::new(None));
    let simulate = || -> Result<(), Trouble> {
        while began.elapsed() < MEASURED {
            let plan = Plan::random(next.fetch_add(1, Ordering::Relaxed), &mix);
            let report = Simulation::new(plan)?.run()?;
            if let Ok(mut total) = total.lock() {
                total.add(&report);
            }
        }
        Ok(())
    };
    let cores = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                if let (Err(trouble), Ok(mut failed)) =
                    (simulate().map_err(|trouble| trouble.to_string()), failed.lock())
                {
                    *failed = Some(trouble);
                }
            });
        }
    });
    if let Some(trouble) = failed.into_inner()? {
        return Err(Trouble::new(trouble));
    }
    let total = total.into_inner()?;
    let speed = total.simulated.as_secs_f64() / began.elapsed().as_secs_f64();
    println!("{total}\n{speed:.0} cluster-hours an hour on {cores} cores, five nodes a cluster\n");
    Ok(speed)
}

fn measure_update(source: Source) -> Result<(), Trouble> {
    let update = Fault::RollingUpdate { batch: 100, every_ms: 10_000 };
    let plan = Plan {
        nodes: 0,
        observers: 1,
        members: 5_000,
        duration_ms: 900_000,
        endpoints_delay_ms: 1_000,
        membership: MembershipPlan { source, ..MembershipPlan::default() },
        faults: vec![Planned::new(120_000, update)],
        ..Plan::default()
    };
    let began = Instant::now();
    let report = Simulation::new(plan)?.run()?;
    let took = began.elapsed().as_secs_f64();
    println!(
        "5,000 members replaced, {source:?}: {took:.1} s; {} connects, {} steps, {} full comparisons",
        report.connects, report.steps, report.comparisons
    );
    Ok(())
}
