//! Who is responsible for the error: every node's delta and every connection's share.
//!
//! The nodes are the elements of the input and of each layer's output. With the loss L:
//!
//! | | definition | what it says |
//! | --- | --- | --- |
//! | delta of node j | `δ_j = ∂L/∂z_j`, with its value `z_j` | how the loss changes with the node |
//! | share of the connection from i to j | `s_ji = w_ji a_i δ_j`, with the weight and the sender's value `a_i` | how much of the loss, to first order, would vanish with the connection |
//! | share of the bias of j | `b_j δ_j` | the same for the bias |
//!
//! The delta of a fully connected layer's output, which is a weighted sum before its activation, is the δ of
//! backpropagation. What the layer takes in has the delta `Σ_j w_ji δ_j`, so shares are conserved on the way:
//!
//! * what node i sends carries what it is responsible for: `Σ_j s_ji = a_i ∂L/∂a_i`;
//! * what node j receives, with its bias, too: `Σ_i s_ji + b_j δ_j = z_j δ_j`;
//! * over a batch the shares of a connection sum to `w_ji ∂L/∂w_ji`.
//!
//! Between layers, an activation passes on not the share but the delta, times its slope; this is gradient times input
//! at every node, of which the rules of layer-wise relevance propagation are variants.
//!
//! D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating errors", Nature 323,
//! 1986; S. Bach, A. Binder, G. Montavon, F. Klauschen, K.-R. Müller and W. Samek, "On Pixel-Wise Explanations for
//! Non-Linear Classifier Decisions by Layer-Wise Relevance Propagation", PLoS ONE 10 (7), 2015; P. Molchanov, S. Tyree,
//! T. Karras, T. Aila and J. Kautz, "Pruning Convolutional Neural Networks for Resource Efficient Inference", ICLR 2017
//! (the first-order effect of leaving something out).

use ndarray::{Array1, Array2, ArrayBase, ArrayD, Axis, Data, Dimension};
use tape::{Gradients, Params, Pass, Real, Tape, Tensor};

use crate::layer::chained::Layer;
use crate::layer::linear::Linear;
use crate::layer::sequential::Sequential;

/// How a loss, or an output, of a [`Sequential`] depends on each of its nodes and connections; see [`responsibility`].
#[derive(Debug, Clone, PartialEq)]
pub struct Responsibility<T> {
    /// The loss.
    pub loss: T,
    /// The columns of the network from left to right: its input, then every layer's output. A sequence in a sequence is
    /// looked into.
    pub nodes: Vec<Nodes<T>>,
}

/// One column of nodes: the input of a network, or the output of one of its layers.
#[derive(Debug, Clone, PartialEq)]
pub struct Nodes<T> {
    /// The layer's name, as in its parameters': `2`, or `0.1` in a sequence in a sequence; `input` for the input.
    pub name: String,
    /// The layer; `None` for the input.
    pub layer: Option<Layer>,
    /// The values of the nodes, `z_j`: the shape of the layer's output.
    pub values: ArrayD<T>,
    /// How the loss changes with each of them, `δ_j = ∂L/∂z_j`, in the same shape.
    pub deltas: ArrayD<T>,
    /// The connections from the column before, if the layer is fully connected.
    pub connections: Option<Connections<T>>,
}

/// All connections from one column of nodes to the next, those of a [`Linear`] layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Connections<T> {
    /// `w_ji`, from node i to node j: `[to, from]`.
    pub weights: Array2<T>,
    /// `b_j`, if there are biases: `[to]`.
    pub biases: Option<Array1<T>>,
    /// The values `a_i` of the nodes that send, one row a sample: `[samples, from]`.
    pub sent: Array2<T>,
    /// The deltas `δ_j` of the nodes that receive, one row a sample: `[samples, to]`.
    pub deltas: Array2<T>,
}

