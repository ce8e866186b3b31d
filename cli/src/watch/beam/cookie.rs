//! The cookie by which nodes know that they may speak to each other.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A cookie. It is printed nowhere: where it was found is.
pub(super) struct Cookie {
    text: Zeroizing<String>,
    origin: String,
}

impl Cookie {
    /// The one in this file; without one, that of `RELEASE_COOKIE`, as in Elixir's releases; without that, that of
    /// `~/.erlang.cookie`, as every node reads it ([Erlang, distribution security]).
    ///
    /// [Erlang, distribution security]: https://www.erlang.org/doc/system/distributed.html#security
    pub(super) fn find(file: Option<&Path>) -> Result<Self, String> {
        if let Some(file) = file {
            return Self::read(file);
        }
        if let Some(text) = env::var_os("RELEASE_COOKIE").filter(|text| !text.is_empty()) {
            let text = text.into_string().map_err(|_| "RELEASE_COOKIE is not UTF-8")?;
            return Self::check(Zeroizing::new(text), "RELEASE_COOKIE".into());
        }
        let home = env::var_os("HOME").filter(|home| !home.is_empty());
        let file = home.map(|home| PathBuf::from(home).join(".erlang.cookie")).filter(|file| file.exists());
        let nowhere =
            "there is no cookie: name its file with --cookie-file, or set RELEASE_COOKIE, or have ~/.erlang.cookie";
        Self::read(&file.ok_or(nowhere)?)
    }

    fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let text = Zeroizing::new(text);
        // As nodes read it: the first line, and nothing may follow.
        let (line, rest) = text.split_once(['\r', '\n']).unwrap_or((&text, ""));
        if !rest.trim().is_empty() {
            return Err(format!("{} holds more than one line, and a cookie is one", file.display()));
        }
        Self::check(Zeroizing::new(line.into()), file.display().to_string())
    }

    fn check(text: Zeroizing<String>, origin: String) -> Result<Self, String> {
        if text.is_empty() {
            return Err(format!("{origin} holds no cookie: it is empty"));
        }
        if !text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            return Err(format!("{origin} holds no cookie: a cookie is of printable ASCII characters"));
        }
        Ok(Self { text, origin })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it was found.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie").field("origin", &self.origin).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Cookie, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cookie");
        fs::write(&file, text).unwrap();
        Cookie::find(Some(&file)).map_err(|error| error.replace(&file.display().to_string(), "FILE"))
    }

    #[test]
    fn a_cookie_is_the_first_line_of_its_file() {
        for text in ["secret", "secret\n", "secret\r\n", "secret\n\n  \n"] {
            assert_eq!(read(text).unwrap().as_str(), "secret", "{text:?}");
        }
    }

    #[test]
    fn what_is_no_cookie_is_refused_and_not_shown() {
        let faults = [
            ("", "FILE holds no cookie: it is empty"),
            ("\nsecret", "FILE holds more than one line, and a cookie is one"),
            ("secret\nother", "FILE holds more than one line, and a cookie is one"),
            ("s\u{e9}cret", "FILE holds no cookie: a cookie is of printable ASCII characters"),
        ];
        for (text, fault) in faults {
            assert_eq!(read(text).unwrap_err(), fault);
        }
        assert!(!format!("{:?}", read("secret").unwrap()).contains("secret"));
    }
}
