//! Label selectors, read and applied as the server does.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::status::{ApiError, Result};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Labels(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl Labels {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { tokens: tokens(text), at: 0 };
        parser.requirements().map(Self).map_err(ApiError::bad_request)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        let labels = super::object::map(object, "/metadata/labels");
        self.0.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        let value = labels.and_then(|labels| labels.get(&self.key)).and_then(Value::as_str);
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match &self.test {
            Test::Exists => value.is_some(),
            Test::Absent => value.is_none(),
            Test::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
            Test::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
            Test::Greater(bound) => number().is_some_and(|number| number > *bound),
            Test::Less(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

/// A symbol or a word, and whether it is a word.
type Token<'a> = (&'a str, bool);

fn is_special(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '<' | '>')
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_special(first) {
            if rest.starts_with("==") || rest.starts_with("!=") { 2 } else { 1 }
        } else {
            rest.find(|c: char| c.is_whitespace() || is_special(c)).unwrap_or(rest.len())
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push((token, !is_special(first)));
        rest = after.trim_start();
    }
    tokens
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

type Parsed<T> = core::result::Result<T, String>;

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.at).copied().unwrap_or_default()
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.at = self.at.saturating_add(1);
        token
    }

    fn requirements(&mut self) -> Parsed<Vec<Requirement>> {
        let mut requirements = Vec::new();
        if self.tokens.is_empty() {
            return Ok(requirements);
        }
        if !self.peek().1 && self.peek().0 != "!" {
            return Err(format!("found '{}', expected: !, identifier, or 'end of string'", self.peek().0));
        }
        loop {
            requirements.push(self.requirement()?);
            match self.next().0 {
                "" => return Ok(requirements),
                "," if self.peek().1 || self.peek().0 == "!" => {}
                "," => return Err(format!("found '{}', expected: identifier after ','", self.peek().0)),
                other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
            }
        }
    }

    fn requirement(&mut self) -> Parsed<Requirement> {
        let absent = self.peek().0 == "!";
        if absent {
            self.next();
        }
        let (key, is_word) = self.next();
        if !is_word {
            return Err(within(&format!("found '{key}', expected: identifier")));
        }
        let key = checked_key(key)?;
        if absent {
            return Ok(Requirement { key, test: Test::Absent });
        }
        if matches!(self.peek().0, "" | ",") {
            return Ok(Requirement { key, test: Test::Exists });
        }
        let test = match self.next().0 {
            "=" | "==" => Test::In([self.value(&key)?].into()),
            "!=" => Test::NotIn([self.value(&key)?].into()),
            "in" => Test::In(self.values(&key)?),
            "notin" => Test::NotIn(self.values(&key)?),
            ">" => Test::Greater(self.number(&key)?),
            "<" => Test::Less(self.number(&key)?),
            other => return Err(within(&format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt"))),
        };
        Ok(Requirement { key, test })
    }

    /// After an operator: a word, or nothing at all, which is the empty value.
    fn value(&mut self, key: &str) -> Parsed<String> {
        match self.peek() {
            ("" | ",", _) => Ok(String::new()),
            (_, true) => checked_value(key, 0, self.next().0),
            (other, false) => Err(within(&format!("found '{other}', expected: identifier"))),
        }
    }

    fn number(&mut self, key: &str) -> Parsed<i64> {
        let value = self.value(key)?;
        value.parse().map_err(|_| {
            let rule = "for 'Gt', 'Lt' operators, the value must be an integer";
            within(&format!("values[0]: Invalid value: {value:?}: {rule}"))
        })
    }

    fn values(&mut self, key: &str) -> Parsed<Vec<String>> {
        let (first, _) = self.next();
        if first != "(" {
            return Err(within(&format!("found '{first}' expected: '('")));
        }
        let mut values = Vec::new();
        loop {
            match self.peek() {
                (_, true) => values.push(checked_value(key, values.len(), self.next().0)?),
                _ => values.push(String::new()),
            }
            match self.next().0 {
                "," => {}
                ")" => return Ok(values),
                other => return Err(within(&format!("found '{other}', expected: ',' or ')'"))),
            }
        }
    }
}

const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
     must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for \
     validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY_RULE: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

/// The rule that a label's value breaks.
pub(super) fn value_fault(value: &str) -> Option<&'static str> {
    if value.len() > 63 {
        return Some("must be no more than 63 bytes");
    }
    (!value.is_empty() && !is_label_text(value)).then_some(VALUE_RULE)
}

/// The rule that a label's key breaks.
pub(super) fn key_fault(key: &str) -> Option<&'static str> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_valid = name.len() <= 63 && is_label_text(name) && prefix.is_none_or(super::validate::is_subdomain);
    (!is_valid).then_some(KEY_RULE)
}

fn checked_value(key: &str, at: usize, value: &str) -> Parsed<String> {
    match value_fault(value) {
        Some(rule) => Err(within(&format!("values[{at}][{key}]: Invalid value: {value:?}: {rule}"))),
        None => Ok(value.to_string()),
    }
}

fn checked_key(key: &str) -> Parsed<String> {
    match key_fault(key) {
        Some(rule) => Err(within(&format!("key: Invalid value: {key:?}: {rule}"))),
        None => Ok(key.to_owned()),
    }
}

/// A fault inside a requirement, not between two.
fn within(why: &str) -> String {
    format!("unable to parse requirement: {why}")
}

fn is_label_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}
