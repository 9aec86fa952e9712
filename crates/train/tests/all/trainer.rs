//! The training loop: it learns, it stops when it should, and an interrupted run ends like one that was not.

use std::cell::Cell;
use std::fs;
use std::panic::{catch_unwind, resume_unwind};
use std::path::Path;
use std::process::{Command, Stdio};

use ndarray::{Array1, Array2};
use optim::{Common, Optimizer, Sgd};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tape::{ParamId, Params, Pass, Tensor};
use train::{Batch, Dataset, EarlyStopping, Epoch, Trainer, evaluate, save_history};

type Points = Dataset<Array2<f64>, Vec<usize>>;
type PointBatch = Batch<Array2<f64>, Vec<usize>>;

const CLASSES: usize = 3;

/// Points on a spiral lattice around three centres.
fn points(examples: usize) -> Points {
    let labels: Vec<_> = (0..examples).map(|example| example % CLASSES).collect();
    let inputs = Array2::from_shape_fn((examples, 2), |(example, axis)| {
        let centre = 2.1 * labels[example] as f64 + axis as f64 * 1.6;
        let (turn, radius) = (example as f64 * 2.4, (example as f64 / examples as f64).sqrt());
        2.0 * centre.sin() + radius * (turn + axis as f64 * 1.6).sin()
    });
    Dataset::new(inputs, labels).unwrap()
}

