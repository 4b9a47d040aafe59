//! A model of the heap: random programs run against it and against a shadow graph in ordinary memory.
//!
//! [`source`] decides what a program does, from a seed or from a fuzzer's bytes; [`forms`] are the shapes of
//! objects it allocates; [`graph`] is the shadow; [`world`] is the interpreter, one for each mutator, whose
//! operations on lifetimes and between threads are in [`lifetimes`] and [`exchange`]; [`run`] starts whole
//! programs; [`watch`] ends what hangs. The fuzz target includes this folder by its path.
#![allow(dead_code)]

pub mod exchange;
pub mod forms;
pub mod graph;
pub mod lifetimes;
pub mod run;
pub mod source;
pub mod watch;
pub mod world;
