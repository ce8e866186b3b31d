//! No secret appears in any output, whatever goes wrong, however much is asked for.

use std::fs;
use std::path::PathBuf;

use quorate_tests::api_server::ApiServer;
use quorate_tests::child::Finished;
use quorate_tests::kubeconfig::Kubeconfig;
use quorate_tests::lab::{Lab, Pod};
use quorate_tests::trouble::Trouble;
use serde_json::json;

/// Stands where a secret belongs.
const MARKER: &str = "MARKER-c2VjcmV0";
/// The marker in base64, as a kubeconfig holds it.
const MARKER_BASE64: &str = "TUFSS0VSLWMyVmpjbVYw";

pub(crate) fn no_secret_is_in_any_output_at_the_highest_verbosity() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "secrets")?;
    lab.serve("web", &Pod::stateful_set("web", 1))?;
    let stranger = Stranger::new(&lab)?;
    let real_token = fs::read_to_string(lab.token_file())?;
    // Of a token, the last part alone is the secret; of a key, any line of it.
    let signature = real_token.rsplit('.').next().unwrap_or(&real_token);
    let admin_key = admin_key(&lab)?;
    let mut kinds_of_end = [0_u32; 3];
    let mut tell = |name: &str, kubeconfig: PathBuf, code: i32| {
        let finished = tell_everything(&lab, kubeconfig)?.with_code(code).map_err(Trouble::during(name))?;
        if let Some(count) = usize::try_from(code).ok().and_then(|code| kinds_of_end.get_mut(code)) {
            *count += 1;
        }
        for secret in [MARKER, MARKER_BASE64, signature, &admin_key, &stranger.key_line] {
            let told = [finished.stdout(), finished.stderr()].iter().any(|text| text.contains(secret));
            assert!(!told, "{name}: {secret:?} was told: {finished}");
        }
        Ok::<_, Trouble>(())
    };

    tell("the real token", lab.kubeconfig(), 0)?;
    tell("the real client key", lab.server().kubeconfig().to_owned(), 0)?;
    tell("a certificate that the server does not know", stranger.kubeconfig, 1)?;
    for (name, kubeconfig, code) in with_the_marker(&lab)? {
        tell(name, kubeconfig.write(lab.file("marked"))?, code)?;
    }
    for (name, text) in [
        ("not YAML", format!("users: [{{name: me, user: {{token: \"{MARKER}")),
        ("a secret where a list belongs", format!("apiVersion: v1\nkind: Config\nusers: {MARKER}\n")),
        (
            "a secret where a mapping belongs",
            format!("apiVersion: v1\nkind: Config\nusers: [{{name: me, user: {MARKER}}}]\n"),
        ),
        (
            "a list where a secret belongs",
            format!("kind: Config\nusers: [{{name: me, user: {{token: [{MARKER}]}}}}]\n"),
        ),
        ("a secret twice", format!("users: [{{name: me, user: {{token: {MARKER}, token: {MARKER}}}}}]\n")),
    ] {
        let file = lab.file("broken");
        fs::write(&file, text)?;
        tell(name, file, 2)?;
    }
    lab.write_token(&format!("{MARKER}\nof two lines"))?;
    tell("a token of two lines", lab.kubeconfig(), 2)?;
    // Each way to end was taken, or this proves less than it seems to.
    assert!(kinds_of_end.iter().all(|count| *count > 0), "{kinds_of_end:?}");
    Ok(())
}

fn tell_everything(lab: &Lab, kubeconfig: PathBuf) -> Result<Finished, Trouble> {
    let arguments = ["members", "-vvvv", "-n", "secrets", "-l", "app=web", "--request-timeout", "500ms", "-o", "json"];
    let quorate = quorate_tests::quorate_command::Quorate::with(arguments)?;
    quorate
        .variable("KUBECONFIG", kubeconfig)
        .variable("RUST_LOG", "trace")
        .variable("SSLKEYLOGFILE", lab.file("keys"))
        .run()
}

