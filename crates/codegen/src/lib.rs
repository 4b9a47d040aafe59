//! From the IR to machine code.

pub mod abi;
