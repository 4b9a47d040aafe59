//! The suite `std`: every package of the standard library and of the commands that builds for linux/amd64 without cgo,
//! vendored ones too, with all function bodies and test files. There must be no errors.

mod support;

use conformance::{Suite, missing, places};
use std::process::ExitCode;
use support::Library;

fn main() -> ExitCode {
    let Some(goroot) = places::goroot() else {
        return missing("std", "distribution of Go");
    };
    let library = Library::new(goroot.clone(), false);
    let mut suite = Suite::new("std");
    for path in &support::library::packages(&goroot) {
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
