//! kube-rs' part in the benchmark `membership_against_kube_rs`: decodes lists as its client does, or follows a collection as
//! its reflector does. Prints the figures that its modes name, one line.
//!
//! `kube-rs-contestant decode|store|change|memory PODS|SLICES LIST [EVENTS]`
//!
//! LIST has a page a line, EVENTS a watch event a line.

use std::error::Error;
use std::fs::File;
use std::hash::Hash;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Resource;
use kube::core::{ObjectList, WatchEvent};
use kube::runtime::reflector::store::{Writer, store};
use kube::runtime::watcher::Event;
use serde::de::DeserializeOwned;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [mode, "pods", files @ ..] => run::<Pod>(mode, files),
        [mode, "slices", files @ ..] => run::<EndpointSlice>(mode, files),
        _ => Err("usage: kube-rs-contestant decode|store|change|memory pods|slices LIST [EVENTS]".into()),
    }
}

fn run<K>(mode: &str, files: &[&str]) -> Result<(), Box<dyn Error>>
where
    K: Resource + Clone + DeserializeOwned + 'static,
    K::DynamicType: Default + Eq + Hash + Clone,
{
    match (mode, files) {
        ("decode", [list]) => println!("{}", best(&lines(list)?, decode::<K>)?.as_secs_f64()),
        ("store", [list]) => println!("{}", best(&lines(list)?, |pages| Ok(fill::<K>(pages)?.0))?.as_secs_f64()),
        ("change", [list, events]) => {
            let (_, mut writer) = fill::<K>(&lines(list)?)?;
            let mut times = Vec::new();
            for line in lines(events)? {
                let began = Instant::now();
                apply(&mut writer, &line)?;
                times.push(began.elapsed());
            }
            times.sort();
            println!("{}", times[times.len() / 2].as_secs_f64());
        }
        ("memory", [list, events]) => {
            let (before, before_all) = (memory("RssAnon")?, memory("VmRSS")?);
            let (_reader, mut writer) = store::<K>();
            writer.apply_watcher_event(&Event::Init);
            each_line(list, |page| {
                for object in serde_json::from_slice::<ObjectList<K>>(page)?.items {
                    writer.apply_watcher_event(&Event::InitApply(object));
                }
                Ok(())
            })?;
            writer.apply_watcher_event(&Event::InitDone);
            each_line(events, |line| apply(&mut writer, line))?;
            println!("{} {}", memory("RssAnon")? - before, memory("VmHWM")? - before_all);
            black_box(writer);
        }
        _ => return Err(format!("no such mode: {mode}").into()),
    }
    Ok(())
}

/// How often a list is read: the first time warms up.
const PASSES: usize = 3;

fn best(
    pages: &[Vec<u8>],
    act: impl Fn(&[Vec<u8>]) -> Result<Duration, Box<dyn Error>>,
) -> Result<Duration, Box<dyn Error>> {
    let mut best = act(pages)?;
    for _ in 1..PASSES {
        best = best.min(act(pages)?);
    }
    Ok(best)
}

/// Decodes the pages; what is decoded is dropped off the clock.
fn decode<K: Clone + DeserializeOwned>(pages: &[Vec<u8>]) -> Result<Duration, Box<dyn Error>> {
    let mut time = Duration::ZERO;
    for page in pages {
        let began = Instant::now();
        let list: ObjectList<K> = serde_json::from_slice(page)?;
        time += began.elapsed();
        black_box(list);
    }
    Ok(time)
}

/// Fills a reflector's store, as its watcher does.
fn fill<K>(pages: &[Vec<u8>]) -> Result<(Duration, Writer<K>), Box<dyn Error>>
where
    K: Resource + Clone + DeserializeOwned + 'static,
    K::DynamicType: Default + Eq + Hash + Clone,
{
    let began = Instant::now();
    let (_, mut writer) = store();
    writer.apply_watcher_event(&Event::Init);
    for page in pages {
        for object in serde_json::from_slice::<ObjectList<K>>(page)?.items {
            writer.apply_watcher_event(&Event::InitApply(object));
        }
    }
    writer.apply_watcher_event(&Event::InitDone);
    Ok((began.elapsed(), writer))
}

fn apply<K>(writer: &mut Writer<K>, line: &[u8]) -> Result<(), Box<dyn Error>>
where
    K: Resource + Clone + DeserializeOwned + 'static,
    K::DynamicType: Default + Eq + Hash + Clone,
{
    match serde_json::from_slice(line)? {
        WatchEvent::Added(object) | WatchEvent::Modified(object) => writer.apply_watcher_event(&Event::Apply(object)),
        WatchEvent::Deleted(object) => writer.apply_watcher_event(&Event::Delete(object)),
        WatchEvent::Bookmark(_) | WatchEvent::Error(_) => return Err("an event of another kind".into()),
    }
    Ok(())
}

fn lines(path: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut lines = Vec::new();
    each_line(path, |line| {
        lines.push(line.to_vec());
        Ok(())
    })?;
    Ok(lines)
}

/// Reads a file one line at a time, as an answer's body is collected.
fn each_line(path: &str, mut act: impl FnMut(&[u8]) -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path)?);
    loop {
        let mut line = Vec::new();
        if file.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        act(&line)?;
    }
}

/// A figure that Linux keeps of this process, in bytes.
fn memory(name: &str) -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no such figure")?;
    Ok(number.trim().parse::<u64>()? * 1024)
}
