//! Large collections, made up: the same bytes on every machine, in the shape of what an API server sends.
//!
//! A pod has 8.8 to 10.3 KB, 40 % of it `managedFields`; an EndpointSlice has 100 endpoints, as the controller fills it.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::trouble::Trouble;

/// How many objects are on a page, as the core asks for them.
const PAGE_OBJECTS: usize = 500;
/// How many endpoints the [controller](https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#distribution-of-endpointslices)
/// puts into a slice.
const SLICE_ENDPOINTS: usize = 100;
/// How many changes a watch tells.
pub const EVENTS: usize = 500;

/// The version of the first object; the list's is higher than any object's, and the events' higher than the list's.
const FIRST_VERSION: usize = 10_000_000;
const LIST_VERSION: usize = 20_000_000;

/// A collection in two files.
#[derive(Debug)]
#[non_exhaustive]
pub struct Generated {
    /// The list: a page a line.
    pub list: PathBuf,
    /// A watch that follows it, an event a line: each changes whether one pod is ready.
    pub events: PathBuf,
    /// How long the list is.
    pub bytes: usize,
    /// How long its longest page is.
    pub page_bytes: usize,
}

/// Writes so many pods into a folder.
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn pods(folder: &Path, count: usize) -> Result<Generated, Trouble> {
    let template = Template::parse(include_str!("../testdata/generated/pod.json"))?;
    let pod = |index: usize, version, ready: bool| {
        template.fill(|field, out| {
            match field {
                "NOTE" => write!(out, "{:.<1$}", "", index.wrapping_mul(37) % 750),
                "READY" => out.write_str(if ready { "True" } else { "False" }),
                "VERSION" => write!(out, "{version}"),
                field => Pod { index, count }.write(field, out),
            }
            .map_err(Trouble::from)
        })
    };
    let list = (0..count).map(|index| pod(index, FIRST_VERSION + index, true));
    let events = (0..EVENTS).map(|event| pod(event * 7919 % count, LIST_VERSION + 1 + event, false));
    write(folder, ("v1", "Pod"), count, list, events)
}

/// Writes the EndpointSlices of so many endpoints into a folder.
///
/// # Errors
///
/// When the folder cannot be written to.
pub fn slices(folder: &Path, endpoints: usize) -> Result<Generated, Trouble> {
    let template = Template::parse(include_str!("../testdata/generated/endpointslice.json"))?;
    let endpoint = Template::parse(include_str!("../testdata/generated/endpoint.json"))?;
    let count = endpoints.div_ceil(SLICE_ENDPOINTS);
    let slice = |index: usize, version, unready: usize| {
        template.fill(|field, out| match field {
            "ENDPOINTS" => {
                let first = index * SLICE_ENDPOINTS;
                for (place, pod) in (first..endpoints.min(first + SLICE_ENDPOINTS)).enumerate() {
                    out.push(if place == 0 { '[' } else { ',' });
                    out.push_str(&endpoint.fill(|field, out| {
                        match field {
                            "READY" => write!(out, "{}", place >= unready),
                            field => Pod { index: pod, count: endpoints }.write(field, out),
                        }
                        .map_err(Trouble::from)
                    })?);
                }
                out.push(']');
                Ok(())
            }
            "NAME" => Ok(write!(out, "web-{}", suffix(index, count))?),
            "UID" => Ok(out.write_str(&uid(index, "slice"))?),
            "VERSION" => Ok(write!(out, "{version}")?),
            other => Err(Trouble::new(format!("a slice has no ${other}"))),
        })
    };
    let list = (0..count).map(|index| slice(index, FIRST_VERSION + index, 0));
    // One more endpoint of a slice is unready in each of its events.
    let events = (0..EVENTS).map(|event| slice(event % count, LIST_VERSION + 1 + event, event / count + 1));
    write(folder, ("discovery.k8s.io/v1", "EndpointSlice"), count, list, events)
}

