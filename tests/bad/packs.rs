//! Broken and hostile packs, one per defect, made in code. Included with `#[path]` by the tests of several
//! packages; each asserts on all of them and on how many there are.
//!
//! Every pack that can be opened also holds [`GOOD`], which must come through untouched.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// An entry that nothing is wrong with, in every pack that can be opened at its top level.
pub const GOOD: (&str, &[u8]) = (
    "assets/minecraft/texts/good.txt",
    b"Nothing is wrong with this file.\n",
);
/// The `pack.mcmeta` of most of them.
pub const META: &[u8] = br#"{"pack": {"pack_format": 15, "description": "bad"}}"#;
/// How many [`zips`] makes.
pub const ZIPS: usize = 48;

/// A zip with one defect.
pub struct BadZip {
    /// The defect, fit for a file name.
    pub defect: &'static str,
    pub bytes: Vec<u8>,
    pub outcome: Outcome,
}

/// What must happen to a bad pack. Every text must be part of one message.
pub enum Outcome {
    /// It is not opened; the error says all of this.
    Refused(&'static [&'static str]),
    /// It is converted; the warnings say all of this, each in one of them. None: there is no warning.
    Warns {
        says: &'static [&'static str],
        kept: &'static [&'static str],
        dropped: &'static [&'static str],
    },
    /// It is opened; this entry cannot be read, with an error that says all of this. The zip is copied all the
    /// same, unless `lost`, and a folder without it.
    EntryFails {
        entry: &'static str,
        says: &'static [&'static str],
        lost: bool,
    },
}

/// One entry, with every field that a liar may set.
#[derive(Clone)]
pub struct RawEntry {
    pub name: Vec<u8>,
    pub method: u16,
    pub flags: u16,
    pub crc: u32,
    pub size: u32,
    pub data: Vec<u8>,
    /// Unix mode; 0 for none.
    pub mode: u16,
    /// Use the bytes of the entry of this index instead of its own.
    pub shares: Option<usize>,
    /// Added to the offset of the local header.
    pub misplaced: u32,
    /// Write nothing but the length of the name into the local header.
    pub blank_local: bool,
}

impl RawEntry {
    pub fn stored(name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        Self {
            name: name.as_ref().to_vec(),
            method: 0,
            flags: 0,
            crc: crc32fast::hash(data),
            size: data.len() as u32,
            data: data.to_vec(),
            mode: 0,
            shares: None,
            misplaced: 0,
            blank_local: false,
        }
    }

    pub fn deflated(name: impl AsRef<[u8]>, data: &[u8]) -> Self {
        let mut deflate = DeflateEncoder::new(Vec::new(), Compression::best());
        deflate.write_all(data).unwrap();
        Self {
            method: 8,
            data: deflate.finish().unwrap(),
            ..Self::stored(name, data)
        }
    }
}

