//! What we ship for Erlang nodes.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::lab::Lab;
use crate::trouble::Trouble;

/// `cli/deploy/beam.yaml`, as a server has taken it.
#[derive(Debug)]
pub struct Shipped {
    objects: Vec<Value>,
}

impl Shipped {
    /// Where it is.
    #[must_use]
    pub fn file() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/deploy/beam.yaml")
    }

    /// Applies it in this lab. Nobody makes pods of it.
    ///
    /// # Errors
    ///
    /// When the server refuses, or has something to warn of.
    pub fn apply(lab: &Lab) -> Result<Self, Trouble> {
        let file = Self::file();
        let applied =
            lab.kubectl(&["apply", "--server-side", "--validate=strict", "-o", "json", "-f", &file.to_string_lossy()])?;
        if !applied.stderr().is_empty() {
            return Err(Trouble::new(format!("a warning of the server: {applied}")));
        }
        let list = applied.json()?;
        let objects = list.pointer("/items").and_then(Value::as_array).cloned();
        Ok(Self { objects: objects.ok_or_else(|| Trouble::new(format!("no list: {list}")))? })
    }

    /// An object of this kind.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn object(&self, kind: &str) -> Result<&Value, Trouble> {
        let found = self.objects.iter().find(|object| object.get("kind").and_then(Value::as_str) == Some(kind));
        found.ok_or_else(|| Trouble::new(format!("no {kind} is shipped")))
    }

    /// What its pods are made from.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn pod_spec(&self) -> Result<&Value, Trouble> {
        at(self.object("Deployment")?, "/spec/template/spec")
    }

    /// The container of `quorate watch`.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn sidecar(&self) -> Result<&Value, Trouble> {
        let container = at(self.pod_spec()?, "/initContainers/0")?;
        if container.get("name") != Some(&json!("quorate")) || container.get("restartPolicy") != Some(&json!("Always"))
        {
            return Err(Trouble::new(format!("no sidecar: {container}")));
        }
        Ok(container)
    }

    /// Its arguments; what is under the folder of the cookie is under this one.
    ///
    /// # Errors
    ///
    /// When there are none.
    pub fn arguments(&self, cookie_folder: &Path) -> Result<Vec<String>, Trouble> {
        let mounted = format!("{}/", string(self.sidecar()?, "/volumeMounts/0/mountPath")?);
        let ours = format!("{}/", cookie_folder.display());
        let arguments = at(self.sidecar()?, "/args")?.as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(arguments.map(|argument| argument.replace(&mounted, &ours)).collect())
    }

    /// Its environment in a pod of this lab, at this address.
    ///
    /// # Errors
    ///
    /// When something is asked for that a pod has not.
    pub fn variables(&self, lab: &Lab, address: &str) -> Result<Vec<(String, String)>, Trouble> {
        self.environment(self.sidecar()?, lab, address)
    }

    /// The environment of the node beside it.
    ///
    /// # Errors
    ///
    /// When something is asked for that a pod has not.
    pub fn variables_of_node(&self, lab: &Lab, address: &str) -> Result<Vec<(String, String)>, Trouble> {
        self.environment(at(self.pod_spec()?, "/containers/0")?, lab, address)
    }

    /// The cookie that all have.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn cookie(&self) -> Result<String, Trouble> {
        self.secret("cookie")
    }

    fn environment(&self, container: &Value, lab: &Lab, address: &str) -> Result<Vec<(String, String)>, Trouble> {
        let mut told: Vec<(String, String)> = Vec::new();
        for variable in at(container, "/env")?.as_array().into_iter().flatten() {
            let value = match variable.get("value").and_then(Value::as_str) {
                // <https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/>
                Some(value) => {
                    told.iter().fold(value.into(), |value: String, (name, is)| value.replace(&format!("$({name})"), is))
                }
                None => self.referred(at(variable, "/valueFrom")?, lab, address)?,
            };
            told.push((string(variable, "/name")?.into(), value));
        }
        Ok(told)
    }

    fn referred(&self, source: &Value, lab: &Lab, address: &str) -> Result<String, Trouble> {
        if let Some(key) = source.get("secretKeyRef") {
            let (name, ours) = (string(key, "/name")?, string(self.object("Secret")?, "/metadata/name")?);
            return if name == ours {
                self.secret(string(key, "/key")?)
            } else {
                Err(Trouble::new(format!("no Secret {name}")))
            };
        }
        match string(source, "/fieldRef/fieldPath")? {
            "status.podIP" => Ok(address.into()),
            "metadata.namespace" => Ok(lab.namespace().into()),
            field => Err(Trouble::new(format!("{field} is not known here"))),
        }
    }

    fn secret(&self, key: &str) -> Result<String, Trouble> {
        let encoded = string(self.object("Secret")?, &format!("/data/{key}"))?;
        Ok(String::from_utf8(BASE64_STANDARD.decode(encoded)?)?)
    }
}

/// What is at this place of a value.
///
/// # Errors
///
/// When nothing is.
pub fn at<'v>(value: &'v Value, pointer: &str) -> Result<&'v Value, Trouble> {
    value.pointer(pointer).ok_or_else(|| Trouble::new(format!("nothing at {pointer} of {value}")))
}

/// The text at this place of a value.
///
/// # Errors
///
/// When there is none.
pub fn string<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Trouble> {
    at(value, pointer)?.as_str().ok_or_else(|| Trouble::new(format!("no text at {pointer} of {value}")))
}
