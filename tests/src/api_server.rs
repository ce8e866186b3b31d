//! The real API server of `tests/kube-apiserver`, for tests.
//!
//! Its README has the facts that tests rest on. [`Lab`](crate::lab::Lab) makes a namespace to work in.

mod audit;
mod binaries;
mod process;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

pub use audit::AuditEntry;
use binaries::Binaries;
use process::Process;

use crate::child::{Finished, Running, command_without_environment};
use crate::target_folder;
use crate::trouble::Trouble;

/// The node that all pods run on. Without one, pods are in no EndpointSlice.
pub const NODE: &str = "node-a";

/// No call of a tool takes longer, or something hangs.
const TOOL_LIMIT: Duration = Duration::from_secs(60);

static SHARED: Mutex<Option<Arc<ApiServer>>> = Mutex::new(None);

/// When a start is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the server knows these two")]
pub enum Announce {
    /// When the port is bound. The first answers may be 403.
    Early,
    /// When everything works.
    Ready,
}

/// One API server with data of its own. It stops when it is dropped, and when this process ends, however it does.
#[derive(Debug)]
pub struct ApiServer {
    binaries: &'static Binaries,
    /// kube-apiserver's own flags.
    flags: Vec<String>,
    kubeconfig: PathBuf,
    url: String,
    /// Dropped, and so stopped, before its data goes.
    process: Mutex<Option<Process>>,
    /// What survives a restart. Without it the server itself makes a folder and removes it.
    folder: Option<TempDir>,
}

