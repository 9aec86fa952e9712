//! Files of parameters as other programs write them: formats, names, layouts, and what is refused of an `.npz` file.

use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;

use ndarray::array;
use tape::{Params, Real};
use tempfile::TempDir;
use train::{Error, ParameterFile};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The numbers of `files/generate.py`.
const NUMBERS: [f32; 9] = [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0];

fn model<T: Real>() -> Params<T> {
    let mut params = Params::new();
    params.add("0.weight", &ndarray::Array2::from_elem((2, 3), T::from_f64(9.0)));
    params.add("0.bias", &ndarray::Array1::from_elem(3, T::from_f64(9.0)));
    params
}

fn file(name: &str) -> ParameterFile {
    ParameterFile::new(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/all/files").join(name))
}

fn directory_with(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    fs::write(&path, bytes).unwrap();
    (directory, path)
}

#[test]
fn files_of_numpy_are_read() {
    for name in ["plain.npz", "compressed.npz", "orders.npz"] {
        let mut params = model::<f32>();
        assert!(file(name).load(&mut params).unwrap().is_empty());
        assert_eq!(params.values(), NUMBERS, "{name}");
        let mut double = model::<f64>();
        file(name).load(&mut double).unwrap();
        assert_eq!(double.values(), NUMBERS.map(f64::from), "{name}");
    }
}

/// Halves widen, and the batches that PyTorch's batch norm has seen are an integer.
#[test]
fn files_of_pytorch_are_read() {
    let mut params = model::<f32>();
    params.add("num_batches_tracked", &ndarray::arr0(0.0));
    file("pytorch.safetensors").load(&mut params).unwrap();
    assert_eq!(params.values()[..9], NUMBERS);
    assert_eq!(params.values()[9], 7.0);
}

#[test]
fn what_is_written_is_read_in_both_formats_and_precisions() {
    for name in ["model.npz", "model.safetensors"] {
        let (_directory, path) = directory_with(name, b"");
        let mut params = model::<f64>();
        params.add("scalar", &ndarray::arr0(1.0 / 3.0));
        params.add("none", &ndarray::Array3::zeros((2, 0, 3)));
        ParameterFile::new(&path).save(&params).unwrap();
        let (bytes, before) = (fs::read(&path).unwrap(), params.values().to_vec());
        params.values_mut().fill(0.0);
        ParameterFile::new(&path).load(&mut params).unwrap();
        assert_eq!(params.values(), before, "{name}");
        ParameterFile::new(&path).save(&params).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes, "equal parameters give equal bytes");
        let error = ParameterFile::new(&path).load(&mut params.cast::<f32>()).unwrap_err();
        assert!(error.to_string().contains("\"scalar\" holds F64, which f32 cannot take without loss"), "{error}");
    }
}

/// NumPy itself writes other zip headers; each `.npy` in them has these very bytes.
#[test]
fn the_arrays_of_an_npz_file_are_numpys_bytes() {
    let (_directory, path) = directory_with("model.npz", b"");
    let mut params = model::<f32>();
    params.values_mut().copy_from_slice(&NUMBERS);
    ParameterFile::new(&path).save(&params).unwrap();
    let member = |path: &PathBuf, name: &str| {
        let mut zip = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(name).unwrap(), &mut bytes).unwrap();
        bytes
    };
    let numpys = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/all/files/plain.npz");
    for name in ["0.weight.npy", "0.bias.npy"] {
        assert_eq!(member(&path, name), member(&numpys, name), "{name}");
    }
}

#[test]
fn a_lenient_reading_takes_what_fits_and_tells_the_rest() {
    let mut params = Params::<f32>::new();
    params.add("0.weight", &array![[9.0, 9.0]]);
    params.add("0.bias", &array![9.0, 9.0, 9.0]);
    params.add("1.bias", &array![9.0]);
    let text = "missing \"1.bias\"; \"0.weight\" has shape [2, 3] where [1, 2] is expected";
    let error = file("plain.npz").load(&mut params).unwrap_err();
    assert!(matches!(&error, Error::Misfit { misfit, .. } if misfit.to_string() == text), "{error}");
    assert_eq!(params.values(), [9.0; 6]);
    let misfit = file("plain.npz").lenient().load(&mut params).unwrap();
    assert_eq!(misfit.to_string(), text);
    assert_eq!(params.values(), [9.0, 9.0, 3.0, 3.5, 4.0, 9.0]);
}

