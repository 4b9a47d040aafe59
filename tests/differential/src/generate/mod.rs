//! Random Go programs that compile, end, and print the same wherever they are run.
//!
//! Rules that keep a program's output defined by the language:
//!
//! 1. Expressions have no side effects and do not panic, because the order in which operands are read and functions
//!    called is partly open. What changes something or may panic is a statement with one such step.
//! 2. Goroutines touch only what was handed to them by value, and their results are received in a defined order or
//!    summed.
//! 3. Maps are folded by an operation that does not depend on the order.
//! 4. Loops have constant bounds, and functions call only those declared after them.
//! 5. Nothing shows the capacity that `append` gives, which a compiler may choose: what is appended to, or cut, has no room.
//! 6. Constant operands are hidden from constant folding where Go would refuse an overflow.
//!
//! Output is by `println`: each statement group prints a hash of some variable.

mod expr;
mod idiom;
mod prelude;
mod random;
mod stmt;
mod types;

use random::Random;
use std::fmt::Write;
use types::{Ty, Types};

/// A function that can be called: its name, parameters and result.
#[derive(Clone)]
struct Callee {
    name: String,
    params: Vec<Ty>,
    result: Ty,
}

/// A variable in scope.
#[derive(Clone)]
struct Var {
    name: String,
    ty: Ty,
    /// May be assigned to: no loop variable, no capture of a goroutine.
    mutable: bool,
    /// The slice has at least this many elements, and its header is never assigned.
    min_len: usize,
}

/// A program while it is written.
struct Program {
    random: Random,
    types: Types,
    out: String,
    indent: usize,
    scopes: Vec<Vec<Var>>,
    names: usize,
    /// Functions without effects, for expressions.
    pure: Vec<Callee>,
    /// How deep in loops the current statement is.
    loops: usize,
    /// Inside a function that expressions call: nothing printed, nothing panics.
    is_pure: bool,
    /// Inside a function literal: no function values are called, lest it call itself.
    in_literal: bool,
}

/// The program of a seed.
pub fn program(seed: u64) -> String {
    write(seed, "main", "main")
}

/// The same as a package: its name, and its text. Its function `Main` does what the program does.
pub fn package(seed: u64) -> (String, String) {
    let name = format!("seed{seed}");
    let text = write(seed, &name, "Main");
    (name, text)
}

fn write(seed: u64, package: &str, main: &str) -> String {
    let mut p = Program {
        random: Random::new(seed),
        types: Types::default(),
        out: String::new(),
        indent: 0,
        scopes: Vec::new(),
        names: 0,
        pure: Vec::new(),
        loops: 0,
        is_pure: false,
        in_literal: false,
    };
    p.write(package, main);
    p.out
}

impl Program {
    fn write(&mut self, package: &str, main: &str) {
        self.line(&format!("package {package}"));
        self.out.push_str(prelude::IMPORTS);
        self.declare_types();
        self.out.push_str(prelude::TEXT);
        for _ in 0..self.random.between(2, 4) {
            self.pure_function();
        }
        let count = self.random.between(1, 3);
        let mut tests = Vec::new();
        for i in 0..count {
            tests.push(format!("test{i}"));
            self.test_function(&format!("test{i}"));
        }
        self.line(&format!("func {main}() {{"));
        for test in tests {
            self.line(&format!("\tprotect(\"{test}\", {test})"));
        }
        self.line("}");
        self.write_hashes();
    }

    /// A function without effects, callable from expressions after it.
    fn pure_function(&mut self) {
        let params: Vec<Ty> = (0..self.random.between(0, 3)).map(|_| self.some_type(2)).collect();
        let result = self.some_type(2);
        let name = self.fresh("pure");
        let vars: Vec<Var> = params
            .iter()
            .map(|&ty| Var { name: self.fresh("p"), ty, mutable: false, min_len: 0 })
            .collect();
        let list: Vec<String> =
            vars.iter().map(|v| format!("{} {}", v.name, self.types.name(v.ty))).collect();
        let head = format!("func {name}({}) {} {{", list.join(", "), self.types.name(result));
        self.line(&head);
        self.is_pure = true;
        self.nested(vars, |p| {
            p.statements(3);
            let value = p.expr(result, 3);
            p.line(&format!("return {value}"));
        });
        self.is_pure = false;
        self.line("}");
        self.pure.push(Callee { name, params, result });
    }

    fn test_function(&mut self, name: &str) {
        self.line(&format!("func {name}() {{"));
        self.nested(Vec::new(), |p| {
            let count = p.random.between(4, 9);
            p.statements(count);
        });
        self.line("}");
    }

    /// Writes an indented part with variables of its own.
    fn nested(&mut self, vars: Vec<Var>, write: impl FnOnce(&mut Self)) {
        self.scopes.push(vars);
        self.indent += 1;
        write(self);
        self.indent -= 1;
        self.scopes.pop();
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push('\t');
        }
        let _ = writeln!(self.out, "{text}");
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    /// Brings a variable into scope, and uses it.
    fn declare(&mut self, var: Var) {
        self.line(&format!("_ = {}", var.name));
        self.scopes.last_mut().expect("a scope is open").push(var);
    }

    /// The variables in scope that `wanted` accepts.
    fn vars(&self, wanted: impl Fn(&Var) -> bool) -> Vec<Var> {
        let usable = |v: &&Var| !(self.in_literal && self.types.has_func(v.ty)) && wanted(v);
        self.scopes.iter().flatten().filter(usable).cloned().collect()
    }

    /// One of them, if there is any.
    fn some_var(&mut self, wanted: impl Fn(&Var) -> bool) -> Option<Var> {
        let vars = self.vars(wanted);
        (!vars.is_empty()).then(|| self.random.pick(&vars).clone())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_seed_gives_the_same_program_each_time() {
        assert_eq!(super::program(7), super::program(7));
        assert_ne!(super::program(7), super::program(8));
    }
}
