//! Named arrays in NumPy's `.npz`: a zip file of `.npy` files. How they are written, and how a file is read that nobody
//! vouches for.
//!
//! The zip container is a library's. The header of an `.npy` file is read here: it is a Python dictionary of three keys,
//! and what it claims must be compared with the bytes that are there before memory is reserved for it, which the
//! libraries for the format leave out. Format: NumPy's "NEP 1" and `numpy.lib.format`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use tape::Real;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::arrays::{Arrays, Layout, lossy};
use crate::element::Element;
use crate::error::Error;

/// What every zip file that has an entry begins with.
pub(crate) const MAGIC: &[u8; 4] = b"PK\x03\x04";

/// What an `.npy` file begins with, before its version.
const NPY_MAGIC: &[u8; 6] = b"\x93NUMPY";

/// NumPy writes headers of 128 bytes; this leaves room for names of record fields, which are refused by name.
const HEADER_LIMIT: usize = 1 << 16;

/// The file starts of arrays are multiples of this, for whoever maps them into memory.
const ALIGNMENT: usize = 64;

/// The bytes that are in memory twice while elements are read: a multiple of every element's size.
const PIECE: usize = 1 << 16;

/// An `.npz` file, open. Nothing that it claims is believed unchecked.
pub(crate) struct Npz {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    arrays: BTreeMap<String, Entry>,
}

/// Where an array is, and how it lies.
struct Entry {
    index: usize,
    /// The bytes before its elements.
    start: usize,
    big_endian: bool,
    layout: Layout,
}

impl Npz {
    /// Opens a file and checks that each array has as many bytes as its header says.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        // Before it is opened: opening a pipe waits for its writer.
        if !fs::metadata(path).map_err(Error::file("read", path))?.is_file() {
            return Err(Error::corrupt(path, "it is no regular file"));
        }
        let file = File::open(path).map_err(Error::file("read", path))?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| refused(path, error))?;
        let mut arrays = BTreeMap::new();
        for index in 0..zip.len() {
            let mut member = zip.by_index(index).map_err(|error| refused(path, error))?;
            // NumPy adds the ending to the names of arrays, and takes it off again.
            let name = member.name().map_err(|error| refused(path, error))?;
            let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
            let size = member.size();
            let header = Header::read(&mut member).map_err(|error| match error.kind() {
                io::ErrorKind::InvalidData => Error::corrupt(path, format!("its array {name:?}: {error}")),
                _ => Error::File { action: "read", path: path.to_owned(), source: error },
            })?;
            let reason = |reason: String| Error::corrupt(path, format!("its array {name:?}: {reason}"));
            let found = size.saturating_sub(header.length as u64);
            if let Some(bytes) = header.bytes().map_err(reason)?.filter(|&bytes| bytes != found) {
                return Err(reason(format!("its header describes {bytes} bytes of elements, and {found} follow it")));
            }
            let Header { length: start, big_endian, layout } = header;
            arrays.insert(name, Entry { index, start, big_endian, layout });
        }
        if arrays.len() != zip.len() {
            return Err(Error::corrupt(path, "two of its arrays have the same name"));
        }
        Ok(Self { path: path.to_owned(), zip, arrays })
    }
}

/// What the container's library says, in the words of this crate.
fn refused(path: &Path, error: ZipError) -> Error {
    match error {
        ZipError::Io(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
            Error::File { action: "read", path: path.to_owned(), source }
        }
        error => Error::corrupt(path, format!("its zip container: {error}")),
    }
}

impl Arrays for Npz {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> Vec<&str> {
        self.arrays.keys().map(String::as_str).collect()
    }

    fn layout(&self, name: &str) -> Option<&Layout> {
        self.arrays.get(name).map(|entry| &entry.layout)
    }

