//! Natives: functions that Go declares without a body (goroot/src/runtime/natives.go has the runtime's own).
//!
//! Each gets the worker and a block with its arguments and results as Go's ABI0 lays them out, and runs on the system stack
//! while its goroutine is suspended. It may reach a safepoint: what it needs of the heap afterwards must then be in the
//! goroutine's frames, where its arguments are.

mod cpu;
mod files;
mod goroutines;
pub(crate) mod lifetime;
pub(crate) mod memory;
pub(crate) mod process;
mod profiles;
mod random;
mod signals;
mod stats;
mod tables;
mod time;
mod traces;

pub(crate) use goroutines::new_goroutine;

/// A Go string.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct GoString {
    pub(crate) start: *const u8,
    pub(crate) len: usize,
}

impl GoString {
    pub(crate) const NONE: GoString = GoString { start: std::ptr::null(), len: 0 };

    /// A string that lives as long as the program.
    pub(crate) fn of(bytes: &'static [u8]) -> GoString {
        GoString { start: bytes.as_ptr(), len: bytes.len() }
    }
}

/// A Go slice.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct GoSlice {
    pub(crate) start: *mut u8,
    pub(crate) len: usize,
    pub(crate) cap: usize,
}

/// Defines natives: the Go function's name, its arguments, its results, and a body that uses both by name and ends in an
/// [`Outcome`](crate::worker::Outcome).
macro_rules! natives {
    ($($(#[$doc:meta])* $name:literal $ident:ident(
        $worker:ident $(, $arg:ident: $ty:ty)*
    ) $(-> ($($result:ident: $rty:ty),*))? $body:block)*) => {$(
        $(#[$doc])*
        #[unsafe(export_name = concat!("native:", $name))]
        extern "C" fn $ident($worker: &mut crate::worker::Worker, block: *mut u8) -> crate::worker::Outcome {
            #[repr(C)]
            struct Arguments { $($arg: $ty),* }
            #[repr(C, align(8))]
            struct Results { $($($result: $rty),*)? }
            #[repr(C)]
            struct Block { arguments: Arguments, results: Results }
            // SAFETY: compiled code laid the block out as the Go function's signature says, which is the one given here.
            let block = unsafe { &mut *block.cast::<Block>() };
            #[allow(unused_variables)]
            let Block {
                arguments: Arguments { $($arg),* },
                results: Results { $($($result),*)? },
            } = block;
            $(let $arg = *$arg;)*
            #[allow(unused_variables)]
            let $worker = $worker;
            $body
        }
    )*};
}
pub(crate) use natives;
