//! From times to places.

use std::time::Duration;

/// How many times are marked, about.
const TICKS: f64 = 10.0;

pub(super) struct Scale {
    from: f64,
    until: f64,
    left: f64,
    right: f64,
}

impl Scale {
    pub(super) fn new((from, until): (Duration, Duration), (left, right): (f64, f64)) -> Self {
        let from = from.as_secs_f64();
        // A run of no time at all is drawn as well.
        Self { from, until: until.as_secs_f64().max(from + 1e-6), left, right }
    }

    /// Where a time is; what lies outside is at the edge.
    pub(super) fn x(&self, at: Duration) -> f64 {
        let part = (at.as_secs_f64() - self.from) / (self.until - self.from);
        let x = self.left + part.clamp(0.0, 1.0) * (self.right - self.left);
        (x * 100.0).round() / 100.0
    }

    pub(super) const fn edges(&self) -> (f64, f64) {
        (self.left, self.right)
    }

    /// Round times with their places.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, String)> {
        let raw = (self.until - self.from) / TICKS;
        let power = 10_f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= raw);
        let step = step.unwrap_or(raw);
        let first = (self.from / step).ceil();
        let times = (0_u32..).map(move |index| (first + f64::from(index)) * step);
        times.take_while(|time| *time <= self.until).map(move |time| {
            let decimals = if step < 0.01 {
                3
            } else if step < 1.0 {
                2
            } else {
                0
            };
            (self.x(Duration::from_secs_f64(time.max(0.0))), format!("{time:.decimals$} s"))
        })
    }
}
