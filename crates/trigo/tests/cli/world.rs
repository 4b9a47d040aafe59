//! Where the tests run the command.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A directory with a small GOROOT, a module and an empty home.
pub struct World(tempfile::TempDir);

impl World {
    pub fn new(files: &[(&str, &str)]) -> World {
        let world = World(tempfile::tempdir().unwrap());
        world.write("goroot/VERSION", "go1.27.3\n");
        world.write("goroot/src/runtime/r.go", "package runtime");
        world.write("goroot/src/fmt/f.go", "package fmt");
        world.write("m/go.mod", "module m\n");
        for (path, text) in files {
            world.write(path, text);
        }
        world
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A command run in the module, with nothing of this machine's Go and packages to be found.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trigo"));
        command
            .args(arguments)
            .current_dir(self.path("m"))
            .env_clear()
            .env("HOME", self.path("home"))
            .env("PATH", self.path("bin"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let goroot = self.path("goroot");
        result(self.command(arguments).env("GOROOT", goroot).output().unwrap())
    }

    /// Puts a shell script on the path.
    pub fn script(&self, name: &str, text: &str) {
        let path = format!("bin/{name}");
        self.write(&path, &format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{text}"));
        fs::set_permissions(self.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Exit code, output and error output.
pub fn result(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What is in a directory, sorted; nothing if it is not there.
pub fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
