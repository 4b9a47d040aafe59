//! What every verb needs first: the directory, the variables, the GOROOT, the target.

use trigo_driver::{Cache, Recall};
use trigo_loader::environment::Environment;
use trigo_loader::goroot::{self, Goroot, Missing};
use trigo_loader::graph::Config;
use trigo_loader::module::ModMode;
use trigo_loader::tags::Tags;
use trigo_loader::{Error, Result};

use crate::cli::Place;

/// Changes to the directory of `-C`.
pub fn enter(place: &Place) -> Result<()> {
    match &place.dir {
        Some(dir) => std::env::set_current_dir(dir)
            .map_err(|error| Error::new(format!("-C {}: {error}", dir.display()))),
        None => Ok(()),
    }
}

/// The variables, checked for what Trigo cannot do.
pub fn environment() -> Result<Environment> {
    let environment = Environment::of_process();
    for (name, only) in [("GOOS", "linux"), ("GOARCH", "amd64")] {
        if let Some(value) = environment.get(name).filter(|value| *value != only) {
            return Err(Error::new(format!(
                "{name}={value} is not supported: Trigo compiles for linux/amd64 only; unset {name}"
            )));
        }
    }
    if let Some(value) = environment.get("GOEXPERIMENT") {
        return Err(Error::new(format!(
            "GOEXPERIMENT={value} is not supported: Trigo takes Go 1.27's defaults; unset GOEXPERIMENT"
        )));
    }
    Ok(environment)
}

/// The GOROOT; where there is none, it is fetched or not.
pub fn goroot(place: &Place, environment: &mut Environment, missing: Missing) -> Result<Goroot> {
    let goroot = goroot::find(place.goroot.as_deref(), environment, missing)?;
    environment.read_goroot(&goroot.dir);
    Ok(goroot)
}

/// A folder of the cache, if there is a place for one.
pub fn cache(config: &Config, folder: &str) -> Option<Cache> {
    config.environment.cache().ok().map(|dir| Cache::new(dir.join(folder)))
}

/// Gives a load what an earlier one with the same arguments knew of files.
pub fn recall(config: &mut Config, verb: &str, arguments: &[String]) -> Option<Recall> {
    let cache = cache(config, "manifests")?;
    Some(Recall::new(cache, verb, config, arguments))
}

/// How packages are loaded, given the flags for that.
pub fn config(place: &Place, tags: &str, mod_mode: &str) -> Result<Config> {
    let dir = std::env::current_dir().map_err(|error| Error::new(error.to_string()))?;
    let mut environment = environment()?;
    let goroot = goroot(place, &mut environment, Missing::Fetch)?;
    let mod_mode = match mod_mode {
        "" => None,
        mode => Some(ModMode::parse(mode)?),
    };
    let tags = tags.split([',', ' ']).filter(|tag| !tag.is_empty());
    let tags = Tags::new(tags.map(str::to_string));
    Ok(Config { dir, goroot, environment, tags, mod_mode, manifest: Default::default() })
}
