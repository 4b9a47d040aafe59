//! On a terminal, errors come with their line and a caret.

use std::fs::File;
use std::io::Read;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::world::World;

#[test]
fn errors_on_a_terminal_show_the_source() {
    let world = World::new(&[("m/a.go", "package m\n\nvar x string = 1\n")]);
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let other = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let status = world
        .command(&["check"])
        .env("GOROOT", world.path("goroot"))
        .stderr(File::from(other))
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let mut shown = Vec::new();
    // The end of a terminal is an error.
    let _ = File::from(terminal).read_to_end(&mut shown);
    let shown = String::from_utf8(shown).unwrap().replace("\r\n", "\n");
    let (first, rest) = shown.split_once('\n').unwrap();
    assert!(first.starts_with("a.go:3:16: cannot use 1 "), "{shown}");
    // The terminal's driver has made spaces of the tabs, or not.
    assert_eq!(
        rest.replace("        ", "\t"),
        "\tvar x string = 1\n\t               ^\n".replace("        ", "\t")
    );
}