impl<T: Real> Connections<T> {
    /// The shares `s_ji = w_ji a_i δ_j` of the connections in one sample: `[to, from]`.
    ///
    /// # Panics
    /// If there is no such sample.
    #[must_use]
    #[track_caller]
    pub fn shares(&self, sample: usize) -> Array2<T> {
        let (sent, deltas) = (self.sent.row(sample), self.deltas.row(sample));
        Array2::from_shape_fn(self.weights.dim(), |(to, from)| self.weights[[to, from]] * sent[from] * deltas[to])
    }

    /// The shares of the connections, summed over all samples: `[to, from]`.
    #[must_use]
    pub fn total_shares(&self) -> Array2<T> {
        self.weight_gradients() * &self.weights
    }

    /// The gradients of the weights, `∂L/∂w_ji = Σ a_i δ_j` over all samples: `[to, from]`.
    #[must_use]
    pub fn weight_gradients(&self) -> Array2<T> {
        let samples = || self.sent.outer_iter().zip(self.deltas.outer_iter());
        Array2::from_shape_fn(self.weights.dim(), |(to, from)| {
            samples().map(|(sent, deltas)| sent[from] * deltas[to]).sum::<T>()
        })
    }

    /// The shares `b_j δ_j` of the biases in one sample, zeros without biases: `[to]`.
    ///
    /// # Panics
    /// If there is no such sample.
    #[must_use]
    #[track_caller]
    pub fn bias_shares(&self, sample: usize) -> Array1<T> {
        let deltas = self.deltas.row(sample);
        match &self.biases {
            Some(biases) => Array1::from_shape_fn(deltas.len(), |to| biases[to] * deltas[to]),
            None => Array1::zeros(deltas.len()),
        }
    }
}

/// Every node's delta and every connection's share of a loss of a network's output: `loss` makes one number of it.
///
/// Nodes are those between the layers of the sequence, and of sequences in it; a [`Residual`](crate::Residual) is one
/// layer. Connections are those of [`Linear`] layers; of a convolution, say, the nodes' deltas are there alone.
///
/// For an output instead of a loss, let `loss` pick it: `|_, y| y.select(-1, 3).sum()`.
///
/// ```
/// use ndarray::array;
/// use nn::{Init, Linear, Sequential, explain};
/// use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
///
/// let mut params = tape::Params::<f64>::new();
/// let layer = Linear::new(2, 1).bias(Init::constant(1.0));
/// let model = Sequential::new().layer(layer).relu().build(&mut params, &mut ChaCha8Rng::seed_from_u64(0));
/// let weight = params.find("0.weight").unwrap();
/// params.view_mut(weight).assign(&array![[2.0, -3.0]]);
///
/// // z = 2 * 4 - 3 * 1 + 1 = 6 is rectified to 6, and half of its square is the loss.
/// let found = explain::responsibility(&model, &params, &array![[4.0, 1.0]], |_, y| y.powi(2).sum() * 0.5);
/// assert_eq!(found.loss, 18.0);
/// assert_eq!(found.nodes[1].deltas, array![[6.0]].into_dyn());
/// let connections = found.nodes[1].connections.as_ref().unwrap();
/// assert_eq!(connections.shares(0), array![[2.0 * 4.0 * 6.0, -3.0 * 1.0 * 6.0]]);
/// assert_eq!(connections.bias_shares(0), array![6.0]);
/// // The input is responsible for what its connections carry: 4 * 12 and 1 * -18.
/// assert_eq!(found.nodes[0].deltas, array![[12.0, -18.0]].into_dyn());
/// ```
///
/// # Panics
/// Where the model's `forward` or the loss does, and if the loss is not one number.
#[track_caller]
pub fn responsibility<T: Real, S: Data<Elem = T>, D: Dimension>(
    model: &Sequential,
    params: &Params<T>,
    input: &ArrayBase<S, D>,
    loss: impl FnOnce(&Pass<'_, T>, Tensor<T>) -> Tensor<T>,
) -> Responsibility<T> {
    let tape = Tape::new();
    let pass = tape.bind(params);
    let x = tape.variable(input);
    let mut steps = vec![Step { name: "input".to_owned(), layer: None, input: x, output: x }];
    let y = walk(model, "", &pass, x, &mut steps);
    let loss = loss(&pass, y);
    let (value, gradients) = (loss.item(), loss.backward());
    let nodes = steps.into_iter().map(|step| step.nodes(&pass, params, &gradients)).collect();
    Responsibility { loss: value, nodes }
}

/// One layer in the middle of its forward pass.
struct Step<'a, T> {
    name: String,
    layer: Option<&'a Layer>,
    input: Tensor<T>,
    output: Tensor<T>,
}

