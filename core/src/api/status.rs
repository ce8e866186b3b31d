//! The [`Status`](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/) that an API server sends in
//! place of an object, and what to make of an answer that is not one.

use alloc::string::String;

use serde::Deserialize;

use super::decode::Text;
use crate::text::one_line;

/// How much of a message is kept, in bytes. The longest that a server of ours sends (a 403 of RBAC) has about 300.
const MESSAGE_LIMIT: usize = 1000;

#[derive(Deserialize)]
struct Status<'a> {
    #[serde(borrow, default)]
    kind: Text<'a>,
    #[serde(borrow, default)]
    message: Text<'a>,
}

/// What an unsuccessful answer's body says, for people.
///
/// One line of 1,000 bytes at most, without control characters. The body need not be a Status: 429 from API Priority and Fairness is plain text, and a proxy answers in HTML.
#[must_use]
pub fn message(body: &[u8]) -> String {
    match serde_json::from_slice::<Status<'_>>(body) {
        Ok(status) if &*status.kind == "Status" && !status.message.is_empty() => {
            one_line(&status.message, MESSAGE_LIMIT)
        }
        _ => one_line(&String::from_utf8_lossy(body.get(..MESSAGE_LIMIT).unwrap_or(body)), MESSAGE_LIMIT),
    }
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
    fn messages_are_cut_and_control_characters_dropped() {
        let quoted = message(&[b"\x1b[31m".as_slice(), &[b'x'; 5000]].concat());
        assert!(quoted.starts_with("[31mxxx") && quoted.len() <= 1003, "{quoted}");
        let status = alloc::format!(r#"{{"kind":"Status","message":"a\u001b[2J\nb{}"}}"#, "x".repeat(5000));
        let quoted = message(status.as_bytes());
        assert!(quoted.starts_with("a[2J bxxx") && quoted.len() <= 1003, "{quoted}");
    }
}
