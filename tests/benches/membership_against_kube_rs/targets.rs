//! What is to be reached, and what was.

use std::fmt;

/// By so much a ratio of times on a shared machine may miss its limit.
const NOISE: f64 = 0.1;

/// A ratio that is to be reached.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    what: &'static str,
    limit: f64,
    is_least: bool,
    noise: f64,
}

impl Target {
    pub(crate) const fn at_least(what: &'static str, limit: f64) -> Self {
        Self { what, limit, is_least: true, noise: 0.0 }
    }

    pub(crate) const fn at_most(what: &'static str, limit: f64) -> Self {
        Self { what, limit, is_least: false, noise: 0.0 }
    }

    /// Its ratio is one of times, which are never exact.
    pub(crate) const fn of_times(self) -> Self {
        Self { noise: NOISE, ..self }
    }

    fn is_reached(&self, found: f64) -> bool {
        if self.is_least { found >= self.limit * (1.0 - self.noise) } else { found <= self.limit * (1.0 + self.noise) }
    }

    pub(crate) fn all_reached(found: &[(Self, f64)]) -> bool {
        found.iter().all(|(target, found)| target.is_reached(*found))
    }
}

/// All targets, with what was found.
#[derive(Default)]
pub(crate) struct Targets(Vec<(Target, f64)>);

impl Targets {
    pub(crate) fn note(&mut self, found: &[(Target, f64)]) {
        self.0.extend(found);
    }

    pub(crate) fn are_reached(&self) -> bool {
        Target::all_reached(&self.0)
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<48} {:>8} {:>17} {:>6}", "target", "found", "limit", "noise")?;
        for (target, found) in &self.0 {
            let Target { what, limit, is_least, noise } = target;
            let limit = format!("{} {limit:.3}", if *is_least { "at least" } else { "at most" });
            let noise = format!("{:.0} %", noise * 100.0);
            let verdict = if target.is_reached(*found) { "reached" } else { "MISSED" };
            writeln!(f, "{what:<48} {found:>8.4} {limit:>17} {noise:>6}  {verdict}")?;
        }
        Ok(())
    }
}