fn parts() -> (Points, Points) {
    points(50).split_stratified(0.7, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
}

/// A linear model that is fitted to the unit vectors of the classes. In training its inputs tremble a little, and it
/// keeps a running mean of them.
struct Model {
    weight: ParamId,
    bias: ParamId,
    mean: ParamId,
}

fn model() -> (Params<f64>, Model) {
    let mut params = Params::new();
    let weight = params.add("weight", &Array2::zeros((2, CLASSES)));
    let bias = params.add("bias", &Array1::zeros(CLASSES));
    let mean = params.add_buffer("running_mean", &Array1::zeros(2));
    (params, Model { weight, bias, mean })
}

impl Model {
    fn forward(&self, pass: &Pass<'_, f64>, batch: &PointBatch) -> (Tensor<f64>, Tensor<f64>) {
        let mut inputs = pass.constant(&batch.inputs);
        if pass.is_training() {
            pass.update(self.mean, pass.updated(self.mean) * 0.9 + inputs.mean_axes(0) * 0.1);
            inputs = inputs + pass.normal(inputs.shape()) * 0.01;
        }
        let scores = inputs.matmul(pass.parameter(self.weight)) + pass.parameter(self.bias);
        let wanted = Array2::from_shape_fn((batch.len(), CLASSES), |(example, class)| {
            f64::from(u8::from(batch.labels()[example] == class))
        });
        let error = scores - pass.constant(&wanted);
        ((error * error).mean(), scores)
    }
}

fn optimizer() -> Sgd<f64> {
    Sgd::new(0.3).momentum(0.5)
}

#[test]
fn it_learns_and_tells_how_well() {
    let (training, test) = parts();
    let (mut params, model) = model();
    let mut sgd = optimizer();
    let mut seen = Vec::new();
    let history = Trainer::new(&mut params, &mut sgd, &training)
        .test(&test)
        .epochs(30)
        .batch_size(8)
        .on_epoch(|epoch, params| seen.push((*epoch, params.values()[0])))
        .run(|pass, batch| model.forward(pass, batch))
        .unwrap();

    assert_eq!(history.len(), 30);
    assert_eq!(history, seen.iter().map(|(epoch, _)| *epoch).collect::<Vec<_>>());
    assert_eq!(seen[29].1, params.values()[0]);
    let (first, last) = (history[0], history[29]);
    assert_eq!((first.number, last.number, last.learning_rate), (1, 30, 0.3));
    assert!(last.training.loss < first.training.loss);
    assert!(last.training.accuracy.unwrap() > 0.9, "{last}");
    let metrics = evaluate(&mut tape::Tape::new(), &params, &test, 8, |pass, batch| model.forward(pass, batch));
    assert_eq!(last.test, Some(metrics));
    assert_eq!(sgd.steps(), 30 * 35_u64.div_ceil(8));

    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    save_history(&history, &path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 31);
}

#[test]
fn without_a_terminal_it_prints_nothing() {
    let this = std::env::current_exe().unwrap();
    let run = Command::new(this)
        .args(["trainer::it_learns_and_tells_how_well", "--exact", "--nocapture"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && output.contains("1 passed"), "{output}");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
}

#[test]
fn training_batches_get_a_pass_that_trains_and_a_seed_for_every_step() {
    let data = Dataset::new(Array2::<f64>::ones((6, 1)), vec![0; 6]).unwrap();
    let run = |seed| {
        let mut params = Params::new();
        let weight = params.add("weight", &Array1::zeros(1));
        let count = params.add_buffer("steps", &Array1::zeros(1));
        let mut draws = Vec::new();
        let mut sgd = Sgd::new(0.1);
        Trainer::new(&mut params, &mut sgd, &data)
            .test(&data)
            .epochs(2)
            .batch_size(3)
            .seed(seed)
            .run(|pass, _| {
                if pass.is_training() {
                    draws.push(pass.normal([]).item());
                    pass.update(count, pass.updated(count) + 1.0);
                } else {
                    draws.push(f64::INFINITY);
                }
                pass.parameter(weight).sum()
            })
            .unwrap();
        assert_eq!(params.view(count)[[0]], 4.0);
        draws
    };
    let draws = run(5);
    let trains: Vec<_> = draws.iter().map(|draw| draw.is_finite()).collect();
    assert_eq!(trains, [true, true, false, false, true, true, false, false]);
    assert_eq!(draws, run(5));
    let others = run(6);
    for (number, one) in draws.iter().enumerate().filter(|(_, draw)| draw.is_finite()) {
        assert!(!draws[..number].contains(one) && !others.contains(one), "{one} is drawn twice");
    }
}

#[test]
fn a_loss_alone_has_no_accuracy_and_targets_may_be_arrays() {
    let x = Array2::from_shape_fn((20, 1), |(example, _)| example as f64 / 20.0);
    let data = Dataset::new(x.clone(), x * 2.0).unwrap();
    let mut params = Params::new();
    let weight = params.add("weight", &Array2::zeros((1, 1)));
    let history = Trainer::new(&mut params, &mut Sgd::new(1.0), &data)
        .run(|pass, batch| {
            let error = pass.constant(&batch.inputs).matmul(pass.parameter(weight)) - pass.constant(&batch.targets);
            (error * error).mean()
        })
        .unwrap();
    assert_eq!(history[9].training.accuracy, None);
    assert!((params.values()[0] - 2.0).abs() < 0.01);
}

/// All that a run leaves: parameters, the optimizer's arrays, history and the bytes of its last checkpoint.
#[derive(Debug, PartialEq)]
struct Trace {
    values: Vec<u64>,
    steps: u64,
    history: Vec<Epoch>,
    checkpoint: Vec<u8>,
}

/// Runs in a directory until it is over, or until the model has been called this often: then the run is gone like a
/// killed program, in the middle of a step or of an evaluation, and `None` comes back.
fn run(directory: &Path, epochs: usize, calls: usize) -> Option<Trace> {
    struct Interrupted;
    let interrupted = catch_unwind(|| {
        let (training, test) = parts();
        let (mut params, model) = model();
        let mut sgd = optimizer();
        let left = Cell::new(calls);
        let history = Trainer::new(&mut params, &mut sgd, &training)
            .test(&test)
            .epochs(epochs)
            .batch_size(8)
            .seed(5)
            .early_stopping(EarlyStopping::new(2).min_delta(0.01))
            .checkpoint(directory.join("run"))
            .checkpoint_every(2)
            .resume(true)
            .run(|pass, batch| {
                match left.get().checked_sub(1) {
                    Some(after) => left.set(after),
                    None => resume_unwind(Box::new(Interrupted)),
                }
                model.forward(pass, batch)
            })
            .unwrap();
        let values = params.values().iter().map(|value| value.to_bits()).collect();
        Trace { values, steps: sgd.steps(), history, checkpoint: fs::read(directory.join("run")).unwrap() }
    });
    match interrupted {
        Ok(trace) => Some(trace),
        Err(payload) if payload.is::<Interrupted>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// Wherever it is interrupted, within an epoch, between two or during an evaluation, and however often.
#[test]
fn an_interrupted_run_ends_like_one_that_was_not() {
    let whole = run(tempfile::tempdir().unwrap().path(), 8, usize::MAX).unwrap();
    let epochs = whole.history.len();
    assert!((3..8).contains(&epochs), "early stopping takes part: {epochs} epochs");

    // An epoch calls the model seven times: five steps, two batches of the test set.
    for calls in 0..=epochs * 7 {
        let directory = tempfile::tempdir().unwrap();
        let mut attempts = 1;
        // A run that dies before its next checkpoint gets no further; so each gets a step more than the one before.
        let trace = loop {
            match run(directory.path(), 8, calls + attempts) {
                Some(trace) => break trace,
                None => attempts += 1,
            }
        };
        assert_eq!(trace, whole, "interrupted {} times, first after {calls} calls", attempts - 1);
        assert_eq!(attempts == 1, calls + 1 >= epochs * 7);
    }
}

#[test]
fn a_run_may_be_given_more_epochs() {
    let (once, twice) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(twice.path(), 1, usize::MAX).unwrap();
    let trace = run(once.path(), 3, usize::MAX).unwrap();
    assert_eq!(run(twice.path(), 3, usize::MAX).unwrap(), trace);
    // Nothing is left to do: the model is not called, and everything is as it was.
    assert_eq!(run(twice.path(), 3, 0).unwrap(), trace);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_before_the_step() {
    let (training, _) = parts();
    let (mut params, model) = model();
    let mut sgd = optimizer();
    let mut after_first = Vec::new();
    let calls = Cell::new(0);
    let error = Trainer::new(&mut params, &mut sgd, &training)
        .batch_size(35)
        .on_epoch(|_, params| after_first = params.values().to_vec())
        .run(|pass, batch| {
            let (loss, scores) = model.forward(pass, batch);
            calls.set(calls.get() + 1);
            let factor = if calls.get() == 2 { f64::INFINITY } else { 1.0 };
            (loss * pass.constant(ndarray::arr0(factor)), scores)
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "epoch 2, step 1: the loss is inf; try a smaller learning rate or clip the gradients"
    );
    assert_eq!(params.values(), after_first);
    assert_eq!(sgd.steps(), 1);
}

#[test]
fn early_stopping_leaves_the_parameters_of_the_best_epoch() {
    let (training, _) = parts();
    let (mut params, model) = model();
    let mut after = Vec::new();
    // So large a learning rate that the loss soon grows.
    let history = Trainer::new(&mut params, &mut Sgd::new(1.0).momentum(0.5), &training)
        .epochs(100)
        .batch_size(8)
        .early_stopping(EarlyStopping::new(3))
        .on_epoch(|_, params| after.push(params.values().to_vec()))
        .run(|pass, batch| model.forward(pass, batch))
        .unwrap();
    let losses: Vec<_> = history.iter().map(|epoch| epoch.training.loss).collect();
    let best = (0..losses.len()).min_by(|&one, &other| losses[one].total_cmp(&losses[other])).unwrap();
    assert_eq!(history.len(), best + 4);
    assert_eq!(params.values(), after[best]);
}

#[test]
fn what_cannot_run_says_so_before_the_first_step() {
    let (training, _) = parts();
    let empty = training.subset(&[]);
    let directory = tempfile::tempdir().unwrap();
    let absent = directory.path().join("absent").join("run");
    let (mut params, model) = model();
    let mut sgd = optimizer();
    let mut refusal = |data: &Points, test: Option<&Points>, batch_size, every, patience, checkpoint: Option<_>| {
        let mut trainer = Trainer::new(&mut params, &mut sgd, data)
            .batch_size(batch_size)
            .checkpoint_every(every)
            .early_stopping(EarlyStopping::new(patience));
        if let Some(test) = test {
            trainer = trainer.test(test);
        }
        if let Some(path) = checkpoint {
            trainer = trainer.checkpoint(path);
        }
        let error = trainer.run(|pass, batch| model.forward(pass, batch)).unwrap_err();
        assert!(params.values().iter().all(|&value| value == 0.0));
        assert_eq!(sgd.steps(), 0);
        error.to_string()
    };
    assert_eq!(refusal(&empty, None, 8, 1, 1, None), "the training set has no examples");
    assert_eq!(refusal(&training, Some(&empty), 8, 1, 1, None), "the test set has no examples");
    assert_eq!(refusal(&training, None, 0, 1, 1, None), "batch size is 0: it must be at least 1");
    assert_eq!(refusal(&training, None, 8, 0, 1, None), "checkpoint_every is 0: it must be at least 1");
    assert_eq!(refusal(&training, None, 8, 1, 0, None), "patience is 0: it must be at least 1 epoch");
    assert!(refusal(&training, None, 8, 1, 1, Some(&absent)).starts_with(&format!("cannot write {absent:?}: ")));
}

#[test]
fn the_checkpoint_of_another_run_is_refused() {
    let (training, test) = parts();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run");
    let (mut params, model) = model();
    let mut resume = |data: &Points, batch_size, seed| {
        Trainer::new(&mut params, &mut optimizer(), data)
            .epochs(1)
            .batch_size(batch_size)
            .seed(seed)
            .checkpoint(&path)
            .resume(true)
            .run(|pass, batch| model.forward(pass, batch))
            .map_err(|error| error.to_string())
    };
    resume(&training, 8, 0).unwrap();
    let written = fs::read(&path).unwrap();
    let other_run = |difference: &str| format!("{path:?} is the checkpoint of another run: {difference}");
    assert_eq!(resume(&test, 8, 0).unwrap_err(), other_run("its number of examples is 35, not 15"));
    assert_eq!(resume(&training, 9, 0).unwrap_err(), other_run("its batch size is 8, not 9"));
    assert_eq!(resume(&training, 8, 1).unwrap_err(), other_run("its seed is 0, not 1"));
    fs::write(&path, &written[1..]).unwrap();
    assert!(resume(&training, 8, 0).unwrap_err().contains("is damaged or not what it should be"));
    assert_eq!(fs::read(&path).unwrap(), written[1..], "a file that is refused is not overwritten");
}

/// A run of an optimizer by name, in two parts if `parts` says so. The second part begins with all forgotten but the file.
fn by_name(name: &str, parts: &[usize]) -> (Vec<u64>, Vec<Epoch>) {
    let directory = tempfile::tempdir().unwrap();
    let mut end = None;
    for &epochs in parts {
        let (training, test) = self::parts();
        let (mut params, model) = model();
        // The recommended rates are for networks, which are wider and begin with weights.
        params.view_mut(model.weight).iter_mut().zip(1..).for_each(|(weight, k)| *weight = f64::from(k % 3 - 1) / 2.0);
        let rate = optim::OPTIMIZERS.iter().find(|named| named.name == name).map(|named| (named.rate / 10.0).min(0.05));
        let mut optimizer = optim::by_name::<f64>(name, &Common { rate, ..Common::default() }).unwrap();
        let history = Trainer::new(&mut params, &mut *optimizer, &training)
            .test(&test)
            .epochs(epochs)
            .batch_size(8)
            .checkpoint(directory.path().join("run"))
            .resume(true)
            .run(|pass, batch| model.forward(pass, batch))
            .unwrap();
        end = Some((params.values().iter().map(|value| value.to_bits()).collect(), history));
    }
    end.expect("there is a part")
}

/// Also those that ask for the loss several times a step, and those that step what is not evaluated.
#[test]
fn every_optimizer_learns_in_the_loop_and_continues_in_it() {
    for named in optim::OPTIMIZERS {
        let whole = by_name(named.name, &[6]);
        let losses: Vec<_> = whole.1.iter().map(|epoch| epoch.training.loss).collect();
        assert!(losses[5] < losses[0], "{}: {losses:?}", named.name);
        assert_eq!(by_name(named.name, &[2, 6]), whole, "{}", named.name);
    }
}

#[test]
fn where_an_optimizer_averages_the_average_is_tested_observed_and_left() {
    let (training, test) = parts();
    let (mut params, model) = model();
    let mut optimizer = optim::by_name::<f64>("schedule_free_sgd", &Common::default()).unwrap();
    let mut seen = Vec::new();
    let history = Trainer::new(&mut params, &mut *optimizer, &training)
        .test(&test)
        .epochs(3)
        .batch_size(8)
        .on_epoch(|_, params| seen.push(params.values().to_vec()))
        .run(|pass, batch| model.forward(pass, batch))
        .unwrap();
    assert_eq!(params.values(), seen[2]);
    for (epoch, values) in history.iter().zip(&seen) {
        params.set_values(values).unwrap();
        let again = evaluate(&mut tape::Tape::new(), &params, &test, 8, |pass, batch| model.forward(pass, batch));
        assert_eq!(epoch.test, Some(again));
    }
    // What is stepped is not the average: the two would agree if nothing were averaged.
    assert_eq!(optimizer.evaluation(&params).map(|again| again == seen[2]), Some(false));
}
