//! Node names: what a member is called in the cluster's own protocol.
//!
//! A name is `<basename>@<host>`, or the bare host. The host takes one of three forms ([`NameMode`]). Everything that the API
//! hands us is validated on the way in, so a name that leaves here always parses back into its parts (M5).

mod domain;
mod host;

use alloc::string::String;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::fmt::{self, Write as _};
use core::net::IpAddr;

use crate::api::ServiceName;
use crate::api::meta::{InvalidName, is_dns_label};

pub use domain::ClusterDomain;
pub use host::Host;
pub(crate) use host::is_nameable;

/// The longest name that an Erlang node may have: an atom's 255 characters
/// ([limits](https://www.erlang.org/doc/system/system_limits.html)).
const MAX_NAME_LENGTH: usize = 255;

/// The longest name that DNS resolves ([RFC 1123 §2.1](https://www.rfc-editor.org/rfc/rfc1123#page-13), less its last dot).
const MAX_HOST_LENGTH: usize = 253;

/// Room for a name that is no longer than most.
const USUAL_NAME_LENGTH: usize = 64;

/// The name of a node, valid in its form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A map by name is searched with what a connector calls a node, valid or not.
impl Borrow<str> for NodeName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which form the host part of a name takes. An IPv6 address is written as [RFC 5952] wants it.
///
/// [RFC 5952]: https://www.rfc-editor.org/rfc/rfc5952
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "these are the ways in which Kubernetes names a pod's address")]
pub enum NameMode {
    /// The address itself: `10.0.0.7`.
    #[default]
    Ip,
    /// The pod's own DNS name behind a headless Service: `web-0.web.lab.svc.cluster.local`
    /// ([stable network ID](https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id)).
    Hostname,
    /// The DNS name made of the address: `10-0-0-7.lab.pod.cluster.local`
    /// ([pod records](https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#a-aaaa-records-1)).
    Dns,
}

/// The part of a name before the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Basename(Arc<str>);

impl Basename {
    /// Checks a basename: letters, digits, `_` and `-`, at least one of them, as an Erlang node name takes them.
    ///
    /// # Errors
    ///
    /// When it holds anything else, or nothing.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let valid = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("basename", text, "it takes letters, digits, '_' and '-', at least one of them"))
        }
    }

    /// The basename.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How members are called. Every part has been checked on its own, so any combination is a valid naming.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "options: built by every user, each field a choice")]
pub struct Naming {
    /// What stands before the `@`; without one the name is the bare host.
    pub basename: Option<Basename>,
    /// The form of the host. Default: the address.
    pub mode: NameMode,
    /// The Service in names of mode [`Hostname`](NameMode::Hostname); without one, the one that the API object names.
    pub service: Option<ServiceName>,
    /// The domain at the end of DNS names. Default: `cluster.local`.
    pub domain: ClusterDomain,
}

/// What is known of a member that is to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "these are what names are made of")]
pub struct Facts<'a> {
    /// Its address.
    pub address: IpAddr,
    /// Its namespace.
    pub namespace: &'a str,
    /// Its host name, if it has one.
    pub hostname: Option<&'a str>,
    /// The Service that the API object names, if it names one; used if none is configured.
    pub service: Option<&'a str>,
}

impl Naming {
    /// Names a member.
    ///
    /// # Errors
    ///
    /// When the mode needs what is not known, or the name would be none that DNS and Erlang take.
    pub fn name(&self, facts: &Facts<'_>) -> Result<NodeName, Unnameable> {
        let host = self.host(facts)?;
        // Every member is named: there is one text to write, and room for most.
        let mut name = String::with_capacity(USUAL_NAME_LENGTH);
        if let Some(basename) = &self.basename {
            name.push_str(basename.as_str());
            name.push('@');
        }
        let before_host = name.len();
        // Writing to a String cannot fail.
        let _ = write!(name, "{}", host.display(&self.domain));
        within(MAX_HOST_LENGTH, "host", name.get(before_host..).unwrap_or_default())?;
        within(MAX_NAME_LENGTH, "name", &name)?;
        Ok(NodeName(name.into()))
    }

