//! What was received of an answer, put together once more, without the core.

use std::mem;

use quorate_core::api::{AnswerPart, Head};

/// One answer on its way in.
#[derive(Debug)]
pub(crate) struct Received {
    /// The statuses that open a stream of lines; empty for what is no watch.
    opens: &'static [u16],
    status: Option<u16>,
    body: Vec<u8>,
}

/// What one part completes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Nothing,
    /// Whole lines of a watch, none of them blank.
    Lines(Vec<Vec<u8>>),
    /// A whole answer.
    Whole {
        status: u16,
        body: Vec<u8>,
    },
}

impl Received {
    pub(crate) const fn answer() -> Self {
        Self { opens: &[], status: None, body: Vec::new() }
    }

    pub(crate) const fn watch(opens: &'static [u16]) -> Self {
        Self { opens, status: None, body: Vec::new() }
    }

    /// Takes the next part. What the core gives up in the middle is not fed to the end, so nothing is judged here.
    pub(crate) fn take(&mut self, part: AnswerPart<'_>) -> Heard {
        match part {
            AnswerPart::Head(Head { status, .. }) => self.status = self.status.or(Some(status)),
            AnswerPart::Chunk(bytes) => {
                self.body.extend_from_slice(bytes);
                if self.is_stream() {
                    return self.lines();
                }
            }
            AnswerPart::End if !self.is_stream() => {
                let Some(status) = self.status else { return Heard::Nothing };
                return Heard::Whole { status, body: mem::take(&mut self.body) };
            }
            _ => {}
        }
        Heard::Nothing
    }

    /// How many bytes wait for their end.
    pub(crate) fn pending(&self) -> usize {
        self.body.len()
    }

    fn is_stream(&self) -> bool {
        self.status.is_some_and(|status| self.opens.contains(&status))
    }

    fn lines(&mut self) -> Heard {
        let end = self.body.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let lines = self.body.drain(..end).collect::<Vec<_>>();
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        Heard::Lines(lines.map(<[u8]>::to_vec).collect())
    }
}
