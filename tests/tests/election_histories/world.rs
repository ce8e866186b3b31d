//! Candidates in a world of their own; what must always hold is checked at every step.

mod promises;
mod steps;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Method, Request, Sent};
use quorate_core::election::{ElectionConfig, FencingToken, Report};
use quorate_core::machine::{Action, Input, Machine as _, RequestId};
use quorate_core::testing::{FakeAnswer, WatchUpdate};
use quorate_core::time::Instant;
use serde_json::Value;

use super::candidate::{Candidate, Micros, Work, options};
use super::history::{Setup, Spoiled, Step};
use super::letter::Letter;
use super::server::{Served, Server};

/// How long a request, an answer or an event is under way at least.
const LATENCY: Micros = 1_000;

/// A process: the number of the candidate, and its life.
type Process = (usize, u64);

pub(crate) struct World {
    pub(crate) setup: Setup,
    /// What all candidates have in common.
    pub(crate) config: ElectionConfig,
    pub(crate) server: Server,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) real: Micros,
    queue: BTreeMap<(Micros, u64), Event>,
    sequence: u64,
    lives: u64,
    /// Who wrote the record that stands, if it is held.
    holder: Option<Process>,
    /// When a candidate last wrote something.
    pub(crate) written_at: Micros,
    /// The longest duration that a record of the Lease ever had, in seconds.
    pub(crate) longest: u64,
    /// Each term's token, in the order in which they began.
    pub(crate) tokens: Vec<FencingToken>,
    pub(crate) lines: Vec<String>,
}

#[derive(Debug)]
enum Event {
    Arrive { from: Process, id: RequestId, request: Request, sent_at: Instant, is_copy: bool },
    Answer { to: Process, id: RequestId, letter: Letter },
    Report { to: Process, report: Report },
    WorkStopped { of: Process, term: FencingToken },
    Restart(usize),
}

