//! The [`Status`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/) that an API server sends in
//! place of an object, and what to make of an answer that is not one.

use alloc::string::String;

use serde::Deserialize;

use super::decode::Text;

/// How much of a body that is not a Status is quoted.
const QUOTED_BYTES: usize = 300;

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
}

/// What an unsuccessful answer's body says, for people.
///
/// The body need not be a Status: 429 from API Priority and Fairness is plain text, and a proxy answers in HTML.
#[must_use]
pub fn message(body: &[u8]) -> String {
    match serde_json::from_slice::<Status<'_>>(body) {
        Ok(status) if &*status.kind == "Status" && !status.message.is_empty() => String::from(&*status.message),
        _ => quote(body),
    }
}

/// The beginning of the text, on one line.
fn quote(body: &[u8]) -> String {
    let cut = body.get(..QUOTED_BYTES).unwrap_or(body);
    let mut line = String::new();
    for word in String::from_utf8_lossy(cut).split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|c| !c.is_control()));
    }
    if cut.len() < body.len() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_gives_its_message() {
        let body = br#"{"kind":"Status","apiVersion":"v1","metadata":{},"message":"pods is forbidden","code":403}"#;
        assert_eq!(message(body), "pods is forbidden");
    }

    #[test]
    fn other_bodies_are_quoted_on_one_line() {
        assert_eq!(
            message(b"Too many requests,\n please try again later.\n"),
            "Too many requests, please try again later."
        );
        assert_eq!(message(b""), "");
        assert_eq!(message(br#"{"kind":"Status","message":{"a":1}}"#), r#"{"kind":"Status","message":{"a":1}}"#);
    }

    #[test]
    fn long_bodies_are_cut_and_control_characters_dropped() {
        let quoted = message(&[b"\x1b[31m".as_slice(), &[b'x'; 1000]].concat());
        assert!(quoted.starts_with("[31mxxx") && quoted.ends_with("x…"), "{quoted}");
        assert!(quoted.len() < 310);
    }
}
