//! What each step of a history does to the world.

use std::time::Duration;

use quorate_core::election::Report;

use super::super::candidate::{Candidate, Line, Micros};
use super::super::history::{Edited, Spoiled, Step};
use super::super::letter::Letter;
use super::{Event, World};

impl World {
    pub(super) fn step(&mut self, step: &Step) {
        let real = self.real;
        let micros = |millis: u16| Micros::from(millis) * 1000;
        match *step {
            Step::Pass(millis) => self.pass(micros(millis)),
            Step::Refuse(status) => self.server.refusal = status,
            Step::Compact => self.server.api.compact(),
            Step::Delete => {
                self.server.delete(real);
                self.holder = None;
            }
            Step::Edit(edited) => {
                self.server.edit(real, edited);
                self.note_duration();
            }
            Step::Intrude(seconds) => {
                self.server.intrude(real, seconds);
                self.note_duration();
            }
            Step::Retreat => self.server.retreat(real),
            Step::Resign(who) => self.report(who, Report::StepDown),
            Step::Stand(who) => self.report(who, Report::Stand),
            Step::Shutdown(who) => {
                self.candidates.get_mut(who).into_iter().for_each(|it| it.is_shut_down = true);
                self.report(who, Report::Shutdown);
            }
            Step::EndWork(who) => self.end_work(who),
            Step::Crash(who, millis) => self.crash(who, micros(millis)),
            Step::EndWatch(who, is_told) => self.end_watch(who, is_told),
            _ => self.step_of_candidate(step),
        }
        self.publish();
    }

    fn step_of_candidate(&mut self, step: &Step) {
        let real = self.real;
        let micros = |millis: u16| Micros::from(millis) * 1000;
        let mut of =
            |who: usize, change: &dyn Fn(&mut Candidate)| self.candidates.get_mut(who).into_iter().for_each(change);
        match *step {
            Step::SlowRequests(who, millis) => of(who, &|it| it.line.slow_requests = micros(millis)),
            Step::SlowAnswers(who, millis) => of(who, &|it| it.line.slow_answers = micros(millis)),
            Step::SlowWatch(who, millis) => of(who, &|it| it.line.slow_watch = micros(millis)),
            Step::LoseAnswer(who, is_told) => of(who, &|it| it.line.lose_answer = Some(is_told)),
            Step::RepeatAnswer(who) => of(who, &|it| it.line.repeat_answer = true),
            Step::RepeatRequest(who, millis) => of(who, &|it| it.line.repeat_request = Some(micros(millis))),
            Step::CutOff(who, is_cut_off) => of(who, &|it| it.line.is_cut_off = is_cut_off),
            Step::Stale(who, versions) => of(who, &|it| it.line.stale = versions),
            Step::Spoil(who, spoiled) => of(who, &|it| it.line.spoiled = (spoiled != Spoiled::No).then_some(spoiled)),
            Step::Pause(who, millis) => of(who, &|it| it.paused_until = it.paused_until.max(real + micros(millis))),
            Step::SlowWork(who, millis) => of(who, &|it| it.slow_work = Duration::from_millis(millis.into())),
            Step::SetWall(who, millis) => of(who, &|it| it.set_wall(millis)),
            Step::StopWall(who, stops) => of(who, &|it| it.stop_wall(stops, real)),
            _ => {}
        }
    }

    pub(crate) fn report(&mut self, who: usize, report: Report) {
        if let Some(candidate) = self.candidates.get(who) {
            let to = (who, candidate.life);
            self.plan(self.real, Event::Report { to, report });
        }
    }

    fn end_work(&mut self, who: usize) {
        let work = self.candidates.get_mut(who).and_then(|candidate| candidate.work.as_mut());
        if let Some(work) = work.filter(|work| !work.is_gone && !work.is_stopping) {
            work.is_gone = true;
            let term = work.term.clone();
            self.report(who, Report::WorkEnded { term });
        }
    }

    /// The process dies, and its work with it. What it has sent is under way nevertheless.
    pub(crate) fn crash(&mut self, who: usize, down_for: Micros) {
        let Some(candidate) = self.candidates.get_mut(who).filter(|candidate| !candidate.is_down) else { return };
        self.lives += 1;
        let watches: Vec<_> = candidate.line.watches.keys().copied().collect();
        *candidate = candidate.replaced(&self.setup, who, self.lives);
        for watch in watches {
            self.server.api.close(watch);
        }
        self.plan(self.real + down_for, Event::Restart(who));
    }

    fn end_watch(&mut self, who: usize, is_told: bool) {
        let Some(candidate) = self.candidates.get_mut(who) else { return };
        let (to, watches) = ((who, candidate.life), std::mem::take(&mut candidate.line.watches));
        for (watch, id) in watches {
            self.server.api.close(watch);
            if is_told {
                self.plan(self.real, Event::Answer { to, id, letter: Letter::End });
            }
        }
    }

    /// Nothing goes wrong any more. What is under way arrives now, and work that was told to stop has done so.
    pub(crate) fn heal(&mut self) {
        self.note("-- everything works");
        self.server.refusal = 0;
        self.server.edit(self.real, Edited::Strategy(false));
        for event in std::mem::take(&mut self.queue).into_values() {
            // It would end whoever comes in its place.
            if !matches!(event, Event::Report { report: Report::Shutdown, .. }) {
                self.plan(self.real, event);
            }
        }
        for who in 0..self.candidates.len() {
            let candidate = &mut self.candidates[who];
            let (in_flight, watches) =
                (std::mem::take(&mut candidate.line.in_flight), std::mem::take(&mut candidate.line.watches));
            candidate.line = Line { in_flight, watches, ..Default::default() };
            (candidate.paused_until, candidate.slow_work) = (self.real, Duration::from_millis(100));
            if candidate.is_shut_down {
                self.crash(who, 0);
            }
            self.report(who, Report::Stand);
        }
        self.publish();
        self.pass(0);
    }

    fn note_duration(&mut self) {
        let lease = self.server.lease(self.real);
        let seconds = lease["spec"]["leaseDurationSeconds"].as_u64().unwrap_or_default();
        self.longest = self.longest.max(seconds.min(3600));
    }
}
