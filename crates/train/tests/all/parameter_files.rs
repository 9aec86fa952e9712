//! Parameters in files: what is written, what is read, and what is refused of files that nobody vouches for.

use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{arr0, array};
use proptest::prelude::*;
use tape::Params;
use tempfile::TempDir;
use train::{Error, load_parameters, save_parameters};

/// A safetensors file of this header and these bytes.
fn encoded(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn model() -> Params<f32> {
    let mut params = Params::new();
    params.add("0.weight", &array![[1.0, 2.0], [3.0, 4.0]]);
    params.add("0.bias", &array![5.0, 6.0]);
    params
}

fn directory_with(bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    fs::write(&path, bytes).unwrap();
    (directory, path)
}

/// Loading must fail and leave the parameters alone; returns what it says behind the file's name.
fn refusal(bytes: &[u8]) -> String {
    let (_directory, path) = directory_with(bytes);
    let mut params = model();
    let error = load_parameters(&mut params, &path).expect_err("the file is not sound");
    assert_eq!(params.values(), model().values());
    assert!(matches!(error, Error::Corrupt { .. } | Error::Misfit { .. }), "{error:?}");
    error.to_string().split_once(&format!("{path:?} ")).unwrap().1.to_owned()
}

#[test]
fn the_bytes_are_those_of_the_format() {
    let (_directory, path) = directory_with(b"");
    save_parameters(&model(), &path).unwrap();
    let header = "{\"__metadata__\":{\"format\":\"pt\"},\
                  \"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\
                  \"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[8,24]}}       ";
    assert_eq!(header.len() % 8, 0, "the header is padded so that the elements are aligned");
    assert_eq!(fs::read(&path).unwrap(), encoded(header, &floats(&[5.0, 6.0, 1.0, 2.0, 3.0, 4.0])));
}

#[test]
fn arrays_come_in_any_order_of_names_and_bytes() {
    // As other writers leave them: no text, the arrays in the order of the model, spaces within the header.
    let header = r#"{"0.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
                     "0.bias": {"data_offsets": [16, 24], "dtype": "F32", "shape": [2]}}"#;
    let (_directory, path) = directory_with(&encoded(header, &floats(&[9.0, 8.0, 7.0, 6.0, 5.0, 4.0])));
    let mut params = model();
    load_parameters(&mut params, &path).unwrap();
    assert_eq!(params.values(), [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]);
}

#[test]
fn single_precision_widens_and_double_does_not_narrow() {
    let (_directory, path) = directory_with(b"");
    let mut single = Params::<f32>::new();
    single.add("w", &array![0.1, f32::MIN_POSITIVE, f32::INFINITY]);
    let mut double = single.cast::<f64>();
    save_parameters(&single, &path).unwrap();
    double.values_mut().fill(0.0);
    load_parameters(&mut double, &path).unwrap();
    assert_eq!(double.values(), [f64::from(0.1_f32), f64::from(f32::MIN_POSITIVE), f64::INFINITY]);

    save_parameters(&double, &path).unwrap();
    let error = load_parameters(&mut single, &path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{path:?} does not fit the model: \"w\" holds F64, which f32 cannot take without loss")
    );
    assert_eq!(single.values()[0], 0.1);
}

#[test]
fn every_difference_is_told_at_once() {
    let header = r#"{"0.weight":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},
                     "0.scale":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}}"#;
    assert_eq!(
        refusal(&encoded(header, &[0; 24])),
        "does not fit the model: missing \"0.bias\"; unexpected \"0.scale\"; \
         \"0.weight\" has shape [4] where [2, 2] is expected"
    );
}

