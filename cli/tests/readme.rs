//! Whatever the README and the pages beside it show is what the command prints, and compiles.
#![cfg(unix)]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The commands of a page's console blocks, each with what it prints there.
fn transcripts(page: &str) -> Vec<(String, String)> {
    let mut transcripts: Vec<(String, String)> = Vec::new();
    let mut in_console = false;
    for line in page.lines() {
        match (in_console, line) {
            (_, "```console") => in_console = true,
            (_, "```") => in_console = false,
            (true, line) if line.starts_with("$ ") => transcripts.push((line[2..].into(), String::new())),
            (true, line) => {
                let (_, output) = transcripts.last_mut().expect("a command stands before its output");
                output.push_str(line);
                output.push('\n');
            }
            (false, _) => {}
        }
    }
    transcripts
}

/// Runs a command from the root of the workspace. One that watches is ended when it has printed as much as is shown.
fn run(arguments: &str, shown: usize) -> String {
    let links = tempfile::tempdir().unwrap();
    let mut child = Command::new("sh")
        // In a terminal both are one.
        .args(["-c", "exec \"$@\" 2>&1", "sh", env!("CARGO_BIN_EXE_quorate")])
        .args(arguments.split_whitespace())
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("CLUSTER_DOMAIN", "cluster.local")
        .env("QUORATE_LINKS", links.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    if arguments.contains("quorate watch") || arguments.ends_with(" -w") {
        for _ in 0..shown {
            printed.read_line(&mut text).unwrap();
        }
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    }
    printed.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    text
}

/// The text with all times the same.
fn timeless(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| match line.split_once("Z ") {
        Some((time, rest)) if time.len() == "2026-01-01T00:00:00".len() => format!("TIME {rest}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

fn what_it_shows_is_what_is_printed(page: &str, transcripts_to_compare: usize) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page)).unwrap();
    let mut compared = 0;
    for (line, expected) in transcripts(&text) {
        let Some(arguments) =
            ["cargo run -p quorate -- ", "quorate "].iter().find_map(|start| line.strip_prefix(start))
        else {
            continue;
        };
        let printed = run(arguments, expected.trim_end().lines().count());
        assert_eq!(timeless(&printed), timeless(&expected), "$ {line}");
        compared += 1;
    }
    assert_eq!(compared, transcripts_to_compare, "{page} has lost a transcript, or got another form");
}

#[test]
fn what_the_readme_shows_is_what_is_printed() {
    what_it_shows_is_what_is_printed("README.md", 3);
}

/// The first block of Rust in a page of the workspace.
fn rust(page: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page)).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with("```rust")).skip(1).take_while(|line| *line != "```");
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_program_in_the_readme_is_the_one_that_is_compiled() {
    let program = rust("README.md");
    assert!(program.contains("fn main()"), "{program}");
    assert_eq!(program, rust("runtime-tokio/README.md"), "whose examples are doctests");
}

#[test]
fn what_the_page_on_watch_shows_is_what_is_printed() {
    what_it_shows_is_what_is_printed("cli/docs/watch.md", 2);
}

#[test]
fn what_the_page_on_elections_shows_is_what_is_printed() {
    what_it_shows_is_what_is_printed("cli/docs/elect.md", 1);
}

#[test]
fn what_the_page_on_leases_shows_is_what_is_printed() {
    what_it_shows_is_what_is_printed("cli/docs/lease.md", 1);
}
