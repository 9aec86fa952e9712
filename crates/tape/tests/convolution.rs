//! Are convolutions and their transposes what plain loops say, and their gradients what differences say?

use ndarray::{ArrayD, Dimension, array};
use proptest::prelude::*;
use tape::{Convolution, PerAxis, Tape, Tensor, check_tensors};

fn spread(shape: &[usize], phase: usize) -> ArrayD<f64> {
    let size: usize = shape.iter().product();
    let elements = (0..size).map(|i| ((i * 37 + phase * 101 + 11) % 64) as f64 / 16.0 - 2.0).collect();
    ArrayD::from_shape_vec(shape, elements).unwrap()
}

/// One axis of a convolution.
#[derive(Debug, Clone, Copy)]
struct Axis {
    length: usize,
    window: usize,
    stride: usize,
    dilation: usize,
    padding: (usize, usize),
    output_padding: usize,
}

#[derive(Debug, Clone)]
struct Case {
    batch: usize,
    groups: usize,
    /// Channels of one group.
    channels: [usize; 2],
    axes: Vec<Axis>,
}

impl Case {
    fn options(&self) -> Convolution {
        let options = Convolution::new().groups(self.groups);
        match self.axes[..] {
            [x] => options.stride(x.stride).dilation(x.dilation).padding(x.padding).output_padding(x.output_padding),
            [y, x] => options
                .stride([y.stride, x.stride])
                .dilation([y.dilation, x.dilation])
                .padding([y.padding, x.padding])
                .output_padding([y.output_padding, x.output_padding]),
            [z, y, x] => options
                .stride([z.stride, y.stride, x.stride])
                .dilation([z.dilation, y.dilation, x.dilation])
                .padding([z.padding, y.padding, x.padding])
                .output_padding([z.output_padding, y.output_padding, x.output_padding]),
            _ => unreachable!("one to three axes"),
        }
    }

    fn shapes(&self, transposed: bool) -> [Vec<usize>; 2] {
        let [inputs, outputs] = self.channels;
        let input = [self.batch, inputs * self.groups].into_iter().chain(self.axes.iter().map(|axis| axis.length));
        let channels = if transposed { [inputs * self.groups, outputs] } else { [outputs * self.groups, inputs] };
        let weight = channels.into_iter().chain(self.axes.iter().map(|axis| axis.window));
        [input.collect(), weight.collect()]
    }

    /// Where an output of a convolution looks: the input's place along an axis, if it is not in the padding.
    fn place(axis: &Axis, position: usize, inside: usize) -> Option<usize> {
        (position * axis.stride + inside * axis.dilation)
            .checked_sub(axis.padding.0)
            .filter(|&place| place < axis.length)
    }

    /// By the definition: for every output, a sum over channels and window.
    fn naive(&self, x: &ArrayD<f64>, weight: &ArrayD<f64>) -> ArrayD<f64> {
        let [inputs, outputs] = self.channels;
        let length = |axis: &Axis| {
            (axis.length + axis.padding.0 + axis.padding.1 - axis.dilation * (axis.window - 1) - 1) / axis.stride + 1
        };
        let shape: Vec<_> =
            [self.batch, outputs * self.groups].into_iter().chain(self.axes.iter().map(length)).collect();
        let windows: Vec<_> = self.axes.iter().map(|axis| axis.window).collect();
        let mut out = ArrayD::zeros(shape);
        for (at, sum) in out.indexed_iter_mut() {
            for channel in 0..inputs {
                for inside in ndarray::indices(&windows[..]) {
                    let places = self.axes.iter().enumerate();
                    let places: Option<Vec<_>> =
                        places.map(|(axis, own)| Self::place(own, at[2 + axis], inside[axis])).collect();
                    let Some(places) = places else { continue };
                    let from = [at[0], at[1] / outputs * inputs + channel].into_iter().chain(places);
                    let by = [at[1], channel].into_iter().chain(inside.slice().to_vec());
                    *sum += x[&from.collect::<Vec<_>>()[..]] * weight[&by.collect::<Vec<_>>()[..]];
                }
            }
        }
        out
    }

