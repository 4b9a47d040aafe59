//! The suite `std`: every package of the standard library and of the commands that builds for linux/amd64 without cgo,
//! vendored ones too, with all function bodies and test files. There must be no errors.

mod support;

use conformance::{Suite, missing, places};
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use support::Library;

/// The folders below `dir` that may be packages, named from `root` on.
fn packages(root: &Path, dir: &Path, out: &mut Vec<String>) {
    let mut entries: Vec<_> =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    if let Ok(path) = dir.strip_prefix(root)
        && !path.as_os_str().is_empty()
    {
        out.push(path.to_string_lossy().into_owned());
    }
    for e in entries {
        let name = e.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if e.is_dir() && name != "testdata" && !name.starts_with(['_', '.']) {
            packages(root, &e, out);
        }
    }
}

fn main() -> ExitCode {
    let Some(goroot) = places::goroot() else {
        return missing("std", "distribution of Go");
    };
    let library = Library::new(goroot.clone(), false);
    let mut suite = Suite::new("std");
    let src = goroot.join("src");
    let mut paths = Vec::new();
    packages(&src, &src, &mut paths);
    // The checker knows `unsafe` by itself; `builtin` is documentation.
    paths.retain(|path| path != "unsafe" && path != "builtin");
    for path in &paths {
        let dir = library.dir(path);
        let (files, tests) = (library.go_files(&dir, false), library.go_files(&dir, true));
        if files.is_empty() && tests.is_empty() {
            continue;
        }
        suite.run(path, || {
            let mut messages = library.check_messages(path, &files);
            messages.extend(library.test_messages(path, &files, tests));
            messages.extend(library.problems.take());
            messages
        });
    }
    suite.finish()
}
