//! Reads a file and everything it includes into one tree.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use serde_saphyr::Spanned;

use crate::manifest::node::{Content, Node};
use crate::manifest::tree::{self, Scalar, Tree};
use crate::{Fault, Location};

const INCLUDE_DEPTH_MAX: usize = 16;
const FILES_MAX: usize = 512;
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Over all included files together; what reads JSON later gives up not far beyond.
const DEPTH_MAX: usize = 100;
const INCLUDE: &str = "$include";

/// Reads `file` of the folder `root`. Parts that cannot be read become `Content::Unreadable`.
pub(super) fn read(root: &Path, file: &str, faults: &mut Vec<Fault>) -> Node {
    let mut node = Node {
        name: String::new(),
        key: String::new(),
        file: Rc::from(Path::new(file)),
        line: 1,
        content: Content::Unreadable,
    };
    match root.canonicalize() {
        Ok(root) => {
            let mut reader = Reader { root, chain: Vec::new(), files_read: 0, faults };
            reader.root_file(&mut node);
        }
        Err(error) => faults.push(Fault::new(
            None,
            file,
            format!("cannot open the project folder: {error}"),
            "run the command in the folder of the project",
        )),
    }
    node
}

/// `text` as seen from `folder`, both within the project; nothing when it leads out of it.
pub(super) fn resolve(folder: &Path, text: &str) -> Option<PathBuf> {
    let mut path = folder.to_owned();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

struct Reader<'a> {
    root: PathBuf,
    /// The files being read, each included by the one before.
    chain: Vec<PathBuf>,
    files_read: usize,
    faults: &'a mut Vec<Fault>,
}

/// Why a file cannot be included.
struct Refusal {
    problem: String,
    hint: &'static str,
}

