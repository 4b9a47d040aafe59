//! Variables with `//go:embed`: a string, bytes, or an `embed.FS`, as `cmd/compile/internal/staticdata` (`WriteEmbed`) lays
//! them out.

use super::{Evaluator, Image};
use crate::world::{Embed, EmbedFile};
use std::collections::BTreeSet;
use trigo_ir::data::{Data, RelocTarget, Section};
use trigo_ir::types::{Shape, TypeId as IrType};
use trigo_types::ObjId;

impl Evaluator<'_, '_> {
    /// A variable with what is embedded into it.
    pub(super) fn embedded(&mut self, embed: &Embed) -> (ObjId, Data) {
        let store = self.world.store;
        let pkg = self.world.packages[self.package as usize].pkg;
        let name = store.interner().get(&embed.variable);
        let obj = name.and_then(|name| store.pkg(pkg).lookup(name));
        let obj = obj.expect("what is embedded has a package variable");
        let ty = self.world.ty(store.obj_type(obj));
        let mut image = Image::default();
        let shape = self.world.context.types.shape(ty);
        match (shape, embed.files.as_slice()) {
            (Shape::Struct(fields), files) => self.file_system(files, fields[0].ty, &mut image),
            (Shape::Slice(elem), [file]) => self.bytes(&file.contents, *elem, &mut image, 0),
            (_, files) => {
                files.iter().for_each(|file| image.string(0, &file.contents));
                Some(())
            }
        }
        .expect("embedding needs no code");
        self.define_parts();
        let mut data = image.finish(self.world.variable(obj), ty, Section::Variable);
        data.pos = self.world.object_pos(obj);
        (obj, data)
    }

    /// `embed.FS`: a pointer to a slice of files.
    fn file_system(
        &mut self,
        files: &[EmbedFile],
        pointer: IrType,
        image: &mut Image,
    ) -> Option<()> {
        let types = &self.world.context.types;
        let &Shape::Pointer(slice) = types.shape(pointer) else { return None };
        let &Shape::Slice(file) = types.shape(slice) else { return None };
        let entries = entries(files);
        let len = entries.len() as u64;
        let (size, fields) = (types.size(file), &types.layout(file).fields);
        let array = types.intern(Shape::Array { len, elem: file });
        let array = self.part_of(array, Section::Constant, |_, image| {
            for (i, (name, file)) in (0..).zip(&entries) {
                image.string(i * size + fields[0], name.as_bytes());
                if let Some(file) = file {
                    image.string(i * size + fields[1], &file.contents);
                    image.write(i * size + fields[2], &file.hash);
                }
            }
            Some(())
        })?;
        let list = self.part_of(slice, Section::Constant, |_, image| {
            image.slice(0, RelocTarget::Sym(array), 0, [len, len]);
            Some(())
        })?;
        image.address(0, RelocTarget::Sym(list), 0);
        Some(())
    }
}

/// The files and all folders that they are in, whose names end in a slash, as `embed.FS` looks for them: what is in one
/// folder stands together.
fn entries(files: &[EmbedFile]) -> Vec<(String, Option<&EmbedFile>)> {
    let folders: BTreeSet<&str> = files
        .iter()
        .flat_map(|file| file.name.match_indices('/').map(|(at, _)| &file.name[..=at]))
        .collect();
    let mut entries: Vec<(String, Option<&EmbedFile>)> = files
        .iter()
        .map(|file| (file.name.to_string(), Some(file)))
        .chain(folders.into_iter().map(|folder| (folder.to_string(), None)))
        .collect();
    entries.sort_by(|(a, _), (b, _)| split(a).cmp(&split(b)));
    entries
}

/// A name's folder and the rest, without the slash at the end.
fn split(name: &str) -> (&str, &str) {
    name.trim_end_matches('/').rsplit_once('/').unwrap_or((".", name.trim_end_matches('/')))
}
