//! What becomes of a state when something happens.

use std::sync::Arc;
use std::time::Duration;

use quorate_core::api::{AnswerPart, Failure, FailureKind, Head, Request, Sent};
use quorate_core::election::Report;
use quorate_core::machine::{Action, Input, Machine as _};
use quorate_core::testing::WatchUpdate;
use quorate_core::time::Now;

use super::happenings::Happening;
use super::names::canonical;
use super::rival::RIVAL;
use super::server::{Answer, Call, Holder, holder, wall};
use super::state::{Broken, Change, NOW, Node, Part, State, Stream, Told};
use super::world::World;

impl World {
    pub(crate) fn after(&self, before: &State, happening: Happening) -> State {
        let mut state = State { has_begun: false, ..before.clone() };
        let mut passes = vec![Duration::ZERO; self.rates.len()];
        match happening {
            Happening::Tick => {
                self.tick_passes(&mut state);
                passes = (0..self.rates.len()).map(|index| self.tick_of(index)).collect();
            }
            Happening::Wake(index) => self.feed(&mut state, index, Input::Timeout),
            Happening::EndWork(index) => self.end_work(&mut state, index),
            Happening::WorkEnds(index) => {
                state.faults.work_ends -= 1;
                // Which is a step-down, but for a term that is over.
                if state.node(index).leads() {
                    state.node(index).told = Told::StepDown;
                }
                self.end_work(&mut state, index);
            }
            Happening::StepDown(index) => {
                state.faults.step_downs -= 1;
                self.tell(&mut state, index, Told::StepDown);
            }
            Happening::Stand(index) => self.tell(&mut state, index, Told::Stand),
            Happening::ShutDown(index) => {
                state.faults.shutdowns -= 1;
                self.tell(&mut state, index, Told::ShutDown);
            }
            Happening::CutOff(index) => self.cut_off(&mut state, index),
            Happening::Heal(index) => state.node(index).is_cut_off = false,
            Happening::Pause(index) => {
                state.faults.pauses -= 1;
                state.node(index).is_paused = true;
            }
            Happening::Resume(index) => state.node(index).is_paused = false,
            Happening::Crash(index) => self.crash(&mut state, index),
            Happening::Delete => {
                state.faults.deletions -= 1;
                state.server().delete();
            }
            Happening::Label => {
                state.faults.labels -= 1;
                state.server().label();
            }
            Happening::Mischief(mischief) => {
                state.faults.mischief -= 1;
                let content = before.server.part.lease().map(|lease| lease["spec"].clone());
                state.server().mischief(mischief);
                if state.server.part.lease().map(|lease| lease["spec"].clone()) != content {
                    (state.unchanged, state.leaderless) = (0, 0);
                }
            }
            Happening::RivalTries => self.rival_tries(&mut state),
            Happening::RivalReleases => {
                state.faults.step_downs -= 1;
                self.rival_releases(&mut state);
            }
            Happening::RivalDies => {
                state.faults.crashes -= 1;
                state.rival.as_mut().unwrap().die();
            }
            _ => self.exchange(&mut state, happening),
        }
        if state.needs_no_leader() {
            state.leaderless = 0;
        }
        self.tidy(&mut state);
        canonical(&mut state, Some(before), &passes);
        state
    }

    fn tell(&self, state: &mut State, index: usize, told: Told) {
        state.node(index).told = told;
        // Who is told to leave just as he wins has put the others off by as much as a crash.
        state.leaderless = 0;
        let report = match told {
            Told::Stand => Report::Stand,
            Told::StepDown => Report::StepDown,
            Told::ShutDown => Report::Shutdown,
        };
        self.feed(state, index, Input::Report(&report));
    }

    /// Until its end was reported, it is there, and may be spoken of.
    fn end_work(&self, state: &mut State, index: usize) {
        let term = state.node(index).work.as_ref().unwrap().token.clone();
        self.feed(state, index, Input::Report(&Report::WorkEnded { term }));
        state.node(index).work = None;
    }

    fn tick_passes(&self, state: &mut State) {
        if !state.nodes().all(Node::is_quiet) {
            state.faults.spend_delay();
        }
        state.unchanged = (state.unchanged + 1).min(self.most_unchanged());
        if self.is_prompt() {
            state.leaderless = (state.leaderless + 1).min(self.most_unchanged());
        }
        if let Some(rival) = &mut state.rival {
            rival.tick();
        }
    }

