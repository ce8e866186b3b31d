//! Objects out of a file: YAML of any number of documents, or JSON.

use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

/// The longest file that is read, in bytes, and one.
const FILE_BYTES: u64 = (64 << 20) + 1;

pub(super) fn objects(file: &Path) -> Result<Vec<Value>, String> {
    let mut text = String::new();
    let opened = std::fs::File::open(file).and_then(|file| file.take(FILE_BYTES).read_to_string(&mut text));
    let length = opened.map_err(|error| error.to_string())?;
    if length as u64 == FILE_BYTES {
        return Err("it is longer than 64 MiB".into());
    }
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Value>, String> {
    let documents = if text.trim_start().starts_with('{') {
        // JSON is YAML, but its own parser is faster and knows better what is wrong.
        vec![serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?]
    } else {
        serde_saphyr::from_multiple::<Value>(text).map_err(|error| match error.location() {
            Some(at) => format!("not YAML at line {}, column {}", at.line(), at.column()),
            None => "not YAML".into(),
        })?
    };
    let mut objects = Vec::new();
    for (index, document) in documents.into_iter().enumerate() {
        match document {
            // What stands between two `---`, or after the last, may be nothing.
            Value::Null => {}
            // The API takes lists apart.
            Value::Object(_) => objects.push(document),
            _ => return Err(format!("document {} is no object", index.saturating_add(1))),
        }
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_an_object() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
        let value = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
        assert_eq!(parse(pod), Ok(vec![value.clone()]));
        assert_eq!(
            parse(&format!("---\n{pod}---\n# nothing\n---\n{pod}---\n")),
            Ok(vec![value.clone(), value.clone()])
        );
        assert_eq!(parse(&value.to_string()), Ok(vec![value]));
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        assert_eq!(parse("- a\n").unwrap_err(), "document 1 is no object");
        assert!(parse("{\"kind\": ").unwrap_err().starts_with("not JSON"));
        assert!(parse("a: [").unwrap_err().starts_with("not YAML"));
    }
}
