//! Whatever the README shows is what the command prints.

#![expect(clippy::expect_used, reason = "a test that cannot go on says so by panicking")]

use std::path::Path;
use std::process::Command;

/// The commands of the README's console blocks, each with what it prints there.
fn transcripts(readme: &str) -> Vec<(String, String)> {
    let mut transcripts: Vec<(String, String)> = Vec::new();
    let mut in_console = false;
    for line in readme.lines() {
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

#[test]
fn what_the_readme_shows_is_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut compared = 0;
    for (line, expected) in transcripts(&readme) {
        let Some(arguments) =
            ["cargo run -p quorate -- ", "quorate "].iter().find_map(|start| line.strip_prefix(start))
        else {
            continue;
        };
        let output = Command::new(env!("CARGO_BIN_EXE_quorate"))
            .args(arguments.split_whitespace())
            .current_dir(&root)
            .env_clear()
            .env("CLUSTER_DOMAIN", "cluster.local")
            .output()
            .unwrap();
        // What is said comes before what is found.
        let printed = [output.stderr, output.stdout].concat();
        assert_eq!(String::from_utf8(printed).unwrap().trim_end(), expected.trim_end(), "$ {line}");
        compared += 1;
    }
    assert_eq!(compared, 3, "the README has lost a transcript, or got another form");
}