    /// What befalls requests, answers and watches.
    fn exchange(&self, state: &mut State, happening: Happening) {
        match happening {
            Happening::Arrive(index) => {
                let call = state.node(index).call.take().unwrap();
                let answer = self.serve(state, &call);
                self.answered(state, index, answer);
            }
            Happening::ArriveStale(index) => {
                state.faults.stale_reads -= 1;
                state.node(index).call = None;
                let answer = state.server().answer_stale();
                self.answered(state, index, answer);
            }
            Happening::LoseRequest(index) => {
                state.faults.losses -= 1;
                state.node(index).call = None;
            }
            Happening::LoseAnswer(index) => {
                state.faults.losses -= 1;
                state.node(index).answer = None;
            }
            Happening::Refuse(index) => {
                state.faults.failures -= 1;
                state.node(index).call = None;
                self.fail(state, index, Sent::No);
            }
            Happening::Cut(index) => {
                state.faults.failures -= 1;
                let call = state.node(index).call.take();
                self.give_up(state, call);
                self.fail(state, index, Sent::Unknown);
            }
            Happening::CutAnswer(index) => {
                state.faults.failures -= 1;
                state.node(index).answer = None;
                self.fail(state, index, Sent::Unknown);
            }
            Happening::Return(index) => self.take_answer(state, index),
            Happening::ArriveLate(index) => {
                let call = state.late.remove(index);
                let status = self.serve(state, &call).status;
                if matches!(status, 200 | 201) {
                    state.leaderless = 0;
                }
            }
            Happening::Hear(index) => self.hear(state, index),
            Happening::BreakWatch(index) => {
                state.faults.breaks -= 1;
                let id = state.node(index).election.watching().unwrap();
                state.node(index).stream = None;
                let failure = failure(Sent::Unknown);
                self.feed(state, index, Input::Answer { id, part: AnswerPart::Failed(&failure) });
            }
            Happening::SilenceWatch(index) => {
                state.faults.breaks -= 1;
                state.node(index).stream = Some(Stream { id: None, parts: Vec::new() });
            }
            _ => unreachable!("{happening:?} befalls no exchange"),
        }
    }

    /// Forgets what can have no effect any more.
    pub(crate) fn tidy(&self, state: &mut State) {
        self.publish(state);
        let can_be_missing = state.faults.deletions > 0;
        if !state.late.is_empty() {
            let mut late = std::mem::take(&mut state.late);
            late.retain(|call| state.server.part.may_take(call, can_be_missing));
            state.late = late;
        }
        let kept = usize::from(state.faults.stale_reads > 0 || self.has_watches);
        if Arc::get_mut(&mut state.server).is_some() {
            state.server().api.forget(kept);
        }
    }

    /// Puts what the server tells its watches on its way, and closes the watches that nobody hears.
    fn publish(&self, state: &mut State) {
        if !self.has_watches {
            return;
        }
        // What is shared with the state before has not changed, and tells nothing.
        if Arc::get_mut(&mut state.server).is_some() {
            for update in state.server().updates() {
                let of = |node: &Node| node.stream.as_ref().is_some_and(|stream| stream.id == Some(update.watch()));
                let Some(index) = state.nodes().position(of) else { continue };
                let Some(stream) = &mut state.node(index).stream else { continue };
                stream.parts.push(match update {
                    WatchUpdate::Line(_, line) => Part::Line(serde_json::from_slice(&line).unwrap()),
                    WatchUpdate::End(_) => {
                        stream.id = None;
                        Part::End
                    }
                });
            }
        }
        let open = state.nodes().filter(|node| node.stream.as_ref().is_some_and(|stream| stream.id.is_some())).count();
        if open == state.server.part.api.open_watches() {
            return;
        }
        let mut ids: Vec<_> = state.nodes().map(|node| node.stream.as_ref().and_then(|stream| stream.id)).collect();
        state.server().api.renumber(ids.iter_mut().flatten());
        for (index, id) in ids.into_iter().enumerate() {
            if let Some(id) = id
                && let Some(stream) = &mut state.node(index).stream
            {
                stream.id = Some(id);
            }
        }
    }

    fn crash(&self, state: &mut State, index: usize) {
        state.faults.crashes -= 1;
        let life = state.nodes().map(|node| node.life).max().unwrap() + 1;
        let call = state.node(index).call.take();
        *state.node(index) = self.node(life);
        self.give_up(state, call);
        self.feed(state, index, Input::Start);
    }

    fn cut_off(&self, state: &mut State, index: usize) {
        state.faults.cut_offs -= 1;
        let node = state.node(index);
        (node.is_cut_off, node.answer) = (true, None);
        if let Some(stream) = &mut node.stream {
            *stream = Stream { id: None, parts: Vec::new() };
        }
        let call = node.call.take();
        self.give_up(state, call);
    }

    fn answered(&self, state: &mut State, index: usize, answer: Answer) {
        state.node(index).answer = Some(answer);
        if self.answers_at_once() && !state.node(index).is_paused {
            self.take_answer(state, index);
        }
    }

