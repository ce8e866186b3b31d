//! Runs the command for the election: starts it, hands signals to it, stops it, and says when it is gone.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use quorate_core::election::{Election, ElectionConfig, Event, FencingToken, Order, Report, StopReason};
use quorate_core::machine::Machine as _;
use quorate_core::time::Instant;
use quorate_runtime_tokio::{Clock, Host};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, wait};
use tracing::{debug, info, warn};

use super::OUR_FAILURE;
use super::kept::{Kept, News};
use super::monitor::Monitor;
use super::record::{Journal, Record};
use super::signals::{Signals, Told};
use super::work::{Due, Run, Work};
use crate::keep::protocol::End;
use crate::keep::{adopt_orphans, children};

/// How the command is run.
pub(super) struct Supervision {
    pub(super) command: Vec<OsString>,
    pub(super) on_exit: OnExit,
    pub(super) on_loss: OnLoss,
    /// How long the command may take to end when we are told to.
    pub(super) grace: Duration,
}

/// What follows when the command ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnExit {
    Release,
    Restart,
}

/// What follows when leadership was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnLoss {
    StandBy,
    Exit,
}

pub(super) struct Supervisor {
    clock: Clock,
    supervision: Supervision,
    lease: String,
    identity: String,
    /// The transitions of the term that began last.
    transitions: u32,
    signals: Signals,
    journal: Journal,
    monitor: Arc<Monitor>,
    work: Option<Work>,
    /// What the election has yet to hear.
    reports: VecDeque<Report>,
    /// The signal that told us to end.
    told_to_end: Option<Signal>,
    /// We end once nothing is held any more.
    is_ending: bool,
    has_ended: bool,
    exit_code: u8,
    /// How the command ended last.
    last_code: u8,
}

impl Supervisor {
    pub(super) fn new(
        clock: Clock,
        election: &ElectionConfig,
        supervision: Supervision,
        events: Option<PathBuf>,
        monitor: Arc<Monitor>,
    ) -> Result<Self, String> {
        let signals = Signals::listen().map_err(|error| format!("cannot listen for signals: {error}"))?;
        // What a keeper that died has left behind is ours to end, wherever we run.
        adopt_orphans().map_err(|error| format!("cannot adopt what keepers leave behind: {error}"))?;
        if children().is_none() {
            warn!("/proc does not tell of our children: what leaves the command's process group cannot be ended");
        }
        let options = election.options();
        Ok(Self {
            clock,
            supervision,
            lease: format!("{}/{}", options.namespace, options.name),
            identity: election.identity().to_string(),
            transitions: 0,
            signals,
            journal: Journal::open(events)?,
            monitor,
            work: None,
            reports: VecDeque::new(),
            told_to_end: None,
            is_ending: false,
            has_ended: false,
            exit_code: 0,
            last_code: 0,
        })
    }

    /// What this process exits with.
    pub(super) const fn exit_code(&self) -> u8 {
        self.exit_code
    }

    fn begin(&mut self, term: FencingToken, hard_deadline: Instant) {
        match self.start(&term, hard_deadline) {
            Ok(run) => self.work = Some(Work::new(term, hard_deadline, run)),
            Err(error) => {
                warn!("cannot start a keeper: {error}");
                self.end_with(OUR_FAILURE, term);
            }
        }
    }

    fn start(&self, term: &FencingToken, hard_deadline: Instant) -> std::io::Result<Run> {
        let environment = [
            ("LEADER_LEASE", self.lease.clone()),
            ("LEADER_IDENTITY", self.identity.clone()),
            ("LEADER_FENCING_TOKEN", term.to_string()),
            ("LEADER_TRANSITIONS", self.transitions.to_string()),
        ];
        let kept = Kept::start(&self.supervision.command, &environment, hard_deadline)?;
        Ok(Run::Running { kept, since: self.clock.now().instant })
    }

    /// The command must be gone by another time.
    fn move_deadline(&mut self, hard_deadline: Instant) {
        let Some(work) = &mut self.work else { return };
        work.hard_deadline = hard_deadline;
        if let Run::Running { kept, .. } = &mut work.run {
            kept.must_be_gone_by(hard_deadline);
        }
    }

