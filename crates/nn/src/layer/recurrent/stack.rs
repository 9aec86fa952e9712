//! Cells over sequences, in several layers and both directions.
//!
//! What the inputs give to the gates is one product for all steps. A step itself is one product, of the last hidden
//! state, for all gates together; a test counts the nodes.

use rand::Rng;
use tape::{Mask, ParamId, Params, Pass, Real, Shape, Tensor};

use super::cell::{check_axes, check_features, check_state};
use super::lengths::Column;
use super::sealed::State as _;
use super::{Cell, Lengths, Rule, Zeros};
use crate::error::{Error, unwrap};
use crate::init::Init;
use crate::layer::dropout::Dropout;

/// A recurrent layer over sequences: [`Rnn`](crate::Rnn), [`Lstm`](crate::Lstm) or [`Gru`](crate::Gru).
///
/// A plan until [`build`](Recurrent::build) has added its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Recurrent<R, P = ParamId> {
    /// The length of the input's last axis.
    pub input_size: usize,
    /// The length of the state's last axis.
    pub hidden_size: usize,
    /// How many layers there are, each but the first over the outputs of the one before. 1 unless set.
    pub num_layers: usize,
    /// Whether every layer reads the sequences from both ends; its outputs then stand side by side.
    pub bidirectional: bool,
    /// Whether the batch is the first axis of inputs and outputs, and time the second. States have the layers first.
    pub batch_first: bool,
    /// What is left out, in training, of every layer's output but the last one's. Nothing unless set.
    pub dropout: Dropout,
    /// The length that the hidden states of an LSTM are projected to.
    pub proj_size: Option<usize>,
    /// One for every layer and direction, layer by layer, forwards before backwards, which is the order of the states; in
    /// a plan the one that all are made like.
    pub cells: Vec<Cell<R, P>>,
}

impl<R: Rule> Recurrent<R, Init> {
    pub(super) fn plan(rule: R, input_size: usize, hidden_size: usize) -> Self {
        Self {
            input_size,
            hidden_size,
            num_layers: 1,
            bidirectional: false,
            batch_first: false,
            dropout: Dropout::new(0.0),
            proj_size: None,
            cells: vec![Cell::plan(rule, input_size, hidden_size)],
        }
    }

    /// With so many layers.
    #[must_use]
    pub fn num_layers(self, num_layers: usize) -> Self {
        Self { num_layers, ..self }
    }

    /// In both directions.
    #[must_use]
    pub fn bidirectional(self) -> Self {
        Self { bidirectional: true, ..self }
    }

    /// With inputs and outputs `[batch, time, ..]`.
    #[must_use]
    pub fn batch_first(self) -> Self {
        Self { batch_first: true, ..self }
    }

    /// With this probability of an element of a layer's output, the last one's excepted, of being left out in training.
    ///
    /// # Panics
    /// If it is not from 0 to 1.
    #[must_use]
    #[track_caller]
    pub fn dropout(self, p: f64) -> Self {
        Self { dropout: Dropout::new(p), ..self }
    }

    /// With all weights of inputs initialised this way.
    #[must_use]
    pub fn weight_ih(self, weight_ih: Init) -> Self {
        self.each(|cell| cell.weight_ih(weight_ih))
    }

    /// With all weights of last states, and of projections, initialised this way.
    #[must_use]
    pub fn weight_hh(self, weight_hh: Init) -> Self {
        self.each(|cell| cell.weight_hh(weight_hh))
    }

    /// With all biases beside inputs initialised this way.
    #[must_use]
    pub fn bias_ih(self, bias_ih: Init) -> Self {
        self.each(|cell| cell.bias_ih(bias_ih))
    }

    /// With all biases beside last states initialised this way.
    #[must_use]
    pub fn bias_hh(self, bias_hh: Init) -> Self {
        self.each(|cell| cell.bias_hh(bias_hh))
    }

    /// Without biases.
    #[must_use]
    pub fn without_bias(self) -> Self {
        self.each(Cell::without_bias)
    }

    pub(super) fn each(self, change: impl Fn(Cell<R, Init>) -> Cell<R, Init>) -> Self {
        let cells = self.cells.into_iter().map(change).collect();
        Self { cells, ..self }
    }

    /// Adds the parameters and initialises them: for layer 0 `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`
    /// and `weight_hr_l0`, as far as there are such, then those of the other direction, which end in `_reverse`, then
    /// those of the next layer.
    ///
    /// # Panics
    /// If there is no layer, or a projection that does not shorten. If a name is taken: put layers apart with
    /// [`Params::within`]. If an initialiser does not suit its parameter, as one that scales by the fans does not suit a
    /// bias.
    #[track_caller]
    pub fn build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Recurrent<R> {
        unwrap(self.try_build(params, rng))
    }

