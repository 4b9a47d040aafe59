//! What a program says of itself, by `runtime/debug.ReadBuildInfo`.

/// What a program is made of.
#[derive(Clone, Debug, Default)]
pub struct BuildInfo {
    /// The release of Go, as `runtime.Version` gives it.
    pub version: String,
    /// Its packages, modules and settings, in the lines of `runtime/debug.BuildInfo`'s text form.
    pub modules: String,
}

/// What stands before and behind the lines in a program (`cmd/go/internal/modload`).
const START: [u8; 16] = *b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const END: [u8; 16] = *b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

impl BuildInfo {
    /// What `runtime/debug.modinfo` returns.
    pub(crate) fn framed(&self) -> Vec<u8> {
        match self.modules.is_empty() {
            true => Vec::new(),
            false => [&START[..], self.modules.as_bytes(), &END].concat(),
        }
    }
}
