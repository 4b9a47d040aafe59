//! Faults of compiled code, which become Go panics, and the signals of a process.
//!
//! The handler runs on a stack of its own. A fault in compiled code, or in a leaf that compiled code called,
//! is made a call of `runtime.sigpanic` by the faulting instruction; a fault elsewhere is the runtime's own and ends the
//! process as the system does.

use crate::goroutine::Goroutine;
use crate::runtime;
use std::alloc::{Layout, alloc_zeroed, dealloc};

/// Bytes of a signal stack.
const STACK: usize = 64 << 10;
/// Signals that faults raise.
const FAULTS: [i32; 3] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE];

/// Installs the handler of faults for the process. Writes to broken pipes give errors, and package os does the rest.
pub(crate) fn install() {
    // SAFETY: sets the action of a signal.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    for signal in FAULTS {
        // SAFETY: the handler is one for three arguments, and runs on the signal stack that each worker has.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = fault;
            action.sa_sigaction = handler as usize;
            action.sa_flags =
                libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | libc::SA_RESTART;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// Whether a signal is one of those that faults raise.
pub(crate) fn is_fault(signal: i32) -> bool {
    FAULTS.contains(&signal)
}

/// The signal stack of a worker's thread.
pub(crate) struct SignalStack {
    base: *mut u8,
}

impl SignalStack {
    const LAYOUT: Layout = match Layout::from_size_align(STACK, 16) {
        Ok(layout) => layout,
        Err(_) => unreachable!(),
    };

    /// Gives the calling thread, a worker's, its signal stack, until it is dropped there.
    pub(crate) fn new() -> Self {
        // SAFETY: fresh memory of that size, which is freed when signals do not use it any more.
        unsafe {
            let base = alloc_zeroed(Self::LAYOUT);
            assert!(!base.is_null(), "runtime: no memory for a signal stack");
            let stack = libc::stack_t { ss_sp: base.cast(), ss_flags: 0, ss_size: STACK };
            libc::sigaltstack(&stack, std::ptr::null_mut());
            Self { base }
        }
    }
}

impl Drop for SignalStack {
    fn drop(&mut self) {
        let none =
            libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: the thread runs no handler now, and has no stack for one afterwards.
        unsafe {
            libc::sigaltstack(&none, std::ptr::null_mut());
            dealloc(self.base, Self::LAYOUT);
        }
    }
}

unsafe extern "C" {
    static trigo_leaves: u8;
    static trigo_leaves_end: u8;
    static trigo_barrier: u8;
    static trigo_native: u8;
}

/// Whether an address is in a leaf that touches memory for its caller.
fn in_leaf(pc: usize) -> bool {
    let ranges = [
        (&raw const trigo_leaves, &raw const trigo_leaves_end),
        (&raw const trigo_barrier, &raw const trigo_native),
    ];
    ranges.iter().any(|&(start, end)| (start as usize..end as usize).contains(&pc))
}

/// The handler of faults.
extern "C" fn fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the handler gets both from the system. A worker's goroutine is its thread's to change, which is here.
    unsafe {
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        let mut pc = registers[libc::REG_RIP as usize] as usize;
        let module = runtime().module;
        let is_go = |pc: usize| (module.text..module.text_end).contains(&(pc as u64));
        let mut rsp = registers[libc::REG_RSP as usize] as usize;
        if in_leaf(pc) {
            // The leaf's frame is taken down: the fault is its caller's.
            let rbp = registers[libc::REG_RBP as usize] as usize;
            pc = *((rbp + 8) as *const usize);
            rsp = rbp + 16;
            registers[libc::REG_RBP as usize] = *(rbp as *const i64);
        }
        let worker = crate::worker::current();
        let goroutine: *mut Goroutine =
            if worker.is_null() { std::ptr::null_mut() } else { (*worker).goroutine };
        // A call of what is no code faults where that would be, with the return address on the stack already.
        let is_call = pc == (*info).si_addr() as usize
            && !goroutine.is_null()
            && crate::frames::on_stack(&*goroutine, rsp)
            && is_go(*(rsp as *const usize));
        if goroutine.is_null() || !is_go(pc) && !is_call {
            default(signal);
            return;
        }
        let go = &mut (*goroutine).go;
        go.sig = signal as u32;
        go.sigcode0 = (*info).si_code as usize;
        go.sigcode1 = if signal == libc::SIGFPE { pc } else { (*info).si_addr() as usize };
        go.sigpc = pc;
        if is_call {
            registers[libc::REG_RIP as usize] = module.sigpanic as i64;
            return;
        }
        // A call of sigpanic; it returns, as far as tracebacks can tell, behind the instruction that faulted.
        rsp = (rsp & !15) - 8;
        *(rsp as *mut usize) = pc + 1;
        registers[libc::REG_RSP as usize] = rsp as i64;
        registers[libc::REG_RIP as usize] = module.sigpanic as i64;
    }
}

/// Has the system do what it does without a handler, when the instruction is tried again.
fn default(signal: i32) {
    // SAFETY: resets the action of one signal.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
    }
}

/// Blocks all signals on the calling thread: it is about to fork.
pub(crate) fn block_all() {
    mask(libc::SIG_BLOCK);
}

/// The opposite.
pub(crate) fn unblock_all() {
    mask(libc::SIG_UNBLOCK);
}

fn mask(how: i32) {
    // SAFETY: a set of all signals is made and applied to this thread.
    unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(how, &all, std::ptr::null_mut());
    }
}

/// In a forked child: no handler of this process may run before it executes another program.
pub(crate) fn reset_for_child() {
    for signal in 1..=64 {
        // SAFETY: only handlers are reset: what is ignored stays so. The kernel refuses the two that cannot be.
        unsafe {
            let mut old: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &mut old);
            if old.sa_sigaction != libc::SIG_IGN {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
    }
    unblock_all();
}
