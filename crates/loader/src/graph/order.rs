//! The rules between packages that were read, and an order in which every package follows those it
//! imports.

use super::load::Node;
use super::resolve::may_import;
use super::{Loader, Place};
use crate::directory::Role;
use crate::error::Error;

/// Checks every import against what it leads to, and cuts those that lead nowhere.
pub(super) fn check_edges(nodes: &mut [Node], loader: &Loader) {
    for at in 0..nodes.len() {
        for role in [Role::Package, Role::Test, Role::ExternalTest] {
            let paths: Vec<String> =
                nodes[at].import_paths(role).into_iter().map(str::to_string).collect();
            for path in paths {
                let Some(Some(to)) = nodes[at].imports.get(&path).copied() else {
                    continue;
                };
                if let Some(refusal) = refuse(nodes, loader, at, role, to) {
                    nodes[at].error(role, &path, refusal.message);
                    if refusal.cut {
                        nodes[at].imports.insert(path, None);
                    }
                }
            }
        }
    }
}

struct Refusal {
    message: String,
    /// Whether the import means nothing at all.
    cut: bool,
}

fn refuse(nodes: &[Node], loader: &Loader, from: usize, role: Role, to: usize) -> Option<Refusal> {
    let (importer, imported) = (&nodes[from], &nodes[to]);
    let path = &imported.target.path;
    let directory = &imported.directory;
    // External tests may import a package that has nothing but tests, their own.
    let own = from == to && role == Role::ExternalTest;
    let importable = directory.has(Role::Package) || own && directory.has(Role::Test);
    if !importable {
        if !imported.errors.is_empty() && !directory.has_no_go_files() {
            return None;
        }
        let message = match imported.target.place {
            Place::Standard if directory.has_no_go_files() => loader.not_in_std(path),
            _ => directory.nothing_to_build(),
        };
        return Some(Refusal { message, cut: true });
    }
    if directory.name == "main" && !own {
        let message = format!("import {path:?} is a program, not an importable package");
        return Some(Refusal { message, cut: false });
    }
    if !may_import(&importer.target, &imported.target) {
        let message = format!("use of internal package {path} not allowed");
        return Some(Refusal { message, cut: false });
    }
    None
}

/// Orders nodes so that each follows those its package files import. An import that closes a cycle
/// is reported and cut. The roots are the first `root_count` nodes.
pub(super) fn bottom_up(nodes: &mut [Node], root_count: usize) -> Vec<usize> {
    let mut walk = Walk {
        state: vec![State::New; nodes.len()],
        order: Vec::with_capacity(nodes.len()),
        stack: Vec::new(),
    };
    // All nodes are reached from a root, some only from its tests.
    let mut starts: Vec<usize> = (0..nodes.len()).collect();
    starts.sort_by(|&a, &b| {
        let key = |at: usize| (at >= root_count, &nodes[at].target.path);
        key(a).cmp(&key(b))
    });
    for start in starts {
        walk.visit(nodes, start);
    }
    walk.order
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

/// Depth first, with a stack of its own: import chains can be longer than the machine's.
struct Walk {
    state: Vec<State>,
    order: Vec<usize>,
    stack: Vec<Frame>,
}

struct Frame {
    node: usize,
    /// The imports still to follow, last first.
    todo: Vec<(String, usize)>,
}

impl Walk {
    fn visit(&mut self, nodes: &mut [Node], start: usize) {
        self.enter(nodes, start);
        while let Some(frame) = self.stack.last_mut() {
            let from = frame.node;
            match frame.todo.pop() {
                None => {
                    self.state[from] = State::Done;
                    self.order.push(from);
                    self.stack.pop();
                }
                Some((path, to)) if self.state[to] == State::Open => {
                    self.report_cycle(nodes, &path, to);
                    nodes[from].imports.insert(path, None);
                }
                Some((_, to)) => self.enter(nodes, to),
            }
        }
    }

    fn enter(&mut self, nodes: &[Node], at: usize) {
        if self.state[at] != State::New {
            return;
        }
        self.state[at] = State::Open;
        let node = &nodes[at];
        let mut todo: Vec<(String, usize)> = node
            .import_paths(Role::Package)
            .into_iter()
            .filter_map(|path| Some((path.to_string(), (*node.imports.get(path)?)?)))
            .collect();
        todo.reverse();
        self.stack.push(Frame { node: at, todo });
    }

    /// Reports the cycle that the import of `path` closes at the node `to`, which is on the stack.
    fn report_cycle(&self, nodes: &mut [Node], path: &str, to: usize) {
        let from = self.stack.iter().position(|frame| frame.node == to).unwrap_or(0);
        let cycle: Vec<usize> = self.stack[from..].iter().map(|frame| frame.node).collect();
        let message = cycle_message(nodes, &cycle, "import cycle not allowed");
        if let Some(&last) = cycle.last() {
            let position = nodes[last].import_position(Role::Package, path).map(|(_, at)| at);
            nodes[last].errors.push((Role::Package, Error { position, message }));
        }
    }
}

/// Tells a cycle import by import, from its first package back to it.
pub(super) fn cycle_message(nodes: &[Node], cycle: &[usize], what: &str) -> String {
    let mut message = format!("{what}: package {}", nodes[cycle[0]].target.path);
    for (at, &node) in cycle.iter().enumerate() {
        let next = cycle[(at + 1) % cycle.len()];
        message += &format!("\n\timports {}", nodes[next].target.path);
        let imports = |role| {
            let path = nodes[node].imports.iter().find(|(_, to)| **to == Some(next))?.0;
            nodes[node].import_position(role, path)
        };
        // Only the first package of a cycle can be in it by its tests.
        let file = imports(Role::Package).or_else(|| imports(Role::Test));
        if let Some((file, _)) = file {
            message += &format!(" from {}", file.name());
        }
    }
    message
}
