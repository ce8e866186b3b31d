//! E1 to E6: one Lease, and all its candidates.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

use serde_json::Value;

use super::lease::{foreign, has_same_foreign, holder, transitions, uid};
use super::{Broken, Promise};
use crate::election::{Create, ElectionConfig, FencingToken, Order};
use crate::time::Instant;

/// How long a candidate must have been left in peace to be held to the shortest bounds: its watch is open again by then.
const PEACE: Duration = Duration::from_secs(60);

/// One process of a candidate: no other has its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a number, and nothing else")]
pub struct ProcessId(pub u64);

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.0)
    }
}

/// A write of a candidate's that took effect.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "built by every world; a new part must be thought of there")]
pub struct LeaseWrite<'a> {
    /// Whose.
    pub by: ProcessId,
    /// When it was sent, on the candidate's clock.
    pub sent_at: Instant,
    /// Whether it was a POST.
    pub is_create: bool,
    /// The Lease as it was; none if there was none.
    pub before: Option<&'a Value>,
    /// The Lease as it is.
    pub after: &'a Value,
}

/// Holds what the candidates for one Lease do against E1 to E6.
///
/// Real times, which no candidate can read, count from the beginning of the run; [`Instant`]s are of the candidate's clock.
///
/// # Example
///
/// ```
/// use core::time::Duration;
/// use quorate_core::api::{LeaseName, Namespace};
/// use quorate_core::election::ElectionOptions;
/// use quorate_core::testing::promises::{ElectionPromises, ProcessId, Promise};
///
/// let options = ElectionOptions::new(Namespace::parse("lab")?, LeaseName::parse("demo")?, "web-0", 1);
/// let mut promises = ElectionPromises::new(&options.build()?, (1000, 1000), Duration::from_millis(50));
/// let (one, other) = (ProcessId(1), ProcessId(2));
/// assert!(promises.moment(Duration::from_secs(1), [one], [one]).is_ok());
/// // A program of your own acts as leader beside it:
/// let broken = promises.moment(Duration::from_secs(2), [one, other], [one]).unwrap_err();
/// assert_eq!(broken.promise, Promise::E1);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ElectionPromises {
    config: ElectionConfig,
    /// The slowest and the fastest clock, in thousandths.
    slowest: u32,
    fastest: u32,
    /// Whether the clocks are within the ratio that guards bear, and within that of works.
    bounds_guards: bool,
    bounds_works: bool,
    /// For letters under way.
    slack: Duration,
    /// When each process sent its last write that took effect, on its own clock.
    effective: BTreeMap<ProcessId, Instant>,
    /// When each process sent the winning write that has taken effect and begun no term yet, on its own clock.
    won: BTreeMap<ProcessId, Instant>,
    /// When each process was last told to stop work, on its own clock.
    stopped: BTreeMap<ProcessId, Instant>,
    /// Who wrote the record that stands, if it is held, and when that took effect.
    holder: Option<ProcessId>,
    held_at: Duration,
    /// When a candidate last wrote something that others wait for.
    written_at: Duration,
    /// When one last wrote something that led or worked, or made the record another's.
    earned_at: Duration,
    /// That write freed the record.
    is_freed: bool,
    /// When somebody else last deleted or made the Lease.
    edited_at: Duration,
    /// How long the record of a holder that is no more has to be left alone; zero once a candidate has written.
    inherited: Duration,
    /// Until when nobody may have waited so long, on any clock.
    inherited_until: Duration,
    /// How long whoever saw that record before somebody else deleted it may wait for its holder.
    barred_until: Duration,
    /// Who led at the last moment.
    leaders: Vec<ProcessId>,
    newest_token: Option<FencingToken>,
    terms: u64,
}

impl ElectionPromises {
    /// For candidates with these settings, whose clocks run between these two rates (in thousandths of the right one).
    ///
    /// `slack` is added to the bounds of E5: several times what a letter takes.
    #[must_use]
    pub fn new(config: &ElectionConfig, (slowest, fastest): (u32, u32), slack: Duration) -> Self {
        let is_within = |permille: u32| {
            u64::from(fastest).saturating_mul(1000) < u64::from(slowest).saturating_mul(u64::from(permille))
        };
        let ratio = config.options().rate_ratio_permille;
        Self {
            config: config.clone(),
            slowest: slowest.max(1),
            fastest: fastest.max(1),
            // Settings that cannot work are held to the promise nevertheless: that is what they are tried for.
            bounds_guards: is_within(config.guard_ratio_permille().max(1500)),
            bounds_works: is_within(ratio),
            slack,
            effective: BTreeMap::new(),
            won: BTreeMap::new(),
            stopped: BTreeMap::new(),
            holder: None,
            held_at: Duration::ZERO,
            written_at: Duration::ZERO,
            earned_at: Duration::ZERO,
            is_freed: false,
            edited_at: Duration::ZERO,
            inherited: Duration::ZERO,
            inherited_until: Duration::ZERO,
            barred_until: Duration::ZERO,
            leaders: Vec::new(),
            newest_token: None,
            terms: 0,
        }
    }

