//! The program's tables.

use super::natives;
use crate::runtime;
use crate::worker::Outcome;
use trigo_abi::module::Module;

natives! {
    "runtime.moduleNative" module(_w) -> (module: *const Module) {
        *module = runtime().module;
        Outcome::Done
    }
}
