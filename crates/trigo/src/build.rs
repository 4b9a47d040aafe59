//! `trigo build`: compile and leave an executable.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tempfile::Builder;
use trigo_loader::{Error, Result};

use crate::cli::Build;
use crate::compile::{Compiled, compile};

/// Compiles packages; writes the executable if they are one program.
pub fn run(build: &Build) -> Result<ExitCode> {
    match compile(&build.compile, &build.packages)? {
        Compiled::Program { file, name } => {
            write(&output(build.output.as_deref(), &name), &file)?;
            Ok(ExitCode::SUCCESS)
        }
        Compiled::Packages => Ok(ExitCode::SUCCESS),
        Compiled::Failed => Ok(ExitCode::FAILURE),
    }
}

/// Where the executable goes: `-o` may name it, or a directory for it.
fn output(wanted: Option<&Path>, name: &str) -> PathBuf {
    match wanted {
        Some(path) if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            path.join(name)
        }
        Some(path) => path.to_path_buf(),
        None => name.into(),
    }
}

/// Writes an executable beside its place and renames it into it, so that what is there is whole.
pub fn write(path: &Path, file: &[u8]) -> Result<()> {
    let failed = |error: &std::io::Error| Error::io("write", path, error);
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.parent().is_some_and(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).map_err(|error| failed(&error))?;
    }
    let mut temporary = Builder::new()
        .prefix(".trigo-")
        .permissions(Permissions::from_mode(0o755))
        .tempfile_in(dir)
        .map_err(|error| failed(&error))?;
    temporary.write_all(file).map_err(|error| failed(&error))?;
    temporary.persist(path).map_err(|error| failed(&error.error))?;
    Ok(())
}
