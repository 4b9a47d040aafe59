//! `trigo build`: compile and leave executables.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tempfile::Builder;
use trigo_loader::graph::PackageId;
use trigo_loader::{Error, Result};

use crate::cli::Build;
use crate::compile::{Sources, sources};

/// Compiles packages; writes the executables that are wanted.
pub fn run(build: &Build) -> Result<ExitCode> {
    let Some(mut sources) = sources(&build.compile, &build.packages)? else {
        return Ok(ExitCode::FAILURE);
    };
    let mains = sources.mains();
    let place = Place::of(build.output.as_deref(), &sources, &mains)?;
    let mut ok = true;
    for main in mains {
        match sources.link(main) {
            Some(file) => place.write(&sources.name(main), &file)?,
            None => ok = false,
        }
    }
    Ok(if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where executables go.
enum Place {
    /// Nowhere: they are made to see whether they can be.
    Nowhere,
    /// A file, for the only one.
    File(PathBuf),
    /// A directory, under their own names.
    Directory(PathBuf),
}

impl Place {
    /// The rules of the go command: without `-o`, a program that was named alone goes to the current directory; `-o` names
    /// a file for one, or a directory for all.
    fn of(wanted: Option<&Path>, sources: &Sources, mains: &[PackageId]) -> Result<Self> {
        let one = sources.paths().count() == 1;
        match wanted {
            Some(path) if path == Path::new("/dev/null") => Ok(Place::Nowhere),
            Some(path) if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") => {
                match mains {
                    [] => Err(Error::new("no main packages to build")),
                    _ => Ok(Place::Directory(path.to_path_buf())),
                }
            }
            Some(path) if one => Ok(Place::File(path.to_path_buf())),
            Some(path) => {
                let path = path.display();
                let message = format!("cannot write multiple packages to non-directory {path}");
                Err(Error::new(message))
            }
            None if one => Ok(Place::Directory(PathBuf::new())),
            None => Ok(Place::Nowhere),
        }
    }

    fn write(&self, name: &str, file: &[u8]) -> Result<()> {
        match self {
            Place::Nowhere => Ok(()),
            Place::File(path) => write(path, file),
            Place::Directory(dir) => write(&dir.join(name), file),
        }
    }
}

/// Writes an executable beside its place and renames it into it, so that what is there is whole. Through a symbolic link,
/// it is written where that leads; to what is no regular file, such as a pipe, as it is.
///
/// # Errors
/// If that fails, or another kind of file has the name.
pub fn write(path: &Path, file: &[u8]) -> Result<()> {
    let failed = |error: &io::Error| Error::io("write", path, error);
    let target = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    match fs::metadata(&target) {
        Ok(known) if known.is_dir() => {
            let path = path.display();
            let message = format!("build output \"{path}\" already exists and is a directory");
            return Err(Error::new(message));
        }
        Ok(known) if !known.is_file() => {
            return fs::write(&target, file).map_err(|error| failed(&error));
        }
        Ok(_) if !is_replaceable(&target).map_err(|error| failed(&error))? => {
            let path = path.display();
            let message =
                format!("build output \"{path}\" already exists and is not an object file");
            return Err(Error::new(message));
        }
        _ => {}
    }
    let dir = target.parent().filter(|dir| !dir.as_os_str().is_empty());
    if let Some(dir) = dir {
        fs::create_dir_all(dir).map_err(|error| failed(&error))?;
    }
    let mut temporary = Builder::new()
        .prefix(".trigo-")
        .permissions(Permissions::from_mode(0o755))
        .tempfile_in(dir.unwrap_or(Path::new(".")))
        .map_err(|error| failed(&error))?;
    temporary.write_all(file).map_err(|error| failed(&error))?;
    temporary.persist(&target).map_err(|error| failed(&error.error))?;
    Ok(())
}

/// Whether a file may be an executable of before: it begins as one, or is empty.
fn is_replaceable(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == b"\x7fELF")
}
