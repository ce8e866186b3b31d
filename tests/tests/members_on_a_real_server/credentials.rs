//! Who we are, and whom we trust.

use std::fs;
use std::time::Duration;

use quorate_tests::api_server::ApiServer;
use quorate_tests::lab::{Lab, Pod, SERVICE_ACCOUNT};
use quorate_tests::trouble::Trouble;
use quorate_transport_hyper::{Client, Config, InCluster};
use serde_json::json;

use crate::in_process;

/// What is not tried again takes milliseconds, on a busy machine perhaps this. What is tried again takes 10 s.
const AT_ONCE: Duration = Duration::from_secs(4);

pub(crate) fn a_wrong_or_expired_token_fails_at_once() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "wrong-token")?;
    // The server forgives 60 s.
    let expired = lab.server().token("wrong-token", SERVICE_ACCOUNT, "-62s")?;
    for token in ["not-a-token", &expired] {
        lab.write_token(token)?;
        let refused = lab.members(&["-l", "app=web"])?.run()?.with_code(1)?;
        assert_eq!(refused.stdout(), "");
        assert!(
            refused.stderr().contains("cannot list endpointslices in namespace wrong-token: unauthorized"),
            "{refused}"
        );
        assert!(refused.stderr().contains("the credentials are missing, wrong or expired"), "{refused}");
        assert!(refused.stderr().contains(lab.server().url()), "{refused}");
        assert!(refused.took() < AT_ONCE, "{refused}");
    }
    // Nobody at all is somebody whom RBAC knows: `system:anonymous`.
    let nobody = lab.kubeconfig_of(json!({})).write(lab.file("nobody"))?;
    let refused = lab.members(&["-l", "app=web"])?.variable("KUBECONFIG", nobody).run()?.with_code(1)?;
    assert!(refused.stderr().contains("system:anonymous"), "{refused}");
    Ok(())
}

pub(crate) fn a_token_file_that_was_replaced_is_read_again() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "new-token")?;
    lab.serve("web", &Pod::stateful_set("web", 1))?;
    let good = fs::read_to_string(lab.token_file())?;
    lab.write_token(&lab.server().token("new-token", SERVICE_ACCOUNT, "-62s")?)?;
    lab.members(&["--service", "web"])?.run()?.with_code(1)?;
    // Files that hold secrets tend to end with a line break.
    lab.write_token(&format!("{good}\n"))?;
    assert_eq!(lab.names(&["--service", "web"])?, ["10.1.0.1"]);
    // 10 seconds of the forgiven minute are left to this one.
    lab.write_token(&lab.server().token("new-token", SERVICE_ACCOUNT, "-50s")?)?;
    assert_eq!(lab.names(&["--service", "web"])?, ["10.1.0.1"]);
    Ok(())
}

pub(crate) fn a_wrong_authority_fails_at_once_and_is_told_nothing() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "wrong-ca")?;
    let other = lab.file("other-ca.crt");
    fs::write(&other, rcgen::generate_simple_self_signed(["other".to_owned()])?.cert.pem())?;
    let user = json!({"tokenFile": lab.token_file()});
    let kubeconfig = lab.kubeconfig_of(user).authority(&other).write(lab.file("untrusting"))?;
    let refused = lab.members(&["-l", "app=web"])?.variable("KUBECONFIG", kubeconfig).run()?.with_code(1)?;
    assert_eq!(refused.stdout(), "");
    assert!(refused.stderr().contains("certificate"), "{refused}");
    assert!(refused.stderr().contains("authority"), "{refused}");
    assert!(refused.took() < AT_ONCE, "{refused}");

    // The next request of this user is the first that the server hears of.
    lab.members(&["-l", "app=web"])?.run()?.with_code(0)?;
    let asked = lab.server().audit()?.into_iter().filter(|entry| entry.user == lab.user()).count();
    assert!(asked <= 1, "{asked} requests");
    Ok(())
}

pub(crate) fn a_client_certificate_is_enough() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "certificate")?;
    lab.serve("web", &Pod::stateful_set("web", 1))?;
    let admin = lab.server().kubeconfig();
    let listed = lab.members(&["--service", "web", "-n", "certificate"])?.variable("KUBECONFIG", admin).run()?;
    assert_eq!(listed.with_code(0)?.lines(), ["10.1.0.1"]);
    let asked = lab.server().audit()?;
    let mut ours =
        asked.iter().filter(|entry| entry.agent.starts_with("quorate/") && entry.uri.contains("/certificate/"));
    assert!(ours.all(|entry| entry.user == "kubernetes-admin"));
    Ok(())
}

/// The command looks for them where a kubelet mounts them, which no test can write to; the library takes any folder.
pub(crate) fn the_files_of_a_pod_are_enough() -> Result<(), Trouble> {
    let lab = Lab::new(&ApiServer::shared()?, "in-cluster")?;
    lab.serve("web", &Pod::stateful_set("web", 1))?;
    let folder = lab.file("serviceaccount");
    fs::create_dir(&folder)?;
    fs::copy(lab.token_file(), folder.join("token"))?;
    fs::copy(lab.server().authority(), folder.join("ca.crt"))?;
    fs::write(folder.join("namespace"), lab.namespace())?;
    let address = lab.server().url().trim_start_matches("https://").split_once(':');
    let (host, port) = address.ok_or_else(|| Trouble::new("the server's URL has no port"))?;
    let pod = InCluster { host: Some(host.to_owned()), port: Some(port.to_owned()), service_account: folder };
    let config = Config::in_cluster(&pod)?;
    assert_eq!(config.namespace(), Some("in-cluster"));
    let listed = in_process::list(in_process::options(&lab, "app=web")?.build()?, &Client::new(config))?;
    assert_eq!(in_process::names(&listed.outcome?), ["10.1.0.1"]);
    Ok(())
}
