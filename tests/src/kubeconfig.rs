//! Kubeconfig files of the tests' own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::trouble::Trouble;

/// A kubeconfig with one context. JSON is YAML, and needs no quoting of ours.
#[derive(Clone, Debug)]
pub struct Kubeconfig {
    cluster: Value,
    user: Value,
    namespace: Option<String>,
}

impl Kubeconfig {
    /// For the server at this URL. `user` is the user entry, such as `{"token": "…"}`.
    #[must_use]
    pub fn new(url: &str, user: Value) -> Self {
        Self { cluster: json!({"server": url}), user, namespace: None }
    }

    /// Trusts the certificates of this authority.
    #[must_use]
    pub fn authority(self, file: &Path) -> Self {
        self.cluster_field("certificate-authority", json!(file))
    }

    /// Sets a field of the cluster entry.
    #[must_use]
    pub fn cluster_field(mut self, name: &str, value: Value) -> Self {
        if let Some(cluster) = self.cluster.as_object_mut() {
            cluster.insert(name.to_owned(), value);
        }
        self
    }

    /// Sets the context's namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Writes it to this file.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn write(&self, file: PathBuf) -> Result<PathBuf, Trouble> {
        let mut context = json!({"cluster": "it", "user": "me"});
        if let (Some(namespace), Some(context)) = (&self.namespace, context.as_object_mut()) {
            context.insert("namespace".to_owned(), json!(namespace));
        }
        let document = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "here",
            "contexts": [{"name": "here", "context": context}],
            "clusters": [{"name": "it", "cluster": self.cluster}],
            "users": [{"name": "me", "user": self.user}],
        });
        fs::write(&file, document.to_string()).map_err(Trouble::during(file.display()))?;
        Ok(file)
    }
}
