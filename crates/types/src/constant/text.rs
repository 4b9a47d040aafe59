//! Constant strings. A concatenation keeps its parts until somebody reads the
//! bytes, so that long chains of `+` take linear time.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// An immutable string of bytes.
#[derive(Clone)]
pub struct Text(Arc<Node>);

struct Node {
    len: usize,
    flat: OnceLock<Box<[u8]>>,
    /// The parts of a concatenation that was not read yet.
    parts: Mutex<Option<(Text, Text)>>,
}

impl Text {
    /// A string with these bytes.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self(Arc::new(Node {
            len: bytes.len(),
            flat: OnceLock::from(bytes),
            parts: Mutex::new(None),
        }))
    }

    /// The string followed by another.
    pub fn concat(&self, other: &Text) -> Self {
        let parts = Mutex::new(Some((self.clone(), other.clone())));
        Self(Arc::new(Node {
            len: self.0.len.saturating_add(other.0.len),
            flat: OnceLock::new(),
            parts,
        }))
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.flat.get_or_init(|| {
            let mut out = Vec::with_capacity(self.0.len);
            let mut stack = vec![self.clone()];
            while let Some(text) = stack.pop() {
                let parts = text.0.parts.lock().unwrap_or_else(PoisonError::into_inner).clone();
                match parts {
                    Some((a, b)) => stack.extend([b, a]),
                    None => out.extend_from_slice(text.0.flat.get().map_or(&[], |f| f)),
                }
            }
            out.into()
        })
    }
}

impl Drop for Node {
    /// Takes long chains apart in a loop rather than by recursion.
    fn drop(&mut self) {
        let take = |parts: &mut Mutex<Option<(Text, Text)>>| {
            parts.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        };
        let mut stack: Vec<Text> =
            take(&mut self.parts).into_iter().flat_map(|(a, b)| [a, b]).collect();
        while let Some(text) = stack.pop() {
            if let Some(mut node) = Arc::into_inner(text.0) {
                stack.extend(take(&mut node.parts).into_iter().flat_map(|(a, b)| [a, b]));
            }
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_chains_are_flat_and_freed() {
        let mut text = Text::new(*b"");
        for i in 0..200_000u32 {
            text = text.concat(&Text::new([b'a' + (i % 26) as u8]));
        }
        assert_eq!(text.len(), 200_000);
        assert_eq!(&text.bytes()[..3], b"abc");
    }
}
