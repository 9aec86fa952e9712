//! Shards of a batch on several threads are the batch, and their bits do not depend on the threads.

use ndarray::{Array1, Array2, ArrayD, Axis, array, s};
use proptest::prelude::*;
use tape::{CustomOp, Error, Indices, ParamId, Params, Pass, Program, Seed, ShardedProgram, Tape, Tensor};

fn matrix(rows: usize, cols: usize, seed: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, cols), |(i, j)| ((i * 31 + j * 17 + seed * 7) % 29) as f64 / 14.5 - 1.0)
}

/// A classifier with dropout, a scale that all shards share, and a running mean.
struct Model {
    params: Params<f64>,
    ids: [ParamId; 3],
}

impl Model {
    fn new() -> Self {
        let mut params = Params::new();
        let ids = [
            params.add("0.weight", &matrix(5, 8, 1)),
            params.add("1.weight", &matrix(8, 3, 2)),
            params.add_buffer("running_mean", &Array1::zeros(5)),
        ];
        Self { params, ids }
    }

    fn loss(&self, pass: &Pass<'_, f64>, x: Tensor<f64>, labels: Indices<'_>, scale: Tensor<f64>) -> Tensor<f64> {
        let [w0, w1] = [self.ids[0], self.ids[1]].map(|id| pass.parameter(id));
        let mut x = x;
        if pass.is_training() {
            pass.update(self.ids[2], pass.updated(self.ids[2]) * 0.9 + x.mean_axes(0) * 0.1);
            x = x * pass.bernoulli(0.5, x.shape());
        }
        let rows = x.shape()[0];
        let scores = (x.matmul(w0) * scale).tanh().matmul(w1).log_softmax(-1);
        scores.gather(1, labels.reshape([rows, 1]).unwrap()).mean() * -1.0
    }
}

fn labels(rows: usize, seed: usize) -> Vec<usize> {
    (0..rows).map(|row| (row * 2 + seed) % 3).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// In as many shards as there may be, also of different lengths, it is the mean of the shards' eager passes, bit for bit.
    #[test]
    fn shards_are_eager_passes_of_their_rows(rows in 1_usize..14, shards in 1_usize..6, seed: u64) {
        let model = Model::new();
        let (x, labels, scale) = (matrix(rows, 5, 3), labels(rows, 1), ndarray::arr0(0.7));
        let inputs = (&x, &labels, &scale, Seed::from(seed));
        let mut program = ShardedProgram::record_shards(
            &model.params,
            shards,
            (&matrix(rows, 5, 9), &vec![0; rows], &ndarray::arr0(1.0), Seed::from(0)),
            |pass, (x, labels, scale, seed)| model.loss(&pass.training(seed), x, labels, scale),
        );
        let count = shards.min(rows);
        prop_assert_eq!(program.shards(), count);
        let (mut loss, mut gradients, mut mean) = (0.0, Array1::<f64>::zeros(model.params.size()), Array1::<f64>::zeros(5));
        let mut start = 0;
        for shard in 0..count {
            let end = start + rows / count + usize::from(shard < rows % count);
            let own = if count == 1 { Seed::from(seed) } else { Seed::from(seed).child(shard as u64) };
            let (value, eager) = Tape::new().value_and_grad(&model.params, |pass| {
                let x = pass.constant(x.slice(s![start..end, ..]));
                model.loss(&pass.training(own), x, Indices::from(&labels[start..end]), pass.constant(&scale))
            });
            let weight = (end - start) as f64 / rows as f64;
            loss += weight * value;
            gradients += &(Array1::from(eager.params().to_vec()) * weight);
            let updated = eager.updates().next().unwrap().1.to_owned();
            mean += &(updated.into_dimensionality::<ndarray::Ix1>().unwrap() * weight);
            start = end;
        }
        let (value, found) = program.run(&model.params, inputs).unwrap();
        prop_assert_eq!(value, loss);
        prop_assert_eq!(found.params(), gradients.as_slice().unwrap());
        let updated: Vec<_> = found.updates().map(|(id, value)| (id, value.to_owned())).collect();
        prop_assert_eq!(updated, vec![(model.ids[2], mean.into_dyn())]);
    }
}