    /// How many terms have begun.
    #[must_use]
    pub const fn terms(&self) -> u64 {
        self.terms
    }

    /// A process is no more.
    pub fn ended(&mut self, process: ProcessId) {
        self.effective.remove(&process);
        self.won.remove(&process);
        self.stopped.remove(&process);
    }

    /// Whether the Lease's record was last written by this process, and is held.
    #[must_use]
    pub fn is_holder(&self, process: ProcessId) -> bool {
        self.holder == Some(process)
    }

    /// A write of a candidate's took effect. `works` says whether the work of a process runs.
    ///
    /// # Errors
    ///
    /// E3 if a record was taken too early, or taken or freed while its holder works; E6 if something else than what is ours was
    /// changed, or a Lease came to be by a PUT.
    pub fn wrote(
        &mut self,
        at: Duration,
        write: &LeaseWrite<'_>,
        works: impl Fn(ProcessId) -> bool,
    ) -> Result<(), Broken> {
        let LeaseWrite { by, sent_at, is_create, before, after } = *write;
        let is_another = before.is_none_or(|before| uid(before) != uid(after) || holder(before) != holder(after));
        self.count_write(at, is_another || self.leaders.contains(&by) || works(by));
        let sent = self.effective.entry(by).or_insert(sent_at);
        *sent = sent_at.max(*sent);
        let is_freed = holder(after).is_empty();
        let former = self.holder.filter(|former| *former != by || is_freed);
        let held_for = at.saturating_sub(self.held_at);
        self.is_freed = is_freed;
        self.holder = (!is_freed).then_some(by);
        self.held_at = at;
        let before = before.filter(|before| uid(before) == uid(after));
        let inherited_until = mem::take(&mut self.inherited_until);
        self.inherited = Duration::ZERO;
        let wins = match before {
            Some(before) => !is_freed && transitions(after) > transitions(before),
            None => self.config.options().create == Create::Fast,
        };
        if wins {
            self.won.insert(by, sent_at);
        }
        let Some(before) = before else {
            let what = || format!("{by} made a Lease by a PUT: it was to replace one");
            return if is_create { Ok(()) } else { Err(Broken::new(Promise::E6, what())) };
        };
        if !has_same_foreign(before, after) {
            let (foreign_before, foreign_after) = (foreign(before), foreign(after));
            let what = format!(
                "{by} changed what is not its own: {} became {}",
                Value::Object(foreign_before),
                Value::Object(foreign_after)
            );
            return Err(Broken::new(Promise::E6, what));
        }
        if let Some(former) = former.filter(|former| {
            *former != by && !is_freed && held_for < self.quickly(self.config.options().lease_duration)
        }) {
            let held_for = held_for.as_secs_f64();
            let what = format!("{by} has taken the record of {former} {held_for:.3} s after its last write");
            return Err(Broken::new(Promise::E3, what));
        }
        if at < inherited_until && is_another && !is_freed {
            let what = format!(
                "{by} has taken a record of somebody who may work, {:.3} s too early",
                inherited_until.saturating_sub(at).as_secs_f64()
            );
            return Err(Broken::new(Promise::E3, what));
        }
        match former.filter(|_| self.bounds_works) {
            Some(former) if works(former) => {
                let deed = if is_freed { "freed" } else { "taken" };
                Err(Broken::new(Promise::E3, format!("{by} has {deed} the record of {former}, which works")))
            }
            _ => Ok(()),
        }
    }

    /// Others wait from a write on. But whoever neither leads nor works, and holds the record nevertheless, puts a leader off for
    /// one lease duration only: so long late letters, and who made the Lease, may take (E5).
    fn count_write(&mut self, at: Duration, is_earned: bool) {
        let lease_duration = self.slowly(self.config.options().lease_duration);
        if is_earned {
            self.earned_at = at;
        }
        if at <= self.earned_at.saturating_add(lease_duration).saturating_add(self.slack) {
            self.written_at = at;
        }
    }

