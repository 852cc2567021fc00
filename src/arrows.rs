//! Checks the imports between the files of this crate: layers, and no cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The layers. Each may import from itself and from those before it. A file belongs to the first
/// layer with which its path begins.
const LAYERS: [&str; 8] =
    ["protocol", "transport", "engine/base", "engine/events", "engine/link", "engine/io", "engine/waiting", "binding"];

/// The imports of each file: paths of files below `src`, without `.rs`.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// Collects the Rust files below `folder`.
fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads the modules below `src`: their names, such as `engine/io/driver`, and their texts. The
/// name of `mod.rs` is its folder.
fn read() -> io::Result<BTreeMap<String, String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files)?;
    let module = |path: &Path| {
        let path = path.strip_prefix(&root).expect("it is below `src`").with_extension("");
        let name = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        name.strip_suffix("/mod").map_or(name.clone(), str::to_owned)
    };
    // The tests here have paths in their texts.
    let others = files.iter().map(|path| (module(path), path)).filter(|(module, _)| module != "arrows");
    others.map(|(module, path)| Ok((module, fs::read_to_string(path)?))).collect()
}

/// The paths that the file of `module` imports, or names by `crate` or `super`. They begin at the
/// root of the crate, and braces are expanded. Comments are skipped. Other crates look like
/// children of the module that imports them.
fn paths(module: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    // The inline modules around a line. Each needs one `super`.
    let mut inline: Vec<String> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let code = line.split("//").next().unwrap_or_default();
        let indent = &line[..line.len() - line.trim_start().len()];
        if inline.last().is_some_and(|end| line == end) {
            inline.pop();
        }
        let is_module = code.trim_start().trim_start_matches("pub ").starts_with("mod ");
        if is_module && code.trim_end().ends_with('{') {
            inline.push(format!("{indent}}}"));
        }
        let mut statement = code.to_owned();
        let begins_use = ["use ", "pub use ", "pub(super) use ", "pub(crate) use "];
        if begins_use.iter().any(|start| code.trim_start().starts_with(start)) {
            while !statement.contains(';')
                && let Some(more) = lines.next()
            {
                statement += more.trim();
            }
            if let Some((_, imported)) = statement.split_once("use ") {
                expand(imported, "", &mut |path| found.push(resolve(module, inline.len(), path)));
            }
            continue;
        }
        for start in ["crate::", "super::"] {
            for (at, _) in statement.match_indices(start) {
                let before = statement[..at].chars().next_back();
                if before.is_some_and(|c| c == ':' || c == '_' || c.is_alphanumeric() || c == '$') {
                    continue;
                }
                expand(&statement[at..], "", &mut |path| found.push(resolve(module, inline.len(), path)));
            }
        }
    }
    found
}

/// Calls `tell` for each path at the start of `text`. Braces may have several.
fn expand(text: &str, prefix: &str, tell: &mut dyn FnMut(&str)) {
    let end = text.find(|c: char| !(c == ':' || c == '_' || c == '*' || c.is_alphanumeric())).unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..end]);
    if !text[end..].starts_with('{') || !path.ends_with("::") {
        return tell(&path);
    }
    let mut depth = 0;
    let mut start = end + 1;
    for (at, c) in text[end..].char_indices().map(|(at, c)| (at + end, c)) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if (c == ',' && depth == 1) || (c == '}' && depth == 0) {
            let item = text[start..at].trim();
            if !item.is_empty() {
                expand(item, &path, tell);
            }
            start = at + 1;
        }
        if depth == 0 {
            return;
        }
    }
}

/// `path` from the root of the crate, with slashes. `depth` is the number of inline modules around
/// it.
fn resolve(module: &str, depth: usize, path: &str) -> String {
    let mut parts = path.split("::").peekable();
    let mut base: Vec<&str> = module.split('/').filter(|part| *part != "lib").collect();
    let mut depth = depth;
    if parts.next_if_eq(&"crate").is_some() {
        base.clear();
    }
    while let Some(part) = parts.next_if(|part| ["super", "self"].contains(part)) {
        if part == "super" && depth > 0 {
            depth -= 1;
        } else if part == "super" {
            base.pop();
        }
    }
    base.extend(parts);
    base.join("/")
}

