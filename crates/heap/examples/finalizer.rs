//! A finalizer that gives back memory of another allocator: heap objects that own mappings of the
//! operating system.
//!
//! Each object is 16 bytes and owns 256 KiB that the heap knows nothing of. `add_external` tells it, so
//! that cycles come by the memory that really hangs on the objects; the finalizer unmaps.
use std::{
    io,
    ptr::NonNull,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};
use trigo_heap::{Config, Error, Heap, Layout, Mutator};

const BYTES: usize = 256 << 10;
const BUFFERS: usize = 4_000;
const KEPT: usize = 10;

/// Mappings that exist now, the most there were, and those that a finalizer gave back.
static MAPPED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);
static FINALIZED: AtomicUsize = AtomicUsize::new(0);

/// A heap object without pointers into the heap: the address and length of its mapping.
#[repr(C)]
struct Buffer {
    address: *mut libc::c_void,
    bytes: usize,
}

fn new_buffer(heap: &Heap, mutator: &mut Mutator) -> Result<NonNull<Buffer>, Error> {
    // SAFETY: a new private mapping at an address of the system's choosing.
    let address = unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(std::ptr::null_mut(), BYTES, protection, flags, -1, 0)
    };
    assert!(address != libc::MAP_FAILED, "mmap: {}", io::Error::last_os_error());
    MOST.fetch_max(MAPPED.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    heap.add_external(BYTES);

    let object = mutator.alloc(Layout::NO_SCAN, size_of::<Buffer>())?;
    let buffer = object.cast::<Buffer>();
    // SAFETY: the object is fresh and large enough.
    unsafe { buffer.write(Buffer { address, bytes: BYTES }) };
    mutator.set_finalizer(object, |mutator, object| {
        // The object itself comes as an argument. A root to it in this closure would keep it alive for ever.
        // SAFETY: the finalizer of a buffer, which is as `new_buffer` left it.
        let Buffer { address, bytes } = unsafe { object.cast::<Buffer>().read() };
        // SAFETY: the mapping is the object's own, and the object is reachable from nowhere else.
        let status = unsafe { libc::munmap(address, bytes) };
        assert_eq!(status, 0, "munmap: {}", io::Error::last_os_error());
        mutator.heap().sub_external(bytes);
        MAPPED.fetch_sub(1, Ordering::Relaxed);
        FINALIZED.fetch_add(1, Ordering::Relaxed);
    })?;
    Ok(buffer)
}

fn main() -> Result<(), Error> {
    let heap = Heap::new(Config { min_heap: 32 << 20, ..Config::default() })?;
    let mut mutator = heap.attach();
    let mut kept = Vec::new();
    for number in 0..BUFFERS {
        let buffer = new_buffer(&heap, &mut mutator)?;
        // No safepoint has passed since the allocation, so the pointer is good without a root.
        // SAFETY: the mapping is writable and at least a page long.
        unsafe { (*buffer.as_ptr()).address.cast::<usize>().write(number) };
        if number % (BUFFERS / KEPT) == 0 {
            kept.push((number, mutator.root(buffer.cast())));
        }
        // The program's own work with the buffer, in which it does not touch the heap.
        mutator.blocked(|| thread::sleep(Duration::from_micros(50)));
        // The heap queues finalizers and the client decides who runs them, and when: here, in between.
        mutator.run_finalizers();
    }
    mutator.collect();
    mutator.run_finalizers();

    let stats = heap.stats();
    let [most, mapped, finalized] =
        [&MOST, &MAPPED, &FINALIZED].map(|count| count.load(Ordering::Relaxed));
    println!("{BUFFERS} buffers of {} KiB; at most {most} at a time", BYTES >> 10);
    println!("{finalized} given back by finalizers, in {} cycles; {mapped} left", stats.cycles);
    for (number, root) in &kept {
        let buffer = root.get().expect("the root is set").cast::<Buffer>();
        // SAFETY: the root keeps the buffer, so its finalizer has not run and the mapping is there.
        let found = unsafe { (*buffer.as_ptr()).address.cast::<usize>().read() };
        assert_eq!(found, *number, "a kept buffer is untouched");
    }
    assert_eq!((mapped, finalized), (KEPT, BUFFERS - KEPT), "all but the kept ones are gone");
    assert_eq!(stats.external, KEPT * BYTES, "and the heap counts the kept ones");
    assert!(most < BUFFERS / 2, "cycles came by external memory, not by the tiny objects");
    Ok(())
}
