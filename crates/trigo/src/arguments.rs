//! The go command's ways of writing flags: one dash before long names, and flags in GOFLAGS.

use std::ffi::OsString;

use trigo_loader::environment::Environment;

/// The flags of `check`, which GOFLAGS may set. Others there are for other commands.
const GOFLAGS_OF_CHECK: &[&str] = &["C", "e", "goroot", "mod", "tags", "test"];

/// Likewise of `build` and `run`.
const GOFLAGS_OF_COMPILE: &[&str] = &["C", "goroot", "mod", "tags", "v"];

/// Flags of `run` whose value may be the next argument.
const WITH_VALUE: &[&str] = &["C", "goroot", "mod", "tags"];

/// Reads the command line: every long flag with two dashes, those of GOFLAGS behind the verb.
///
/// # Errors
/// If GOFLAGS is malformed.
pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, String> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let verb = arguments.get(1).and_then(|verb| verb.to_str()).unwrap_or("").to_string();
    let end = match verb.as_str() {
        "run" => end_of_flags(&arguments),
        _ => arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len()),
    };
    for argument in arguments.iter_mut().take(end).skip(1) {
        if let Some(text) = argument.to_str() {
            *argument = with_two_dashes(text).into();
        }
    }
    let known: &[&str] = match verb.as_str() {
        "check" => GOFLAGS_OF_CHECK,
        "build" | "run" => GOFLAGS_OF_COMPILE,
        _ => return Ok(arguments),
    };
    let flags = Environment::of_process().goflags().map_err(|error| error.to_string())?;
    let known = flags.iter().filter(|flag| known.contains(&name(flag)));
    let flags: Vec<OsString> = known.map(|flag| with_two_dashes(flag).into()).collect();
    arguments.splice(2..2, flags);
    Ok(arguments)
}

/// The place of the first argument of `run` that is no flag and no flag's value: from the one after it on they are the
/// program's.
fn end_of_flags(arguments: &[OsString]) -> usize {
    let mut at = 2;
    while let Some(flag) = arguments.get(at).and_then(|argument| argument.to_str())
        && flag.starts_with('-')
    {
        at += if WITH_VALUE.contains(&name(flag)) && !flag.contains('=') { 2 } else { 1 };
    }
    at.min(arguments.len())
}

fn with_two_dashes(argument: &str) -> String {
    let is_long = !argument.starts_with("--") && name(argument).len() > 1;
    if argument.starts_with('-') && is_long { format!("-{argument}") } else { argument.to_string() }
}

/// The name of a flag, without dashes and value.
fn name(flag: &str) -> &str {
    flag.trim_start_matches('-').split('=').next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_own_flags_are_left_alone() {
        let given = ["trigo", "run", "-v", "-tags", "a", "x.go", "-long", "y"];
        let read = read(given.iter().map(OsString::from)).unwrap();
        let expected = ["trigo", "run", "-v", "--tags", "a", "x.go", "-long", "y"];
        assert!(read.iter().eq(expected.iter()), "{read:?}");
    }

    #[test]
    fn long_flags_get_a_second_dash() {
        let cases = [
            ("-tags=a", "--tags=a"),
            ("-mod", "--mod"),
            ("--mod", "--mod"),
            ("-e", "-e"),
            ("-C=x", "-C=x"),
            ("./...", "./..."),
            ("-", "-"),
            ("--e", "--e"),
        ];
        for (from, to) in cases {
            assert_eq!(with_two_dashes(from), to);
        }
    }
}
