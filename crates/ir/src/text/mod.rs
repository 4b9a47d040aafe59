//! The text form of the IR: what tests are written in and what a reader of a pass looks at.
//!
//! Printing a program and parsing it again gives the same text. A file is a list of items:
//!
//! ```text
//! // A defined type: link name, name, package, string; what it is made of.
//! type main.T name T pkg main string main.T = struct { a in main int; B string "tag" }
//! methods main.T { M func(int) ifn "main.(*T).M" tfn main.T.M }
//! descriptor []main.T
//! extern trigo_sleep(int64) ()
//! alias main.now = runtime.nanotime
//! init main { main.init, main.init.0 }
//! data variable main.x *main.T = "\x01" { 0 sym_addr main.y + 8 } @ "main.go":3:5
//!
//! func main.f(int, string) (bool) nosplit @ "main.go":7:6 {
//! slot s0 main.T name t param 0
//! b0(v0: i64, v1: ptr, v2: i64):
//!   v3: i64 = iconst 1
//!   v4: i64 = add v0, v3 @8:9
//!   v5: i8 = slt v4, v2
//!   branch v5, b1(v4), b2
//! b1(v6: i64) cold:
//!   jump b2
//! b2:
//!   return v5
//! }
//! ```
//!
//! A position `@8:9` is a line and column of the file that the function's own position names; `@ "f.go":8:9` names
//! its file. A name is written as a word if it is made of letters, digits and `_ . / $ ·` and does not begin with a digit;
//! else it is quoted. Lines mean nothing, and `//` begins a comment.

mod lex;
mod parse;
mod parse_func;
mod print;

pub use parse::parse_program;
pub use print::{print_func, print_program, print_type};
