//! go.mod: what a module is called, and what it needs.

use std::path::{Path, PathBuf};

use super::lines::{self, Line, Text, Word};
use super::version::{ModuleVersion, Version, check_major};
use crate::error::{Error, Position, Result};
use crate::version::GoVersion;

/// A go.mod file, read.
#[derive(Clone, Debug, Default)]
pub struct ModFile {
    /// The file, as a path that can be opened.
    pub file: PathBuf,
    /// The module's path.
    pub module: String,
    /// The Go version of the `go` line.
    pub go: Option<GoVersion>,
    /// The toolchain of the `toolchain` line, such as `go1.27.3`.
    pub toolchain: Option<String>,
    /// The modules it needs, in source order.
    pub require: Vec<Require>,
    /// Its replacements, in source order; they count in a main module only.
    pub replace: Vec<Replace>,
    /// Versions it refuses; they count in a main module only.
    pub exclude: Vec<ModuleVersion>,
    /// Directories that patterns pass over: `./x` from the module's root, `x` at any depth.
    pub ignore: Vec<String>,
    /// Import paths of the module's tools.
    pub tools: Vec<String>,
    /// Settings of GODEBUG for the module's programs, in source order; they count in a main module only.
    pub godebug: Vec<(String, String)>,
}

/// A module that another needs.
#[derive(Clone, Debug)]
pub struct Require {
    /// The module and the least version that will do.
    pub module: ModuleVersion,
    /// Whether it stands there only for what other modules need.
    pub indirect: bool,
    /// Where the line stands.
    pub position: Position,
}

/// A replacement.
#[derive(Clone, Debug)]
pub struct Replace {
    /// The module replaced.
    pub path: String,
    /// The version replaced; all of them if there is none.
    pub version: Option<Version>,
    /// What stands in.
    pub target: Target,
}

/// What stands in for a replaced module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A directory, absolute or relative to the file that says so.
    Directory(String),
    /// Another module.
    Module(ModuleVersion),
}

/// How to take what is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// As an error: the user can mend the file.
    Main,
    /// By passing over it: the file is somebody else's, maybe written for a later Go.
    Dependency,
}

impl ModFile {
    /// Reads the text of a go.mod file. `file` is for positions.
    ///
    /// # Errors
    /// The first line that is malformed; for a dependency, only a malformed `module`, `go` or
    /// `require` line, or text that is no go.mod at all.
    pub fn parse(file: &Path, source: &[u8], strictness: Strictness) -> Result<ModFile> {
        let text = Text { path: file, source };
        let mut mod_file = ModFile { file: file.to_path_buf(), ..ModFile::default() };
        for line in lines::parse(text)? {
            let concerns_all = matches!(line.verb.text.as_str(), "module" | "go" | "require");
            if strictness == Strictness::Main || concerns_all {
                mod_file.line(text, &line)?;
            }
        }
        if mod_file.module.is_empty() {
            let message = "no module declaration in go.mod; to name the module, add a line: module example.com/name";
            return Err(Error::at(Position::file(file), message));
        }
        Ok(mod_file)
    }

    /// The language version of the module's packages.
    pub fn go_version(&self) -> GoVersion {
        self.go.unwrap_or(GoVersion::UNSTATED)
    }

    /// Whether the module lists all that its packages need, indirect modules included: those of
    /// Go 1.17 and later do.
    pub fn is_pruned(&self) -> bool {
        self.go_version() >= GoVersion::language(17)
    }

