//! A value of the manifest that knows its file, line and key.

use std::path::Path;
use std::rc::Rc;

use crate::manifest::tree::Scalar;
use crate::{Fault, Location};

/// Keys start below this one: it is the same for all and says nothing.
const KEY_PREFIX: &str = "application.runtimeManifest.";

pub(super) struct Node {
    /// The last part of the key.
    pub(super) name: String,
    /// The whole way from the root, with dots between.
    pub(super) key: String,
    /// The file and line of the key, which for an included value is that of the `$include`.
    pub(super) file: Rc<Path>,
    pub(super) line: u64,
    pub(super) content: Content,
}

pub(super) enum Content {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Node>),
    /// A fault has been reported already: whoever reads on stays silent.
    Unreadable,
}

impl Node {
    pub(super) fn child(&self, name: &str, file: &Rc<Path>, line: u64) -> Self {
        let key = if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) };
        Self { name: name.to_owned(), key, file: file.clone(), line: line.max(1), content: Content::Unreadable }
    }

    pub(super) fn location(&self) -> Location {
        Location { file: self.file.to_path_buf(), line: self.line }
    }

    pub(super) fn fault(&self, problem: impl Into<String>, hint: impl Into<String>) -> Fault {
        let key = self.key.strip_prefix(KEY_PREFIX).unwrap_or(&self.key);
        Fault::new(Some(self.location()), key, problem, hint)
    }

    /// A fault about a key that is not there, at the place where it should be.
    pub(super) fn missing(&self, name: &str, problem: &str, hint: &str) -> Fault {
        self.child(name, &self.file, self.line).fault(problem, hint)
    }

    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self.content, Content::Unreadable)
    }

    /// A key whose entries are all commented out is an empty map.
    pub(super) fn is_map(&self) -> bool {
        matches!(self.content, Content::Map(_) | Content::Scalar(Scalar::Null))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Scalar::Text(text)) => Some(text),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) | Content::Unreadable => None,
        }
    }

    /// The entries of a map; what is none is a fault.
    pub(super) fn entries(&self, faults: &mut Vec<Fault>) -> &[Self] {
        match &self.content {
            Content::Map(entries) => entries,
            Content::Scalar(Scalar::Null) | Content::Unreadable => &[],
            Content::Scalar(_) | Content::List(_) => {
                faults.push(self.fault("expected a map", "write lines of `name: value` below it"));
                &[]
            }
        }
    }
}

pub(super) fn find<'a>(entries: &'a [Node], name: &str) -> Option<&'a Node> {
    entries.iter().find(|entry| entry.name == name)
}
