//! The go command's ways of writing flags: one dash before long names, and flags in GOFLAGS.

use std::ffi::OsString;

use trigo_loader::environment::Environment;

/// The flags of `check`, which GOFLAGS may set. Others there are for other commands.
const GOFLAGS_OF_CHECK: &[&str] = &["C", "e", "goroot", "mod", "tags", "test"];

/// Reads the command line: every long flag with two dashes, those of GOFLAGS behind the verb.
///
/// # Errors
/// If GOFLAGS is malformed.
pub fn read(arguments: impl Iterator<Item = OsString>) -> Result<Vec<OsString>, String> {
    let mut arguments: Vec<OsString> = arguments.collect();
    let end = arguments.iter().position(|argument| argument == "--");
    let end = end.unwrap_or(arguments.len());
    for argument in arguments.iter_mut().take(end).skip(1) {
        if let Some(text) = argument.to_str() {
            *argument = with_two_dashes(text).into();
        }
    }
    if arguments.get(1).is_some_and(|verb| verb == "check") {
        let flags = Environment::of_process().goflags().map_err(|error| error.to_string())?;
        let known = flags.iter().filter(|flag| GOFLAGS_OF_CHECK.contains(&name(flag)));
        let flags: Vec<OsString> = known.map(|flag| with_two_dashes(flag).into()).collect();
        arguments.splice(2..2, flags);
    }
    Ok(arguments)
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
