//! The directives that the compiler gives a meaning (`noder/lex.go`), as a set of bits.

/// A set of directives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pragmas(u32);

impl Pragmas {
    pub const BUILD: Pragmas = Pragmas(1);
    pub const NOESCAPE: Pragmas = Pragmas(1 << 1);
    pub const NOSPLIT: Pragmas = Pragmas(1 << 2);
    pub const SYSTEMSTACK: Pragmas = Pragmas(1 << 3);
    pub const KEEPALIVE: Pragmas = Pragmas(1 << 4);
    pub const ESCAPES: Pragmas = Pragmas(1 << 5);
    const BARRIER: Pragmas = Pragmas(1 << 6);
    const OTHER: Pragmas = Pragmas(1 << 7);

    /// What a function may have.
    pub const OF_FUNCTIONS: Pragmas = Pragmas(0xff & !Self::BUILD.0);
    /// What only the runtime may use.
    pub const OF_RUNTIME: Pragmas = Self::SYSTEMSTACK.with(Self::BARRIER);

    const fn with(self, other: Pragmas) -> Pragmas {
        Pragmas(self.0 | other.0)
    }

    pub fn add(&mut self, other: Pragmas) {
        *self = self.with(other);
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn overlaps(self, other: Pragmas) -> bool {
        self.0 & other.0 != 0
    }

    pub fn is_within(self, other: Pragmas) -> bool {
        self.0 & !other.0 == 0
    }

    /// What a directive's verb, such as `go:noinline`, means; nothing for those that have other rules or none.
    pub fn of(verb: &str) -> Pragmas {
        match verb {
            "go:build" => Self::BUILD,
            "go:noescape" => Self::NOESCAPE,
            "go:nosplit" => Self::NOSPLIT,
            "go:systemstack" => Self::SYSTEMSTACK,
            "go:nowritebarrier" | "go:nowritebarrierrec" | "go:yeswritebarrierrec" => Self::BARRIER,
            "go:uintptrkeepalive" => Self::KEEPALIVE,
            "go:uintptrescapes" => Self::ESCAPES.with(Self::KEEPALIVE),
            "go:norace" | "go:noinline" | "go:nocheckptr" | "go:cgo_unsafe_args"
            | "go:registerparams" => Self::OTHER,
            _ => Self::default(),
        }
    }
}

/// Directives without bits that the standard library may use (`noder.go`).
pub(super) const ALLOWED_IN_STD: [&str; 9] = [
    "go:cgo_export_static",
    "go:cgo_export_dynamic",
    "go:cgo_import_static",
    "go:cgo_import_dynamic",
    "go:cgo_ldflag",
    "go:cgo_dynamic_linker",
    "go:embed",
    "go:fix",
    "go:generate",
];

/// The packages that are compiled as part of the runtime (`cmd/internal/objabi`).
pub(super) const RUNTIME: [&str; 24] = [
    "runtime",
    "internal/runtime/atomic",
    "internal/runtime/cgroup",
    "internal/runtime/exithook",
    "internal/runtime/gc",
    "internal/runtime/gc/scan",
    "internal/runtime/maps",
    "internal/runtime/math",
    "internal/runtime/sys",
    "internal/runtime/syscall/linux",
    "internal/runtime/syscall/windows",
    "internal/abi",
    "internal/bytealg",
    "internal/byteorder",
    "internal/chacha8rand",
    "internal/coverage/rtcov",
    "internal/cpu",
    "internal/goarch",
    "internal/godebugs",
    "internal/goexperiment",
    "internal/goos",
    "internal/profilerecord",
    "internal/strconv",
    "internal/stringslite",
];
