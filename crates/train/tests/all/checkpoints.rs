//! Checkpoints: a damaged or foreign one is refused and changes nothing, and a run continues from a sound one as if it
//! had never stopped.

use std::fs;
use std::path::PathBuf;

use ndarray::array;
use optim::{Adam, Optimizer, Sgd};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use tape::{Gradients, Params};
use tempfile::TempDir;
use train::{Error, load_checkpoint, save_checkpoint};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Progress {
    step: u64,
    loss: f64,
}

/// A small model and an optimizer in the middle of a run.
fn run() -> (Params<f32>, Sgd<f32>) {
    let mut params = Params::new();
    params.add("0.weight", &array![[1.0, 2.0], [3.0, 4.0]]);
    params.add("0.bias", &array![5.0]);
    let mut sgd = Sgd::new(0.1).momentum(0.9);
    step(&mut params, &mut sgd);
    (params, sgd)
}

/// A step down the slope of the sum of cubes: it depends on where the parameters are.
fn step(params: &mut Params<f32>, optimizer: &mut impl Optimizer<f32>) {
    let slope: Vec<_> = params.values().iter().map(|value| 0.01 * value * value).collect();
    let gradients = Gradients::for_params(params, &slope).unwrap();
    optimizer.step(params, &gradients).unwrap();
}

fn saved() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.checkpoint");
    let (params, sgd) = run();
    save_checkpoint(&path, &params, &sgd, &Progress { step: 1, loss: 0.1 }).unwrap();
    (directory, path)
}

/// Loading into a run that has gone on must fail and leave it alone.
fn refusal(path: &PathBuf) -> Error {
    let (mut params, mut sgd) = run();
    step(&mut params, &mut sgd);
    let (values, state) = (params.values().to_vec(), sgd.state());
    let error = load_checkpoint::<_, Progress>(path, &mut params, &mut sgd).expect_err("the file is not sound");
    assert_eq!(params.values(), values);
    assert_eq!(sgd.state(), state);
    error
}

#[test]
fn a_checkpoint_cut_anywhere_is_corrupt() {
    let (_directory, path) = saved();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(matches!(refusal(&path), Error::Corrupt { .. }), "cut to {length} bytes");
    }
    fs::write(&path, [&whole[..], &[0]].concat()).unwrap();
    assert!(matches!(refusal(&path), Error::Corrupt { .. }), "one byte more");
}

#[test]
fn a_checkpoint_with_any_flipped_bit_is_corrupt() {
    let (_directory, path) = saved();
    let mut bytes = fs::read(&path).unwrap();
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        assert!(matches!(refusal(&path), Error::Corrupt { .. }), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_checkpoint_with_a_garbled_stretch_is_corrupt(
        at in any::<prop::sample::Index>(),
        noise in prop::collection::vec(any::<u8>(), 1..100),
    ) {
        let (_directory, path) = saved();
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        bytes.iter_mut().skip(at).zip(noise).for_each(|(byte, noise)| *byte = noise);
        prop_assume!(bytes != whole);
        fs::write(&path, &bytes).unwrap();
        let error = refusal(&path);
        prop_assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    }
}

/// Wherever a run is interrupted, it ends with the bits of one that was not.
#[test]
fn continuing_equals_never_having_stopped() {
    let (mut params, mut sgd) = run();
    for _ in 0..20 {
        step(&mut params, &mut sgd);
    }
    for stop in 0..=20 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run");
        let (mut first, mut optimizer) = run();
        for _ in 0..stop {
            step(&mut first, &mut optimizer);
        }
        let written = Progress { step: stop, loss: 1.0 / 3.0 };
        save_checkpoint(&path, &first, &optimizer, &written).unwrap();

        let (mut second, _) = run();
        let mut optimizer = Sgd::new(0.1).momentum(0.9);
        let read: Progress = load_checkpoint(&path, &mut second, &mut optimizer).unwrap();
        assert_eq!(read, written);
        for _ in stop..20 {
            step(&mut second, &mut optimizer);
        }
        assert_eq!(second.values(), params.values(), "stopped after {stop} steps");
        assert_eq!(optimizer.state(), sgd.state());
    }
}

#[test]
fn equal_runs_leave_equal_files() {
    let ((_one, one), (_other, other)) = (saved(), saved());
    assert_eq!(fs::read(one).unwrap(), fs::read(other).unwrap());
}

#[test]
fn a_checkpoint_is_a_safetensors_file() {
    let (_directory, path) = saved();
    let bytes = fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut names = file.names();
    names.sort();
    assert_eq!(
        names,
        [
            "checksum",
            "optimizer.0.bias.momentum_buffer",
            "optimizer.0.weight.momentum_buffer",
            "parameters.0.bias",
            "parameters.0.weight"
        ]
    );
    let checksum = crc32fast::hash(&bytes[..bytes.len() - 4]);
    assert_eq!(file.tensor("checksum").unwrap().data(), checksum.to_le_bytes());
}

