//! From nothing to a session with the local node: where it listens, and the handshake.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use erl_dist::LOWEST_DISTRIBUTION_PROTOCOL_VERSION;
use erl_dist::epmd::{EpmdClient, EpmdError};
use erl_dist::handshake::{ClientSideHandshake, HandshakeError, HandshakeStatus};
use erl_dist::node::{Creation, LocalNode as Ourselves, NodeName, NodeNameError};
use quorate_runtime_tokio::random_seed;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::cookie::Cookie;
use super::node::{Listens, LocalNode, hint};
use super::session::Session;
use super::stream::Stream;

/// How long one address may take, from the first packet to the end of the handshake.
const LIMIT: Duration = Duration::from_secs(5);

/// A pod's containers share its loopback addresses. They serve where a name leads nowhere yet, as that of a pod that is not
/// ready; who answers there is known by its name.
const LOOPBACK: [&str; 2] = ["127.0.0.1", "::1"];

/// How long a name may take to be looked up: where DNS is away, loopback serves.
const LOOKUP_LIMIT: Duration = Duration::from_secs(2);

/// What we call ourselves until we have been somebody by that name. Under a name that had a connection, a node may believe that
/// the old one counts; and whatever a node is told of once is an atom there, which it keeps for good.
#[derive(Debug, Default)]
pub(super) struct OwnName(Option<NodeName>);

impl OwnName {
    fn at(&mut self, host: &str) -> Result<NodeName, AttachError> {
        let name = match self.0.take() {
            Some(name) => name,
            None => own_name(host).map_err(|_| AttachError::Nameless)?,
        };
        Ok(self.0.insert(name).clone())
    }
}

/// A name that no node has seen before.
pub(super) fn own_name(host: &str) -> Result<NodeName, NodeNameError> {
    NodeName::new(&format!("quorate-{:016x}", random_seed()), host)
}

/// Attaches as a hidden node.
pub(super) async fn attach(node: &LocalNode, own: &mut OwnName) -> Result<Session, AttachError> {
    let own_host = node.host();
    // Another node may be there, where several share a host's network: it is not asked if our own can be.
    let is_known = matches!(timeout(LOOKUP_LIMIT, lookup_host((own_host, 0))).await, Ok(Ok(_)));
    let hosts = [own_host].into_iter().chain(LOOPBACK.into_iter().filter(|_| !is_known));
    let mut first = None;
    for host in hosts {
        let attempt = timeout(LIMIT, attach_at(node, own, host)).await.unwrap_or_else(|_| {
            // It may still be busy with us.
            *own = OwnName::default();
            Err(AttachError::unreachable("node", host, io::ErrorKind::TimedOut.into()))
        });
        match attempt {
            Ok(session) => return Ok(session),
            Err(error) if error.is_final() => return Err(error),
            Err(error) => {
                // What is wrong at its own address tells more than what is wrong elsewhere.
                first.get_or_insert(error);
            }
        }
    }
    Err(first.unwrap_or(AttachError::Nameless))
}

async fn attach_at(node: &LocalNode, own: &mut OwnName, host: &str) -> Result<Session, AttachError> {
    let port = match node.listens {
        Listens::At(port) => port,
        Listens::AsEpmdSays(epmd) => ask_epmd(node.alias(), host, epmd).await?,
    };
    let place = Place { host: host.into(), port };
    let stream = connect("node", &place).await?;
    let ourselves = Ourselves::new(own.at(node.host())?, Creation::random());
    // Whoever changes it starts the node again, and not us.
    let cookie = Cookie::find(node.cookie_file.as_deref()).map_err(AttachError::NoCookie)?;
    let mut handshake = ClientSideHandshake::new(stream, ourselves.clone(), cookie.as_str());
    let status = handshake.execute_send_name(LOWEST_DISTRIBUTION_PROTOCOL_VERSION).await;
    let status = status.map_err(|error| AttachError::Handshake { place: place.clone(), error })?;
    if status != HandshakeStatus::Ok {
        *own = OwnName::default();
        return Err(AttachError::Refused { place, status });
    }
    // A node that is shown the wrong cookie hangs up without a word.
    let (stream, peer) = handshake.execute_rest(true).await.map_err(|error| match error {
        HandshakeError::CookieMismatch => AttachError::Cookie { place: place.clone(), origin: cookie.origin().into() },
        HandshakeError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            AttachError::Cookie { place: place.clone(), origin: cookie.origin().into() }
        }
        error => AttachError::Handshake { place: place.clone(), error },
    })?;
    let real = peer.name.to_string();
    if real != node.name {
        return Err(AttachError::OtherNode { place, real, expected: node.name.clone(), origin: node.origin });
    }
    *own = OwnName::default();
    Ok(Session::start(stream, ourselves, &peer))
}

