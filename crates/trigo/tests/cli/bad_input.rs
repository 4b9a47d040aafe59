//! Files that no editor would write: `trigo check` answers with an error as Go words it, in bounded time and memory.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::world::{World, result};

/// How much address space a check may use, in KiB.
const MEMORY: u32 = 4 << 20;

/// How long a check may take, in seconds, even without optimisation and on a busy machine.
const SECONDS: u32 = 120;

/// What `trigo check` prints in the module, which is nothing if and only if all is well. Its memory and time are limited.
fn check_module(world: &World) -> String {
    let trigo = world.command(&["check"]);
    let limited = Command::new("/bin/sh")
        .args(["-c", "ulimit -v $1; exec timeout $2 \"$3\" check", "sh"])
        .args([&MEMORY.to_string(), &SECONDS.to_string(), env!("CARGO_BIN_EXE_trigo")])
        .current_dir(world.path("m"))
        .env_clear()
        .envs(trigo.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", "/usr/bin:/bin")
        .env("GOROOT", world.path("goroot"))
        .output();
    let (code, out, err) = result(limited.unwrap());
    assert_eq!((code, out.as_str()), (i32::from(!err.is_empty()), ""), "{err}");
    err
}

/// What the check says about one file, `a.go`.
fn check(text: impl AsRef<[u8]>) -> String {
    let world = World::new(&[]);
    fs::write(world.path("m/a.go"), text).unwrap();
    check_module(&world)
}

#[test]
fn a_byte_order_mark_may_begin_a_file_only() {
    assert_eq!(check("\u{feff}package m\n"), "");
    assert_eq!(
        check("package m\n\nvar x = \"a\u{feff}b\"\n"),
        "a.go:3:11: invalid BOM in the middle of the file\n"
    );
}

#[test]
fn bytes_that_no_source_may_have_are_named_where_they_are() {
    assert_eq!(check(b"package m\n\nvar x = \"a\0b\"\n"), "a.go:3:11: invalid NUL character\n");
    assert_eq!(check(b"package m\n\nvar x = \"a\xffb\"\n"), "a.go:3:11: invalid UTF-8 encoding\n");
}

#[test]
fn carriage_returns_end_lines_and_are_no_part_of_raw_strings() {
    // The array's bound is the string's length.
    let text = "package m\r\n\r\nconst s = `a\r\nb`\r\n\r\nvar a = [len(s)]int{3: 0}\r\n";
    assert_eq!(check(text), "a.go:6:21: invalid argument: index 3 out of bounds [0:3]\n");
    assert_eq!(check(text.replace("3: 0", "2: 0")), "");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_reason() {
    let world = World::new(&[("m/a.go", "package m\n")]);
    for (target, reason) in
        [("none", "no such file or directory"), ("/proc/self/mem", "input/output error")]
    {
        let path = world.path("m/x.go");
        symlink(target, &path).unwrap();
        assert_eq!(check_module(&world), format!("x.go: open {}: {reason}\n", path.display()));
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_directory_is_no_source_file_whatever_its_name() {
    let world = World::new(&[("m/a.go", "package m\n")]);
    fs::create_dir(world.path("m/x.go")).unwrap();
    symlink("x.go", world.path("m/y.go")).unwrap();
    assert_eq!(check_module(&world), "");
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let deep = 200_000;
    let (open, close) = ("(".repeat(deep), ")".repeat(deep));
    for (text, column, limit) in [
        (format!("package m\n\nvar x = {open}1{close}\n"), 10_009, 10_000),
        (format!("package m\n\nvar x {}int\n", "[]".repeat(deep)), 2007, 1000),
    ] {
        let message = format!("nesting is deeper than {limit} levels");
        assert_eq!(check(text), format!("a.go:3:{column}: {message}\n"));
    }
}

#[test]
fn a_file_of_a_hundred_megabytes_is_checked() {
    let line = format!("\t\"{}\",\n", "generated ".repeat(50));
    let before = "package m\n\nvar _ = []string{\n";
    let count = 100_000_000 / line.len() + 1;
    let world = World::new(&[]);
    write_lines(&world.path("m/a.go"), before, &line, count, "}\n\nvar x int = \"s\"\n").unwrap();
    let fault = "cannot use \"s\" (untyped string constant) as int value in variable declaration";
    assert_eq!(check_module(&world), format!("a.go:{}:13: {fault}\n", count + 6));
}

fn write_lines(
    path: &Path,
    before: &str,
    line: &str,
    count: usize,
    after: &str,
) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(before.as_bytes())?;
    for _ in 0..count {
        file.write_all(line.as_bytes())?;
    }
    file.write_all(after.as_bytes())?;
    file.flush()
}
