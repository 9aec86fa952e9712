//! The training loop: epochs over shuffled mini-batches, with all that makes a run observable and resumable.

use std::path::PathBuf;

use optim::Optimizer;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use tape::{Params, Pass, Real, Seed, Tape};

use crate::atomic;
use crate::checkpoint;
use crate::dataset::{Batch, Dataset};
use crate::early_stopping::{Best, EarlyStopping};
use crate::error::Error;
use crate::generator::GeneratorState;
use crate::history::Epoch;
use crate::metrics::Tally;
use crate::outcome::{Outcome, evaluate};
use crate::progress_bar::Bar;
use crate::rows::Rows;
use crate::updates::Updates;

/// A run: parameters, the optimizer that moves them, the examples they learn from, and how long.
///
/// Unless told otherwise it takes 10 epochs in batches of 32, shuffled by a generator of seed 0.
///
/// ```
/// use ndarray::{Array2, array};
/// use optim::Sgd;
/// use train::{Dataset, Trainer};
///
/// // The line y = 3 x - 1, from some of its points.
/// let x = Array2::from_shape_fn((64, 1), |(row, _)| row as f64 / 64.0);
/// let data = Dataset::new(x.clone(), x * 3.0 - 1.0)?;
///
/// let mut params = tape::Params::<f64>::new();
/// let slope = params.add("slope", &array![[0.0]]);
/// let offset = params.add("offset", &array![0.0]);
/// let mut sgd = Sgd::new(0.5);
/// let history = Trainer::new(&mut params, &mut sgd, &data).epochs(50).batch_size(16).run(|pass, batch| {
///     let line = pass.constant(&batch.inputs).matmul(pass.parameter(slope)) + pass.parameter(offset);
///     let error = line - pass.constant(&batch.targets);
///     (error * error).mean()
/// })?;
/// assert_eq!(history.len(), 50);
/// assert!((params.values()[0] - 3.0).abs() < 1e-3);
/// assert!((params.values()[1] + 1.0).abs() < 1e-3);
/// # Ok::<(), train::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is learnt before `run`"]
pub struct Trainer<'a, T: Real, P: ?Sized, X, Y, O = fn(&Epoch, &Params<T>)> {
    params: &'a mut Params<T>,
    optimizer: &'a mut P,
    training: &'a Dataset<X, Y>,
    test: Option<&'a Dataset<X, Y>>,
    settings: Settings,
    observe: O,
}

#[derive(Debug)]
struct Settings {
    epochs: usize,
    batch_size: usize,
    seed: u64,
    early_stopping: Option<EarlyStopping>,
    checkpoint: Option<PathBuf>,
    checkpoint_every: Option<usize>,
    resume: bool,
    progress_bar: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch_size: 32,
            seed: 0,
            early_stopping: None,
            checkpoint: None,
            checkpoint_every: None,
            resume: false,
            progress_bar: true,
        }
    }
}

/// How far a run is: what a checkpoint holds besides parameters and optimizer.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Progress {
    examples: usize,
    batch_size: usize,
    seed: u64,
    /// Whole epochs behind us.
    epoch: usize,
    /// Steps behind us in the epoch after them.
    step: usize,
    /// Where it stood before that epoch was shuffled: a run that is continued within an epoch shuffles it again.
    generator: GeneratorState,
    /// Over the steps behind us in that epoch.
    tally: Tally,
    history: Vec<Epoch>,
    best: Option<Best>,
}

/// A run in progress.
struct State<T> {
    progress: Progress,
    /// The parameters of the best epoch.
    best: Option<Vec<T>>,
}

impl<'a, T, P, X, Y> Trainer<'a, T, P, X, Y>
where
    T: Real,
    P: Optimizer<T> + ?Sized,
    X: Rows,
    Y: Rows,
{
    /// A run over these training examples.
    pub fn new(params: &'a mut Params<T>, optimizer: &'a mut P, training: &'a Dataset<X, Y>) -> Self {
        Self { params, optimizer, training, test: None, settings: Settings::default(), observe: |_, _| {} }
    }
}

