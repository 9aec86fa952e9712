//! What a program makes of networks: it computes what the tape computes, in little memory.

use ndarray::{Array2, Array4, ArrayD};
use nn::{Conv2d, Init, Lstm, Sequential, cross_entropy};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Pass, Program, Tape, Tensor};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(0)
}

fn noise(shape: &[usize]) -> ArrayD<f64> {
    Init::normal(0.0, 1.0).array::<f64>(shape, &mut rng())
}

/// Loss and gradients of a program are those of the tape, up to the order of summation.
fn agrees(params: &Params<f64>, x: &ArrayD<f64>, loss: impl Fn(&Pass<'_, f64>, Tensor<f64>) -> Tensor<f64>) -> usize {
    let (eager, gradients) = Tape::new().value_and_grad(params, |pass| loss(pass, pass.constant(x)));
    let mut program = Program::record(params, (x,), |pass, (x,)| loss(pass, x));
    // What lies in the memory from the run before has no influence.
    for _ in 0..2 {
        let (replayed, found) = program.run(params, (x,)).expect("the input fits");
        assert!((replayed - eager).abs() <= 1e-12 * eager.abs().max(1.0), "{replayed} and {eager}");
        for (found, wanted) in found.params().iter().zip(gradients.params()) {
            assert!((found - wanted).abs() <= 1e-11 * wanted.abs().max(1.0), "{found} and {wanted}");
        }
    }
    program.bytes()
}

/// Products see the windows of a convolution where they lie; the matrix of all windows, 25 times as large as the images, is
/// never written.
#[test]
fn a_convolution_writes_no_windows() {
    for (side, batch, padding) in [(28, 3, 2), (12, 2, 0), (40, 1, 1)] {
        let mut params = Params::<f64>::new();
        let plan = Sequential::new().layer(Conv2d::new(2, 5, 5).padding(padding)).relu().max_pool2d(2);
        let model = plan.conv2d(5, 3, 3).tanh().flatten().build(&mut params, &mut rng());
        let bytes = agrees(&params, &noise(&[batch, 2, side, side]), |pass, x| model.forward(pass, x).powi(2).sum());
        let windows = 25 * 2 * batch * (side + 2 * padding - 4).pow(2) * size_of::<f64>();
        // What is passed on inside, five channels a few times, is less than one such matrix.
        assert!(bytes < windows, "{bytes} bytes, and the windows alone would be {windows}");
    }
}

/// Strides, dilations and groups have windows that are written out.
#[test]
fn other_convolutions_are_the_same_in_a_program() {
    for plan in [
        Conv2d::new(4, 6, 3).stride(2),
        Conv2d::new(4, 6, 3).dilation(2).padding(1),
        Conv2d::new(4, 6, 3).groups(2),
        Conv2d::new(4, 2, 1),
    ] {
        let mut params = Params::<f64>::new();
        let model = Sequential::new().layer(plan).tanh().build(&mut params, &mut rng());
        agrees(&params, &noise(&[2, 4, 11, 13]), |pass, x| model.forward(pass, x).powi(2).sum());
    }
}

/// The weights of the last state are turned once for all steps, and the gates' adjoints put together of their parts.
#[test]
fn a_recurrent_network_is_the_same_in_a_program() {
    let mut params = Params::<f64>::new();
    let layer = Lstm::new(3, 5).num_layers(2).bidirectional().batch_first().build(&mut params, &mut rng());
    agrees(&params, &noise(&[4, 7, 3]), |pass, x| {
        let (outputs, (h, c)) = layer.forward(pass, x, None);
        outputs.powi(2).sum() + (h * c).sum()
    });
}

/// Parameters, their gradients and all that a run computes in take at most twice what parameters and activations do.
#[test]
fn the_memory_of_a_step_is_at_most_twice_parameters_and_activations() {
    let widths = [784, 512, 256, 10];
    let batch = 128;
    let mut params = Params::<f32>::new();
    let plan = Sequential::new().linear(784, 512).relu().linear(512, 256).relu().linear(256, 10);
    let model = plan.build(&mut params, &mut rng());
    let (x, labels) = (Array2::<f32>::zeros((batch, 784)), vec![3; batch]);
    let step =
        Program::record(&params, (&x, &labels), |pass, (x, labels)| cross_entropy(model.forward(pass, x), labels));
    let activations = batch * widths.iter().sum::<usize>();
    let allowed = 2 * (params.size() + activations) * size_of::<f32>();
    let needed = step.bytes() + 2 * params.size() * size_of::<f32>();
    assert!(needed <= allowed, "{needed} bytes, and {allowed} are allowed");
}

#[test]
fn a_deep_network_has_so_many_steps_a_layer() {
    const LAYERS: usize = 50;
    let mut params = Params::<f64>::new();
    let plan = (0..LAYERS).fold(Sequential::new(), |plan, _| plan.linear(16, 16).tanh());
    let model = plan.build(&mut params, &mut rng());
    let x = Array2::<f64>::ones((4, 16));
    let step = Program::record(&params, (&x,), |pass, (x,)| model.forward(pass, x).sum());
    // A product, a bias and a tanh; back through the tanh, and to bias, weight and operand, of which the first layer's gets
    // nothing. The sum at the end makes up for it.
    assert_eq!(step.steps(), 7 * LAYERS);
}

/// A pool in a program looks for its places anew in every run.
#[test]
fn a_pool_picks_anew_in_every_run() {
    let params = Params::<f64>::new();
    let first = Array4::from_shape_fn((1, 1, 2, 4), |(.., row, col)| (row * 4 + col) as f64);
    let other = first.mapv(|x| -x);
    let mut program = Program::forward(&params, (&first,), |_, (x,)| vec![x.max_pool2d(tape::Pooling::new(2))]);
    for (x, wanted) in [(&first, [5.0, 7.0]), (&other, [0.0, -2.0])] {
        program.run(&params, (x,)).expect("the input fits");
        assert_eq!(program.output(0).as_slice(), Some(&wanted[..]));
    }
}
