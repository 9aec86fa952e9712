//! Named arrays in one file of the safetensors format: how they are written, and how a file is read that nobody vouches for.

use std::borrow::Cow;
use std::collections::btree_map::Entry as MapEntry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, View};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use tape::Real;

use crate::arrays::{Arrays, Layout, lossy};
use crate::element::Element;
use crate::error::Error;

/// Where the format keeps texts; no array can have this name.
pub(crate) const METADATA: &str = "__metadata__";

/// The longest header that the format allows.
const HEADER_LIMIT: u64 = 100_000_000;

/// The bytes that are in memory twice while elements are read.
const PIECE: usize = 1 << 16;

/// An array on its way into a file.
pub(crate) struct Entry {
    name: String,
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Entry {
    pub(crate) fn new<T: Real>(name: String, shape: &[usize], elements: &[T]) -> Self {
        let dtype = if Element::of::<T>() == Element::F32 { Dtype::F32 } else { Dtype::F64 };
        Self { name, dtype, shape: shape.to_vec(), bytes: Element::encode(elements) }
    }

    /// An array of bytes. The format sorts by alignment, so that bytes lie behind all numbers.
    pub(crate) fn of_bytes(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), dtype: Dtype::U8, shape: vec![bytes.len()], bytes }
    }
}

impl View for &Entry {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The bytes of a file with these arrays. One text only: the format's crate writes several in random order.
pub(crate) fn encode(entries: &[Entry], (key, text): (&str, &str)) -> io::Result<Vec<u8>> {
    let metadata = HashMap::from([(key.to_owned(), text.to_owned())]);
    let named = entries.iter().map(|entry| (entry.name.as_str(), entry));
    // What is refused here is a header above the format's limit.
    safetensors::serialize(named, Some(metadata)).map_err(io::Error::other)
}

/// A safetensors file, open. Nothing of its header is believed unchecked.
pub(crate) struct Archive {
    path: PathBuf,
    file: BufReader<File>,
    length: u64,
    /// Where in the file the arrays begin.
    start: u64,
    header: Header,
    layouts: BTreeMap<String, Layout>,
}

/// What the header says, in the order of the names.
#[derive(Debug)]
struct Header {
    arrays: BTreeMap<String, TensorInfo>,
    texts: BTreeMap<String, String>,
}

/// What the types of the format are here; the others by name.
fn element(dtype: Dtype) -> Result<Element, String> {
    Ok(match dtype {
        Dtype::BOOL => Element::Bool,
        Dtype::U8 => Element::U8,
        Dtype::U16 => Element::U16,
        Dtype::U32 => Element::U32,
        Dtype::U64 => Element::U64,
        Dtype::I8 => Element::I8,
        Dtype::I16 => Element::I16,
        Dtype::I32 => Element::I32,
        Dtype::I64 => Element::I64,
        Dtype::F16 => Element::F16,
        Dtype::BF16 => Element::Bf16,
        Dtype::F32 => Element::F32,
        Dtype::F64 => Element::F64,
        // The format's enumeration is open: it has gained small floats, and will gain more.
        other => return Err(other.to_string()),
    })
}

impl Archive {
    /// Opens a file and checks that its header is sound and describes exactly the bytes that follow it.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        // Before it is opened: opening a pipe waits for its writer.
        if !fs::metadata(path).map_err(Error::file("read", path))?.is_file() {
            return Err(Error::corrupt(path, "it is no regular file"));
        }
        let file = File::open(path).map_err(Error::file("read", path))?;
        let length = file.metadata().map_err(Error::file("read", path))?.len();
        let mut file = BufReader::new(file);

        let Some(room) = length.checked_sub(8) else {
            return Err(Error::corrupt(path, format!("{length} bytes are too few for a safetensors file")));
        };
        let mut size = [0; 8];
        file.read_exact(&mut size).map_err(Error::file("read", path))?;
        let size = u64::from_le_bytes(size);
        if size > room.min(HEADER_LIMIT) {
            let reason = format!("it announces a header of {size} bytes, and has {length} in all");
            return Err(Error::corrupt(path, reason));
        }
        let mut text = vec![0; size as usize];
        file.read_exact(&mut text).map_err(Error::file("read", path))?;
        let header: Header =
            serde_json::from_slice(&text).map_err(|error| Error::corrupt(path, format!("its header: {error}")))?;

