//! Times as the API writes them, and what it says of those that it does not take.

use alloc::format;
use alloc::string::{String, ToString as _};

use crate::time::Timestamp;

/// `2026-11-20T18:04:58Z`
pub(super) fn seconds(wall: Timestamp) -> String {
    jiff::Timestamp::from_second(wall.unix_micros().div_euclid(1_000_000)).unwrap_or_default().to_string()
}

/// The wall-clock second that a `Time` of an object names.
pub(super) fn parse_seconds(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_unix_micros(time.as_microsecond()))
}

const MICRO_TIME: &str = "2006-01-02T15:04:05.000000Z07:00";

/// A [`MicroTime`](https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/#microtime-v1-meta) as the server
/// writes it back (UTC), or what Go's `time.Parse` says of it.
pub(super) fn micro_time(value: &str) -> Result<String, String> {
    check_layout(value)?;
    match value.parse::<jiff::Timestamp>() {
        Ok(time) => Ok(format!("{time:.6}")),
        Err(_) => Err(format!("parsing time {value:?}: day out of range")),
    }
}

/// What one part of the layout takes: so many digits, up to a highest number, or the text itself.
enum Part {
    Digits { count: usize, range: Option<(u32, u32, &'static str)> },
    Fraction,
    Text,
}

const PARTS: [(&str, Part); 12] = [
    ("2006", Part::Digits { count: 4, range: None }),
    ("-", Part::Text),
    ("01", Part::Digits { count: 2, range: Some((1, 12, "month")) }),
    ("-", Part::Text),
    ("02", Part::Digits { count: 2, range: Some((1, 31, "day")) }),
    ("T", Part::Text),
    ("15", Part::Digits { count: 2, range: Some((0, 23, "hour")) }),
    (":", Part::Text),
    ("04", Part::Digits { count: 2, range: Some((0, 59, "minute")) }),
    (":", Part::Text),
    ("05", Part::Digits { count: 2, range: Some((0, 59, "second")) }),
    (".000000", Part::Fraction),
];

fn check_layout(value: &str) -> Result<(), String> {
    let mut rest = value;
    for (name, part) in PARTS {
        let cannot = || format!("parsing time {value:?} as {MICRO_TIME:?}: cannot parse {rest:?} as {name:?}");
        rest = match part {
            Part::Text => rest.strip_prefix(name).ok_or_else(cannot)?,
            Part::Fraction => rest.strip_prefix('.').and_then(|rest| digits(rest, 6)).ok_or_else(cannot)?.1,
            Part::Digits { count, range } => {
                let (number, after) = digits(rest, count).ok_or_else(cannot)?;
                if let Some((low, high, what)) = range
                    && !(low..=high).contains(&number)
                {
                    return Err(format!("parsing time {value:?}: {what} out of range"));
                }
                after
            }
        };
    }
    let extra = zone(rest)
        .ok_or_else(|| format!("parsing time {value:?} as {MICRO_TIME:?}: cannot parse {rest:?} as \"Z07:00\""))?;
    if extra.is_empty() { Ok(()) } else { Err(format!("parsing time {value:?}: extra text: {extra:?}")) }
}

fn digits(text: &str, count: usize) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((number.parse().ok()?, rest))
}

fn zone(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('Z') {
        return Some(rest);
    }
    let (_, rest) = digits(text.strip_prefix(['+', '-'])?, 2)?;
    let (_, rest) = digits(rest.strip_prefix(':')?, 2)?;
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_server_writes_them() {
        assert_eq!(seconds(Timestamp::from_unix_micros(1_795_197_898_545_226)), "2026-11-20T18:04:58Z");
        assert_eq!(seconds(Timestamp::from_unix_micros(i64::MIN)), "1970-01-01T00:00:00Z");
        assert_eq!(micro_time("2026-11-20T19:04:58.545226+01:00").unwrap(), "2026-11-20T18:04:58.545226Z");
    }

    #[test]
    fn bad_times_get_the_words_of_go() {
        for (value, message) in [
            ("2026-13-99", r#"parsing time "2026-13-99": month out of range"#),
            (
                "2026-11-20T18:04:58Z",
                r#"parsing time "2026-11-20T18:04:58Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000""#,
            ),
            ("", r#"parsing time "" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "" as "2006""#),
        ] {
            assert_eq!(micro_time(value).unwrap_err(), message);
        }
        assert!(micro_time("2026-02-30T18:04:58.545226Z").is_err());
    }
}