#[test]
fn hostile_headers_are_refused_with_a_reason() {
    let array = |name: &str, dtype: &str, shape: &str, offsets: &str| {
        format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":{offsets}}}")
    };
    let weight = array("0.weight", "F32", "[2,2]", "[0,16]");
    let with_bias = |bias: String| encoded(&format!("{{{weight},{bias}}}"), &[0; 24]);
    let bias = |dtype, shape, offsets| with_bias(array("0.bias", dtype, shape, offsets));
    let damaged = |reason: &str| format!("is damaged or not what it should be: {reason}");
    let cases = [
        (vec![], damaged("0 bytes are too few for a safetensors file")),
        (vec![0; 7], damaged("7 bytes are too few for a safetensors file")),
        (vec![0; 8], damaged("its header: EOF while parsing a value at line 1 column 0")),
        // A header of 2^64 - 1 bytes, of one byte more than there is, and of nearly the limit.
        (vec![255; 8], damaged("it announces a header of 18446744073709551615 bytes, and has 8 in all")),
        (encoded("{}", &[])[..9].to_vec(), damaged("it announces a header of 2 bytes, and has 9 in all")),
        (99_999_999_u64.to_le_bytes().to_vec(), damaged("it announces a header of 99999999 bytes, and has 8 in all")),
        (
            encoded("[]", &[]),
            damaged("its header: invalid type: sequence, expected a map from names to arrays at line 1 column 0"),
        ),
        (encoded("{}", &[0]), damaged("its header describes 0 bytes of arrays, and 1 follow it")),
        (
            encoded("{\"a\":1}", &[]),
            damaged("its header: invalid type: integer `1`, expected struct TensorInfo at line 1 column 6"),
        ),
        (with_bias(weight.clone()), damaged("its header: two arrays have the name \"0.weight\" at line 1 column 74")),
        (bias("F32", "[2]", "[8,16]"), damaged("invalid offset for tensor `0.bias`")),
        (bias("F32", "[2]", "[17,25]"), damaged("invalid offset for tensor `0.bias`")),
        (bias("F32", "[2]", "[24,16]"), damaged("invalid offset for tensor `0.bias`")),
        (bias("F32", "[3]", "[16,24]"), damaged("invalid shape, data type, or offset for tensor")),
        (bias("F32", "[3]", "[16,28]"), damaged("its header describes 28 bytes of arrays, and 24 follow it")),
        (bias("F32", "[1]", "[16,20]"), damaged("its header describes 20 bytes of arrays, and 24 follow it")),
        (bias("F64", "[2]", "[16,24]"), damaged("invalid shape, data type, or offset for tensor")),
        (
            bias("F4", "[1]", "[16,24]"),
            damaged(
                "The slice is slicing for subbytes dtypes, and the slice does not end up at a byte boundary, this is invalid.",
            ),
        ),
        (
            bias("F32", "[4294967296,4294967296]", "[16,24]"),
            damaged("overflow computing buffer size from shape and/or element type"),
        ),
        (
            bias("F32", "[2305843009213693952]", "[16,24]"),
            damaged("overflow computing buffer size from shape and/or element type"),
        ),
        (
            bias("C64", "[1]", "[16,24]"),
            "does not fit the model: \"0.bias\" has shape [1] where [2] is expected".into(),
        ),
        (
            encoded(&format!("{{{weight},{}}}", array("0.bias", "F8_E4M3", "[2]", "[16,18]")), &[0; 18]),
            "does not fit the model: \"0.bias\" holds F8_E4M3, which f32 cannot take without loss".into(),
        ),
        (
            bias("F32", "[2,1]", "[16,24]"),
            "does not fit the model: \"0.bias\" has shape [2, 1] where [2] is expected".into(),
        ),
        (
            with_bias(array("0.bïas", "F32", "[2]", "[16,24]")),
            "does not fit the model: missing \"0.bias\"; unexpected \"0.bïas\"".into(),
        ),
    ];
    for (bytes, expected) in cases {
        assert_eq!(refusal(&bytes), expected);
    }
    // Reasons that another crate words: it is enough that there is one.
    for (start, bytes) in [
        ("its header: unknown variant `F31`", bias("F31", "[2]", "[16,24]")),
        ("its header: invalid value: integer `-2`", bias("F32", "[-2]", "[16,24]")),
        ("its header: invalid type: floating point `2.0`", bias("F32", "[2.0]", "[16,24]")),
        ("its header: number out of range", bias("F32", "[1e999]", "[16,24]")),
        ("its header: invalid type: floating point", bias("F32", "[18446744073709551616]", "[16,24]")),
        ("its header: invalid length 1", bias("F32", "[2]", "[16]")),
        ("its header: missing field `shape`", with_bias(r#""0.bias":{"dtype":"F32","data_offsets":[16,24]}"#.into())),
        ("its header: duplicate field `shape`", with_bias(r#""0.bias":{"shape":[2],"shape":[2]}"#.into())),
        ("its header: invalid type: integer `1`", encoded(r#"{"__metadata__":{"a":1}}"#, &[])),
        ("its header: EOF while parsing", encoded("{\"a\":{", &[])),
        ("its header: ", encoded(&format!("{{\"a\":{}}}", "[".repeat(100_000)), &[])),
        ("its header: ", encoded(&format!("{{\"a\":{{\"b\":{}", "[".repeat(100_000)), &[])),
        ("its header: trailing characters", encoded("{}{}", &[])),
        ("its header: ", encoded("{\"\\ud800\":{}}", &[])),
        ("its header: ", with_bias(array("0.bias\u{0}", "F32", "[2]", "[16,24]"))),
        ("its header: ", [&8_u64.to_le_bytes()[..], b"{\"\xff\":{}}"].concat()),
    ] {
        let found = refusal(&bytes);
        assert!(found.starts_with(&damaged(start)), "{found}");
    }
}

/// Offsets that add up to more than an address: the format crate's own reading adds the header's size to them, which
/// overflows (a panic where overflow is checked).
#[test]
fn offsets_that_overflow_are_refused() {
    let quarter = 1_u64 << 61;
    let mut header = "{".to_owned();
    for part in 0..8 {
        let (start, end) = (part * (quarter - 1), (part + 1) * (quarter - 1));
        header +=
            &format!("\"{part}\":{{\"dtype\":\"U8\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}},", quarter - 1);
    }
    let (start, end) = (8 * (quarter - 1), u64::MAX);
    header += &format!("\"8\":{{\"dtype\":\"U8\",\"shape\":[{}],\"data_offsets\":[{start},{end}]}}}}", end - start);
    assert_eq!(
        refusal(&encoded(&header, &[])),
        "is damaged or not what it should be: its header describes 18446744073709551615 bytes of arrays, and 0 follow it"
    );
}

#[test]
fn what_is_no_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let load = |path: &Path| load_parameters(&mut model(), path).unwrap_err().to_string();
    let path = directory.path();
    assert_eq!(load(path), format!("{path:?} is damaged or not what it should be: it is no regular file"));
    assert!(load(&path.join("absent")).starts_with(&format!("cannot read {:?}: ", path.join("absent"))));
    #[cfg(unix)]
    assert!(load(Path::new("/dev/zero")).ends_with("it is no regular file"));
}

/// A sparse file takes no room on the disk; who reads it all before looking takes all memory.
#[test]
fn a_huge_file_is_refused_without_being_read() {
    let header = r#"{"0.weight":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}"#;
    let (_directory, path) = directory_with(&encoded(header, &[]));
    let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    if file.set_len(file.metadata().unwrap().len() + (1 << 40)).is_err() {
        return; // This file system has no sparse files.
    }
    let error = load_parameters(&mut model(), &path).unwrap_err();
    assert!(matches!(error, Error::Misfit { .. }), "{error}");
}

#[test]
fn a_reserved_name_is_refused_before_anything_is_written() {
    let (_directory, path) = directory_with(b"old");
    let mut params = Params::<f64>::new();
    params.add("__metadata__", &array![1.0]);
    let error = save_parameters(&params, &path).unwrap_err();
    assert_eq!(error.to_string(), "the parameter name \"__metadata__\" is reserved by the safetensors format");
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn scalars_empty_arrays_and_no_arrays_at_all_survive() {
    let (_directory, path) = directory_with(b"");
    let mut params = Params::<f64>::new();
    save_parameters(&params, &path).unwrap();
    load_parameters(&mut params, &path).unwrap();
    params.add("scalar", &arr0(2.5));
    params.add("empty", &ndarray::Array2::zeros((0, 3)));
    params.add("name with \"quotes\", ünïcode and \n", &array![1.0]);
    save_parameters(&params, &path).unwrap();
    params.values_mut().fill(0.0);
    load_parameters(&mut params, &path).unwrap();
    assert_eq!(params.values(), [2.5, 1.0]);
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let (_directory, path) = directory_with(b"");
    save_parameters(&model(), &path).unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        refusal(&whole[..length]);
    }
}

proptest! {
    #[test]
    fn parameters_of_any_bits_survive(bits in prop::collection::vec(any::<u32>(), 1..200)) {
        let values: Vec<_> = bits.iter().map(|&bits| f32::from_bits(bits)).map(|x| if x.is_nan() { 0.0 } else { x }).collect();
        let (_directory, path) = directory_with(b"");
        let mut params = Params::<f32>::new();
        params.add("w", &ndarray::Array1::from(values.clone()));
        save_parameters(&params, &path).unwrap();
        let bytes = fs::read(&path).unwrap();
        params.values_mut().fill(1.0);
        load_parameters(&mut params, &path).unwrap();
        for (read, written) in params.values().iter().zip(&values) {
            prop_assert_eq!(read.to_bits(), written.to_bits());
        }
        save_parameters(&params, &path).unwrap();
        prop_assert_eq!(fs::read(&path).unwrap(), bytes);
    }

    /// Nothing detects a flipped bit of an element here; all that is asked is an answer instead of a panic.
    #[test]
    fn a_damaged_file_is_answered(at in any::<prop::sample::Index>(), byte: u8) {
        let (_directory, path) = directory_with(b"");
        save_parameters(&model(), &path).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        fs::write(&path, &bytes).unwrap();
        let mut params = model();
        if load_parameters(&mut params, &path).is_err() {
            let before = model();
            prop_assert_eq!(params.values(), before.values());
        }
    }
}