    fn take_answer(&self, state: &mut State, index: usize) {
        let node = state.node(index);
        let (answer, id) = (node.answer.take().unwrap(), node.election.awaited().unwrap());
        let body = answer.lease.map(|lease| serde_json::to_vec(&lease).unwrap()).unwrap_or_default();
        let head = Head { status: answer.status, retry_after: None };
        for part in [AnswerPart::Head(head), AnswerPart::Chunk(&body), AnswerPart::End] {
            self.feed(state, index, Input::Answer { id, part });
        }
    }

    fn fail(&self, state: &mut State, index: usize, sent: Sent) {
        let id = state.node(index).election.awaited().unwrap();
        self.feed(state, index, Input::Answer { id, part: AnswerPart::Failed(&failure(sent)) });
    }

    fn hear(&self, state: &mut State, index: usize) {
        let node = state.node(index);
        let id = node.election.watching().unwrap();
        let part = node.stream.as_mut().unwrap().parts.remove(0);
        match part {
            Part::Head => {
                let head = Head { status: 200, retry_after: None };
                self.feed(state, index, Input::Answer { id, part: AnswerPart::Head(head) });
            }
            Part::Line(line) => {
                let mut line = serde_json::to_vec(&line).unwrap();
                line.push(b'\n');
                self.feed(state, index, Input::Answer { id, part: AnswerPart::Chunk(&line) });
            }
            Part::End => {
                node.stream = None;
                self.feed(state, index, Input::Answer { id, part: AnswerPart::End });
            }
        }
    }

    /// A request that nobody waits for: a read is nothing any more, a write may come late.
    fn give_up(&self, state: &mut State, call: Option<Call>) {
        if state.late.len() < self.late {
            state.late.extend(call.filter(|call| call.body.is_some()));
        }
    }

    pub(crate) fn serve(&self, state: &mut State, call: &Call) -> Answer {
        let shared = Arc::clone(&state.server);
        let before = shared.part.lease();
        let answer = state.server().answer(call);
        let after = state.server.part.lease().cloned();
        if before == after.as_ref() {
            state.server = shared;
            return answer;
        }
        if call.index != RIVAL
            && let Some(before) = before
        {
            self.check_write(state, call, before, after.as_ref());
        }
        state.unchanged = 0;
        let writer = state.nodes().position(|node| node.life == call.life);
        if let Some(index) = writer {
            let node = state.node(index);
            node.proven = node.proven.max(call.sent_at);
        }
        let (from, to) = (holder(before, self.is_exact), holder(after.as_ref(), self.is_exact));
        if from != to {
            self.change_hands(state, from, to);
        }
        answer
    }

    fn change_hands(&self, state: &mut State, from: Holder, to: Holder) {
        let holds = |node: &Node| from == Holder::One(node.life) && node.is_working();
        if state.nodes().any(holds) {
            state.fail(Broken::E3);
        }
        let is_asked_for = self.faults.take_the_lead() || self.faults.give_the_lead();
        state.last_change = match (from, to) {
            _ if !is_asked_for => Change::First,
            (Holder::Nobody, _) if state.last_change == Change::Released => Change::AfterRelease,
            (Holder::Nobody, _) => Change::First,
            (_, Holder::Nobody) => Change::Released,
            _ => Change::TakeOver,
        };
    }

    pub(crate) fn feed(&self, state: &mut State, index: usize, input: Input<'_, Report>) {
        // Beside client-go, the wall clock runs.
        let second = state.rival.as_ref().map(|rival| rival.second);
        let node = state.node(index);
        let (awaited, watching) = (node.election.awaited(), node.election.watching());
        let day = second.unwrap_or(node.life);
        let actions = node.election.handle(Now { instant: NOW, wall: wall(day) }, input);
        for action in actions {
            let node = state.node(index);
            match action {
                Action::Send { request, .. } if request.target().contains("watch=true") => {
                    self.open_watch(state, index, &request);
                }
                Action::Send { request, .. } => {
                    let call = Call::read(&request, index, node.life, NOW);
                    state.check_count(&call);
                    if !state.node(index).is_cut_off {
                        state.node(index).call = Some(call);
                    }
                }
                Action::Cancel(id) if Some(id) == awaited => {
                    node.answer = None;
                    let call = node.call.take();
                    self.give_up(state, call);
                }
                Action::Cancel(id) if Some(id) == watching => node.stream = None,
                Action::Order(order) => state.carry_out(index, &order),
                _ => {}
            }
        }
    }

    fn open_watch(&self, state: &mut State, index: usize, request: &Request) {
        if !self.has_watches {
            return;
        }
        let is_cut_off = state.node(index).is_cut_off;
        let id = (!is_cut_off).then(|| state.server().watch(request));
        let parts = if is_cut_off { Vec::new() } else { vec![Part::Head] };
        state.node(index).stream = Some(Stream { id, parts });
        self.publish(state);
    }
}

fn failure(sent: Sent) -> Failure {
    Failure { sent, kind: FailureKind::Interrupted, message: String::new() }
}
