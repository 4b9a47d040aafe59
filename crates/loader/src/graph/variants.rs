//! From nodes to packages: every node as others import it, then for each named package its forms
//! with tests.

use std::collections::BTreeSet;

use super::load::Node;
use super::order::cycle_message;
use super::{Embed, Form, Graph, Import, Loader, Package, PackageId, Root};
use crate::directory::{Role, Tests};
use crate::error::Error;

/// Fills a graph with the nodes in the given order.
pub(super) fn build(
    loader: &Loader,
    nodes: &[Node],
    order: &[usize],
    root_count: usize,
    graph: Graph,
) -> Graph {
    let mut builder = Builder {
        loader,
        nodes,
        order,
        plain: vec![None; nodes.len()],
        imports: nodes.iter().map(plain_imports).collect(),
        graph,
    };
    for &at in order {
        builder.add_plain(at);
    }
    let mut roots: Vec<usize> = (0..root_count).collect();
    roots.sort_by_key(|&at| &nodes[at].target.path);
    for at in roots {
        builder.add_root(at);
    }
    without_unused(builder.graph)
}

/// Drops packages that no root needs: those that only external tests import, and that come again
/// in the form rebuilt for them.
fn without_unused(graph: Graph) -> Graph {
    let mut used = vec![false; graph.packages.len()];
    let forms = |root: &Root| [root.plain, root.with_tests, root.external_test];
    for id in graph.roots.iter().flat_map(forms).flatten() {
        used[id.0 as usize] = true;
    }
    for at in (0..used.len()).rev() {
        // Imports lie below, so that whoever uses this package has been seen.
        let imports = graph.packages[at].imports.iter();
        if used[at] {
            for id in imports.filter_map(|import| import.package) {
                used[id.0 as usize] = true;
            }
        }
    }
    let mut next = 0;
    let renumbered: Vec<PackageId> = used
        .iter()
        .map(|&used| {
            next += u32::from(used);
            PackageId(next.saturating_sub(1))
        })
        .collect();
    let renumber = |id: &mut Option<PackageId>| *id = id.map(|id| renumbered[id.0 as usize]);
    let mut graph = graph;
    let mut keep = used.into_iter();
    graph.packages.retain(|_| keep.next().unwrap_or(false));
    for import in graph.packages.iter_mut().flat_map(|package| &mut package.imports) {
        renumber(&mut import.package);
    }
    for root in &mut graph.roots {
        renumber(&mut root.plain);
        renumber(&mut root.with_tests);
        renumber(&mut root.external_test);
    }
    graph
}

struct Builder<'a> {
    loader: &'a Loader,
    nodes: &'a [Node],
    order: &'a [usize],
    /// The plain package of each node that has one.
    plain: Vec<Option<PackageId>>,
    /// The nodes that each node's package files import.
    imports: Vec<Vec<usize>>,
    graph: Graph,
}

fn plain_imports(node: &Node) -> Vec<usize> {
    let paths = node.import_paths(Role::Package).into_iter();
    paths.filter_map(|path| *node.imports.get(path)?).collect()
}

