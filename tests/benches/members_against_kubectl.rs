//! `quorate members` beside kubectl, over 500 pods of the real API server, in one run: wall time and peak memory of whole
//! processes. Fails when quorate takes more than a fifth of kubectl's time or an eighth of its memory.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a benchmark is for reading")]

use std::fmt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::quorate_command::Quorate;
use quorate_tests::server_trials::is_required;
use quorate_tests::trouble::Trouble;
use wait4::Wait4 as _;

const PODS: u16 = 500;
const RUNS: usize = 15;
/// At most these parts of what kubectl takes.
const TIME_LIMIT: f64 = 1.0 / 5.0;
const MEMORY_LIMIT: f64 = 1.0 / 8.0;
/// With this first argument, the program only measures one command: see [`measure`].
const MEASURE: &str = "--measure";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some(MEASURE) => measure(&arguments.collect::<Vec<_>>()),
        _ => compare(),
    };
    outcome.unwrap_or_else(|trouble| {
        eprintln!("error: {trouble}");
        ExitCode::FAILURE
    })
}

fn compare() -> Result<ExitCode, Trouble> {
    if let Err(reason) = ApiServer::available() {
        println!("members_against_kubectl: ignored: {reason}");
        return Ok(if is_required() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    }
    let server = ApiServer::shared()?;
    let lab = Lab::new(&server, "five-hundred")?;
    let pods: Vec<_> = (0..PODS).map(pod).collect();
    lab.serve("web", &pods)?;
    let (quorate, kubectl) = (Quorate::program()?, server.kubectl_program());
    let kubeconfig = lab.kubeconfig();
    println!("{PODS} pods, {RUNS} runs each in turn, medians");
    println!("{:<62} {:>9} {:>9}   {:>7} {:>7}", "", "time", "memory", "time", "memory");
    let contests = [
        ("quorate members -l app=web", "kubectl get pods -l app=web -o wide"),
        ("quorate members -l app=web --source pods", "kubectl get pods -l app=web -o name"),
    ];
    let mut all_within = true;
    for (ours, theirs) in contests {
        let [mut our_runs, mut their_runs] = [const { Vec::new() }; 2];
        for run in 0..=RUNS {
            let pair = [(ours, quorate), (theirs, kubectl)].map(|(line, program)| measured(line, program, &kubeconfig));
            let [our_run, their_run] = pair;
            // The first pair warms the caches, kubectl's of the API's discovery among them.
            if run > 0 {
                our_runs.push(our_run?);
                their_runs.push(their_run?);
            }
        }
        let (us, them) = (Cost::median(our_runs), Cost::median(their_runs));
        let (time, memory) = (us.seconds / them.seconds, us.mebibytes / them.mebibytes);
        println!("{ours:<62} {us}   1/{:<5.1} 1/{:<5.1}", 1.0 / time, 1.0 / memory);
        println!("{theirs:<62} {them}");
        all_within &= time <= TIME_LIMIT && memory <= MEMORY_LIMIT;
    }
    drop(lab);
    ApiServer::stop_shared();
    if !all_within {
        println!("past the limits: time 1/{:.0}, memory 1/{:.0}", 1.0 / TIME_LIMIT, 1.0 / MEMORY_LIMIT);
    }
    Ok(if all_within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn pod(index: u16) -> Pod {
    Pod::ready(&format!("web-{index}"), &[&format!("10.1.{}.{}", index / 250, index % 250 + 1)])
}

/// Runs one line by way of a small process of our own.
///
/// Linux counts what the parent held when it started a child into the child's peak memory: a parent of a few hundred
/// kilobytes keeps that out.
fn measured(line: &str, program: &Path, kubeconfig: &Path) -> Result<Cost, Trouble> {
    let output = Command::new(std::env::current_exe()?)
        .arg(MEASURE)
        .arg(program)
        .args(line.split(' ').skip(1))
        .env("KUBECONFIG", kubeconfig)
        .env("HOME", kubeconfig.parent().unwrap_or_else(|| Path::new("/")))
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace().map_while(|number| number.parse::<f64>().ok());
    match (output.status.success(), numbers.next(), numbers.next()) {
        (true, Some(seconds), Some(mebibytes)) => Ok(Cost { seconds, mebibytes }),
        _ => Err(Trouble::new(format!("{line}: {}: {text}", output.status))),
    }
}

/// Runs one command and prints its wall time in seconds and its peak memory in MiB.
fn measure(command: &[String]) -> Result<ExitCode, Trouble> {
    let Some((program, arguments)) = command.split_first() else { return Ok(ExitCode::FAILURE) };
    let began = Instant::now();
    let mut child = Command::new(program).args(arguments).stdout(Stdio::null()).spawn()?;
    let used = child.wait4()?;
    #[expect(clippy::cast_precision_loss, reason = "memory in MiB needs no 52 bits")]
    let mebibytes = used.rusage.maxrss as f64 / f64::from(1 << 20);
    println!("{} {mebibytes}", began.elapsed().as_secs_f64());
    Ok(if used.status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What one process took.
#[derive(Clone, Copy)]
struct Cost {
    seconds: f64,
    mebibytes: f64,
}

impl Cost {
    fn median(runs: Vec<Self>) -> Self {
        let middle = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
        };
        Self {
            seconds: middle(runs.iter().map(|cost| cost.seconds).collect()),
            mebibytes: middle(runs.iter().map(|cost| cost.mebibytes).collect()),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>6.0} ms {:>5.1} MiB", self.seconds * 1000.0, self.mebibytes)
    }
}