        let covered = header.covered().map_err(|reason| Error::corrupt(path, reason))?;
        if covered != room - size {
            let reason = format!("its header describes {covered} bytes of arrays, and {} follow it", room - size);
            return Err(Error::corrupt(path, reason));
        }
        let layout = |array: &TensorInfo| Layout {
            shape: array.shape.clone(),
            element: element(array.dtype),
            column_major: false,
        };
        let layouts = header.arrays.iter().map(|(name, array)| (name.clone(), layout(array))).collect();
        Ok(Self { path: path.to_owned(), file, length, start: 8 + size, header, layouts })
    }

    /// Whether there is an array of this name, with one axis and elements of exactly `T`.
    pub(crate) fn is_vector<T: Real>(&self, name: &str) -> bool {
        self.layouts.get(name).is_some_and(|array| array.shape.len() == 1 && array.element == Ok(Element::of::<T>()))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.header.arrays.contains_key(name)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.header.texts.get(key).map(String::as_str)
    }

    /// The last bytes of the file.
    pub(crate) fn tail<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut tail = [0; N];
        let read = self.file.seek(SeekFrom::End(-(N as i64))).and_then(|_| self.file.read_exact(&mut tail));
        read.map_err(Error::file("read", &self.path))?;
        Ok(tail)
    }

    /// The checksum of the whole file but its last `tail` bytes.
    pub(crate) fn checksum(&mut self, tail: u64) -> Result<u32, Error> {
        let mut hasher = crc32fast::Hasher::new();
        self.pieces(0, self.length - tail, |piece| hasher.update(piece))?;
        Ok(hasher.finalize())
    }

    /// Shows a stretch of the file to `look`, piece by piece; each piece but the last has [`PIECE`] bytes.
    fn pieces(&mut self, start: u64, end: u64, mut look: impl FnMut(&[u8])) -> Result<(), Error> {
        let mut read = || {
            self.file.seek(SeekFrom::Start(start))?;
            let mut piece = vec![0; (end - start).min(PIECE as u64) as usize];
            let mut left = end - start;
            while left > 0 {
                let piece = &mut piece[..left.min(PIECE as u64) as usize];
                self.file.read_exact(piece)?;
                look(piece);
                left -= piece.len() as u64;
            }
            Ok(())
        };
        read().map_err(Error::file("read", &self.path))
    }
}

impl Arrays for Archive {
    fn path(&self) -> &Path {
        &self.path
    }

    fn names(&self) -> Vec<&str> {
        self.layouts.keys().map(String::as_str).collect()
    }

    fn layout(&self, name: &str) -> Option<&Layout> {
        self.layouts.get(name)
    }

    fn read<T: Real>(&mut self, name: &str, elements: &mut Vec<T>) -> Result<(), Error> {
        let (start, end) = self.header.arrays[name].data_offsets;
        let element = self.layouts[name].element.clone().expect("the element type suits");
        elements.reserve((end - start) / element.size());
        let mut lost = false;
        self.pieces(self.start + start as u64, self.start + end as u64, |piece| {
            for bytes in piece.chunks_exact(element.size()) {
                match element.decode(bytes) {
                    Some(taken) => elements.push(taken),
                    None => lost = true,
                }
            }
        })?;
        if lost { Err(lossy::<T>(&self.path, name, element)) } else { Ok(()) }
    }
}

impl Header {
    /// How many bytes the arrays take, one after another without a gap.
    fn covered(&self) -> Result<u64, String> {
        let mut arrays: Vec<_> = self.arrays.iter().map(|(name, array)| (name.clone(), array.clone())).collect();
        arrays.sort_by_key(|(_, array)| array.data_offsets);
        // Not `SafeTensors::deserialize`: it wants the whole file in memory, and adds offsets that may overflow.
        let arrays = Metadata::new(None, arrays).map_err(|error| error.to_string())?;
        Ok(arrays.data_len() as u64)
    }
}

impl<'de> Deserialize<'de> for Header {
    /// Not the format crate's own reading: that keeps the last of several arrays of one name and buffers the header as
    /// JSON values, which take some twenty times the memory of its text.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct HeaderVisitor;

        impl<'de> Visitor<'de> for HeaderVisitor {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from names to arrays")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut header = Header { arrays: BTreeMap::new(), texts: BTreeMap::new() };
                while let Some(name) = map.next_key::<String>()? {
                    if name == METADATA {
                        header.texts = map.next_value()?;
                        continue;
                    }
                    match header.arrays.entry(name) {
                        MapEntry::Vacant(free) => _ = free.insert(map.next_value()?),
                        MapEntry::Occupied(taken) => {
                            return Err(A::Error::custom(format_args!("two arrays have the name {:?}", taken.key())));
                        }
                    }
                }
                Ok(header)
            }
        }

        deserializer.deserialize_map(HeaderVisitor)
    }
}
