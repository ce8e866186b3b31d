//! PEM text and tokens, wherever they lie.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::config::Fault;
use crate::secret::Secret;

/// No token, certificate or kubeconfig is this long; `/dev/zero` is.
const LONGEST_FILE: u64 = 4 << 20;

/// Something that a configuration names: a file, read each time it is wanted, or the content itself.
#[derive(Clone, Debug)]
pub(crate) struct Material {
    /// Where it is named, for people.
    place: String,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    File(PathBuf),
    #[cfg_attr(not(feature = "kubeconfig"), expect(dead_code, reason = "only a kubeconfig holds contents"))]
    Inline(Secret),
}

impl Material {
    /// A file. `place` names the setting that points to it.
    pub(crate) fn file(place: impl Into<String>, path: PathBuf) -> Self {
        Self { place: place.into(), content: Content::File(path) }
    }

    /// The content itself. `place` names the setting that holds it.
    #[cfg(feature = "kubeconfig")]
    pub(crate) fn inline(place: impl Into<String>, content: Secret) -> Self {
        Self { place: place.into(), content: Content::Inline(content) }
    }

    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.content, Content::File(_))
    }

    /// What there is at this moment. Blocks on the file system.
    pub(crate) fn read(&self) -> Result<Secret, Fault> {
        match &self.content {
            Content::Inline(content) => Ok(content.clone()),
            Content::File(path) => read_file(path).map_err(|error| {
                self.fault(format!("cannot be read: {error}"), "make it readable, or name another file")
            }),
        }
    }

    /// A fault of this material; the file is named along with the setting.
    pub(crate) fn fault(&self, problem: impl Into<String>, remedy: impl Into<String>) -> Fault {
        let place = match &self.content {
            Content::File(path) => format!("{} {}", self.place, path.display()),
            Content::Inline(_) => self.place.clone(),
        };
        Fault::new(place, problem, remedy)
    }
}

/// Reads a whole file, within reason.
pub(crate) fn read_file(path: &Path) -> io::Result<Secret> {
    let mut content = Vec::new();
    File::open(path)?.take(LONGEST_FILE).read_to_end(&mut content)?;
    let content = Secret::new(content);
    if content.len() as u64 == LONGEST_FILE {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("longer than {LONGEST_FILE} bytes")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_end_is_refused() {
        assert_eq!(read_file(Path::new("/dev/zero")).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_missing_file_is_named_with_the_setting_that_names_it() {
        let material = Material::file("certificate-authority", PathBuf::from("/nowhere/ca.crt"));
        let fault = material.read().unwrap_err().to_string();
        assert!(fault.starts_with("certificate-authority /nowhere/ca.crt: cannot be read: "), "{fault}");
    }
}
