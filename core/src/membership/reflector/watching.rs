//! The watch: one stream after another, each going on where the one before ended.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::config::ReflectorConfig;
use super::evidence::{Evidence, Step, Wire};
use super::standing::{News, Trouble};
use super::{LONGEST_RETRY_AFTER, Reflector};
use crate::api::exchange::Exchange;
use crate::api::watch::{Lines, WatchEvent, decode_event};
use crate::api::{AnswerPart, DecodeError, Head, ResourceVersion};
use crate::machine::{Cause, Deadline, RequestId};
use crate::membership::listing::verdict::{Verdict, judge, judge_status};
use crate::membership::listing::{ListingError, ListingFailure};
use crate::membership::object::ObjectKey;
use crate::time::Instant;

/// How long the server lets a watch live, by chance within these: `minWatchTimeout`, up to twice, as in
/// [client-go](https://github.com/kubernetes/client-go/blob/master/tools/cache/reflector.go).
const SHORTEST_WATCH: Duration = Duration::from_secs(300);
const LONGEST_WATCH: Duration = Duration::from_secs(600);

/// A watch that ends sooner, and has told nothing, did not work. (client-go draws the same line.)
const SHORT_LIFE: Duration = Duration::from_secs(1);
/// A watch whose head came, and that lived for so long, did work.
const LONG_LIFE: Duration = Duration::from_secs(10);

/// After so many watches in a row that failed, lists tell what they cannot, until one works again.
const FAILURES_BEFORE_LISTS: u32 = 2;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Watch {
    /// There is nothing to go on from, or nothing is watched at all.
    Closed,
    Open(Box<Stream>),
    Pausing {
        until: Instant,
    },
}

/// One watch, being read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stream {
    id: RequestId,
    opened: Instant,
    /// When its last part arrived.
    heard: Instant,
    /// What it told last, or where it began. A list may have moved the reflector's position past it.
    position: ResourceVersion,
    body: Body,
    resumes: bool,
    /// Something has come after its head.
    has_spoken: bool,
    /// It has told something new.
    has_told: bool,
    /// It has told something old, and a comparison was asked for.
    is_suspect: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Body {
    /// The head is to come, or it was a refusal.
    Awaiting(Exchange),
    Streaming(Lines),
}

/// How to go on after a watch that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    Relist,
    Resume,
}

impl Watch {
    pub(super) fn awaits(&self, id: RequestId) -> bool {
        matches!(self, Self::Open(stream) if stream.id == id)
    }

    pub(super) fn deadline(&self, config: &ReflectorConfig) -> Option<Deadline> {
        match self {
            Self::Closed => None,
            Self::Open(stream) => Some(match stream.body {
                Body::Awaiting(_) => Deadline {
                    at: stream.opened.saturating_add(config.request_timeout()),
                    cause: Cause::RequestTimeout,
                },
                Body::Streaming(_) => {
                    Deadline { at: stream.heard.saturating_add(config.idle_limit()), cause: Cause::IdleLimit }
                }
            }),
            Self::Pausing { until } => Some(Deadline { at: *until, cause: Cause::Resume }),
        }
    }
}

impl Stream {
    const fn is_streaming(&self) -> bool {
        matches!(self.body, Body::Streaming(_))
    }

    /// Whether a head came, and no failure for long: one that waits for its head in vain does not work.
    fn has_lived(&self, now: Instant) -> bool {
        self.is_streaming() && now.saturating_since(self.opened) >= LONG_LIFE
    }

    pub(super) fn explain(&self, now: Instant) -> String {
        let (position, silent) = (&self.position, now.saturating_since(self.heard).as_secs_f64());
        match self.body {
            Body::Awaiting(_) => format!("opening a watch from resourceVersion {position}"),
            Body::Streaming(_) => format!("watching from resourceVersion {position}, silent for {silent:.1} s"),
        }
    }
}

impl Reflector {
    pub(super) fn open_watch(&mut self, resumes: bool, step: &mut Step<'_>) {
        let position = self.position.clone().unwrap_or_default();
        let timeout = self.jitter.between(SHORTEST_WATCH, LONGEST_WATCH);
        let request = self.config.watch_request(self.pods_selector.as_ref(), &position, timeout);
        let id = step.ids.next();
        self.watch = Watch::Open(Box::new(Stream {
            id,
            opened: self.latest,
            heard: self.latest,
            position,
            body: Body::Awaiting(Exchange::new(0)),
            resumes,
            has_spoken: false,
            has_told: false,
            is_suspect: false,
        }));
        step.wire.push(Wire::Send(id, request));
    }

    pub(super) fn close_watch(&mut self, step: &mut Step<'_>) {
        self.cancel_watch(step);
        self.watch = Watch::Closed;
    }

    /// The transport may go on sending: it is told to stop.
    fn cancel_watch(&self, step: &mut Step<'_>) {
        if let Watch::Open(stream) = &self.watch {
            step.wire.push(Wire::Cancel(stream.id));
        }
    }

