//! Our part: one process, one measurement, one line of figures.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use quorate_core::api::{AnswerPart, Head, LabelSelector};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::membership::listing::{self, Listing, ListingOptions};
use quorate_core::membership::{Change, Event, Membership, MembershipOptions, Object, Policy, Source};
use quorate_core::name::{Basename, Naming};
use quorate_core::time::Now;
use quorate_tests::generated::EVENTS;
use quorate_tests::trouble::Trouble;
use serde::de::IgnoredAny;

/// With this first argument, the program is a contestant.
pub(crate) const MEASURE: &str = "--measure";

/// How often a list is read: the first time warms up.
const PASSES: usize = 5;
/// In such pieces a body comes.
const CHUNK: usize = 64 * 1024;

const OK: AnswerPart<'_> = AnswerPart::Head(Head { status: 200, retry_after: None });

/// Measures what the arguments say: `list|change|memory pods|slices LIST [EVENTS]`.
pub(crate) fn measure(arguments: &[String]) -> Result<(), Trouble> {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let [mode, kind, files @ ..] = arguments.as_slice() else { return Err(Trouble::new("too few arguments")) };
    let source = if *kind == "pods" { Source::Pods } else { Source::EndpointSlices };
    match (*mode, files) {
        ("list", [list]) => measure_list(source, &lines(list)?),
        ("change", [list, events]) => measure_change(source, &lines(list)?, &lines(events)?),
        ("memory", [list, events]) => measure_memory(source, list, events),
        _ => Err(Trouble::new(format!("no such mode: {mode}"))),
    }
}

/// Prints the best time for a view of the list, for decoding alone, and for skipping the same bytes.
fn measure_list(source: Source, pages: &[Vec<u8>]) -> Result<(), Trouble> {
    let (mut ours, mut decoding, mut skipping) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..PASSES {
        let began = Instant::now();
        let follower = Follower::listed(source, pages)?;
        ours = ours.min(began.elapsed());
        follower.check()?;
        drop(follower);
        let began = Instant::now();
        let objects = decode(source, pages)?;
        decoding = decoding.min(began.elapsed());
        drop(objects);
        let began = Instant::now();
        for page in pages {
            black_box(serde_json::from_slice::<IgnoredAny>(page)?);
        }
        skipping = skipping.min(began.elapsed());
    }
    println!("{} {} {}", ours.as_secs_f64(), decoding.as_secs_f64(), skipping.as_secs_f64());
    Ok(())
}

/// Decodes the pages, as the listing machine does: into plain facts, before any of them is merged or named.
fn decode(source: Source, pages: &[Vec<u8>]) -> Result<Vec<Object>, Trouble> {
    let mut listing = Listing::new(options(source)?.build()?);
    let mut asked = None;
    let mut objects = Vec::new();
    let mut handle = |input: Input<'_>| {
        for action in listing.handle(Now::default(), input) {
            match action {
                Action::Send { id, .. } => asked = Some(id),
                Action::Emit(listing::Event::Listed(snapshot)) => objects = snapshot.objects,
                _ => {}
            }
        }
        asked
    };
    let mut id = handle(Input::Start);
    for page in pages {
        let parts = page.chunks(CHUNK).map(AnswerPart::Chunk);
        for part in core::iter::once(OK).chain(parts).chain([AnswerPart::End]) {
            if let Some(asked) = id {
                id = handle(Input::Answer { id: asked, part });
            }
        }
    }
    if objects.is_empty() { Err(Trouble::new("nothing was decoded")) } else { Ok(objects) }
}

fn options(source: Source) -> Result<ListingOptions, Trouble> {
    let selector = Some(LabelSelector::parse("app=web")?);
    Ok(ListingOptions { source, selector, ..ListingOptions::default() })
}

/// Prints the median time for a change that a watch tells.
fn measure_change(source: Source, pages: &[Vec<u8>], events: &[Vec<u8>]) -> Result<(), Trouble> {
    let mut follower = Follower::listed(source, pages)?;
    follower.feed(OK);
    let mut times = Vec::new();
    for line in events {
        let began = Instant::now();
        follower.feed(AnswerPart::Chunk(line));
        times.push(began.elapsed());
    }
    follower.check_changes()?;
    times.sort();
    println!("{}", times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64));
    Ok(())
}

