//! One node's band: faults and downtime behind, leadership, work and links in front.

use quorate_core::testing::simulation::{Lane, Span};
use svg::node::element::Group;

use super::links::Links;
use super::scale::Scale;
use super::shapes::{rectangle, text, told};

/// The row of leadership and work.
const LEADERSHIP: f64 = 24.0;
/// Each row of faults.
const FAULT: f64 = 12.0;
const GAP: f64 = 6.0;
/// What lasts no time at all is seen nevertheless.
const NARROWEST: f64 = 1.5;
/// The width of a letter, about.
const LETTER: f64 = 5.5;

pub(super) struct Band<'a> {
    name: String,
    /// Faults in rows, such that none covers another.
    faults: Vec<Vec<&'a Span>>,
    downs: Vec<&'a Span>,
    leads: Vec<&'a Span>,
    works: Vec<&'a Span>,
    links: Links<'a>,
}

impl<'a> Band<'a> {
    pub(super) fn new(name: &str, spans: Vec<&'a Span>) -> Self {
        let of = |wanted: fn(Lane) -> bool| {
            let mut found: Vec<_> = spans.iter().copied().filter(|span| wanted(span.lane)).collect();
            found.sort_by_key(|span| span.start);
            found
        };
        Self {
            name: name.into(),
            faults: rows(of(|lane| matches!(lane, Lane::Fault(_)))),
            downs: of(|lane| matches!(lane, Lane::Down(_))),
            leads: of(|lane| matches!(lane, Lane::Leads(_))),
            works: of(|lane| matches!(lane, Lane::Works(_))),
            links: Links::new(of(|lane| matches!(lane, Lane::Linked(_)))),
        }
    }

    fn faults_height(&self) -> f64 {
        self.faults.iter().map(|_| FAULT).sum()
    }

    pub(super) fn height(&self) -> f64 {
        self.faults_height() + LEADERSHIP + self.links.height() + GAP
    }

    pub(super) fn draw(&self, y: f64, scale: &Scale) -> Group {
        let (left, right) = scale.edges();
        let frame = rectangle("frame", (left, y), (right - left, self.height() - GAP));
        let mut group = Group::new().add(frame).add(text((10.0, y + 14.0), &self.name));
        for (row, top) in self.faults.iter().zip(steps(y, FAULT)) {
            group = row.iter().fold(group, |group, span| group.add(bar("fault", span, (top, FAULT - 1.0), scale)));
            group = row.iter().fold(group, |group, span| label(group, "label", span, top + FAULT - 3.0, scale));
        }
        let top = y + self.faults_height();
        let leadership = [("works", &self.works, (top + 15.0, 6.0)), ("leads", &self.leads, (top + 2.0, 13.0))];
        for (class, spans, place) in leadership {
            group = spans.iter().fold(group, |group, span| group.add(bar(class, span, place, scale)));
        }
        group = self.leads.iter().fold(group, |group, span| label(group, "label on-dark", span, top + 12.0, scale));
        group = group.add(self.links.draw(top + LEADERSHIP, scale));
        let whole = (y, self.height() - GAP);
        self.downs.iter().fold(group, |group, span| group.add(bar("down", span, whole, scale)))
    }
}

/// Each span goes to the first row where it has room.
fn rows(spans: Vec<&Span>) -> Vec<Vec<&Span>> {
    let mut rows: Vec<Vec<&Span>> = Vec::new();
    for span in spans {
        let free = rows.iter_mut().find(|row| row.last().is_none_or(|last| last.end <= span.start));
        match free {
            Some(row) => row.push(span),
            None => rows.push(vec![span]),
        }
    }
    rows
}

pub(super) fn steps(first: f64, step: f64) -> impl Iterator<Item = f64> {
    (0_u32..).map(move |index| first + f64::from(index) * step)
}

pub(super) fn bar(class: &str, span: &Span, (y, height): (f64, f64), scale: &Scale) -> svg::node::element::Rectangle {
    let (start, end) = (scale.x(span.start), scale.x(span.end));
    let Span { what, start: from, end: until, .. } = span;
    let said = format!("{what}: {:.3} s to {:.3} s", from.as_secs_f64(), until.as_secs_f64());
    told(rectangle(class, (start, y), ((end - start).max(NARROWEST), height)), &said)
}

/// What a bar is, written into it if there is room.
fn label(group: Group, class: &str, span: &Span, y: f64, scale: &Scale) -> Group {
    let (start, end) = (scale.x(span.start), scale.x(span.end));
    let letters = u32::try_from(span.what.chars().count()).unwrap_or(u32::MAX);
    if f64::from(letters) * LETTER > end - start {
        return group;
    }
    group.add(text((start + 3.0, y), &span.what).set("class", class))
}
