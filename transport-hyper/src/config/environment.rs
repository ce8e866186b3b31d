//! Which configuration a command line tool should use.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Config, ConfigError, Fault, InCluster};
use crate::kubeconfig;

/// What the process environment says about configuration.
///
/// A plain value, so that tests need not touch the real one; [`Environment::from_process`] reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "options that callers build; a further source would be a new contract")]
pub struct Environment {
    /// `KUBECONFIG`: one or more files, separated as in `PATH`. Empty counts as absent.
    pub kubeconfig: Option<OsString>,
    /// The home directory, in which `.kube/config` is looked for.
    pub home: Option<PathBuf>,
    /// What a pod is told.
    pub in_cluster: InCluster,
}

impl Environment {
    /// Reads this process's environment.
    #[must_use]
    pub fn from_process() -> Self {
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG"),
            home: std::env::home_dir(),
            in_cluster: InCluster::from_process(),
        }
    }
}

/// What a user asks for on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "options that callers build, with ..Default::default() if they like")]
pub struct Selection {
    /// One kubeconfig file, before anything that the environment says.
    pub kubeconfig: Option<PathBuf>,
    /// The context to use, instead of the kubeconfig's `current-context`.
    pub context: Option<String>,
}

impl Config {
    /// The configuration that kubectl would use. Blocks on the file system.
    ///
    /// The first of these decides:
    ///
    /// 1. the file that `selection` names;
    /// 2. the files that `KUBECONFIG` names, merged
    ///    ([rules](https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files)):
    ///    the first file to name an entry or the `current-context` wins; of several files, those that do not exist are
    ///    left out;
    /// 3. `.kube/config` in the home directory, if it exists;
    /// 4. the service account of the pod that we run in.
    ///
    /// This is client-go's order, so that the answer is the same as kubectl's in the same shell, also in a pod. But what is
    /// there is meant: when `KUBECONFIG` is set and none of its files exists, or a kubeconfig chooses no context, kubectl
    /// goes on to 4, which may well be another cluster than the one that was meant; here that is a fault.
    ///
    /// # Errors
    ///
    /// All faults of the deciding source at once; or, when there is none, what was looked for.
    pub fn discover(environment: &Environment, selection: &Selection) -> Result<Self, ConfigError> {
        let context = selection.context.as_deref();
        if let Some(file) = &selection.kubeconfig {
            return Self::from_kubeconfig(std::slice::from_ref(file), context);
        }
        let listed: Vec<PathBuf> = environment
            .kubeconfig
            .iter()
            .flat_map(std::env::split_paths)
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        if !listed.is_empty() {
            return Self::from_kubeconfig(&listed, context);
        }
        let at_home = environment.home.as_ref().map(|home| home.join(".kube").join("config"));
        if let Some(file) = at_home.filter(|file| file.exists()) {
            return Self::from_kubeconfig(&[file], context);
        }
        if !environment.in_cluster.is_present() {
            return Err(ConfigError::new(vec![Fault::new(
                "configuration",
                "there is no KUBECONFIG, no .kube/config in the home directory, and no sign of a pod around us \
                 (KUBERNETES_SERVICE_HOST, a service account's token)",
                "name a kubeconfig file",
            )]));
        }
        if let Some(context) = context {
            return Err(ConfigError::new(vec![Fault::new(
                format!("context {context:?}"),
                "cannot be chosen: there is no kubeconfig, only the service account of this pod",
                "name a kubeconfig file, or no context",
            )]));
        }
        Self::in_cluster(&environment.in_cluster)
    }

    /// The configuration in these kubeconfig files, merged as for [`Config::discover`]. Blocks on the file system.
    ///
    /// A single file must exist; of several, one at least. Without a `context`, the `current-context` is used.
    ///
    /// # Errors
    ///
    /// All faults at once: files that cannot be read or parsed; else whatever is wrong with the chosen context, its cluster
    /// and its user, also every field that is set there and not supported. What is not chosen is not looked at.
    pub fn from_kubeconfig(files: &[PathBuf], context: Option<&str>) -> Result<Self, ConfigError> {
        kubeconfig::load(files, context)?.prove()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn write(path: &Path, server: &str) -> PathBuf {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = format!(
            r#"{{"current-context": "c", "contexts": [{{"name": "c", "context": {{"cluster": "k"}}}}],
                "clusters": [{{"name": "k", "cluster": {{"server": "http://{server}"}}}}]}}"#
        );
        fs::write(path, text).unwrap();
        path.into()
    }

    fn server(environment: &Environment, selection: &Selection) -> String {
        Config::discover(environment, selection).unwrap().server().to_string()
    }

    #[test]
    fn sources_are_tried_in_the_order_of_client_go() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let explicit = write(&root.join("explicit"), "127.0.0.1:1");
        let listed = write(&root.join("listed"), "127.0.0.1:2");
        let home = root.join("home");
        write(&home.join(".kube/config"), "127.0.0.1:3");
        let pod = root.join("pod");
        fs::create_dir(&pod).unwrap();
        fs::write(pod.join("token"), "t").unwrap();
        fs::write(pod.join("namespace"), "lab").unwrap();
        fs::write(pod.join("ca.crt"), rcgen::generate_simple_self_signed(vec!["ca".into()]).unwrap().cert.pem())
            .unwrap();

        let mut environment = Environment {
            kubeconfig: Some(listed.into_os_string()),
            home: Some(home),
            in_cluster: InCluster { service_account: pod, ..InCluster::default() },
        };
        let named = Selection { kubeconfig: Some(explicit), context: None };
        assert_eq!(server(&environment, &named), "http://127.0.0.1:1");
        assert_eq!(server(&environment, &Selection::default()), "http://127.0.0.1:2");
        environment.kubeconfig = Some(OsString::new());
        assert_eq!(server(&environment, &Selection::default()), "http://127.0.0.1:3");
        environment.home = Some(root.join("nowhere"));
        assert_eq!(server(&environment, &Selection::default()), "https://kubernetes.default.svc");

        let context = Selection { kubeconfig: None, context: Some("c".into()) };
        let error = Config::discover(&environment, &context).unwrap_err().to_string();
        assert!(error.contains("only the service account"), "{error}");

        environment.in_cluster.service_account = root.join("nowhere");
        let error = Config::discover(&environment, &Selection::default()).unwrap_err().to_string();
        assert!(error.contains("KUBECONFIG") && error.contains("KUBERNETES_SERVICE_HOST"), "{error}");
    }

    #[test]
    fn files_that_do_not_exist_are_left_out_if_one_does() {
        let directory = tempfile::tempdir().unwrap();
        let good = write(&directory.path().join("good"), "127.0.0.1:2");
        let missing = directory.path().join("missing");
        let list = std::env::join_paths([missing.clone(), good]).unwrap();
        let mut environment = Environment { kubeconfig: Some(list), ..Environment::default() };
        assert_eq!(server(&environment, &Selection::default()), "http://127.0.0.1:2");

        environment.kubeconfig = Some(std::env::join_paths([missing, directory.path().join("too")]).unwrap());
        let error = Config::discover(&environment, &Selection::default()).unwrap_err().to_string();
        assert!(error.contains("missing") && error.contains("too"), "{error}");
    }
}