#[test]
fn rules_that_do_not_suit_are_refused_before_a_file_is_touched() {
    let (_directory, path) = directory_with("model.npz", b"old");
    let file = || ParameterFile::new(&path);
    for (file, text) in [
        (file().rename("*.weight", "weight"), "rename is \"*.weight\" to \"weight\": both must have as many stars"),
        (file().rename("0.weight", "0.bias"), "rename is \"0.bias\" twice: each array can be one parameter only"),
        (
            file().permute("*.weight", &[0, 0]),
            "permute is [0, 0] for \"0.weight\" of shape [2, 3]: it must name each axis once",
        ),
        (file().permute("*", &[1, 0]), "permute is [1, 0] for \"0.bias\" of shape [3]: it must name each axis once"),
    ] {
        assert_eq!(file.save(&model::<f32>()).unwrap_err().to_string(), text);
        assert_eq!(file.load(&mut model::<f32>()).unwrap_err().to_string(), text);
    }
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn integers_that_would_be_rounded_are_refused() {
    let (_directory, path) = directory_with("counts.npz", &zip(&[("n", npy("<i8", "()", &[1, 0, 0, 1, 0, 0, 0, 0]))]));
    let mut params = Params::<f32>::new();
    params.add("n", &ndarray::arr0(9.0));
    let error = ParameterFile::new(&path).load(&mut params).unwrap_err().to_string();
    assert!(error.ends_with("does not fit the model: \"n\" holds I64, which f32 cannot take without loss"), "{error}");
    assert_eq!(params.values(), [9.0]);
    let mut params = params.cast::<f64>();
    ParameterFile::new(&path).load(&mut params).unwrap();
    assert_eq!(params.values(), [16_777_217.0]);
}

/// An `.npy` file of version 1 with this header.
fn headed(header: &str, elements: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), elements].concat()
}

