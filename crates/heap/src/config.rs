//! What a client can choose about a heap.

/// Options of a [`Heap`](crate::Heap). Start from [`Config::default`] and change what matters.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bytes of address space to reserve; the heap cannot grow beyond it. Reserving costs no memory.
    /// Default: 64 GiB.
    pub reserve: usize,
    /// Garbage allowed per cycle, in percent of what was live after the last one (Go's `GOGC`); `None` turns
    /// automatic collection off unless a memory limit forces it. Default: 100.
    pub gc_percent: Option<u32>,
    /// Soft limit on all memory of the heap, in bytes (Go's `GOMEMLIMIT`). Default: none.
    pub memory_limit: Option<usize>,
    /// The heap size below which no cycle starts, in bytes, at 100 percent; scaled with `gc_percent`.
    /// Default: 4 MiB, as in Go.
    pub min_heap: usize,
    /// Threads that mark in the background while a cycle runs, at least one. They run at the lowest
    /// priority, so that they use idle time; what they cannot do, allocating mutators do as assists.
    /// Default: the number of processors, at most 4.
    pub markers: usize,
    /// Ask the operating system for huge pages once the heap is larger than 16 MiB. Default: true.
    pub huge_pages: bool,
    /// Collect again while the program is idle, less and less often, so that memory of dropped objects goes back
    /// to the operating system. Default: true.
    pub idle_cycles: bool,
    /// Search for faults; all off by default.
    pub debug: Debug,
}

/// Options that make faults show early, at a price in speed. They are in every build.
#[derive(Debug, Clone, Copy, Default)]
pub struct Debug {
    /// After each mark phase hold all mutators, mark once more from the roots, and abort with a report if
    /// an object that can be reached is not marked.
    pub verify: bool,
    /// Run a whole cycle at every n-th allocation slow path, and make every allocation take that path.
    pub torture: Option<u32>,
    /// Fill freed slots with `0xdb` bytes.
    pub poison: bool,
    /// Leave out half of the write barrier, to see that tests notice. Has an effect only in builds with the
    /// `fault-injection` feature.
    pub broken_barrier: BrokenBarrier,
}

/// Which half of the write barrier is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BrokenBarrier {
    /// None: the barrier is whole.
    #[default]
    None,
    /// Overwritten values are not recorded.
    Deletion,
    /// Stored values are not recorded.
    Insertion,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            reserve: 64 << 30,
            gc_percent: Some(100),
            memory_limit: None,
            min_heap: 4 << 20,
            markers: std::thread::available_parallelism().map_or(1, |n| n.get()).min(4),
            huge_pages: true,
            idle_cycles: true,
            debug: Debug::default(),
        }
    }
}
