//! As many simulated hours as are asked for, on all cores; and what is told of a run that breaks a promise.

use std::env;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use quorate_core::testing::simulation::{Mix, Plan, Report, Simulation, Trace, Violation, shrink};

const TRACES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../traces");

/// Shrinks the plan, writes its trace, and says where it is and what replays it.
pub(crate) fn tell(plan: &Plan, violation: &Violation) -> String {
    let smallest = shrink(plan, violation);
    let broken =
        Simulation::new(smallest.clone()).unwrap().run().expect_err("it shrank to a plan that breaks a promise");
    fs::create_dir_all(TRACES).unwrap();
    let folder = Path::new(TRACES).canonicalize().unwrap();
    let file = folder.join(format!("{}-{}.json", broken.promise, plan.seed));
    fs::write(&file, Trace::new(smallest, &broken).to_json()).unwrap();
    format!("{violation}\nsmallest: {broken}\nreplay it with: quorate replay {}", file.display())
}

#[test]
fn many_hours() {
    let Ok(hours) = env::var("QUORATE_SIMULATE_HOURS") else {
        println!("QUORATE_SIMULATE_HOURS says how many");
        return;
    };
    let wanted = Duration::from_secs(hours.parse::<u64>().unwrap() * 3600);
    let first = env::var("QUORATE_SIMULATE_SEED").map_or(0, |seed| seed.parse().unwrap());
    let (next, began) = (AtomicU64::new(first), Instant::now());
    let (total, told) = (Mutex::new(Report::default()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while total.lock().unwrap().simulated < wanted && told.lock().unwrap().len() < 10 {
                    let plan = Plan::random(next.fetch_add(1, Ordering::Relaxed), &Mix::default());
                    let mut simulation = Simulation::new(plan.clone()).unwrap();
                    if let Err(violation) = simulation.run() {
                        told.lock().unwrap().push(tell(&plan, &violation));
                    }
                    total.lock().unwrap().add(simulation.report());
                }
            });
        }
    });
    let (total, told) = (total.into_inner().unwrap(), told.into_inner().unwrap());
    println!("{total}\nin {:.0} s, seeds from {first}", began.elapsed().as_secs_f64());
    assert!(told.is_empty(), "{}", told.join("\n\n"));
}
