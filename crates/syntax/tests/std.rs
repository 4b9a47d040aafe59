//! The standard library: every file parses, and parses to the same tree once printed.

mod common;

use std::fs;

use trigo_syntax::{Interner, dump, printer};

#[test]
fn every_file_parses_and_prints_to_the_same_tree() {
    let Some(goroot) = common::goroot() else { return };
    let names = Interner::new();
    let files = common::go_files(&goroot.join("src"));
    assert!(files.len() > 5000, "{} files are too few for a distribution", files.len());
    let mut failures = Vec::new();
    for path in &files {
        let name = path.to_string_lossy();
        let text = fs::read(path).expect("a readable file");
        let (file, errors) = common::parse(&name, &text, &names);
        if !errors.is_empty() {
            failures.push(common::render(&file, &errors).join("\n"));
            continue;
        }
        let printed = printer::print_file(&file, &names);
        let (again, errors) = common::parse("printed.go", printed.as_bytes(), &names);
        if !errors.is_empty() {
            failures.push(format!("{name}, printed: {}", common::render(&again, &errors).join("\n")));
        } else if let Some(difference) = first_difference(&dump(&file, &names), &dump(&again, &names)) {
            failures.push(format!("{name}: {difference}"));
        }
    }
    let shown = failures.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {} files fail:\n{shown}", failures.len(), files.len());
}

fn first_difference(a: &str, b: &str) -> Option<String> {
    if a == b {
        return None;
    }
    let lines = a.lines().zip(b.lines()).enumerate();
    let differing = lines.into_iter().find(|(_, (a, b))| a != b);
    Some(match differing {
        Some((i, (a, b))) => format!("line {}: `{}` became `{}`", i + 1, a.trim(), b.trim()),
        None => "one tree is the beginning of the other".into(),
    })
}
