//! Packages loaded from small trees that each test makes.

mod modules;
mod packages;
mod world;