fn write(
    folder: &Path,
    (api_version, kind): (&str, &str),
    count: usize,
    objects: impl Iterator<Item = Result<String, Trouble>>,
    events: impl Iterator<Item = Result<String, Trouble>>,
) -> Result<Generated, Trouble> {
    let path = |what: &str| folder.join(format!("{kind}-{count}.{what}.jsonl"));
    let mut generated = Generated { list: path("list"), events: path("events"), bytes: 0, page_bytes: 0 };
    let mut file = BufWriter::new(File::create(&generated.list)?);
    let mut objects = objects.peekable();
    while objects.peek().is_some() {
        let page = objects.by_ref().take(PAGE_OBJECTS).collect::<Result<Vec<_>, _>>()?.join(",");
        // Each page has a token of its own, as with a real server.
        let token = match objects.peek() {
            Some(_) => format!(r#","continue":"after-{}""#, generated.bytes),
            None => String::new(),
        };
        let metadata = format!(r#"{{"resourceVersion":"{LIST_VERSION}"{token}}}"#);
        let page = format!(
            r#"{{"kind":"{kind}List","apiVersion":"{api_version}","metadata":{metadata},"items":[{page}]}}{}"#,
            '\n'
        );
        file.write_all(page.as_bytes())?;
        generated.bytes += page.len();
        generated.page_bytes = generated.page_bytes.max(page.len());
    }
    file.flush()?;
    let mut file = BufWriter::new(File::create(&generated.events)?);
    for object in events {
        let object = object?;
        let object = object.trim_start_matches('{');
        let head = format!(r#""kind":"{kind}","apiVersion":"{api_version}""#);
        writeln!(file, r#"{{"type":"MODIFIED","object":{{{head},{object}}}"#)?;
    }
    file.flush()?;
    Ok(generated)
}

/// One of so many pods.
#[derive(Clone, Copy)]
struct Pod {
    index: usize,
    count: usize,
}

impl Pod {
    fn write(self, field: &str, out: &mut String) -> std::fmt::Result {
        let Self { index, count } = self;
        match field {
            "ADDRESS" => write!(out, "10.{}.{}.{}", 64 + (index >> 16), (index >> 8) & 0xff, index & 0xff),
            "NAME" => write!(out, "web-6d5b7c8f9-{}", suffix(index, count)),
            "NODE" => write!(out, "ip-10-0-{}-{}.eu-central-1.compute.internal", index / 7500, index / 30 % 250),
            "UID" => out.write_str(&uid(index, "pod")),
            "ZONE" => write!(out, "eu-central-1{}", ["a", "b", "c"].get(index % 3).unwrap_or(&"a")),
            _ => Err(std::fmt::Error),
        }
    }
}

/// The end of a generated name, in
/// [Kubernetes' letters](https://github.com/kubernetes/apimachinery/blob/master/pkg/util/rand/rand.go); in order, as a list is.
fn suffix(index: usize, count: usize) -> String {
    const LETTERS: &[u8] = b"2456789bcdfghjklmnpqrstvwxz";
    let mut number = index * (LETTERS.len().pow(5) / count.max(1));
    let mut letters: Vec<_> = (0..5)
        .map(|_| {
            let letter = LETTERS.get(number % LETTERS.len()).copied().unwrap_or(b'x');
            number /= LETTERS.len();
            char::from(letter)
        })
        .collect();
    letters.reverse();
    letters.into_iter().collect()
}

/// A UID of its own, in no order.
fn uid(index: usize, kind: &str) -> String {
    // SplitMix64 (https://prng.di.unimi.it/splitmix64.c)
    let mix = |seed: u64| {
        let one = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let two = (one ^ (one >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        two ^ (two >> 31)
    };
    let seed = (index as u64).wrapping_mul(2).wrapping_add(kind.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let text = format!("{:016x}{:016x}", mix(seed), mix(!seed));
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// A JSON document with `$FIELDS` in it.
struct Template(Vec<(String, String)>);

impl Template {
    fn parse(json: &str) -> Result<Self, Trouble> {
        let text = serde_json::from_str::<Value>(json)?.to_string();
        // What is no text stands without its quotes.
        let is_text = text.contains(r#""status":"$READY""#);
        let text = text.replace(r#""$ENDPOINTS""#, "$ENDPOINTS");
        let text = if is_text { text } else { text.replace(r#""$READY""#, "$READY") };
        let parts = text.split('$').enumerate().map(|(index, part)| {
            let end = part.find(|letter: char| !letter.is_ascii_uppercase()).unwrap_or(part.len());
            let (field, rest) = part.split_at(if index == 0 { 0 } else { end });
            (field.to_owned(), rest.to_owned())
        });
        Ok(Self(parts.collect()))
    }

    fn fill(&self, mut field: impl FnMut(&str, &mut String) -> Result<(), Trouble>) -> Result<String, Trouble> {
        let mut out = String::with_capacity(self.0.iter().map(|(_, rest)| rest.len() + 64).sum());
        for (name, rest) in &self.0 {
            if !name.is_empty() {
                field(name, &mut out)?;
            }
            out.push_str(rest);
        }
        Ok(out)
    }
}
