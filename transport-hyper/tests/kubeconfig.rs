//! Kubeconfig files: what is taken, what is merged, what is refused and with which words.
#![cfg(feature = "kubeconfig")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that goes wrong should stop there"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quorate_transport_hyper::{Config, ConfigError};
use support::Pki;
use tempfile::TempDir;

/// A directory with `ca.crt`, `client.crt`, `client.key` and `token`.
fn directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let pki = Pki::new();
    let client = pki.issue(&["client"]);
    for (name, content) in [
        ("ca.crt", pki.authority()),
        ("client.crt", client.certificate),
        ("client.key", client.key),
        ("token", "t".into()),
    ] {
        fs::write(directory.path().join(name), content).unwrap();
    }
    let config = directory.path().join("config");
    (directory, config)
}

fn load(file: &Path, text: &str) -> Result<Config, ConfigError> {
    fs::write(file, text).unwrap();
    Config::from_kubeconfig(&[file.into()], None)
}

const SERVER: &str = r#""server": "https://10.0.0.1:6443""#;
const CLUSTER: &str = r#""server": "https://10.0.0.1:6443", "certificate-authority": "ca.crt""#;

#[test]
fn a_file_as_kubectl_writes_it_is_taken() {
    let (_directory, file) = directory();
    let config = load(
        &file,
        "apiVersion: v1\nkind: Config\npreferences: {}\ncurrent-context: lab\n\
         clusters:\n- name: k\n  cluster:\n    certificate-authority: ca.crt\n    server: https://10.0.0.1:6443\n\
         \x20   disable-compression: true\n    extensions:\n    - name: minikube\n      extension: {version: 1}\n\
         contexts:\n- context:\n    cluster: k\n    namespace: shop\n    user: u\n  name: lab\n\
         users:\n- name: u\n  user:\n    client-certificate: client.crt\n    client-key: client.key\n    future-field: 1\n\
         - name: other\n  user:\n    exec: {command: aws}\n",
    )
    .unwrap();
    assert_eq!(config.server().to_string(), "https://10.0.0.1:6443");
    assert_eq!(config.namespace(), Some("shop"));
    assert_eq!(config.source(), format!("kubeconfig {}, context \"lab\"", file.display()));
    assert_eq!(config.warnings(), [""; 0]);
}

#[test]
fn a_context_is_chosen_by_name() {
    let (_directory, file) = directory();
    let text = r#"{"contexts": [{"name": "a", "context": {"cluster": "k", "namespace": "one"}},
                                {"name": "b", "context": {"cluster": "k", "namespace": "two"}}],
                   "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:8001"}}]}"#;
    fs::write(&file, text).unwrap();
    let choose = |name| Config::from_kubeconfig(std::slice::from_ref(&file), name);
    assert_eq!(choose(Some("a")).unwrap().namespace(), Some("one"));
    assert_eq!(choose(Some("b")).unwrap().namespace(), Some("two"));
    let error = choose(None).unwrap_err().to_string();
    assert!(error.contains("current-context: is not set") && error.contains("a, b"), "{error}");
    let error = choose(Some("c")).unwrap_err().to_string();
    assert!(error.contains(r#"context "c": does not exist"#) && error.contains("a, b"), "{error}");
}

#[test]
fn of_several_files_the_first_to_name_a_thing_wins() {
    let (directory, first) = directory();
    let nested = directory.path().join("nested");
    fs::create_dir(&nested).unwrap();
    let second = nested.join("config");
    // Paths are relative to the file that holds them; entries are taken whole, not mixed.
    fs::rename(directory.path().join("ca.crt"), nested.join("ca.crt")).unwrap();
    fs::write(
        &first,
        r#"{"users": [{"name": "u", "user": {"token": "of-the-first"}}],
            "contexts": [{"name": "a", "context": {"cluster": "k", "user": "u"}}]}"#,
    )
    .unwrap();
    fs::write(
        &second,
        r#"{"current-context": "a",
            "clusters": [{"name": "k", "cluster": {"server": "https://10.0.0.1:6443", "certificate-authority": "ca.crt"}}],
            "users": [{"name": "u", "user": {"exec": {"command": "aws"}}}],
            "contexts": [{"name": "a", "context": {"cluster": "none", "user": "none", "namespace": "shop"}}]}"#,
    )
    .unwrap();
    let config = Config::from_kubeconfig(&[first.clone(), second.clone()], None).unwrap();
    assert_eq!((config.server().to_string().as_str(), config.namespace()), ("https://10.0.0.1:6443", None));
    assert_eq!(config.source(), format!("kubeconfig {}, context \"a\"", first.display()));

    let error = Config::from_kubeconfig(&[second, first], None).unwrap_err().to_string();
    assert!(error.contains(r#"cluster "none": does not exist"#) && error.contains(r#"user "none""#), "{error}");
}

#[test]
fn inline_data_wins_over_files_and_may_be_folded() {
    let (directory, file) = directory();
    let encoded = STANDARD.encode(fs::read(directory.path().join("ca.crt")).unwrap());
    let (start, end) = encoded.split_at(100);
    let text = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\nusers:\n- name: u\n  user:\n\
         \x20   client-certificate: /nowhere\n    client-certificate-data: {}\n    client-key: /nowhere\n\
         \x20   client-key-data: {}\nclusters:\n- name: k\n  cluster:\n    server: https://10.0.0.1:6443\n\
         \x20   certificate-authority: /nowhere\n    certificate-authority-data: |\n      {start}\n      {end}\n",
        STANDARD.encode(fs::read(directory.path().join("client.crt")).unwrap()),
        STANDARD.encode(fs::read(directory.path().join("client.key")).unwrap()),
    );
    load(&file, &text).unwrap();
}