/// Somebody with a client certificate of another authority.
struct Stranger {
    kubeconfig: PathBuf,
    key_line: String,
}

impl Stranger {
    fn new(lab: &Lab) -> Result<Self, Trouble> {
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["stranger".to_owned()])?;
        let (certificate, key) = (lab.file("stranger.crt"), lab.file("stranger.key"));
        let key_text = signing_key.serialize_pem();
        fs::write(&certificate, cert.pem())?;
        fs::write(&key, &key_text)?;
        let user = json!({"client-certificate": certificate, "client-key": key});
        let kubeconfig = lab.kubeconfig_of(user).write(lab.file("stranger"))?;
        let key_line = key_text.lines().nth(1).unwrap_or_default().to_owned();
        Ok(Self { kubeconfig, key_line })
    }
}

fn admin_key(lab: &Lab) -> Result<String, Trouble> {
    let arguments = ["config", "view", "--raw", "-o", "jsonpath={.users[0].user.client-key-data}"];
    let key = lab.server().kubectl(&arguments, b"")?.stdout().to_owned();
    if key.is_empty() { Err(Trouble::new("the administrator has no inline key")) } else { Ok(key) }
}

/// Kubeconfigs whose secret is the marker, and the exit code that each leads to.
fn with_the_marker(lab: &Lab) -> Result<Vec<(&'static str, Kubeconfig, i32)>, Trouble> {
    let token = || json!({"token": MARKER});
    let certificate = |key: &str| json!({"client-certificate-data": key, "client-key-data": MARKER_BASE64});
    let other_authority = lab.file("other-ca.crt");
    fs::write(&other_authority, rcgen::generate_simple_self_signed(["other".to_owned()])?.cert.pem())?;
    let marked_file = lab.file("marked-token");
    fs::write(&marked_file, MARKER)?;
    // Port 1 is nobody's.
    let nowhere = Kubeconfig::new("https://127.0.0.1:1", token()).authority(&lab.server().authority());
    let unverified =
        Kubeconfig::new(lab.server().url(), token()).cluster_field("insecure-skip-tls-verify", json!(true));
    let exec = json!({"apiVersion": "client.authentication.k8s.io/v1", "command": MARKER, "args": [MARKER],
        "env": [{"name": "TOKEN", "value": MARKER}]});
    Ok(vec![
        ("a wrong token", lab.kubeconfig_of(token()), 1),
        ("a wrong token in a file", lab.kubeconfig_of(json!({"tokenFile": marked_file})), 1),
        ("a wrong authority", lab.kubeconfig_of(token()).authority(&other_authority), 1),
        ("no server", nowhere, 1),
        ("a server that is not verified", unverified, 1),
        ("no encryption", Kubeconfig::new("http://127.0.0.1:1", token()), 2),
        ("no authority", Kubeconfig::new(lab.server().url(), token()), 2),
        ("an authority that is none", lab.kubeconfig_of(token()).authority(&marked_file), 2),
        ("a token that no header takes", lab.kubeconfig_of(json!({"token": format!("{MARKER}\u{7}")})), 2),
        ("a key that is none", lab.kubeconfig_of(certificate(MARKER_BASE64)), 2),
        ("a key that is no base64", lab.kubeconfig_of(certificate(&format!("{MARKER}!"))), 2),
        ("a password", lab.kubeconfig_of(json!({"username": "me", "password": MARKER})), 2),
        ("an exec plugin", lab.kubeconfig_of(json!({"exec": exec})), 2),
        (
            "an auth provider",
            lab.kubeconfig_of(json!({"auth-provider": {"name": "x", "config": {"token": MARKER}}})),
            2,
        ),
        (
            "a secret in the URL",
            Kubeconfig::new(&format!("https://me:{MARKER}@127.0.0.1:1"), token()).authority(&lab.server().authority()),
            2,
        ),
        (
            "a secret in the proxy's URL",
            lab.kubeconfig_of(token()).cluster_field("proxy-url", json!(format!("http://me:{MARKER}@proxy"))),
            2,
        ),
    ])
}