/// The imports of each module. A path belongs to the longest module with which it begins.
fn imports(modules: &BTreeMap<String, String>) -> Imports {
    let owner = |path: &str| {
        let mut path = path;
        loop {
            if modules.contains_key(path) {
                return Some(path.to_owned());
            }
            path = path.rsplit_once('/')?.0;
        }
    };
    let of = |module: &String, text: &String| {
        let mut of: BTreeSet<_> = paths(module, text).iter().filter_map(|path| owner(path)).collect();
        of.remove(module);
        of
    };
    modules.iter().map(|(module, text)| (module.clone(), of(module, text))).collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS
        .iter()
        .position(|layer| module.strip_prefix(layer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The imports from a later layer.
fn wrong_arrows(imports: &Imports) -> Vec<String> {
    let arrows = imports.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)));
    arrows.filter(|(from, to)| layer(from) < layer(to)).map(|(from, to)| format!("{from} -> {to}")).collect()
}

/// The modules that import themselves by way of others.
fn in_cycles(imports: &Imports) -> Vec<&String> {
    let reaches_itself = |module: &&String| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<_> = imports[*module].iter().collect();
        while let Some(at) = next.pop() {
            if at == *module {
                return true;
            }
            if seen.insert(at) {
                next.extend(&imports[at]);
            }
        }
        false
    };
    imports.keys().filter(reaches_itself).collect()
}

#[test]
fn modules_import_only_from_their_own_layer_and_from_lower_ones() -> io::Result<()> {
    let modules = read()?;
    assert_eq!(wrong_arrows(&imports(&modules)), [""; 0]);
    let homeless: Vec<_> = modules.keys().filter(|module| layer(module).is_none()).collect();
    assert_eq!(homeless, ["engine", "lib"], "each module belongs to a layer");
    Ok(())
}

#[test]
fn no_module_imports_itself_by_way_of_others() -> io::Result<()> {
    assert_eq!(in_cycles(&imports(&read()?)), [""; 0]);
    Ok(())
}

#[test]
fn sees_through_every_form_of_an_import() {
    let text = "
use crate::engine::{base::{clock::now, locks::{self, lock}}, link};
pub use super::sinks::*;
use std::io;
// use crate::binding::engine;
mod unix {
    use super::inbox::Inbox;
    fn f() -> crate::engine::io::threads::Running { $crate::binding::x() }
}
use super::super::super::transport::{
    descriptor::Descriptor,
    poller,
};
use child::Thing;
";
    let expected = [
        "engine/base/clock/now",
        "engine/base/locks/self",
        "engine/base/locks/lock",
        "engine/link",
        "engine/events/sinks/*",
        "engine/events/queue/std/io",
        "engine/events/queue/inbox/Inbox",
        "engine/io/threads/Running",
        "transport/descriptor/Descriptor",
        "transport/poller",
        "engine/events/queue/child/Thing",
    ];
    assert_eq!(paths("engine/events/queue", text), expected);
}

#[test]
fn finds_planted_arrows_and_cycles() {
    let planted = [
        ("engine/base/locks", "use crate::engine::events::inbox::Inbox;"),
        ("engine/events/inbox", "use super::queue::Queue;"),
        ("engine/events/queue", "fn f(_: &crate::engine::events::inbox::Inbox) {}"),
        ("protocol/close", "use crate::protocol::frame::OpCode;"),
        ("protocol/frame", ""),
    ];
    let planted = planted.map(|(module, text)| (module.to_owned(), text.to_owned())).into();
    let imports = imports(&planted);
    assert_eq!(wrong_arrows(&imports), ["engine/base/locks -> engine/events/inbox"]);
    assert_eq!(in_cycles(&imports), ["engine/events/inbox", "engine/events/queue"]);
}
