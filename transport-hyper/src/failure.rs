//! From what went wrong to what a decision needs to know of it.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::io;

use quorate_core::api::{Failure, FailureKind, Request, Sent};
use rustls::AlertDescription;

use crate::config::Fault;
use crate::server::Server;

/// What was tried: begins every message.
#[derive(Clone, Debug)]
pub(crate) struct Attempt(String);

impl Attempt {
    pub(crate) fn new(request: &Request, server: &Server) -> Self {
        Self(format!("{request} at {server}"))
    }

    pub(crate) fn failed(&self, sent: Sent, trouble: &Trouble) -> Failure {
        let Trouble { kind, message } = trouble;
        Failure { sent, kind: *kind, message: format!("{}: {message}", self.0) }
    }
}

/// What came back, and what to do about it.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Trouble {}

impl Trouble {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Something that the configuration names is no longer what it was when it was proven.
    pub(crate) fn of_fault(kind: FailureKind, fault: &Fault) -> Self {
        Self::new(kind, fault.to_string())
    }

    /// No connection came about.
    pub(crate) fn unreachable(error: &(dyn Error + 'static)) -> Self {
        let kind = match kind(error) {
            FailureKind::Interrupted => FailureKind::Unreachable,
            kind => kind,
        };
        Self::new(kind, format!("no connection: {}; check the address, the network and the server", chain(error)))
    }

    /// There was a connection. `what` says what was cut short.
    pub(crate) fn interrupted(what: &str, error: &(dyn Error + 'static)) -> Self {
        match kind(error) {
            FailureKind::Untrusted => Self::new(
                FailureKind::Untrusted,
                format!(
                    "{what} failed: {}; check that the certificate authority is this cluster's, that the server's \
                     certificate is valid for this address, and that the server accepts our certificate",
                    chain(error)
                ),
            ),
            kind => Self::new(kind, format!("{what} failed: {}", chain(error))),
        }
    }
}

/// An error and its sources, each said once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let part = error.to_string();
        if !text.contains(&part) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {part}");
        }
        source = error.source();
    }
    text
}

fn kind(error: &(dyn Error + 'static)) -> FailureKind {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(kind) = own_kind(error) {
            return kind;
        }
        next = error.source();
    }
    FailureKind::Interrupted
}

fn own_kind(error: &(dyn Error + 'static)) -> Option<FailureKind> {
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return is_about_trust(error).then_some(FailureKind::Untrusted);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        if error.kind() == io::ErrorKind::TimedOut {
            return Some(FailureKind::TimedOut);
        }
        // `source` of an io::Error leaves out the error that it wraps, and goes straight to that one's source.
        let wrapped = error.get_ref()?;
        return own_kind(wrapped).or_else(|| untrusted_by_text(error));
    }
    if let Some(error) = error.downcast_ref::<h2::Error>() {
        return untrusted_by_text(error.get_io()?);
    }
    error.downcast_ref::<hyper::Error>().filter(|error| error.is_timeout()).map(|_| FailureKind::TimedOut)
}

/// h2 keeps no more than the text of an I/O error.
fn untrusted_by_text(error: &io::Error) -> Option<FailureKind> {
    let text = error.to_string();
    let says = |alert: &AlertDescription| text.contains(&rustls::Error::AlertReceived(*alert).to_string());
    REFUSALS.iter().any(says).then_some(FailureKind::Untrusted)
}

/// Alerts by which a server says that it does not accept our certificate, or the lack of one. Under TLS 1.3 they arrive
/// only after the handshake, as the answer to the first request.
const REFUSALS: &[AlertDescription] = &[
    AlertDescription::AccessDenied,
    AlertDescription::BadCertificate,
    AlertDescription::CertificateExpired,
    AlertDescription::CertificateRequired,
    AlertDescription::CertificateRevoked,
    AlertDescription::CertificateUnknown,
    // A signature that does not verify: an authority of the same name with another key.
    AlertDescription::DecryptError,
    AlertDescription::UnknownCA,
    AlertDescription::UnsupportedCertificate,
];

fn is_about_trust(error: &rustls::Error) -> bool {
    match error {
        rustls::Error::InvalidCertificate(_)
        | rustls::Error::NoCertificatesPresented
        | rustls::Error::UnsupportedNameType => true,
        rustls::Error::AlertReceived(alert) => REFUSALS.contains(alert),
        _ => false,
    }
}

/// Whether the server has promised, by HTTP/2's rules, that it did not act upon the request: it was refused
/// ([RFC 9113 §8.7](https://www.rfc-editor.org/rfc/rfc9113#section-8.7)), or comes after the last one that a server that is
/// about to leave will serve ([§6.8](https://www.rfc-editor.org/rfc/rfc9113#section-6.8)).
pub(crate) fn is_unprocessed(error: &hyper::Error) -> bool {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            let left_over = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
            return error.is_remote() && (refused || left_over);
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_error_is_found_inside_an_io_error() {
        let inner = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::new(io::ErrorKind::InvalidData, inner);
        assert_eq!(kind(&error), FailureKind::Untrusted);
        let error = io::Error::new(io::ErrorKind::InvalidData, rustls::Error::DecryptError);
        assert_eq!(kind(&error), FailureKind::Interrupted);
    }

    #[test]
    fn a_chain_says_everything_once() {
        #[derive(Debug)]
        struct Outer(io::Error);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outer")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        assert_eq!(chain(&Outer(io::Error::other("inner"))), "outer: inner");
        assert_eq!(chain(&Outer(io::Error::other("outer"))), "outer");
    }
}
