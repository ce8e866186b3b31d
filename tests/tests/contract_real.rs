//! The contract, on the real API server: what keeps the cases honest.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use quorate_tests::api_server::{Announce, ApiServer};
use quorate_tests::contract::harness::{self, Kind};
use quorate_tests::contract::http::Api;
use quorate_tests::contract::{Needs, Right, Server};
use quorate_tests::eventually::eventually;
use quorate_tests::kubeconfig::Kubeconfig;
use quorate_tests::server_trials;
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::Config;
use serde_json::{Value, json};

/// The server forgives tokens for so long.
const LEEWAY_SECONDS: i64 = 60;

fn main() -> ExitCode {
    let status = harness::run(Kind {
        name: "kube-apiserver",
        available: ApiServer::available,
        required: server_trials::is_required(),
        differences: &[],
        provide: |needs| Ok(Arc::new(Real::new(needs)?)),
    });
    ApiServer::stop_shared();
    status
}

struct Real {
    server: Arc<ApiServer>,
    api: Api,
}

impl Real {
    fn new(needs: Needs) -> Result<Self, Trouble> {
        let server = match needs {
            Needs::Shared => ApiServer::shared()?,
            Needs::Own => ApiServer::start(&[])?,
        };
        let api = Api::new(administrator(&server)?)?;
        Ok(Self { server, api })
    }

    /// The configuration of this kubeconfig's user.
    fn config(&self, user: Value) -> Result<Config, Trouble> {
        let folder = tempfile::tempdir()?;
        let kubeconfig = Kubeconfig::new(self.server.url(), user).authority(&self.server.authority());
        Ok(Config::from_kubeconfig(&[kubeconfig.write(folder.path().join("kubeconfig"))?], None)?)
    }
}

fn administrator(server: &ApiServer) -> Result<Config, Trouble> {
    Ok(Config::from_kubeconfig(&[server.kubeconfig().to_owned()], None)?)
}

impl Server for Real {
    fn administrator(&self) -> Result<Config, Trouble> {
        administrator(&self.server)
    }

    fn bearer(&self, token: &str) -> Result<Config, Trouble> {
        self.config(json!({"token": token}))
    }

    fn anonymous(&self) -> Result<Config, Trouble> {
        self.config(json!({}))
    }

    fn add_namespace(&self, namespace: &str) -> Result<(), Trouble> {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        self.api.post("/api/v1/namespaces", &object)?.created()?;
        let account = format!("/api/v1/namespaces/{namespace}/serviceaccounts/default");
        eventually("pods can be created", Duration::from_secs(10), || {
            Ok((self.api.get(&account)?.status() == 200).then_some(()))
        })
    }

    fn add_account(&self, namespace: &str, account: &str) -> Result<(), Trouble> {
        let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}});
        self.api.post(&format!("/api/v1/namespaces/{namespace}/serviceaccounts"), &object)?.created()?;
        Ok(())
    }

    fn token(&self, namespace: &str, account: &str, seconds: i64) -> Result<String, Trouble> {
        self.server.token(namespace, account, &format!("{}s", seconds.saturating_sub(LEEWAY_SECONDS)))
    }

    fn set_rights(&self, namespace: &str, account: &str, rights: &[Right]) -> Result<(), Trouble> {
        let group = "rbac.authorization.k8s.io";
        let path = format!("/apis/{group}/v1/namespaces/{namespace}");
        let rule =
            |right: &Right| json!({"apiGroups": [right.group], "resources": [right.resource], "verbs": right.verbs});
        let role = json!({
            "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": account},
            "rules": rights.iter().map(rule).collect::<Vec<_>>(),
        });
        let binding = json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": account},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": account},
            "subjects": [{"kind": "ServiceAccount", "namespace": namespace, "name": account}],
        });
        // These two are made if they are missing.
        for (resource, object) in [("roles", role), ("rolebindings", binding)] {
            let answer = self.api.put(&format!("{path}/{resource}/{account}"), &object)?;
            if ![200, 201].contains(&answer.status()) {
                return Err(answer.trouble("should be written"));
            }
        }
        Ok(())
    }

    fn compact(&self) -> Result<(), Trouble> {
        self.server.compact()
    }

    fn forget_history(&self) -> Result<(), Trouble> {
        // It keeps the changes in memory, and compaction leaves them there.
        self.server.kill()?;
        self.server.restart(Announce::Ready)
    }
}