impl Builder<'_> {
    fn add_plain(&mut self, at: usize) {
        let node = &self.nodes[at];
        let only_tests = !node.directory.has(Role::Package) && node.directory.has_tests;
        if only_tests && node.tests == Tests::Read {
            return;
        }
        let package = self.form(at, Form::Plain, None, &|to| self.plain[to]);
        self.plain[at] = Some(self.push(package));
    }

    fn add_root(&mut self, at: usize) {
        let node = &self.nodes[at];
        let mut root = Root {
            path: node.target.path.clone(),
            directory: node.directory.clone(),
            plain: self.plain[at],
            with_tests: None,
            external_test: None,
        };
        let has_errors = node.errors.iter().any(|(role, _)| *role == Role::Test);
        if node.tests == Tests::Read && (node.directory.has(Role::Test) || has_errors) {
            root.with_tests = Some(self.add_with_tests(at));
        }
        if node.tests == Tests::Read && node.directory.has(Role::ExternalTest) {
            root.external_test = Some(self.add_external_test(at, root.with_tests));
        }
        self.graph.roots.push(root);
    }

    /// The package with its own tests. What these import must not import the package.
    fn add_with_tests(&mut self, at: usize) -> PackageId {
        let node = &self.nodes[at];
        let reaching = self.reaching(at);
        let mut errors = Vec::new();
        for path in node.import_paths(Role::Test) {
            let Some(Some(to)) = node.imports.get(path).copied() else {
                continue;
            };
            if to == at || reaching[to] {
                let mut cycle = vec![at];
                cycle.extend(self.chain(to, at));
                let message = cycle_message(self.nodes, &cycle, "import cycle not allowed in test");
                let position = node.import_position(Role::Test, path).map(|(_, at)| at);
                errors.push(Error { position, message });
            }
        }
        let means = |to: usize| (to != at && !reaching[to]).then_some(self.plain[to])?;
        let mut package = self.form(at, Form::WithTests, Some(at), &means);
        package.errors.extend(errors);
        package.errors.sort();
        self.push(package)
    }

    /// The tests from outside, and once more all they import that imports the package, if that now
    /// means the one with its own tests.
    fn add_external_test(&mut self, at: usize, with_tests: Option<PackageId>) -> PackageId {
        let mut means = self.plain.clone();
        if let Some(id) = with_tests {
            means[at] = Some(id);
            let reaching = self.reaching(at);
            let wanted = self.needed_by(at, Role::ExternalTest);
            for &node in self.order {
                if node != at && reaching[node] && wanted.contains(&node) {
                    let package = self.form(node, Form::Rebuilt, Some(at), &|to| means[to]);
                    means[node] = Some(self.push(package));
                }
            }
        }
        let package = self.form(at, Form::ExternalTest, Some(at), &|to| means[to]);
        self.push(package)
    }

    /// Which nodes import `at`, directly or not, by their package files.
    fn reaching(&self, at: usize) -> Vec<bool> {
        let mut reaching = vec![false; self.nodes.len()];
        for &node in self.order {
            reaching[node] = self.imports[node].iter().any(|&to| to == at || reaching[to]);
        }
        reaching
    }

    /// The nodes that files of a role need, directly or not.
    fn needed_by(&self, at: usize, role: Role) -> BTreeSet<usize> {
        let node = &self.nodes[at];
        let paths = node.import_paths(role).into_iter();
        let mut queue: Vec<usize> = paths.filter_map(|path| *node.imports.get(path)?).collect();
        let mut needed = BTreeSet::new();
        while let Some(next) = queue.pop() {
            if needed.insert(next) {
                queue.extend(&self.imports[next]);
            }
        }
        needed
    }

    /// A chain of imports from one node to the last before another; empty if they are the same.
    fn chain(&self, from: usize, to: usize) -> Vec<usize> {
        let reaching = self.reaching(to);
        let mut chain = Vec::new();
        let mut at = from;
        while at != to {
            chain.push(at);
            let mut imports = self.imports[at].iter();
            match imports.find(|&&next| next == to || reaching[next]) {
                Some(&next) => at = next,
                None => break,
            }
        }
        chain
    }

    fn push(&mut self, package: Package) -> PackageId {
        let id = PackageId(u32::try_from(self.graph.packages.len()).unwrap_or(u32::MAX));
        self.graph.packages.push(package);
        id
    }

    /// One form of a node; `means` says which package stands for an imported node.
    fn form(
        &self,
        at: usize,
        form: Form,
        for_test: Option<usize>,
        means: &dyn Fn(usize) -> Option<PackageId>,
    ) -> Package {
        let node = &self.nodes[at];
        let roles = form.roles();
        let mut paths: Vec<&str> = roles.iter().flat_map(|&role| node.import_paths(role)).collect();
        paths.sort_unstable();
        paths.dedup();
        let imports = paths.into_iter().map(|path| Import {
            path: path.to_string(),
            package: node.imports.get(path).copied().flatten().and_then(means),
        });
        let of_form = |role: &Role| roles.contains(role);
        let mut embeds: Vec<Embed> = node
            .embeds
            .iter()
            .filter(|(role, _)| of_form(role))
            .map(|(_, embed)| embed.clone())
            .collect();
        embeds.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        embeds.dedup();
        let mut errors: Vec<Error> = node
            .errors
            .iter()
            .filter(|(role, _)| of_form(role))
            .map(|(_, error)| error.clone())
            .collect();
        errors.sort();
        let suffix = if form == Form::ExternalTest { "_test" } else { "" };
        Package {
            path: format!("{}{suffix}", node.target.path),
            form,
            for_test: for_test.map(|test| self.nodes[test].target.path.clone()),
            place: node.target.place,
            go_version: self.loader.go_version(node.target.place),
            directory: node.directory.clone(),
            imports: imports.collect(),
            embeds,
            errors,
        }
    }
}
