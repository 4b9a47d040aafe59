//! From byte offsets to lines and columns, with `//line` directives.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::pos::{LineCol, Pos, Position};

/// Where a file's lines start, and what its `//line` directives say.
#[derive(Debug, Default)]
pub(crate) struct LineTable {
    /// The offset of each line's first byte; the first is 0.
    starts: Vec<u32>,
    /// In source order.
    bases: Vec<LineBase>,
}

/// From `pos` on, positions count from `file:line:col`.
#[derive(Clone, Debug)]
pub(crate) struct LineBase {
    pub pos: Pos,
    pub file: Arc<str>,
    pub line: u32,
    /// 0 if the directive has no column: then columns are not known.
    pub col: u32,
}

impl LineTable {
    pub(crate) fn new(text: &[u8]) -> Self {
        let mut starts = Vec::with_capacity(1 + text.len() / 24);
        starts.push(0);
        starts.extend(memchr::memchr_iter(b'\n', text).map(|i| i as u32 + 1));
        Self { starts, bases: Vec::new() }
    }

    pub(crate) fn push_base(&mut self, base: LineBase) {
        self.bases.push(base);
    }

    /// The base that holds at `pos`.
    pub(crate) fn base(&self, pos: Pos) -> Option<&LineBase> {
        let n = self.bases.partition_point(|base| base.pos <= pos);
        n.checked_sub(1).map(|i| &self.bases[i])
    }

    pub(crate) fn line_col(&self, pos: Pos) -> LineCol {
        let line = self.starts.partition_point(|&start| start <= pos.0);
        LineCol { line: line as u32, col: pos.0 - self.starts[line - 1] + 1 }
    }

    pub(crate) fn position(&self, name: &Arc<str>, pos: Pos) -> Position {
        let here = self.line_col(pos);
        let Some(base) = self.base(pos) else {
            return Position { file: name.clone(), line: here.line, col: here.col };
        };
        let from = self.line_col(base.pos);
        let col = match base.col {
            0 => 0,
            col if here.line == from.line => col + (here.col - from.col),
            _ => here.col,
        };
        Position { file: base.file.clone(), line: base.line + (here.line - from.line), col }
    }
}

/// The name a `//line` directive in the file `source` means by `name`: cleaned, and relative to the file's folder.
pub(crate) fn resolve(source: &str, name: &str) -> Arc<str> {
    let path = match Path::new(source).parent() {
        Some(dir) if !Path::new(name).is_absolute() => dir.join(name),
        _ => PathBuf::from(name),
    };
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => match clean.components().next_back() {
                Some(Component::Normal(_)) => {
                    clean.pop();
                }
                Some(Component::RootDir) => {}
                _ => clean.push(".."),
            },
            part => clean.push(part),
        }
    }
    if clean.as_os_str().is_empty() {
        return ".".into();
    }
    clean.to_string_lossy().into()
}
