//! The membership machine beside kube-rs, in one run over the same made-up lists: from bytes to named members and what has
//! changed, against `kube`'s typed decoding and `kube-runtime`'s reflector, and against how fast `serde_json` skips bytes.
//!
//! `cargo bench -p quorate-tests --bench membership_against_kube_rs`
//!
//! Every figure is of a fresh process. Times are the best of several passes, the processes taking turns; a change is the
//! median of 500. Memory is what Linux says: kept after the list and 500 changes, and the peak, both over what the process
//! had before. It fails when a target is missed, for times by more than the machine's noise.

#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a benchmark is for reading")]

mod contestant;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use contestant::MEASURE;
use quorate_tests::generated::{self, Generated};
use quorate_tests::trouble::Trouble;
use quorate_tests::{built, target_folder};

/// How many processes of each kind take turns.
const ROUNDS: usize = 3;
const PODS: usize = 10_000;
const ENDPOINTS: [usize; 3] = [1_000, 10_000, 100_000];

/// At least so many times as fast as kube-rs decodes pods.
const AGAINST_TYPED_DECODING: f64 = 4.5;
/// Decoding reaches at least this part of the speed at which `serde_json` skips the same bytes.
const AGAINST_SKIPPING: f64 = 0.7;
/// At most this part of the memory that a reflector keeps.
const AGAINST_KEPT: f64 = 1.0 / 100.0;
/// The peak is what is kept, and at most so many pages.
const PAGES_AT_PEAK: f64 = 2.0;
/// A change in the largest view takes at most so many times what it takes in the smallest.
const AGAINST_SMALL_VIEW: f64 = 1.5;
/// Times on a shared machine may miss their target by this part.
const NOISE: f64 = 0.1;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == MEASURE => contestant::measure(rest).map(|()| Vec::new()),
        _ => compare(),
    };
    match outcome {
        Ok(missed) if missed.is_empty() => ExitCode::SUCCESS,
        Ok(missed) => {
            missed.iter().for_each(|missed| println!("missed: {missed}"));
            ExitCode::FAILURE
        }
        Err(trouble) => {
            eprintln!("error: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// Compares all there is; returns the targets that were missed.
fn compare() -> Result<Vec<String>, Trouble> {
    let kube_rs = built::kube_rs_contestant()?;
    let folder = tempfile::tempdir_in(target_folder::temporary()?)?;
    let contest = |kind, generated| Contest { kube_rs: &kube_rs, kind, generated };
    let pods = contest("pods", generated::pods(folder.path(), PODS)?);
    let mut slices = Vec::new();
    for count in ENDPOINTS {
        slices.push((count, contest("slices", generated::slices(folder.path(), count)?)));
    }
    let mut targets = Targets::default();

    println!(
        "{:<28} {:>10} {:>18} {:>18} {:>18} {:>18}",
        "a list", "quorate", "only decoding", "kube-rs decodes", "kube-rs reflects", "skipping"
    );
    let lists = [(format!("{} pods", grouped(PODS)), &pods)].into_iter();
    let lists = lists.chain(slices.iter().map(|(count, slices)| (format!("{} endpoints", grouped(*count)), slices)));
    for (what, contest) in lists {
        let [ours, decoding, skipping, decode, reflect] = contest.list()?;
        let times = |other: f64| format!("{} {:>6.2}x", duration(other), other / ours);
        let title = format!("{what}, {:.1} MB", mega(contest.generated.bytes));
        let (decode_times, reflect_times) = (times(decode), times(reflect));
        let (only, skip) = (times(decoding), times(skipping));
        println!("{title:<28} {} {only:>18} {decode_times:>18} {reflect_times:>18} {skip:>18}", duration(ours));
        if contest.kind == "pods" {
            targets.at_least("kube-rs decodes pods", decode / ours, AGAINST_TYPED_DECODING * (1.0 - NOISE));
            targets.at_least("skipping pods", skipping / decoding, AGAINST_SKIPPING * (1.0 - NOISE));
        }
    }

    println!("\n{:<26} {:>10} {:>18}", "one change", "quorate", "kube-rs reflects");
    let change = |what: &str, contest: &Contest<'_>| {
        let [ours, reflect] = contest.change()?;
        println!("{what:<26} {} {} {:>6.2}x", duration(ours), duration(reflect), reflect / ours);
        Ok::<_, Trouble>(ours)
    };
    change(&format!("among {} pods", grouped(PODS)), &pods)?;
    let mut changes = Vec::new();
    for (count, slices) in &slices {
        changes.push(change(&format!("among {} endpoints", grouped(*count)), slices)?);
    }
    if let (Some(small), Some(large)) = (changes.first(), changes.last()) {
        targets.at_most("a change in a large view", large / small, AGAINST_SMALL_VIEW * (1.0 + NOISE));
    }

    println!("\n{:<26} {:>21} {:>29}", "memory", "quorate", "kube-rs reflects");
    let [(kept, peak), (their_kept, their_peak)] = pods.memory()?;
    let line = |what: &str, ours: f64, theirs: f64| {
        let each = |bytes: f64| format!("{:>8.1} MB {:>6.0} B each", bytes / 1e6, bytes / 1e4);
        println!("{what:<26} {} {} {:>5.0}x", each(ours), each(theirs), theirs / ours);
    };
    line(&format!("kept of {} pods", grouped(PODS)), kept, their_kept);
    line("peak", peak, their_peak);
    let page = pods.generated.page_bytes;
    println!("(a page has {:.1} MB)", mega(page));
    targets.at_most("memory kept", kept / their_kept, AGAINST_KEPT);
    #[expect(clippy::cast_precision_loss, reason = "a page has no 2^52 bytes")]
    targets.at_most("pages at the peak", (peak - kept) / page as f64, PAGES_AT_PEAK);
    Ok(targets.missed)
}

/// One collection, and who reads it.
struct Contest<'a> {
    kube_rs: &'a Path,
    kind: &'static str,
    generated: Generated,
}

impl Contest<'_> {
    /// The best times for the list: ours, decoding alone, skipping, typed decoding, a reflector's.
    fn list(&self) -> Result<[f64; 5], Trouble> {
        let mut best = [f64::INFINITY; 5];
        for _ in 0..ROUNDS {
            let [ours, decoding, skipping]: [f64; 3] = self.us("list", false)?;
            let [decode] = self.kube_rs("decode", false)?;
            let [reflect] = self.kube_rs("store", false)?;
            best.iter_mut()
                .zip([ours, decoding, skipping, decode, reflect])
                .for_each(|(best, time)| *best = best.min(time));
        }
        Ok(best)
    }

    /// The best medians for a change: ours, a reflector's.
    fn change(&self) -> Result<[f64; 2], Trouble> {
        let mut best = [f64::INFINITY; 2];
        for _ in 0..ROUNDS {
            let [ours] = self.us("change", true)?;
            let [reflect] = self.kube_rs("change", true)?;
            best.iter_mut().zip([ours, reflect]).for_each(|(best, time)| *best = best.min(time));
        }
        Ok(best)
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

/// What was to be reached, and was not.
#[derive(Default)]
struct Targets {
    missed: Vec<String>,
}

impl Targets {
    fn at_least(&mut self, what: &str, found: f64, target: f64) {
        self.note(found >= target, what, found, target);
    }

    fn at_most(&mut self, what: &str, found: f64, target: f64) {
        self.note(found <= target, what, found, target);
    }

    fn note(&mut self, is_reached: bool, what: &str, found: f64, target: f64) {
        if !is_reached {
            self.missed.push(format!("{what}: {found:.4}, where {target:.4} is the limit"));
        }
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