    /// Somebody who is no candidate deleted or made the Lease.
    pub fn edited(&mut self, at: Duration) {
        self.holder = None;
        self.edited_at = at;
        self.inherited_until = Duration::ZERO;
        // Whoever has seen no other record that was held waits anew.
        if !self.inherited.is_zero() {
            self.barred_until = at.saturating_add(self.slowly(self.inherited));
        }
    }

    /// Before anybody starts, the record is that of a holder who is no more, and says this duration (or none): until a candidate
    /// has written another, whoever sees it waits as long, or one lease duration; also if it is deleted meanwhile.
    pub fn inherited(&mut self, duration: Option<Duration>) {
        self.inherited = duration.unwrap_or_default();
        self.inherited_until = self.quickly(duration.unwrap_or_else(|| self.config.options().lease_duration));
    }

    /// A machine has ordered something, at this time of its clock; its guard says "leading" until then.
    ///
    /// # Errors
    ///
    /// E1 if a term begins without a winning write of its own; E2 if the work may run for longer than the last write that took
    /// effect allows, or a stop is announced before the guard has ended; E4 if a term's token is no greater than that of an earlier term.
    pub fn ordered(
        &mut self,
        by: ProcessId,
        now: Instant,
        leading_until: Option<Instant>,
        order: &Order,
    ) -> Result<(), Broken> {
        let (Order::StartWork { term, hard_deadline }
        | Order::MoveHardDeadline { term, hard_deadline }
        | Order::StopWork { term, hard_deadline, .. }) = order;
        let allowed = self.effective.get(&by).map(|sent| sent.saturating_add(self.hard_deadline()));
        if *hard_deadline > now && allowed.is_none_or(|allowed| *hard_deadline > allowed) {
            let what =
                format!("{by} may work until {hard_deadline}, but its last write that took effect allows {allowed:?}");
            return Err(Broken::new(Promise::E2, what));
        }
        match order {
            Order::StartWork { .. } => {
                if let Some(newest) = self.newest_token.as_ref().filter(|newest| *newest >= term) {
                    return Err(Broken::new(Promise::E4, format!("{by} begins term {term} after term {newest}")));
                }
                // A write that was sent before the last term ended is void.
                let ended = self.stopped.get(&by);
                let won = self.won.remove(&by).filter(|sent_at| ended.is_none_or(|ended| sent_at >= ended));
                if won.is_none() {
                    let what = format!("{by} begins term {term} without a winning write since its last term");
                    return Err(Broken::new(Promise::E1, what));
                }
                self.newest_token = Some(term.clone());
                self.terms = self.terms.saturating_add(1);
                Ok(())
            }
            Order::StopWork { .. } if leading_until.is_some() => {
                Err(Broken::new(Promise::E2, format!("{by} announces a stop while its guard says \"leading\"")))
            }
            Order::StopWork { .. } => {
                self.stopped.insert(by, now);
                Ok(())
            }
            Order::MoveHardDeadline { .. } => Ok(()),
        }
    }

    /// The term of this candidate has ended, which has been able to reach the API at leisure since then, and was not asked to
    /// step down.
    ///
    /// # Errors
    ///
    /// E5 if that is long enough to keep a term.
    pub fn lost(&self, at: Duration, by: ProcessId, undisturbed: Duration) -> Result<(), Broken> {
        // What befell it before may end a term that goes by the last write before that.
        let grace = self.slowly(self.config.options().renew_deadline).saturating_add(self.slack);
        let since = undisturbed.max(self.edited_at);
        if since.saturating_add(grace) >= at {
            return Ok(());
        }
        let what = format!("{by} has lost its term, and nothing has befallen it since {:.3} s", since.as_secs_f64());
        Err(Broken::new(Promise::E5, what))
    }

