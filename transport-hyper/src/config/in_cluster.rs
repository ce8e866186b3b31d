//! Configuration of a pod: what Kubernetes puts into every container.

use std::path::PathBuf;

use quorate_core::api::meta::Namespace;

use super::{Config, ConfigError, Draft, Fault};
use crate::credentials::Token;
use crate::material::{Material, read_file};
use crate::server::Server;
use crate::tls::Trust;

/// What a container is told about its API server
/// ([accessing the API from a pod](https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/)).
///
/// A plain value, so that tests need not touch the process environment; [`InCluster::from_process`] reads the real one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "options that callers build; these are all that Kubernetes gives")]
pub struct InCluster {
    /// `KUBERNETES_SERVICE_HOST`: a name or an address, IPv6 without brackets. Absent or empty: `kubernetes.default.svc`.
    pub host: Option<String>,
    /// `KUBERNETES_SERVICE_PORT`. Absent or empty: 443. Looked at only if there is a host.
    pub port: Option<String>,
    /// The directory with the files `token`, `ca.crt` and `namespace`. By default where the kubelet mounts it.
    pub service_account: PathBuf,
}

impl Default for InCluster {
    /// No host, no port, and `/var/run/secrets/kubernetes.io/serviceaccount`.
    fn default() -> Self {
        Self { host: None, port: None, service_account: "/var/run/secrets/kubernetes.io/serviceaccount".into() }
    }
}

impl InCluster {
    /// Reads this process's environment.
    #[must_use]
    pub fn from_process() -> Self {
        Self {
            host: std::env::var("KUBERNETES_SERVICE_HOST").ok(),
            port: std::env::var("KUBERNETES_SERVICE_PORT").ok(),
            ..Self::default()
        }
    }

    /// Whether there is any sign of a cluster around us: a service host, or a service account's token.
    #[must_use]
    pub fn is_present(&self) -> bool {
        non_empty(self.host.as_deref()).is_some() || self.service_account.join("token").is_file()
    }

    fn base_url(&self) -> String {
        let Some(host) = non_empty(self.host.as_deref()) else {
            return "https://kubernetes.default.svc".into();
        };
        let port = non_empty(self.port.as_deref()).unwrap_or("443");
        if host.contains(':') && !host.starts_with('[') {
            format!("https://[{host}]:{port}")
        } else {
            format!("https://{host}:{port}")
        }
    }
}

impl Config {
    /// The configuration of a pod, by its service account. Blocks on the file system.
    ///
    /// The server is `https://` at the given host and port, and must prove itself to the service account's CA.
    ///
    /// # Errors
    ///
    /// All faults at once: an address that is none, a `ca.crt` or `token` that is missing or cannot be used, a `namespace`
    /// that is missing or no namespace. (client-go falls back to `default`, which is hardly what is meant.)
    pub fn in_cluster(options: &InCluster) -> Result<Self, ConfigError> {
        let mut draft = Draft { source: "in-cluster".into(), ..Draft::default() };
        match Server::parse(&options.base_url()) {
            Ok(server) => draft.server = Some(server),
            Err(problem) => draft.faults.push(Fault::new(
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT",
                problem,
                "unset both to use kubernetes.default.svc, or give the API server's host and port",
            )),
        }
        let file = |name| Material::file("service account", options.service_account.join(name));
        draft.trust = Some(Trust::Authorities(file("ca.crt")));
        draft.token = Some(Token::new(file("token")));
        draft.namespace = namespace(options, &mut draft.faults);
        draft.prove()
    }
}

fn namespace(options: &InCluster, faults: &mut Vec<Fault>) -> Option<String> {
    let path = options.service_account.join("namespace");
    let content = match read_file(&path) {
        Ok(content) => content,
        Err(error) => {
            let place = format!("service account {}", path.display());
            faults.push(Fault::new(place, format!("cannot be read: {error}"), "mount the whole service account"));
            return None;
        }
    };
    let text = String::from_utf8_lossy(&content);
    match Namespace::parse(text.trim()) {
        Ok(namespace) => Some(namespace.as_str().to_owned()),
        Err(error) => {
            let place = format!("service account {}", path.display());
            faults.push(Fault::new(place, error.to_string(), "put the pod's namespace there"));
            None
        }
    }
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn authority() -> String {
        rcgen::generate_simple_self_signed(vec!["ca".into()]).unwrap().cert.pem()
    }

    fn options(directory: &Path, host: Option<&str>, port: Option<&str>) -> InCluster {
        InCluster { host: host.map(Into::into), port: port.map(Into::into), service_account: directory.into() }
    }

    #[test]
    fn the_server_is_where_the_environment_says() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.crt"), authority()).unwrap();
        fs::write(directory.path().join("token"), "t").unwrap();
        fs::write(directory.path().join("namespace"), "lab\n").unwrap();
        for (host, port, server) in [
            (None, None, "https://kubernetes.default.svc"),
            (Some(""), Some("443"), "https://kubernetes.default.svc"),
            (Some("10.96.0.1"), Some("443"), "https://10.96.0.1:443"),
            (Some("10.96.0.1"), None, "https://10.96.0.1:443"),
            (Some("fd00::1"), Some("6443"), "https://[fd00::1]:6443"),
            (Some("api.example"), Some("6443"), "https://api.example:6443"),
        ] {
            let config = Config::in_cluster(&options(directory.path(), host, port)).unwrap();
            assert_eq!(config.server().to_string(), server);
            assert_eq!((config.namespace(), config.source()), (Some("lab"), "in-cluster"));
        }
    }

    #[test]
    fn all_faults_come_at_once() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("namespace"), "Not A Namespace").unwrap();
        let error = Config::in_cluster(&options(directory.path(), Some("h"), Some("tcp://10.0.0.1:443"))).unwrap_err();
        let lines = error.to_string();
        assert_eq!(error.faults().len(), lines.lines().count());
        for part in ["KUBERNETES_SERVICE_PORT", "/ca.crt: cannot be read", "/token: cannot be read", "/namespace: "] {
            assert!(lines.contains(part), "{part} is not in:\n{lines}");
        }
    }

    #[test]
    fn without_a_usable_ca_nothing_starts() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("token"), "t").unwrap();
        for content in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            fs::write(directory.path().join("ca.crt"), content).unwrap();
            let error = Config::in_cluster(&options(directory.path(), None, None)).unwrap_err().to_string();
            assert!(error.contains("ca.crt: "), "{error}");
        }
    }

    #[test]
    fn a_namespace_must_be_there() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("ca.crt"), authority()).unwrap();
        fs::write(directory.path().join("token"), "t").unwrap();
        let error = Config::in_cluster(&options(directory.path(), None, None)).unwrap_err();
        assert!(error.to_string().contains("/namespace: cannot be read"), "{error}");
        assert_eq!(error.faults().len(), 1);
    }

    #[test]
    fn a_host_or_a_token_is_a_sign_of_a_cluster() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!options(directory.path(), None, None).is_present());
        assert!(!options(directory.path(), Some(""), None).is_present());
        assert!(options(directory.path(), Some("10.96.0.1"), None).is_present());
        fs::write(directory.path().join("token"), "t").unwrap();
        assert!(options(directory.path(), None, None).is_present());
    }
}