    /// Does what is due.
    pub(super) fn wake_watch(&mut self, step: &mut Step<'_>) {
        let trouble = match &self.watch {
            Watch::Closed => return,
            Watch::Pausing { .. } => return self.open_watch(true, step),
            Watch::Open(stream) => match stream.body {
                Body::Awaiting(_) => self.unanswered(ListingFailure::TimedOut),
                Body::Streaming(_) => Trouble::Silent { limit: self.config.idle_limit() },
            },
        };
        self.cancel_watch(step);
        self.fail_watch(trouble, Remedy::Resume, None);
    }

    /// Takes the next part of the watch's answer.
    pub(super) fn hear(&mut self, part: AnswerPart<'_>, step: &mut Step<'_>) {
        let Watch::Open(stream) = &mut self.watch else { return };
        stream.heard = self.latest;
        let answer = match (&mut stream.body, part) {
            (Body::Awaiting(_), AnswerPart::Head(Head { status: 200..=299, .. })) => return self.hear_head(step),
            (Body::Awaiting(exchange), part) => match exchange.feed(part) {
                Some(answer) => answer,
                None => return,
            },
            (Body::Streaming(_), AnswerPart::Head(_)) => return,
            (Body::Streaming(_), AnswerPart::Chunk(bytes)) => return self.hear_lines(bytes, step),
            // The rest of a line without its end is told again by the next watch.
            (Body::Streaming(_), AnswerPart::End) => return self.hear_end(step),
            (Body::Streaming(_), AnswerPart::Failed(failure)) => Err(failure.clone()),
        };
        if !matches!(part, AnswerPart::End | AnswerPart::Failed(_)) {
            self.cancel_watch(step);
        }
        self.refuse(judge(answer));
    }

    fn hear_head(&mut self, step: &mut Step<'_>) {
        let Watch::Open(stream) = &mut self.watch else { return };
        stream.body = Body::Streaming(Lines::new(self.config.line_bytes()));
        if stream.resumes {
            step.news.push(News::Resumed { version: stream.position.clone() });
        }
        // Where watches fall silent without a word, a head says nothing of what follows it: a proxy may keep it back.
        if !(self.needs_lists() && matches!(self.watch_trouble, Some(Trouble::Silent { .. }))) {
            self.trust_watch();
        }
    }

    fn trust_watch(&mut self) {
        self.watch_trouble = None;
        // A watch does without lists that fail, but a stale one puts it in doubt.
        self.list_trouble.take_if(|trouble| !matches!(trouble, Trouble::StaleList { .. }));
        if self.list_trouble.is_none() {
            self.current_at = self.latest;
        }
    }

    fn hear_lines(&mut self, mut chunk: &[u8], step: &mut Step<'_>) {
        if chunk.is_empty() {
            return;
        }
        if let Watch::Open(stream) = &mut self.watch {
            stream.has_spoken = true;
        }
        self.trust_watch();
        // A line may end the watch: what follows it is not heard.
        while let Watch::Open(stream) = &mut self.watch
            && let Body::Streaming(lines) = &mut stream.body
            && let Some(line) = lines.next(&mut chunk)
        {
            if let Ok(line) = line {
                self.hear_line(&line, step);
            } else {
                self.cancel_watch(step);
                self.fail_watch(Trouble::LineTooLong { limit: self.config.line_bytes() }, Remedy::Resume, None);
            }
        }
    }

    fn hear_line(&mut self, line: &[u8], step: &mut Step<'_>) {
        let source = self.config.listing.options().source;
        let heard = decode_event(line, source.resource().kind()).and_then(|event| {
            match event {
                WatchEvent::Put(json) => {
                    let object = source.decode_object(json)?;
                    let (key, version) = (object.key(), object.resource_version.clone());
                    self.hear_change(key, version, Evidence::Put(object), step);
                }
                WatchEvent::Deleted(json) => {
                    let object = source.decode_object(json)?;
                    let key = object.key();
                    self.hear_change(key.clone(), object.resource_version, Evidence::Deleted(key), step);
                }
                WatchEvent::Bookmark(version) => self.hear_bookmark(version),
                WatchEvent::Error(status) => {
                    self.cancel_watch(step);
                    self.refuse(judge_status(status.code, status.message, status.retry_after));
                }
            }
            Ok::<(), DecodeError>(())
        });
        if let Err(error) = heard {
            self.cancel_watch(step);
            self.fail_watch(Trouble::Undecodable(error), Remedy::Relist, None);
        }
    }

