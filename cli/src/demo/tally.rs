//! What is measured on the way.

use std::collections::{BTreeMap, BTreeSet};

use super::feed::{Told, Who};

/// Everything that the end needs to know.
#[derive(Default)]
pub(super) struct Tally {
    /// Who is linked now.
    pub(super) linked: BTreeSet<String>,
    pub(super) disconnects: usize,
    /// Disconnects while nobody had gone.
    pub(super) needless_disconnects: usize,
    pub(super) connects: usize,
    pub(super) is_live: bool,
    /// The candidate that leads.
    pub(super) leader: Option<u8>,
    pub(super) terms: usize,
    pub(super) losses: usize,
    /// When the leader's last renewal was answered.
    pub(super) last_renewal: f64,
    /// When the work of each term ran, by its token: from the first to the last sign of life.
    pub(super) work: BTreeMap<u64, (f64, f64)>,
    tokens: Vec<u64>,
    /// Nobody is to be disconnected.
    pub(super) is_calm: bool,
}

impl Tally {
    pub(super) fn take(&mut self, told: &Told) {
        match (told.who, told.event()) {
            (Who::Members, "connected") => {
                self.connects = self.connects.saturating_add(1);
                self.linked.insert(told.text("name").into());
            }
            (Who::Members, "disconnected") => {
                self.disconnects = self.disconnects.saturating_add(1);
                self.needless_disconnects = self.needless_disconnects.saturating_add(usize::from(self.is_calm));
                self.linked.remove(told.text("name"));
            }
            (Who::Members, "live") => self.is_live = true,
            (Who::Members, "degraded") => self.is_live = false,
            (Who::Candidate(number), "acquired") => {
                self.leader = Some(number);
                self.terms = self.terms.saturating_add(1);
                self.last_renewal = told.at;
            }
            (Who::Candidate(number), "renewed") if self.leader == Some(number) => self.last_renewal = told.at,
            (Who::Candidate(number), "stepping_down") if self.leader == Some(number) => self.leader = None,
            (Who::Candidate(_), "lost") => self.losses = self.losses.saturating_add(1),
            (Who::Work(_), _) => self.take_work(told),
            _ => {}
        }
    }

    fn take_work(&mut self, told: &Told) {
        let Ok(token) = told.text("token").parse() else { return };
        if told.event() == "work_started" {
            self.tokens.push(token);
        }
        let (_, last) = self.work.entry(token).or_insert((told.at, told.at));
        *last = last.max(told.at);
    }

    /// How often the work of one term began before that of the one before had ended. The terms' own work tells.
    pub(super) fn overlaps(&self) -> usize {
        self.work.values().zip(self.work.values().skip(1)).filter(|((_, ended), (began, _))| began < ended).count()
    }

    /// Whether each term had a greater token than the one before.
    pub(super) fn tokens_grow(&self) -> bool {
        self.tokens.is_sorted_by(|before, after| before < after)
    }

    /// From the end of the last but one work to the beginning of the last, in seconds.
    pub(super) fn last_gap(&self) -> Option<f64> {
        let mut latest = self.work.values().rev();
        let ((began, _), (_, ended)) = (latest.next()?, latest.next()?);
        Some(began - ended)
    }

    /// When the latest work began.
    pub(super) fn last_began(&self) -> Option<f64> {
        self.work.values().next_back().map(|(began, _)| *began)
    }
}
