//! Which processor a file is for, in the words of images (`amd64`) and of loaders (`x86_64`).
//!
//! Numbers: the registry of `e_machine` in the System V ABI. Names: Go's `GOARCH`, which images use. A machine that no
//! image platform names is shown by its number.

use std::fmt;

/// A processor with its word size and byte order: what has to agree between a program and its libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    /// `e_machine`.
    pub number: u16,
    /// 64-bit (`ELFCLASS64`), not 32-bit?
    pub is_64_bit: bool,
    /// The most significant byte first?
    pub big_endian: bool,
}

/// What is known of one machine.
struct Known {
    arch: &'static str,
    number: u16,
    is_64_bit: bool,
    big_endian: bool,
    /// What `$PLATFORM` stands for and how Debian's folders begin (`x86_64-linux-gnu`).
    cpu: &'static str,
    triplet: &'static str,
}

/// The Linux platforms that Docker's official images are built for.
const KNOWN: [Known; 7] = [
    known("amd64", 62, true, false, ["x86_64", "x86_64-linux-gnu"]),
    known("arm64", 183, true, false, ["aarch64", "aarch64-linux-gnu"]),
    known("386", 3, false, false, ["i686", "i386-linux-gnu"]),
    known("arm", 40, false, false, ["v7l", "arm-linux-gnueabihf"]),
    known("ppc64le", 21, true, false, ["power8", "powerpc64le-linux-gnu"]),
    known("riscv64", 243, true, false, ["riscv64", "riscv64-linux-gnu"]),
    known("s390x", 22, true, true, ["z900", "s390x-linux-gnu"]),
];

const fn known(arch: &'static str, number: u16, is_64_bit: bool, big_endian: bool, names: [&'static str; 2]) -> Known {
    let [cpu, triplet] = names;
    Known { arch, number, is_64_bit, big_endian, cpu, triplet }
}

/// The machine that an image platform's architecture names; `None` if it is not known here.
pub(crate) fn machine_of(arch: &str) -> Option<Machine> {
    let known = KNOWN.iter().find(|known| known.arch == arch)?;
    Some(Machine { number: known.number, is_64_bit: known.is_64_bit, big_endian: known.big_endian })
}

impl Machine {
    fn known(&self) -> Option<&'static Known> {
        KNOWN.iter().find(|known| {
            known.number == self.number && known.is_64_bit == self.is_64_bit && known.big_endian == self.big_endian
        })
    }

    /// Its name as an image platform: `amd64`.
    pub(crate) fn arch(&self) -> Option<&'static str> {
        self.known().map(|known| known.arch)
    }

    /// Its name in Debian's multiarch folders: `x86_64-linux-gnu`.
    pub(crate) fn triplet(&self) -> Option<&'static str> {
        self.known().map(|known| known.triplet)
    }

    /// What `$PLATFORM` stands for in a search path: what the kernel calls the processor (`AT_PLATFORM`).
    pub(crate) fn cpu(&self) -> Option<&'static str> {
        self.known().map(|known| known.cpu)
    }

    /// Its name in the targets of compilers, where that differs by word size too: `x86_64`, `aarch64`.
    pub(crate) fn target(&self) -> Option<&'static str> {
        self.triplet().and_then(|triplet| triplet.split('-').next())
    }

    /// The largest page of memory that it is used with, in bytes.
    pub(crate) fn page(&self) -> u64 {
        if matches!(self.number, 3 | 62) { 4 << 10 } else { 64 << 10 }
    }

    /// May an engine that runs images for `self` execute what was built for `other`? What is of the same family it may:
    /// a 64-bit processor runs images for its 32-bit kind too, and in them what was built for either.
    pub(crate) fn executes(&self, other: &Self) -> bool {
        const FAMILIES: [[Option<&str>; 2]; 2] = [[Some("amd64"), Some("386")], [Some("arm64"), Some("arm")]];
        let both = [self.arch(), other.arch()];
        self == other
            || FAMILIES.iter().any(|family| both.iter().all(|arch| family.contains(arch)))
            // The x32 kind of amd64 is the same processor.
            || (self.number == other.number && self.big_endian == other.big_endian)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(arch) = self.arch() {
            return f.write_str(arch);
        }
        let (bits, order) = (if self.is_64_bit { 64 } else { 32 }, if self.big_endian { "big" } else { "little" });
        write!(f, "machine {} ({bits}-bit, {order}-endian)", self.number)
    }
}