async fn ask_epmd(alias: &str, host: &str, port: u16) -> Result<u16, AttachError> {
    let place = Place { host: host.into(), port };
    let failed = |error| AttachError::Epmd { place: place.clone(), error };
    let entry = EpmdClient::new(connect("epmd", &place).await?).get_node(alias).await.map_err(failed)?;
    if let Some(entry) = entry {
        return Ok(entry.port);
    }
    // It does not know the name: who it knows instead is what people want to see.
    let names = EpmdClient::new(connect("epmd", &place).await?).get_names().await.map_err(failed)?;
    let known = names.into_iter().map(|(name, _)| name).collect();
    Err(AttachError::Unregistered { place, alias: alias.into(), known })
}

async fn connect(what: &'static str, place: &Place) -> Result<Stream, AttachError> {
    let stream = TcpStream::connect((&*place.host, place.port)).await.and_then(Stream::new);
    stream.map_err(|error| AttachError::Unreachable { what, place: place.to_string(), error })
}

/// A host and a port.
#[derive(Clone, Debug)]
pub(in crate::watch) struct Place {
    host: String,
    port: u16,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Why there is no session.
#[derive(Debug)]
pub(in crate::watch) enum AttachError {
    /// The cookie is another.
    Cookie {
        place: Place,
        origin: String,
    },
    Epmd {
        place: Place,
        error: EpmdError,
    },
    Handshake {
        place: Place,
        error: HandshakeError,
    },
    /// Our own name cannot be made.
    Nameless,
    /// The cookie cannot be read any more.
    NoCookie(String),
    /// The node there has another name.
    OtherNode {
        place: Place,
        real: String,
        expected: String,
        origin: &'static str,
    },
    /// It does not want us now.
    Refused {
        place: Place,
        status: HandshakeStatus,
    },
    Unreachable {
        what: &'static str,
        place: String,
        error: io::Error,
    },
    Unregistered {
        place: Place,
        alias: String,
        known: Vec<String>,
    },
}

impl AttachError {
    /// What is wrong and what caused it, on one line.
    pub(in crate::watch) fn in_full(&self) -> String {
        self.source().map_or_else(|| self.to_string(), |source| format!("{self}: {source}"))
    }

    fn unreachable(what: &'static str, host: &str, error: io::Error) -> Self {
        Self::Unreachable { what, place: host.into(), error }
    }

    /// Time does not mend it: somebody has configured the one or the other wrongly.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::Cookie { .. } | Self::Nameless | Self::OtherNode { .. })
    }
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie { place, origin } => write!(
                f,
                "the node at {place} refuses the cookie of {origin}: give both the same, by --cookie-file here, and by \
                 -setcookie or RELEASE_COOKIE there"
            ),
            Self::Epmd { place, .. } => write!(f, "the port mapper (epmd) at {place} cannot be asked"),
            Self::Handshake { place, .. } => write!(f, "the handshake with the node at {place} failed"),
            Self::Nameless => f.write_str("the local node's host is too long for a name of ours beside it"),
            Self::NoCookie(fault) => f.write_str(fault),
            Self::OtherNode { place, real, expected, origin } => write!(
                f,
                "the node at {place} is called {real} (by -name, -sname or RELEASE_NODE there), and {expected} was expected \
                 (by {origin} here): other nodes would look for it under a name that it does not answer to{}",
                hint(real)
            ),
            Self::Refused { place, status } => write!(f, "the node at {place} does not take us now ({status:?})"),
            Self::Unreachable { what, place, .. } => write!(f, "no {what} can be reached at {place}"),
            Self::Unregistered { place, alias, known } if known.is_empty() => {
                write!(f, "the port mapper (epmd) at {place} knows no node yet, {alias} is wanted")
            }
            Self::Unregistered { place, alias, known } => {
                write!(f, "the port mapper (epmd) at {place} knows no node {alias}, but {}", known.join(", "))
            }
        }
    }
}

impl Error for AttachError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Epmd { error, .. } => Some(error),
            Self::Handshake { error, .. } => Some(error),
            Self::Unreachable { error, .. } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_that_fail_cost_the_node_no_more_than_one_name() {
        let mut own = OwnName::default();
        let name = own.at("10.0.0.1").unwrap();
        assert_eq!(own.at("10.0.0.1").unwrap(), name);
        assert_ne!(OwnName::default().at("10.0.0.1").unwrap(), name);
        assert!(OwnName::default().at(&"x".repeat(250)).is_err());
    }
}