    fn line(&mut self, text: Text, line: &Line) -> Result<()> {
        match line.verb.text.as_str() {
            "module" => {
                if !self.module.is_empty() {
                    return Err(text.error(line.verb.offset, "repeated module statement"));
                }
                self.module = one_argument(text, line, "module example.com/name")?.text.clone();
            }
            "go" => {
                if self.go.is_some() {
                    return Err(text.error(line.verb.offset, "repeated go statement"));
                }
                self.go = Some(go_line(text, line)?);
            }
            "toolchain" => {
                self.toolchain = Some(one_argument(text, line, "toolchain go1.27.3")?.text.clone())
            }
            "require" => {
                let module = module_version(text, line)?;
                self.require.push(Require {
                    module,
                    indirect: line.comment.split(';').next().map(str::trim) == Some("indirect"),
                    position: Position::of(text.path, text.source, line.args[0].offset),
                });
            }
            "exclude" => self.exclude.push(module_version(text, line)?),
            "replace" => self.replace.push(replace_line(text, line)?),
            "ignore" => self.ignore.push(one_argument(text, line, "ignore ./dir")?.text.clone()),
            "tool" => {
                self.tools.push(one_argument(text, line, "tool example.com/cmd")?.text.clone())
            }
            "godebug" => self.godebug.push(godebug_line(text, line)?),
            "retract" => {}
            verb => {
                return Err(text.error(line.verb.offset, format!("unknown directive: {verb}")));
            }
        }
        Ok(())
    }
}

/// The one argument of a line that takes one.
pub(super) fn one_argument<'a>(text: Text, line: &'a Line, example: &str) -> Result<&'a Word> {
    match &line.args[..] {
        [word] => Ok(word),
        _ => Err(usage(text, line, example)),
    }
}

/// The setting and value of a `godebug` line.
pub(super) fn godebug_line(text: Text, line: &Line) -> Result<(String, String)> {
    let example = "godebug default=go1.27";
    let setting = one_argument(text, line, example)?.text.split_once('=');
    let (key, value) = setting.ok_or_else(|| usage(text, line, example))?;
    Ok((key.to_string(), value.to_string()))
}

fn usage(text: Text, line: &Line, example: &str) -> Error {
    let message = format!("malformed {} line; it should look like: {example}", line.verb.text);
    text.error(line.verb.offset, message)
}

/// The version of a `go` line.
pub(super) fn go_line(text: Text, line: &Line) -> Result<GoVersion> {
    let word = one_argument(text, line, "go 1.27")?;
    GoVersion::parse(&word.text).ok_or_else(|| {
        let message = format!("invalid go version '{}': must match format 1.23", word.text);
        text.error(word.offset, message)
    })
}

/// `path version` of a require or exclude line.
fn module_version(text: Text, line: &Line) -> Result<ModuleVersion> {
    let [path, version] = &line.args[..] else {
        return Err(usage(text, line, &format!("{} example.com/name v1.2.3", line.verb.text)));
    };
    Ok(ModuleVersion { version: version_of(text, line, path, version)?, path: path.text.clone() })
}

fn version_of(text: Text, line: &Line, path: &Word, version: &Word) -> Result<Version> {
    let invalid = |why: String| {
        text.error(version.offset, format!("{} {}: {why}", line.verb.text, path.text))
    };
    let parsed = Version::parse(&version.text).ok_or_else(|| {
        invalid(format!("version \"{}\" invalid: must be of the form v1.2.3", version.text))
    })?;
    check_major(&path.text, &parsed).map_err(invalid)?;
    Ok(parsed)
}

/// `path [version] => directory` or `path [version] => path version`.
pub(super) fn replace_line(text: Text, line: &Line) -> Result<Replace> {
    let arrow = line.args.iter().position(|word| word.is("=>"));
    let sides = arrow.map(|at| (&line.args[..at], &line.args[at + 1..]));
    let Some((old @ ([_] | [_, _]), new @ ([_] | [_, _]))) = sides else {
        let example = "replace example.com/name => ../dir, or: replace example.com/name => example.com/other v1.2.3";
        return Err(usage(text, line, example));
    };
    let version = match old.get(1) {
        Some(version) => Some(version_of(text, line, &old[0], version)?),
        None => None,
    };
    let path = &new[0];
    let target = match (is_directory(&path.text), new.get(1)) {
        (true, None) => Target::Directory(path.text.clone()),
        (false, Some(version)) => Target::Module(ModuleVersion {
            version: version_of(text, line, path, version)?,
            path: path.text.clone(),
        }),
        (true, Some(version)) => {
            let message =
                format!("replacement module directory path {} cannot have version", path.text);
            return Err(text.error(version.offset, message));
        }
        (false, None) => {
            let message = "replacement module without version must be directory path (rooted or starting with . or ..)";
            return Err(text.error(path.offset, message));
        }
    };
    Ok(Replace { path: old[0].text.clone(), version, target })
}

