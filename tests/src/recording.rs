//! Answers recorded from a real API server: `testdata/captures/*.http`.

use std::fs;
use std::path::PathBuf;

/// One recorded answer.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The name of its file, without `.http`: it says what was asked for.
    pub name: String,
    /// The HTTP status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// The body, whole and unchunked.
    pub body: Vec<u8>,
}

impl Recording {
    /// Reads one recording.
    ///
    /// # Panics
    ///
    /// When there is none of this name, or it has another form.
    #[must_use]
    #[expect(clippy::panic, reason = "a test without its data has failed")]
    pub fn load(name: &str) -> Self {
        let path = directory().join(name).with_extension("http");
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::parse(name, &bytes).unwrap_or_else(|| panic!("{} is no recorded answer", path.display()))
    }

    /// Every recording, by name.
    ///
    /// # Panics
    ///
    /// When the directory cannot be read.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test without its data has failed")]
    pub fn all() -> Vec<Self> {
        let files = fs::read_dir(directory()).expect("the directory of recordings").flatten();
        let names = files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".http")?.to_owned()));
        let mut recordings: Vec<_> = names.map(|name| Self::load(&name)).collect();
        recordings.sort_by(|a, b| a.name.cmp(&b.name));
        recordings
    }

    /// The status line, headers, an empty line, and the body.
    fn parse(name: &str, bytes: &[u8]) -> Option<Self> {
        const HEAD_END: &[u8] = b"\r\n\r\n";
        let head_length = bytes.windows(HEAD_END.len()).position(|window| window == HEAD_END)?;
        let (head, body) = bytes.split_at_checked(head_length)?;
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.map(header).collect::<Option<_>>()?;
        Some(Self { name: name.to_owned(), status, headers, body: body.strip_prefix(HEAD_END)?.to_vec() })
    }

    /// The value of a header, named in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The body as text; empty if it is none.
    #[must_use]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "testdata", "captures"].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_its_parts() {
        let recording = Recording::parse("x", b"HTTP/2 429 \r\nretry-After: 1\r\n\r\nbusy\r\n\r\n").unwrap();
        assert_eq!(
            (recording.status, recording.header("retry-after"), recording.text()),
            (429, Some("1"), "busy\r\n\r\n")
        );
    }

    #[test]
    fn every_body_is_as_long_as_its_server_said() {
        for recording in Recording::all() {
            if let Some(length) = recording.header("content-length") {
                assert_eq!(recording.body.len().to_string(), length, "{}", recording.name);
            }
        }
    }
}
