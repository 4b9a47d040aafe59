//! go.work: the modules of a workspace.

use std::path::{Path, PathBuf};

use super::go_mod::{Replace, go_line, godebug_line, one_argument, replace_line};
use super::lines::{self, Text};
use crate::error::{Position, Result};
use crate::version::GoVersion;

/// A go.work file, read.
#[derive(Clone, Debug, Default)]
pub struct WorkFile {
    /// The file, as a path that can be opened.
    pub file: PathBuf,
    /// The Go version of the `go` line.
    pub go: Option<GoVersion>,
    /// The toolchain of the `toolchain` line.
    pub toolchain: Option<String>,
    /// The directories of the workspace's modules, as they are written, with their places.
    pub uses: Vec<(String, Position)>,
    /// Replacements; they go before those of the modules.
    pub replace: Vec<Replace>,
    /// Settings of GODEBUG for the workspace's programs, in source order.
    pub godebug: Vec<(String, String)>,
}

impl WorkFile {
    /// Reads the text of a go.work file. `file` is for positions.
    ///
    /// # Errors
    /// The first line that is malformed.
    pub fn parse(file: &Path, source: &[u8]) -> Result<WorkFile> {
        let text = Text { path: file, source };
        let mut work = WorkFile { file: file.to_path_buf(), ..WorkFile::default() };
        for line in lines::parse(text)? {
            match line.verb.text.as_str() {
                "go" if work.go.is_some() => {
                    return Err(text.error(line.verb.offset, "repeated go statement"));
                }
                "go" => work.go = Some(go_line(text, &line)?),
                "toolchain" => {
                    work.toolchain =
                        Some(one_argument(text, &line, "toolchain go1.27.3")?.text.clone());
                }
                "use" => {
                    let word = one_argument(text, &line, "use ./dir")?;
                    let position = Position::of(file, source, word.offset);
                    work.uses.push((word.text.clone(), position));
                }
                "replace" => work.replace.push(replace_line(text, &line)?),
                "godebug" => work.godebug.push(godebug_line(text, &line)?),
                verb => {
                    return Err(text.error(line.verb.offset, format!("unknown directive: {verb}")));
                }
            }
        }
        Ok(work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_workspace() {
        let source = b"go 1.22\ntoolchain go1.23.0\nuse ./a\nuse (\n\t../b\n)\nreplace x => ./x\n";
        let work = WorkFile::parse(Path::new("go.work"), source).unwrap();
        let uses: Vec<_> = work.uses.iter().map(|(dir, at)| format!("{dir} {at}")).collect();
        assert_eq!(uses, ["./a go.work:3:5", "../b go.work:5:2"]);
        assert_eq!(work.replace.len(), 1);
        let error = WorkFile::parse(Path::new("go.work"), b"module m").unwrap_err();
        assert_eq!(error.to_string(), "go.work:1:1: unknown directive: module");
    }
}
