//! Errors as the user sees them: sorted, ten at most, short file names; on a terminal with the
//! source line and a caret.

use std::io::{self, Write};
use std::path::Path;

use trigo_loader::{Error, Position};

/// How many errors are printed unless all are wanted.
const LIMIT: usize = 10;

/// How to print.
pub struct Style<'a> {
    /// The directory that file names are shortened against.
    pub dir: &'a Path,
    /// Whether to print all errors.
    pub all: bool,
    /// Whether to show the source.
    pub source: bool,
}

/// Prints errors, which must be sorted.
///
/// # Errors
/// If the output cannot be written.
pub fn print(errors: &[Error], style: &Style, out: &mut dyn Write) -> io::Result<()> {
    // Further lines of a message begin with places of their own.
    let dir = format!("\n\t{}/", style.dir.display());
    let limit = if style.all { errors.len() } else { LIMIT };
    for error in errors.iter().take(limit) {
        let message = error.message.replace(&dir, "\n\t");
        match &error.position {
            Some(position) => {
                let mut short = position.clone();
                short.file = shorten(&position.file, style.dir).to_path_buf();
                writeln!(out, "{short}: {message}")?;
                if style.source {
                    print_source(position, out)?;
                }
            }
            None => writeln!(out, "{message}")?,
        }
    }
    if errors.len() > limit {
        writeln!(out, "too many errors")?;
    }
    Ok(())
}

/// A file's name relative to a directory it is below.
fn shorten<'a>(file: &'a Path, dir: &Path) -> &'a Path {
    file.strip_prefix(dir).unwrap_or(file)
}

/// Prints the line of a position and a caret below its column.
fn print_source(position: &Position, out: &mut dyn Write) -> io::Result<()> {
    let Ok(source) = std::fs::read(&position.file) else {
        return Ok(());
    };
    let Some(line) = source.split(|&b| b == b'\n').nth((position.line as usize).wrapping_sub(1))
    else {
        return Ok(());
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    writeln!(out, "\t{}", String::from_utf8_lossy(line))?;
    let Some(before) = (position.column as usize).checked_sub(1).and_then(|len| line.get(..len))
    else {
        return Ok(());
    };
    // Tabs stay tabs, so that the caret stands below its character however wide they are.
    let before = String::from_utf8_lossy(before);
    let pad: String = before.chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
    writeln!(out, "\t{pad}^")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(errors: &[Error], dir: &Path, all: bool, source: bool) -> String {
        let mut out = Vec::new();
        print(errors, &Style { dir, all, source }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ten_and_no_more() {
        let errors: Vec<Error> = (0..11).map(|n| Error::new(format!("e{n}"))).collect();
        let dir = Path::new("/");
        assert!(printed(&errors, dir, false, false).ends_with("e9\ntoo many errors\n"));
        assert!(printed(&errors, dir, true, false).ends_with("e10\n"));
        assert!(printed(&errors[..10], dir, false, false).ends_with("e9\n"));
    }

    #[test]
    fn all_lines_of_a_message_have_short_names() {
        let error = Error::new("twice\n\t/m/a.go:1:2: here\n\t/n/m/a.go:1:3: there");
        let text = printed(&[error], Path::new("/m"), false, false);
        assert_eq!(text, "twice\n\ta.go:1:2: here\n\t/n/m/a.go:1:3: there\n");
    }

    #[test]
    fn the_caret_stands_below() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.go");
        std::fs::write(&file, "x\n\tü y\n").unwrap();
        let at = |line, column| Error::at(Position { file: file.clone(), line, column }, "bad");
        assert_eq!(
            printed(&[at(2, 5)], dir.path(), false, true),
            "a.go:2:5: bad\n\t\tü y\n\t\t  ^\n"
        );
        assert_eq!(printed(&[at(0, 0)], dir.path(), false, true), "a.go: bad\n");
        assert_eq!(printed(&[at(9, 1)], dir.path(), false, true), "a.go:9:1: bad\n");
        assert_eq!(printed(&[at(1, 99)], dir.path(), false, true), "a.go:1:99: bad\n\tx\n");
    }
}
