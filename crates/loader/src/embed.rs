//! The files a `//go:embed` pattern stands for, by the rules in the documentation of package
//! `embed`: patterns are slash-separated globs below the package's directory; a directory stands
//! for its files, without hidden ones unless the pattern begins with `all:`; nothing outside the
//! module, no symbolic links.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The files a pattern matches below `dir`: sorted slash-separated paths, at least one.
///
/// # Errors
/// Why the pattern cannot stand for files, in Go's words, without the pattern itself.
pub fn resolve(dir: &Path, pattern: &str) -> Result<Vec<String>, String> {
    let (glob, all) = match pattern.strip_prefix("all:") {
        Some(glob) => (glob, true),
        None => (pattern, false),
    };
    if !is_valid_pattern(glob) {
        return Err("invalid pattern syntax".to_string());
    }
    let mut found = BTreeSet::new();
    for path in expand(dir, glob) {
        add_match(dir, &path, all, &mut found)?;
    }
    if found.is_empty() {
        return Err("no matching files found".to_string());
    }
    Ok(found.into_iter().collect())
}

fn is_valid_pattern(glob: &str) -> bool {
    let is_name = |element: &str| !matches!(element, "" | "." | "..");
    glob.split('/').all(is_name)
        && glob.split('/').all(|element| glob_matches(element, "").is_some())
}

/// The existing paths below `dir` that match, element by element.
fn expand(dir: &Path, glob: &str) -> Vec<String> {
    let mut matches = vec![String::new()];
    for element in glob.split('/') {
        let mut next = Vec::new();
        for parent in &matches {
            let prefix = if parent.is_empty() { String::new() } else { format!("{parent}/") };
            if !element.contains(['*', '?', '[', '\\']) {
                let path = prefix + element;
                if fs::symlink_metadata(dir.join(&path)).is_ok() {
                    next.push(path);
                }
                continue;
            }
            let entries = fs::read_dir(dir.join(parent)).into_iter().flatten().flatten();
            let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
            next.extend(
                names
                    .filter(|name| glob_matches(element, name) == Some(true))
                    .map(|name| format!("{prefix}{name}")),
            );
        }
        matches = next;
    }
    matches
}

fn add_match(
    dir: &Path,
    path: &str,
    all: bool,
    found: &mut BTreeSet<String>,
) -> Result<(), String> {
    let metadata = fs::symlink_metadata(dir.join(path)).map_err(|error| error.to_string())?;
    let what = if metadata.is_dir() { "directory" } else { "file" };
    check_elements(dir, path, what)?;
    if metadata.is_file() {
        found.insert(path.to_string());
    } else if metadata.is_dir() {
        let mut count = 0;
        add_tree(dir, path, all, found, &mut count)?;
        if count == 0 {
            return Err(format!("cannot embed directory {path}: contains no embeddable files"));
        }
    } else {
        return Err(format!("cannot embed irregular file {path}"));
    }
    Ok(())
}

/// Checks every directory on the way to a match, from the match upwards.
fn check_elements(dir: &Path, path: &str, what: &str) -> Result<(), String> {
    let refuse = |why: String| Err(format!("cannot embed {what} {path}: {why}"));
    let mut prefix = Some(path);
    while let Some(at) = prefix {
        if dir.join(at).join("go.mod").exists() {
            return refuse("in different module".to_string());
        }
        let is_match = at == path;
        if !is_match && !fs::symlink_metadata(dir.join(at)).is_ok_and(|m| m.is_dir()) {
            return refuse(format!("in non-directory {at}"));
        }
        let name = at.rsplit('/').next().unwrap_or(at);
        if is_bad_name(name) && is_match {
            return refuse(format!("invalid name {name}"));
        }
        if is_bad_name(name) {
            return refuse(format!("in invalid directory {name}"));
        }
        prefix = at.rsplit_once('/').map(|(parent, _)| parent);
    }
    Ok(())
}