    fn hear_change(&mut self, key: ObjectKey, version: ResourceVersion, evidence: Evidence, step: &mut Step<'_>) {
        let Watch::Open(stream) = &mut self.watch else { return };
        if is_not_newer(&version, &stream.position) {
            // M1: history may have been rewound, and what it tells again is not what is there.
            step.news.push(News::StaleEvent { object: key, version, known: stream.position.clone() });
            if !stream.is_suspect {
                stream.is_suspect = true;
                self.compare_soon();
            }
            return;
        }
        stream.has_told = true;
        let is_known = self.position.as_ref().is_some_and(|known| is_not_newer(&version, known));
        if !version.is_empty() {
            stream.position = version.clone();
        }
        if is_known {
            // A list was ahead of the watch, and has told as much.
            return;
        }
        if !version.is_empty() {
            self.position = Some(version.clone());
        }
        self.lists.note(key, version);
        step.evidence.push(evidence);
    }

    fn hear_bookmark(&mut self, version: ResourceVersion) {
        let Watch::Open(stream) = &mut self.watch else { return };
        if version.is_empty() || is_not_newer(&version, &stream.position) {
            return;
        }
        stream.has_told = true;
        stream.position = version.clone();
        if !self.position.as_ref().is_some_and(|known| is_not_newer(&version, known)) {
            self.position = Some(version);
        }
    }

    /// The server ended the watch, as it does every few minutes.
    fn hear_end(&mut self, step: &mut Step<'_>) {
        let Watch::Open(stream) = &self.watch else { return };
        if !stream.has_told && self.latest.saturating_since(stream.opened) < SHORT_LIFE {
            return self.fail_watch(Trouble::ShortWatch, Remedy::Resume, None);
        }
        self.watch_backoff.reset();
        self.relist_backoff.reset();
        self.watch_failures = 0;
        self.open_watch(true, step);
    }

    /// Acts on an answer that is no watch, or no more.
    fn refuse(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Expired { message } => self.fail_watch(Trouble::Expired { message }, Remedy::Relist, None),
            Verdict::Retry { failure, after } => {
                let trouble = self.unanswered(failure);
                self.fail_watch(trouble, Remedy::Resume, after);
            }
            Verdict::GiveUp(failure) => {
                let trouble = self.unanswered(failure);
                self.fail_watch(trouble, Remedy::Resume, None);
            }
            // A success is a watch, and was taken as one.
            Verdict::Success(_) => self.fail_watch(Trouble::ShortWatch, Remedy::Resume, None),
        }
    }

    fn unanswered(&self, failure: ListingFailure) -> Trouble {
        let permission = self.config.watch_permission();
        let attempts = self.watch_failures.saturating_add(1);
        Trouble::Unanswered(Box::new(ListingError {
            permission,
            failure,
            previous: None,
            attempts,
            elapsed: Duration::ZERO,
        }))
    }

    /// M1: the view stands as it is, and the watch is tried again for ever.
    fn fail_watch(&mut self, trouble: Trouble, remedy: Remedy, after: Option<Duration>) {
        if let Watch::Open(stream) = &self.watch {
            let is_nonsense = matches!(trouble, Trouble::Undecodable(_) | Trouble::LineTooLong { .. });
            let is_mute = matches!(trouble, Trouble::Silent { .. }) && !stream.has_spoken;
            let has_lived = stream.has_lived(self.latest) && !is_mute;
            if has_lived || (stream.has_told && !is_nonsense) {
                self.watch_backoff.reset();
                self.relist_backoff.reset();
                self.watch_failures = 0;
            }
        }
        self.watch_failures = self.watch_failures.saturating_add(1);
        let after = after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let backoff =
            if let Trouble::Expired { .. } = trouble { &mut self.relist_backoff } else { &mut self.watch_backoff };
        let wait = backoff.next().max(after);
        if let Trouble::Expired { .. } = trouble {
            self.server_is_there();
        }
        if let Trouble::Silent { .. } = trouble {
            // What it kept to itself may be old by now.
            self.compare_soon();
        }
        self.watch_trouble = Some(trouble);
        match remedy {
            Remedy::Relist => {
                self.watch = Watch::Closed;
                self.relist_after(wait);
            }
            Remedy::Resume => {
                self.watch = Watch::Pausing { until: self.latest.saturating_add(wait) };
                if self.needs_lists() {
                    let wait = self.list_backoff.next().max(after);
                    self.compare_within(wait);
                }
            }
        }
    }

    /// Whether watches have failed again and again, and the one that is open, if any, has yet to work.
    pub(super) fn needs_lists(&self) -> bool {
        let works = match &self.watch {
            Watch::Open(stream) => stream.has_told || (stream.has_lived(self.latest) && self.watch_trouble.is_none()),
            Watch::Closed | Watch::Pausing { .. } => false,
        };
        self.watch_failures >= FAILURES_BEFORE_LISTS && !works
    }
}

/// Whether it is known to be no newer: versions that do not compare come in the order of the stream.
fn is_not_newer(version: &ResourceVersion, known: &ResourceVersion) -> bool {
    version.compare(known).is_some_and(core::cmp::Ordering::is_le)
}
