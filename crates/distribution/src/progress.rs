//! How far a long step has come, on the terminal.

use std::fs;
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// What a bar counts.
#[derive(Clone, Copy)]
pub(super) enum Unit {
    Bytes,
    Files,
}

/// A bar for one step of `total` units. Nothing is shown where the error output is no terminal.
pub(super) fn bar(step: &'static str, total: u64, unit: Unit) -> ProgressBar {
    let bar = ProgressBar::new(total);
    let template = match unit {
        Unit::Bytes => "{msg:>12} [{bar:30}] {bytes}/{total_bytes} {eta}",
        Unit::Files => "{msg:>12} [{bar:30}] {pos}/{len} files",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(step);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// The size in bytes of the largest file below a directory: of a download, how much is there.
pub(super) fn largest_file(dir: &Path) -> u64 {
    let sizes =
        fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => largest_file(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        });
    sizes.max().unwrap_or(0)
}