/// Runs a sequence layer by layer; the layers of a sequence in it as its own.
#[track_caller]
fn walk<'a, T: Real>(
    model: &'a Sequential,
    prefix: &str,
    pass: &Pass<'_, T>,
    mut x: Tensor<T>,
    steps: &mut Vec<Step<'a, T>>,
) -> Tensor<T> {
    for (position, layer) in model.layers().iter().enumerate() {
        let name = format!("{prefix}{position}");
        if let Layer::Sequential(inner) = layer {
            x = walk(inner, &format!("{name}."), pass, x, steps);
            continue;
        }
        let output = layer.forward(pass, x);
        steps.push(Step { name, layer: Some(layer), input: x, output });
        x = output;
    }
    x
}

impl<T: Real> Step<'_, T> {
    fn nodes(self, pass: &Pass<'_, T>, params: &Params<T>, gradients: &Gradients<T>) -> Nodes<T> {
        let values = pass.view(self.output).to_owned();
        let deltas = match gradients.get(self.output) {
            Some(deltas) => deltas.to_owned(),
            None => ArrayD::zeros(values.dim()),
        };
        let mut found = None;
        if let Some(Layer::Linear(linear)) = self.layer {
            found = Some(connections(linear, params, &pass.view(self.input).to_owned(), &deltas));
        }
        Nodes { name: self.name, layer: self.layer.cloned(), values, deltas, connections: found }
    }
}

fn connections<T: Real>(linear: &Linear, params: &Params<T>, sent: &ArrayD<T>, deltas: &ArrayD<T>) -> Connections<T> {
    let weights = params.view(linear.weight).into_dimensionality().expect("a weight has two axes").to_owned();
    let bias = |id| params.view(id).into_dimensionality().expect("a bias has one axis").to_owned();
    Connections { weights, biases: linear.bias.map(bias), sent: as_rows(sent), deltas: as_rows(deltas) }
}

