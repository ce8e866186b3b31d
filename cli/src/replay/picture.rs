//! The run as a picture: time goes to the right, each node has a band.

mod band;
mod links;
mod scale;
mod shapes;

use std::fmt;
use std::time::Duration;

use quorate_core::testing::simulation::{Lane, Plan, Span, Timeline, Violation};
use svg::Document;
use svg::node::element::{Group, Style};

use self::band::Band;
use self::scale::Scale;
use self::shapes::{line, rectangle, text};
use super::steps;

/// Where the bands begin: names stand to the left.
const LEFT: f64 = 170.0;
const RIGHT: f64 = 1180.0;
const WIDTH: f64 = 1200.0;
/// The title, and below it the times.
const TOP: f64 = 64.0;
/// What stands below the bands.
const BOTTOM: f64 = 40.0;

const STYLE: &str = "
text { font: 11px sans-serif; fill: #222 }
.title { font-size: 14px; font-weight: bold }
.faint { fill: #666 }
.frame { fill: none; stroke: #ddd }
.grid { stroke: #eee }
.leads { fill: #0072b2 }
.label { font-size: 9px }
.on-dark { fill: #fff }
.peer { fill: #666; font-size: 8px }
.works { fill: #56b4e9 }
.down { fill: #999; fill-opacity: 0.45 }
.fault { fill: #e69f00; fill-opacity: 0.35; stroke: #e69f00; stroke-width: 0.5 }
.link { fill: #009e73 }
.count { fill: #009e73; fill-opacity: 0.5 }
.violation { stroke: #d00; stroke-width: 1.5 }
.violation + text { fill: #d00; font-weight: bold }
";

pub(super) struct Picture(Document);

impl Picture {
    /// Draws what lies between two times.
    pub(super) fn of(
        timeline: &Timeline,
        plan: &Plan,
        (from, until): (Duration, Duration),
        outcome: &Result<(), Violation>,
    ) -> Self {
        let scale = Scale::new((from, until), (LEFT, RIGHT));
        let spans: Vec<&Span> = timeline.spans.iter().filter(|span| span.end >= from && span.start <= until).collect();
        let (mut bands, mut y) = (Group::new(), TOP);
        let owners = std::iter::once(None).chain((0..plan.nodes + plan.observers).map(Some));
        for owner in owners {
            let of_owner = spans.iter().copied().filter(|span| self::owner(span.lane) == owner);
            let band = Band::new(&name(plan, owner), of_owner.collect());
            bands = bands.add(band.draw(y, &scale));
            y += band.height();
        }
        let mut document = Document::new()
            .set("viewBox", format!("0 0 {WIDTH} {}", y + BOTTOM))
            .add(Style::new(STYLE))
            .add(rectangle("", (0.0, 0.0), (WIDTH, y + BOTTOM)).set("fill", "#fff"))
            .add(text((10.0, 20.0), &title(plan)).set("class", "title"))
            .add(ruler(&scale, y))
            .add(bands)
            .add(text((10.0, y + 24.0), KEY).set("class", "faint"));
        if let Err(violation) = outcome
            && (from..=until).contains(&violation.at)
        {
            let x = scale.x(violation.at);
            let what: String = violation.to_string().chars().take(150).collect();
            document = document.add(line("violation", (x, TOP - 8.0), (x, y))).add(text((10.0, 36.0), &what));
        }
        Self(document)
    }
}

impl fmt::Display for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.0)
    }
}

const KEY: &str = "blue: leads, by fencing token; light blue: its work runs; green: linked; orange: a fault; grey: down. \
                   Point at something to read it.";

fn title(plan: &Plan) -> String {
    format!("seed {}: {} nodes, {}", plan.seed, plan.nodes, steps::faults(plan))
}

/// The node whose band shows it; none is the whole cluster's.
const fn owner(lane: Lane) -> Option<usize> {
    match lane {
        Lane::Down(node) | Lane::Leads(node) | Lane::Linked(node) | Lane::Works(node) => Some(node),
        Lane::Fault(owner) => owner,
        _ => None,
    }
}

fn name(plan: &Plan, owner: Option<usize>) -> String {
    match owner {
        None => String::from("everybody"),
        Some(node) if node < plan.nodes => format!("node {node}"),
        Some(node) => format!("node {node}, observer"),
    }
}

fn ruler(scale: &Scale, bottom: f64) -> Group {
    scale.ticks().fold(Group::new(), |group, (x, label)| {
        let group = group.add(line("grid", (x, TOP - 8.0), (x, bottom)));
        group.add(text((x, TOP - 12.0), &label).set("class", "faint").set("text-anchor", "middle"))
    })
}
