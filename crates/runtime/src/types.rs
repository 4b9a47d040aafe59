//! Type descriptors, as Go's `internal/abi` lays them out, as far as allocation and barriers need them.

use crate::runtime;
use crate::worker::Worker;
use trigo_heap::{Layout, LayoutSpec};

/// `abi.Type`.
#[repr(C)]
pub(crate) struct Type {
    pub(crate) size: usize,
    pub(crate) ptr_bytes: usize,
    hash: u32,
    flags: u8,
    align: u8,
    field_align: u8,
    kind: u8,
    equal: usize,
    gc_data: *const u8,
    name: i32,
    to_this: i32,
}

/// The kinds whose parts are looked at.
const ARRAY: u8 = 17;
const STRUCT: u8 = 25;
/// `abi.TFlagGCMaskOnDemand`: the bitmap is not there, and follows from the type's parts.
const MASK_ON_DEMAND: u8 = 1 << 4;

/// `abi.ArrayType`.
#[repr(C)]
struct ArrayType {
    typ: Type,
    elem: *const Type,
    slice: *const Type,
    len: usize,
}

/// `abi.StructType`, and its fields.
#[repr(C)]
struct StructType {
    typ: Type,
    package: *const u8,
    fields: *const Field,
    count: usize,
    cap: usize,
}

#[repr(C)]
struct Field {
    name: *const u8,
    typ: *const Type,
    offset: usize,
}

/// Calls `f` with the offset of each pointer word of a value of the type.
///
/// # Safety
/// 1. `typ` is a descriptor.
unsafe fn each_word(typ: *const Type, at: usize, f: &mut impl FnMut(usize)) {
    // SAFETY: as the caller vouches; descriptors lead to descriptors.
    unsafe {
        if (*typ).ptr_bytes == 0 {
            return;
        }
        if (*typ).flags & MASK_ON_DEMAND == 0 {
            for word in 0..(*typ).ptr_bytes / 8 {
                if *(*typ).gc_data.add(word / 8) >> (word % 8) & 1 != 0 {
                    f(at + word * 8);
                }
            }
            return;
        }
        match (*typ).kind {
            ARRAY => {
                let array = &*typ.cast::<ArrayType>();
                for i in 0..array.len {
                    each_word(array.elem, at + i * (*array.elem).size, f);
                }
            }
            STRUCT => {
                let fields = &*typ.cast::<StructType>();
                for i in 0..fields.count {
                    let field = &*fields.fields.add(i);
                    each_word(field.typ, at + field.offset, f);
                }
            }
            kind => unreachable!("a type of kind {kind} has no parts"),
        }
    }
}

/// The heap's layout for values of the type and arrays of them.
pub(crate) fn layout(worker: &mut Worker, typ: *const Type) -> Layout {
    // SAFETY: compiled code passes descriptors, which live as long as the program, or as what reflect made.
    if unsafe { (*typ).ptr_bytes } == 0 {
        return Layout::NO_SCAN;
    }
    let at = typ as usize;
    let place = (at >> 4) % worker.layouts.len();
    let (known, layout) = worker.layouts[place];
    if known == at && at < 1 << 31 {
        return layout;
    }
    let layout = make_layout(typ);
    worker.layouts[place] = (at, layout);
    layout
}

fn make_layout(mut typ: *const Type) -> Layout {
    // SAFETY: as in `layout`, here and below.
    let bits = unsafe {
        while (*typ).kind == ARRAY && (*typ.cast::<ArrayType>()).len > 0 {
            // Layouts repeat.
            typ = (*typ.cast::<ArrayType>()).elem;
        }
        let mut bits = vec![0u64; (*typ).size.div_ceil(512)];
        each_word(typ, 0, &mut |offset| bits[offset / 512] |= 1 << (offset / 8 % 64));
        bits
    };
    // SAFETY: the compiler describes all pointers of its types, and values are stored by compiled code alone.
    let layout =
        unsafe { runtime().heap.layout(LayoutSpec::Bitmap { size: (*typ).size, bits: &bits }) };
    layout.unwrap_or_else(|error| panic!("runtime: a type of {} bytes: {error}", bits.len() * 512))
}

/// Calls `f` with the offset of each pointer word in `bytes` bytes of consecutive values of the type.
pub(crate) fn each_pointer(
    worker: &mut Worker,
    typ: *const Type,
    bytes: usize,
    mut f: impl FnMut(&mut Worker, usize),
) {
    // SAFETY: compiled code passes descriptors.
    let size = unsafe { (*typ).size };
    let mut at = 0;
    while at < bytes {
        // SAFETY: as above.
        unsafe {
            each_word(typ, at, &mut |offset| {
                if offset < bytes {
                    f(worker, offset)
                }
            })
        };
        at += size;
    }
}
