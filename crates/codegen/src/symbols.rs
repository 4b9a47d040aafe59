//! The symbol table of an executable, for profilers and debuggers; a running program does not look at it.
//!
//! The file gets sections for all that is loaded, so that `strip` keeps it, a symbol for each function, and their names.

use object::elf::{self, SectionHeader64, Sym64};
use object::endian::LittleEndian;
use object::{U16, U32, U64, pod};

const LE: LittleEndian = LittleEndian;

/// A function, or another name for a place in code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// As it is shown.
    pub name: &'a str,
    /// Where it begins.
    pub address: u64,
    /// Its bytes.
    pub size: u64,
}

/// A stretch of what is loaded, which becomes a section.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The section's name.
    pub name: &'static str,
    /// `SHT_PROGBITS`, or `SHT_NOBITS` for what is zero and not in the file.
    pub kind: u32,
    /// `SHF_WRITE`, `SHF_EXECINSTR`, `SHF_TLS`.
    pub flags: u32,
    /// Where it is in memory.
    pub address: u64,
    /// Where it is in the file.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
}

/// Where the section headers are.
#[derive(Clone, Copy, Debug)]
pub struct Sections {
    /// Where the first is in the file.
    pub offset: u64,
    /// How many there are.
    pub count: u16,
    /// Which of them has the sections' names.
    pub names: u16,
}

/// Appends sections for what is loaded, the symbols of its code, and their names.
pub fn append<'a>(
    file: &mut Vec<u8>,
    loaded: &[Stretch],
    symbols: impl IntoIterator<Item = Symbol<'a>>,
) -> Sections {
    let mut names = vec![0];
    let mut table = pod::bytes_of(&Sym64::<LittleEndian> {
        st_name: U32::default(),
        st_info: 0,
        st_other: 0,
        st_shndx: U16::default(),
        st_value: U64::default(),
        st_size: U64::default(),
    })
    .to_vec();
    for symbol in symbols {
        let holds = |s: &Stretch| {
            s.flags & elf::SHF_EXECINSTR != 0 && symbol.address.wrapping_sub(s.address) < s.size
        };
        let Some(section) = loaded.iter().position(holds) else { continue };
        table.extend_from_slice(pod::bytes_of(&Sym64 {
            st_name: U32::new(LE, add(&mut names, symbol.name)),
            st_info: elf::STB_LOCAL << 4 | elf::STT_FUNC,
            st_other: elf::STV_DEFAULT,
            st_shndx: U16::new(LE, section as u16 + 1),
            st_value: U64::new(LE, symbol.address),
            st_size: U64::new(LE, symbol.size),
        }));
    }
    let [symtab, strtab] = [".symtab", ".strtab"].map(|name| add(&mut names, name));
    let mut headers = vec![header(0, elf::SHT_NULL, 0, 0)];
    for stretch in loaded {
        let name = add(&mut names, stretch.name);
        let mut section = header(name, stretch.kind, stretch.offset, stretch.size);
        section.sh_flags = U64::new(LE, u64::from(elf::SHF_ALLOC | stretch.flags));
        section.sh_addr = U64::new(LE, stretch.address);
        // The segment is aligned, and its parts are where they are.
        section.sh_addralign = U64::new(LE, 1);
        headers.push(section);
    }
    let strings = headers.len() as u32 + 1;
    let mut section =
        header(symtab, elf::SHT_SYMTAB, append_bytes(file, &table), table.len() as u64);
    section.sh_link = U32::new(LE, strings);
    // All symbols are local.
    let size = size_of::<Sym64<LittleEndian>>();
    section.sh_info = U32::new(LE, (table.len() / size) as u32);
    section.sh_entsize = U64::new(LE, size as u64);
    headers.push(section);
    headers.push(header(strtab, elf::SHT_STRTAB, append_bytes(file, &names), names.len() as u64));
    Sections {
        offset: append_bytes(file, pod::bytes_of_slice(&headers)),
        count: headers.len() as u16,
        names: strings as u16,
    }
}

/// Adds a name; returns where it is.
fn add(names: &mut Vec<u8>, name: &str) -> u32 {
    let at = names.len() as u32;
    names.extend_from_slice(name.as_bytes());
    names.push(0);
    at
}

/// Adds bytes to the file; returns where they are.
fn append_bytes(file: &mut Vec<u8>, bytes: &[u8]) -> u64 {
    file.resize(file.len().next_multiple_of(8), 0);
    let at = file.len() as u64;
    file.extend_from_slice(bytes);
    at
}

fn header(name: u32, kind: u32, offset: u64, size: u64) -> SectionHeader64<LittleEndian> {
    let long = |value| U64::new(LE, value);
    SectionHeader64 {
        sh_name: U32::new(LE, name),
        sh_type: U32::new(LE, kind),
        sh_flags: long(0),
        sh_addr: long(0),
        sh_offset: long(offset),
        sh_size: long(size),
        sh_link: U32::new(LE, 0),
        sh_info: U32::new(LE, 0),
        sh_addralign: long(8),
        sh_entsize: long(0),
    }
}