    /// By the definition: every input lays the weight down on the output.
    fn naive_transposed(&self, x: &ArrayD<f64>, weight: &ArrayD<f64>) -> ArrayD<f64> {
        let [inputs, outputs] = self.channels;
        let length = |axis: &Axis| {
            (axis.length - 1) * axis.stride + axis.dilation * (axis.window - 1) + 1 + axis.output_padding
                - axis.padding.0
                - axis.padding.1
        };
        let shape: Vec<_> =
            [self.batch, outputs * self.groups].into_iter().chain(self.axes.iter().map(length)).collect();
        let windows: Vec<_> = self.axes.iter().map(|axis| axis.window).collect();
        let mut out = ArrayD::zeros(shape.clone());
        for (at, &element) in x.indexed_iter() {
            for channel in 0..outputs {
                for inside in ndarray::indices(&windows[..]) {
                    let places = self.axes.iter().enumerate().map(|(axis, own)| {
                        (at[2 + axis] * own.stride + inside[axis] * own.dilation)
                            .checked_sub(own.padding.0)
                            .filter(|&place| place < shape[2 + axis])
                    });
                    let Some(places) = places.collect::<Option<Vec<_>>>() else { continue };
                    let to = [at[0], at[1] / inputs * outputs + channel].into_iter().chain(places);
                    let by = [at[1], channel].into_iter().chain(inside.slice().to_vec());
                    out[&to.collect::<Vec<_>>()[..]] += element * weight[&by.collect::<Vec<_>>()[..]];
                }
            }
        }
        out
    }

    fn convolve(&self, x: Tensor<f64>, weight: Tensor<f64>, transposed: bool) -> Tensor<f64> {
        let options = self.options();
        match (self.axes.len(), transposed) {
            (1, false) => x.conv1d(weight, options),
            (2, false) => x.conv2d(weight, options),
            (3, false) => x.conv3d(weight, options),
            (1, true) => x.conv_transpose1d(weight, options),
            (2, true) => x.conv_transpose2d(weight, options),
            (3, true) => x.conv_transpose3d(weight, options),
            _ => unreachable!("one to three axes"),
        }
    }
}

fn axis(transposed: bool) -> impl Strategy<Value = Axis> {
    let settings = (1_usize..4, 1_usize..4, 1_usize..3, 0_usize..3, 0_usize..3, 0_usize..4, 0_usize..3);
    settings.prop_map(move |(window, stride, dilation, before, behind, more, appended)| {
        let extent = (window - 1) * dilation + 1;
        if transposed {
            let output_padding = appended.min(stride.max(dilation) - 1);
            let spare = more * stride + extent + output_padding - 1;
            let before = before.min(spare);
            let padding = (before, behind.min(spare - before));
            Axis { length: more + 1, window, stride, dilation, padding, output_padding }
        } else {
            let length = (extent + more).saturating_sub(before + behind).max(1);
            Axis { length, window, stride, dilation, padding: (before, behind), output_padding: 0 }
        }
    })
}

