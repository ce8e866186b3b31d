//! Pods on one machine, each with a network namespace, an address and all ports of its own, as in a cluster.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::{BASENAME, Node, Sidecar};
use crate::child::{Finished, Running, command_without_environment};
use crate::lab::{Lab, Pod, SERVICE_ACCOUNT};
use crate::proxy::Proxy;
use crate::trouble::Trouble;

/// Where pods find the API in a cluster, by the certificate of ours as well.
const API: (&str, &str) = ("10.96.0.1", "443");

/// Where a kubelet puts what a pod needs for the API.
const SERVICE_ACCOUNT_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Puts that there, for one process and those that it starts.
const MOUNTED: &str = r#"folder=$1; shift; mount --bind "$folder" "$0" && exec "$@""#;

const LIMIT: Duration = Duration::from_secs(20);

/// Where the containers of one pod run. When it is dropped, whatever still runs in it is killed.
#[derive(Debug)]
pub struct Place {
    pod: String,
    address: String,
    folder: PathBuf,
}

impl Place {
    /// For a pod of this lab, of this number. Its service account is the lab's.
    ///
    /// # Errors
    ///
    /// When the operating system does not let us.
    pub fn new(lab: &Lab, number: u8) -> Result<Self, Trouble> {
        join(lab)?;
        let (pod, address, link) =
            (format!("{BASENAME}-{number}"), format!("10.97.0.{number}"), format!("pod{number}"));
        let folder = PathBuf::from(format!("/var/run/pods/{pod}"));
        let place = Self { pod, address, folder };
        let name = &*place.pod;
        ip(&["netns", "add", name])?;
        ip(&["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", name])?;
        ip(&["link", "set", &link, "master", "pods", "up"])?;
        ip(&["-n", name, "addr", "add", &format!("{}/12", place.address), "dev", "eth0"])?;
        ip(&["-n", name, "link", "set", "eth0", "up"])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        fs::create_dir_all(place.folder("home")?)?;
        fs::create_dir_all(SERVICE_ACCOUNT_FOLDER)?;
        place.trust(lab, SERVICE_ACCOUNT)?;
        Ok(place)
    }

    /// Gives it another service account.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn trust(&self, lab: &Lab, service_account: &str) -> Result<(), Trouble> {
        let folder = self.folder("serviceaccount")?;
        fs::write(folder.join("token"), lab.server().token(lab.namespace(), service_account, "10m")?)?;
        fs::write(folder.join("namespace"), lab.namespace())?;
        fs::copy(lab.server().authority(), folder.join("ca.crt"))?;
        Ok(())
    }

    /// Its pod, which is ready.
    #[must_use]
    pub fn pod(&self) -> Pod {
        Pod::ready(&self.pod, &[&self.address])
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A folder of this name, which everybody may read.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> Result<PathBuf, Trouble> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Shows a file at a place where everybody may read it, and under this name.
    ///
    /// # Errors
    ///
    /// When it cannot be mounted.
    pub fn mount(&self, name: &str, file: &Path) -> Result<PathBuf, Trouble> {
        let shown = self.folder.join(name);
        fs::File::create(&shown)?;
        run("mount", &["--bind", &file.to_string_lossy(), &shown.to_string_lossy()])?;
        Ok(shown)
    }

    /// The home of what runs there now has this cookie, as Erlang wants it: for nobody else to read.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn has_cookie_at_home(&self, cookie: &str) -> Result<(), Trouble> {
        let file = self.folder("home")?.join(".erlang.cookie");
        fs::write(&file, cookie)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400))?;
        Ok(())
    }

    /// The member's node, with its own port mapper, at the ports that they choose, and with these arguments.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn node(&self, arguments: &[&str]) -> Result<Node, Trouble> {
        let mut command = self.command("erl");
        command.args(arguments);
        Node::run(BASENAME, &self.address, command)
    }

    /// What watches for it: a command that is `quorate watch`, in an environment of these variables besides.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn watch(&self, words: &[&str], variables: &[(&str, &str)]) -> Result<Sidecar, Trouble> {
        let (first, rest) = words.split_first().ok_or_else(|| Trouble::new("no command"))?;
        let mut command = self.command(first);
        command.args(rest).envs(variables.iter().copied()).env("QUORATE_OUTPUT", "json").env("QUORATE_VERBOSE", "1");
        Sidecar::run(command)
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = command_without_environment("ip".as_ref());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.folder.join("home"));
        command.env("KUBERNETES_SERVICE_HOST", API.0).env("KUBERNETES_SERVICE_PORT", API.1);
        command.args(["netns", "exec", &self.pod, "sh", "-c", MOUNTED, SERVICE_ACCOUNT_FOLDER]);
        command.arg(self.folder.join("serviceaccount")).arg(program);
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What fails here ends with the world that it is in. A port mapper is nobody's child.
        if let Ok(inside) = ip(&["netns", "pids", &self.pod]) {
            for process in inside.lines() {
                let _ = process.parse().map(|process| crate::child::signal(process, "KILL"));
            }
        }
        let _ = ip(&["netns", "del", &self.pod]);
    }
}

/// Makes the network that all pods are in, once a process, with the way to the shared API server.
fn join(lab: &Lab) -> Result<(), Trouble> {
    static WAY: OnceLock<Result<Proxy, String>> = OnceLock::new();
    let way = WAY.get_or_init(|| lay(lab.server().url()).map_err(|trouble| trouble.to_string()));
    way.as_ref().map(|_| ()).map_err(|words| Trouble::new(words.as_str()))
}

fn lay(url: &str) -> Result<Proxy, Trouble> {
    // Without one of its own, a bridge has the address of one of its ports, and another one when that goes: peers that remember
    // the old one would reach nobody for a while.
    ip(&["link", "add", "pods", "address", "02:00:00:00:00:01", "type", "bridge"])?;
    ip(&["addr", "add", &format!("{}/12", API.0), "dev", "pods"])?;
    ip(&["link", "set", "pods", "up"])?;
    Proxy::between(&format!("{}:{}", API.0, API.1), url)
}

fn ip(arguments: &[&str]) -> Result<Finished, Trouble> {
    run("ip", arguments)
}

fn run(program: &str, arguments: &[&str]) -> Result<Finished, Trouble> {
    let mut command = command_without_environment(program.as_ref());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).args(arguments);
    Running::start(command, b"")?.finish(LIMIT)?.with_code(0)
}