    fn stop(&mut self, term: FencingToken, hard_deadline: Instant, reason: &StopReason) {
        self.move_deadline(hard_deadline);
        let is_voluntary = matches!(reason, StopReason::Shutdown | StopReason::StepDown | StopReason::WorkEnded);
        let signal = self.told_to_end.filter(|_| is_voluntary).unwrap_or(Signal::TERM);
        let now = self.clock.now().instant;
        let ends_now = !is_voluntary && self.supervision.on_loss == OnLoss::Exit && !self.is_ending;
        self.is_ending |= ends_now;
        let Some(work) = &mut self.work else {
            // The keeper was first to see that the time is over.
            return if ends_now { self.end_with(self.last_code, term) } else { self.report_end(term) };
        };
        work.is_stopping = true;
        if is_voluntary {
            work.grace_ends = Some(now.saturating_add(self.supervision.grace));
        }
        match &mut work.run {
            Run::Running { kept, .. } => kept.signal(signal),
            Run::Orphaned { .. } => {}
            // It does not run just now, and will not any more.
            Run::Pausing { .. } => self.work_ended(None),
        }
    }

    fn take_news(&mut self, news: News) {
        match news {
            News::Started { command } => {
                let Some(work) = &self.work else { return };
                self.journal.write(&Record::ChildStarted {
                    fencing_token: work.term.to_string(),
                    pid: command.as_raw_nonzero().get(),
                });
            }
            News::Ended(end) => self.command_ended(end),
            News::KeeperDied => self.keeper_died(),
        }
    }

    fn command_ended(&mut self, end: End) {
        self.announce_end(end);
        let now = self.clock.now().instant;
        let Some(work) = &mut self.work else { return };
        // E2: the keeper may have been first to see that the time is over; the election will.
        work.is_stopping |= now >= work.hard_deadline;
        let is_restarted = self.supervision.on_exit == OnExit::Restart && !work.is_stopping && !end.cannot_be_run();
        if is_restarted {
            work.pause(now);
        } else {
            self.work_ended(Some(end));
        }
    }

    fn announce_end(&mut self, end: End) {
        info!("the command has ended {end}");
        self.last_code = end.code();
        let Some(work) = &self.work else { return };
        self.journal.write(&Record::ChildExited { fencing_token: work.term.to_string(), code: end.code() });
    }

    /// Nothing of this term's command is left, and nothing will be started again.
    fn work_ended(&mut self, end: Option<End>) {
        let Some(Work { term, is_stopping, .. }) = self.work.take() else { return };
        let code = end.map_or(self.last_code, End::code);
        if !is_stopping || self.is_ending {
            return self.end_with(code, term);
        }
        self.report_end(term);
    }

    fn report_end(&mut self, term: FencingToken) {
        self.reports.push_back(Report::WorkEnded { term });
    }

    /// This term's work has ended, and so do we, once the Lease is released.
    fn end_with(&mut self, code: u8, term: FencingToken) {
        self.exit_code = code;
        self.is_ending = true;
        self.reports.extend([Report::WorkEnded { term }, Report::Shutdown]);
    }

    fn keeper_died(&mut self) {
        warn!("the keeper has died; killing what it left behind");
        // Whoever kills our processes does not want us to go on.
        self.is_ending = true;
        self.take_from_keeper(End::Exited(OUR_FAILURE));
    }

    /// Kills the keeper, and does its work: kills everything.
    fn take_from_keeper(&mut self, end: End) {
        let now = self.clock.now().instant;
        let Some(work) = &mut self.work else { return };
        if let Run::Running { kept, .. } = std::mem::replace(&mut work.run, Run::Pausing { until: Instant::ORIGIN }) {
            work.run = Run::Orphaned { kept, end };
            work.kill_orphans(now);
        }
        self.reap();
    }

