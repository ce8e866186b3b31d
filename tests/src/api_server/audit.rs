//! The server's own record of what it was asked.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::trouble::Trouble;

/// One request, as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// When it was asked, in RFC 3339.
    pub time: String,
    /// Who asked: a service account is `system:serviceaccount:NAMESPACE:NAME`.
    pub user: String,
    /// The program that asked.
    pub agent: String,
    /// `list`, `watch` and so on.
    pub verb: String,
    /// Path and query.
    pub uri: String,
    /// The status of the answer; zero for what has only begun.
    pub status: u16,
    /// `RequestReceived` or `ResponseComplete`.
    pub stage: String,
}

pub(super) fn read(log: &Path) -> Result<Vec<AuditEntry>, Trouble> {
    let text = fs::read_to_string(log).map_err(Trouble::during(log.display()))?;
    // The last line may still be on its way.
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    Ok(events.map(|event| entry(&event)).collect())
}

fn entry(event: &Value) -> AuditEntry {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let status = event.pointer("/responseStatus/code").and_then(Value::as_u64).unwrap_or_default();
    AuditEntry {
        time: text("/requestReceivedTimestamp"),
        user: text("/user/username"),
        agent: text("/userAgent"),
        verb: text("/verb"),
        uri: text("/requestURI"),
        status: u16::try_from(status).unwrap_or(u16::MAX),
        stage: text("/stage"),
    }
}