impl ApiServer {
    /// Whether there is one to be had here: else why not, and how to get it.
    ///
    /// # Errors
    ///
    /// When its programs cannot be built.
    pub fn available() -> Result<(), &'static str> {
        Binaries::get().map(|_| ())
    }

    /// The variable by which a process that cannot build its programs finds them.
    ///
    /// # Errors
    ///
    /// When they cannot be built here.
    pub(crate) fn built() -> Result<(&'static str, &'static Path), &'static str> {
        Binaries::get().map(Binaries::variable)
    }

    /// The server that all tests share which leave it as it is: no test may stop it, compact it or fill the cluster.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn shared() -> Result<Arc<Self>, Trouble> {
        let mut shared = lock(&SHARED);
        if let Some(server) = &*shared {
            return Ok(Arc::clone(server));
        }
        let server = Arc::new(Self::start_in(None, &[])?);
        *shared = Some(Arc::clone(&server));
        Ok(server)
    }

    /// Ends what [`shared`](Self::shared) began, once nobody uses it any more.
    pub fn stop_shared() {
        lock(&SHARED).take();
    }

    /// A server of one's own, to be stopped and started at will. `flags` are kube-apiserver's.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub fn start(flags: &[&str]) -> Result<Arc<Self>, Trouble> {
        let folder = tempfile::Builder::new().prefix("apiserver-").tempdir_in(target_folder::temporary()?)?;
        Ok(Arc::new(Self::start_in(Some(folder), flags)?))
    }

    fn start_in(folder: Option<TempDir>, flags: &[&str]) -> Result<Self, Trouble> {
        let server = Self {
            binaries: Binaries::get().map_err(Trouble::new)?,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            kubeconfig: PathBuf::new(),
            url: String::new(),
            process: Mutex::new(None),
            folder,
        };
        let (process, kubeconfig) = server.launch(Announce::Ready)?;
        let mut server = Self { process: Mutex::new(Some(process)), kubeconfig, ..server };
        let url = server.kubectl(&["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"], b"")?;
        server.url = url.stdout().to_owned();
        server.create(&[json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})])?;
        Ok(server)
    }

    fn launch(&self, announce: Announce) -> Result<(Process, PathBuf), Trouble> {
        let mut command = Command::new(&self.binaries.server);
        command.arg("serve");
        if let Some(folder) = &self.folder {
            command.arg("--data-dir").arg(folder.path());
        }
        if announce == Announce::Early {
            command.args(["--announce", "early"]);
        }
        command.arg("--exit-on-stdin-eof").arg("--").args(&self.flags);
        Process::start(command)
    }

    /// Ends it at once, as `kill -9` does.
    ///
    /// # Errors
    ///
    /// When the operating system does not let us.
    pub fn kill(&self) -> Result<(), Trouble> {
        let process = lock(&self.process).take();
        process.map_or(Ok(()), Process::kill)
    }

    /// Starts it again after [`kill`](Self::kill), with the same data, port and keys.
    ///
    /// # Errors
    ///
    /// When it does not start, or is the shared one, whose data went with it.
    pub fn restart(&self, announce: Announce) -> Result<(), Trouble> {
        if self.folder.is_none() {
            return Err(Trouble::new("the shared API server cannot be restarted: start one of your own"));
        }
        let mut process = lock(&self.process);
        drop(process.take());
        *process = Some(self.launch(announce)?.0);
        Ok(())
    }

    /// Freezes it: it accepts connections and answers nothing.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn freeze(&self) -> Result<(), Trouble> {
        self.signal("STOP")
    }

    /// Lets it go on after [`freeze`](Self::freeze), late by as much.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub fn thaw(&self) -> Result<(), Trouble> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<(), Trouble> {
        match &*lock(&self.process) {
            Some(process) => process.signal(name),
            None => Err(Trouble::new("the API server does not run")),
        }
    }

    /// Forgets all history up to now, as a real server does every five minutes.
    ///
    /// # Errors
    ///
    /// When the server does not run.
    pub fn compact(&self) -> Result<(), Trouble> {
        let mut command = Command::new(&self.binaries.server);
        command.arg("compact").arg("--data-dir").arg(self.data());
        Running::start(command, b"")?.finish(TOOL_LIMIT)?.with_code(0)?;
        Ok(())
    }

    /// A token of this service account. It may already have expired: `expires_in` is in whole seconds, such as `-62s`, of
    /// which the server forgives 60.
    ///
    /// # Errors
    ///
    /// When there is no such service account.
    pub fn token(&self, namespace: &str, service_account: &str, expires_in: &str) -> Result<String, Trouble> {
        let mut command = Command::new(&self.binaries.server);
        command.arg("token").arg("--data-dir").arg(self.data());
        command.args(["--namespace", namespace, "--serviceaccount", service_account, "--expires-in", expires_in]);
        let finished = Running::start(command, b"")?.finish(TOOL_LIMIT)?.with_code(0)?;
        Ok(finished.stdout().trim().to_owned())
    }

    /// Everything that it was asked since it was first started.
    ///
    /// # Errors
    ///
    /// When its log cannot be read.
    pub fn audit(&self) -> Result<Vec<AuditEntry>, Trouble> {
        audit::read(&self.data().join("audit.log"))
    }

    /// The administrator's kubeconfig.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Its certificate authority.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.data().join("pki/ca.crt")
    }

    /// Its base URL, which stays the same when it is started again.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn data(&self) -> &Path {
        self.kubeconfig.parent().unwrap_or_else(|| Path::new(""))
    }

    /// The kubectl of its version.
    #[must_use]
    pub fn kubectl_program(&self) -> &Path {
        &self.binaries.kubectl
    }

    /// Runs kubectl as the administrator.
    ///
    /// # Errors
    ///
    /// When it fails.
    pub fn kubectl(&self, arguments: &[&str], input: &[u8]) -> Result<Finished, Trouble> {
        let mut command = command_without_environment(&self.binaries.kubectl);
        command.env("HOME", self.data()).env("KUBECONFIG", &self.kubeconfig).args(arguments);
        Running::start(command, input)?.finish(TOOL_LIMIT)?.with_code(0)
    }

    /// Creates these objects.
    ///
    /// # Errors
    ///
    /// When the server refuses one.
    pub fn create(&self, objects: &[Value]) -> Result<(), Trouble> {
        self.send(&["create", "--validate=false", "-f", "-"], objects)
    }

    /// Gives these objects the status that they have here.
    ///
    /// # Errors
    ///
    /// When the server refuses one.
    pub fn replace_status(&self, objects: &[Value]) -> Result<(), Trouble> {
        self.send(&["replace", "--subresource", "status", "--validate=false", "-f", "-"], objects)
    }

    fn send(&self, arguments: &[&str], objects: &[Value]) -> Result<(), Trouble> {
        if objects.is_empty() {
            return Ok(());
        }
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.kubectl(arguments, list.to_string().as_bytes())?;
        Ok(())
    }

    /// What the server answers at this path.
    ///
    /// # Errors
    ///
    /// When it refuses.
    pub fn get(&self, path: &str) -> Result<Value, Trouble> {
        self.kubectl(&["get", "--raw", path], b"")?.json()
    }
}

/// A test that panicked while it held the lock has left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