    fn try_build<T: Real>(self, params: &mut Params<T>, rng: &mut (impl Rng + ?Sized)) -> Result<Recurrent<R>, Error> {
        let refuse = |setting, value, rule| Err(Error::Setting { layer: R::LAYER, setting, value, rule });
        if self.num_layers == 0 {
            return refuse("num_layers", self.num_layers.to_string(), "there must be at least one");
        }
        if let Some(size) = self.proj_size.filter(|size| *size == 0 || *size >= self.hidden_size) {
            return refuse("proj_size", size.to_string(), "it must be at least 1 and less than hidden_size");
        }
        let Self { input_size, hidden_size, num_layers, bidirectional, batch_first, dropout, proj_size, .. } = self;
        let output_size = proj_size.unwrap_or(hidden_size);
        let directions = 1 + usize::from(bidirectional);
        let mut cells = Vec::with_capacity(num_layers * directions);
        for layer in 0..num_layers {
            for direction in ["", "_reverse"].into_iter().take(directions) {
                let input_size = if layer == 0 { input_size } else { directions * output_size };
                let plan = self.cells[0];
                let weight_hr = proj_size.map(|_| plan.weight_hh);
                let plan = Cell { input_size, weight_hr, ..plan };
                cells.push(plan.try_build(&format!("_l{layer}{direction}"), output_size, params, rng)?);
            }
        }
        Ok(Recurrent { input_size, hidden_size, num_layers, bidirectional, batch_first, dropout, proj_size, cells })
    }
}

/// How many steps and sequences an input has.
#[derive(Debug, Clone, Copy)]
struct Extent {
    steps: usize,
    batch: usize,
    /// Whether the input had no axis for the batch.
    lone: bool,
}

impl<R: Rule> Recurrent<R> {
    /// The outputs of the last layer at all steps, and the states at the end of all layers.
    ///
    /// | | |
    /// | --- | --- |
    /// | input | `[time, batch, input_size]`, `[batch, time, input_size]` if `batch_first`, or `[time, input_size]` |
    /// | output | the same with `directions * hidden_size` features |
    /// | states, given and returned | `[num_layers * directions, batch, hidden_size]`, or without the batch |
    ///
    /// Hidden states have `proj_size` features if there is a projection. Without a state all are zeros. No steps give no
    /// outputs and leave the state as it is.
    ///
    /// # Panics
    /// If the input has other axes or another number of features, or the state another shape, or other parameters are
    /// bound than the layer was built with.
    #[must_use]
    #[track_caller]
    pub fn forward<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        x: Tensor<T>,
        state: Option<R::State<T>>,
    ) -> (Tensor<T>, R::State<T>) {
        let extent = unwrap(self.extent(x, state));
        self.run(pass, x, extent, None, state)
    }

    /// As [`forward`](Self::forward), of sequences of different lengths, each padded behind its end with anything.
    ///
    /// This is what PyTorch computes of packed sequences: outputs behind a sequence's end are zero, its state is that of
    /// its own last step, and the other direction begins there. A sequence may be empty, which PyTorch refuses: it keeps
    /// its state.
    ///
    /// ```
    /// use nn::{Init, Nonlinearity, Rnn};
    /// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
    ///
    /// // It adds up; so the other direction adds up from the end.
    /// let mut params = tape::Params::<f64>::new();
    /// let one = Init::constant(1.0);
    /// let plan = Rnn::new(1, 1).nonlinearity(Nonlinearity::Relu).weight_ih(one).weight_hh(one).without_bias();
    /// let layer = plan.bidirectional().build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
    /// let tape = tape::Tape::new();
    /// let x = tape.constant([[1.0, 5.0], [2.0, f64::NAN]]).unsqueeze(2);
    /// let (output, last) = layer.forward_lengths(&tape.bind(&params), x, &[2, 1], None);
    /// assert_eq!(output.to_array().as_slice(), Some(&[1.0, 3.0, 5.0, 5.0, 3.0, 2.0, 0.0, 0.0][..]));
    /// assert_eq!(last.to_array().as_slice(), Some(&[3.0, 5.0, 3.0, 5.0][..]));
    /// ```
    ///
    /// # Panics
    /// As [`forward`](Self::forward); if there is not one length a sequence, or one exceeds the number of steps.
    #[doc(alias = "pack_padded_sequence")]
    #[must_use]
    #[track_caller]
    pub fn forward_lengths<'a, T: Real>(
        &self,
        pass: &Pass<'_, T>,
        x: Tensor<T>,
        lengths: impl Into<Lengths<'a, T>>,
        state: Option<R::State<T>>,
    ) -> (Tensor<T>, R::State<T>) {
        let extent = unwrap(self.extent(x, state));
        let Extent { steps, batch, lone } = extent;
        let lengths = unwrap(lengths.into().column(R::LAYER, pass, steps, batch));
        let each: Vec<_> = (0..steps).map(|step| lengths.gt(T::from_f64(step as f64))).collect();
        let numbers: Vec<usize> = (0..steps).collect();
        let numbers = pass.constant(Column(&numbers));
        let all = match (lone, self.batch_first) {
            (true, _) => lengths.gt(numbers),
            (false, true) => lengths.unsqueeze(1).gt(numbers),
            (false, false) => lengths.gt(numbers.unsqueeze(1)),
        };
        // What is not finite behind an end would make the weights' gradient so: its share is zero times the input.
        let (output, state) = self.run(pass, all.select(x, T::zero()), extent, Some(&each), state);
        (all.select(output, T::zero()), state)
    }

    fn directions(&self) -> usize {
        1 + usize::from(self.bidirectional)
    }

    /// The length of part `number` of the state.
    fn part_size(&self, number: usize) -> usize {
        self.proj_size.filter(|_| number == 0).unwrap_or(self.hidden_size)
    }

    /// What an input and a state are like, if they are as they should be.
    #[track_caller]
    fn extent<T: Real>(&self, x: Tensor<T>, state: Option<R::State<T>>) -> Result<Extent, Error> {
        let input = x.shape();
        let expected = if self.batch_first { "[batch, time, features]" } else { "[time, batch, features]" };
        check_axes(R::LAYER, &input, 2, expected)?;
        check_features(R::LAYER, &input, self.input_size)?;
        let (steps, batch, lone) = match *input {
            [steps, _] => (steps, 1, true),
            [batch, steps, _] if self.batch_first => (steps, batch, false),
            _ => (input[0], input[1], false),
        };
        if let Some(state) = state {
            let cells = self.cells.len();
            check_state(R::LAYER, state, |number| match lone {
                true => Shape::from([cells, self.part_size(number)]),
                false => Shape::from([cells, batch, self.part_size(number)]),
            })?;
        }
        Ok(Extent { steps, batch, lone })
    }

    #[track_caller]
    fn run<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        x: Tensor<T>,
        extent: Extent,
        masks: Option<&[Mask<T>]>,
        state: Option<R::State<T>>,
    ) -> (Tensor<T>, R::State<T>) {
        let Extent { steps, batch, lone } = extent;
        let x = if self.batch_first && !lone { x.transpose(0, 1) } else { x };
        let mut rows = x.reshape([steps * batch, self.input_size]);
        let mut last = Vec::with_capacity(self.cells.len());
        for (layer, cells) in self.cells.chunks(self.directions()).enumerate() {
            if layer > 0 {
                rows = self.dropout.forward(pass, rows);
            }
            let mut outputs = Vec::with_capacity(cells.len());
            for (direction, cell) in cells.iter().enumerate() {
                let start = self.start(pass, batch, layer * cells.len() + direction, state);
                let (output, end) = sequence(cell, pass, rows, start, extent, masks, direction == 1);
                outputs.push(output.unwrap_or_else(|| pass.constant(Zeros(Shape::from([0, self.part_size(0)])))));
                last.push(end);
            }
            rows = joined(&outputs, 1);
        }
        let features = self.directions() * self.part_size(0);
        let output = match lone {
            true => rows,
            false => rows.reshape([steps, batch, features]),
        };
        let output = if self.batch_first && !lone { output.transpose(0, 1) } else { output };
        let state = R::State::of(|number| {
            let size = self.part_size(number);
            let parts: Vec<_> = last.iter().map(|state| state.part(number)).collect();
            let joined = joined(&parts, 0);
            match lone {
                true => joined,
                false => joined.reshape([self.cells.len(), batch, size]),
            }
        });
        (output, state)
    }

    /// The state in which cell `number` begins: `[batch, features]` each part.
    #[track_caller]
    fn start<T: Real>(
        &self,
        pass: &Pass<'_, T>,
        batch: usize,
        number: usize,
        state: Option<R::State<T>>,
    ) -> R::State<T> {
        R::State::of(|part| {
            let shape = Shape::from([batch, self.part_size(part)]);
            match state {
                Some(state) => state.part(part).narrow(0, number..number + 1).reshape(shape),
                None => pass.constant(Zeros(shape)),
            }
        })
    }
}

