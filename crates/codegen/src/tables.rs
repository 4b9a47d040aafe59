//! The function table, line tables, and the strings that they name, as [`trigo_abi::module`] has them.

use crate::translate::Code;
use rustc_hash::FxHashMap;
use trigo_abi::module::{self, Func, Text, Write, lines};
use trigo_ir::func::Pos;
use trigo_ir::sym::{Sym, Syms};

/// Tables of functions, in the order of their addresses.
pub struct Tables<'a> {
    syms: &'a Syms,
    funcs: Vec<Func>,
    files: Vec<Text>,
    file_numbers: FxHashMap<Sym, u32>,
    texts: FxHashMap<String, Text>,
    /// Line tables.
    pub lines: Vec<u8>,
    /// Strings.
    pub strings: Vec<u8>,
}

impl<'a> Tables<'a> {
    /// Tables without functions.
    pub fn new(syms: &'a Syms) -> Self {
        Self {
            syms,
            funcs: Vec::new(),
            files: Vec::new(),
            file_numbers: FxHashMap::default(),
            texts: FxHashMap::default(),
            lines: Vec::new(),
            strings: Vec::new(),
        }
    }

    /// Adds the function that comes next. Its address is said later.
    pub fn add(&mut self, name: &str, pos: Option<Pos>, wrapper: bool, code: &Code) {
        let file = pos.map_or(0, |pos| self.file(pos.file));
        let line = pos.map_or(0, |pos| pos.line);
        let lines = self.lines.len() as u32;
        let size = code.bytes.len() as u32;
        self.line_table(code, file, line);
        let name = self.text(name);
        let flags = if wrapper { module::WRAPPER } else { 0 };
        self.funcs.push(Func { start: 0, size, name, file, line, lines, flags });
    }

    /// Stretches of code of one line; what has no place of its own belongs to the line before.
    fn line_table(&mut self, code: &Code, file: u32, line: u32) {
        let mut last = (i64::from(file), i64::from(line));
        let mut start = 0;
        let mut now = last;
        let mut entries = Vec::new();
        for &(at, pos) in &code.lines {
            let Some(pos) = pos else { continue };
            let next = (i64::from(self.file(pos.file)), i64::from(pos.line));
            if next != now {
                if at > start {
                    entries.push((at - start, now));
                    start = at;
                }
                now = next;
            }
        }
        let size = code.bytes.len() as u32;
        if size > start {
            entries.push((size - start, now));
        }
        for (bytes, place) in entries {
            lines::write(&mut self.lines, u64::from(bytes), place.1 - last.1, place.0 - last.0);
            last = place;
        }
    }

    fn file(&mut self, sym: Sym) -> u32 {
        if let Some(&number) = self.file_numbers.get(&sym) {
            return number;
        }
        let text = self.text(self.syms.text(sym));
        let number = self.files.len() as u32;
        self.files.push(text);
        self.file_numbers.insert(sym, number);
        number
    }

    fn text(&mut self, text: &str) -> Text {
        if let Some(&known) = self.texts.get(text) {
            return known;
        }
        let made = Text { at: self.strings.len() as u32, len: text.len() as u32 };
        self.strings.extend_from_slice(text.as_bytes());
        self.texts.insert(text.to_owned(), made);
        made
    }

    /// Number of functions.
    pub fn functions(&self) -> usize {
        self.funcs.len()
    }

    /// Number of files.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// The function table, given the functions' addresses in order.
    pub fn function_bytes(&self, addresses: impl Iterator<Item = u64>) -> Vec<u8> {
        let mut out = Vec::new();
        for (func, address) in self.funcs.iter().zip(addresses) {
            Func { start: address as u32, ..*func }.write(&mut out);
        }
        out
    }

    /// The table of files.
    pub fn file_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.files.iter().for_each(|file| file.write(&mut out));
        out
    }
}
