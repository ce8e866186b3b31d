//! What a program says on standard error.

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tracing::info;

/// How much of a line is kept, in bytes.
const LINE_BYTES: usize = 1024;

/// Passes on each line as it comes, and keeps the last one: programs say last what went wrong.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What it was run for.
    errand: String,
    /// The line that is being said.
    line: Vec<u8>,
    /// The last one that was said, if it was not blank.
    last: String,
}

impl Said {
    pub(super) fn on(errand: String) -> Self {
        Self { errand, ..Self::default() }
    }

    /// Reads to the end, however much there is: a program must not wait for us.
    pub(super) async fn read(&mut self, pipe: Option<impl AsyncRead + Unpin>) {
        let Some(mut pipe) = pipe else { return };
        let mut chunk = Vec::with_capacity(4096);
        while let Ok(1..) = pipe.read_buf(&mut chunk).await {
            self.hear(&chunk);
            chunk.clear();
        }
    }

    /// The last line, also if it has no end.
    pub(super) fn last_line(mut self) -> String {
        self.end_line();
        self.last
    }

    fn hear(&mut self, chunk: &[u8]) {
        let mut lines = chunk.split(|byte| *byte == b'\n');
        self.add(lines.next().unwrap_or_default());
        for line in lines {
            self.end_line();
            self.add(line);
        }
    }

    fn add(&mut self, part: &[u8]) {
        let room = LINE_BYTES.saturating_sub(self.line.len());
        self.line.extend(part.iter().take(room));
    }

    fn end_line(&mut self) {
        // A terminal acts upon control characters.
        let text: String = String::from_utf8_lossy(&self.line).chars().filter(|c| !c.is_control()).collect();
        self.line.clear();
        let text = text.trim();
        if !text.is_empty() {
            info!("connector {}: {text}", self.errand);
            self.last = text.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_line(chunks: &[&[u8]]) -> String {
        let mut said = Said::default();
        chunks.iter().for_each(|chunk| said.hear(chunk));
        said.last_line()
    }

    #[test]
    fn the_last_line_is_kept_however_it_came() {
        assert_eq!(last_line(&[b"first\nno ro", b"ute\n", b"\n  \n"]), "no route");
        assert_eq!(last_line(&[b"first\nno route"]), "no route");
        assert_eq!(last_line(&[]), "");
    }

    #[test]
    fn a_line_is_short_and_moves_no_cursor() {
        assert_eq!(last_line(&[b"a\x1b[2J\tb\xff"]), "a[2Jb\u{fffd}");
        let long = last_line(&[&[b'x'; 5000], &[b'y'; 5000]]);
        assert_eq!(long.len(), LINE_BYTES);
    }
}
