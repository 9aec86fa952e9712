//! Are the numbers PyTorch's? Compares outputs, losses and gradients with those that `pytorch/generate.py` wrote down
//! with PyTorch 2.15 in f64.

use ndarray::{ArrayD, ArrayViewD, Dimension};
use nn::{Activation, Linear, Sequential, cross_entropy, mse};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Pass, Tape, Tensor};

/// Relative to the larger of the two and 1.
const TOLERANCE: f64 = 1e-10;

/// The arrays of one case, by name.
struct Reference {
    case: &'static str,
    arrays: Vec<(&'static str, ArrayD<f64>)>,
}

impl Reference {
    fn read(case: &'static str, text: &'static str) -> Self {
        let array = |line: &'static str| {
            let mut words = line.split(' ');
            let (name, shape) = (words.next().unwrap(), words.next().unwrap());
            let shape: Vec<usize> = shape.split('x').filter_map(|length| length.parse().ok()).collect();
            let elements = words.map(|word| word.parse().unwrap()).collect();
            (name, ArrayD::from_shape_vec(shape, elements).unwrap())
        };
        Self { case, arrays: text.lines().map(array).collect() }
    }

    fn get(&self, name: &str) -> &ArrayD<f64> {
        let found = self.arrays.iter().find(|(found, _)| *found == name);
        &found.unwrap_or_else(|| panic!("{}: no array {name}", self.case)).1
    }

    fn labels(&self) -> Vec<usize> {
        self.get("labels").iter().map(|&label| label as usize).collect()
    }

    fn assert_close(&self, name: &str, found: &ArrayViewD<'_, f64>) {
        let expected = self.get(name);
        assert_eq!(found.shape(), expected.shape(), "{}: {name}", self.case);
        for ((at, &expected), &found) in expected.indexed_iter().zip(found) {
            let scale = expected.abs().max(found.abs()).max(1.0);
            let close = found == expected || (found - expected).abs() <= TOLERANCE * scale;
            assert!(close, "{}: {name}{:?}: {found}, and PyTorch has {expected}", self.case, at.slice());
        }
    }

    /// Loads PyTorch's parameters into the model's of the same names, runs it, and compares everything.
    fn compare(
        &self,
        plan: Sequential<nn::Init>,
        prefix: &str,
        loss: impl Fn(&Pass<'_, f64>, Tensor<f64>) -> Option<Tensor<f64>>,
    ) {
        let mut params = Params::new();
        let model = plan.build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        let ids: Vec<_> = params.iter().map(|(id, parameter)| (id, parameter.name().to_owned())).collect();
        // Where PyTorch has a layer alone, ours is the only one of a sequence.
        let pytorchs = |name: &str| name.strip_prefix(prefix).unwrap().to_owned();
        for (id, name) in &ids {
            params.view_mut(*id).assign(self.get(&pytorchs(name)));
        }
        let gradients = self.arrays.iter().filter(|(name, _)| name.starts_with("gradient.")).count();
        assert_eq!(gradients, ids.len() + 1, "{}: every gradient has its parameter", self.case);

        let tape = Tape::new();
        let pass = tape.bind(&params);
        let x = tape.variable(self.get("x"));
        let output = model.forward(&pass, x);
        self.assert_close("output", &tape.view(output));
        let root = match loss(&pass, output) {
            Some(loss) => {
                self.assert_close("loss", &tape.view(loss));
                loss * 2.5
            }
            None => (output * tape.constant(self.get("upstream"))).sum(),
        };
        let gradients = root.backward();
        self.assert_close("gradient.x", &gradients.get(x).expect("the output depends on the input"));
        for (id, name) in &ids {
            let gradient = gradients.get(*id).expect("the output depends on every parameter");
            self.assert_close(&format!("gradient.{}", pytorchs(name)), &gradient);
        }
    }
}

macro_rules! reference {
    ($case:literal) => {
        Reference::read($case, include_str!(concat!("pytorch/", $case, ".txt")))
    };
}

#[test]
fn linear() {
    reference!("linear").compare(Sequential::new().linear(4, 3), "0.", |_, _| None);
    let plan = Sequential::new().layer(Linear::new(4, 3).without_bias());
    reference!("linear_without_bias").compare(plan, "0.", |_, _| None);
}

#[test]
fn activations() {
    for (reference, activation) in [
        (reference!("relu"), Activation::Relu),
        (reference!("tanh"), Activation::Tanh),
        (reference!("sigmoid"), Activation::Sigmoid),
        (reference!("log_softmax"), Activation::LogSoftmax { axis: -1 }),
        (reference!("log_softmax_first_axis"), Activation::LogSoftmax { axis: 0 }),
    ] {
        reference.compare(Sequential::new().layer(activation), "", |_, _| None);
    }
}

#[test]
fn a_network_with_cross_entropy() {
    let reference = reference!("mlp_cross_entropy");
    let plan = Sequential::new().linear(5, 7).relu().linear(7, 6).tanh().linear(6, 5);
    reference.compare(plan, "", |_, output| Some(cross_entropy(output, &reference.labels())));
}

#[test]
fn a_network_with_the_mean_squared_error() {
    let reference = reference!("mlp_mse");
    let plan = Sequential::new().linear(3, 8).sigmoid().linear(8, 2);
    reference.compare(plan, "", |pass, output| Some(mse(output, pass.constant(reference.get("target")))));
}

#[test]
fn cross_entropy_of_extreme_logits() {
    let reference = reference!("cross_entropy_extreme");
    reference.compare(Sequential::new(), "", |_, output| Some(cross_entropy(output, &reference.labels())));
}
