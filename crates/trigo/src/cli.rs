//! The verbs and their flags.

use std::path::PathBuf;

use clap::builder::ArgAction;
use clap::{Args, Parser, Subcommand};

/// Compiles, runs and checks Go packages from source, with the standard library of Go 1.27.3.
///
/// Flags may be written with one dash or two. The variable GOFLAGS holds flags for every verb that
/// knows them.
#[derive(Parser)]
#[command(name = "trigo", args_override_self = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// A verb.
#[derive(Subcommand)]
pub enum Verb {
    /// Compile a program to an executable that stands alone
    Build(Build),
    /// Compile a program and run it
    Run(Run),
    /// Check packages with all they import, and report what is wrong
    Check(Check),
    /// Print the variables that Trigo goes by
    Env(Env),
    /// Print Trigo's version and that of Go it follows
    Version,
}

/// Check packages with all they import, and report what is wrong.
///
/// Reports what hinders loading (missing packages and modules, import cycles, misplaced imports,
/// malformed constraints and go.mod files), syntax errors and type errors; of packages that are only
/// imported, function bodies are not checked. Prints nothing and exits with 0 if all is well. Otherwise prints errors as file:line:col: text, sorted, at most
/// ten, and exits with 1.
#[derive(Args)]
#[command(args_override_self = true)]
pub struct Check {
    /// Import paths, directories, patterns with ..., .go files, std or cmd; the package in the
    /// current directory if there are none
    pub packages: Vec<String>,
    /// Report all errors, not only the first ten
    #[arg(short = 'e', long = "e", value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub all_errors: bool,
    /// Read the packages' tests too
    #[arg(long = "test", value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub test: bool,
    /// Build tags to set, separated by commas
    #[arg(long, value_name = "LIST", default_value = "")]
    pub tags: String,
    /// Where imports come from: readonly, mod (the module cache) or vendor
    #[arg(long = "mod", value_name = "MODE", default_value = "")]
    pub mod_mode: String,
    /// Where to do it
    #[command(flatten)]
    pub place: Place,
}

/// Compile a program to an executable that stands alone.
///
/// The executable is named after the package's directory, or the first file. Packages that are not main are compiled as far
/// as they can be without a program, which finds errors, and leave nothing. Of several packages, the programs are linked too,
/// and left only if -o names a directory.
#[derive(Args)]
#[command(args_override_self = true)]
pub struct Build {
    /// Import paths, directories, patterns with ... or .go files; the package in the current directory if there are none
    pub packages: Vec<String>,
    /// The executable's name, or the directory to put it into
    #[arg(short = 'o', long = "o", value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How to compile
    #[command(flatten)]
    pub compile: Compile,
}

/// Compile a program and run it.
///
/// Prints the program's exit status if that is not 0, and exits with 1 then, as the go command does.
#[derive(Args)]
#[command(args_override_self = true)]
pub struct Run {
    /// How to compile
    #[command(flatten)]
    pub compile: Compile,
    /// A package or .go files; what follows is handed to the program
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

/// The flags of verbs that compile.
#[derive(Args)]
pub struct Compile {
    /// Say how long the parts of the compilation took
    #[arg(short = 'v', long = "v", value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub verbose: bool,
    /// Print the compiler's intermediate form of the functions whose link names begin so, as machine code is made from it
    #[arg(long, value_name = "NAME")]
    pub ir: Option<String>,
    /// Build tags to set, separated by commas
    #[arg(long, value_name = "LIST", default_value = "")]
    pub tags: String,
    /// Where imports come from: readonly, mod (the module cache) or vendor
    #[arg(long = "mod", value_name = "MODE", default_value = "")]
    pub mod_mode: String,
    /// Where to do it
    #[command(flatten)]
    pub place: Place,
}

/// Print the variables that Trigo goes by.
///
/// With names, prints their values, each on its line.
#[derive(Args)]
#[command(args_override_self = true)]
pub struct Env {
    /// The variables to print; all if there are none
    pub names: Vec<String>,
    /// Print as JSON
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1,
          require_equals = true, default_value_t = false, default_missing_value = "true")]
    pub json: bool,
    /// Where to do it
    #[command(flatten)]
    pub place: Place,
}

/// The flags every verb has that deals with sources.
#[derive(Args)]
pub struct Place {
    /// Change to this directory first
    #[arg(short = 'C', long = "C", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The Go 1.27.3 distribution to take the standard library from
    #[arg(long, value_name = "DIR")]
    pub goroot: Option<PathBuf>,
}
