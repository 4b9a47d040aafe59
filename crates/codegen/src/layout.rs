//! From pieces of code and data to segments at addresses.
//!
//! Pieces are placed in the order in which they were added, so who adds them in a fixed order gets the same bytes each
//! time.

use crate::image::{PAGE, Segment};
use crate::target::Target;
use object::elf::{PF_R, PF_W, PF_X};
use rustc_hash::FxHashMap;
use trigo_ir::types::TypeId;

/// Where a piece goes, in the order of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Never written.
    Constants,
    /// Machine code.
    Text,
    /// Variables without pointers that begin as something.
    PlainData,
    /// Variables with pointers that begin as something.
    Data,
    /// Variables with pointers that begin as zeros.
    Zeros,
    /// Variables without pointers that begin as zeros.
    PlainZeros,
}

const SECTIONS: [Section; 6] = [
    Section::Constants,
    Section::Text,
    Section::PlainData,
    Section::Data,
    Section::Zeros,
    Section::PlainZeros,
];

/// How an address is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In eight bytes.
    Wide,
    /// In four bytes.
    Narrow,
    /// In four bytes, as the distance from these.
    Distance,
}

/// An address to be written into a piece.
#[derive(Clone, Debug)]
pub struct Fixup {
    /// Where.
    pub at: u32,
    /// How.
    pub form: Form,
    /// Whose address.
    pub target: Target,
    /// What is added.
    pub addend: i64,
}

/// A piece that stays together.
#[derive(Clone, Debug, Default)]
pub struct Piece {
    /// What its address is a multiple of.
    pub align: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its size; zeros follow the bytes.
    pub size: u64,
    /// Addresses in it.
    pub fixups: Vec<Fixup>,
    /// The type that says where its pointers are, if the collector must know.
    pub pointers: Option<TypeId>,
}

impl Piece {
    /// A piece of these bytes.
    pub fn new(align: u64, bytes: Vec<u8>) -> Self {
        Self { align, size: bytes.len() as u64, bytes, ..Self::default() }
    }

    /// A piece of zeros.
    pub fn zeros(align: u64, size: u64) -> Self {
        Self { align, size, ..Self::default() }
    }

    /// Appends the address of something, in eight bytes.
    pub fn push_address(&mut self, target: impl Into<Target>) {
        self.push_fixup(Form::Wide, target.into(), 0);
    }

    /// Appends the address of something in four bytes: an offset from zero.
    pub fn push_offset(&mut self, target: impl Into<Target>) {
        self.push_fixup(Form::Narrow, target.into(), 0);
    }

    /// Appends the address of a place in something, such as this piece itself.
    pub fn push_address_in(&mut self, target: impl Into<Target>, at: i64) {
        self.push_fixup(Form::Wide, target.into(), at);
    }

    fn push_fixup(&mut self, form: Form, target: Target, addend: i64) {
        let at = self.bytes.len() as u32;
        self.fixups.push(Fixup { at, form, target, addend });
        self.push(&[0; 8][..if form == Form::Wide { 8 } else { 4 }]);
    }

    /// Appends bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.size = self.bytes.len() as u64;
    }
}

/// A piece by its place in its section.
#[derive(Clone, Copy, Debug)]
pub struct PieceId(Section, u32);

/// Pieces, and what they define.
#[derive(Default)]
pub struct Layout {
    pieces: [Vec<Piece>; SECTIONS.len()],
    addresses: [Vec<u64>; SECTIONS.len()],
    targets: FxHashMap<Target, PieceId>,
    bounds: [(u64, u64); SECTIONS.len()],
}

impl Layout {
    /// Adds a piece.
    pub fn add(&mut self, section: Section, piece: Piece) -> PieceId {
        let pieces = &mut self.pieces[section as usize];
        pieces.push(piece);
        PieceId(section, pieces.len() as u32 - 1)
    }

    /// Adds the piece that something is.
    pub fn define(&mut self, target: impl Into<Target>, section: Section, piece: Piece) -> PieceId {
        let id = self.add(section, piece);
        self.targets.insert(target.into(), id);
        id
    }

    /// Says that something is at a piece.
    pub fn alias(&mut self, target: impl Into<Target>, id: PieceId) {
        self.targets.insert(target.into(), id);
    }

