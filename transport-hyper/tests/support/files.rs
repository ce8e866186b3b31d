//! The files by which a client finds its server.

use std::fs;
use std::path::{Path, PathBuf};

use quorate_core::api::meta::Namespace;
use quorate_core::api::{ListPage, Request, Resource};
use quorate_transport_hyper::{Config, InCluster};
use tempfile::TempDir;

use super::Pki;

/// The usual request.
pub fn list(body_limit: usize) -> Request {
    let namespace = Namespace::parse("lab").unwrap();
    let page = ListPage {
        resource: Resource::PODS,
        namespace: Some(&namespace),
        label_selector: None,
        name: None,
        limit: 500,
        continue_token: None,
    };
    Request::list(&page, body_limit)
}

/// A service account's directory.
pub struct ServiceAccount(TempDir);

impl ServiceAccount {
    pub fn new(pki: &Pki, token: &str) -> Self {
        let account = Self(tempfile::tempdir().unwrap());
        account.write("ca.crt", &pki.authority());
        account.write("token", token);
        account.write("namespace", "lab");
        account
    }

    pub fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn directory(&self) -> &Path {
        self.0.path()
    }

    pub fn config(&self, host: &str, port: u16) -> Config {
        let service_account = self.0.path().into();
        Config::in_cluster(&InCluster { host: Some(host.into()), port: Some(port.to_string()), service_account })
            .unwrap()
    }
}

/// A configuration for a server at 127.0.0.1, which lives no longer than its files need to be read once.
pub fn config(pki: &Pki, port: u16) -> (ServiceAccount, Config) {
    let account = ServiceAccount::new(pki, "token-of-the-test");
    let config = account.config("127.0.0.1", port);
    (account, config)
}

/// A kubeconfig with one context, whose cluster and user are given as JSON.
pub fn kubeconfig(path: &Path, cluster: &str, user: &str) -> PathBuf {
    let text = format!(
        r#"{{"apiVersion": "v1", "kind": "Config", "current-context": "c",
            "contexts": [{{"name": "c", "context": {{"cluster": "k", "user": "u"}}}}],
            "clusters": [{{"name": "k", "cluster": {{{cluster}}}}}],
            "users": [{{"name": "u", "user": {{{user}}}}}]}}"#
    );
    fs::write(path, text).unwrap();
    path.into()
}
