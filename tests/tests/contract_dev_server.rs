//! The contract, on the development server: what keeps the fake API honest.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use quorate_core::testing::{FakeApi, Rule};
use quorate_tests::contract::harness::{self, Kind};
use quorate_tests::contract::{Needs, Right, Server};
use quorate_tests::kubeconfig::Kubeconfig;
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::Config;
use quorate_transport_hyper::serve::{Serve, ServeOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Where it differs from a real server on purpose.
const DIFFERENCES: &[(&str, &str)] = &[(
    "objects::a_namespace_that_is_missing_takes_no_objects",
    "it has every namespace, so that nobody needs to create one before the first pod",
)];

fn main() -> ExitCode {
    harness::run(Kind {
        name: "the development server",
        available: || Ok(()),
        required: true,
        differences: DIFFERENCES,
        // Each case has one of its own: it costs a certificate.
        provide: |_: Needs| Ok(Arc::new(Development::start()?)),
    })
}

/// The server, in this process, and the threads that it runs on.
struct Development {
    server: Serve,
    authority: TempDir,
    _runtime: Runtime,
}

impl Development {
    fn start() -> Result<Self, Trouble> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let server =
            runtime.block_on(Serve::start(ServeOptions::default(), FakeApi::new(1))).map_err(io::Error::other)?;
        let authority = tempfile::tempdir()?;
        std::fs::write(authority.path().join("ca.crt"), server.certificate_authority_pem())?;
        Ok(Self { server, authority, _runtime: runtime })
    }

    /// The configuration of this kubeconfig's user.
    fn config(&self, user: Value) -> Result<Config, Trouble> {
        let folder = tempfile::tempdir()?;
        let kubeconfig = Kubeconfig::new(&self.server.url(), user).authority(&self.authority.path().join("ca.crt"));
        Ok(Config::from_kubeconfig(&[kubeconfig.write(folder.path().join("kubeconfig"))?], None)?)
    }

    fn account(namespace: &str, account: &str) -> String {
        format!("system:serviceaccount:{namespace}:{account}")
    }
}

impl Server for Development {
    fn administrator(&self) -> Result<Config, Trouble> {
        self.bearer(self.server.token())
    }

    fn bearer(&self, token: &str) -> Result<Config, Trouble> {
        self.config(json!({"token": token}))
    }

    fn anonymous(&self) -> Result<Config, Trouble> {
        self.config(json!({}))
    }

    fn add_namespace(&self, _: &str) -> Result<(), Trouble> {
        // Every namespace is there.
        Ok(())
    }

    fn add_account(&self, namespace: &str, account: &str) -> Result<(), Trouble> {
        let user = Self::account(namespace, account);
        self.server.with(|api, _| api.set_rules(&user, Vec::new()));
        Ok(())
    }

    fn token(&self, namespace: &str, account: &str, seconds: i64) -> Result<String, Trouble> {
        let user = Self::account(namespace, account);
        let token = format!("{user}-for-{seconds}");
        self.server.with(|api, now| {
            let lifetime = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            api.add_user(&token, &user, Some(now.instant.saturating_add(lifetime)));
        });
        Ok(token)
    }

    fn set_rights(&self, namespace: &str, account: &str, rights: &[Right]) -> Result<(), Trouble> {
        let rules =
            rights.iter().map(|right| Rule::new(namespace, right.group, &[right.resource], right.verbs)).collect();
        self.server.with(|api, _| api.set_rules(&Self::account(namespace, account), rules));
        Ok(())
    }

    fn compact(&self) -> Result<(), Trouble> {
        self.server.with(|api, _| api.compact());
        Ok(())
    }

    fn forget_history(&self) -> Result<(), Trouble> {
        self.compact()
    }
}
