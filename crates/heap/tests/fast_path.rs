//! The allocation fast path as the compiler leaves it, counted in the machine code of this test itself. Without
//! optimisation there is nothing to count, and the test says so.
#![cfg(all(target_arch = "x86_64", not(miri)))]

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess,
    Register,
};
use std::collections::BTreeMap;
use trigo_heap::{Config, FixedKind, Heap, Layout, Mutator, Zeroing};

/// Instructions that an allocation of a constant size may take, beside the stores of the object's fields.
const MOST: usize = 8;
/// What the compiler itself adds where assertions are on: is the cursor aligned, is the object's address not null; a
/// comparison and a jump each.
const ASSERTIONS: usize = if cfg!(debug_assertions) { 4 } else { 0 };
/// Bytes of the probe's code that are looked at.
const CODE: usize = 512;

/// Allocates an object and stores its two fields.
#[inline(never)]
fn probe(mutator: &mut Mutator, kind: FixedKind<16>) -> *mut u64 {
    let object = mutator.alloc_fixed(kind).expect("room for an object").as_ptr().cast::<u64>();
    // SAFETY: a fresh object of two words.
    unsafe {
        object.write(1);
        object.add(1).write(2);
    }
    object
}

/// What it compiles to tells whether this build is optimised.
#[inline(never)]
fn identity(n: usize) -> usize {
    n
}

/// What the function at `start` does on the shortest way that calls nothing.
fn fast_path(start: usize) -> Option<Vec<Instruction>> {
    // SAFETY: the function's code, and whatever follows it in the program's text, can be read.
    let bytes = unsafe { std::slice::from_raw_parts(start as *const u8, CODE) };
    let decoder = Decoder::with_ip(64, bytes, start as u64, DecoderOptions::NONE);
    let code = decoder.into_iter().map(|i| (i.ip(), i)).collect();
    let path = shortest(&code, start as u64)?;
    Some(path.into_iter().filter(|i| !is_frame(i)).collect())
}

/// How many of the instructions store.
fn stores(path: &[Instruction]) -> usize {
    let mut factory = InstructionInfoFactory::new();
    let mut stores = |i: &&Instruction| {
        factory.info(i).used_memory().iter().any(|m| m.access() == OpAccess::Write)
    };
    path.iter().filter(|i| stores(i)).count()
}

/// The instructions from `at` to a return, on the shortest way that calls nothing.
fn shortest(code: &BTreeMap<u64, Instruction>, at: u64) -> Option<Vec<Instruction>> {
    let instruction = *code.get(&at)?;
    let (next, target) = (instruction.next_ip(), instruction.near_branch_target());
    let onwards = match instruction.flow_control() {
        FlowControl::Return => Some(Vec::new()),
        FlowControl::Next => shortest(code, next),
        // Only forwards, so that the search ends.
        FlowControl::ConditionalBranch if target > at => {
            let ways = [shortest(code, next), shortest(code, target)];
            ways.into_iter().flatten().min_by_key(Vec::len)
        }
        FlowControl::UnconditionalBranch if target > at => shortest(code, target),
        _ => None,
    }?;
    Some(std::iter::once(instruction).chain(onwards).collect())
}

/// Whether an instruction belongs to the function's frame and not to what it does.
fn is_frame(instruction: &Instruction) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Push | Mnemonic::Pop | Mnemonic::Ret)
        || instruction.op0_register() == Register::RSP
}

#[test]
fn an_allocation_of_a_constant_size_takes_at_most_eight_instructions() {
    let heap = Heap::new(Config::default()).unwrap();
    let kind = heap.kind(Layout::NO_SCAN, 16, Zeroing::Uninitialized).unwrap();
    assert!(!probe(&mut heap.attach(), FixedKind::new(kind).unwrap()).is_null());
    assert_eq!(identity(7), 7);

    let path = fast_path(identity as fn(usize) -> usize as usize);
    if path.is_none_or(|path| stores(&path) > 0) {
        eprintln!("not optimised, so not counted: run it with `--profile checked`");
        return;
    }
    let path = fast_path(probe as fn(&mut Mutator, FixedKind<16>) -> *mut u64 as usize);
    let path = path.expect("a way that calls nothing");
    assert_eq!(stores(&path), 3, "the cursor and two fields are stored");
    let own = path.len() - 2;
    assert!(own >= 4, "a load, a sum, a comparison and a jump are the least, not {own}");
    assert!(own <= MOST + ASSERTIONS, "{own} instructions: {path:#?}");
}