/// One cell over all steps of `[steps * batch, features]`: the outputs at all steps, if there are any, and the last state.
/// Backwards, a sequence whose end lies before the last step waits there in its first state.
#[track_caller]
fn sequence<T: Real, R: Rule>(
    cell: &Cell<R>,
    pass: &Pass<'_, T>,
    rows: Tensor<T>,
    start: R::State<T>,
    Extent { steps, batch, .. }: Extent,
    masks: Option<&[Mask<T>]>,
    backwards: bool,
) -> (Option<Tensor<T>>, R::State<T>) {
    if steps == 0 {
        return (None, start);
    }
    let (inputs, bound) = (cell.inputs(pass, rows), cell.bind(pass));
    let mut state = start;
    let mut outputs = Vec::with_capacity(steps);
    for step in 0..steps {
        let step = if backwards { steps - 1 - step } else { step };
        let next = bound.next(inputs.narrow(0, step * batch..(step + 1) * batch), state);
        state = match masks {
            Some(masks) => R::State::of(|number| masks[step].select(next.part(number), state.part(number))),
            None => next,
        };
        outputs.push(state.part(0));
    }
    if backwards {
        outputs.reverse();
    }
    (Some(joined(&outputs, 0)), state)
}

/// Tensors one after another; a single one as it is.
#[track_caller]
fn joined<T: Real>(tensors: &[Tensor<T>], axis: isize) -> Tensor<T> {
    match tensors {
        [tensor] => *tensor,
        _ => Tensor::concat(tensors, axis),
    }
}