fn case(transposed: bool) -> impl Strategy<Value = Case> {
    let axes = prop::collection::vec(axis(transposed), 1..4);
    (0_usize..3, 1_usize..3, 1_usize..3, 1_usize..3, axes).prop_map(|(batch, groups, inputs, outputs, axes)| Case {
        batch,
        groups,
        channels: [inputs, outputs],
        axes,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// All numbers are multiples of 1/16, so the sums are exact in any order.
    #[test]
    fn convolutions_are_what_plain_loops_say(case in case(false)) {
        let [x_shape, weight_shape] = case.shapes(false);
        let (x, weight) = (spread(&x_shape, 1), spread(&weight_shape, 2));
        let tape = Tape::new();
        let y = case.convolve(tape.variable(&x), tape.variable(&weight), false);
        prop_assert_eq!(y.to_array(), case.naive(&x, &weight));
    }

    #[test]
    fn transposed_convolutions_are_what_plain_loops_say(case in case(true)) {
        let [x_shape, weight_shape] = case.shapes(true);
        let (x, weight) = (spread(&x_shape, 1), spread(&weight_shape, 2));
        let tape = Tape::new();
        let y = case.convolve(tape.variable(&x), tape.variable(&weight), true);
        prop_assert_eq!(y.to_array(), case.naive_transposed(&x, &weight));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_gradients_of_random_convolutions_are_what_differences_say(case in case(false)) {
        let shapes = case.shapes(false);
        let inputs = [spread(&shapes[0], 1), spread(&shapes[1], 2)];
        let report = check_tensors(|x| case.convolve(x[0], x[1], false), &inputs);
        prop_assert!(report.passed(), "{report}");
    }

    #[test]
    fn the_gradients_of_random_transposed_convolutions_are_what_differences_say(case in case(true)) {
        let shapes = case.shapes(true);
        let inputs = [spread(&shapes[0], 1), spread(&shapes[1], 2)];
        let report = check_tensors(|x| case.convolve(x[0], x[1], true), &inputs);
        prop_assert!(report.passed(), "{report}");
    }
}

/// The tail that no window reaches has gradient zero, not garbage.
#[test]
fn what_no_window_reaches_has_gradient_zero() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(array![[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]]);
    let weight = tape.constant(array![[[1.0, 1.0]]]);
    let gradients = x.conv1d(weight, Convolution::new().stride(3)).sum().backward();
    assert_eq!(gradients[x].as_slice(), Some(&[1.0, 1.0, 0.0, 1.0, 1.0, 0.0][..]));
}

#[test]
fn a_single_image_is_a_batch_of_one_without_the_axis() {
    let tape = Tape::new();
    let (x, weight) = (tape.variable(spread(&[2, 4, 5], 1)), tape.variable(spread(&[3, 2, 2, 3], 2)));
    let single = x.conv2d(weight, Convolution::new());
    assert_eq!(single.shape(), [3, 3, 3]);
    assert_eq!(single.to_array(), x.unsqueeze(0).conv2d(weight, Convolution::new()).squeeze(0).to_array());
    let turned = weight.transpose(0, 1);
    let single = x.conv_transpose2d(turned, Convolution::new());
    assert_eq!(single.shape(), [3, 5, 7]);
    assert_eq!(single.to_array(), x.unsqueeze(0).conv_transpose2d(turned, Convolution::new()).squeeze(0).to_array());
}

#[test]
fn views_that_are_not_contiguous_convolve_like_their_copies() {
    use ndarray::s;
    let views = |x: &[Tensor<f64>]| {
        let (image, weight) = (x[0].t().slice(s![.., .., ..;-1, ..]), x[1].slice(s![.., .., ..;-2, ..]));
        image.conv2d(weight, Convolution::new().padding(1))
    };
    let inputs = [spread(&[1, 2, 4, 3], 1), spread(&[2, 2, 3, 2], 2)];
    check_tensors(views, &inputs).assert();
}

#[test]
fn a_transposed_convolution_is_the_adjoint_of_the_convolution() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(spread(&[2, 4, 7, 6], 1));
    let weight = tape.constant(spread(&[6, 2, 3, 2], 2));
    let options = Convolution::new().groups(2).stride([2, 3]).padding([(1, 0), (2, 1)]).dilation([1, 2]);
    let y = x.conv2d(weight, options);
    let adjoint = tape.constant(spread(&y.shape(), 3));
    let gradients = (y * adjoint).sum().backward();
    // Heights 6 and 7 have as many windows: the output padding says that it was 7.
    let back = adjoint.conv_transpose2d(weight, options.output_padding([1, 0]));
    assert_eq!(back.to_array(), gradients[x].to_owned());
}

#[test]
fn every_malformed_convolution_names_the_rule_it_breaks() {
    type Wrong = (&'static str, fn(&Tape<f64>) -> Result<Tensor<f64>, tape::Error>);
    fn zeros(tape: &Tape<f64>, shape: &[usize]) -> Tensor<f64> {
        tape.variable(ArrayD::zeros(shape))
    }
    fn conv2d(
        tape: &Tape<f64>,
        x: &[usize],
        weight: &[usize],
        options: Convolution,
    ) -> Result<Tensor<f64>, tape::Error> {
        zeros(tape, x).try_conv2d(zeros(tape, weight), options)
    }
    fn turned(
        tape: &Tape<f64>,
        x: &[usize],
        weight: &[usize],
        options: Convolution,
    ) -> Result<Tensor<f64>, tape::Error> {
        zeros(tape, x).try_conv_transpose2d(zeros(tape, weight), options)
    }
    const IMAGE: [usize; 4] = [1, 2, 4, 4];
    const WEIGHT: [usize; 4] = [2, 2, 3, 3];
    let table: &[Wrong] = &[
        (
            "conv2d: shapes [1, 2, 4, 4] and [2, 2, 3]: the weight needs two axes of channels before the spatial ones",
            |tape| conv2d(tape, &IMAGE, &[2, 2, 3], Convolution::new()),
        ),
        (
            "conv2d: shapes [4, 4] and [2, 2, 3, 3]: the input needs an axis of channels before the spatial ones, and one of the batch before that or none",
            |tape| conv2d(tape, &[4, 4], &WEIGHT, Convolution::new()),
        ),
        ("conv2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: there must be at least one group", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().groups(0))
        }),
        (
            "conv2d: shapes [1, 3, 4, 4] and [2, 2, 3, 3]: the input's channels must be the weight's second axis times the groups",
            |tape| conv2d(tape, &[1, 3, 4, 4], &WEIGHT, Convolution::new()),
        ),
        (
            "conv2d: shapes [1, 4, 4, 4] and [3, 2, 3, 3]: the weight's first axis must be a multiple of the groups",
            |tape| conv2d(tape, &[1, 4, 4, 4], &[3, 2, 3, 3], Convolution::new().groups(2)),
        ),
        ("conv2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: every stride must be at least 1", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().stride([1, 0]))
        }),
        ("conv2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: every dilation must be at least 1", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().dilation(0))
        }),
        ("conv2d: shapes [1, 2, 4, 4] and [2, 2, 0, 3]: every window must have at least one element", |tape| {
            conv2d(tape, &IMAGE, &[2, 2, 0, 3], Convolution::new())
        }),
        ("conv2d: shapes [1, 2, 4, 4] and [2, 2, 3, 5]: a window is larger than the padded input", |tape| {
            conv2d(tape, &IMAGE, &[2, 2, 3, 5], Convolution::new())
        }),
        ("conv2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: a window is larger than the padded input", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().dilation(2))
        }),
        ("conv2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: only a transposed convolution has output padding", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().stride(2).output_padding(1))
        }),
        ("conv2d: shape [1, 2, 4, 4]: a setting needs one value, or one for each spatial axis", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().stride([1, 1, 1]))
        }),
        ("conv2d: shape [1, 2, 4, 4]: a setting needs one value, or one for each spatial axis", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().padding([1, 1, 1, 1]))
        }),
        ("conv2d: shape [1, 2, 4, 4]: a setting needs one value, or one for each spatial axis", |tape| {
            conv2d(tape, &IMAGE, &WEIGHT, Convolution::new().dilation(PerAxis::from([])))
        }),
        ("conv2d: foreign handle: the operands belong to two different tapes", |tape| {
            let other = Tape::new();
            zeros(tape, &IMAGE).try_conv2d(zeros(&other, &WEIGHT), Convolution::new())
        }),
        (
            "conv_transpose2d: shapes [1, 3, 4, 4] and [2, 2, 3, 3]: the input's channels must be the weight's first axis",
            |tape| turned(tape, &[1, 3, 4, 4], &WEIGHT, Convolution::new()),
        ),
        (
            "conv_transpose2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: the input's channels must be a multiple of the groups",
            |tape| turned(tape, &IMAGE, &WEIGHT, Convolution::new().groups(3)),
        ),
        (
            "conv_transpose2d: shapes [1, 2, 0, 4] and [2, 2, 3, 3]: every spatial axis must have at least one element",
            |tape| turned(tape, &[1, 2, 0, 4], &WEIGHT, Convolution::new()),
        ),
        (
            "conv_transpose2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: the output padding must be less than the stride or the dilation",
            |tape| turned(tape, &IMAGE, &WEIGHT, Convolution::new().stride(2).output_padding(2)),
        ),
        ("conv_transpose2d: shapes [1, 2, 4, 4] and [2, 2, 3, 3]: the padding crops the whole output", |tape| {
            turned(tape, &IMAGE, &WEIGHT, Convolution::new().padding(3))
        }),
    ];
    for (text, wrong) in table {
        let tape = Tape::new();
        let error = wrong(&tape).expect_err(text);
        assert_eq!(&error.to_string(), text);
    }
}
