//! JSON that was answered, with failures that say what was asked and what came back.

use serde_json::Value;

use crate::trouble::Trouble;

/// No more than this of a body is in a failure.
const SHOWN: usize = 3000;

/// Some JSON, and where it comes from. Paths are JSON pointers.
#[derive(Clone, Debug, PartialEq)]
pub struct Json {
    asked: String,
    value: Value,
}

impl Json {
    /// What came back when this was asked.
    pub fn new(asked: impl Into<String>, value: Value) -> Self {
        Self { asked: asked.into(), value }
    }

    /// The value itself.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// A failure about it.
    #[must_use]
    pub fn trouble(&self, problem: &str) -> Trouble {
        Trouble::new(format!("{}\n  {problem}\n  in {}", self.asked, shorten(&self.value.to_string())))
    }

    /// Whether there is something at this path.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.value.pointer(path).is_some()
    }

    /// # Errors
    ///
    /// When there is nothing at this path.
    pub fn at(&self, path: &str) -> Result<&Value, Trouble> {
        self.value.pointer(path).ok_or_else(|| self.trouble(&format!("nothing is at {path}")))
    }

    /// # Errors
    ///
    /// When this is not what is at the path.
    pub fn is(&self, path: &str, expected: impl Into<Value>) -> Result<&Self, Trouble> {
        let (expected, found) = (expected.into(), self.at(path)?);
        if *found == expected {
            return Ok(self);
        }
        Err(self.trouble(&format!("{path} should be {expected}\n  but is {found}")))
    }

    /// # Errors
    ///
    /// When there is something at this path.
    pub fn lacks(&self, path: &str) -> Result<&Self, Trouble> {
        if self.has(path) { Err(self.trouble(&format!("nothing should be at {path}"))) } else { Ok(self) }
    }

    /// # Errors
    ///
    /// When there is no text at this path, or an empty one.
    pub fn text(&self, path: &str) -> Result<&str, Trouble> {
        let text = self.at(path)?.as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| self.trouble(&format!("no text is at {path}")))
    }

    /// # Errors
    ///
    /// When the text at this path has none such in it.
    pub fn mentions(&self, path: &str, part: &str) -> Result<&Self, Trouble> {
        if self.text(path)?.contains(part) {
            return Ok(self);
        }
        Err(self.trouble(&format!("{path} should contain {part:?}")))
    }

    /// The resource version, as a number.
    ///
    /// # Errors
    ///
    /// When it has none.
    pub fn version(&self) -> Result<u64, Trouble> {
        let version = self.text("/metadata/resourceVersion")?.parse();
        version.map_err(|_| self.trouble("the resourceVersion is not a number"))
    }

    /// # Errors
    ///
    /// When it has none.
    pub fn name(&self) -> Result<&str, Trouble> {
        self.text("/metadata/name")
    }

    /// # Errors
    ///
    /// When it has none.
    pub fn uid(&self) -> Result<&str, Trouble> {
        self.text("/metadata/uid")
    }

    /// What is in this array.
    ///
    /// # Errors
    ///
    /// When there is no array at this path.
    pub fn each(&self, path: &str) -> Result<Vec<Self>, Trouble> {
        let array = self.at(path)?.as_array().ok_or_else(|| self.trouble(&format!("no array is at {path}")))?;
        let one =
            |(index, value): (usize, &Value)| Self::new(format!("{} → {path}/{index}", self.asked), value.clone());
        Ok(array.iter().enumerate().map(one).collect())
    }

    /// The items of a list.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn items(&self) -> Result<Vec<Self>, Trouble> {
        self.each("/items")
    }

    /// The names of the items, in the order of the list.
    ///
    /// # Errors
    ///
    /// When it is no list.
    pub fn names(&self) -> Result<Vec<String>, Trouble> {
        self.items()?.iter().map(|item| Ok(item.name()?.to_owned())).collect()
    }

    /// # Errors
    ///
    /// When these are not the names of the items, in this order.
    pub fn lists(&self, expected: &[&str]) -> Result<&Self, Trouble> {
        let found = self.names()?;
        if found == expected {
            return Ok(self);
        }
        Err(self.trouble(&format!("expected the items {expected:?}\n  but found {found:?}")))
    }

    /// It with another value at this path, whose parent must be there.
    ///
    /// # Errors
    ///
    /// When there is no such parent.
    pub fn with(&self, path: &str, value: impl Into<Value>) -> Result<Value, Trouble> {
        let mut changed = self.value.clone();
        let (parent, field) = path.rsplit_once('/').unwrap_or_default();
        match changed.pointer_mut(parent).and_then(Value::as_object_mut) {
            Some(parent) => parent.insert(field.to_owned(), value.into()),
            None => return Err(self.trouble(&format!("no object is at {parent}"))),
        };
        Ok(changed)
    }

    /// It with nothing at this path.
    #[must_use]
    pub fn without(&self, path: &str) -> Value {
        let mut changed = self.value.clone();
        let (parent, field) = path.rsplit_once('/').unwrap_or_default();
        if let Some(parent) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
            parent.remove(field);
        }
        changed
    }
}

pub(super) fn shorten(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