#[test]
fn another_run_is_refused_with_the_first_difference() {
    let (_directory, path) = saved();
    let other_run = |difference: &str| format!("{path:?} is the checkpoint of another run: {difference}");
    let load = |params: &mut Params<f32>, optimizer: &mut dyn Optimizer<f32>| {
        let before = (params.values().to_vec(), optimizer.state());
        let error = load_checkpoint::<_, Progress>(&path, params, optimizer).unwrap_err();
        assert_eq!((params.values().to_vec(), optimizer.state()), before);
        error.to_string()
    };

    let mut params = Params::new();
    params.add("0.weight", &array![[1.0, 2.0, 3.0]]);
    params.add("1.weight", &array![1.0]);
    assert_eq!(
        load(&mut params, &mut Sgd::new(0.1)),
        other_run(
            "missing \"1.weight\"; unexpected \"0.bias\"; \"0.weight\" has shape [2, 2] where [1, 3] is expected"
        )
    );

    let mut reordered = Params::new();
    reordered.add("0.bias", &array![5.0]);
    reordered.add("0.weight", &array![[1.0, 2.0], [3.0, 4.0]]);
    assert_eq!(
        load(&mut reordered, &mut Sgd::new(0.1)),
        other_run("its optimizer's parameter 0 is \"0.weight\" [2, 2], the model's is \"0.bias\" [1]")
    );

    let (mut params, _) = run();
    assert_eq!(
        load(&mut params, &mut Adam::new(0.1)),
        other_run("saved state: it is of optimizer \"sgd\", not of \"adam\"")
    );

    let mut double = params.cast::<f64>();
    let error = load_checkpoint::<_, Progress>(&path, &mut double, &mut Sgd::new(0.1)).unwrap_err();
    assert_eq!(error.to_string(), other_run("its parameters are f32, not f64"));
}

#[test]
fn other_files_are_refused() {
    let (_directory, path) = saved();
    let (params, _) = run();
    train::save_parameters(&params, &path).unwrap();
    let reason = format!("{path:?} is damaged or not what it should be: it is no checkpoint of a training run");
    assert_eq!(refusal(&path).to_string(), reason);

    // The progress of another loop: here a text instead of the struct.
    let (params, sgd) = run();
    save_checkpoint(&path, &params, &sgd, &"half way").unwrap();
    let error = refusal(&path).to_string();
    assert!(error.contains("its text: invalid type: string \"half way\", expected struct Progress"), "{error}");

    fs::remove_file(&path).unwrap();
    assert!(refusal(&path).to_string().starts_with(&format!("cannot read {path:?}: ")));
}

#[test]
fn a_checkpoint_of_a_later_version_is_refused() {
    let (_directory, path) = saved();
    let mut bytes = fs::read(&path).unwrap();
    let version = b"{\\\"version\\\":1,";
    let at = bytes.windows(version.len()).position(|window| window == version).unwrap();
    bytes[at + version.len() - 2] = b'7';
    let checked = bytes.len() - 4;
    let checksum = crc32fast::hash(&bytes[..checked]);
    bytes[checked..].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        refusal(&path).to_string(),
        format!("{path:?} is a checkpoint of version 7; this program reads version 1")
    );
}

/// The moments between which a kill can fall: the hidden file is absent, cut at any byte, whole, or has its name.
#[test]
fn a_kill_at_any_byte_leaves_the_old_checkpoint_or_the_new_one() {
    let (directory, path) = saved();
    let old = fs::read(&path).unwrap();
    let (mut params, mut sgd) = run();
    step(&mut params, &mut sgd);
    let later = Progress { step: 2, loss: 0.05 };
    save_checkpoint(&path, &params, &sgd, &later).unwrap();
    let new = fs::read(&path).unwrap();
    let hidden = directory.path().join(".run.checkpoint.tmp");
    for written in 0..=new.len() {
        fs::write(&path, &old).unwrap();
        fs::write(&hidden, &new[..written]).unwrap();
        let (mut resumed, mut optimizer) = run();
        let read: Progress = load_checkpoint(&path, &mut resumed, &mut optimizer).unwrap();
        assert_eq!(read.step, 1);
    }
    // The run that goes on overwrites what the killed one left.
    save_checkpoint(&path, &params, &sgd, &later).unwrap();
    assert_eq!(fs::read(&path).unwrap(), new);
    assert!(!hidden.exists());
}
