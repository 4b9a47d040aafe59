//! What the arguments of a command mean: import paths, directories, files, and patterns with
//! `...`, by the rules of `go help packages`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::module::workspace::clean;

/// One argument, read but not looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// All packages of the standard library.
    Std,
    /// All packages of the go command's sources.
    Cmd,
    /// One import path.
    Path(String),
    /// Import paths with `...` for any text.
    Paths(Wildcard),
    /// The package in one directory.
    Directory(PathBuf),
    /// The packages in a directory and below it, as far as they match.
    Directories {
        /// Where to look from.
        root: PathBuf,
        /// The directory's path with `...` for any text.
        wildcard: Wildcard,
    },
}

/// What a command is about: packages, or one package made of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// Patterns.
    Patterns(Vec<Pattern>),
    /// Go files of one directory: the directory and the files' names.
    Files(PathBuf, Vec<String>),
}

impl Arguments {
    /// Reads the arguments of a command run in `dir`; none at all mean the package there.
    ///
    /// # Errors
    /// If an argument has no meaning here, or files are mixed with something else.
    pub fn parse(arguments: &[String], dir: &Path) -> Result<Arguments> {
        let is_file = |argument: &String| argument.ends_with(".go") && !dir.join(argument).is_dir();
        if arguments.iter().any(is_file) {
            return files(arguments, dir);
        }
        if arguments.is_empty() {
            return Ok(Arguments::Patterns(vec![Pattern::Directory(dir.to_path_buf())]));
        }
        let patterns: Result<Vec<_>> =
            arguments.iter().map(|argument| Pattern::parse(argument, dir)).collect();
        Ok(Arguments::Patterns(patterns?))
    }
}

fn files(arguments: &[String], dir: &Path) -> Result<Arguments> {
    let mut parent = None;
    let mut names = Vec::new();
    for argument in arguments {
        if !argument.ends_with(".go") {
            return Err(Error::new("named files must be .go files: ".to_string() + argument));
        }
        let path = clean(&dir.join(argument));
        if !path.is_file() {
            return Err(Error::new(format!("no such file: {argument}")));
        }
        let own = path.parent().unwrap_or(dir).to_path_buf();
        if *parent.get_or_insert_with(|| own.clone()) != own {
            return Err(Error::new("named files must all be in one directory"));
        }
        names.extend(path.file_name().and_then(|name| name.to_str()).map(str::to_string));
    }
    names.sort();
    names.dedup();
    Ok(Arguments::Files(parent.unwrap_or(dir.to_path_buf()), names))
}

impl Pattern {
    fn parse(argument: &str, dir: &Path) -> Result<Pattern> {
        match argument {
            "std" => return Ok(Pattern::Std),
            "cmd" => return Ok(Pattern::Cmd),
            "" => return Err(Error::new("invalid import path: empty string")),
            "all" | "tool" | "work" => {
                let message =
                    format!("the pattern {argument} is not supported; name packages, or use ./...");
                return Err(Error::new(message));
            }
            _ => {}
        }
        if argument.contains('@') {
            let message = format!(
                "{argument}: versions are not supported here; Trigo takes them from go.mod"
            );
            return Err(Error::new(message));
        }
        if !is_local(argument) {
            let path = argument.trim_end_matches('/');
            return Ok(match path.contains("...") {
                true => Pattern::Paths(Wildcard::new(path)),
                false => Pattern::Path(path.to_string()),
            });
        }
        let Some(dots) = argument.find("...") else {
            return Ok(Pattern::Directory(clean(&dir.join(argument))));
        };
        // Look from the last whole directory before the dots.
        let fixed = argument[..dots].rfind('/').map_or("", |slash| &argument[..=slash]);
        let root = clean(&dir.join(fixed));
        let rest = &argument[fixed.len()..];
        let wildcard = Wildcard::new(&format!("{}/{rest}", root.display()));
        Ok(Pattern::Directories { root, wildcard })
    }
}

fn is_local(argument: &str) -> bool {
    matches!(argument, "." | "..")
        || ["./", "../", "/"].iter().any(|start| argument.starts_with(start))
}

/// A path with `...` for any text, also none; `/...` at the end also stands for nothing at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    pieces: Vec<String>,
}

