//! A training program that is killed by the operating system, again and again, ends like one that was not.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use ndarray::{Array2, array};
use optim::Adam;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tape::Params;
use train::{Dataset, Trainer, save_parameters};

/// Where the program that this test runs of itself is to train.
const DIRECTORY: &str = "WENGERT_KILLED_TEST_DIRECTORY";

/// Learns a parabola, a checkpoint after every step.
fn program(directory: &Path) {
    let x = Array2::from_shape_fn((40, 1), |(example, _)| example as f32 / 20.0 - 1.0);
    let data = Dataset::new(x.clone(), &x * &x).unwrap();
    let mut params = Params::<f32>::new();
    let inner = params.add("inner", &array![[0.5, -0.4, 0.3]]);
    let offset = params.add("offset", &array![0.1, 0.2, -0.3]);
    let outer = params.add("outer", &array![[0.3], [0.2], [-0.1]]);
    Trainer::new(&mut params, &mut Adam::new(0.01), &data)
        .epochs(60)
        .batch_size(8)
        .checkpoint(directory.join("run"))
        .checkpoint_every(1)
        .resume(true)
        .run(|pass, batch| {
            let hidden = pass.constant(&batch.inputs).matmul(pass.parameter(inner)) + pass.parameter(offset);
            let error = hidden.tanh().matmul(pass.parameter(outer)) - pass.constant(&batch.targets);
            (error * error).mean()
        })
        .unwrap();
    save_parameters(&params, directory.join("model.safetensors")).unwrap();
}

#[test]
fn a_program_killed_at_random_moments_ends_like_one_that_was_not() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return program(Path::new(&directory));
    }
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    program(whole.path());

    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["killed::a_program_killed_at_random_moments_ends_like_one_that_was_not", "--exact"])
            .env(DIRECTORY, killed.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    // The moments are random for the program, whatever the seed: it depends on the machine where it is by then.
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    for _ in 0..10 {
        let mut child = start();
        sleep(Duration::from_micros(rng.random_range(2_000..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(start().wait().unwrap().success());
    for file in ["model.safetensors", "run"] {
        let read = |directory: &Path| fs::read(directory.join(file)).unwrap();
        assert!(read(whole.path()) == read(killed.path()), "{file} differs");
    }
}