fn is_directory(path: &str) -> bool {
    matches!(path, "." | "..") || ["./", "../", "/"].iter().any(|start| path.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(source: &str) -> Result<ModFile> {
        ModFile::parse(Path::new("go.mod"), source.as_bytes(), Strictness::Main)
    }

    fn error(source: &str) -> String {
        parse(&format!("module m\n{source}")).unwrap_err().to_string()
    }

    #[test]
    fn reads_every_line() {
        let file = parse(
            "module example.com/m // c\n\ngo 1.23.4\ntoolchain go1.24.0\n\
             require a.b/c v1.2.3\nrequire (\n\td.e/f/v2 v2.0.0 // indirect\n\tg v0.0.0-20200101000000-abcdef123456 // indirect; why\n)\n\
             exclude a.b/c v1.2.4\nreplace a.b/c => ../c\nreplace g v1.0.0 => h v1.1.0\n\
             retract v0.9.0\nretract [v0.1.0, v0.2.0] // bad\ngodebug x=1\ntool x.y/z\nignore ./node_modules\n",
        )
        .unwrap();
        assert_eq!(file.module, "example.com/m");
        assert_eq!(file.go_version().to_string(), "1.23.4");
        assert_eq!(file.toolchain.as_deref(), Some("go1.24.0"));
        let require: Vec<_> =
            file.require.iter().map(|r| (r.module.to_string(), r.indirect)).collect();
        assert_eq!(require[0], ("a.b/c@v1.2.3".to_string(), false));
        assert_eq!(require[1], ("d.e/f/v2@v2.0.0".to_string(), true));
        assert!(require[2].1);
        assert_eq!(file.require[1].position.to_string(), "go.mod:7:2");
        assert_eq!(file.exclude[0].to_string(), "a.b/c@v1.2.4");
        assert_eq!(file.replace[0].target, Target::Directory("../c".into()));
        assert_eq!(file.replace[1].version.as_ref().unwrap().to_string(), "v1.0.0");
        assert_eq!((file.tools.len(), &file.ignore[0][..]), (1, "./node_modules"));
        assert_eq!(file.godebug, [("x".to_string(), "1".to_string())]);
        assert!(file.is_pruned());
        assert_eq!(parse("module m").unwrap().go_version(), GoVersion::UNSTATED);
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(parse("").unwrap_err().to_string().starts_with("go.mod: no module declaration"));
        assert_eq!(error("module n"), "go.mod:2:1: repeated module statement");
        assert_eq!(error("bogus x"), "go.mod:2:1: unknown directive: bogus");
        assert_eq!(error("go one"), "go.mod:2:4: invalid go version 'one': must match format 1.23");
        assert_eq!(
            error("require a.b/c v1"),
            "go.mod:2:15: require a.b/c: version \"v1\" invalid: must be of the form v1.2.3"
        );
        assert_eq!(
            error("require a.b/c v2.0.0"),
            "go.mod:2:15: require a.b/c: version \"v2.0.0\" invalid: should be v0 or v1, not v2"
        );
        assert!(error("require a.b/c").contains("malformed require line"));
        assert!(error("replace a => b").contains("must be directory path"));
        assert!(error("replace a => ../b v1.0.0").contains("cannot have version"));
        assert!(error("replace a b c => d").contains("malformed replace line"));
        assert!(error("replace a \"=>\" ../d").contains("malformed replace line"));
    }

    #[test]
    fn a_dependency_may_be_of_the_future() {
        let source = b"module m\nbogus x\nreplace what\nrequire a.b/c v1.0.0";
        let file = ModFile::parse(Path::new("go.mod"), source, Strictness::Dependency).unwrap();
        assert_eq!(file.require.len(), 1);
    }
}