impl Wildcard {
    fn new(text: &str) -> Wildcard {
        Wildcard { pieces: text.split("...").map(str::to_string).collect() }
    }

    /// Whether a path matches.
    pub fn matches(&self, path: &str) -> bool {
        let without_slash = match self.pieces.as_slice() {
            [before @ .., slashed, last] if last.is_empty() => {
                slashed.strip_suffix('/').map(|piece| [before, &[piece.to_string()]].concat())
            }
            _ => None,
        };
        without_slash.is_some_and(|pieces| matches_pieces(&pieces, path))
            || matches_pieces(&self.pieces, path)
    }

    /// The text before the first dots.
    pub fn prefix(&self) -> &str {
        &self.pieces[0]
    }
}

/// Whether `path` is the pieces with any text between them. Taking each piece as early as it
/// comes leaves the most for the others.
fn matches_pieces(pieces: &[String], path: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces == [path];
    };
    let Some(mut rest) = path.strip_prefix(first.as_str()) else {
        return false;
    };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// The directories at and below `root` that may hold packages matched by a pattern, sorted.
///
/// Hidden directories and `testdata` are passed over, and those `skip` names; its arguments are a
/// directory below the root and its name.
pub fn walk(root: &Path, skip: &dyn Fn(&Path, &str) -> bool) -> Vec<PathBuf> {
    let mut dirs = Vec::new();
    let mut queue = vec![root.to_path_buf()];
    while let Some(dir) = queue.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let hidden = name.starts_with(['.', '_']) || name == "testdata";
            if is_dir && !hidden && !skip(&entry.path(), &name) {
                queue.push(entry.path());
            }
        }
        dirs.push(dir);
    }
    dirs.sort();
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        let matches = |pattern, path| Wildcard::new(pattern).matches(path);
        assert!(matches("net/...", "net") && matches("net/...", "net/http"));
        assert!(!matches("net/...", "network"));
        assert!(matches("net...", "network") && matches("...", "") && matches("...", "a/b"));
        assert!(matches(".../http", "net/http") && !matches(".../http", "http"));
        assert!(matches("a/.../c", "a/b/b/c") && !matches("a/.../c", "a/c"));
        assert!(matches("a...b...c", "aXbbYc") && !matches("a...b...c", "acb"));
        assert!(matches("a/.../b/...", "a/x/b"));
    }

    #[test]
    fn arguments() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        fs::create_dir(dir.join("d.go")).unwrap();
        fs::write(dir.join("a.go"), "").unwrap();
        fs::write(dir.join("b.go"), "").unwrap();
        fs::write(dir.join("d.go/c.go"), "").unwrap();
        let parse = |arguments: &[&str]| {
            let owned: Vec<_> = arguments.iter().map(|a| a.to_string()).collect();
            Arguments::parse(&owned, dir)
        };
        let one = |argument| match parse(&[argument]).unwrap() {
            Arguments::Patterns(mut patterns) => patterns.remove(0),
            other => panic!("{other:?}"),
        };
        assert_eq!(parse(&[]).unwrap(), Arguments::Patterns(vec![Pattern::Directory(dir.into())]));
        assert_eq!(one("net/http/"), Pattern::Path("net/http".into()));
        assert_eq!(one("./d.go"), Pattern::Directory(dir.join("d.go")));
        assert_eq!(one("../x"), Pattern::Directory(dir.parent().unwrap().join("x")));
        assert!(matches!(one("x/..."), Pattern::Paths(_)));
        match one("./d.go/...") {
            Pattern::Directories { root, wildcard } => {
                assert_eq!(root, dir.join("d.go"));
                assert!(wildcard.matches(dir.join("d.go/x").to_str().unwrap()));
                assert!(wildcard.matches(dir.join("d.go").to_str().unwrap()));
                assert!(!wildcard.matches(dir.to_str().unwrap()));
            }
            other => panic!("{other:?}"),
        }
        let names = vec!["a.go".to_string(), "b.go".to_string()];
        assert_eq!(
            parse(&["b.go", "./a.go", "b.go"]).unwrap(),
            Arguments::Files(dir.into(), names)
        );
        for bad in
            [&["a.go", "fmt"][..], &["a.go", "d.go/c.go"], &["none.go"], &["all"], &["a@v1"], &[""]]
        {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
