//! What is printed. `name` and `json` are for programs and stable; the tables are for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, Table};
use quorate_core::membership::{Member, View};
use serde::Serialize;

use super::Reading;
use crate::json::{JsonMember, JsonSkipped};

#[derive(Clone, Copy, Debug)]
pub(super) enum Format {
    Name,
    Table,
    Wide,
    Json,
}

pub(super) fn print(reading: &Reading, format: Format, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Name => reading.view.members.keys().try_for_each(|name| writeln!(out, "{name}")),
        Format::Table => print_table(&reading.view, &COLUMNS, out),
        Format::Wide => print_table(&reading.view, &WIDE_COLUMNS, out),
        Format::Json => print_json(reading, out),
    }
}

/// A column: its title, and what of a member stands in it.
type Column = (&'static str, fn(&Member) -> String);

const COLUMNS: [Column; 4] = [
    ("NAME", |member| member.name.to_string()),
    ("ADDRESS", |member| member.address.to_string()),
    ("POD", |member| optional(member.pod.as_ref().map(|pod| &*pod.name))),
    ("STATE", |member| member.state.to_string()),
];

const WIDE_COLUMNS: [Column; 8] = [
    COLUMNS[0],
    COLUMNS[1],
    COLUMNS[2],
    COLUMNS[3],
    ("NAMESPACE", |member| member.namespace.to_string()),
    ("HOSTNAME", |member| optional(member.hostname.as_deref())),
    ("UID", |member| optional(member.pod.as_ref().map(|pod| pod.uid.to_string()).as_deref())),
    ("SOURCE", |member| format!("{}/{}", member.source.kind, member.source.name)),
];

fn optional(text: Option<&str>) -> String {
    text.unwrap_or("-").into()
}

fn print_table(view: &View, columns: &[Column], out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(columns.iter().map(|(title, _)| *title));
    for member in view.members.values() {
        table.add_row(columns.iter().map(|(_, cell)| cell(member)));
    }
    for column in table.column_iter_mut() {
        // Names are to be copied: a terminal that is too narrow may break the line, not we.
        column.set_constraint(ColumnConstraint::ContentWidth).set_padding((0, 2));
    }
    let bold = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
    for (index, line) in table.lines().enumerate() {
        match index {
            0 => writeln!(out, "{bold}{}{bold:#}", line.trim_end())?,
            _ => writeln!(out, "{}", line.trim_end())?,
        }
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JsonReading<'a> {
    members: Vec<JsonMember<'a>>,
    skipped: Vec<JsonSkipped>,
    resource_version: Option<&'a str>,
}

fn print_json(reading: &Reading, out: &mut impl Write) -> io::Result<()> {
    let json = JsonReading {
        members: reading.view.members.values().map(|member| JsonMember::of(member)).collect(),
        skipped: reading.view.skipped.iter().map(JsonSkipped::of).collect(),
        resource_version: Some(reading.resource_version.as_str()).filter(|version| !version.is_empty()),
    };
    serde_json::to_writer_pretty(&mut *out, &json)?;
    writeln!(out)
}
