//! Where we differ from libcluster on purpose, and why. `4a#n` is the number of the defect in `peers.md`.
//!
//! The table is tight: a case that is not in it must agree, and one that is in it must differ, in just this way.

/// One intended difference.
pub(crate) struct Difference {
    pub(crate) case: &'static str,
    /// Which answer of the case, counted from 1.
    pub(crate) step: usize,
    pub(crate) ours: Expect,
    pub(crate) why: &'static str,
}

/// What we make of it instead.
#[derive(Debug)]
pub(crate) enum Expect {
    /// These members, and among what was skipped a line with each of these texts.
    Members(&'static [&'static str], &'static [&'static str]),
    /// A whole list is still to come.
    NextPage,
    /// A failure that says this.
    NoAnswer(&'static str),
    /// A configuration error that says this.
    Refused(&'static str),
    /// Nothing to refuse: our types have no such value.
    Inexpressible,
}

use Expect::{Inexpressible, Members, NextPage, NoAnswer, Refused};

const fn differs(case: &'static str, ours: Expect, why: &'static str) -> Difference {
    at_step(case, 1, ours, why)
}

const fn at_step(case: &'static str, step: usize, ours: Expect, why: &'static str) -> Difference {
    Difference { case, step, ours, why }
}

const FORBIDDEN: &str = "4a#1: a 403 is no empty list: it disconnected everyone";
const FORBIDDEN_CRASH: &str = "4a#2: a 403 need not carry a Status: it crashed, and forgot its nodes";
const UNDECODABLE_CRASH: &str =
    "4a#3: an answer that does not decode is a failure like others: it crashed, and forgot its nodes";
const NO_LIST: &str = "4a#4: a 200 that is no list is no empty list: it disconnected everyone";
const NO_KIND: &str = "4a#4: a list that does not say of what is none that we asked for; the server always says";
const NO_TARGET: &str = "4a#9: endpoints made by hand have no pod, but are members: it crashed";
const NO_POD: &str = "4a#9: without a pod behind it an address is in its object's namespace: the name had none";
const NO_HOSTNAME: &str = "4a#10: without a host name there is no name: all became one bogus name";
const NO_SERVICE: &str = "4a#10: without a Service the object's own is taken: the name had two dots";
const COLONS: &str = "4a#11: the colons of an address become dashes too: the name had colons in its host";
const ENDED: &str = "4a#12: a pod that has failed or succeeded is no member: its address may be somebody else's";
const BASENAME: &str = "a basename that no Erlang node can have is refused";
const NO_BASENAME: &str = "4a#25: without a basename the name is the bare host; it crashed, or named nobody";
const NO_ADDRESS: &str = "what is no address is skipped: it made a name without a host, or crashed";
const NOT_A_LABEL: &str = "a host name is an RFC 1123 label: such a name resolves nowhere; a longer one crashed it";
const NAMESPACE: &str = "a namespace is checked before it becomes a part of the path: it asked for something else";
const NO_NAMESPACE: &str = "4a#26: without a namespace it asked for a path that does not exist, at every poll";
const NO_SELECTOR: &str =
    "4a#25: without a selector nothing is asked for, and that is an error: it disconnected everyone, or crashed";
const SELECTOR: &str =
    "4a#6: a selector is checked before it is sent: it added parameters, or was refused at every poll";
const WRONG_TYPE: &str = "a field of another type makes the answer undecodable: it crashed, and forgot its nodes";

/// Bodies without a `kind` are compared twice: as recorded, and as `<case>+kind` with the kind that the server would write.
pub(crate) const DIFFERENCES: &[Difference] = &[
    // The configuration.
    differs("defaults_only", Refused("\"\" is not a namespace"), NO_NAMESPACE),
    differs("ns_empty", Refused("\"\" is not a namespace"), NO_NAMESPACE),
    differs("ns_service_account_empty", Refused("\"\" is not a namespace"), NO_NAMESPACE),
    differs("ns_weird", Refused("\"a/b?c=d\" is not a namespace: it takes 1 to 63 lower-case letters"), NAMESPACE),
    differs("ns_percent", Refused("\"a%2fb%7Ec\" is not a namespace"), NAMESPACE),
    differs("ns_hash", Refused("\"a#b\" is not a namespace"), NAMESPACE),
    differs("ns_unicode", Refused("\"прод\" is not a namespace"), NAMESPACE),
    differs(
        "basename_weird",
        Refused("\"my-app@x\" is not a basename: it takes letters, digits, '_' and '-'"),
        BASENAME,
    ),
    differs("basename_unicode", Refused("\"мойапп\" is not a basename"), BASENAME),
    differs("basename_empty", Refused("\"\" is not a basename"), BASENAME),
    differs("basename_nil", Members(&["10.0.0.1"], &[]), NO_BASENAME),
    differs("basename_missing", Members(&["10.0.0.1"], &[]), NO_BASENAME),
    differs("selector_nil", Refused("nothing is selected: give a label selector"), NO_SELECTOR),
    differs("selector_missing", Refused("nothing is selected: give a label selector"), NO_SELECTOR),
    differs("sel_amp", Refused("\"app&x=1\" after \"app=my \" where a comma or the end should stand"), SELECTOR),
    differs("sel_already_encoded", Refused("a label key"), SELECTOR),
    differs("sel_quote", Refused("\"'a\\\"b'\" after \"app=\" where a label value"), SELECTOR),
    differs("sel_unicode", Refused("\"приложение\" after \"app=\" where a label value"), SELECTOR),
    differs("sel_question", Refused("after \"app=\" where a label value"), SELECTOR),
    differs("sel_newline", Refused("\"b\" after \"app=a\\n\" where a comma or the end"), SELECTOR),
    differs("sel_pipe", Refused("a label key"), SELECTOR),
    differs("use_cached", Refused("after \"app=my \" where a comma or the end"), SELECTOR),
    differs("cluster_domain_env_empty", Refused("\"\" is not a cluster domain"), "an empty domain ends no name"),
    differs("mode_unknown", Inexpressible, "an unknown mode is nothing to run with: it crashed once a node was found"),
    // The status.
    differs("topology_name", NoAnswer("forbidden: nope"), FORBIDDEN),
    differs("http_403", NoAnswer("forbidden: endpoints is forbidden"), FORBIDDEN),
    differs("http_403_pods", NoAnswer("forbidden: pods is forbidden"), FORBIDDEN),
    at_step("seq_403_tears_down", 2, NoAnswer("forbidden: forbidden"), FORBIDDEN),
    differs("http_403_not_json", NoAnswer("forbidden: <html>Forbidden</html>"), FORBIDDEN_CRASH),
    differs("http_403_message_object", NoAnswer("forbidden: {\"message\":{\"a\":1}}"), FORBIDDEN_CRASH),
    differs("http_403_empty", NoAnswer("forbidden"), FORBIDDEN_CRASH),
    differs(
        "http_redirect_same_host",
        NoAnswer("status 307"),
        "4a#23: redirects are not followed: the token went along",
    ),
    // The body.
    differs("http_200_empty", NoAnswer("EOF"), UNDECODABLE_CRASH),
    differs("http_200_html", NoAnswer("expected value at line 1"), UNDECODABLE_CRASH),
    differs("http_200_bom", NoAnswer("expected value at line 1"), UNDECODABLE_CRASH),
    differs("http_200_bad_utf8", NoAnswer("the answer is"), UNDECODABLE_CRASH),
    differs("http_200_bad_utf8+kind", NoAnswer("the answer is not the JSON"), UNDECODABLE_CRASH),
    differs("ep_items_missing", NoAnswer("expected EndpointsList, found \"Status\""), NO_LIST),
    differs("ep_items_object", NoAnswer("an array of objects or null"), NO_LIST),
    differs("ep_items_object+kind", NoAnswer("an array of objects or null"), NO_LIST),
    differs("ep_toplevel_list", NoAnswer("expected a Kubernetes list"), NO_LIST),
    differs("ep_toplevel_null", NoAnswer("expected a Kubernetes list"), NO_LIST),
    differs("pod_items_object", NoAnswer("an array of objects or null"), NO_LIST),
    differs("pod_items_object+kind", NoAnswer("an array of objects or null"), NO_LIST),
    differs("pod_items_null", NoAnswer("no kind at all"), NO_KIND),
    differs("pod_namespace_missing", NoAnswer("no kind at all"), NO_KIND),
    differs("pod_spec_null", NoAnswer("no kind at all"), NO_KIND),
    differs("pod_spec_list", NoAnswer("the answer is not the JSON"), WRONG_TYPE),
    differs(
        "ep_dup_keys",
        NoAnswer("duplicate field `items`"),
        "two lists in one leave open which is meant: it took the first",
    ),
    differs(
        "ep_dup_keys+kind",
        NoAnswer("duplicate field `items`"),
        "two lists in one leave open which is meant: it took the first",
    ),
    differs(
        "ep_continue_token",
        NextPage,
        "a list in pages is read to its end: the rest was missing, and disconnected",
    ),
    differs("ep_ip_object", NoAnswer("invalid type: map"), WRONG_TYPE),
    differs("ep_address_string", NoAnswer("invalid type: string"), WRONG_TYPE),
    differs("pod_spec_string", NoAnswer("invalid type: string"), WRONG_TYPE),
    differs("pod_spec_string+kind", NoAnswer("invalid type: string"), WRONG_TYPE),
    differs("pod_spec_list+kind", NoAnswer("the answer is not the JSON"), WRONG_TYPE),
    // Who counts.
    differs("ep_targetref_null", Members(&["myapp@10.0.0.2"], &[]), NO_TARGET),
    at_step("seq_targetref_crash_midway", 2, Members(&["myapp@10.0.0.1", "myapp@10.5.5.5"], &[]), NO_TARGET),
    differs(
        "ep_dual_stack",
        Members(&["myapp@10.0.0.1"], &[]),
        "one pod with two addresses is one member: it was two nodes",
    ),
    differs(
        "pod_phases",
        Members(
            &["myapp@10.0.0.1", "myapp@10.0.0.2", "myapp@10.0.0.5", "myapp@10.0.0.6"],
            &["it has ended", "it has ended", "it has no address yet"],
        ),
        ENDED,
    ),
    differs("ep_ip_null", Members(&[], &["it has no address yet"]), NO_ADDRESS),
    differs("ep_ip_null_dns", Members(&[], &["it has no address yet"]), NO_ADDRESS),
    differs("pod_ip_null", Members(&["myapp@10.0.0.2"], &[]), NO_ADDRESS),
    differs("pod_ip_empty", Members(&["myapp@10.0.0.2"], &[]), NO_ADDRESS),
    differs("pod_ip_null_dns", Members(&[], &["it has no address yet"]), NO_ADDRESS),
    differs(
        "pod_namespace_missing+kind",
        Members(&["myapp@10.0.0.1", "myapp@10.0.0.2"], &[]),
        "an address is a name without a namespace: it dropped the pod in silence; the server always writes one",
    ),
    // Names.
    differs("endpoints_hostname_nohostname", Members(&[], &["it has no host name"]), NO_HOSTNAME),
    differs("ep_hostname_dup", Members(&[], &["it has no host name"]), NO_HOSTNAME),
    differs("pod_spec_null+kind", Members(&[], &["it has no host name"]), NO_HOSTNAME),
    at_step(
        "seq_hostname_change",
        2,
        Members(&["myapp@db-0.myapp-headless.prod.svc.cluster.local"], &["it has no host name"]),
        NO_HOSTNAME,
    ),
    differs("cluster_name_hostname_nosvc", Members(&["myapp@h0.myapp.prod.svc.cluster.local"], &[]), NO_SERVICE),
    differs("ep_long_name", Members(&[], &["is not an RFC 1123 label"]), NOT_A_LABEL),
    differs("ep_name_255", Members(&[], &["is not an RFC 1123 label"]), NOT_A_LABEL),
    differs("ep_targetref_ns_null", Members(&["myapp@10-0-0-2.prod.pod.cluster.local"], &[]), NO_POD),
    differs("ep_targetref_node_kind", Members(&["myapp@10-0-0-2.prod.pod.cluster.local"], &[]), NO_POD),
    differs(
        "ep_ipv6_dns",
        Members(&["myapp@fd00--1.prod.pod.cluster.local", "myapp@2001-db8-0-1--a.prod.pod.cluster.local"], &[]),
        COLONS,
    ),
    differs("pod_ipv6_primary_dns", Members(&["myapp@fd00-10-244--7.prod.pod.cluster.local"], &[]), COLONS),
];

/// Requests that differ, and why.
pub(crate) const REQUEST_DIFFERENCES: &[(&str, &str)] =
    &[("master_with_path_trick", "a path in the server's address is the transport's: ours is relative to it")];
