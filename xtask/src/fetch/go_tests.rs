//! Go's `test/` directory, from Debian's package `golang-1.27-src`.
//!
//! The distribution leaves it out; Debian's source package carries it, in suite sid. A private copy
//! of the machine's own Debian mirror entry with the suite replaced lets apt fetch and verify it
//! without any change to the system's configuration.

use super::run;
use super::sources::{self, Mirror};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "golang-1.27-src";
const SUITE: &str = "sid";
const TEST_DIR: &str = "usr/share/go-1.27/test";
const ADVICE: &str = "Go's test directory is fetched with Debian's apt and dpkg";

/// Fills `dir` with `test/` and with `PACKAGE`, one line that says which package it came from.
/// `scratch` holds apt's lists and the package meanwhile.
///
/// # Errors
///
/// When the machine has no apt or no Debian mirror, apt fails, or the package is not of Go 1.27.
pub fn fill(dir: &Path, scratch: &Path) -> Result<()> {
    let mirror = Mirror::of_this_machine(&apt_config_dir()?)?;
    let package = download(&mirror, scratch)?;

    let mut field = Command::new("dpkg-deb");
    field.arg("--field").arg(&package).arg("Version");
    let version = run(&mut field, ADVICE)?.trim().to_owned();
    ensure!(version.starts_with("1.27."), "{PACKAGE} in {SUITE} is version {version}, not 1.27.x");

    let unpacked = scratch.join("unpacked");
    let mut extract = Command::new("dpkg-deb");
    extract.arg("--extract").arg(&package).arg(&unpacked);
    run(&mut extract, ADVICE)?;
    let tests = unpacked.join(TEST_DIR);
    ensure!(
        tests.join("helloworld.go").is_file(),
        "{PACKAGE} {version} has no {TEST_DIR}/helloworld.go: its layout changed"
    );
    fs::rename(&tests, dir.join("test"))?;
    fs::write(dir.join("PACKAGE"), format!("{PACKAGE} {version}\n"))?;
    Ok(())
}

/// The package that an installed entry came from, as `golang-1.27-src 1.27.3-1`.
///
/// # Errors
///
/// When the entry is damaged.
pub fn package(entry: &Path) -> Result<String> {
    let path = entry.join("PACKAGE");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim().to_owned())
}

/// The folder of apt's configuration, as apt itself finds it.
fn apt_config_dir() -> Result<PathBuf> {
    let mut config = Command::new("apt-config");
    config.args(["shell", "DIR", "Dir::Etc/d"]);
    let answer = run(&mut config, ADVICE)?;
    let quoted = answer.trim().strip_prefix("DIR=");
    let Some(path) = quoted.map(|value| value.trim_matches('\'')) else {
        bail!("apt-config does not say where its configuration is: {answer:?}");
    };
    Ok(PathBuf::from(path))
}

/// Updates a private package list for the suite and downloads the package into `scratch`.
fn download(mirror: &Mirror, scratch: &Path) -> Result<PathBuf> {
    for folder in ["lists/partial", "cache/archives/partial", "state", "parts"] {
        fs::create_dir_all(scratch.join(folder))?;
    }
    let list = scratch.join(format!("{SUITE}.sources"));
    fs::write(&list, mirror.stanza(SUITE))?;
    run(apt(scratch, &list).arg("update"), ADVICE)?;
    run(apt(scratch, &list).args(["download", PACKAGE]), ADVICE)?;
    sources::with_extension(scratch, "deb")?
        .with_context(|| format!("apt reported success but left no {PACKAGE} package"))
}

/// An apt-get whose sources, lists and caches are private to `scratch`.
fn apt(scratch: &Path, list: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.current_dir(scratch).arg("--quiet=2");
    let settings = [
        ("Dir::Etc::sourcelist", list.to_path_buf()),
        ("Dir::Etc::sourceparts", scratch.join("parts")),
        ("Dir::State", scratch.join("state")),
        ("Dir::State::lists", scratch.join("lists")),
        ("Dir::Cache", scratch.join("cache")),
        // The sandbox user cannot write to a private folder, and verification does not need it.
        ("APT::Sandbox::User", PathBuf::new()),
        ("APT::Update::Error-Mode", "any".into()),
    ];
    for (name, value) in settings {
        command.arg("-o").arg(format!("{name}={}", value.display()));
    }
    command
}
