//! When the commands ran, by their own words.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use quorate_tests::trouble::Trouble;
use serde_json::Value;

/// From the first to the last sign of life of one term's command, in seconds on the shared clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) token: u64,
    pub(crate) began: f64,
    pub(crate) ended: f64,
}

/// By their tokens. The last line may still be on its way.
pub(crate) fn intervals(file: &Path) -> Result<Vec<Interval>, Trouble> {
    let mut terms = BTreeMap::<u64, (f64, f64)>::new();
    for line in lines(file)? {
        let token = line["token"].as_str().unwrap_or_default().parse()?;
        let at = line["monotonic"].as_f64().unwrap_or_default();
        let (_, last) = terms.entry(token).or_insert((at, at));
        *last = last.max(at);
    }
    Ok(terms.into_iter().map(|(token, (began, ended))| Interval { token, began, ended }).collect())
}

/// All whole lines of a file, as JSON; none if there is no file yet.
pub(crate) fn lines(file: &Path) -> Result<Vec<Value>, Trouble> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
    whole.lines().map(|line| serde_json::from_str(line).map_err(Trouble::during(line))).collect()
}

/// E1 and E4: in the order of their tokens the commands ran one after the other.
pub(crate) fn check(intervals: &[Interval]) {
    for pair in intervals.windows(2) {
        let [one, next] = pair else { continue };
        assert!(one.ended < next.began, "E1: {intervals:#?}");
    }
}

/// From the end of each command to the beginning of the next.
pub(crate) fn gaps(intervals: &[Interval]) -> Vec<f64> {
    intervals.windows(2).map(|pair| pair[1].began - pair[0].ended).collect()
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