#[test]
fn without_noise_shards_are_the_whole_batch() {
    let model = Model::new();
    let (x, labels, scale) = (matrix(7, 5, 3), labels(7, 1), ndarray::arr0(0.7));
    let loss = |pass: &Pass<'_, f64>, (x, labels, scale): (Tensor<f64>, Indices<'static>, Tensor<f64>)| {
        model.loss(pass, x, labels, scale)
    };
    let mut whole = Program::record(&model.params, (&x, &labels, &scale), loss);
    let mut sharded = ShardedProgram::record_shards(&model.params, 3, (&x, &labels, &scale), loss);
    let (expected, gradients) = whole.run(&model.params, (&x, &labels, &scale)).unwrap();
    let (value, found) = sharded.run(&model.params, (&x, &labels, &scale)).unwrap();
    assert!((value - expected).abs() < 1e-15);
    assert!(found.params().iter().zip(gradients.params()).all(|(found, g)| (found - g).abs() < 1e-15));
    assert_eq!(found.stretches(&model.params).unwrap().collect::<Vec<_>>(), [0..64]);
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let model = Model::new();
    let (x, labels, scale) = (matrix(40, 5, 3), labels(40, 1), ndarray::arr0(0.7));
    let steps = || {
        let mut program = ShardedProgram::record_shards(
            &model.params,
            7,
            (&x, &labels, &scale, Seed::from(0)),
            |pass, (x, labels, scale, seed)| model.loss(&pass.training(seed), x, labels, scale),
        );
        let mut bits = Vec::new();
        for step in 0..20 {
            let inputs = (&x, &labels, &scale, Seed::from(step));
            let (loss, gradients) = program.run(&model.params, inputs).unwrap();
            bits.push(loss.to_bits());
            bits.extend(gradients.params().iter().map(|g| g.to_bits()));
        }
        bits
    };
    // A program stays on its thread, so that it is made where it runs.
    let run = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(steps);
    let alone = run(1);
    assert_eq!(run(2), alone);
    assert_eq!(run(5), alone);
}

#[test]
fn a_small_step_stays_in_one_piece_and_a_large_one_is_cut() {
    let record = |rows: usize, width: usize| {
        let mut params = Params::<f64>::new();
        let w = params.add("w", &Array2::zeros((width, width)));
        ShardedProgram::record(&params, 4, (&Array2::zeros((rows, width)),), |pass, (x,)| {
            x.matmul(pass.parameter(w)).tanh().mean()
        })
        .shards()
    };
    assert_eq!(record(32, 16), 1);
    assert_eq!(record(512, 256), 4);
}

#[test]
fn what_cannot_be_cut_says_so() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![1.0, 2.0, 3.0]);
    let (four, five) = (Array1::<f64>::zeros(4), Array1::<f64>::zeros(5));
    let lengths = ShardedProgram::try_record(&params, 1, (&four, &five), |_, (x, y)| Ok(x.sum() + y.sum()));
    assert_eq!(
        lengths.unwrap_err().to_string(),
        "sharded program: shapes [4] and [5]: shards are parts of all inputs along their first axis, \
         which must be equally long"
    );
    let two = ShardedProgram::try_record(&params, 2, (&four,), |_, (x,)| Ok(x));
    assert_eq!(
        two.unwrap_err().to_string(),
        "backward: root of shape [4]: only a single element has a gradient; reduce it first, with sum() or mean()"
    );
    // An index into the rows means another row in each shard, where there is one.
    let mut program = ShardedProgram::record_shards(&params, 2, (&four, &[0_usize; 4]), |pass, (x, rows)| {
        (x.index_select(0, rows) * pass.parameter(w).sum()).mean()
    });
    let error = program.run(&params, (&four, &[0_usize, 1, 2, 1])).unwrap_err();
    assert_eq!(error.to_string(), "shard: index 2 on axis 0 of shape [2]: it must lie below 2");
    let error = program.run(&params, (&five, &[0_usize; 4])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "program: input 0 is an array of shape [5] where the recording had an array of shape [4]"
    );
}

/// Two times the input.
struct Double;

impl CustomOp<f64> for Double {
    fn name(&self) -> &'static str {
        "double"
    }

    fn value(&self, inputs: &[ndarray::ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>, Error> {
        Ok(&inputs[0] * 2.0)
    }

    fn vjp(&self, _: &[Tensor<f64>], _: Tensor<f64>, adjoint: Tensor<f64>) -> Result<Vec<Option<Tensor<f64>>>, Error> {
        Ok(vec![Some(adjoint * 2.0)])
    }
}

#[test]
#[should_panic(expected = "double: runs on one thread only: its code belongs to the thread that recorded it")]
fn code_of_users_runs_on_one_thread_only() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![1.0]);
    let _ = ShardedProgram::record_shards(&params, 2, (&[[1.0], [2.0]],), |pass, (x,)| {
        Tensor::custom(Double, &[x * pass.parameter(w)]).mean()
    });
}

#[test]
fn a_batch_without_rows_or_without_inputs_runs_in_one_piece() {
    let mut params = Params::<f64>::new();
    let w = params.add("w", &array![3.0]);
    let mut none = ShardedProgram::record_shards(&params, 2, (), |pass, ()| pass.parameter(w).powi(2).sum());
    assert_eq!(none.shards(), 1);
    assert_eq!(none.run(&params, ()).unwrap().1.params(), [6.0]);
    let empty = Array2::<f64>::zeros((0, 1));
    let mut program =
        ShardedProgram::record_shards(&params, 2, (&empty,), |pass, (x,)| (x * pass.parameter(w)).sum_axes(0).sum());
    assert_eq!(program.run(&params, (&empty,)).unwrap().0, 0.0);
    assert_eq!(empty.len_of(Axis(0)), 0);
}
