//! What a script wrote down, and the comparison with what is computed here.

use ndarray::{ArrayD, ArrayViewD, Dimension};
use nn::{Init, Layer, Sequential};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Pass, Tape, Tensor};

/// Relative to the larger of the two and 1.
const TOLERANCE: f64 = 1e-10;

/// The cases of one file.
pub(crate) struct References(Vec<Reference>);

/// The arrays of one case, by name.
pub(crate) struct Reference {
    case: &'static str,
    arrays: Vec<(&'static str, ArrayD<f64>)>,
}

/// The references in the file of a name beside its script.
macro_rules! references {
    ($name:literal) => {
        $crate::pytorch::reference::References::read(include_str!(concat!($name, ".txt")))
    };
}
pub(crate) use references;

fn read(line: &'static str) -> (&'static str, ArrayD<f64>) {
    let mut words = line.split(' ');
    let (name, shape) = (words.next().unwrap(), words.next().unwrap());
    let shape: Vec<usize> = shape.split('x').filter_map(|length| length.parse().ok()).collect();
    (name, ArrayD::from_shape_vec(shape, words.map(|word| word.parse().unwrap()).collect()).unwrap())
}

impl References {
    pub(crate) fn read(text: &'static str) -> Self {
        let mut cases = Vec::<Reference>::new();
        for line in text.lines() {
            match line.strip_prefix("case ") {
                Some(case) => cases.push(Reference { case, arrays: Vec::new() }),
                None => cases.last_mut().expect("a case begins the file").arrays.push(read(line)),
            }
        }
        Self(cases)
    }

    #[track_caller]
    pub(crate) fn case(&self, name: &str) -> &Reference {
        self.0.iter().find(|reference| reference.case == name).unwrap_or_else(|| panic!("no case {name}"))
    }
}

/// The inputs of a case, as variables of a tape.
pub(crate) struct Inputs<'a> {
    reference: &'a Reference,
    variables: Vec<(&'static str, Tensor<f64>)>,
}

impl Inputs<'_> {
    /// An input that is differentiated with respect to.
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> Tensor<f64> {
        let found = self.variables.iter().find(|(found, _)| *found == name);
        found.unwrap_or_else(|| panic!("{}: no input {name}", self.reference.case)).1
    }

    /// An input of integers.
    #[track_caller]
    pub(crate) fn indices(&self, name: &str) -> ArrayD<usize> {
        self.reference.get(name).mapv(|index| index as usize)
    }
}

impl Reference {
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &ArrayD<f64> {
        let found = self.arrays.iter().find(|(found, _)| *found == name);
        &found.unwrap_or_else(|| panic!("{}: no array {name}", self.case)).1
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

    /// As [`compare`](Self::compare), of a layer that fits a chain: of `x`, with the output `output`.
    #[track_caller]
    pub(crate) fn compare_layer(&self, plan: impl Into<Layer<Init>>) {
        self.compare_layer_in(plan, false);
    }

    /// As [`compare_layer`](Self::compare_layer), in a pass that trains.
    #[track_caller]
    pub(crate) fn compare_layer_in_training(&self, plan: impl Into<Layer<Init>>) {
        self.compare_layer_in(plan, true);
    }

    #[track_caller]
    fn compare_layer_in(&self, plan: impl Into<Layer<Init>>, trains: bool) {
        let plan = Sequential::new().layer(plan);
        // Where PyTorch has a layer alone, ours is the only one of a sequence.
        self.compare_named(
            "0.",
            |params, rng| plan.build(params, rng),
            |model, pass, inputs| {
                let pass = if trains { pass.training(0) } else { pass.evaluation() };
                vec![("output", model.forward(&pass, inputs.get("x")))]
            },
        );
    }

    /// Builds a model, loads PyTorch's parameters of the same names, runs it, and compares all outputs with PyTorch's, all
    /// gradients when PyTorch's numbers arrive from above, and what becomes of parameters that are not trained.
    #[track_caller]
    pub(crate) fn compare<M>(
        &self,
        build: impl FnOnce(&mut Params<f64>, &mut ChaCha8Rng) -> M,
        forward: impl FnOnce(&M, &Pass<'_, f64>, &Inputs<'_>) -> Vec<(&'static str, Tensor<f64>)>,
    ) {
        self.compare_named("", build, forward);
    }

    /// As [`compare`](Self::compare), of something without parameters.
    #[track_caller]
    pub(crate) fn compare_function(&self, function: impl FnOnce(&Pass<'_, f64>, &Inputs<'_>) -> Tensor<f64>) {
        self.compare_named("", |_, _| (), |(), pass, inputs| vec![("output", function(pass, inputs))]);
    }

    #[track_caller]
    fn compare_named<M>(
        &self,
        prefix: &str,
        build: impl FnOnce(&mut Params<f64>, &mut ChaCha8Rng) -> M,
        forward: impl FnOnce(&M, &Pass<'_, f64>, &Inputs<'_>) -> Vec<(&'static str, Tensor<f64>)>,
    ) {
        let mut params = Params::new();
        let model = build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
        let own = |(id, parameter): (_, &tape::Parameter)| {
            let name = parameter.name().strip_prefix(prefix).expect("every parameter is the layer's").to_owned();
            (id, name, parameter.is_trainable())
        };
        let ids: Vec<_> = params.iter().map(own).collect();
        for (id, name, _) in &ids {
            params.view_mut(*id).assign(self.get(name));
        }

        let tape = Tape::new();
        let pass = tape.bind(&params);
        let gradients = self.arrays.iter().filter_map(|(name, _)| name.strip_prefix("gradient."));
        let (own, others): (Vec<_>, Vec<_>) = gradients.partition(|name| ids.iter().any(|(_, own, _)| own == name));
        let trained = ids.iter().filter(|(_, _, trainable)| *trainable).count();
        assert_eq!(own.len(), trained, "{}: every parameter has its gradient", self.case);
        let variables = others.into_iter().map(|name| (name, tape.variable(self.get(name)))).collect();
        let inputs = Inputs { reference: self, variables };

        let outputs = forward(&model, &pass, &inputs);
        let expected = self.arrays.iter().filter(|(name, _)| name.starts_with("upstream.")).count();
        assert_eq!(outputs.len(), expected, "{}: every output is compared", self.case);
        let weigh = |&(name, output): &(&str, Tensor<f64>)| {
            self.assert_close(name, &tape.view(output));
            (output * tape.constant(self.get(&format!("upstream.{name}")))).sum()
        };
        let root = outputs.iter().map(weigh).reduce(|one, other| one + other).expect("there is an output");
        let gradients = root.backward();
        for &(name, variable) in &inputs.variables {
            self.assert_close(&format!("gradient.{name}"), &gradients[variable].view());
        }
        for (id, name, _) in ids.iter().filter(|(_, _, trainable)| *trainable) {
            self.assert_close(&format!("gradient.{name}"), &gradients[*id].view());
        }
        let moved = self.arrays.iter().filter(|(name, _)| name.starts_with("after.")).count();
        assert_eq!(gradients.updates().count(), moved, "{}: every update is compared", self.case);
        for (id, value) in gradients.updates() {
            let (_, name, _) = ids.iter().find(|(own, ..)| *own == id).expect("an update is of a parameter");
            self.assert_close(&format!("after.{name}"), &value);
        }
    }
}