/// Prints what is kept after the list and the changes, and the peak, in bytes over what there was before.
fn measure_memory(source: Source, list: &str, events: &str) -> Result<(), Trouble> {
    let (before, before_all) = (memory("RssAnon")?, memory("VmRSS")?);
    let mut follower = Follower::new(source)?;
    follower.feed(OK);
    let mut file = BufReader::with_capacity(CHUNK, File::open(list)?);
    loop {
        let chunk = file.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let page = end.and_then(|end| chunk.get(..end)).unwrap_or(chunk);
        follower.feed(AnswerPart::Chunk(page));
        let used = page.len() + usize::from(end.is_some());
        file.consume(used);
        if end.is_some() {
            follower.feed(AnswerPart::End);
            follower.feed(OK);
        }
    }
    follower.check()?;
    let mut file = BufReader::with_capacity(CHUNK, File::open(events)?);
    while let chunk @ [_, ..] = file.fill_buf()? {
        follower.feed(AnswerPart::Chunk(chunk));
        let used = chunk.len();
        file.consume(used);
    }
    drop(file);
    follower.check_changes()?;
    println!("{} {}", memory("RssAnon")? - before, memory("VmHWM")? - before_all);
    Ok(())
}

/// A membership, and the exchange that it waits for.
struct Follower {
    membership: Membership,
    asked: Option<RequestId>,
    joined: usize,
    changed: usize,
}

impl Follower {
    fn new(source: Source) -> Result<Self, Trouble> {
        let naming = Naming { basename: Some(Basename::parse("shop")?), ..Naming::default() };
        let options = MembershipOptions {
            listing: options(source)?,
            policy: Policy { naming, ..Policy::default() },
            ..MembershipOptions::default()
        };
        let membership = Membership::new(options.build()?);
        let mut follower = Self { membership, asked: None, joined: 0, changed: 0 };
        follower.handle(Input::Start);
        Ok(follower)
    }

    /// A follower that has read these pages, and is about to watch.
    fn listed(source: Source, pages: &[Vec<u8>]) -> Result<Self, Trouble> {
        let mut follower = Self::new(source)?;
        for page in pages {
            follower.feed(OK);
            page.chunks(CHUNK).for_each(|chunk| follower.feed(AnswerPart::Chunk(chunk)));
            follower.feed(AnswerPart::End);
        }
        Ok(follower)
    }

    fn feed(&mut self, part: AnswerPart<'_>) {
        if let Some(id) = self.asked {
            self.handle(Input::Answer { id, part });
        }
    }

    fn handle(&mut self, input: Input<'_, quorate_core::membership::Report>) {
        for action in self.membership.handle(Now::default(), input) {
            match action {
                Action::Send { id, .. } => self.asked = Some(id),
                Action::Emit(Event::Change(Change::Joined(_))) => self.joined += 1,
                Action::Emit(Event::Change(Change::Changed { .. })) => self.changed += 1,
                _ => {}
            }
        }
    }

    /// Each member has been told of.
    fn check(&self) -> Result<(), Trouble> {
        let members = self.membership.members().len();
        let is_right = members > 0 && members == self.joined && members.is_multiple_of(1000);
        if is_right { Ok(()) } else { Err(Trouble::new(format!("{members} members, {} joined", self.joined))) }
    }

    fn check_changes(&self) -> Result<(), Trouble> {
        if self.changed == EVENTS { Ok(()) } else { Err(Trouble::new(format!("{} changes", self.changed))) }
    }
}

fn lines(path: &str) -> Result<Vec<Vec<u8>>, Trouble> {
    let file = BufReader::with_capacity(CHUNK, File::open(path)?);
    // The end of a line is what makes it an event.
    let lines = file.split(b'\n').map(|line| {
        let mut line = line?;
        line.push(b'\n');
        Ok(line)
    });
    lines.collect()
}

/// A figure that Linux keeps of this process, in bytes.
#[expect(clippy::cast_precision_loss, reason = "memory has no 2^52 bytes")]
fn memory(name: &str) -> Result<f64, Trouble> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or_else(|| Trouble::new("no such figure"))?;
    Ok(number.trim().parse::<u64>()? as f64 * 1024.0)
}
