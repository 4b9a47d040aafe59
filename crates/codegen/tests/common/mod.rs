//! Compiles programs, joins them with a runtime of a few lines of assembly, and runs them.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use trigo_codegen::Runtime;
use trigo_ir::Program;

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder");
        let image = dir.path().join("runtime");
        let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/common/runtime.s");
        let status = Command::new("cc")
            .args(["-nostdlib", "-static", "-no-pie", "-Wl,--build-id", "-o"])
            .args([&image, &source])
            .status()
            .expect("a C compiler");
        assert!(status.success());
        Runtime::read(&std::fs::read(image).expect("the image")).expect("a runtime")
    })
}

/// Compiles a program without errors.
pub fn compile(program: &Program) -> Vec<u8> {
    match trigo_codegen::compile(program, runtime(), &Default::default()) {
        Ok((file, _)) => file,
        Err(errors) => panic!("{errors:?}"),
    }
}

/// What `runtime.main`, a function with one `int` as its result, returns.
pub fn run(program: &Program) -> i64 {
    let file = compile(program);
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("program");
    // A child that another thread makes meanwhile would inherit the open file, and an open program cannot be run.
    static WRITING: Mutex<()> = Mutex::new(());
    let writing = WRITING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    std::fs::write(&path, file).expect("to write the program");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).expect("to make it executable");
    if let Ok(keep) = std::env::var("TRIGO_KEEP") {
        std::fs::copy(&path, keep).expect("to keep the program");
    }
    let child = Command::new(&path).stdout(Stdio::piped()).spawn().expect("to run the program");
    drop(writing);
    let output = child.wait_with_output().expect("the program's output");
    assert!(output.status.success(), "the program ended with {:?}", output.status);
    i64::from_le_bytes(output.stdout.try_into().expect("eight bytes"))
}

/// Parses a program, checks it and runs it.
#[allow(dead_code)]
pub fn run_text(text: &str) -> i64 {
    let program = trigo_ir::text::parse_program(text).expect("text that can be read");
    for func in &program.funcs {
        trigo_ir::verify::assert_valid(&program.context, func, "the test");
    }
    run(&program)
}
