//! How fast files are read: `cargo run --release --example parse_speed -- [-n ROUNDS] FOLDER`.
//!
//! Reads all Go files below a folder into memory, then lexes and parses them on one core, and prints the best of some
//! rounds in megabytes per second.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs, io};

use trigo_syntax::token::Token;
use trigo_syntax::{FileId, Interner, Lexer, Mode, Source, parse_file};

fn main() -> ExitCode {
    let mut rounds = 5;
    let mut folder = None;
    let mut args = env::args_os().skip(1);
    while let Some(arg) = args.next() {
        if arg == "-n" {
            rounds = args.next().and_then(|n| n.to_str()?.parse().ok()).unwrap_or(rounds);
        } else {
            folder = Some(PathBuf::from(arg));
        }
    }
    let cached = || Some(PathBuf::from(env::var_os("TRIGO_CACHE")?).join("go-1.27.3/src/go"));
    let Some(folder) = folder.or_else(cached) else {
        eprintln!("usage: parse_speed [-n ROUNDS] FOLDER");
        return ExitCode::FAILURE;
    };
    let mut sources = Vec::new();
    if let Err(error) = read(&folder, &mut sources) {
        eprintln!("{}: {error}", folder.display());
        return ExitCode::FAILURE;
    }
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    println!("{} files, {:.1} MB", sources.len(), bytes as f64 / 1e6);
    report("lex", bytes, rounds, || lex(&sources));
    report("parse", bytes, rounds, || parse(&sources));
    ExitCode::SUCCESS
}

fn read(folder: &Path, sources: &mut Vec<Source>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if !path.ends_with("testdata") {
                read(&path, sources)?;
            }
        } else if path.extension().is_some_and(|ext| ext == "go") {
            let text: Arc<[u8]> = fs::read(&path)?.into();
            let id = FileId(sources.len() as u32);
            sources.push(Source::new(id, &*path.to_string_lossy(), text));
        }
    }
    Ok(())
}

fn report(what: &str, bytes: usize, rounds: usize, mut work: impl FnMut() -> usize) {
    let mut best = Duration::MAX;
    let mut count = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        count = work();
        best = best.min(start.elapsed());
    }
    println!("{what}: {:.1} MB/s ({count} items)", bytes as f64 / 1e6 / best.as_secs_f64());
}

fn lex(sources: &[Source]) -> usize {
    let names = Interner::new();
    let mut tokens = 0;
    for source in sources {
        let mut lexer = Lexer::new(source, &names);
        while lexer.next_token() != Token::Eof {
            tokens += 1;
        }
    }
    tokens
}

fn parse(sources: &[Source]) -> usize {
    let names = Interner::new();
    let mut nodes = 0;
    let mut diagnostics = Vec::new();
    for source in sources {
        let file = parse_file(source.clone(), &names, Mode::default(), &mut diagnostics);
        nodes += file.expr_count();
    }
    nodes
}
