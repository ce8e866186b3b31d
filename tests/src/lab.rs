//! A namespace to work in: a service account that may read what tells of members, Services, and pods with the status that a
//! kubelet would have given them.

mod kubelet;
mod pods;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

pub use kubelet::Kubelet;
pub use pods::Pod;

use crate::api_server::ApiServer;
use crate::child::Finished;
use crate::eventually::eventually;
use crate::kubeconfig::Kubeconfig;
use crate::quorate_command::Quorate;
use crate::trouble::Trouble;

/// The service account that a lab's pods and its kubeconfig have.
pub const SERVICE_ACCOUNT: &str = "members";

/// How long the controllers may take to write what they make of the pods.
const SETTLE_LIMIT: Duration = Duration::from_secs(20);

/// One namespace of a server.
#[derive(Debug)]
pub struct Lab {
    server: Arc<ApiServer>,
    namespace: String,
    folder: TempDir,
}

impl Lab {
    /// A new namespace, whose service account may read its Services, Pods, Endpoints and EndpointSlices, and nothing else.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn new(server: &Arc<ApiServer>, namespace: &str) -> Result<Self, Trouble> {
        let lab = Self::without_rights(server, namespace)?;
        lab.grant(
            r#"
            - {apiGroups: [""], resources: [endpoints, pods, services], verbs: [get, list, watch]}
            - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch]}
            "#,
        )?;
        Ok(lab)
    }

    /// A new namespace, whose service account may nothing.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn without_rights(server: &Arc<ApiServer>, namespace: &str) -> Result<Self, Trouble> {
        server.create(&[
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
            json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"namespace": namespace, "name": SERVICE_ACCOUNT},
            }),
        ])?;
        let lab = Self { server: Arc::clone(server), namespace: namespace.to_owned(), folder: tempfile::tempdir()? };
        lab.write_token(&server.token(namespace, SERVICE_ACCOUNT, "10m")?)?;
        lab.kubeconfig_of(json!({"tokenFile": lab.token_file()})).write(lab.kubeconfig())?;
        Ok(lab)
    }

    /// Gives the service account a Role with these rules, in YAML, as a list. They must add to what it may.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn grant(&self, rules: &str) -> Result<(), Trouble> {
        self.bind("Role", self, rules)
    }

    /// Gives another lab's service account a Role in this one.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn grant_to(&self, other: &Self, rules: &str) -> Result<(), Trouble> {
        self.bind("Role", other, rules)
    }

    /// Gives the service account a ClusterRole.
    ///
    /// # Errors
    ///
    /// When the server refuses.
    pub fn grant_everywhere(&self, rules: &str) -> Result<(), Trouble> {
        self.bind("ClusterRole", self, rules)
    }

    fn bind(&self, kind: &str, subject: &Self, rules: &str) -> Result<(), Trouble> {
        let namespace = &self.namespace;
        let documents = format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n\
             metadata: {{namespace: {namespace}, generateName: {namespace}-}}\nrules:\n{rules}\n"
        );
        let user = subject.user();
        let rights =
            || Ok::<_, Trouble>(self.kubectl(&["auth", "can-i", "--list", "--as", &user])?.stdout().to_owned());
        let before = rights()?;
        let created = self.server.kubectl(&["create", "-f", "-", "-o", "name"], documents.as_bytes())?;
        let name = created.stdout().trim().rsplit('/').next().unwrap_or_default();
        self.server.create(&[json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": format!("{kind}Binding"),
            "metadata": {"namespace": namespace, "name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
            "subjects": [{"kind": "ServiceAccount", "namespace": subject.namespace, "name": SERVICE_ACCOUNT}],
        })])?;
        // The server itself hears of new rights by a watch.
        eventually("the rights have come", SETTLE_LIMIT, || Ok((rights()? != before).then_some(())))
    }

    /// The server that it is on.
    #[must_use]
    pub const fn server(&self) -> &Arc<ApiServer> {
        &self.server
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What the audit log calls its service account.
    #[must_use]
    pub fn user(&self) -> String {
        format!("system:serviceaccount:{}:{SERVICE_ACCOUNT}", self.namespace)
    }

    /// A file of its own, to be written.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file in which its kubeconfig looks for the token.
    #[must_use]
    pub fn token_file(&self) -> PathBuf {
        self.file("token")
    }

    /// Replaces the token, as a kubelet does: at once, never half.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write_token(&self, token: &str) -> Result<(), Trouble> {
        let new = self.file("token.new");
        fs::write(&new, token)?;
        fs::rename(new, self.token_file())?;
        Ok(())
    }

    /// A kubeconfig for its server and this user entry, whose context has its namespace.
    #[must_use]
    pub fn kubeconfig_of(&self, user: Value) -> Kubeconfig {
        Kubeconfig::new(self.server.url(), user).authority(&self.server.authority()).namespace(&self.namespace)
    }

    /// The kubeconfig of its service account, in a file.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.file("kubeconfig")
    }

    /// `quorate members` with the kubeconfig of its service account.
    ///
    /// # Errors
    ///
    /// When the command cannot be built.
    pub fn members(&self, arguments: &[&str]) -> Result<Quorate, Trouble> {
        self.quorate("members", arguments)
    }

    /// `quorate watch` with the kubeconfig of its service account.
    ///
    /// # Errors
    ///
    /// When the command cannot be built.
    pub fn watch(&self, arguments: &[&str]) -> Result<Quorate, Trouble> {
        self.quorate("watch", arguments)
    }

    fn quorate(&self, command: &str, arguments: &[&str]) -> Result<Quorate, Trouble> {
        // The tester's own resolver configuration must not get into names.
        let quorate = Quorate::with([&[command], arguments].concat())?.variable("CLUSTER_DOMAIN", "cluster.local");
        Ok(quorate.variable("KUBECONFIG", self.kubeconfig()))
    }

    /// The names that `quorate members` prints with these arguments.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn names(&self, arguments: &[&str]) -> Result<Vec<String>, Trouble> {
        let finished = self.members(arguments)?.run()?.with_code(0)?;
        Ok(finished.lines().into_iter().map(String::from).collect())
    }

    /// What `quorate members -o json` prints with these arguments.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn json(&self, arguments: &[&str]) -> Result<Value, Trouble> {
        self.members(arguments)?.variable("QUORATE_OUTPUT", "json").run()?.with_code(0)?.json()
    }

    /// kubectl, in this namespace, as the administrator.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<Finished, Trouble> {
        self.server.kubectl(&[&["--namespace", &self.namespace], arguments].concat(), b"")
    }

    /// A headless dual-stack Service with these pods, all labelled `app=SERVICE`. Returns when EndpointSlices and Endpoints
    /// say of the pods what they should.
    ///
    /// # Errors
    ///
    /// When the server refuses, or its controllers do not get there.
    pub fn serve(&self, service: &str, pods: &[Pod]) -> Result<(), Trouble> {
        let mut objects = vec![json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"namespace": self.namespace, "name": service, "labels": {"app": service}},
            "spec": {
                "clusterIP": "None", "ipFamilyPolicy": "RequireDualStack", "selector": {"app": service},
                "ports": [{"name": "peer", "port": 7946}],
            },
        })];
        let pod_objects: Vec<_> = pods.iter().map(|pod| pod.object(&self.namespace, service)).collect();
        objects.extend(pod_objects.iter().cloned());
        self.server.create(&objects)?;
        self.server.replace_status(&pod_objects)?;
        for pod in pods.iter().filter(|pod| pod.is_terminating()) {
            // Without a kubelet it stays so.
            self.kubectl(&["delete", "pod", pod.name(), "--wait=false"])?;
        }
        self.settle(service, pods)
    }

    /// Waits until the EndpointSlices and Endpoints of this Service say of these pods what they should.
    ///
    /// # Errors
    ///
    /// When the controllers do not get there.
    pub fn settle(&self, service: &str, pods: &[Pod]) -> Result<(), Trouble> {
        let expected_slices: BTreeSet<_> = pods.iter().flat_map(Pod::in_slices).collect();
        let expected_endpoints: BTreeSet<_> = pods.iter().filter_map(Pod::in_endpoints).collect();
        let namespace = &self.namespace;
        let slices = format!(
            "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices\
             ?labelSelector=kubernetes.io/service-name%3D{service}"
        );
        // A list, for an object that does not exist yet is an error.
        let endpoints = format!("/api/v1/namespaces/{namespace}/endpoints?fieldSelector=metadata.name%3D{service}");
        let mut found = (BTreeSet::new(), BTreeSet::new());
        let settled = eventually("the controllers have seen the pods", SETTLE_LIMIT, || {
            found = (pods::told_by_slices(&self.server.get(&slices)?), found.1.clone());
            if found.0 == expected_slices {
                found.1 = pods::told_by_endpoints(&self.server.get(&endpoints)?);
            }
            Ok((found.0 == expected_slices && found.1 == expected_endpoints).then_some(()))
        });
        settled.map_err(|trouble| {
            Trouble::new(format!(
                "{trouble}\nexpected: {expected_slices:?} {expected_endpoints:?}\nfound: {:?} {:?}",
                found.0, found.1
            ))
        })
    }
}
