//! What a program says of itself: the lines of `runtime/debug.BuildInfo`'s text form.

use std::collections::BTreeSet;
use std::fmt::Write;

use trigo_loader::graph::{Graph, PackageId, Place};
use trigo_loader::module::{ModuleId, Modules};

/// The lines about the program of a main package, which `needed` are the packages of. There are no checksums of modules.
pub fn lines(
    graph: &Graph,
    main: PackageId,
    needed: &[PackageId],
    modules: Option<&Modules>,
    godebug: &str,
) -> String {
    let module_of = |id: PackageId| match graph.package(id).place {
        Place::Module(id) => Some(id),
        Place::Standard | Place::Outside => None,
    };
    let mut text = format!("path\t{}\n", graph.package(main).path);
    if let Some(modules) = modules {
        let mut line = |kind: &str, id: ModuleId| {
            let module = modules.module(id);
            let version = module.version.as_ref();
            let version = version.map_or("(devel)".to_string(), |version| version.to_string());
            let _ = writeln!(text, "{kind}\t{}\t{version}\t", module.path);
        };
        let own = module_of(main);
        own.into_iter().for_each(|id| line("mod", id));
        let others: BTreeSet<(&str, ModuleId)> = needed
            .iter()
            .filter_map(|&id| module_of(id))
            .filter(|&id| Some(id) != own)
            .map(|id| (&*modules.module(id).path, id))
            .collect();
        others.into_iter().for_each(|(_, id)| line("dep", id));
    }
    text += "build\t-buildmode=exe\nbuild\t-compiler=gc\n";
    if !godebug.is_empty() {
        let _ = writeln!(text, "build\tDefaultGODEBUG={godebug}");
    }
    text += "build\tCGO_ENABLED=0\nbuild\tGOARCH=amd64\nbuild\tGOOS=linux\nbuild\tGOAMD64=v3\n";
    text
}