fn npy(descr: &str, shape: &str, elements: &[u8]) -> Vec<u8> {
    headed(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"), elements)
}

fn zip(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Loading must fail and leave the parameters alone; returns what it says behind the file's name.
fn refusal(bytes: &[u8]) -> String {
    let (_directory, path) = directory_with("model.npz", bytes);
    let mut params = model::<f32>();
    let error = ParameterFile::new(&path).load(&mut params).expect_err("the file is not sound");
    assert_eq!(params.values(), [9.0; 9]);
    assert!(matches!(error, Error::Corrupt { .. } | Error::Misfit { .. }), "{error:?}");
    error.to_string().split_once(&format!("{path:?} ")).unwrap().1.to_owned()
}

#[test]
fn hostile_npz_files_are_refused_with_a_reason() {
    let weight = || npy("<f4", "(2, 3)", &[0; 24]);
    let with = |bias: Vec<u8>| zip(&[("0.weight", weight()), ("0.bias", bias)]);
    let damaged = |reason: &str| format!("is damaged or not what it should be: {reason}");
    let bias = |reason: &str| damaged(&format!("its array \"0.bias\": {reason}"));
    let whole = headed("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", &[0; 12]);
    let of_version = |version: u8| {
        let mut bytes = whole.clone();
        bytes[6] = version;
        bytes
    };
    for (bytes, expected) in [
        (with(vec![]), bias("it ends within its header")),
        (with(whole[..9].to_vec()), bias("it ends within its header")),
        (with(whole[..30].to_vec()), bias("it ends within its header")),
        (with(b"not an array".to_vec()), bias("it does not begin as an .npy file does")),
        (with(of_version(4)), bias("its version is 4; 1, 2 and 3 are known")),
        (
            with([b"\x93NUMPY\x02\x00", &u32::MAX.to_le_bytes()[..], b"{"].concat()),
            bias("it announces a header of 4294967295 bytes; at most 65536 are read"),
        ),
        (with(headed("", &[])), bias("its header: '{' expected before \"\"")),
        (with(headed("{'descr' '<f4'}", &[])), bias("its header: ':' expected before \"'<f4'}\"")),
        (with(headed("{}", &[])), bias("its header: no \"descr\"")),
        (with(headed("{'descr': '<f4', 'shape': ()}", &[])), bias("its header: no \"fortran_order\"")),
        (with(headed("{'descr': '<f4', 'fortran_order': True}", &[])), bias("its header: no \"shape\"")),
        (with(headed("{'descr': '<f4', 'descr': '<f8'}", &[])), bias("its header: two values for \"descr\"")),
        (with(headed("{'type': '<f4'}", &[])), bias("its header: unknown key \"type\"")),
        (with(headed("{'fortran_order': None}", &[])), bias("its header: True or False expected before \"None}\"")),
        (
            with(headed("{'descr': [('x', '<f4'), ('y', '<f4')]}", &[])),
            bias("its header: a string expected before \"[('x', '<f4'), ('y',\""),
        ),
        (with(headed("{'descr': '<f4", &[])), bias("its header: a string expected before \"'<f4\"")),
        (with(headed("{'shape': (3", &[])), bias("its header: ')' expected before \"\"")),
        (with(headed("{'shape': (-3,)}", &[])), bias("its header: a length expected before \"-3,)}\"")),
        (with(headed("{'shape': (3.0,)}", &[])), bias("its header: ')' expected before \".0,)}\"")),
        (
            with(headed("{'shape': (99999999999999999999,)}", &[])),
            bias("its header: a length expected before \"99999999999999999999\""),
        ),
        (with(npy("f4", "(3,)", &[0; 12])), bias("its header: its byte order is \"f\"")),
        (with(npy("", "(3,)", &[0; 12])), bias("its header: its element type is empty")),
        (
            with(npy("<f4", "(4294967296, 4294967296)", &[0; 12])),
            bias("its shape [4294967296, 4294967296] has more elements than there are addresses"),
        ),
        (
            with(npy("<f4", "(1099511627776,)", &[0; 12])),
            bias("its header describes 4398046511104 bytes of elements, and 12 follow it"),
        ),
        (with(npy("<f4", "(3,)", &[0; 11])), bias("its header describes 12 bytes of elements, and 11 follow it")),
        (with(npy("<f4", "(3,)", &[0; 13])), bias("its header describes 12 bytes of elements, and 13 follow it")),
        (
            with(npy("<f4", "(3, 1)", &[0; 12])),
            "does not fit the model: \"0.bias\" has shape [3, 1] where [3] is expected".into(),
        ),
        (
            with(npy("<f8", "(3,)", &[0; 24])),
            "does not fit the model: \"0.bias\" holds F64, which f32 cannot take without loss".into(),
        ),
        (
            with(npy("<c8", "(3,)", &[0; 24])),
            "does not fit the model: \"0.bias\" holds <c8, which f32 cannot take without loss".into(),
        ),
        (
            with(npy("|O", "(3,)", b"cos\nsystem\n")),
            "does not fit the model: \"0.bias\" holds |O, which f32 cannot take without loss".into(),
        ),
        (
            zip(&[("0.weight", weight()), ("../0.bias", whole.clone())]),
            "does not fit the model: missing \"0.bias\"; unexpected \"../0.bias\"".into(),
        ),
        (zip(&[("0.weight", weight())]), "does not fit the model: missing \"0.bias\"".into()),
    ] {
        assert_eq!(refusal(&bytes), expected);
    }
    // Reasons that another crate words: it is enough that there is one.
    let sound = with(whole);
    for bytes in [vec![], b"PK\x03\x04".to_vec(), b"PK\x05\x06".to_vec(), sound[1..].to_vec()] {
        assert!(refusal(&bytes).starts_with(&damaged("its zip container: ")));
    }
}

#[test]
fn an_npz_file_cut_anywhere_is_refused() {
    let whole = fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/all/files/compressed.npz")).unwrap();
    for length in 0..whole.len() {
        refusal(&whole[..length]);
    }
}

/// The container has a checksum, so that a flipped bit of an element is noticed too; elsewhere it may not matter.
#[test]
fn a_damaged_npz_file_is_answered() {
    let (_directory, path) = directory_with("model.npz", b"");
    let mut params = model::<f32>();
    params.values_mut().copy_from_slice(&NUMBERS);
    ParameterFile::new(&path).save(&params).unwrap();
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).unwrap();
        let mut params = model::<f32>();
        match ParameterFile::new(&path).load(&mut params) {
            Ok(_) => assert_eq!(params.values(), NUMBERS, "byte {at}"),
            Err(_) => assert_eq!(params.values(), [9.0; 9], "byte {at}"),
        }
    }
}
