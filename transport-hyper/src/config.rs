//! Configuration, proven before anything is started.

#[cfg(feature = "kubeconfig")]
mod environment;
mod fault;
mod in_cluster;

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::ServerName;

#[cfg(feature = "kubeconfig")]
pub use environment::{Environment, Selection};
pub use fault::{ConfigError, Fault};
pub use in_cluster::InCluster;

use crate::credentials::Token;
use crate::server::Server;
use crate::tls::{Identity, Tls, Trust, root_store};

/// Which API server to talk to, whom to trust, and who we are.
///
/// A value of this type has been proven: addresses parse, files exist and hold what they should. Files may change later;
/// they are read again (see the front page). Cloning is cheap. `Debug` shows no secret.
#[derive(Clone)]
pub struct Config(Arc<Settings>);

pub(crate) struct Settings {
    pub(crate) server: Server,
    /// Absent for a plain `http://` server.
    pub(crate) tls: Option<Tls>,
    pub(crate) token: Option<Token>,
    namespace: Option<String>,
    source: String,
    warnings: Vec<String>,
}

impl Config {
    /// The server's base URL.
    #[must_use]
    pub fn server(&self) -> impl fmt::Display {
        &self.0.server
    }

    /// The namespace to work in when nobody names one: the service account's, or the context's. Absent when neither says;
    /// kubectl then takes `default`.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// Where this configuration comes from, for people: `in-cluster`, or the kubeconfig and its context.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// What the caller should tell its user: one sentence each, such as that verification is off. Empty as a rule.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0
    }

    /// Whether reading the credentials again may bring others.
    pub(crate) fn has_credential_files(&self) -> bool {
        self.0.token.as_ref().is_some_and(Token::is_file)
            || self.0.tls.as_ref().and_then(|tls| tls.identity.as_ref()).is_some_and(Identity::is_file)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { server, tls, token, namespace, source, warnings } = &*self.0;
        f.debug_struct("Config")
            .field("source", source)
            .field("server", &format_args!("{server}"))
            .field("token", &token.is_some())
            .field("client_certificate", &tls.as_ref().is_some_and(|tls| tls.identity.is_some()))
            .field("namespace", namespace)
            .field("warnings", warnings)
            .finish()
    }
}

/// What a source of configuration says, before it is proven. Filled in as far as it could be read.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) server: Option<Server>,
    pub(crate) trust: Option<Trust>,
    /// What the certificate must be valid for, where that is not the server's host.
    pub(crate) server_name: Option<ServerName<'static>>,
    pub(crate) identity: Option<Identity>,
    pub(crate) token: Option<Token>,
    pub(crate) namespace: Option<String>,
    pub(crate) source: String,
    pub(crate) warnings: Vec<String>,
    /// What is known to be wrong already.
    pub(crate) faults: Vec<Fault>,
}

impl Draft {
    /// Reads everything that the draft names. All faults are reported together.
    pub(crate) fn prove(mut self) -> Result<Config, ConfigError> {
        if let Some(Trust::Authorities(authorities)) = &self.trust
            && let Err(fault) = root_store(authorities)
        {
            self.faults.push(fault);
        }
        if let Some(identity) = &self.identity {
            identity.check(&mut self.faults);
        }
        if let Some(Err(fault)) = self.token.as_ref().map(Token::authorization) {
            self.faults.push(fault);
        }
        let tls = self.tls();
        match self.server {
            Some(server) if self.faults.is_empty() => Ok(Config(Arc::new(Settings {
                server,
                tls,
                token: self.token,
                namespace: self.namespace,
                source: self.source,
                warnings: self.warnings,
            }))),
            server => {
                if server.is_none() && self.faults.is_empty() {
                    self.faults.push(Fault::new(self.source, "names no server", "name one"));
                }
                Err(ConfigError::new(self.faults))
            }
        }
    }

    fn tls(&mut self) -> Option<Tls> {
        let server = self.server.as_ref().filter(|server| server.is_https())?;
        let server_name = match self.server_name.take() {
            Some(name) => name,
            None => match ServerName::try_from(server.host().to_owned()) {
                Ok(name) => name,
                Err(_) => {
                    let problem = format!("no certificate can be valid for the host {:?}", server.host());
                    self.faults.push(Fault::new(self.source.clone(), problem, "use a DNS name or an IP address"));
                    return None;
                }
            },
        };
        let Some(trust) = self.trust.take() else {
            // Whoever drafts without trust has said why; this is the second net.
            if self.faults.is_empty() {
                let remedy = "name the CA certificate of the cluster";
                self.faults.push(Fault::new(self.source.clone(), "names no certificate authority", remedy));
            }
            return None;
        };
        Some(Tls { trust, server_name, identity: self.identity.take() })
    }
}