#[test]
fn a_token_file_wins_over_a_token() {
    let (_directory, file) = directory();
    let both = r#""token": "inline", "tokenFile": "missing""#;
    let error = Config::from_kubeconfig(&[support::kubeconfig(&file, CLUSTER, both)], None).unwrap_err().to_string();
    assert!(error.contains("missing: cannot be read"), "{error}");
}

/// One wrong thing at a time: the cluster's fields, the user's fields, and what is said.
#[test]
fn every_fault_is_named_by_file_entry_and_field() {
    let (_directory, file) = directory();
    for (cluster, user, place, problem) in [
        (r#""server": """#, "", r#"cluster "k": server"#, "is not set"),
        (r#""server": "10.0.0.1:6443""#, "", r#"cluster "k": server"#, "lacks a scheme"),
        (SERVER, "", r#"cluster "k": certificate-authority"#, "is not set"),
        (&with(SERVER, r#""certificate-authority": "no.crt""#), "", "no.crt", "cannot be read"),
        (&with(SERVER, r#""certificate-authority": "token""#), "", "token", "holds no certificate"),
        (&with(SERVER, r#""certificate-authority-data": "%""#), "", "certificate-authority-data", "is not base64"),
        (&with(SERVER, r#""certificate-authority-data": "bm8=""#), "", "certificate-authority-data", "no certificate"),
        (&with(CLUSTER, r#""insecure-skip-tls-verify": true"#), "", "insecure-skip-tls-verify", "beside a certificate"),
        (&with(CLUSTER, r#""tls-server-name": "a b""#), "", "tls-server-name", "neither a DNS name"),
        (&with(CLUSTER, r#""proxy-url": "http://p""#), "", r#"cluster "k": proxy-url"#, "not supported"),
        (CLUSTER, r#""client-certificate": "client.crt""#, r#"user "u": client-key"#, "is not set beside"),
        (CLUSTER, r#""client-key": "client.key""#, r#"user "u": client-certificate"#, "is not set beside"),
        (CLUSTER, r#""client-certificate": "client.crt", "client-key": "token""#, "client-key", "no private key"),
        (CLUSTER, r#""token": "two words""#, r#"user "u": token"#, "holds a blank"),
        (CLUSTER, r#""tokenFile": "no-token""#, "no-token", "cannot be read"),
        (CLUSTER, r#""username": "admin""#, r#"user "u": username"#, "not supported"),
        (CLUSTER, r#""password": "marker""#, r#"user "u": password"#, "not supported"),
        (CLUSTER, r#""exec": {"command": "aws"}"#, r#"user "u": exec"#, "not supported"),
        (CLUSTER, r#""auth-provider": {"name": "gcp"}"#, r#"user "u": auth-provider"#, "not supported"),
        (CLUSTER, r#""as": "root""#, r#"user "u": as"#, "not supported"),
        (CLUSTER, r#""as-uid": 7"#, r#"user "u": as-uid"#, "not supported"),
        (CLUSTER, r#""as-groups": ["system:masters"]"#, r#"user "u": as-groups"#, "not supported"),
        (CLUSTER, r#""as-user-extra": {"a": ["b"]}"#, r#"user "u": as-user-extra"#, "not supported"),
        (r#""server": "http://10.0.0.1""#, r#""token": "marker""#, r#"user "u": credentials"#, "not sent unencrypted"),
        (
            r#""server": "http://127.0.0.1""#,
            r#""tokenFile": "token""#,
            r#"user "u": credentials"#,
            "not sent unencrypted",
        ),
    ] {
        let error = Config::from_kubeconfig(&[support::kubeconfig(&file, cluster, user)], None).expect_err(problem);
        let [fault] = error.faults() else { panic!("more than one fault:\n{error}") };
        assert!(fault.place().starts_with(&format!("kubeconfig {}: ", file.display())), "{fault}");
        assert!(fault.place().contains(place) && fault.problem().contains(problem), "{fault}");
        assert!(!fault.remedy().is_empty() && !error.to_string().contains("marker"), "{fault}");
    }
}

fn with(fields: &str, more: &str) -> String {
    format!("{fields}, {more}")
}

#[test]
fn fields_that_are_there_but_not_set_are_no_fault() {
    let (_directory, file) = directory();
    let user =
        r#""exec": null, "username": "", "as-groups": [], "as-user-extra": {}, "token": "", "auth-provider": null"#;
    let cluster = with(CLUSTER, r#""proxy-url": "", "tls-server-name": "", "insecure-skip-tls-verify": false"#);
    Config::from_kubeconfig(&[support::kubeconfig(&file, &cluster, user)], None).unwrap();
}

#[test]
fn all_faults_come_at_once() {
    let (_directory, file) = directory();
    let cluster = r#""server": "ftp://h", "certificate-authority": "no.crt", "proxy-url": "p""#;
    let user = r#""client-certificate": "no-client.crt", "client-key": "no-client.key", "exec": {"command": "aws"},
                  "tokenFile": "no-token""#;
    let error = Config::from_kubeconfig(&[support::kubeconfig(&file, cluster, user)], None).unwrap_err();
    let lines = error.to_string();
    assert_eq!((error.faults().len(), lines.lines().count()), (7, 7), "{lines}");
    for part in ["server: ", "no.crt: ", "proxy-url: ", "no-client.crt: ", "no-client.key: ", "exec: ", "no-token: "] {
        assert!(lines.contains(part), "{part} is not in:\n{lines}");
    }
}

#[test]
fn a_certificate_with_another_key_is_refused() {
    let (directory, file) = directory();
    fs::write(directory.path().join("client.key"), Pki::new().issue(&["other"]).key).unwrap();
    let user = r#""client-certificate": "client.crt", "client-key": "client.key""#;
    let error = Config::from_kubeconfig(&[support::kubeconfig(&file, CLUSTER, user)], None).unwrap_err().to_string();
    assert!(error.contains("is not the key of the client certificate"), "{error}");
}

#[test]
fn what_is_no_kubeconfig_is_refused_with_its_place_and_without_its_text() {
    let (_directory, file) = directory();
    for (text, said) in [
        ("users: [{name: u, user: {token: [marker]}}]", "line 1"),
        ("users:\n- name: u\n  user: marker\n", "line 3"),
        ("users:\n- name: u\n  user: {token: marker\n", "line "),
        ("marker", "line 1"),
        ("token: marker\n---\ntoken: marker\n", "is not a kubeconfig"),
        ("kind: Pod", "the kind \"Pod\""),
        ("apiVersion: v2", "the apiVersion \"v2\""),
        ("", "current-context: is not set"),
    ] {
        let error = load(&file, text).expect_err(text).to_string();
        assert!(error.starts_with(&format!("kubeconfig {}", file.display())), "{error}");
        assert!(error.contains(said) && !error.contains("marker"), "{text:?}: {error}");
    }
    fs::write(&file, b"\xff").unwrap();
    let error = Config::from_kubeconfig(std::slice::from_ref(&file), None).unwrap_err().to_string();
    assert!(error.contains("is not UTF-8"), "{error}");
}

#[test]
fn a_file_that_ends_anywhere_is_taken_or_refused_but_never_shown() {
    let (_directory, file) = directory();
    let whole = "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters:\n- name: k\n\
                 \x20 cluster: {server: 'https://h', certificate-authority: ca.crt}\nusers:\n- name: u\n  user:\n\
                 \x20   password: \"marker\"\n    token: 'marker marker'\n";
    for end in 0..=whole.len() {
        let shown = match load(&file, &whole[..end]) {
            Ok(config) => format!("{config:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("mark"), "{shown}");
    }
}

#[test]
fn an_entry_that_is_there_twice_is_refused() {
    let (_directory, file) = directory();
    let error = load(
        &file,
        r#"{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k"}}],
            "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1"}}, {"name": "k", "cluster": {}}]}"#,
    )
    .unwrap_err()
    .to_string();
    assert!(error.contains(r#"cluster "k": is there twice"#), "{error}");
}

#[test]
fn a_context_must_name_a_cluster_and_a_proper_namespace() {
    let (_directory, file) = directory();
    let context = r#"{"current-context": "c", "contexts": [{"name": "c", "context": {"namespace": "No Such"}}]}"#;
    let error = load(&file, context).unwrap_err().to_string();
    assert!(error.contains(r#"context "c": cluster: is not set"#), "{error}");
    assert!(error.contains(r#"context "c": namespace: "No Such""#), "{error}");
}

#[test]
fn an_unencrypted_server_elsewhere_is_allowed_with_a_warning() {
    let (_directory, file) = directory();
    let file = support::kubeconfig(&file, r#""server": "http://10.0.0.1:8001""#, "");
    let config = Config::from_kubeconfig(&[file], None).unwrap();
    assert!(config.warnings()[0].contains("unencrypted"), "{:?}", config.warnings());
}

#[test]
fn no_secret_reaches_debug_output() {
    let (directory, file) = directory();
    let key = fs::read_to_string(directory.path().join("client.key")).unwrap();
    let user = format!(
        r#""token": "marker", "client-certificate": "client.crt", "client-key-data": "{}""#,
        STANDARD.encode(&key)
    );
    let config = Config::from_kubeconfig(&[support::kubeconfig(&file, CLUSTER, &user)], None).unwrap();
    let shown = format!("{config:?} {config:#?}");
    let secret_line = key.lines().nth(1).unwrap();
    assert!(
        !shown.contains("marker") && !shown.contains(secret_line) && !shown.contains(&STANDARD.encode(&key)),
        "{shown}"
    );
}