impl<'a, T, P, X, Y, O> Trainer<'a, T, P, X, Y, O>
where
    T: Real,
    P: Optimizer<T> + ?Sized,
    X: Rows,
    Y: Rows,
    O: FnMut(&Epoch, &Params<T>),
{
    /// Evaluates these examples, which are not learnt from, at the end of each epoch.
    pub fn test(mut self, test: &'a Dataset<X, Y>) -> Self {
        self.test = Some(test);
        self
    }

    /// How often each training example is learnt from. 10 unless set.
    pub fn epochs(mut self, epochs: usize) -> Self {
        self.settings.epochs = epochs;
        self
    }

    /// How many examples a step learns from. 32 unless set.
    pub fn batch_size(mut self, batch_size: usize) -> Self {
        self.settings.batch_size = batch_size;
        self
    }

    /// The seed of the shuffles and, by [`Seed::child`], of every step's random numbers. 0 unless set.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Ends the run when it has stopped getting better, and leaves the parameters of the best epoch.
    pub fn early_stopping(mut self, early_stopping: EarlyStopping) -> Self {
        self.settings.early_stopping = Some(early_stopping);
        self
    }

    /// Keeps everything that is needed to continue in this file, rewritten after every epoch.
    ///
    /// Whoever kills the run at any moment finds the last file whole; see [`write_file`](crate::write_file).
    pub fn checkpoint(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.checkpoint = Some(path.into());
        self
    }

    /// Rewrites the file of [`checkpoint`](Self::checkpoint) also within an epoch, each time this many of its steps are
    /// done.
    pub fn checkpoint_every(mut self, steps: usize) -> Self {
        self.settings.checkpoint_every = Some(steps);
        self
    }

    /// Continues from the file of [`checkpoint`](Self::checkpoint) if it is there, and begins anew if it is not.
    ///
    /// With the same settings, the run ends with the bits of one that was never interrupted. It may be given more
    /// epochs; the batch size, the seed and the number of examples must be those of the file.
    pub fn resume(mut self, resume: bool) -> Self {
        self.settings.resume = resume;
        self
    }

    /// Whether a bar shows how far the run is. It does unless set, and never where standard error is no terminal.
    pub fn progress_bar(mut self, shown: bool) -> Self {
        self.settings.progress_bar = shown;
        self
    }

    /// Calls `observe` at the end of each epoch, with the parameters as they are then, after the checkpoint is written.
    pub fn on_epoch<F: FnMut(&Epoch, &Params<T>)>(self, observe: F) -> Trainer<'a, T, P, X, Y, F> {
        let Self { params, optimizer, training, test, settings, .. } = self;
        Trainer { params, optimizer, training, test, settings, observe }
    }

    /// Trains, and returns what each epoch came to, those before a resumption included.
    ///
    /// `model` is given a pass with the parameters bound and a batch, and returns the mean loss over the batch, alone or
    /// with the scores of the classes; see [`Outcome`]. The gradient of that mean is the average of the examples'
    /// gradients, computed for the whole batch by matrix operations.
    ///
    /// The pass of a training batch [trains](Pass::training), with a seed of its own for every step of the run; that of a
    /// test batch evaluates. [Updates](Pass::update) of running statistics are written behind the optimizer's step.
    ///
    /// An optimizer that looks at the loss at several points of a step asks `model` as often, with the same batch and seed.
    /// Where an optimizer averages what it steps ([`Optimizer::evaluation`]), it is the average that is tested, observed,
    /// kept as the best, and left in the parameters at the end; a checkpoint holds what is needed to step on.
    ///
    /// # Errors
    /// Before the first step: [`Error::Setting`], [`Error::NoExamples`], [`Error::Optimizer`], and what
    /// [`load_checkpoint`](crate::load_checkpoint) returns; nothing is changed then. Later: [`Error::NonFiniteLoss`] and
    /// [`Error::Step`] with the parameters before that step; [`Error::File`] if the checkpoint cannot be written.
    pub fn run<R: Outcome<T, Y>>(
        mut self,
        mut model: impl FnMut(&Pass<'_, T>, &Batch<X, Y>) -> R,
    ) -> Result<Vec<Epoch>, Error> {
        self.check()?;
        let mut state = self.begin()?;
        let mut tape = Tape::new();
        let steps = self.training.len().div_ceil(self.settings.batch_size);
        let done = state.progress.epoch.saturating_mul(steps).saturating_add(state.progress.step);
        let bar = Bar::new(self.settings.progress_bar, self.settings.epochs.saturating_mul(steps), done);
        while !self.is_over(&state.progress) {
            let after = self.learn(&mut state, &mut tape, &mut model, &bar)?;
            let stepped = self.evaluation();
            let test =
                self.test.map(|data| evaluate(&mut tape, self.params, data, self.settings.batch_size, &mut model));
            let epoch = Epoch {
                number: state.progress.epoch + 1,
                learning_rate: self.optimizer.learning_rate(),
                training: state.progress.tally.metrics(),
                test,
            };
            self.keep_best(&mut state, &epoch);
            self.put(stepped);
            let progress = &mut state.progress;
            progress.history.push(epoch);
            (progress.epoch, progress.step, progress.tally) = (epoch.number, 0, Tally::default());
            progress.generator = GeneratorState::of(&after);
            self.save(&state)?;
            bar.epoch(&epoch);
            let stepped = self.evaluation();
            bar.aside(|| (self.observe)(&epoch, self.params));
            self.put(stepped);
        }
        self.evaluation();
        if let Some(best) = state.best {
            self.params.values_mut().copy_from_slice(&best);
        }
        Ok(state.progress.history)
    }

    /// The steps that are left of an epoch. Returns the generator as the next epoch finds it.
    fn learn<R: Outcome<T, Y>>(
        &mut self,
        state: &mut State<T>,
        tape: &mut Tape<T>,
        mut model: impl FnMut(&Pass<'_, T>, &Batch<X, Y>) -> R,
        bar: &Bar,
    ) -> Result<ChaCha8Rng, Error> {
        let mut generator = state.progress.generator.generator();
        let mut updates = Updates::default();
        let mut batches = self.training.batches(self.settings.batch_size, &mut generator).skip(state.progress.step);
        while let Some(batch) = batches.next() {
            let (epoch, step) = (state.progress.epoch + 1, state.progress.step + 1);
            let seed = self.seed_of(&state.progress);
            let mut first = None;
            let stepped = self.optimizer.step_with(self.params, &mut |params| {
                let mut found = None;
                let (loss, gradients) = tape.value_and_grad(params, |pass| {
                    let pass = &pass.training(seed);
                    let outcome = model(pass, &batch);
                    found = outcome.hits(pass, &batch.targets);
                    outcome.loss()
                });
                let loss = Real::widen(loss);
                // Some optimizers ask again, elsewhere: what a step is logged as is where it begins.
                if first.is_none() {
                    first = Some((loss, found));
                    updates.keep(params, &gradients);
                }
                (loss, gradients)
            });
            let (loss, hits) = first.unwrap_or((f64::NAN, None));
            match stepped {
                Err(_) if !loss.is_finite() => return Err(Error::NonFiniteLoss { epoch, step, loss }),
                stepped => stepped.map_err(|source| Error::Step { epoch, step, source })?,
            };
            updates.write(self.params);
            state.progress.tally.add(batch.len(), loss, hits);
            state.progress.step = step;
            bar.step();
            let due = self.settings.checkpoint_every.is_some_and(|every| step.is_multiple_of(every));
            // At the end of the epoch there is a checkpoint anyway.
            if due && batches.len() > 0 {
                self.save(state)?;
            }
        }
        Ok(generator)
    }

    /// Has the parameters at which the model is to be evaluated take the place of those that are stepped; returns these,
    /// if the optimizer tells the two apart.
    fn evaluation(&mut self) -> Option<Vec<T>> {
        let averaged = self.optimizer.evaluation(self.params)?;
        let stepped = self.params.values().to_vec();
        self.params.values_mut().copy_from_slice(&averaged);
        Some(stepped)
    }

    fn put(&mut self, stepped: Option<Vec<T>>) {
        if let Some(stepped) = stepped {
            self.params.values_mut().copy_from_slice(&stepped);
        }
    }

    /// The seed of the next step's random numbers: it depends on the run's seed and on how many steps are behind us.
    fn seed_of(&self, progress: &Progress) -> Seed {
        let steps = self.training.len().div_ceil(self.settings.batch_size);
        let behind = progress.epoch.saturating_mul(steps).saturating_add(progress.step);
        Seed::from(self.settings.seed).child(behind as u64)
    }

    fn check(&self) -> Result<(), Error> {
        let at_least_one = |setting, value: Option<usize>| match value {
            Some(0) => Err(Error::Setting { setting, value: "0".to_owned(), rule: "it must be at least 1" }),
            _ => Ok(()),
        };
        at_least_one("batch size", Some(self.settings.batch_size))?;
        at_least_one("checkpoint_every", self.settings.checkpoint_every)?;
        self.settings.early_stopping.iter().try_for_each(EarlyStopping::check)?;
        for (set, data) in [("training", Some(self.training)), ("test", self.test)] {
            if data.is_some_and(Dataset::is_empty) {
                return Err(Error::NoExamples { set });
            }
        }
        self.optimizer.check().map_err(Error::Optimizer)
    }

    /// The state of a new run, or of the one that is to be continued.
    fn begin(&mut self) -> Result<State<T>, Error> {
        let Settings { batch_size, seed, .. } = self.settings;
        let progress = Progress {
            examples: self.training.len(),
            batch_size,
            seed,
            epoch: 0,
            step: 0,
            generator: GeneratorState::of(&ChaCha8Rng::seed_from_u64(seed)),
            tally: Tally::default(),
            history: Vec::new(),
            best: None,
        };
        let new = State { progress, best: None };
        let Some(path) = &self.settings.checkpoint else { return Ok(new) };
        atomic::probe(path)?;
        if !(self.settings.resume && path.exists()) {
            return Ok(new);
        }
        let saved = checkpoint::read::<T, Progress>(path, self.params)?;
        if let Some(difference) = saved.progress.difference(&new.progress) {
            return Err(Error::OtherRun { path: path.clone(), difference });
        }
        let (progress, best) = saved.restore(path, self.params, self.optimizer)?;
        Ok(State { progress, best })
    }

    fn save(&self, state: &State<T>) -> Result<(), Error> {
        match &self.settings.checkpoint {
            Some(path) => {
                let optimizer = self.optimizer.state();
                checkpoint::write(path, self.params, optimizer, state.best.as_deref(), &state.progress)
            }
            None => Ok(()),
        }
    }

    fn is_over(&self, progress: &Progress) -> bool {
        let stopped = |stopping: EarlyStopping| stopping.is_over(progress.epoch, progress.best);
        progress.epoch >= self.settings.epochs || self.settings.early_stopping.is_some_and(stopped)
    }

    fn keep_best(&self, state: &mut State<T>, epoch: &Epoch) {
        let improvement =
            self.settings.early_stopping.and_then(|stopping| stopping.improvement(epoch, state.progress.best));
        if improvement.is_some() {
            state.progress.best = improvement;
            let best = state.best.get_or_insert_default();
            best.clear();
            best.extend_from_slice(self.params.values());
        }
    }
}

impl Progress {
    /// Why a run that begins like `other` is not this one.
    fn difference(&self, other: &Self) -> Option<String> {
        [
            ("number of examples", self.examples as u64, other.examples as u64),
            ("batch size", self.batch_size as u64, other.batch_size as u64),
            ("seed", self.seed, other.seed),
        ]
        .into_iter()
        .find(|(_, saved, asked)| saved != asked)
        .map(|(what, saved, asked)| format!("its {what} is {saved}, not {asked}"))
    }
}
