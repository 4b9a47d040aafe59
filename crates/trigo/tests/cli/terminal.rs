//! What a user sees on a terminal and nobody else does.

use std::fs::File;
use std::io::Read;
use std::process::Command;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::world::World;

/// Exit code of a command, and what its error output shows on a terminal.
fn on_terminal(mut command: Command) -> (Option<i32>, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let size = Winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&terminal, size).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let other = rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let mut child = command.env("TERM", "xterm").stderr(File::from(other)).spawn().unwrap();
    // Only the child has the terminal open now, so that it ends with the child, which is an error to the reader.
    drop(command);
    let mut shown = Vec::new();
    let _ = File::from(terminal).read_to_end(&mut shown);
    let status = child.wait().unwrap();
    (status.code(), String::from_utf8(shown).unwrap().replace("\r\n", "\n"))
}

#[test]
fn errors_show_the_source_and_a_caret() {
    let world = World::new(&[("m/a.go", "package m\n\nvar x string = 1\n")]);
    let mut command = world.command(&["check"]);
    command.env("GOROOT", world.path("goroot"));
    let (code, shown) = on_terminal(command);
    let (first, rest) = shown.split_once('\n').unwrap();
    assert!(code == Some(1) && first.starts_with("a.go:3:16: cannot use 1 "), "{shown}");
    // The terminal may have made spaces of a tab.
    let rest: Vec<String> = rest.lines().map(|line| line.replace('\t', "        ")).collect();
    assert_eq!(rest, ["        var x string = 1", "                       ^"]);
}

#[test]
fn a_download_shows_how_far_it_is() {
    let world = World::new(&[]);
    world.script("pip", "echo half > $TMPDIR/part\nsleep 1\nexit 1\n");
    let (code, shown) = on_terminal(world.command(&["check"]));
    assert!(code == Some(1) && shown.contains("downloading ["), "{shown}");
    world.script("pip", "sleep 1\nexit 1\n");
    let silent = world.command(&["check"]).output().unwrap();
    assert!(!String::from_utf8(silent.stderr).unwrap().contains("downloading ["));
}
