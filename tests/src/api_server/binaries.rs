//! The programs that `tests/kube-apiserver/build` builds.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Names the folder of programs that are built already, where nothing can be fetched.
const BUILT: &str = "QUORATE_APISERVER_BUILT";

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) server: PathBuf,
    pub(super) kubectl: PathBuf,
}

impl Binaries {
    /// Builds them, once a process. Minutes the first time on a machine, a second after that.
    ///
    /// The error is one line that says what is missing and how to get it.
    pub(super) fn get() -> Result<&'static Self, &'static str> {
        static BINARIES: OnceLock<Result<Binaries, String>> = OnceLock::new();
        BINARIES.get_or_init(find).as_ref().map_err(String::as_str)
    }

    fn inside(folder: &Path) -> Self {
        Self { server: folder.join("quorate-kube-apiserver"), kubectl: folder.join("kubectl") }
    }

    /// The variable by which another process finds them as they are.
    pub(super) fn variable(&self) -> (&'static str, &Path) {
        (BUILT, self.server.parent().unwrap_or_else(|| Path::new("")))
    }
}

fn find() -> Result<Binaries, String> {
    std::env::var_os(BUILT).map_or_else(build, |folder| Ok(Binaries::inside(folder.as_ref())))
}

fn build() -> Result<Binaries, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("kube-apiserver/build");
    // Minutes without a word look like a hang.
    #[expect(clippy::print_stderr, reason = "whoever waits should know for what")]
    {
        eprintln!("building the real API server: minutes the first time, a second after that");
    }
    let output =
        Command::new(&script).output().map_err(|error| format!("{} does not run: {error}", script.display()))?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        let reason = complained.lines().rfind(|line| !line.trim().is_empty());
        return Err(reason.map_or_else(|| format!("{} failed: {}", script.display(), output.status), String::from));
    }
    let folder = said.lines().last().map(Path::new);
    let folder = folder.ok_or_else(|| format!("{} did not say what it built", script.display()))?;
    Ok(Binaries::inside(folder))
}
