//! What a client can choose about a heap.

/// Options of a [`Heap`](crate::Heap). Start from [`Config::default`] and change what matters.
///
/// ```
/// use trigo_heap::{Config, Heap};
///
/// let config = Config { memory_limit: Some(256 << 20), markers: 2, ..Config::default() };
/// let heap = Heap::new(config)?;
/// # Ok::<(), trigo_heap::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Config {
    /// Bytes of address space to reserve, rounded up to 4 MiB; the heap cannot grow beyond it. Reserving costs no
    /// memory; the tables beside the range add about a seventh to it. Default: 64 GiB.
    pub reserve: usize,
    /// Garbage allowed per cycle, in percent of what was live after the last one (Go's `GOGC`); `None` turns
    /// automatic collection off unless a memory limit forces it. Default: 100.
    pub gc_percent: Option<u32>,
    /// Soft limit on the memory of the heap, in bytes, external bytes included (Go's `GOMEMLIMIT`). Near it cycles
    /// run as often as need be, but for at most half of the processors' time; then, and where more is live, the heap grows
    /// past it. Default: none.
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
    /// After each mark phase hold all mutators and follow every pointer of every marked object and root handle; abort
    /// with a report if one leads to an object that is not marked. Traced and conservative layouts are left out.
    pub verify: bool,
    /// Run a whole cycle at every n-th allocation slow path, and make every allocation take that path.
    pub torture: Option<u32>,
    /// Fill freed slots of small objects with [`POISON`](crate::POISON) bytes when their span is swept.
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
