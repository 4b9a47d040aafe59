//! From the IR to machine code.
//!
//! | file | what |
//! |---|---|
//! | [`abi`] | where parameters and results go |
//! | [`target`] | the machine; what all functions share |
//! | [`translate`] | one function to machine code, by Cranelift |
//! | [`descriptor`] | type descriptors and itabs |
//! | [`error`] | what it cannot make a program of |
//! | [`tables`] | functions and lines for tracebacks |
//! | [`layout`] | pieces of code and data to segments at addresses |
//! | [`symbols`] | names of functions for profilers and debuggers |
//! | [`image`] | the runtime's image; the executable |
//! | [`build_info`] | what the program says of itself |
//! | [`program`] | a whole program |

pub mod abi;
pub mod build_info;
pub mod descriptor;
pub mod error;
pub mod image;
pub mod layout;
pub mod program;
pub mod symbols;
pub mod tables;
pub mod target;
pub mod translate;

pub use build_info::BuildInfo;
pub use error::Error;
pub use image::Runtime;
pub use program::{Times, compile};

/// Link names that every program needs, whether its sources name them or not.
pub const ROOTS: &[&str] = &[
    "runtime.main",
    "runtime.sigpanic",
    "runtime.goexit0",
    "runtime.runInits",
    "runtime.zerobase",
    "runtime.panicdivide",
    "runtime.panicshift",
    "runtime.panicIndex",
    "runtime.panicIndexU",
    "runtime.panicSliceAlen",
    "runtime.panicSliceAlenU",
    "runtime.panicSliceAcap",
    "runtime.panicSliceAcapU",
    "runtime.panicSliceB",
    "runtime.panicSliceBU",
    "runtime.panicSlice3Alen",
    "runtime.panicSlice3AlenU",
    "runtime.panicSlice3Acap",
    "runtime.panicSlice3AcapU",
    "runtime.panicSlice3B",
    "runtime.panicSlice3BU",
    "runtime.panicSlice3C",
    "runtime.panicSlice3CU",
    "runtime.panicSliceConvert",
];
