//! What is known of source files from one run to the next.
//!
//! There is a [`Manifest`] for each directory and list of arguments, so that it holds just the files of that load.

use std::sync::Arc;

use trigo_loader::graph::{Config, Graph};
use trigo_loader::manifest::Manifest;

use crate::Cache;
use crate::cache::Hash;

/// The manifest of a load.
pub struct Recall {
    cache: Cache,
    key: Hash,
    manifest: Arc<Manifest>,
}

impl Recall {
    /// Gives a load what an earlier one with the same arguments knew of files. `verb` tells loads apart that look at other
    /// files for the same arguments.
    ///
    /// Reads a file of the cache.
    pub fn new(cache: Cache, verb: &str, config: &mut Config, arguments: &[String]) -> Recall {
        let mut key = cache.key();
        key.add(verb.as_bytes());
        for place in [&config.dir, &config.goroot.dir] {
            key.add(place.as_os_str().as_encoded_bytes());
        }
        arguments.iter().for_each(|argument| key.add(argument.as_bytes()));
        let key = key.hash();
        config.manifest = Arc::new(Manifest::from_bytes(cache.bytes(&key).as_deref()));
        Recall { cache, key, manifest: config.manifest.clone() }
    }

    /// Keeps what is known after the graph was loaded and checked.
    ///
    /// Writes a file of the cache if there is anything new.
    pub fn keep(&self, graph: &Graph) {
        let mut files = graph.packages.iter().flat_map(|package| package.files());
        let known = match files.any(|file| file.has_changed()) {
            // What is known was wrong.
            true => Some(Vec::new()),
            false => self.manifest.to_bytes(),
        };
        if let Some(known) = known {
            self.cache.put_bytes(&self.key, &known);
        }
    }
}