impl World {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut world = Self {
            setup: setup.clone(),
            config: options(setup, 0).build().unwrap(),
            server: Server::new(setup.seed, setup.has_lease),
            candidates: (0..setup.candidates).map(|index| Candidate::new(setup, index, index as u64 + 1)).collect(),
            real: 1_000_000,
            queue: BTreeMap::new(),
            sequence: 0,
            lives: setup.candidates as u64,
            holder: None,
            written_at: 0,
            longest: 0,
            tokens: Vec::new(),
            lines: Vec::new(),
        };
        for index in 0..setup.candidates {
            world.feed(index, Input::Start);
        }
        world
    }

    pub(crate) fn run(&mut self, steps: &[Step]) {
        for step in steps {
            self.note(format_args!("-- {step:?}"));
            self.step(step);
            self.check();
        }
    }

    pub(crate) fn pass(&mut self, micros: Micros) {
        self.pass_until(micros, |_| false);
    }

    /// So much passes, or less if that comes to be.
    pub(crate) fn pass_until(&mut self, micros: Micros, is_enough: impl Fn(&Self) -> bool) {
        let end = self.real + micros;
        let mut busy = (self.real, 0);
        loop {
            let wakes = self.candidates.iter().enumerate().filter_map(|(who, it)| Some((it.wakes_at()?, who)));
            let wake = wakes.min();
            let event = self.queue.keys().next().copied();
            let next =
                [wake.map(|(at, _)| at), event.map(|(at, _)| at), self.server_wakes_at()].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.real = end;
                return;
            };
            self.real = self.real.max(next);
            busy = if busy.0 == self.real { (self.real, busy.1 + 1) } else { (self.real, 0) };
            if busy.1 > 1_000 {
                self.fail("it spins");
            }
            if let Some(key) = event.filter(|(at, _)| *at <= self.real) {
                let event = self.queue.remove(&key).unwrap();
                self.happen(event);
            } else if let Some((_, who)) = wake.filter(|(at, _)| *at <= self.real) {
                self.wake(who);
            }
            self.publish();
            self.check();
            if is_enough(self) {
                return;
            }
        }
    }

    fn server_wakes_at(&self) -> Option<Micros> {
        let deadline = self.server.api.deadline()?.elapsed_since_origin();
        u64::try_from(deadline.as_micros()).ok().filter(|at| *at > self.real)
    }

    fn plan(&mut self, at: Micros, event: Event) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), event);
    }

    fn wake(&mut self, who: usize) {
        let work = self.candidates[who].work.clone();
        let works = self.candidates[who].works(self.real);
        match work {
            // Killed, or gone by itself while its host stood still.
            Some(Work { term, is_stopping: true, .. }) if !works => {
                self.candidates[who].work = None;
                self.feed(who, Input::Report(&Report::WorkEnded { term }));
            }
            _ => self.feed(who, Input::Timeout),
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive { from, id, request, sent_at, is_copy } => self.serve(from, id, &request, sent_at, is_copy),
            Event::Restart(who) => {
                self.candidates[who].is_down = false;
                self.feed(who, Input::Start);
            }
            Event::WorkStopped { of: (who, life), term } => {
                let candidate = &mut self.candidates[who];
                if let Some(work) = candidate.work.as_mut().filter(|work| candidate.life == life && work.term == term) {
                    work.is_gone = true;
                }
            }
            Event::Answer { to: (who, life), .. } | Event::Report { to: (who, life), .. }
                if self.candidates[who].life != life || self.candidates[who].is_down => {}
            Event::Answer { to: (who, _), .. } | Event::Report { to: (who, _), .. }
                if self.candidates[who].is_paused(self.real) =>
            {
                self.plan(self.candidates[who].paused_until, event);
            }
            Event::Report { to: (who, _), report } => {
                if let Report::WorkEnded { term } = &report {
                    self.candidates[who].work.take_if(|work| work.is_gone && work.term == *term);
                }
                self.feed(who, Input::Report(&report));
            }
            Event::Answer { to: (who, _), id, letter } => self.deliver(who, id, &letter),
        }
    }

    /// Also what is not waited for any more: a machine must bear it.
    fn deliver(&mut self, who: usize, id: RequestId, letter: &Letter) {
        let line = &mut self.candidates[who].line;
        if line.is_cut_off && !matches!(letter, Letter::Failed(_)) {
            return;
        }
        if letter.is_last() {
            line.in_flight.remove(&id);
        }
        for part in letter.parts() {
            self.feed(who, Input::Answer { id, part });
        }
    }

    fn serve(&mut self, from: Process, id: RequestId, request: &Request, sent_at: Instant, is_copy: bool) {
        let (real, line) = (self.real, &self.candidates[from.0].line);
        let (stale, slow_answers, refusal) = (line.stale, line.slow_answers, self.server.refusal);
        // 500 may come after the write.
        if refusal != 0 && (refusal != 500 || !request.is_lease_write()) {
            return self.answer(from, id, Letter::refusal(refusal), real + LATENCY + slow_answers, is_copy);
        }
        let Served { answer, change } = self.server.serve(real, request, stale);
        if let Some((before, after)) = change {
            self.note(format_args!("{} took effect", from.0));
            self.take_effect(from, sent_at, &before, &after);
        }
        match answer {
            FakeAnswer::Complete(answer) => {
                let letter = if refusal == 0 { Letter::of(answer) } else { Letter::refusal(refusal) };
                self.answer(from, id, letter, real + LATENCY + slow_answers, is_copy);
            }
            FakeAnswer::Watch { id: watch, .. } => {
                let candidate = &mut self.candidates[from.0];
                if candidate.life != from.1 || candidate.is_down {
                    return self.server.api.close(watch);
                }
                candidate.line.watches.insert(watch, id);
                let at = (real + LATENCY).max(candidate.line.last_event + 1);
                candidate.line.last_event = at;
                self.plan(at, Event::Answer { to: from, id, letter: Letter::Head });
            }
        }
    }

    fn answer(&mut self, to: Process, id: RequestId, letter: Letter, at: Micros, is_copy: bool) {
        let line = &mut self.candidates[to.0].line;
        if is_copy {
            return;
        }
        let letter = letter.spoilt(line.spoiled.unwrap_or(Spoiled::No));
        let (lost, is_repeated) = (line.lose_answer.take(), std::mem::take(&mut line.repeat_answer));
        let letter = match lost {
            Some(true) => Letter::failed(Sent::Unknown),
            Some(false) => return,
            None => letter,
        };
        if is_repeated {
            self.plan(at + LATENCY, Event::Answer { to, id, letter: letter.clone() });
        }
        self.plan(at, Event::Answer { to, id, letter });
    }

    /// Sends what the watches are told.
    fn publish(&mut self) {
        for update in self.server.updates(self.real) {
            let Some(who) = self.candidates.iter().position(|it| it.line.watches.contains_key(&update.watch())) else {
                continue;
            };
            let candidate = &mut self.candidates[who];
            let (to, id) = ((who, candidate.life), candidate.line.watches[&update.watch()]);
            let at = (self.real + LATENCY + candidate.line.slow_watch).max(candidate.line.last_event + 1);
            candidate.line.last_event = at;
            let letter = match update {
                WatchUpdate::Line(_, line) => Letter::Line(line).spoilt(candidate.line.spoiled.unwrap_or(Spoiled::No)),
                WatchUpdate::End(watch) => {
                    candidate.line.watches.remove(&watch);
                    Letter::End
                }
            };
            self.plan(at, Event::Answer { to, id, letter });
        }
    }

    fn feed(&mut self, who: usize, input: Input<'_, Report>) {
        match &input {
            Input::Answer { id, part: AnswerPart::Chunk(bytes) } => {
                let text = String::from_utf8_lossy(bytes);
                self.note(format_args!("{who} < {id} {}", text.chars().take(1000).collect::<String>()));
            }
            Input::Answer { id, part } => self.note(format_args!("{who} < {id} {part:?}")),
            Input::Report(report) => self.note(format_args!("{who} < {report}")),
            other => self.note(format_args!("{who} < {other:?}")),
        }
        let now = self.candidates[who].now(self.real);
        let actions = self.candidates[who].election.handle(now, input);
        for action in actions {
            self.note(format_args!("{who} > {action}"));
            match action {
                Action::Send { id, request } => self.send(who, id, request, now.instant),
                Action::Cancel(id) => self.cancel(who, id),
                Action::Order(order) => self.obey(who, &order),
                _ => {}
            }
        }
        self.check_guarded(who);
    }

    fn send(&mut self, who: usize, id: RequestId, request: Request, sent_at: Instant) {
        let from = (who, self.candidates[who].life);
        let line = &mut self.candidates[who].line;
        let is_watch = request.target().contains("watch=true");
        if line.in_flight.insert(id, is_watch).is_some()
            || line.in_flight.values().filter(|other| **other == is_watch).count() > 1
        {
            self.fail(&format!("{who} has two requests in flight"));
        }
        let is_named = |field: &str| {
            let body: Value = serde_json::from_slice(request.body().unwrap().1).unwrap();
            body["metadata"][field].as_str().is_some_and(|text| !text.is_empty())
        };
        if request.method() == Method::Put && !(is_named("uid") && is_named("resourceVersion")) {
            self.fail(&format!("{who} writes without a precondition"));
        }
        if line.is_cut_off {
            return self.plan(self.real, Event::Answer { to: from, id, letter: Letter::failed(Sent::No) });
        }
        let at = self.real + LATENCY + if is_watch { 0 } else { line.slow_requests };
        if let Some(later) = line.repeat_request.take_if(|_| !is_watch) {
            let request = request.clone();
            self.plan(at + later, Event::Arrive { from, id, request, sent_at, is_copy: true });
        }
        self.plan(at, Event::Arrive { from, id, request, sent_at, is_copy: false });
    }

    fn cancel(&mut self, who: usize, id: RequestId) {
        let line = &mut self.candidates[who].line;
        line.in_flight.remove(&id);
        let watch = line.watches.iter().find(|(_, of)| **of == id).map(|(watch, _)| *watch);
        if let Some(watch) = watch {
            line.watches.remove(&watch);
            self.server.api.close(watch);
        }
    }

    fn note(&mut self, what: impl Display) {
        self.lines.push(format!("{:.6} {what}", Duration::from_micros(self.real).as_secs_f64()));
    }

    pub(crate) fn fail(&self, why: &str) -> ! {
        let first = self.lines.len().saturating_sub(60);
        let lines: Vec<_> = self.lines[first..].iter().map(|line| line.chars().take(250).collect::<String>()).collect();
        let explained: Vec<_> =
            self.candidates.iter().map(|it| it.election.explain(it.now(self.real)).to_string()).collect();
        panic!("{why}\n{}\n{explained:#?}", lines.join("\n"));
    }
}