    fn read<T: Real>(&mut self, name: &str, elements: &mut Vec<T>) -> Result<(), Error> {
        let Entry { index, start, big_endian, ref layout } = self.arrays[name];
        let element = layout.element.clone().expect("the element type suits");
        let size = layout.shape.iter().product::<usize>();
        let path = &self.path;
        let mut member = self.zip.by_index(index).map_err(|error| refused(path, error))?;
        let mut read = |buffer: &mut [u8]| {
            member.read_exact(buffer).map_err(|error| Error::corrupt(path, format!("its array {name:?}: {error}")))
        };
        read(&mut vec![0; start])?;
        elements.reserve(size);
        let mut piece = vec![0; PIECE.min(size * element.size())];
        let mut left = size * element.size();
        while left > 0 {
            let piece = &mut piece[..left.min(PIECE)];
            read(piece)?;
            for bytes in piece.chunks_exact_mut(element.size()) {
                if big_endian {
                    bytes.reverse();
                }
                elements.push(element.decode(bytes).ok_or_else(|| lossy::<T>(path, name, element))?);
            }
            left -= piece.len();
        }
        // The container compares the checksum when it is asked for what follows the last byte.
        match member.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(Error::corrupt(path, format!("its array {name:?}: bytes follow the elements"))),
            Err(error) => Err(Error::corrupt(path, format!("its array {name:?}: {error}"))),
        }
    }
}

/// What stands before the elements of an `.npy` file.
struct Header {
    length: usize,
    big_endian: bool,
    layout: Layout,
}

impl Header {
    fn read(file: &mut impl Read) -> io::Result<Self> {
        let mut start = [0; 8];
        exactly(file, &mut start)?;
        let [magic @ .., major, _] = &start;
        if magic != NPY_MAGIC {
            return Err(invalid("it does not begin as an .npy file does"));
        }
        // Version 1 counts the header's bytes with two, 2 and 3 with four.
        let mut count = [0; 4];
        let width = match major {
            1 => 2,
            2 | 3 => 4,
            other => return Err(invalid(&format!("its version is {other}; 1, 2 and 3 are known"))),
        };
        exactly(file, &mut count[..width])?;
        let count = u32::from_le_bytes(count) as usize;
        if count > HEADER_LIMIT {
            return Err(invalid(&format!("it announces a header of {count} bytes; at most {HEADER_LIMIT} are read")));
        }
        let mut text = vec![0; count];
        exactly(file, &mut text)?;
        let text = str::from_utf8(&text).map_err(|_| invalid("its header is no text"))?;
        let (layout, big_endian) = dictionary(text).map_err(|reason| invalid(&format!("its header: {reason}")))?;
        Ok(Self { length: start.len() + width + count, big_endian, layout })
    }

    /// How many bytes the elements take; unknown of types that no parameter has.
    fn bytes(&self) -> Result<Option<u64>, String> {
        let Ok(element) = &self.layout.element else { return Ok(None) };
        let lengths = self.layout.shape.iter().map(|&length| length as u64);
        match lengths.chain([element.size() as u64]).try_fold(1, u64::checked_mul) {
            Some(bytes) => Ok(Some(bytes)),
            None => Err(format!("its shape {:?} has more elements than there are addresses", self.layout.shape)),
        }
    }
}

