//! Does every layer keep what all layers promise? One row a layer; what only one layer promises is tested beside it.

use ndarray::ArrayD;
use nn::init::{Fan, Gain};
use nn::{Activation, Init, Layer, Linear, Sequential};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Pass, Shape, Tape, check_params};

/// Printed by every failure through the row's name; all draws of these tests come from it.
const SEED: u64 = 4;

struct Row {
    name: &'static str,
    plan: Layer<Init>,
    /// The first axis is the batch, unless `batched` says that the layer mixes it.
    input: &'static [usize],
    output: &'static [usize],
    parameters: &'static [&'static str],
    /// Whether the output rows of a batch are those of its input rows, each on its own.
    batched: bool,
}

fn table() -> Vec<Row> {
    let row = |name, plan, input, output, parameters| Row { name, plan, input, output, parameters, batched: true };
    let weights = Linear::new(4, 2).weight(Init::kaiming_normal(Gain::Tanh, Fan::Out)).without_bias();
    let block = Sequential::new().linear(2, 3).sigmoid();
    vec![
        row("Linear", Linear::new(4, 3).into(), &[5, 4], &[5, 3], &["weight", "bias"]),
        row("Linear without bias", weights.into(), &[2, 3, 4], &[2, 3, 2], &["weight"]),
        row("Linear without inputs", Linear::new(0, 2).into(), &[3, 0], &[3, 2], &["weight", "bias"]),
        row("Linear without outputs", Linear::new(2, 0).into(), &[3, 2], &[3, 0], &["weight", "bias"]),
        row("Identity", Activation::Identity.into(), &[3, 2], &[3, 2], &[]),
        row("Relu", Activation::Relu.into(), &[3, 2], &[3, 2], &[]),
        row("Tanh", Activation::Tanh.into(), &[3, 2], &[3, 2], &[]),
        row("Sigmoid", Activation::Sigmoid.into(), &[2, 2, 2], &[2, 2, 2], &[]),
        row("LogSoftmax", Activation::LogSoftmax { axis: -1 }.into(), &[3, 4], &[3, 4], &[]),
        row("LogSoftmax inside", Activation::LogSoftmax { axis: 1 }.into(), &[2, 3, 2], &[2, 3, 2], &[]),
        Row {
            batched: false,
            ..row("LogSoftmax over the batch", Activation::LogSoftmax { axis: 0 }.into(), &[3, 2], &[3, 2], &[])
        },
        row(
            "Sequential",
            Sequential::new().linear(4, 2).tanh().layer(block).relu().log_softmax(-1).into(),
            &[5, 4],
            &[5, 3],
            &["0.weight", "0.bias", "2.0.weight", "2.0.bias"],
        ),
        row("Sequential of nothing", Sequential::new().into(), &[2], &[2], &[]),
    ]
}

/// Numbers from -2 to 2, none of them within 0.01 of the rectifier's kink.
fn input(shape: &[usize], rng: &mut impl Rng) -> ArrayD<f64> {
    Init::uniform(-2.0, 2.0).array(shape, rng).mapv(|x: f64| if x.abs() < 0.01 { 0.5 } else { x })
}

/// What a row of the table becomes: a layer, its parameters and an input. The layer goes through a sequence of its own
/// name, as layers of a model do.
struct Built {
    row: Row,
    layer: Sequential,
    params: Params<f64>,
    x: ArrayD<f64>,
}

impl Built {
    fn all() -> impl Iterator<Item = Self> {
        table().into_iter().map(|row| {
            let rng = &mut ChaCha8Rng::seed_from_u64(SEED);
            let mut params = Params::new();
            let layer = Sequential::new().layer(row.plan.clone()).build(&mut params, rng);
            let x = input(row.input, rng);
            Self { row, layer, params, x }
        })
    }

    fn evaluate(&self, x: &ArrayD<f64>) -> ArrayD<f64> {
        Tape::new().evaluate(&self.params, |pass| self.layer.forward(pass, pass.constant(x)))
    }
}

#[test]
fn shapes_and_names_are_those_of_the_table() {
    for built in Built::all() {
        let name = built.row.name;
        assert_eq!(built.evaluate(&built.x).shape(), built.row.output, "{name}");
        let names: Vec<_> = built.params.iter().map(|(_, parameter)| parameter.name().to_owned()).collect();
        let expected: Vec<_> = built.row.parameters.iter().map(|parameter| format!("0.{parameter}")).collect();
        assert_eq!(names, expected, "{name}");
    }
}

/// The output, which has many elements, is weighted with random numbers, so that what arrives from above is not 1.
#[test]
fn gradients_of_input_and_parameters_are_right() {
    for Built { row, layer, mut params, x } in Built::all() {
        // As one parameter more, the input is verified with the others.
        let x = params.add("input", &x);
        let report = check_params(&params, |pass| layer.forward(pass, pass.parameter(x)));
        assert!(report.passed(), "{}:\n{report}", row.name);
    }
}

#[test]
fn rows_of_a_batch_do_not_know_of_each_other() {
    for built in Built::all().filter(|built| built.row.batched) {
        let whole = built.evaluate(&built.x);
        for (at, (row, expected)) in built.x.outer_iter().zip(whole.outer_iter()).enumerate() {
            let alone = built.evaluate(&row.insert_axis(ndarray::Axis(0)).to_owned());
            for (alone, expected) in alone.iter().zip(expected) {
                // The sums have at most four terms and may be taken in another order.
                assert!((alone - expected).abs() <= 1e-15 * (1.0 + expected.abs()), "{}: row {at}", built.row.name);
            }
        }
    }
}

#[test]
fn an_empty_batch_has_an_empty_output_and_zero_gradients() {
    for mut built in Built::all() {
        let (mut input, mut output) = (built.row.input.to_vec(), built.row.output.to_vec());
        (input[0], output[0]) = (0, 0);
        let x = built.params.add("input", &ArrayD::zeros(input));
        let tape = Tape::new();
        let pass = tape.bind(&built.params);
        let y = built.layer.forward(&pass, pass.parameter(x));
        assert_eq!(y.shape(), Shape::from(output), "{}", built.row.name);
        let gradients = y.sum().backward();
        assert!(gradients.params().iter().all(|gradient| *gradient == 0.0), "{}", built.row.name);
    }
}

#[test]
fn one_seed_makes_one_layer() {
    for (one, other) in Built::all().zip(Built::all()) {
        let bits = |params: &Params<f64>| params.values().iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&one.params), bits(&other.params), "{}", one.row.name);
        assert_eq!(one.evaluate(&one.x), other.evaluate(&other.x), "{}", one.row.name);
    }
}

#[test]
fn one_layer_runs_in_both_precisions() {
    for built in Built::all() {
        let (params, x) = (built.params.cast::<f32>(), built.x.mapv(|x| x as f32));
        let forward = |pass: &Pass<'_, f32>| built.layer.forward(pass, pass.constant(&x));
        let single = Tape::new().evaluate(&params, forward);
        for (single, double) in single.iter().zip(&built.evaluate(&built.x)) {
            // A few dozen roundings at most.
            let tolerance = 50.0 * f64::from(f32::EPSILON) * (1.0 + double.abs());
            assert!((f64::from(*single) - double).abs() < tolerance, "{}: {single}, not {double}", built.row.name);
        }
    }
}
