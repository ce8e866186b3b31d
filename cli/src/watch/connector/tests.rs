use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Instant;

use quorate_core::membership::{Policy, View, document};
use tempfile::TempDir;

use super::*;

/// A script in a folder of its own, which is its `$HERE`.
struct Script {
    folder: TempDir,
    program: Program,
}

impl Script {
    fn new(body: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector");
        fs::write(&path, format!("#!/bin/sh\nHERE={}\n{body}\n", folder.path().display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let program = Program::find(path.as_os_str()).unwrap();
        Self { folder, program }
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// The failure, without the folder.
    fn failure<T: std::fmt::Debug>(&self, outcome: Result<T, ConnectorError>) -> String {
        let folder = format!("{}/", self.folder.path().display());
        outcome.unwrap_err().to_string().replace(&folder, "")
    }
}

fn member(document: &str) -> Arc<Member> {
    let objects = document::decode(document.as_bytes()).unwrap().objects;
    View::of(&objects, &Policy::default()).members.values().next().unwrap().clone()
}

fn pod() -> Arc<Member> {
    member(
        r#"{"kind":"Pod","metadata":{"name":"a","namespace":"lab","uid":"u"},"status":{"podIP":"10.0.0.1",
            "conditions":[{"type":"Ready","status":"True"}]}}"#,
    )
}

#[tokio::test]
async fn it_is_told_what_to_do_and_with_whom() {
    let script = Script::new(r#"echo "$# $1 $2 $PEER_NAME $PEER_ADDRESS $PEER_NAMESPACE $PEER_POD" >> $HERE/calls"#);
    script.program.connect(&pod()).await.unwrap();
    script.program.disconnect(&pod()).await.unwrap();
    let endpoint = r#"{"kind":"Endpoints","metadata":{"name":"web","namespace":"lab"},"subsets":[{"addresses":[{"ip":"10.0.0.2"}]}]}"#;
    script.program.connect(&member(endpoint)).await.unwrap();
    assert_eq!(
        script.file("calls"),
        "2 connect 10.0.0.1 10.0.0.1 10.0.0.1 lab a\n\
         2 disconnect 10.0.0.1 10.0.0.1 10.0.0.1 lab a\n\
         2 connect 10.0.0.2 10.0.0.2 10.0.0.2 lab \n"
    );
}

#[tokio::test]
async fn a_failure_ends_with_the_last_words() {
    let failing = Script::new("echo trying >&2; echo >&2; echo 'no route' >&2; exit 7");
    assert_eq!(failing.failure(failing.program.connect(&pod()).await), "connector exited with 7: no route");
    let silent = Script::new("exit 1");
    assert_eq!(silent.failure(silent.program.disconnect(&pod()).await), "connector exited with 1");
    let killed = Script::new("kill -KILL $$");
    assert_eq!(killed.failure(killed.program.connect(&pod()).await), "connector was ended by a signal: 9 (SIGKILL)");
    let missing = Script::new("no-such-program 2>/dev/null");
    assert_eq!(missing.failure(missing.program.connect(&pod()).await), "connector exited with 127 (program not found)");
}

#[tokio::test]
async fn a_program_that_has_gone_is_named() {
    let script = Script::new("true");
    fs::remove_file(script.folder.path().join("connector")).unwrap();
    assert_eq!(
        script.failure(script.program.connect(&pod()).await),
        "cannot start connector: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn it_lists_a_name_a_line() {
    let script = Script::new(r"printf 'a@10.0.0.1\n\n  b@10.0.0.2 \r\na@10.0.0.1'");
    let names: Vec<_> = script.program.connected().await.unwrap().unwrap().into_iter().collect();
    assert_eq!(names, ["a@10.0.0.1", "b@10.0.0.2"]);
    let nobody = Script::new("true");
    assert_eq!(nobody.program.connected().await.unwrap(), Some(BTreeSet::new()));
}

#[tokio::test]
async fn it_may_say_that_it_cannot_list() {
    let script = Script::new("exit 64");
    assert_eq!(script.program.connected().await.unwrap(), None);
    // That code says so of nothing else.
    assert_eq!(script.failure(script.program.connect(&pod()).await), "connector exited with 64");
    let failing = Script::new("echo a@10.0.0.1; exit 1");
    assert_eq!(failing.failure(failing.program.connected().await), "connector exited with 1");
    let garbled = Script::new(r"printf '\377'");
    assert_eq!(garbled.failure(garbled.program.connected().await), "connector lists what is not UTF-8");
}

#[tokio::test]
async fn what_it_leaves_running_holds_nobody_up_and_lives_on() {
    let script = Script::new("(sleep 0.5; echo still here > $HERE/left) & echo a@10.0.0.1");
    let started = Instant::now();
    assert_eq!(script.program.connected().await.unwrap(), Some(BTreeSet::from(["a@10.0.0.1".into()])));
    assert!(started.elapsed() < Duration::from_millis(450), "{:?}", started.elapsed());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(script.file("left"), "still here\n");
}

#[tokio::test]
async fn dropped_in_the_middle_it_is_killed_with_all_that_it_started() {
    let script = Script::new("(sleep 0.5; echo alive > $HERE/child) & sleep 0.5; echo alive > $HERE/parent");
    let attempt = tokio::time::timeout(Duration::from_millis(200), script.program.connect(&pod())).await;
    assert!(attempt.is_err());
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!((script.file("child"), script.file("parent")), (String::new(), String::new()));
}

#[tokio::test]
async fn however_much_it_says_it_is_read() {
    let script = Script::new("head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo done >&2; exit 3");
    assert_eq!(script.failure(script.program.connect(&pod()).await), "connector exited with 3: done");
    let endless = Script::new("exec cat /dev/zero");
    assert_eq!(endless.failure(endless.program.connected().await), "connector lists more than 16777216 bytes");
}

#[test]
fn only_programs_are_found() {
    let found = |name: &str| Program::find(OsStr::new(name)).map(|Program(path)| path);
    assert!(found("sh").unwrap().is_absolute());
    assert_eq!(found("/bin/sh").unwrap(), Path::new("/bin/sh"));
    assert_eq!(found("quorate-no-such").unwrap_err(), "there is no program quorate-no-such in PATH");
    assert_eq!(found("/nonexistent/x").unwrap_err(), "/nonexistent/x: No such file or directory (os error 2)");
    assert_eq!(found("/etc/passwd").unwrap_err(), "/etc/passwd is not a file that may be executed");
    assert_eq!(found("/etc").unwrap_err(), "/etc is not a file that may be executed");
}