fn exactly(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<()> {
    file.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => invalid("it ends within its header"),
        _ => error,
    })
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`, the keys in any order. Returns the layout, and
/// whether the highest byte of an element comes first.
fn dictionary(text: &str) -> Result<(Layout, bool), String> {
    let mut rest = Literal { rest: text.trim() };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    rest.expect('{')?;
    while !rest.take('}') {
        let key = rest.string()?;
        rest.expect(':')?;
        let known = match key {
            "descr" => descr.replace(rest.string()?).is_some(),
            "fortran_order" => fortran_order.replace(rest.boolean()?).is_some(),
            "shape" => shape.replace(rest.tuple()?).is_some(),
            other => return Err(format!("unknown key {other:?}")),
        };
        if known {
            return Err(format!("two values for {key:?}"));
        }
        if !rest.take(',') {
            rest.expect('}')?;
            break;
        }
    }
    if !rest.rest.is_empty() {
        return Err(format!("{:?} follows it", rest.rest));
    }
    let missing = |key| format!("no {key:?}");
    let descr = descr.ok_or_else(|| missing("descr"))?;
    let (order, kind) = descr.split_at_checked(1).ok_or("its element type is empty")?;
    let big_endian = match order {
        "<" | "|" => false,
        ">" => true,
        other => return Err(format!("its byte order is {other:?}")),
    };
    let layout = Layout {
        shape: shape.ok_or_else(|| missing("shape"))?,
        element: element(kind).ok_or_else(|| descr.to_owned()),
        column_major: fortran_order.ok_or_else(|| missing("fortran_order"))?,
    };
    Ok((layout, big_endian))
}

/// NumPy's names of element types.
fn element(kind: &str) -> Option<Element> {
    Some(match kind {
        "b1" => Element::Bool,
        "u1" => Element::U8,
        "u2" => Element::U16,
        "u4" => Element::U32,
        "u8" => Element::U64,
        "i1" => Element::I8,
        "i2" => Element::I16,
        "i4" => Element::I32,
        "i8" => Element::I64,
        "f2" => Element::F16,
        "f4" => Element::F32,
        "f8" => Element::F64,
        _ => return None,
    })
}

/// A Python literal, as far as headers use them, read from its start.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    fn take(&mut self, mark: char) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.take(mark) { Ok(()) } else { Err(format!("{mark:?} expected before {:?}", self.shown())) }
    }

    /// The beginning of what is left: a message need not hold all of a hostile header.
    fn shown(&self) -> &'a str {
        let end = self.rest.char_indices().nth(20).map_or(self.rest.len(), |(end, _)| end);
        &self.rest[..end]
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = self.rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
        let Some((text, rest)) = quote.and_then(|quote| self.rest[1..].split_once(quote)) else {
            return Err(format!("a string expected before {:?}", self.shown()));
        };
        self.rest = rest.trim_start();
        Ok(text)
    }

    fn boolean(&mut self) -> Result<bool, String> {
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest.trim_start();
                return Ok(value);
            }
        }
        Err(format!("True or False expected before {:?}", self.shown()))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut lengths = Vec::new();
        self.expect('(')?;
        while !self.take(')') {
            let end = self.rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(self.rest.len());
            let length = self.rest[..end].parse();
            lengths.push(length.map_err(|_| format!("a length expected before {:?}", self.shown()))?);
            self.rest = self.rest[end..].trim_start();
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(lengths)
    }
}

/// The bytes of an `.npz` file with these arrays, uncompressed as NumPy's `savez` writes them; equal arrays give equal bytes.
pub(crate) fn encode<'a, T: Real>(arrays: impl Iterator<Item = (&'a str, Vec<usize>, Vec<T>)>) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    // 1980, the first moment of zip files: the clock would make other bytes of every writing.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default());
    for (name, shape, elements) in arrays {
        let bytes = Element::encode(&elements);
        let options = options.large_file(bytes.len() >= u32::MAX as usize);
        zip.start_file(format!("{name}.npy"), options).map_err(io::Error::other)?;
        zip.write_all(&header::<T>(&shape))?;
        zip.write_all(&bytes)?;
    }
    zip.finish().map(Cursor::into_inner).map_err(io::Error::other)
}

fn header<T: Real>(shape: &[usize]) -> Vec<u8> {
    let descr = if Element::of::<T>() == Element::F32 { "<f4" } else { "<f8" };
    // A tuple of one has a comma in Python.
    let lengths = match shape {
        [length] => format!("{length},"),
        lengths => lengths.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
    let before = NPY_MAGIC.len() + 4;
    let padded = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before - 1;
    text = format!("{text:padded$}\n");
    let count = u16::try_from(text.len()).expect("no array has thousands of axes");
    [&NPY_MAGIC[..], &[1, 0], &count.to_le_bytes(), text.as_bytes()].concat()
}
