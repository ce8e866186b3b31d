//! Which objects are asked for.

use serde_json::json;

use super::http::query;
use super::subject::Subject;
use crate::trouble::Trouble;

fn fill(it: &Subject<'_>) -> Result<(), Trouble> {
    it.create_labelled("a", json!({"app": "web", "role": "primary"}))?;
    it.create_labelled("b", json!({"app": "web", "role": "replica"}))?;
    it.create_labelled("c", json!({"app": "db", "empty": ""}))?;
    it.create_pod("d")?;
    Ok(())
}

pub(super) fn labels_select(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    let cases: [(&str, &[&str]); 17] = [
        ("app=web", &["a", "b"]),
        ("app==web", &["a", "b"]),
        ("app!=web", &["c", "d"]),
        ("app in (web,db)", &["a", "b", "c"]),
        ("app in (none)", &[]),
        ("app notin (web)", &["c", "d"]),
        ("app", &["a", "b", "c"]),
        ("!app", &["d"]),
        ("app=web,role=replica", &["b"]),
        ("app in (web, db),!role", &["c"]),
        ("app=web,role!=primary,role", &["b"]),
        ("app=web,app=db", &[]),
        ("empty=", &["c"]),
        ("empty", &["c"]),
        ("role notin (primary, replica)", &["c", "d"]),
        (" app = web , role = primary ", &["a"]),
        ("", &["a", "b", "c", "d"]),
    ];
    for (selector, expected) in cases {
        it.list(&[("labelSelector", selector)])?.lists(expected)?;
    }
    Ok(())
}

pub(super) fn a_bad_label_selector_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    for (selector, expected) in [
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("app in web", "unable to parse requirement: found 'web' expected: '('"),
        ("app in (web", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("app=web,", "found '', expected: identifier after ','"),
        ("app=not good", "found 'good', expected: ',' or 'end of string'"),
        ("app=web,=db", "found '=', expected: identifier after ','"),
        (
            "app>web",
            "unable to parse requirement: values[0]: Invalid value: \"web\": for 'Gt', 'Lt' operators, \
             the value must be an integer",
        ),
    ] {
        let answer = it.api.get(&query(&it.pods(), &[("labelSelector", selector)]))?;
        let status = answer.refused(400, "BadRequest")?;
        status.is("/message", expected)?;
    }
    let answer = it.api.get(&query(&it.pods(), &[("labelSelector", "app=a_b/c")]))?;
    let beginning = "unable to parse requirement: values[0][app]: Invalid value: \"a_b/c\": a valid label must be";
    answer.refused(400, "BadRequest")?.mentions("/message", beginning)?;
    Ok(())
}

pub(super) fn fields_of_pods_select(it: &Subject<'_>) -> Result<(), Trouble> {
    fill(it)?;
    it.api
        .patch(&format!("{}/status", it.pod("b")), &json!({"status": {"phase": "Running", "podIP": "10.1.0.1"}}))?
        .ok()?;
    let cases: [(&str, &[&str]); 10] = [
        ("metadata.name=a", &["a"]),
        ("metadata.name==a", &["a"]),
        ("metadata.name!=a", &["b", "c", "d"]),
        ("metadata.name=none", &[]),
        ("metadata.namespace=none", &[]),
        ("status.phase=Running", &["b"]),
        ("status.phase!=Running", &["a", "c", "d"]),
        ("spec.nodeName=node-a", &["a", "b", "c", "d"]),
        ("status.podIP=10.1.0.1", &["b"]),
        ("status.phase=Pending,metadata.name!=a", &["c", "d"]),
    ];
    for (selector, expected) in cases {
        it.list(&[("fieldSelector", selector)])?.lists(expected)?;
    }
    it.list(&[("fieldSelector", "status.phase=Pending"), ("labelSelector", "app=web")])?.lists(&["a"])?;
    Ok(())
}

pub(super) fn an_unsupported_field_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let answer = it.api.get(&query(&it.pods(), &[("fieldSelector", "spec.foo=x")]))?;
    answer.refused(400, "BadRequest")?.is("/message", "field label not supported: spec.foo")?;
    // A pod's is no lease's.
    let answer = it.api.get(&query(&it.leases(), &[("fieldSelector", "status.phase=Running")]))?;
    answer.refused(400, "BadRequest")?.mentions(
        "/message",
        "\"status.phase\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
    )?;
    Ok(())
}

pub(super) fn a_bad_field_selector_is_400(it: &Subject<'_>) -> Result<(), Trouble> {
    let answer = it.api.get(&query(&it.pods(), &[("fieldSelector", "metadata.name")]))?;
    answer
        .refused(400, "BadRequest")?
        .mentions("/message", "invalid selector: 'metadata.name'; can't understand 'metadata.name'")?;
    Ok(())
}

pub(super) fn watches_refuse_what_lists_refuse(it: &Subject<'_>) -> Result<(), Trouble> {
    for parameters in [("labelSelector", "=x"), ("fieldSelector", "spec.foo=x"), ("fieldSelector", "metadata.name")] {
        it.api.get(&it.watch_target(&[parameters]))?.refused(400, "BadRequest")?;
    }
    Ok(())
}
