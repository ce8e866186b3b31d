//! Who is there, made anew from all objects (design §3, *Who counts* and *Names*).

use std::collections::BTreeMap;
use std::net::IpAddr;

use quorate_core::api::ObjectReference;
use quorate_core::membership::{Endpoint, Family, Identity, Member, MemberState, Object, ObjectKey, Policy};
use quorate_core::name::NameMode;

/// A member in plain values, as far as it is told apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlainMember {
    pub(super) name: String,
    pub(super) identity: Identity,
    address: IpAddr,
    pub(super) state: MemberState,
    pub(super) admitted: bool,
    hostname: Option<String>,
    source: ObjectReference,
}

impl PlainMember {
    pub(super) fn of(member: &Member) -> Self {
        Self {
            name: member.name.as_str().into(),
            identity: member.identity(),
            address: member.address,
            state: member.state,
            admitted: member.admitted,
            hostname: member.hostname.as_deref().map(Into::into),
            source: member.source.clone(),
        }
    }

    /// Whether nothing follows from the difference: another object tells the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        Self { source: other.source.clone(), ..self.clone() } == *other
    }

    pub(super) fn is_told_of_in(&self, namespace: &str) -> bool {
        *self.source.namespace == *namespace
    }
}

/// One object's word on somebody.
struct Word<'a> {
    object: &'a Object,
    endpoint: &'a Endpoint,
}

/// Orders as the integer that a version is; what is none is the oldest.
fn number(version: &str) -> Option<(usize, &str)> {
    let digits = version.trim_start_matches('0');
    let is_decimal = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_decimal.then_some((digits.len(), digits))
}

/// What the objects make: who is known by which name, and everybody of whom any object tells.
pub(super) fn make(
    objects: &BTreeMap<ObjectKey, Object>,
    policy: &Policy,
) -> (BTreeMap<String, PlainMember>, BTreeMap<Identity, MemberState>) {
    let mut words: BTreeMap<Identity, Vec<Word<'_>>> = BTreeMap::new();
    for object in objects.values() {
        for endpoint in &object.endpoints {
            let identity = match &endpoint.pod {
                Some(pod) => Some(Identity::Pod(pod.uid.clone())),
                None => choose(endpoint, policy.family)
                    .map(|address| Identity::Address(endpoint.namespace.clone(), address)),
            };
            if let Some(identity) = identity {
                words.entry(identity).or_default().push(Word { object, endpoint });
            }
        }
    }
    let states = words.iter().map(|(identity, words)| (identity.clone(), latest(words).state)).collect();
    let mut claims: Vec<PlainMember> =
        words.into_iter().filter_map(|(identity, words)| member(identity, words, policy)).collect();
    // Admitted before not, ready before not terminating before terminating, and then the lowest identity: the best come first.
    let precedence = |state| match state {
        MemberState::Ready => 0,
        MemberState::Terminating => 2,
        _ => 1,
    };
    claims.sort_by_key(|plain| (!plain.admitted, precedence(plain.state), plain.identity.clone()));
    let mut expected = BTreeMap::new();
    for claim in claims {
        expected.entry(claim.name.clone()).or_insert(claim);
    }
    (expected, states)
}

fn choose(endpoint: &Endpoint, preferred: Option<Family>) -> Option<IpAddr> {
    pick(
        endpoint.addresses.v4.map(IpAddr::V4),
        endpoint.addresses.v6.map(IpAddr::V6),
        preferred.or(endpoint.addresses.primary),
    )
}

fn pick(v4: Option<IpAddr>, v6: Option<IpAddr>, family: Option<Family>) -> Option<IpAddr> {
    if family == Some(Family::Ipv6) { v6.or(v4) } else { v4.or(v6) }
}

/// The newest object first; which of two equals is first depends on nothing but what they are called.
fn sort(words: &mut [Word<'_>]) {
    words.sort_by(|one, other| {
        let of = |word: &Word<'_>| word.object.reference.clone();
        let newness = |word: &Word<'_>| {
            number(word.object.resource_version.as_str()).map(|(length, text)| (length, text.to_owned()))
        };
        let address = |word: &Word<'_>| choose(word.endpoint, None);
        newness(other).cmp(&newness(one)).then(of(one).cmp(&of(other))).then(address(one).cmp(&address(other)))
    });
}

/// The end in any copy wins, and then terminating; else the newest.
fn latest<'a>(words: &[Word<'a>]) -> &'a Endpoint {
    let mut sorted: Vec<_> = words.iter().map(|word| Word { object: word.object, endpoint: word.endpoint }).collect();
    sort(&mut sorted);
    let stage = |word: &&Word<'_>| match word.endpoint.state {
        MemberState::Failed | MemberState::Succeeded => 0,
        MemberState::Terminating => 1,
        _ => 2,
    };
    sorted.iter().min_by_key(stage).map_or(words[0].endpoint, |word| word.endpoint)
}

fn member(identity: Identity, mut words: Vec<Word<'_>>, policy: &Policy) -> Option<PlainMember> {
    sort(&mut words);
    let (latest, newest) = (latest(&words), &words[0]);
    if matches!(latest.state, MemberState::Failed | MemberState::Succeeded) {
        return None;
    }
    let first = |get: fn(&Word<'_>) -> Option<IpAddr>| words.iter().find_map(get);
    let (v4, v6) = (
        first(|word| word.endpoint.addresses.v4.map(IpAddr::V4)),
        first(|word| word.endpoint.addresses.v6.map(IpAddr::V6)),
    );
    let primary = words.iter().find_map(|word| word.endpoint.addresses.primary);
    let address = pick(v4, v6, policy.family.or(primary))?;
    let named = words.iter().find(|word| word.endpoint.hostname.is_some()).unwrap_or(newest);
    let hostname = named.endpoint.hostname.as_deref();
    let naming = &policy.naming;
    let namespace = &*newest.endpoint.namespace;
    let host = match naming.mode {
        NameMode::Ip => address.to_string(),
        NameMode::Dns => {
            let dashed = address.to_string().replace(['.', ':'], "-");
            format!("{dashed}.{}.pod.cluster.local", label(namespace)?)
        }
        NameMode::Hostname => {
            let service = named.endpoint.service.as_deref()?;
            format!("{}.{}.{}.svc.cluster.local", label(hostname?)?, label(service)?, label(namespace)?)
        }
    };
    let name =
        naming.basename.as_ref().map_or_else(|| host.clone(), |basename| format!("{}@{host}", basename.as_str()));
    Some(PlainMember {
        name,
        identity,
        address,
        state: latest.state,
        admitted: policy.admission.admits(latest.state, latest.serving),
        hostname: hostname.map(Into::into),
        source: newest.object.reference.clone(),
    })
}

/// The names of our own server are labels; what is missing is none.
fn label(text: &str) -> Option<&str> {
    let is_label = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    is_label.then_some(text)
}
