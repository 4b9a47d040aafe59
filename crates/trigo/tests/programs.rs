//! Go programs of ours, built and run as a user does: those of `tests/programs` print what Go prints (the `.out` file
//! beside each), and the examples, which judge themselves, end well.

use conformance::process::{self, Limits};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const LIMITS: Limits = Limits { time: Duration::from_secs(120), memory: 4 << 30 };

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Builds a program and runs it; gives its output, or what went wrong.
fn run(source: &Path, environment: &[(&str, &str)]) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = folder.path().join("program");
    let mut build = Command::new(env!("CARGO_BIN_EXE_trigo"));
    build.args(["build", "-o"]).args([&program, source]);
    let run = Command::new(&program);
    for (what, mut command) in [("build", build), ("run", run)] {
        command.envs(environment.iter().copied());
        let outcome = process::run(&mut command, LIMITS).map_err(|error| error.to_string())?;
        if !outcome.is_success() {
            return Err(outcome.failure(what).join("\n"));
        }
        if what == "run" {
            return Ok(outcome.output);
        }
    }
    Ok(Vec::new())
}

#[test]
fn programs_print_what_go_prints() {
    let mut names: Vec<PathBuf> = fs::read_dir(root().join("tests/programs"))
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "go"))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut faults = Vec::new();
    for source in names {
        let expected = fs::read(source.with_extension("out")).expect("what Go prints is there");
        match run(&source, &[]) {
            Ok(output) if output == expected => {}
            Ok(output) => faults.push(format!(
                "{}: prints\n{}",
                source.display(),
                String::from_utf8_lossy(&output)
            )),
            Err(fault) => faults.push(format!("{}: {fault}", source.display())),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn a_megabyte_that_is_forgotten_is_gone_after_a_collection() {
    let source = root().join("examples/forget/main.go");
    let kilobytes = |source: &Path| -> u64 {
        let output = run(source, &[]).unwrap_or_else(|fault| panic!("{fault}"));
        let text = String::from_utf8_lossy(&output).into_owned();
        let number = text.strip_prefix("Alloc: ").and_then(|t| t.strip_suffix(" KB\n"));
        number.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("it prints {text:?}"))
    };
    assert!(kilobytes(&source) < 600);
    // Without the collection it is still there.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kept = folder.path().join("main.go");
    let text = fs::read_to_string(&source).expect("the example is there");
    fs::write(&kept, text.replace("\truntime.GC()\n", "")).expect("the folder can be written");
    assert!(kilobytes(&kept) > 1024);
}

#[test]
fn the_examples_judge_themselves_well() {
    for name in ["pool", "finalizers", "leak", "pacing", "service"] {
        let source = root().join("examples").join(name).join("main.go");
        run(&source, &[]).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    }
}

#[test]
fn nothing_is_lost_under_torture() {
    let torture = ("TRIGO_GC", "torture=100,verify,poison");
    for name in ["closures.go", "channels.go", "fork.go", "network.go", "profiles.go"] {
        let source = root().join("tests/programs").join(name);
        let expected = fs::read(source.with_extension("out")).expect("what Go prints is there");
        let output = run(&source, &[torture]).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(&expected), "{name}");
    }
}

#[test]
fn what_nests_deep_is_compiled() {
    let n = 4_900;
    let nested = |open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let text = [
        "package main\n",
        "func f(x int) int { return x + 1 }\n",
        "var one = 1\n",
        "func main() {\n",
        &format!("println({})\n", nested("f(", "0", ")")),
        &format!("println({})\n", nested("(", "one", ")")),
        &format!("println({})\n", nested("- ", "one", "")),
        &format!("println({})\n", nested("1 + (", "one", ")")),
        &nested("{\n", "println(one)\n", "}\n"),
        &nested("if one > 0 {\n", "println(one)\n", "}\n"),
        &format!("{}println(one){}\n", "for range one {\n".repeat(n / 10), "}\n".repeat(n / 10)),
        &format!("{}{{ println(one) }}\n", "if one < 0 {} else ".repeat(n)),
        &format!("{}println(one){}\n", "func() { ".repeat(n / 4), " }()".repeat(n / 4)),
        "}\n",
    ]
    .concat();
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("deep.go");
    fs::write(&source, text).expect("the folder is writable");
    let output = run(&source, &[]).map(|output| String::from_utf8_lossy(&output).into_owned());
    assert_eq!(output, Ok(format!("{n}\n1\n1\n{}\n1\n1\n1\n1\n1\n", n + 1)));
}
