//! The `trigo` command.
//!
//! Each verb is a file of its own. Flags have the names the go command gives them, and may be
//! written with one dash or two.

mod arguments;
mod build;
mod build_info;
mod check;
mod cli;
mod compile;
mod diagnostics;
mod env;
mod godebug;
mod run;
mod setup;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Verb};

/// Trees and types are millions of small allocations from several threads.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(message) => return fail(&message),
    };
    let cli = Cli::parse_from(arguments);
    let result = match cli.verb {
        Verb::Build(build) => build::run(&build),
        Verb::Run(run) => run::run(&run),
        Verb::Check(check) => check::run(&check),
        Verb::Env(env) => env::run(&env),
        Verb::Version => {
            println!(
                "trigo version {} ({}) linux/amd64",
                env!("CARGO_PKG_VERSION"),
                trigo_loader::goroot::RELEASE
            );
            Ok(ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| fail(&error.to_string()))
}

fn fail(message: &str) -> ExitCode {
    eprintln!("trigo: {message}");
    ExitCode::FAILURE
}
