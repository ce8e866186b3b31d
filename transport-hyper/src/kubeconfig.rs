//! Kubeconfig files: reading, merging, and choosing a context.
//!
//! The schema is [`clientcmd/api/v1`](https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/). Every field of it that
//! would change where or as whom we connect is either honoured or refused; none is passed over.

mod cluster;
mod document;
mod user;

use std::io;
use std::path::{Path, PathBuf};

use quorate_core::api::meta::Namespace;

use crate::config::{ConfigError, Draft, Fault};
use crate::material::{Material, read_file};
use crate::secret::Secret;
use document::{Document, Named};

/// A kubeconfig file that has been read.
struct File {
    path: PathBuf,
    document: Document,
}

/// An entry, and the file it comes from: relative paths are relative to that file.
struct Entry<'a, T> {
    file: &'a Path,
    kind: &'static str,
    name: &'a str,
    value: &'a T,
}

impl<T> Entry<'_, T> {
    /// Names one field of this entry, for people.
    fn place(&self, field: &str) -> String {
        format!("kubeconfig {}: {} {:?}: {field}", self.file.display(), self.kind, self.name)
    }

    /// A field with `-data` in its name wins over the one that names a file, as in client-go.
    fn material(
        &self,
        field: &str,
        path: Option<&str>,
        data: Option<&Secret>,
        faults: &mut Vec<Fault>,
    ) -> Option<Material> {
        if let Some(data) = data.filter(|data| !data.is_empty()) {
            let place = self.place(&format!("{field}-data"));
            let Some(content) = decode_base64(data) else {
                faults.push(Fault::new(
                    place,
                    "is not base64",
                    "encode the PEM text as base64, or name a file instead",
                ));
                return None;
            };
            return Some(Material::inline(place, content));
        }
        path.filter(|path| !path.is_empty()).map(|path| Material::file(self.place(field), self.beside(path)))
    }

    /// The path as seen from the directory of this entry's file, wherever the process may go later.
    fn beside(&self, path: &str) -> PathBuf {
        let path = self.file.parent().unwrap_or_else(|| Path::new("")).join(path);
        std::path::absolute(&path).unwrap_or(path)
    }

    fn unsupported(&self, field: &str, remedy: &str) -> Fault {
        Fault::new(self.place(field), "is set, and not supported", remedy)
    }
}

/// Reads the files and drafts what the context asks for.
pub(crate) fn load(files: &[PathBuf], context: Option<&str>) -> Result<Draft, ConfigError> {
    let files = read(files)?;
    let chosen =
        context.or_else(|| files.iter().find_map(|file| document::set(file.document.current_context.as_deref())));
    let Some(chosen) = chosen else {
        let known = names(files.iter().flat_map(|file| file.document.contexts()));
        let place = format!("{}: current-context", paths_of(&files));
        return Err(ConfigError::new(vec![Fault::new(
            place,
            "is not set",
            format!("set it, or name a context: {known}"),
        )]));
    };
    let mut draft = Draft { source: format!("{}, context {chosen:?}", paths_of(&files)), ..Draft::default() };
    let Some(context) = find(&files, "context", chosen, Document::contexts, &mut draft.faults) else {
        return Ok(draft);
    };
    draft.source = format!("kubeconfig {}, context {chosen:?}", context.file.display());
    if let Some(namespace) = document::set(context.value.namespace.as_deref()) {
        match Namespace::parse(namespace) {
            Ok(namespace) => draft.namespace = Some(namespace.as_str().to_owned()),
            Err(error) => draft.faults.push(Fault::new(context.place("namespace"), error.to_string(), "correct it")),
        }
    }
    match document::set(context.value.cluster.as_deref()) {
        None => draft.faults.push(Fault::new(context.place("cluster"), "is not set", "name a cluster")),
        Some(name) => {
            if let Some(cluster) = find(&files, "cluster", name, Document::clusters, &mut draft.faults) {
                cluster::draft(&cluster, &mut draft);
            }
        }
    }
    if let Some(name) = document::set(context.value.user.as_deref())
        && let Some(user) = find(&files, "user", name, Document::users, &mut draft.faults)
    {
        user::draft(&user, &mut draft);
    }
    Ok(draft)
}

fn read(paths: &[PathBuf]) -> Result<Vec<File>, ConfigError> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    let mut missing = Vec::new();
    for path in paths {
        match read_file(path).map(|content| Document::parse(&content)) {
            Ok(Ok(document)) => files.push(File { path: path.clone(), document }),
            Ok(Err(problem)) => {
                let remedy = "correct it; see https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/";
                faults.push(Fault::new(format!("kubeconfig {}", path.display()), problem, remedy));
            }
            Err(error) => {
                let problem = format!("cannot be read: {error}");
                let fault =
                    Fault::new(format!("kubeconfig {}", path.display()), problem, "name a file that can be read");
                if error.kind() == io::ErrorKind::NotFound { missing.push(fault) } else { faults.push(fault) }
            }
        }
    }
    if files.is_empty() {
        faults.append(&mut missing);
    }
    if faults.is_empty() { Ok(files) } else { Err(ConfigError::new(faults)) }
}

/// The entry of this name in the first file that has one, which is all there is to merging.
fn find<'a, T: 'a>(
    files: &'a [File],
    kind: &'static str,
    name: &'a str,
    entries: impl Fn(&'a Document) -> &'a [Named<T>],
    faults: &mut Vec<Fault>,
) -> Option<Entry<'a, T>> {
    for file in files {
        let mut found = entries(&file.document).iter().filter(|entry| entry.name == name);
        let Some(value) = found.next() else { continue };
        let entry = Entry { file: &file.path, kind, name, value: &value.value };
        if found.next().is_some() {
            let place = format!("kubeconfig {}: {kind} {name:?}", file.path.display());
            faults.push(Fault::new(place, "is there twice", "remove one"));
        }
        return Some(entry);
    }
    let known = names(files.iter().flat_map(|file| entries(&file.document)));
    let place = format!("{}: {kind} {name:?}", paths_of(files));
    faults.push(Fault::new(place, "does not exist", format!("add it, or name another one: {known}")));
    None
}

fn names<'a, T: 'a>(entries: impl Iterator<Item = &'a Named<T>>) -> String {
    let names: Vec<&str> = entries.map(|entry| entry.name.as_str()).collect();
    if names.is_empty() { "there is none".into() } else { names.join(", ") }
}

fn paths_of(files: &[File]) -> String {
    let paths: Vec<String> = files.iter().map(|file| file.path.display().to_string()).collect();
    format!("kubeconfig {}", paths.join(", "))
}

fn decode_base64(text: &[u8]) -> Option<Secret> {
    use base64::Engine as _;

    // YAML may fold a long value over several lines.
    let text = Secret::new(text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
    base64::engine::general_purpose::STANDARD.decode(&*text).ok().map(Secret::new)
}
