//! M1 to M5: one follower of the members, and what the server has.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;

use super::{Broken, Promise};
use crate::api::Uid;
use crate::membership::{Change, Event, LinkId, Member, News, Order, Report, Standing, View};
use crate::name::{Basename, Host, Naming, NodeName};

type Members = BTreeMap<NodeName, Arc<Member>>;

/// What the server has had: pods, by their uid.
#[derive(Clone, Debug, Default)]
pub struct ServerTruth {
    /// Until which version; `None` while it exists.
    pods: BTreeMap<Uid, Option<u64>>,
    /// Who has gone without the objects that tell of the members saying so yet.
    going: BTreeSet<Uid>,
}

impl ServerTruth {
    /// A pod has come that can be named.
    pub fn came(&mut self, uid: Uid) {
        self.pods.insert(uid, None);
    }

    /// A pod has gone, or ended.
    pub fn went(&mut self, uid: Uid) {
        self.going.insert(uid);
    }

    /// The objects that tell of the members say, at this version, whatever came and went.
    pub fn settled(&mut self, version: u64) {
        for uid in core::mem::take(&mut self.going) {
            self.pods.insert(uid, Some(version));
        }
    }

    fn exists(&self, uid: &Uid) -> bool {
        self.pods.get(uid).is_some_and(Option::is_none) && !self.going.contains(uid)
    }

    fn gone_since(&self, uid: &Uid) -> Option<u64> {
        self.pods.get(uid).copied().flatten()
    }
}

/// Holds what one follower of the members does against M1 to M5.
#[derive(Clone, Debug)]
pub struct MembershipPromises {
    self_name: Option<NodeName>,
    naming: Naming,
    /// The version up to which it was told of everything.
    known: u64,
    /// Whom the view has ever had.
    managed: BTreeSet<NodeName>,
    /// Whose links it was told are up, and not that they are down.
    up: BTreeSet<String>,
    /// The attempts in flight, and their names.
    attempts: BTreeMap<LinkId, (NodeName, bool)>,
    /// The last attempt on each name.
    last: BTreeMap<String, LinkId>,
}

impl MembershipPromises {
    /// For a follower that has yet to be started; its own name, if it is a member, and how members are called.
    #[must_use]
    pub const fn new(self_name: Option<NodeName>, naming: Naming) -> Self {
        Self {
            self_name,
            naming,
            known: 0,
            managed: BTreeSet::new(),
            up: BTreeSet::new(),
            attempts: BTreeMap::new(),
            last: BTreeMap::new(),
        }
    }

    /// A line of its watch with this version is about to be fed.
    pub fn told(&mut self, version: u64) {
        self.known = self.known.max(version);
    }

    /// It has emitted something.
    ///
    /// # Errors
    ///
    /// M1 if a member was lost that is there, or revived that it knows to be gone; M5 if a name does not parse back.
    pub fn heard(&mut self, event: &Event, truth: &ServerTruth) -> Result<(), Broken> {
        match event {
            Event::Source(News::Listed { version, .. }) => {
                self.known = version.as_str().parse().map_or(self.known, |version| self.known.max(version));
            }
            Event::Change(Change::Joined(member) | Change::Changed { after: member, .. }) => {
                self.check_name(member)?;
                let since = uid(member).and_then(|uid| truth.gone_since(uid)).filter(|since| *since <= self.known);
                if let Some(since) = since {
                    let what = format!("{} is revived, which has been gone since version {since}", member.name);
                    return Err(Broken::new(Promise::M1, what));
                }
                self.managed.insert(member.name.clone());
            }
            Event::Change(Change::Left { member, why }) if uid(member).is_some_and(|uid| truth.exists(uid)) => {
                return Err(Broken::new(Promise::M1, format!("{} is lost ({why}), and is there", member.name)));
            }
            _ => {}
        }
        Ok(())
    }

    fn check_name(&self, member: &Member) -> Result<(), Broken> {
        let name = member.name.as_str();
        let parts = self.naming.parse(name);
        let basename = self.naming.basename.as_ref().map(Basename::as_str);
        if parts.is_ok_and(|parts| parts.basename == basename && is_host_of(&parts.host, member)) {
            return Ok(());
        }
        Err(Broken::new(Promise::M5, format!("{name} does not parse back")))
    }

