//! The runtime's image, and the executable that has it and a program.
//!
//! The runtime is a static executable at low addresses. A program's segments are appended to the file and mapped behind
//! it: their program headers take the places of some that a running program does without (notes, properties,
//! relocation read-only), because the table itself cannot grow: what follows it in memory is the runtime's.

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::endian::LittleEndian;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind, U32, U64, pod};
use rustc_hash::FxHashMap;

use crate::symbols::{self, Sections, Stretch, Symbol};

type Header = ProgramHeader64<LittleEndian>;

const LE: LittleEndian = LittleEndian;

/// Bytes of a page.
pub const PAGE: u64 = 4096;

/// The runtime, linked.
pub struct Runtime {
    /// The file up to the end of what is loaded.
    bytes: Vec<u8>,
    headers: Vec<Header>,
    symbols: FxHashMap<String, u64>,
    /// Names of its functions with their addresses and sizes, in the order of addresses.
    functions: Vec<(String, u64, u64)>,
}

/// A stretch of memory that the program adds.
pub struct Segment {
    /// Where, a multiple of [`PAGE`].
    pub address: u64,
    /// What it begins with.
    pub bytes: Vec<u8>,
    /// How large it is; zeros follow the bytes.
    pub size: u64,
    /// `PF_R`, `PF_W`, `PF_X`.
    pub flags: u32,
}

impl Runtime {
    /// Reads a linked runtime.
    ///
    /// # Errors
    /// What about the file is not as it must be.
    pub fn read(data: &[u8]) -> Result<Self, String> {
        let file = ElfFile64::<LittleEndian>::parse(data).map_err(|e| e.to_string())?;
        if file.kind() != object::ObjectKind::Executable {
            return Err("the runtime is not an executable at fixed addresses".into());
        }
        let headers = file.elf_program_headers().to_vec();
        let loads = || headers.iter().filter(|h| h.p_type(LE) == elf::PT_LOAD);
        let end = loads().map(|h| h.p_offset(LE) + h.p_filesz(LE)).max().unwrap_or(0);
        let top = loads().map(|h| h.p_vaddr(LE) + h.p_memsz(LE)).max().unwrap_or(0);
        if top > trigo_abi::PROGRAM_BASE {
            return Err(format!("the runtime ends at {top:#x}, where programs begin already"));
        }
        let symbols = file
            .symbols()
            .filter(|symbol| symbol.is_global() && !symbol.is_undefined())
            .filter_map(|symbol| Some((symbol.name().ok()?.to_owned(), symbol.address())))
            .collect();
        let bytes = data.get(..end as usize).ok_or("the runtime's file is cut off")?.to_vec();
        Ok(Self { bytes, headers, symbols, functions: functions(&file) })
    }

    /// The address of something that it exports.
    pub fn symbol(&self, name: &str) -> Option<u64> {
        self.symbols.get(name).copied()
    }