    /// The piece that something is.
    pub fn find(&self, target: &Target) -> Option<PieceId> {
        self.targets.get(target).copied()
    }

    /// A piece.
    pub fn piece(&self, id: PieceId) -> &Piece {
        &self.pieces[id.0 as usize][id.1 as usize]
    }

    /// A piece, to be filled in. Its size stays.
    pub fn piece_mut(&mut self, id: PieceId) -> &mut Piece {
        &mut self.pieces[id.0 as usize][id.1 as usize]
    }

    /// The pieces of a section in order, and their addresses once there are any.
    pub fn section(&self, section: Section) -> impl Iterator<Item = (&Piece, u64)> {
        let addresses = self.addresses[section as usize].iter().copied();
        self.pieces[section as usize].iter().zip(addresses.chain(std::iter::repeat(0)))
    }

    /// Gives all pieces addresses from `base` on, of which only the sizes count.
    pub fn place(&mut self, base: u64) {
        let mut at = base;
        for section in SECTIONS {
            if matches!(section, Section::Constants | Section::Text | Section::PlainData) {
                at = at.next_multiple_of(PAGE);
            }
            let start = at.next_multiple_of(64);
            at = start;
            let addresses = &mut self.addresses[section as usize];
            addresses.clear();
            for piece in &self.pieces[section as usize] {
                at = at.next_multiple_of(piece.align.max(1));
                addresses.push(at);
                at += piece.size;
            }
            self.bounds[section as usize] = (start, at);
        }
    }

    /// First address and end of a section that was placed.
    pub fn bounds(&self, section: Section) -> (u64, u64) {
        self.bounds[section as usize]
    }

    /// The address of a piece that was placed.
    pub fn address(&self, id: PieceId) -> u64 {
        self.addresses[id.0 as usize][id.1 as usize]
    }

    /// The address of something that the pieces define.
    pub fn resolve(&self, target: &Target) -> Option<u64> {
        self.find(target).map(|id| self.address(id))
    }

    /// The segments, with all addresses filled in; `outside` resolves what no piece defines.
    ///
    /// # Panics
    /// If something is nowhere.
    pub fn segments(&self, outside: &impl Fn(&Target) -> Option<u64>) -> Vec<Segment> {
        let groups: [(&[Section], u32); 3] = [
            (&[Section::Constants], PF_R),
            (&[Section::Text], PF_R | PF_X),
            (&SECTIONS[2..], PF_R | PF_W),
        ];
        let segment = |(sections, flags): (&[Section], u32)| {
            let address = self.bounds(sections[0]).0;
            let end = self.bounds(sections[sections.len() - 1]).1;
            let mut bytes = Vec::new();
            for &section in sections {
                if !matches!(section, Section::Zeros | Section::PlainZeros) {
                    self.write(section, address, &mut bytes, outside);
                }
            }
            Segment { address, size: (end - address).max(bytes.len() as u64), bytes, flags }
        };
        groups.into_iter().map(segment).filter(|segment| segment.size > 0).collect()
    }

    fn write(
        &self,
        section: Section,
        base: u64,
        bytes: &mut Vec<u8>,
        outside: &impl Fn(&Target) -> Option<u64>,
    ) {
        for (piece, address) in self.section(section) {
            let start = (address - base) as usize;
            bytes.resize(start, if section == Section::Text { 0xcc } else { 0 });
            bytes.extend_from_slice(&piece.bytes);
            bytes.resize(start + piece.size as usize, 0);
            for fixup in &piece.fixups {
                let target = self.resolve(&fixup.target).or_else(|| outside(&fixup.target));
                let value =
                    target.expect("everything was found before").wrapping_add_signed(fixup.addend);
                let at = start + fixup.at as usize;
                match fixup.form {
                    Form::Wide => bytes[at..at + 8].copy_from_slice(&value.to_le_bytes()),
                    Form::Narrow => {
                        bytes[at..at + 4].copy_from_slice(&(value as u32).to_le_bytes());
                    }
                    Form::Distance => {
                        let distance = value.wrapping_sub(base + at as u64) as u32;
                        bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
                    }
                }
            }
        }
    }
}