/// Puts a zip together without asking questions.
pub fn zip(entries: &[RawEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut central = Vec::new();
    let mut offsets: Vec<u32> = Vec::new();
    let put16 = |to: &mut Vec<u8>, value: u16| to.extend(value.to_le_bytes());
    let put32 = |to: &mut Vec<u8>, value: u32| to.extend(value.to_le_bytes());
    for entry in entries {
        let offset = match entry.shares {
            Some(other) => offsets[other],
            None => {
                let at = bytes.len() as u32;
                let blank = entry.blank_local;
                bytes.extend(b"PK\x03\x04");
                for field in [20, entry.flags, entry.method, 0, 0x21] {
                    put16(&mut bytes, if blank { 0 } else { field });
                }
                for field in [entry.crc, entry.data.len() as u32, entry.size] {
                    put32(&mut bytes, if blank { 0 } else { field });
                }
                put16(&mut bytes, if blank { 0 } else { entry.name.len() as u16 });
                put16(&mut bytes, 0);
                if !blank {
                    bytes.extend(&entry.name);
                }
                bytes.extend(&entry.data);
                at
            }
        };
        offsets.push(offset);
        central.extend(b"PK\x01\x02");
        put16(
            &mut central,
            if entry.mode == 0 { 20 } else { (3 << 8) | 20 },
        );
        for field in [20, entry.flags, entry.method, 0, 0x21] {
            put16(&mut central, field);
        }
        for field in [entry.crc, entry.data.len() as u32, entry.size] {
            put32(&mut central, field);
        }
        put16(&mut central, entry.name.len() as u16);
        central.extend([0; 8]);
        put32(&mut central, u32::from(entry.mode) << 16);
        put32(&mut central, offset + entry.misplaced);
        central.extend(&entry.name);
    }
    let start = bytes.len() as u32;
    bytes.extend(&central);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    put16(&mut bytes, entries.len() as u16);
    put16(&mut bytes, entries.len() as u16);
    put32(&mut bytes, central.len() as u32);
    put32(&mut bytes, start);
    put16(&mut bytes, 0);
    bytes
}

/// A sound pack and these entries.
pub fn pack_with(entries: &[RawEntry]) -> Vec<u8> {
    let mut all = vec![RawEntry::deflated("pack.mcmeta", META)];
    all.extend_from_slice(entries);
    all.push(RawEntry::deflated(GOOD.0, GOOD.1));
    zip(&all)
}

/// Every bad zip.
pub fn zips() -> Vec<BadZip> {
    let mut all = Vec::new();
    not_packs(&mut all);
    damaged(&mut all);
    bad_names(&mut all);
    liars(&mut all);
    odd_but_fine(&mut all);
    bad_meta(&mut all);
    all
}

const X: &str = "assets/minecraft/x.txt";
const DATA: &[u8] = b"some data, some data, some data";

fn add(all: &mut Vec<BadZip>, defect: &'static str, bytes: Vec<u8>, outcome: Outcome) {
    all.push(BadZip {
        defect,
        bytes,
        outcome,
    });
}

fn not_packs(all: &mut Vec<BadZip>) {
    use Outcome::Refused;
    add(
        all,
        "empty-file",
        Vec::new(),
        Refused(&["is not a zip archive but empty"]),
    );
    add(
        all,
        "png",
        b"\x89PNG\r\n\x1a\n0000000000000000".to_vec(),
        Refused(&["a PNG image", "give the folder or the zip"]),
    );
    add(
        all,
        "web-page",
        b"<!DOCTYPE html><p>404 not found".repeat(9),
        Refused(&["a web page", "failed download"]),
    );
    add(
        all,
        "noise",
        (0..4000_u32).map(|i| ((i * i) >> 3) as u8).collect(),
        Refused(&["is not a zip archive"]),
    );
    add(
        all,
        "no-entries",
        zip(&[]),
        Refused(&["holds no resource pack", "it is empty"]),
    );
    let text = RawEntry::stored("readme.txt", b"hello");
    add(
        all,
        "no-pack",
        zip(std::slice::from_ref(&text)),
        Refused(&["holds no resource pack", "give the folder or zip"]),
    );
    let manifest = br#"{"format_version": 2, "header": {"name": "x"}, "modules": []}"#;
    let bedrock = RawEntry::stored("manifest.json", manifest);
    add(
        all,
        "bedrock",
        zip(&[text.clone(), bedrock]),
        Refused(&["Bedrock"]),
    );
    let nested = RawEntry::stored("My Pack.zip", &pack_with(&[]));
    add(
        all,
        "nested-zip-only",
        zip(&[text, nested]),
        Refused(&["My Pack.zip", "unpack it"]),
    );
    let mut secret = RawEntry::stored("assets/secret.png", &[7; 40]);
    secret.flags = 1;
    add(
        all,
        "encrypted",
        pack_with(&[secret]),
        Refused(&["assets/secret.png", "password", "0 more"]),
    );
}

fn damaged(all: &mut Vec<BadZip>) {
    use Outcome::{EntryFails, Refused};
    let good = pack_with(&[RawEntry::stored(X, DATA)]);
    add(
        all,
        "truncated",
        good[..good.len() / 2].to_vec(),
        Refused(&["cut short", "again"]),
    );
    add(
        all,
        "truncated-by-one-byte",
        good[..good.len() - 1].to_vec(),
        Refused(&["cut short", "again"]),
    );
    add(
        all,
        "start-missing",
        good[50..].to_vec(),
        Refused(&["bytes are missing", "again"]),
    );
    let at = good
        .windows(4)
        .rposition(|four| four == b"PK\x01\x02")
        .unwrap();
    let mut scribbled = good.clone();
    scribbled[at] = b'X';
    add(
        all,
        "contents-scribbled",
        scribbled,
        Refused(&["list of contents makes no sense at byte", "again"]),
    );
    let mut long = good.clone();
    long[at + 28] = 0xff;
    add(
        all,
        "contents-cut",
        long,
        Refused(&["list of contents is cut short"]),
    );
    let mut huge = good;
    let size_at = huge.len() - 10;
    huge[size_at..][..4].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    add(
        all,
        "contents-too-long",
        huge,
        Refused(&["longer than the file"]),
    );

    let mut broken = RawEntry::deflated(X, &DATA.repeat(50));
    broken.data[0] = 0xff;
    let says = &["assets/minecraft/x.txt", "deflate stream makes no sense"];
    add(
        all,
        "broken-deflate",
        pack_with(&[broken]),
        EntryFails {
            entry: X,
            says,
            lost: false,
        },
    );
    let mut cut = RawEntry::deflated(X, &DATA.repeat(50));
    cut.data.truncate(cut.data.len() - 4);
    add(
        all,
        "cut-deflate",
        pack_with(&[cut]),
        EntryFails {
            entry: X,
            says: &["x.txt", "cut short after"],
            lost: false,
        },
    );
    let mut beyond = RawEntry::stored(X, DATA);
    beyond.misplaced = 1 << 30;
    let says = &["x.txt", "beyond the end"];
    add(
        all,
        "entry-beyond-the-end",
        pack_with(&[beyond]),
        EntryFails {
            entry: X,
            says,
            lost: true,
        },
    );
    let mut nowhere = RawEntry::stored(X, DATA);
    nowhere.misplaced = 5;
    let says = &["x.txt", "there is no entry at byte"];
    add(
        all,
        "no-local-header",
        pack_with(&[nowhere]),
        EntryFails {
            entry: X,
            says,
            lost: true,
        },
    );
    let mut bzip2 = RawEntry::stored(X, DATA);
    bzip2.method = 12;
    let says = &["x.txt", "bzip2", "deflate"];
    add(
        all,
        "unknown-compression",
        pack_with(&[bzip2]),
        EntryFails {
            entry: X,
            says,
            lost: false,
        },
    );
}

fn bad_names(all: &mut Vec<BadZip>) {
    use Outcome::Warns;
    let named = |name: &str| pack_with(&[RawEntry::stored(name, b"evil")]);
    let up = Warns {
        says: &["../../evil.txt was dropped", ".."],
        kept: &[],
        dropped: &["../../evil.txt", "evil.txt"],
    };
    add(all, "climbing-name", named("../../evil.txt"), up);
    let up = Warns {
        says: &["climbs out"],
        kept: &[],
        dropped: &["assets/../../evil.txt"],
    };
    add(
        all,
        "climbing-from-inside",
        named("assets/../../evil.txt"),
        up,
    );
    let absolute = Warns {
        says: &["absolute"],
        kept: &[],
        dropped: &["/tmp/evil.txt", "tmp/evil.txt"],
    };
    add(all, "absolute-name", named("/tmp/evil.txt"), absolute);
    let drive = Warns {
        says: &["drive letter"],
        kept: &[],
        dropped: &["C:/evil.txt"],
    };
    add(all, "drive-letter", named("C:/evil.txt"), drive);
    let back = Warns {
        says: &["backslash"],
        kept: &[],
        dropped: &["assets\\evil.txt", "assets/evil.txt"],
    };
    add(all, "backslashes", named("assets\\evil.txt"), back);
    let nul = Warns {
        says: &["NUL"],
        kept: &[],
        dropped: &["assets/evil.png\0.txt", "assets/evil.png"],
    };
    add(all, "nul-in-name", named("assets/evil.png\0.txt"), nul);
    let empty = Warns {
        says: &["its name is empty"],
        kept: &[],
        dropped: &[""],
    };
    add(all, "empty-name", named(""), empty);
    // Each cost a second: every folder that a name goes through was looked at by its own full name.
    let deep = |end: u8| [b"a/".repeat(32_000), vec![end]].concat();
    let entries = [b'x', b'y', b'z'].map(|end| RawEntry::stored(deep(end), b"deep"));
    let depths = Warns {
        says: &["has more than 128 parts"],
        kept: &[],
        dropped: &[],
    };
    add(all, "deep-names", pack_with(&entries), depths);
    let mut link = RawEntry::stored("assets/passwd", b"/etc/passwd");
    link.mode = 0o120_777;
    let says = Warns {
        says: &["symbolic link assets/passwd"],
        kept: &[],
        dropped: &["assets/passwd"],
    };
    add(all, "symbolic-link", pack_with(&[link]), says);
    let twice = [
        RawEntry::stored(X, b"the first"),
        RawEntry::stored(X, b"the second"),
    ];
    let says = Warns {
        says: &["x.txt is in the archive more than once", "first one counts"],
        kept: &[X],
        dropped: &[],
    };
    add(all, "duplicate", pack_with(&twice), says);
    let cases = [
        RawEntry::stored("assets/Stone.txt", b"1"),
        RawEntry::stored("assets/stone.txt", b"2"),
    ];
    let kept = &["assets/Stone.txt", "assets/stone.txt"];
    let says = Warns {
        says: &["assets/Stone.txt and assets/stone.txt differ only"],
        kept,
        dropped: &[],
    };
    add(all, "names-that-differ-in-case", pack_with(&cases), says);
}

fn liars(all: &mut Vec<BadZip>) {
    use Outcome::{EntryFails, Warns};
    let zeros = vec![0; 40 << 20];
    let bomb = RawEntry::deflated(X, &zeros);
    let says = &[
        "x.txt",
        "more than 200 times its size",
        "zip bomb",
        "give the folder",
    ];
    add(
        all,
        "bomb",
        pack_with(std::slice::from_ref(&bomb)),
        EntryFails {
            entry: X,
            says,
            lost: false,
        },
    );
    let sly = RawEntry {
        size: 10,
        crc: 0,
        ..bomb
    };
    add(
        all,
        "bomb-with-a-small-size",
        pack_with(&[sly]),
        EntryFails {
            entry: X,
            says,
            lost: false,
        },
    );
    let mut crc = RawEntry::deflated(X, DATA);
    crc.crc ^= 1;
    let says = Warns {
        says: &["x.txt has another size or checksum"],
        kept: &[X],
        dropped: &[],
    };
    add(all, "wrong-checksum", pack_with(&[crc]), says);
    let mut size = RawEntry::deflated(X, DATA);
    size.size = 0xFFFF_FF7F;
    let says = Warns {
        says: &["x.txt has another size or checksum"],
        kept: &[X],
        dropped: &[],
    };
    add(all, "false-size", pack_with(&[size]), says);
    let folder = RawEntry::deflated(format!("{X}/"), DATA);
    let says = Warns {
        says: &["x.txt/ is named like a folder but holds data"],
        kept: &[X],
        dropped: &[],
    };
    add(all, "folder-with-data", pack_with(&[folder]), says);
    // As an optimiser's protection against unpacking leaves them.
    let mut protected: Vec<RawEntry> =
        [("pack.mcmeta", META), ("assets/a/", DATA), (GOOD.0, GOOD.1)]
            .map(|(name, data)| RawEntry {
                crc: 0xBAD,
                size: 0xFFFF_FF7F,
                blank_local: true,
                ..RawEntry::deflated(name, data)
            })
            .into();
    protected.insert(
        2,
        RawEntry {
            name: b"assets/b".to_vec(),
            shares: Some(1),
            ..protected[1].clone()
        },
    );
    let mut bytes = b"PK\x05\x06".to_vec();
    bytes.extend(zip(&protected));
    let end = bytes.len() - 22;
    bytes[end + 4..][..8].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    let says = &[
        "4 entries, pack.mcmeta the first",
        "assets/a/ is named like a folder",
    ];
    add(
        all,
        "protected",
        bytes,
        Warns {
            says,
            kept: &["assets/a", "assets/b"],
            dropped: &[],
        },
    );
}

fn odd_but_fine(all: &mut Vec<BadZip>) {
    use Outcome::Warns;
    let mut stub = b"#!/bin/sh\nexit\n".to_vec();
    stub.extend(pack_with(&[]));
    add(
        all,
        "something-in-front",
        stub,
        Warns {
            says: &[],
            kept: &[],
            dropped: &[],
        },
    );
    let mut tail = pack_with(&[]);
    tail.extend([0; 700]);
    add(
        all,
        "something-behind",
        tail,
        Warns {
            says: &[],
            kept: &[],
            dropped: &[],
        },
    );
    let old = pack_with(&[RawEntry::stored(b"assets/caf\x82.txt", b"1")]);
    add(
        all,
        "name-in-code-page-437",
        old,
        Warns {
            says: &[],
            kept: &["assets/café.txt"],
            dropped: &[],
        },
    );
    let both = [
        RawEntry::stored("assets/a", b"1"),
        RawEntry::stored("assets/a/b", b"2"),
    ];
    let says = &["assets/a is both a file and a folder"];
    add(
        all,
        "file-and-folder",
        pack_with(&both),
        Warns {
            says,
            kept: &["assets/a", "assets/a/b"],
            dropped: &[],
        },
    );
    let litter = [
        ".git/HEAD",
        "Thumbs.db",
        "old/backup.zip",
        "assets/README FIRST!.TXT",
        "assets/empty/",
    ];
    let entries =
        litter.map(|name| RawEntry::stored(name, if name.ends_with('/') { b"" } else { b"1" }));
    add(
        all,
        "litter",
        pack_with(&entries),
        Warns {
            says: &[],
            kept: &[
                "old/backup.zip",
                "assets/README FIRST!.TXT",
                "assets/empty/",
            ],
            // Said, but no warnings: nobody is in danger.
            dropped: &[".git/HEAD", "Thumbs.db"],
        },
    );
}

fn bad_meta(all: &mut Vec<BadZip>) {
    use Outcome::Warns;
    let good = RawEntry::stored(GOOD.0, GOOD.1);
    let with = |meta: &[u8]| zip(&[RawEntry::stored("pack.mcmeta", meta), good.clone()]);
    let kept: &[&str] = &["pack.mcmeta"];
    let says = &["there is no pack.mcmeta"];
    add(
        all,
        "no-meta",
        zip(std::slice::from_ref(&good)),
        Warns {
            says,
            kept: &[],
            dropped: &[],
        },
    );
    let bom = "\u{feff}// ours\n{\"pack\": {\"pack_format\": 15,},}";
    add(
        all,
        "meta-with-mark-and-comments",
        with(bom.as_bytes()),
        Warns {
            says: &[],
            kept,
            dropped: &[],
        },
    );
    let says = &["pack.mcmeta cannot be read", "line 1"];
    add(
        all,
        "meta-cut-short",
        with(b"{\"pack\": {"),
        Warns {
            says,
            kept,
            dropped: &[],
        },
    );
    let wrong = br#"{"pack": {"pack_format": "six", "max_format": [1, 2, 3]}, "overlays": {"entries": [{"directory": "../up"}]}}"#;
    let says = &[
        "`pack.pack_format` is not a format: \"six\"",
        "`pack.max_format`",
        "../up",
    ];
    add(
        all,
        "meta-of-wrong-types",
        with(wrong),
        Warns {
            says,
            kept,
            dropped: &[],
        },
    );
    let wrapped = zip(&[RawEntry::stored("My Pack/pack.mcmeta", META), good.clone()]);
    let says = &["there is no pack.mcmeta"];
    add(
        all,
        "meta-of-another-folder",
        wrapped,
        Warns {
            says,
            kept: &["My Pack/pack.mcmeta"],
            dropped: &[],
        },
    );
    let two = [
        RawEntry::stored("pack.mcmeta", META),
        RawEntry::stored("b/pack.mcmeta", META),
        good.clone(),
    ];
    let says = &["more than one pack.mcmeta"];
    add(
        all,
        "two-packs",
        zip(&two),
        Warns {
            says,
            kept: &["b/pack.mcmeta"],
            dropped: &[],
        },
    );
}