    /// It has ordered something; `members` is its view after that.
    ///
    /// # Errors
    ///
    /// M3 if it is not to be done.
    pub fn ordered(&mut self, order: &Order, members: &Members) -> Result<(), Broken> {
        let (id, peer, connects) = match order {
            Order::Connect { id, peer } => (*id, peer, true),
            Order::Disconnect { id, peer } => (*id, peer, false),
            Order::Abandon(id) => {
                self.attempts.remove(id);
                return Ok(());
            }
            Order::ListConnected { .. } => return Ok(()),
        };
        let name = &peer.name;
        let is_kept = members.get(name).is_some_and(|member| member.identity() == peer.identity());
        let fault = match connects {
            _ if self.self_name.as_ref() == Some(name) => Some("it is ourselves"),
            _ if self.attempts.values().any(|(other, _)| other == name) => Some("an attempt on it is in flight"),
            true if self.up.contains(name.as_str()) => Some("it is connected"),
            true if !is_kept => Some("it is no member"),
            false if is_kept => Some("it is kept"),
            false if !self.managed.contains(name) => Some("it is not managed"),
            _ => None,
        };
        if let Some(fault) = fault {
            return Err(Broken::new(Promise::M3, format!("{order}, but {fault}")));
        }
        self.attempts.insert(id, (name.clone(), connects));
        self.last.insert(name.to_string(), id);
        Ok(())
    }

    /// A report is about to be fed.
    pub fn reported(&mut self, report: &Report) {
        match report {
            Report::Ended { id, outcome } => match (self.attempts.remove(id), outcome) {
                (Some((name, true)), Ok(())) => drop(self.up.insert(name.to_string())),
                (Some((name, false)), Ok(())) => drop(self.up.remove(name.as_str())),
                _ => {}
            },
            Report::Dropped { name } => drop(self.up.remove(name)),
            Report::Listed { id, names: Ok(Some(names)) } => {
                // What was attempted since tells more.
                let last = &self.last;
                let is_older = |name: &str| last.get(name).is_none_or(|attempt| attempt < id);
                self.up.retain(|name| names.contains(name) || !is_older(name));
                self.up.extend(names.iter().filter(|name| is_older(name)).cloned());
            }
            _ => {}
        }
    }

    /// Nothing has gone wrong for long enough: its view is that of the server, and its links are those of the view.
    ///
    /// `all` is the view of all whom the objects tell of, `admitted` that of those who are admitted. `link` says of a name
    /// whether it is connected, and `fails` whether connects to it keep failing.
    ///
    /// # Errors
    ///
    /// M4 if its view differs, M2 if its links do.
    pub fn settled<'a>(
        &self,
        (members, standing): (&Members, &Standing),
        (all, admitted): (&View, &View),
        mut links: impl Iterator<Item = &'a str>,
        is_linked: impl Fn(&str) -> bool,
        fails: impl Fn(&str) -> bool,
    ) -> Result<(), Broken> {
        if *standing != Standing::Live {
            return Err(Broken::new(Promise::M4, format!("the view is not current: {standing}")));
        }
        if let Some(name) = all.members.keys().find(|name| !members.contains_key(*name)) {
            return Err(Broken::new(Promise::M4, format!("{name} is missing")));
        }
        for (name, member) in members {
            let Some(truth) = all.members.get(name) else {
                return Err(Broken::new(Promise::M4, format!("{name} is gone, and still a member")));
            };
            let is_admitted =
                admitted.members.get(name).is_some_and(|admitted| admitted.identity() == member.identity());
            if (truth.identity(), truth.state, is_admitted) != (member.identity(), member.state, member.admitted) {
                let (held, told) = (member.state, truth.state);
                return Err(Broken::new(Promise::M4, format!("{name} is held for {held}, and is {told}")));
            }
        }
        let is_self = |name: &NodeName| self.self_name.as_ref() == Some(name);
        let missing =
            admitted.members.keys().find(|name| !is_self(name) && !is_linked(name.as_str()) && !fails(name.as_str()));
        if let Some(name) = missing {
            return Err(Broken::new(Promise::M2, format!("{name} is admitted, and not connected")));
        }
        match links.find(|name| !all.members.contains_key(*name)) {
            Some(name) => Err(Broken::new(Promise::M2, format!("{name} is connected, and no member"))),
            None => Ok(()),
        }
    }
}

fn uid(member: &Member) -> Option<&Uid> {
    member.pod.as_ref().map(|pod| &pod.uid)
}

/// Names of another form than the address's are made of what a member no longer knows.
fn is_host_of(host: &Host<'_>, member: &Member) -> bool {
    !matches!(host, Host::Ip(address) if *address != member.address)
}
