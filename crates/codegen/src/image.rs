//! The runtime's image, and the executable that has it and a program.
//!
//! The runtime is a static executable at low addresses. A program's segments are appended to the file and mapped behind
//! it: their program headers take the places of some that a running program does without (notes, properties,
//! relocation read-only), because the table itself cannot grow: what follows it in memory is the runtime's.

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::endian::LittleEndian;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Object, ObjectSymbol, U32, U64, pod};
use rustc_hash::FxHashMap;

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
        Ok(Self { bytes, headers, symbols })
    }

    /// The address of something that it exports.
    pub fn symbol(&self, name: &str) -> Option<u64> {
        self.symbols.get(name).copied()
    }

    /// The executable with a program's segments.
    ///
    /// # Errors
    /// If the runtime has too few program headers to spare.
    pub fn with_segments(&self, segments: &[Segment]) -> Result<Vec<u8>, String> {
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
        self.write_headers(&mut file, &table)?;
        Ok(file)
    }

    fn write_headers(&self, file: &mut [u8], table: &[Header]) -> Result<(), String> {
        let (header, _) = pod::from_bytes_mut::<FileHeader64<LittleEndian>>(file)
            .map_err(|()| "the runtime's file has no header")?;
        let at = header.e_phoff.get(LE) as usize;
        header.e_phnum.set(LE, table.len() as u16);
        header.e_shoff.set(LE, 0);
        header.e_shnum.set(LE, 0);
        header.e_shstrndx.set(LE, 0);
        let bytes = pod::bytes_of_slice(table);
        file[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
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
