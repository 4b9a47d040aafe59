//! Memory that was dropped goes back to the operating system while the program is idle.

use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};
use trigo_heap::{Config, Error, Heap, Kind, Layout, Mutator, Root, Zeroing};

const MIB: usize = 1 << 20;
const OBJECT: usize = 16;

/// Tests that measure the process's memory run one after the other.
static ALONE: Mutex<()> = Mutex::new(());

fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

/// Puts `count` objects in front of those that `list` holds.
fn fill(m: &mut Mutator, kind: Kind, list: &Root, count: usize) -> Result<(), Error> {
    for _ in 0..count {
        let object = m.alloc_kind(kind)?;
        let next = list.get().map_or(std::ptr::null_mut(), |o| o.as_ptr());
        // SAFETY: the object's first word, before the next safepoint.
        unsafe { m.init(object.cast().as_ptr(), next) };
        list.set(m, Some(object));
    }
    Ok(())
}

#[test]
fn after_a_drop_what_is_resident_is_within_a_tenth_of_the_goal_and_idle_cycles_back_off()
-> Result<(), Error> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = resident();
    let heap = Heap::new(Config::default())?;
    let kind = heap.kind(Layout::POINTERS, OBJECT, Zeroing::Zeroed)?;
    let mut m = heap.attach();
    let (kept, dropped) = (m.empty_root(), m.empty_root());
    fill(&mut m, kind, &kept, 8 * MIB / OBJECT)?;
    fill(&mut m, kind, &dropped, 256 * MIB / OBJECT)?;
    assert!(resident() - before > 256 * MIB);
    drop(dropped);

    let live = 8 * MIB;
    let bound = before + live * 2 * 11 / 10 + 8 * MIB;
    let start = Instant::now();
    let idle_for = |m: &mut Mutator, time| m.blocked(|| thread::sleep(time));
    while resident() > bound && start.elapsed() < Duration::from_secs(30) {
        idle_for(&mut m, Duration::from_millis(100));
    }
    assert!(resident() <= bound, "{} MiB of {} are resident", resident() / MIB, bound / MIB);
    assert_eq!(heap.stats().live_bytes as usize, live);

    let cycles = heap.stats().cycles;
    idle_for(&mut m, Duration::from_secs(2));
    assert!(heap.stats().cycles <= cycles + 1, "idle cycles do not back off");
    drop(kept);
    Ok(())
}

#[test]
fn memory_that_bursts_of_allocation_need_is_not_given_back_between_them() -> Result<(), Error> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let heap = Heap::new(Config::default())?;
    let mut m = heap.attach();
    for _ in 0..10 {
        for _ in 0..32 * MIB / 64 {
            m.alloc(Layout::NO_SCAN, 64)?;
        }
        m.blocked(|| thread::sleep(Duration::from_millis(120)));
    }
    let released = heap.stats().released as usize;
    assert!(released <= 8 * MIB, "{} KiB went back and forth", released >> 10);
    Ok(())
}

/// A heap from which 320 MiB were just dropped.
fn just_dropped(gc_percent: Option<u32>) -> Result<(Heap, Mutator), Error> {
    let heap = Heap::new(Config { gc_percent, idle_cycles: false, ..Config::default() })?;
    let mut m = heap.attach();
    let dropped: Vec<_> = (0..320)
        .map(|_| m.alloc(Layout::NO_SCAN, MIB).map(|object| m.root(object)))
        .collect::<Result<_, _>>()?;
    drop(dropped);
    m.collect();
    Ok((heap, m))
}

/// The most that may go back at a time, with the last step of it, and the pause until the next time.
const BATCH: usize = 34 * MIB;
const PAUSE: Duration = Duration::from_millis(50);

#[test]
fn memory_goes_back_at_a_bounded_rate_however_often_the_collector_is_woken() -> Result<(), Error> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (heap, _m) = just_dropped(Some(100))?;
    heap.set_memory_limit(Some(32 * MIB));
    // When a figure was read at the earliest and at the latest, and the figure.
    let mut seen: Vec<([Instant; 2], usize)> = Vec::new();
    let start = Instant::now();
    while seen.last().is_none_or(|&(_, released)| released < 256 * MIB) {
        assert!(start.elapsed() < Duration::from_secs(30), "the limit has nothing given back");
        let before = Instant::now();
        let released = heap.stats().released as usize;
        seen.push(([before, Instant::now()], released));
        heap.set_gc_percent(Some(100 + seen.len() as u32 % 2));
        thread::sleep(Duration::from_millis(1));
    }
    for (i, &([from, _], before)) in seen.iter().enumerate() {
        for &([_, to], after) in &seen[i..] {
            let batches = 1 + ((to - from).as_nanos() / PAUSE.as_nanos()) as usize;
            let went = after - before;
            assert!(went <= batches * BATCH, "{} MiB in {:?}", went / MIB, to - from);
        }
    }
    Ok(())
}

#[test]
fn memory_goes_back_sooner_under_a_limit() -> Result<(), Error> {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (limited, _m) = just_dropped(Some(100))?;
    let (free, _n) = just_dropped(Some(100))?;
    limited.set_memory_limit(Some(32 * MIB));
    let start = Instant::now();
    let mut took = [None; 2];
    while took.contains(&None) {
        assert!(start.elapsed() < Duration::from_secs(60), "{took:?}");
        for (took, heap) in took.iter_mut().zip([&limited, &free]) {
            if took.is_none() && heap.stats().released as usize > 256 * MIB {
                *took = Some(start.elapsed());
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    // What the heap has needed lately it keeps for two seconds at least, unless a limit leaves no room for it.
    assert!(took[0] < took[1] && took[1] >= Some(Duration::from_secs(1)), "{took:?}");
    Ok(())
}