    fn host<'a>(&'a self, facts: &Facts<'a>) -> Result<Host<'a>, Unnameable> {
        Ok(match self.mode {
            NameMode::Ip => Host::Ip(facts.address),
            NameMode::Dns => {
                Host::PodRecord { address: facts.address, namespace: label("namespace", facts.namespace)? }
            }
            NameMode::Hostname => {
                let configured = self.service.as_ref().map(ServiceName::as_str);
                Host::Hostname {
                    hostname: label("host name", facts.hostname.ok_or(Unnameable::NoHostname)?)?,
                    service: label("Service", configured.or(facts.service).ok_or(Unnameable::NoService)?)?,
                    namespace: label("namespace", facts.namespace)?,
                }
            }
        })
    }

    /// Takes a name apart again.
    ///
    /// # Errors
    ///
    /// When it is no name that this naming's domain allows.
    pub fn parse<'a>(&self, name: &'a str) -> Result<NameParts<'a>, MalformedName> {
        let (basename, host) = match name.split_once('@') {
            Some((basename, host)) => (Some(basename), host),
            None => (None, name),
        };
        let malformed = || MalformedName { name: name.into(), domain: self.domain.clone() };
        let basename_is_valid = basename.is_none_or(|basename| Basename::parse(basename).is_ok());
        let host = Host::parse(host, &self.domain).filter(|_| basename_is_valid && name.len() <= MAX_NAME_LENGTH);
        Ok(NameParts { basename, host: host.ok_or_else(malformed)? })
    }

    /// Takes a name that somebody wrote, such as one's own.
    ///
    /// # Errors
    ///
    /// When it does not [parse](Self::parse).
    pub fn check(&self, name: &str) -> Result<NodeName, MalformedName> {
        self.parse(name).map(|_| NodeName(name.into()))
    }
}

fn within(allowed: usize, part: &'static str, text: &str) -> Result<(), Unnameable> {
    if text.len() <= allowed { Ok(()) } else { Err(Unnameable::TooLong { part, length: text.len(), allowed }) }
}

fn label<'a>(part: &'static str, text: &'a str) -> Result<&'a str, Unnameable> {
    if is_dns_label(text) { Ok(text) } else { Err(Unnameable::NotALabel { part, text: text.into() }) }
}

/// The parts of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a name has these two parts")]
pub struct NameParts<'a> {
    /// What stands before the `@`, if there is one.
    pub basename: Option<&'a str>,
    /// What stands after it.
    pub host: Host<'a>,
}

/// Why a member cannot be named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unnameable {
    /// The mode needs a host name, and the API gives none: only pods of a StatefulSet, or with `hostname` and `subdomain`
    /// set, have one.
    NoHostname,
    /// The mode needs a Service, none is configured, and the API object names none.
    NoService,
    /// A part is not an RFC 1123 label.
    NotALabel {
        /// Which part.
        part: &'static str,
        /// What it is.
        text: String,
    },
    /// The name would be longer than 255 characters, or its host longer than 253.
    TooLong {
        /// Which of the two.
        part: &'static str,
        /// How long it would be, in characters.
        length: usize,
        /// How long it may be, in characters.
        allowed: usize,
    },
}

impl fmt::Display for Unnameable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHostname => f.write_str("it has no host name (a StatefulSet gives its pods one)"),
            Self::NoService => f.write_str("no Service is configured and its object names none"),
            Self::NotALabel { part, text } => write!(f, "its {part} {text:?} is not an RFC 1123 label"),
            Self::TooLong { part, length, allowed } => {
                write!(f, "its {part} would be {length} characters long, {allowed} are allowed")
            }
        }
    }
}

/// A text that is no node name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MalformedName {
    name: String,
    domain: ClusterDomain,
}

impl fmt::Display for MalformedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a node name: expected [basename@] and an IP address, <hostname>.<service>.<namespace>.svc.{domain} \
             or <dashed IP>.<namespace>.pod.{domain}",
            self.name,
            domain = self.domain
        )
    }
}

impl core::error::Error for MalformedName {}

#[cfg(test)]
mod tests;