    /// A machine was fed; its guard says "leading" until then, and `runs_on` says whether work of it runs that was not told to
    /// stop.
    ///
    /// # Errors
    ///
    /// E2 if the guard lasts for longer than the last write that took effect allows, or work runs on without it.
    pub fn guards(
        &self,
        by: ProcessId,
        now: Instant,
        leading_until: Option<Instant>,
        runs_on: bool,
    ) -> Result<(), Broken> {
        let deadline = self.config.options().renew_deadline;
        let allowed = self.effective.get(&by).map(|sent| sent.saturating_add(deadline));
        if leading_until > allowed {
            let what =
                format!("{by} leads until {leading_until:?}, but its last write that took effect allows {allowed:?}");
            return Err(Broken::new(Promise::E2, what));
        }
        if runs_on && leading_until.is_none_or(|until| until <= now) {
            return Err(Broken::new(Promise::E2, format!("{by} does not lead, and its work was not told")));
        }
        Ok(())
    }

    /// At this time these guards say "leading", and the work of these processes runs. A second one can only begin when
    /// something happens: asked after every step, nothing is missed in between.
    ///
    /// # Errors
    ///
    /// E1 if two lead, or two work, and their clocks do not excuse it.
    pub fn moment(
        &mut self,
        at: Duration,
        leading: impl IntoIterator<Item = ProcessId>,
        working: impl IntoIterator<Item = ProcessId>,
    ) -> Result<(), Broken> {
        self.leaders.clear();
        self.leaders.extend(leading);
        let (at, mut working) = (at.as_secs_f64(), working.into_iter());
        if let [one, other, ..] = *self.leaders
            && self.bounds_guards
        {
            return Err(Broken::new(Promise::E1, format!("{one} and {other} lead at {at:.6} s")));
        }
        if let Some((one, other)) = working.next().zip(working.next()).filter(|_| self.bounds_works) {
            return Err(Broken::new(Promise::E1, format!("{one} and {other} work at {at:.6} s")));
        }
        Ok(())
    }

    /// Whether somebody led at the last [`moment`](Self::moment).
    #[must_use]
    pub const fn is_led(&self) -> bool {
        !self.leaders.is_empty()
    }

    /// At this time these candidates stand: each with the time since when it has been able to reach the API at leisure.
    ///
    /// # Errors
    ///
    /// E5 if nobody leads who should by now.
    pub fn awaited(&self, at: Duration, undisturbed: impl IntoIterator<Item = Duration>) -> Result<(), Broken> {
        if self.is_led() {
            return Ok(());
        }
        let limit = undisturbed.into_iter().map(|since| self.leads_by(since)).min();
        match limit.filter(|limit| at > *limit) {
            Some(limit) => {
                let (limit, written) = (limit.as_secs_f64(), self.written_at.as_secs_f64());
                let what =
                    format!("nobody leads, though somebody should since {limit:.3} s (last write at {written:.3} s)");
                Err(Broken::new(Promise::E5, what))
            }
            None => Ok(()),
        }
    }

    /// When somebody leads at the latest, if this candidate has been left in peace since then.
    fn leads_by(&self, since: Duration) -> Duration {
        let config = &self.config;
        let since = since.max(self.edited_at).max(self.barred_until);
        if since.saturating_add(PEACE) <= self.written_at && self.terms > 0 {
            // Whoever is in peace hears of a release at once.
            let bound = if self.is_freed { config.jitter() } else { config.worst_failover() };
            return self.written_at.saturating_add(self.slowly(bound)).saturating_add(self.slack);
        }
        // An attempt has to fail, silence to be noticed, and the record or a new one to stand still for its duration.
        let lease = config.options().lease_duration.max(self.inherited);
        let quarter = lease.checked_div(4).unwrap_or_default();
        let pauses = config.longest_pause().saturating_mul(3).saturating_add(config.attempt_timeout());
        let bound = lease.saturating_add(quarter).saturating_add(pauses).saturating_add(config.jitter());
        since.max(self.written_at).saturating_add(self.slowly(bound)).saturating_add(self.slack)
    }

    /// How long work may run after the last write: as the design says, whatever the configuration makes of it.
    fn hard_deadline(&self) -> Duration {
        let options = self.config.options();
        let safe = options.lease_duration.saturating_mul(1000).checked_div(options.rate_ratio_permille.max(1));
        safe.unwrap_or_default().saturating_sub(self.config.kill_margin())
    }

    /// What is so long on the fastest of the clocks.
    fn quickly(&self, time: Duration) -> Duration {
        time.saturating_mul(1000).checked_div(self.fastest).unwrap_or_default()
    }

    /// What is so long on the slowest of the clocks.
    fn slowly(&self, time: Duration) -> Duration {
        time.saturating_mul(1000).checked_div(self.slowest).unwrap_or_default()
    }
}