    /// Takes note of the processes that have ended. As the first process of a container, all orphans are ours.
    fn reap(&mut self) {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((process, _))) => self.reaped(process),
                Err(Errno::INTR) => {}
                Ok(None) => break,
                Err(_) => return self.nobody_is_left(),
            }
        }
        let now = self.clock.now().instant;
        let Some(work) = &mut self.work else { return };
        work.kill_orphans(now);
        if let Run::Orphaned { kept, .. } = &work.run
            && kept.is_all_gone()
        {
            self.nobody_is_left();
        }
    }

    fn reaped(&mut self, process: Pid) {
        debug!("process {process} has ended");
        if let Some(Work { run: Run::Running { kept, .. }, .. }) = &mut self.work
            && kept.keeper() == process
        {
            kept.keeper_has_died();
        }
    }

    fn nobody_is_left(&mut self) {
        if let Some(Work { run: Run::Orphaned { end, .. }, .. }) = &self.work {
            let end = *end;
            self.announce_end(end);
            self.work_ended(Some(end));
        }
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Reap => self.reap(),
            Told::End(signal) if self.told_to_end.is_none() => {
                info!("told to end");
                self.told_to_end = Some(signal);
                self.is_ending = true;
                self.reports.push_back(Report::Shutdown);
            }
            Told::End(signal) | Told::Pass(signal) => {
                if let Some(Work { run: Run::Running { kept, .. }, .. }) = &mut self.work {
                    kept.signal(signal);
                }
            }
        }
    }

    fn time_has_come(&mut self, due: Due) {
        let now = self.clock.now().instant;
        let Some(work) = &mut self.work else { return };
        match (due, &work.run) {
            (Due::Kill, Run::Running { .. }) => {
                if work.keeper_is_late(now) {
                    warn!("the keeper has not killed the command in time");
                    work.is_stopping |= now >= work.hard_deadline;
                    self.take_from_keeper(End::KILLED);
                }
            }
            (Due::Kill, Run::Orphaned { .. }) => work.kill_orphans(now),
            (Due::Kill, Run::Pausing { .. }) => {
                work.is_stopping = true;
                self.work_ended(None);
            }
            (Due::GraceOver, Run::Running { .. }) => {
                warn!("the command has not ended within its grace period, and is killed");
                work.grace_is_over(now);
            }
            (Due::Restart, Run::Pausing { .. }) => self.restart(),
            (Due::GraceOver | Due::Restart, _) => work.grace_ends = None,
        }
    }

    fn restart(&mut self) {
        let Some(Work { term, hard_deadline, .. }) = &self.work else { return };
        let (term, started) = (term.clone(), self.start(term, *hard_deadline));
        match (started, &mut self.work) {
            (Ok(run), Some(work)) => work.run = run,
            (Err(error), _) => {
                warn!("cannot start a keeper: {error}");
                self.work = None;
                self.end_with(OUR_FAILURE, term);
            }
            (Ok(_), None) => {}
        }
    }
}

impl Host<Election> for Supervisor {
    /// What to exit with.
    type End = u8;

    fn handled(&mut self, machine: &Election) {
        if let Some(transitions) = machine.transitions() {
            self.transitions = transitions;
        }
        self.monitor.handled(machine);
    }

    fn event(&mut self, event: Event) -> ControlFlow<u8> {
        super::log::event(&event);
        self.monitor.event(&event);
        if let Some(record) = Record::of(&event) {
            self.journal.write(&record);
        }
        if event == Event::Withdrawn && self.is_ending {
            return ControlFlow::Break(self.exit_code);
        }
        ControlFlow::Continue(())
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::StartWork { term, hard_deadline } => self.begin(term, hard_deadline),
            Order::MoveHardDeadline { hard_deadline, .. } => self.move_deadline(hard_deadline),
            Order::StopWork { term, hard_deadline, reason } => self.stop(term, hard_deadline, &reason),
            // `Order` may grow; this crate and the core are released together.
            _ => {}
        }
    }

    async fn report(&mut self) -> Report {
        loop {
            if let Some(report) = self.reports.pop_front() {
                return report;
            }
            let due = self.work.as_ref().map(Work::next_due);
            let clock = self.clock;
            tokio::select! {
                told = self.signals.next() => self.told(told),
                news = next_news(&mut self.work) => self.take_news(news),
                () = clock.sleep_until(due.map(|(at, _)| at)) => {
                    if let Some((_, due)) = due {
                        self.time_has_come(due);
                    }
                }
            }
        }
    }

    fn may_report(&self) -> bool {
        !self.has_ended
    }

    fn settled(&mut self, machine: &Election) {
        self.has_ended = machine.has_ended() && self.reports.is_empty();
        debug!("{}", machine.explain(self.clock.now()));
    }
}

/// What the running command's keeper says next, if one runs.
async fn next_news(work: &mut Option<Work>) -> News {
    match work {
        Some(Work { run: Run::Running { kept, .. }, .. }) => kept.next().await,
        _ => std::future::pending().await,
    }
}