impl Reader<'_> {
    fn root_file(&mut self, node: &mut Node) {
        let file = node.file.clone();
        match self.text(&file) {
            Ok(text) => self.parse(&file, &text, node, 0),
            Err(refusal) => self.faults.push(Fault::new(
                None,
                &file.display().to_string(),
                refusal.problem,
                "run the command in the folder that holds `app.config.yaml`",
            )),
        }
    }

    /// Replaces the content of `node` by what the file says.
    fn parse(&mut self, file: &Rc<Path>, text: &str, node: &mut Node, depth: usize) {
        match tree::parse(text) {
            Ok(tree) => {
                self.chain.push(file.to_path_buf());
                self.fill(node, tree, file, depth);
                self.chain.pop();
            }
            Err(error) => {
                let at = Location { file: file.to_path_buf(), line: error.line };
                self.faults.push(Fault::new(
                    Some(at),
                    "",
                    error.problem,
                    "look at indentation, colons and quotes in this line and the one before",
                ));
            }
        }
    }

    fn fill(&mut self, node: &mut Node, tree: Spanned<Tree>, file: &Rc<Path>, depth: usize) {
        if depth > DEPTH_MAX {
            let problem = format!("expected at most {DEPTH_MAX} levels");
            self.faults.push(node.fault(problem, "nest the values less deeply"));
            return;
        }
        match tree.value {
            Tree::Scalar(scalar) => node.content = Content::Scalar(scalar),
            Tree::List(items) => {
                let mut list = Vec::new();
                for (index, item) in items.into_iter().enumerate() {
                    let line = item.referenced.line();
                    let mut child = node.child(&index.to_string(), file, line);
                    self.fill(&mut child, item, file, depth + 1);
                    list.push(child);
                }
                node.content = Content::List(list);
            }
            Tree::Map(entries) => match entries.iter().position(|(key, _)| key.value == INCLUDE) {
                Some(index) => self.include(node, &entries, index, depth),
                None => self.map(node, entries, file, depth),
            },
        }
    }

    fn map(&mut self, node: &mut Node, entries: Vec<(Spanned<String>, Spanned<Tree>)>, file: &Rc<Path>, depth: usize) {
        let mut children = Vec::new();
        let mut lines_by_name = BTreeMap::new();
        for (key, value) in entries {
            let line = key.referenced.line();
            let mut child = node.child(&key.value, file, line);
            if let Some(first) = lines_by_name.get(&key.value) {
                let problem = format!("expected the key once, it is already in line {first}");
                self.faults.push(child.fault(problem, "remove one of the two"));
                continue;
            }
            lines_by_name.insert(key.value, line);
            self.fill(&mut child, value, file, depth + 1);
            children.push(child);
        }
        node.content = Content::Map(children);
    }

    /// A map of the form `$include: <path>` stands for the content of that file.
    fn include(&mut self, node: &mut Node, entries: &[(Spanned<String>, Spanned<Tree>)], index: usize, depth: usize) {
        let (key, value) = &entries[index];
        let including = self.chain.last().cloned().unwrap_or_default();
        let directive = node.child(INCLUDE, &Rc::from(including.as_path()), key.referenced.line());
        if entries.len() > 1 {
            self.faults.push(
                directive.fault(
                    "expected `$include` as the only key of its map",
                    "move the other keys into the included file",
                ),
            );
        }
        let Tree::Scalar(Scalar::Text(text)) = &value.value else {
            self.faults.push(
                directive.fault(
                    "expected the path of a file",
                    "write `$include: ./path/of/file.yaml`, relative to this file",
                ),
            );
            return;
        };
        match self.included(&including, text) {
            Ok((file, text)) => self.parse(&Rc::from(file), &text, node, depth),
            Err(refusal) => self.faults.push(directive.fault(refusal.problem, refusal.hint)),
        }
    }

    fn included(&mut self, including: &Path, text: &str) -> Result<(PathBuf, String), Refusal> {
        let folder = including.parent().unwrap_or(Path::new(""));
        let file = resolve(folder, text).ok_or_else(leaves_project)?;
        if self.chain.contains(&file) {
            let chain: Vec<String> = self.chain.iter().chain([&file]).map(|file| file.display().to_string()).collect();
            return Err(Refusal {
                problem: format!("Detected '$include' cycle: {}", chain.join(" -> ")),
                hint: "remove one of these includes",
            });
        }
        if self.chain.len() >= INCLUDE_DEPTH_MAX {
            return Err(Refusal {
                problem: format!("expected at most {INCLUDE_DEPTH_MAX} files in one another"),
                hint: "include the file from one further up",
            });
        }
        let text = self.text(&file)?;
        Ok((file, text))
    }

    fn text(&mut self, file: &Path) -> Result<String, Refusal> {
        self.files_read += 1;
        if self.files_read > FILES_MAX {
            return Err(Refusal {
                problem: format!("expected at most {FILES_MAX} files in all"),
                hint: "join some of the included files",
            });
        }
        // Links are followed first: a link may lead out of the project, too.
        let path = match self.root.join(file).canonicalize() {
            Ok(path) if path.starts_with(&self.root) => path,
            Ok(_) => return Err(leaves_project()),
            Err(error) => return Err(unreadable(file, error.kind())),
        };
        if !path.is_file() {
            return Err(unreadable(file, ErrorKind::IsADirectory));
        }
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|opened| opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(file, error.kind()))?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(Refusal {
                problem: format!("expected at most {FILE_BYTES_MAX} bytes in `{}`", file.display()),
                hint: "split the file",
            });
        }
        String::from_utf8(bytes).map_err(|_| Refusal {
            problem: format!("expected text in UTF-8 in `{}`", file.display()),
            hint: "save the file as UTF-8",
        })
    }
}

fn leaves_project() -> Refusal {
    Refusal {
        problem: "expected a file inside the project folder".to_owned(),
        hint: "copy the file into the project and include it from there",
    }
}

fn unreadable(file: &Path, kind: ErrorKind) -> Refusal {
    let file = file.display();
    match kind {
        ErrorKind::NotFound => Refusal {
            problem: format!("expected the file `{file}`, which does not exist"),
            hint: "paths are relative to the file that includes",
        },
        kind => Refusal {
            problem: format!("cannot read `{file}`: {kind}"),
            hint: "look at the kind and the permissions of the file",
        },
    }
}
