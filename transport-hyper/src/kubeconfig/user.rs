//! The user of a context: who we are.

use super::Entry;
use super::document::{User, set};
use crate::config::{Draft, Fault};
use crate::credentials::Token;
use crate::material::Material;
use crate::tls::{Identity, Trust};

/// Adds the user's credentials to a draft that has its server already.
pub(super) fn draft(entry: &Entry<'_, User>, draft: &mut Draft) {
    refuse_unsupported(entry, &mut draft.faults);
    let token = token(entry);
    let identity = identity(entry, &mut draft.faults);
    if token.is_none() && identity.is_none() {
        return;
    }
    let Some(server) = &draft.server else {
        // The draft cannot become a configuration; what is left is to find every fault.
        (draft.token, draft.identity) = (token, identity);
        return;
    };
    if !server.is_https() {
        let problem = format!("its context leads to {server}, and they are not sent unencrypted");
        draft.faults.push(Fault::new(
            entry.place("credentials"),
            problem,
            "use an https:// server, or a user without any",
        ));
    } else if matches!(draft.trust, Some(Trust::Unverified)) {
        draft.warnings.push(format!(
            "{} are not sent: its cluster has insecure-skip-tls-verify, so whoever answers \
             could take them",
            entry.place("credentials")
        ));
    } else {
        (draft.token, draft.identity) = (token, identity);
    }
}

fn token(entry: &Entry<'_, User>) -> Option<Token> {
    let user = entry.value;
    // As in client-go, the file wins.
    if let Some(path) = set(user.token_file.as_deref()) {
        return Some(Token::new(Material::file(entry.place("tokenFile"), entry.beside(path))));
    }
    let token = user.token.as_ref().filter(|token| !token.is_empty())?;
    Some(Token::new(Material::inline(entry.place("token"), token.clone())))
}

fn identity(entry: &Entry<'_, User>, faults: &mut Vec<Fault>) -> Option<Identity> {
    let user = entry.value;
    let faults_before = faults.len();
    let chain = entry.material(
        "client-certificate",
        user.client_certificate.as_deref(),
        user.client_certificate_data.as_ref(),
        faults,
    );
    let key = entry.material("client-key", user.client_key.as_deref(), user.client_key_data.as_ref(), faults);
    match (chain, key) {
        (Some(chain), Some(key)) => Some(Identity { chain, key }),
        (None, None) => None,
        // One of the two may be missing because it could not be decoded, which has been said.
        _ if faults.len() > faults_before => None,
        (Some(_), None) => {
            faults.push(Fault::new(entry.place("client-key"), "is not set beside client-certificate", "name the key"));
            None
        }
        (None, Some(_)) => {
            let remedy = "name the certificate";
            faults.push(Fault::new(entry.place("client-certificate"), "is not set beside client-key", remedy));
            None
        }
    }
}

fn refuse_unsupported(entry: &Entry<'_, User>, faults: &mut Vec<Fault>) {
    let user = entry.value;
    let other = "use a client certificate, a token or a tokenFile";
    let itself = "use credentials of the user that is meant";
    for (field, present, remedy) in [
        ("exec", user.exec, "run the plugin beforehand and name the file that its token goes to as tokenFile"),
        ("auth-provider", user.auth_provider, other),
        ("username", user.username, other),
        ("password", user.password, other),
        ("as", user.act_as, itself),
        ("as-uid", user.as_uid, itself),
        ("as-groups", user.as_groups, itself),
        ("as-user-extra", user.as_user_extra, itself),
    ] {
        if present.0 {
            faults.push(entry.unsupported(field, remedy));
        }
    }
}
