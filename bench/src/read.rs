//! Lexing and parsing on one core, as `bench/check/read.go` does it with Go's packages.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use trigo_syntax::token::Token;
use trigo_syntax::{FileId, Interner, Lexer, Mode, Source, parse_file};

/// What to do with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Make tokens.
    Lex,
    /// Make trees.
    Parse,
}

/// Reads every Go file below a folder `rounds` times: how many bytes in all, and the nanoseconds of CPU it took.
pub fn run(what: What, root: &Path, rounds: usize) -> Result<(usize, i64)> {
    let mut sources = Vec::new();
    collect(root, &mut sources)?;
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    let before = cpu()?;
    for _ in 0..rounds {
        let names = Interner::new();
        for source in &sources {
            match what {
                What::Lex => lex(source, &names),
                What::Parse => parse(source, &names)?,
            }
        }
    }
    Ok((bytes * rounds, cpu()? - before))
}

fn collect(dir: &Path, sources: &mut Vec<Source>) -> Result<()> {
    let entries = std::fs::read_dir(dir).with_context(|| dir.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("testdata") {
                collect(&path, sources)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "go") {
            let text: Arc<[u8]> = std::fs::read(&path)?.into();
            sources.push(Source::new(FileId(sources.len() as u32), &*path.to_string_lossy(), text));
        }
    }
    Ok(())
}

fn lex(source: &Source, names: &Interner) {
    let mut lexer = Lexer::new(source, names);
    while lexer.next_token() != Token::Eof {}
}

fn parse(source: &Source, names: &Interner) -> Result<()> {
    let mut diagnostics = Vec::new();
    std::hint::black_box(parse_file(source.clone(), names, Mode::default(), &mut diagnostics));
    ensure!(diagnostics.is_empty(), "{}: syntax errors", source.name);
    Ok(())
}

fn cpu() -> Result<i64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    Ok((usage.user_time() + usage.system_time()).num_nanoseconds())
}
