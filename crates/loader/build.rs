//! Puts the sources of `goroot/src` into the crate: a constant with every file's package, name and contents.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../goroot/src");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    list(&root, &mut files)?;
    files.sort();
    let mut code = String::from("const FILES: &[(&str, &str, &[u8])] = &[\n");
    for file in files {
        let path = file.strip_prefix(&root).expect("below the root");
        let (package, name) =
            (path.parent().expect("in a package"), path.file_name().expect("a file"));
        writeln!(code, "    ({package:?}, {name:?}, include_bytes!({file:?})),").expect("memory");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("overlay.rs");
    fs::write(out, code)
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