/// Adds the files below a directory, stopping where another module begins.
fn add_tree(
    dir: &Path,
    path: &str,
    all: bool,
    found: &mut BTreeSet<String>,
    count: &mut usize,
) -> Result<(), String> {
    let entries = fs::read_dir(dir.join(path)).map_err(|error| format!("read {path}: {error}"))?;
    for entry in entries {
        let entry = entry.map_err(|error| format!("read {path}: {error}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let child = format!("{path}/{name}");
        let kind = entry.file_type().map_err(|error| error.to_string())?;
        let hidden = name.starts_with(['.', '_']);
        if hidden && !all || kind.is_dir() && is_bad_name(&name) {
            continue;
        }
        if is_bad_name(&name) {
            if hidden {
                continue;
            }
            return Err(format!("cannot embed file {child}: invalid name {name}"));
        }
        if kind.is_dir() {
            if !dir.join(&child).join("go.mod").exists() {
                add_tree(dir, &child, all, found, count)?;
            }
        } else if kind.is_file() {
            *count += 1;
            found.insert(child);
        }
    }
    Ok(())
}

/// Names that a module's archive cannot hold, so that embedding them would work only here: see
/// "Module paths and versions" in the Go modules reference.
fn is_bad_name(name: &str) -> bool {
    let allowed = |c: char| match c {
        ' ' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&()+,-.=@[]^_{}~".contains(c),
        c => c.is_alphabetic(),
    };
    const RESERVED: &[&str] = &["con", "prn", "aux", "nul"];
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let is_port = |prefix| {
        stem.strip_prefix(prefix).is_some_and(|digit| matches!(digit.as_bytes(), [b'1'..=b'9']))
    };
    matches!(name, "" | ".bzr" | ".hg" | ".git" | ".svn")
        || name.ends_with('.')
        || !name.chars().all(allowed)
        || RESERVED.contains(&stem.as_str())
        || is_port("com")
        || is_port("lpt")
}

/// Whether one path element matches a glob of `*`, `?`, `[a-z]`, `[^a-z]` and `\c`, as package
/// `path` has it. None if the glob is malformed, wherever the name stops matching.
fn glob_matches(glob: &str, name: &str) -> Option<bool> {
    let glob: Vec<char> = glob.chars().collect();
    let items = parse_glob(&glob)?;
    let name: Vec<char> = name.chars().collect();
    // One star at a time can be given back to: the latest one covers all earlier choices.
    let (mut item, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        match items.get(item) {
            Some(Item::Star) => {
                retry = Some((item + 1, at));
                item += 1;
                continue;
            }
            Some(one) if at < name.len() && one.accepts(name[at]) => {
                item += 1;
                at += 1;
                continue;
            }
            None if at == name.len() => return Some(true),
            _ => {}
        }
        match retry {
            Some((star, from)) if from < name.len() => {
                retry = Some((star, from + 1));
                (item, at) = (star, from + 1);
            }
            _ => return Some(false),
        }
    }
}

enum Item {
    Star,
    Any,
    Char(char),
    Class(bool, Vec<(char, char)>),
}

impl Item {
    fn accepts(&self, c: char) -> bool {
        match self {
            Item::Star => false,
            Item::Any => true,
            Item::Char(own) => *own == c,
            Item::Class(negated, ranges) => {
                ranges.iter().any(|&(low, high)| low <= c && c <= high) != *negated
            }
        }
    }
}

fn parse_glob(glob: &[char]) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(&c) = glob.get(at) {
        at += 1;
        items.push(match c {
            '*' => Item::Star,
            '?' => Item::Any,
            '\\' => {
                at += 1;
                Item::Char(*glob.get(at - 1)?)
            }
            '[' => {
                let negated = glob.get(at) == Some(&'^');
                at += usize::from(negated);
                let mut ranges = Vec::new();
                while ranges.is_empty() || glob.get(at) != Some(&']') {
                    let low = class_char(glob, &mut at)?;
                    let mut high = low;
                    if glob.get(at) == Some(&'-') {
                        at += 1;
                        high = class_char(glob, &mut at)?;
                    }
                    ranges.push((low, high));
                }
                at += 1;
                Item::Class(negated, ranges)
            }
            c => Item::Char(c),
        });
    }
    Some(items)
}

fn class_char(glob: &[char], at: &mut usize) -> Option<char> {
    let mut c = *glob.get(*at)?;
    *at += 1;
    if matches!(c, '-' | ']') {
        return None;
    }
    if c == '\\' {
        c = *glob.get(*at)?;
        *at += 1;
    }
    Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, name) in [
            ("*", ""),
            ("*", "abc"),
            ("a*c", "abbc"),
            ("a?c", "abc"),
            ("[a-c]x", "bx"),
            ("[^a-c]x", "dx"),
            ("\\*", "*"),
            ("a*b*c", "aXbYbZc"),
            ("ü?", "üß"),
        ] {
            assert_eq!(glob_matches(glob, name), Some(true), "{glob} {name}");
        }
        for (glob, name) in
            [("a", ""), ("a*c", "abcd"), ("?", ""), ("[a-c]", "d"), ("a*b*c", "aXcYb")]
        {
            assert_eq!(glob_matches(glob, name), Some(false), "{glob} {name}");
        }
        for glob in ["[", "[]", "[a", "\\", "[a-]", "[-a]", "x["] {
            assert_eq!(glob_matches(glob, "a"), None, "{glob}");
        }
    }

    #[test]
    fn names() {
        for name in ["con", "COM1.txt", "a.", "a:b", "a*b", "a\"b", ".git", "a\\b", "a'b", ""] {
            assert!(is_bad_name(name), "{name}");
        }
        for name in ["com0", "config", ".gitignore", "a b", "é.txt", "_x", "a.b-c@d"] {
            assert!(!is_bad_name(name), "{name}");
        }
    }

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        dir
    }

    #[test]
    fn directories_leave_out_the_hidden() {
        let dir = tree(&[
            "t/a",
            "t/.b",
            "t/_c",
            "t/d/e",
            "t/d/.f/g",
            "t/m/go.mod",
            "t/m/x",
            "x.txt",
            "y.txt",
        ]);
        let files = |pattern| resolve(dir.path(), pattern);
        assert_eq!(files("t").unwrap(), ["t/a", "t/d/e"]);
        assert_eq!(files("all:t").unwrap(), ["t/.b", "t/_c", "t/a", "t/d/.f/g", "t/d/e"]);
        assert_eq!(files("*.txt").unwrap(), ["x.txt", "y.txt"]);
        assert_eq!(files("t/*").unwrap_err(), "cannot embed directory t/m: in different module");
        assert_eq!(files("t/.b").unwrap(), ["t/.b"]);
        assert_eq!(files("*/d").unwrap(), ["t/d/e"]);
        assert_eq!(files("nope").unwrap_err(), "no matching files found");
        for bad in ["../x", "", ".", "/x", "t/", "[", "t//a"] {
            assert_eq!(files(bad).unwrap_err(), "invalid pattern syntax", "{bad}");
        }
    }

    #[test]
    fn links_are_irregular() {
        let dir = tree(&["a", "d/b"]);
        std::os::unix::fs::symlink("a", dir.path().join("link")).unwrap();
        std::os::unix::fs::symlink("d", dir.path().join("dirlink")).unwrap();
        let error = |pattern| resolve(dir.path(), pattern).unwrap_err();
        assert_eq!(error("link"), "cannot embed irregular file link");
        assert_eq!(error("dirlink/b"), "cannot embed file dirlink/b: in non-directory dirlink");
    }
}
