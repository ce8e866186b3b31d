//! The membership machine beside kube-rs, in one run over the same made-up lists: from bytes to named members and what has
//! changed, against `kube`'s typed decoding and `kube-runtime`'s reflector, and against how fast `serde_json` skips bytes.
//!
//! `cargo bench -p quorate-tests --bench membership_against_kube_rs`
//!
//! Every figure is of a fresh process. Times are the best of several passes, the processes taking turns; a change is the
//! median of 500. Memory is what Linux says: kept after the list and 500 changes, and the peak, both over what the process
//! had before. The last table holds the ratios against their targets; it fails when one is missed, for times by more than
//! the machine's noise. A ratio of times that is missed is measured for some rounds more: others may have had the machine.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a benchmark is for reading")]

mod contestant;
mod targets;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use contestant::MEASURE;
use quorate_tests::generated::{self, Generated};
use quorate_tests::trouble::Trouble;
use quorate_tests::{built, target_folder};
use targets::{Target, Targets};

/// How many processes of each kind take turns: at least, and while a target is missed.
const ROUNDS: usize = 3;
const MOST_ROUNDS: usize = 9;
const PODS: usize = 10_000;
const ENDPOINTS: [usize; 3] = [1_000, 10_000, 100_000];

/// How many times as fast as kube-rs decodes pods they are decoded, merged, named and compared.
const AGAINST_TYPED_DECODING: Target = Target::at_least("pods: speed, in kube-rs' typed decoding", 4.5).of_times();
/// The part of the speed at which `serde_json` skips the same bytes.
const AGAINST_SKIPPING: Target = Target::at_least("pods: decoding alone, in serde_json's skipping", 0.7).of_times();
/// What a change in the largest view takes, in what it takes in the smallest.
const AGAINST_SMALL_VIEW: Target = Target::at_most("a change among 100,000, in one among 1,000", 1.5).of_times();
/// The part of the memory that a reflector keeps.
const AGAINST_KEPT: Target = Target::at_most("pods: memory kept, in a reflector's", 1.0 / 100.0);
/// The peak is what is kept, and some pages.
const PAGES_AT_PEAK: Target = Target::at_most("pods: the peak over what is kept, in pages", 2.0);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == MEASURE => contestant::measure(rest).map(|()| true),
        _ => compare(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Compares all there is; whether all targets are reached.
fn compare() -> Result<bool, Trouble> {
    let kube_rs = built::kube_rs_contestant()?;
    let folder = tempfile::tempdir_in(target_folder::temporary()?)?;
    let contest = |what, kind, generated| Contest { kube_rs: &kube_rs, what, kind, generated };
    let pods = format!("{} pods", grouped(PODS));
    let mut contests = vec![contest(pods, "pods", generated::pods(folder.path(), PODS)?)];
    for count in ENDPOINTS {
        let endpoints = format!("{} endpoints", grouped(count));
        contests.push(contest(endpoints, "slices", generated::slices(folder.path(), count)?));
    }
    let mut targets = Targets::default();
    compare_lists(&contests, &mut targets)?;
    compare_changes(&contests, &mut targets)?;
    contests.iter().take(1).try_for_each(|pods| compare_memory(pods, &mut targets))?;
    println!("\n{targets}");
    Ok(targets.are_reached())
}

fn compare_lists(contests: &[Contest<'_>], targets: &mut Targets) -> Result<(), Trouble> {
    println!(
        "{:<28} {:>10} {:>18} {:>18} {:>18} {:>18}",
        "a list", "quorate", "only decoding", "kube-rs decodes", "kube-rs reflects", "skipping"
    );
    for contest in contests {
        let is_pods = contest.kind == "pods";
        let ratios = |[ours, decoding, skipping, decode, _]: [f64; 5]| {
            [(AGAINST_TYPED_DECODING, decode / ours), (AGAINST_SKIPPING, skipping / decoding)]
        };
        let best = rounds(|| contest.list(), |best| !is_pods || Target::all_reached(&ratios(*best)))?;
        let [ours, decoding, skipping, decode, reflect] = best;
        let times = |other: f64| format!("{} {:>6.2}x", duration(other), other / ours);
        let title = format!("{}, {:.1} MB", contest.what, mega(contest.generated.bytes));
        let [only, decode_times, reflect_times, skip] = [decoding, decode, reflect, skipping].map(times);
        println!("{title:<28} {} {only:>18} {decode_times:>18} {reflect_times:>18} {skip:>18}", duration(ours));
        if is_pods {
            targets.note(&ratios(best));
        }
    }
    Ok(())
}

fn compare_changes(contests: &[Contest<'_>], targets: &mut Targets) -> Result<(), Trouble> {
    println!("\n{:<26} {:>10} {:>18}", "one change", "quorate", "kube-rs reflects");
    // The smallest and the largest view take turns: what they are compared with is each other.
    let [pods, small, medium, large] = contests else { return Err(Trouble::new("there are four contests")) };
    let all = || {
        let (large, small) = (large.change()?, small.change()?);
        Ok([pods.change()?, small, medium.change()?, large].as_flattened().try_into()?)
    };
    let ratio = |[_, _, small, _, _, _, large, _]: [f64; 8]| [(AGAINST_SMALL_VIEW, large / small)];
    let best = rounds(all, |best| Target::all_reached(&ratio(*best)))?;
    for (contest, times) in contests.iter().zip(best.chunks_exact(2)) {
        if let [ours, reflect] = times {
            let what = format!("among {}", contest.what);
            println!("{what:<26} {} {} {:>6.2}x", duration(*ours), duration(*reflect), reflect / ours);
        }
    }
    targets.note(&ratio(best));
    Ok(())
}

fn compare_memory(pods: &Contest<'_>, targets: &mut Targets) -> Result<(), Trouble> {
    println!("\n{:<26} {:>21} {:>29}", "memory", "quorate", "kube-rs reflects");
    let [(kept, peak), (their_kept, their_peak)] = pods.memory()?;
    let line = |what: &str, ours: f64, theirs: f64| {
        let each = |bytes: f64| format!("{:>8.1} MB {:>6.0} B each", bytes / 1e6, bytes / 1e4);
        println!("{what:<26} {} {} {:>5.0}x", each(ours), each(theirs), theirs / ours);
    };
    line(&format!("kept of {}", pods.what), kept, their_kept);
    line("peak", peak, their_peak);
    let page = mega(pods.generated.page_bytes);
    println!("(a page has {page:.1} MB)");
    targets.note(&[(AGAINST_KEPT, kept / their_kept), (PAGES_AT_PEAK, (peak - kept) / 1e6 / page)]);
    Ok(())
}

/// The best of each figure, in as many rounds as are enough.
fn rounds<const N: usize>(
    round: impl Fn() -> Result<[f64; N], Trouble>,
    is_enough: impl Fn(&[f64; N]) -> bool,
) -> Result<[f64; N], Trouble> {
    let mut best = [f64::INFINITY; N];
    for count in 1..=MOST_ROUNDS {
        best.iter_mut().zip(round()?).for_each(|(best, time)| *best = best.min(time));
        if count >= ROUNDS && is_enough(&best) {
            break;
        }
    }
    Ok(best)
}

/// One collection, and who reads it.
struct Contest<'a> {
    kube_rs: &'a Path,
    what: String,
    kind: &'static str,
    generated: Generated,
}

impl Contest<'_> {
    /// The times for the list: ours, decoding alone, skipping, typed decoding, a reflector's.
    fn list(&self) -> Result<[f64; 5], Trouble> {
        let [ours, decoding, skipping]: [f64; 3] = self.us("list", false)?;
        let [decode] = self.kube_rs("decode", false)?;
        let [reflect] = self.kube_rs("store", false)?;
        Ok([ours, decoding, skipping, decode, reflect])
    }

    /// The medians for a change: ours, a reflector's.
    fn change(&self) -> Result<[f64; 2], Trouble> {
        let [ours] = self.us("change", true)?;
        let [reflect] = self.kube_rs("change", true)?;
        Ok([ours, reflect])
    }

    /// Bytes kept, and at the peak: ours, a reflector's.
    fn memory(&self) -> Result<[(f64, f64); 2], Trouble> {
        let [ours, theirs] = [self.us("memory", true)?, self.kube_rs("memory", true)?];
        Ok([ours.into(), theirs.into()])
    }

    fn us<const N: usize>(&self, mode: &str, with_events: bool) -> Result<[f64; N], Trouble> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(MEASURE);
        self.measured(command, mode, with_events)
    }

    fn kube_rs<const N: usize>(&self, mode: &str, with_events: bool) -> Result<[f64; N], Trouble> {
        self.measured(Command::new(self.kube_rs), mode, with_events)
    }

    fn measured<const N: usize>(
        &self,
        mut command: Command,
        mode: &str,
        with_events: bool,
    ) -> Result<[f64; N], Trouble> {
        command.args([mode, self.kind]).arg(&self.generated.list);
        if with_events {
            command.arg(&self.generated.events);
        }
        if mode == "memory" {
            // glibc gives large pieces back as soon as they are free, so that what it shows is what is kept.
            command.env("MALLOC_MMAP_THRESHOLD_", "131072").env("MALLOC_TRIM_THRESHOLD_", "131072");
        }
        let output = command.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers: Vec<f64> = text.split_whitespace().map_while(|number| number.parse().ok()).collect();
        let numbers = <[f64; N]>::try_from(numbers).ok().filter(|_| output.status.success());
        numbers.ok_or_else(|| Trouble::new(format!("{command:?}: {}: {text}", output.status)))
    }
}

fn duration(seconds: f64) -> String {
    if seconds < 1e-3 { format!("{:>7.1} µs", seconds * 1e6) } else { format!("{:>7.1} ms", seconds * 1e3) }
}

#[expect(clippy::cast_precision_loss, reason = "no file here has 2^52 bytes")]
fn mega(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn grouped(count: usize) -> String {
    format!("{},{:03}", count / 1000, count % 1000)
}