/// All axes but the last as one.
fn as_rows<T: Real>(array: &ArrayD<T>) -> Array2<T> {
    let last = array.len_of(Axis(array.ndim() - 1));
    let rows = array.shape()[..array.ndim() - 1].iter().product::<usize>();
    Array2::from_shape_vec((rows, last), array.iter().copied().collect()).expect("as many elements as before")
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;
    use crate::{Init, cross_entropy};

    fn model() -> (Sequential, Params<f64>) {
        let mut params = Params::new();
        let rng = &mut ChaCha8Rng::seed_from_u64(5);
        let inner = Sequential::new().linear(4, 3).tanh();
        let plan = Sequential::new().linear(3, 4).sigmoid().layer(inner).layer(Linear::new(3, 2).without_bias());
        (plan.build(&mut params, rng), params)
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-15 * (1.0 + other.abs())
    }

    #[test]
    fn deltas_are_the_textbooks_recursion() {
        let (model, params) = model();
        let x = Init::normal(0.0, 1.0).array([5, 3], &mut ChaCha8Rng::seed_from_u64(6));
        let found = responsibility(&model, &params, &x, |_, y| cross_entropy(y, &[0, 1, 1, 0, 1]));
        let names: Vec<_> = found.nodes.iter().map(|nodes| nodes.name.as_str()).collect();
        assert_eq!(names, ["input", "0", "1", "2.0", "2.1", "3"]);
        for (at, pair) in found.nodes.windows(2).enumerate() {
            let [before, after] = pair else { unreachable!("two at a time") };
            for (index, delta) in before.deltas.indexed_iter() {
                let (sample, node) = (index[0], index[1]);
                let expected = match at {
                    // Below a layer of weights: the deltas above it, weighted.
                    0 | 2 | 4 => {
                        let weights = &after.connections.as_ref().unwrap().weights;
                        (0..weights.nrows()).map(|to| weights[[to, node]] * after.deltas[[sample, to]]).sum()
                    }
                    // Below an activation: the delta above it, times the slope.
                    1 => {
                        after.deltas[[sample, node]]
                            * after.values[[sample, node]]
                            * (1.0 - after.values[[sample, node]])
                    }
                    _ => after.deltas[[sample, node]] * (1.0 - after.values[[sample, node]].powi(2)),
                };
                assert!(close(*delta, expected), "{}[{sample}, {node}]: {delta}, not {expected}", before.name);
            }
        }
    }

    #[test]
    fn shares_are_conserved_and_sum_to_the_tapes_gradients() {
        let (model, params) = model();
        let x = Init::normal(0.0, 1.0).array([2, 5, 3], &mut ChaCha8Rng::seed_from_u64(7));
        let loss = |y: Tensor<f64>| y.powi(2).mean() + y.sin().sum();
        let found = responsibility(&model, &params, &x, |_, y| loss(y));
        let (value, gradients) =
            Tape::new().value_and_grad(&params, |pass| loss(model.forward(pass, pass.constant(&x))));
        assert_eq!(found.loss, value);
        for (before, after) in found.nodes.iter().zip(&found.nodes[1..]) {
            let Some(connections) = &after.connections else { continue };
            let weight = params.find(&format!("{}.weight", after.name)).unwrap();
            for (own, tapes) in connections.weight_gradients().iter().zip(&gradients[weight]) {
                assert!(close(*own, *tapes), "{}: {own}, not {tapes}", after.name);
            }
            let mut total = Array2::zeros(connections.weights.dim());
            let (sent, received) = (as_rows(&before.deltas), as_rows(&after.values));
            for sample in 0..10 {
                let shares = connections.shares(sample);
                for (from, share) in shares.sum_axis(Axis(0)).indexed_iter() {
                    assert!(close(*share, connections.sent[[sample, from]] * sent[[sample, from]]));
                }
                for (to, share) in (shares.sum_axis(Axis(1)) + connections.bias_shares(sample)).indexed_iter() {
                    assert!(close(*share, received[[sample, to]] * connections.deltas[[sample, to]]));
                }
                total += &shares;
            }
            assert!(total.iter().zip(&connections.total_shares()).all(|(one, other)| close(*one, *other)));
        }
    }

    /// To first order, and for a linear loss of a linear layer entirely.
    #[test]
    fn a_share_is_what_vanishes_with_the_connection() {
        let (mut params, rng) = (Params::<f64>::new(), &mut ChaCha8Rng::seed_from_u64(8));
        let model = Sequential::new().linear(2, 2).build(&mut params, rng);
        let x = array![[1.5, -0.5]];
        let loss = |params: &Params<f64>| responsibility(&model, params, &x, |_, y| y.select(-1, 1).sum());
        let before = loss(&params);
        let weight = params.find("0.weight").unwrap();
        params.view_mut(weight)[[1, 0]] = 0.0;
        let share = before.nodes[1].connections.as_ref().unwrap().shares(0)[[1, 0]];
        assert!(close(before.loss - loss(&params).loss, share));
    }

    #[test]
    fn what_the_loss_does_not_look_at_is_responsible_for_nothing() {
        let (model, params) = model();
        let found = responsibility(&model, &params, &array![[1.0, 2.0, 3.0]], |_, y| y.select(-1, 0).sum());
        assert_eq!(found.nodes[5].deltas, array![[1.0, 0.0]].into_dyn());
        let shares = found.nodes[5].connections.as_ref().unwrap().shares(0);
        assert!(shares.row(1).iter().all(|share| *share == 0.0));
        let none = responsibility(&model, &params, &Array3::zeros((0, 2, 3)), |_, y| y.sum());
        assert_eq!(none.nodes[5].connections.as_ref().unwrap().total_shares(), Array2::zeros((2, 3)));
    }
}
