//! A connector for `quorate watch`: a script whose links are files, and which writes down whatever it is told.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::TempDir;

use crate::trouble::Trouble;

/// Links that a script makes and cuts.
#[derive(Debug)]
pub struct Links {
    folder: TempDir,
}

/// One thing that the script was told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// When it began.
    pub time: Timestamp,
    /// `connect` or `disconnect`.
    pub verb: String,
    /// Whom.
    pub name: String,
    /// That peer's address.
    pub address: String,
    /// That peer's pod.
    pub pod: String,
}

impl Links {
    /// No links yet.
    ///
    /// # Errors
    ///
    /// When the script cannot be written.
    pub fn new() -> Result<Self, Trouble> {
        let links = Self { folder: tempfile::tempdir()? };
        for folder in [links.up(), links.refused()] {
            fs::create_dir(folder)?;
        }
        let folder = links.folder.path().display();
        let script = format!(
            r#"#!/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin
[ "$1" = list ] && exec ls '{folder}/up'
echo "$(date -u +%Y-%m-%dT%H:%M:%S.%NZ) $1 $2 $PEER_ADDRESS $PEER_POD" >> '{folder}/calls'
case $1 in
connect)
    [ -e '{folder}/refused/'"$2" ] && echo "$2 refuses" >&2 && exit 1
    : > '{folder}/up/'"$2"
    ;;
disconnect) rm -f '{folder}/up/'"$2" ;;
esac
"#
        );
        fs::write(links.program(), script)?;
        fs::set_permissions(links.program(), fs::Permissions::from_mode(0o755))?;
        Ok(links)
    }

    /// The script.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.folder.path().join("connector")
    }

    /// Who is connected now.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn connected(&self) -> Result<BTreeSet<String>, Trouble> {
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(self.up())? {
            names.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// Connects somebody whom nobody told us to, as a peer does that dials by itself.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn add(&self, name: &str) -> Result<(), Trouble> {
        Ok(fs::write(self.up().join(name), "")?)
    }

    /// Cuts a link by nobody's order.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn cut(&self, name: &str) -> Result<(), Trouble> {
        Ok(fs::remove_file(self.up().join(name))?)
    }

    /// Lets every attempt to connect to this peer fail.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn refuse(&self, name: &str) -> Result<(), Trouble> {
        Ok(fs::write(self.refused().join(name), "")?)
    }

    /// Lets attempts to connect to this peer succeed again.
    ///
    /// # Errors
    ///
    /// When they did.
    pub fn accept(&self, name: &str) -> Result<(), Trouble> {
        Ok(fs::remove_file(self.refused().join(name))?)
    }

    /// All that the script was told to do, in the order in which it began.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn calls(&self) -> Result<Vec<Call>, Trouble> {
        let file = self.folder.path().join("calls");
        let text = if file.exists() { fs::read_to_string(&file)? } else { String::new() };
        let mut calls = text.lines().map(call).collect::<Result<Vec<_>, _>>()?;
        // Two that begin together may write in either order.
        calls.sort_by_key(|call| call.time);
        Ok(calls)
    }

    fn up(&self) -> PathBuf {
        self.file("up")
    }

    fn refused(&self) -> PathBuf {
        self.file("refused")
    }

    fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn call(line: &str) -> Result<Call, Trouble> {
    let mut words = line.split(' ').map(String::from);
    let mut word = || words.next().unwrap_or_default();
    let time = word().parse().map_err(Trouble::during(line))?;
    Ok(Call { time, verb: word(), name: word(), address: word(), pod: word() })
}
