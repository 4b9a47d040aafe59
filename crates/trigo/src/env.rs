//! `trigo env`: the variables Trigo goes by.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trigo_loader::goroot::{Missing, RELEASE};
use trigo_loader::module::workspace::Workspace;
use trigo_loader::{Error, Result};

use crate::cli::Env;
use crate::setup;

/// Prints the variables.
pub fn run(env: &Env) -> Result<ExitCode> {
    setup::enter(&env.place)?;
    let variables = variables(env)?;
    let chosen: Vec<&(&str, String)> = match env.names.as_slice() {
        [] => variables.iter().collect(),
        names => {
            let find = |name: &String| {
                let found = variables.iter().find(|(known, _)| known == name);
                found.ok_or_else(|| {
                    Error::new(format!("env: unknown variable {name}; trigo env lists all"))
                })
            };
            names.iter().map(find).collect::<Result<_>>()?
        }
    };
    if env.json {
        let object: serde_json::Map<String, serde_json::Value> =
            chosen.iter().map(|(name, value)| (name.to_string(), value.as_str().into())).collect();
        println!("{:#}", serde_json::Value::Object(object));
        return Ok(ExitCode::SUCCESS);
    }
    for (name, value) in chosen {
        if env.names.is_empty() {
            println!("{name}={}", quote(value));
        } else {
            println!("{value}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// All variables, by name. GOROOT is empty where there is none yet; a wrong one is an error.
fn variables(env: &Env) -> Result<Vec<(&'static str, String)>> {
    let mut environment = setup::environment()?;
    let is_named = env.place.goroot.is_some() || environment.get("GOROOT").is_some();
    let goroot = match setup::goroot(&env.place, &mut environment, Missing::Report) {
        Ok(goroot) => text(Some(&goroot.dir)),
        Err(error) if is_named => return Err(error),
        Err(_) => String::new(),
    };
    let here = std::env::current_dir().map_err(|error| Error::new(error.to_string()))?;
    let workspace = Workspace::find(&here, &environment)?;
    let file = |wanted: bool| {
        let workspace = workspace.as_ref().filter(|workspace| workspace.is_go_work() == wanted);
        text(workspace.map(Workspace::file))
    };
    let cache = environment.cache().ok();
    let user_file = environment.user_file_path();
    Ok(vec![
        ("CGO_ENABLED", "0".to_string()),
        ("GOARCH", "amd64".to_string()),
        ("GOENV", user_file.map_or("off".to_string(), |file| text(Some(&file)))),
        ("GOFLAGS", environment.get("GOFLAGS").unwrap_or("").to_string()),
        ("GOMOD", file(false)),
        ("GOMODCACHE", path(environment.module_cache())),
        ("GOOS", "linux".to_string()),
        (
            "GOPATH",
            environment.get("GOPATH").map_or_else(|| path(environment.gopath()), str::to_string),
        ),
        ("GOROOT", goroot),
        ("GOVERSION", RELEASE.to_string()),
        ("GOWORK", file(true)),
        ("TRIGO_CACHE", path(cache)),
    ])
}

fn path(path: Option<PathBuf>) -> String {
    text(path.as_deref())
}

fn text(path: Option<&Path>) -> String {
    path.map_or(String::new(), |path| path.display().to_string())
}

/// Quotes a value for a shell.
fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
