//! The Trigo heap.