    /// The executable with a program's segments and the names of its functions.
    ///
    /// # Errors
    /// If the runtime has too few program headers to spare.
    pub fn with_segments<'a>(
        &'a self,
        segments: &[Segment],
        functions: impl Iterator<Item = Symbol<'a>>,
    ) -> Result<Vec<u8>, String> {
        let mut file = self.bytes.clone();
        let mut added = Vec::new();
        for segment in segments {
            file.resize(file.len().next_multiple_of(PAGE as usize), 0);
            added.push(load_header(segment, file.len() as u64));
            file.extend_from_slice(&segment.bytes);
        }
        let needed = |h: &&Header| {
            !matches!(h.p_type(LE), elf::PT_NOTE | elf::PT_GNU_PROPERTY | elf::PT_GNU_RELRO)
        };
        let mut table: Vec<Header> = self.headers.iter().filter(needed).copied().collect();
        table.extend(added);
        // The system wants what is loaded in the order of addresses.
        table.sort_by_key(|h| (h.p_type(LE) != elf::PT_LOAD, h.p_vaddr(LE)));
        if table.len() > self.headers.len() {
            return Err("the runtime has too few program headers to spare".into());
        }
        let own =
            self.functions.iter().map(|&(ref name, address, size)| Symbol { name, address, size });
        let sections = symbols::append(&mut file, &stretches(&table), own.chain(functions));
        self.write_headers(&mut file, &table, sections)?;
        Ok(file)
    }

    fn write_headers(
        &self,
        file: &mut [u8],
        table: &[Header],
        sections: Sections,
    ) -> Result<(), String> {
        let (header, _) = pod::from_bytes_mut::<FileHeader64<LittleEndian>>(file)
            .map_err(|()| "the runtime's file has no header")?;
        let at = header.e_phoff.get(LE) as usize;
        header.e_phnum.set(LE, table.len() as u16);
        header.e_shoff.set(LE, sections.offset);
        header.e_shnum.set(LE, sections.count);
        header.e_shstrndx.set(LE, sections.names);
        let bytes = pod::bytes_of_slice(table);
        file[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// The functions of a linked file; labels, which have no size, reach to the next one.
fn functions(file: &ElfFile64<'_, LittleEndian>) -> Vec<(String, u64, u64)> {
    let text = file.section_by_name(".text").map(|text| text.index());
    let mut found: Vec<(u64, u64, &str)> = file
        .symbols()
        .filter(|symbol| matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Unknown))
        .filter(|symbol| symbol.section_index().is_some() && symbol.section_index() == text)
        .filter_map(|symbol| Some((symbol.address(), symbol.size(), symbol.name().ok()?)))
        .filter(|(.., name)| !name.is_empty())
        .collect();
    found.sort_unstable();
    found.dedup_by_key(|function| function.0);
    let next = |at: usize| found.get(at + 1).map_or(0, |next| next.0 - found[at].0);
    let sizes = found.iter().enumerate().map(|(at, found)| match found.1 {
        0 => next(at),
        size => size,
    });
    found.iter().zip(sizes).map(|(&(at, _, name), size)| (name.to_owned(), at, size)).collect()
}

/// What is loaded of a file with these headers.
fn stretches(table: &[Header]) -> Vec<Stretch> {
    let thread = table.iter().find(|h| h.p_type(LE) == elf::PT_TLS);
    let mut found = Vec::new();
    for load in table.iter().filter(|h| h.p_type(LE) == elf::PT_LOAD) {
        let (start, offset) = (load.p_vaddr(LE), load.p_offset(LE));
        let filled = start + load.p_filesz(LE);
        let (name, flags) = match load.p_flags(LE) {
            flags if flags & elf::PF_X != 0 => (".text", elf::SHF_EXECINSTR),
            flags if flags & elf::PF_W != 0 => (".data", elf::SHF_WRITE),
            _ => (".rodata", 0),
        };
        let mut add = |name, kind, flags, from: u64, to: u64| {
            if from < to {
                let (offset, size) = (offset + from - start, to - from);
                found.push(Stretch { name, kind, flags, address: from, offset, size });
            }
        };
        // The file's own headers are no contents.
        let headers = size_of::<FileHeader64<LittleEndian>>() + size_of_val(table);
        let mut at = if offset == 0 { start + headers as u64 } else { start };
        if let Some(thread) = thread.filter(|h| (at..filled).contains(&h.p_vaddr(LE))) {
            let (from, flags) = (thread.p_vaddr(LE), flags | elf::SHF_TLS);
            let (to, end) = (from + thread.p_filesz(LE), from + thread.p_memsz(LE));
            add(name, elf::SHT_PROGBITS, flags & !elf::SHF_TLS, at, from);
            add(".tdata", elf::SHT_PROGBITS, flags, from, to);
            add(".tbss", elf::SHT_NOBITS, flags, to, end);
            at = to;
        }
        add(name, elf::SHT_PROGBITS, flags, at, filled);
        add(".bss", elf::SHT_NOBITS, flags, filled, start + load.p_memsz(LE));
    }
    found
}

fn load_header(segment: &Segment, offset: u64) -> Header {
    let long = |value| U64::new(LE, value);
    Header {
        p_type: U32::new(LE, elf::PT_LOAD),
        p_flags: U32::new(LE, segment.flags),
        p_offset: long(offset),
        p_vaddr: long(segment.address),
        p_paddr: long(segment.address),
        p_filesz: long(segment.bytes.len() as u64),
        p_memsz: long(segment.size),
        p_align: long(PAGE),
    }
}
