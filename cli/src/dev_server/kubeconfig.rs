//! The kubeconfig file: nobody else may read it, and nobody sees half of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

pub(super) enum Kubeconfig {
    /// Where the user wants it. It stays.
    Kept(PathBuf),
    /// Removed when this is dropped.
    Temporary(TempPath),
}

impl Kubeconfig {
    pub(super) fn write(content: &str, kept: Option<&Path>) -> Result<Self, String> {
        let name = kept.map_or_else(|| "a temporary file".into(), |path| path.display().to_string());
        let failed = |error: std::io::Error| format!("cannot write the kubeconfig to {name}: {error}");
        // tempfile makes files of mode 0600.
        let mut file = match kept.map(folder_of) {
            Some(folder) => NamedTempFile::new_in(folder),
            None => tempfile::Builder::new().prefix("quorate-").suffix(".kubeconfig").tempfile(),
        }
        .map_err(failed)?;
        file.write_all(content.as_bytes()).map_err(failed)?;
        match kept {
            Some(path) => {
                file.persist(path).map_err(|error| failed(error.error))?;
                // The command may run in another directory.
                Ok(Self::Kept(std::path::absolute(path).unwrap_or_else(|_| path.into())))
            }
            None => Ok(Self::Temporary(file.into_temp_path())),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(path) => path,
        }
    }

    pub(super) const fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}
