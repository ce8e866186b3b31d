//! Who was linked to whom: a row a peer, or, where there are too many, how many there were.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use quorate_core::testing::simulation::Span;
use svg::node::element::Group;

use super::band::{bar, steps};
use super::scale::Scale;
use super::shapes::{rectangle, text, told};

/// The most peers that have a row each.
const MOST_ROWS: usize = 12;
const ROW: f64 = 9.0;
/// The height of a graph of counts.
const GRAPH: f64 = 40.0;

pub(super) struct Links<'a> {
    spans: Vec<&'a Span>,
    peers: BTreeSet<&'a str>,
}

impl<'a> Links<'a> {
    pub(super) fn new(spans: Vec<&'a Span>) -> Self {
        let peers = spans.iter().map(|span| span.what.as_str()).collect();
        Self { spans, peers }
    }

    fn has_rows(&self) -> bool {
        self.peers.len() <= MOST_ROWS
    }

    pub(super) fn height(&self) -> f64 {
        if self.has_rows() { self.peers.iter().map(|_| ROW).sum() } else { GRAPH }
    }

    pub(super) fn draw(&self, y: f64, scale: &Scale) -> Group {
        if self.has_rows() { self.draw_rows(y, scale) } else { self.draw_counts(y, scale) }
    }

    fn draw_rows(&self, y: f64, scale: &Scale) -> Group {
        let (left, _) = scale.edges();
        let rows: BTreeMap<_, _> = self.peers.iter().copied().zip(steps(y, ROW)).collect();
        let group = rows.iter().fold(Group::new(), |group, (peer, top)| {
            let name = text((left - 4.0, top + 7.5), peer);
            group.add(name.set("class", "peer").set("text-anchor", "end"))
        });
        self.spans.iter().fold(group, |group, span| {
            let top = rows.get(span.what.as_str()).copied().unwrap_or(y);
            group.add(bar("link", span, (top + 1.5, ROW - 3.0), scale))
        })
    }

    fn draw_counts(&self, y: f64, scale: &Scale) -> Group {
        let mut changes = BTreeMap::<Duration, i64>::new();
        for span in &self.spans {
            *changes.entry(span.start).or_default() += 1;
            *changes.entry(span.end).or_default() -= 1;
        }
        let ends: Vec<_> = changes.keys().copied().skip(1).collect();
        let counts = changes.iter().scan(0_i64, |count, (at, change)| {
            *count += change;
            Some((*at, *count))
        });
        let counts: Vec<_> = counts.zip(ends).collect();
        let most = counts.iter().map(|((_, count), _)| *count).max().unwrap_or_default().max(1);
        counts.iter().fold(Group::new(), |group, ((from, count), until)| {
            let (start, end) = (scale.x(*from), scale.x(*until));
            // How many there are is far below where a float becomes inexact.
            #[expect(clippy::cast_precision_loss, reason = "counts of links are small")]
            let height = GRAPH * (*count as f64) / (most as f64);
            let shape = rectangle("count", (start, y + GRAPH - height), ((end - start).max(0.1), height));
            group.add(told(shape, &format!("{count} links")))
        })
    }
}
