//! Do convolutions and pools give what their definitions say, and the gradients of that?

use ndarray::{ArrayD, Dimension, IxDyn, array, s};
use tape::{Convolution, Margins, Params, Pass, PerAxis, Pooling, Program, Tape, Tensor, check_tensors};

/// Distinct numbers between -2 and 2, none of them near 0 and no two near each other, in no order.
fn numbers(shape: &[usize]) -> ArrayD<f64> {
    let size = shape.iter().product::<usize>();
    let spread = |i: usize| ((i * 37 + 11) % 101) as f64 / 101.0;
    let elements = (0..size).map(|i| if i % 2 == 0 { 0.2 + 1.8 * spread(i) } else { -0.2 - 1.8 * spread(i) });
    ArrayD::from_shape_vec(IxDyn(shape), elements.collect()).unwrap()
}

fn assert_close(found: &ArrayD<f64>, expected: &ArrayD<f64>, what: &str) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{what}: {found}, not {expected}");
    }
}

/// The settings of a convolution as the loops below read them.
#[derive(Debug, Clone, Copy)]
struct Settings<const D: usize> {
    stride: [usize; D],
    padding: [(usize, usize); D],
    dilation: [usize; D],
    groups: usize,
    output_padding: [usize; D],
}

impl<const D: usize> Settings<D> {
    const PLAIN: Self =
        Self { stride: [1; D], padding: [(0, 0); D], dilation: [1; D], groups: 1, output_padding: [0; D] };

    fn settings(self) -> Convolution<D> {
        let with_axes = Convolution::new().stride(self.stride).padding(self.padding).dilation(self.dilation);
        with_axes.groups(self.groups).output_padding(self.output_padding)
    }

    /// Where the kernel's element `at` meets the padded input when the window stands at `window`; `None` in the padding.
    fn place(&self, window: &[usize], at: &[usize], length: &[usize]) -> Option<[usize; D]> {
        let mut place = [0; D];
        for axis in 0..D {
            let padded = window[axis] * self.stride[axis] + at[axis] * self.dilation[axis];
            place[axis] = padded.checked_sub(self.padding[axis].0).filter(|&place| place < length[axis])?;
        }
        Some(place)
    }

    /// The convolution by its definition, one product after the other.
    fn convolved(&self, x: &ArrayD<f64>, weight: &ArrayD<f64>) -> ArrayD<f64> {
        let mut shape = vec![x.shape()[0], weight.shape()[0]];
        for axis in 0..D {
            let padded = x.shape()[axis + 2] + self.padding[axis].0 + self.padding[axis].1;
            let extent = self.dilation[axis] * (weight.shape()[axis + 2] - 1) + 1;
            shape.push((padded - extent) / self.stride[axis] + 1);
        }
        let (inner, outer) = (weight.shape()[1], weight.shape()[0] / self.groups);
        let mut output = ArrayD::zeros(shape);
        for (to, sum) in output.indexed_iter_mut() {
            for (from, factor) in weight.indexed_iter().filter(|(from, _)| from[0] == to[1]) {
                if let Some(place) = self.place(&to.slice()[2..], &from.slice()[2..], &x.shape()[2..]) {
                    let channel = to[1] / outer * inner + from[1];
                    *sum += factor * x[&[&[to[0], channel], &place[..]].concat()[..]];
                }
            }
        }
        output
    }

    /// The transposed convolution by its definition: every element of the input adds a multiple of the kernel.
    fn transposed(&self, x: &ArrayD<f64>, weight: &ArrayD<f64>) -> ArrayD<f64> {
        let (inner, outer) = (x.shape()[1] / self.groups, weight.shape()[1]);
        let mut shape = vec![x.shape()[0], outer * self.groups];
        for axis in 0..D {
            let extent = self.dilation[axis] * (weight.shape()[axis + 2] - 1) + 1;
            let whole = (x.shape()[axis + 2] - 1) * self.stride[axis] + extent + self.output_padding[axis];
            shape.push(whole - self.padding[axis].0 - self.padding[axis].1);
        }
        let mut output = ArrayD::zeros(shape.clone());
        for (from, element) in x.indexed_iter() {
            for (at, factor) in weight.indexed_iter().filter(|(at, _)| at[0] == from[1]) {
                if let Some(place) = self.place(&from.slice()[2..], &at.slice()[2..], &shape[2..]) {
                    let channel = from[1] / inner * outer + at[1];
                    output[&[&[from[0], channel], &place[..]].concat()[..]] += factor * element;
                }
            }
        }
        output
    }
}

type Method<const D: usize> = fn(Tensor<f64>, Tensor<f64>, Convolution<D>) -> Tensor<f64>;

fn assert_convolution<const D: usize>(method: Method<D>, settings: Settings<D>, x: &[usize], weight: &[usize]) {
    assert_operation(method, settings, Settings::convolved, x, weight);
}

fn assert_transposed<const D: usize>(method: Method<D>, settings: Settings<D>, x: &[usize], weight: &[usize]) {
    assert_operation(method, settings, Settings::transposed, x, weight);
}

fn assert_operation<const D: usize>(
    method: Method<D>,
    settings: Settings<D>,
    definition: fn(&Settings<D>, &ArrayD<f64>, &ArrayD<f64>) -> ArrayD<f64>,
    x: &[usize],
    weight: &[usize],
) {
    let (x, weight) = (numbers(x), numbers(weight));
    let tape = Tape::new();
    let found = method(tape.constant(&x), tape.constant(&weight), settings.settings()).to_array();
    assert_close(&found, &definition(&settings, &x, &weight), &format!("{settings:?}"));
    check_tensors(|x| method(x[0], x[1], settings.settings()), &[x, weight]).assert();
}

#[test]
fn convolutions_of_one_axis_are_their_definition() {
    let plain = Settings::<1>::PLAIN;
    assert_convolution(Tensor::conv1d, plain, &[2, 3, 5], &[2, 3, 2]);
    assert_convolution(Tensor::conv1d, Settings { stride: [2], ..plain }, &[1, 2, 6], &[3, 2, 3]);
    assert_convolution(Tensor::conv1d, Settings { stride: [3], padding: [(0, 2)], ..plain }, &[2, 1, 5], &[1, 1, 2]);
    assert_convolution(Tensor::conv1d, Settings { dilation: [3], padding: [(1, 0)], ..plain }, &[1, 2, 7], &[2, 2, 2]);
    assert_convolution(Tensor::conv1d, Settings { groups: 3, ..plain }, &[2, 3, 4], &[6, 1, 3]);
    assert_convolution(Tensor::conv1d, Settings { padding: [(3, 3)], ..plain }, &[1, 1, 1], &[1, 1, 2]);
    assert_convolution(Tensor::conv1d, Settings { padding: [(2, 1)], ..plain }, &[1, 2, 0], &[1, 2, 3]);
}

#[test]
fn convolutions_of_two_axes_are_their_definition() {
    let plain = Settings::<2>::PLAIN;
    assert_convolution(Tensor::conv2d, plain, &[1, 2, 3, 4], &[3, 2, 2, 3]);
    let odd = Settings { stride: [2, 3], padding: [(1, 0), (0, 2)], ..plain };
    assert_convolution(Tensor::conv2d, odd, &[2, 2, 4, 5], &[2, 2, 2, 2]);
    let dilated = Settings { dilation: [2, 1], padding: [(1, 1), (0, 0)], groups: 2, ..plain };
    assert_convolution(Tensor::conv2d, dilated, &[1, 4, 4, 3], &[2, 2, 2, 3]);
    assert_convolution(Tensor::conv2d, plain, &[2, 3, 2, 2], &[4, 3, 1, 1]);
}

#[test]
fn convolutions_of_three_axes_are_their_definition() {
    let plain = Settings::<3>::PLAIN;
    assert_convolution(Tensor::conv3d, plain, &[1, 2, 2, 3, 2], &[2, 2, 2, 2, 1]);
    let odd =
        Settings { stride: [1, 2, 1], padding: [(0, 1), (1, 0), (0, 0)], dilation: [1, 1, 2], groups: 2, ..plain };
    assert_convolution(Tensor::conv3d, odd, &[1, 2, 2, 3, 3], &[2, 1, 2, 2, 2]);
}

#[test]
fn transposed_convolutions_are_their_definition() {
    let plain = Settings::<1>::PLAIN;
    assert_transposed(Tensor::conv_transpose1d, plain, &[2, 3, 4], &[3, 2, 2]);
    let odd = Settings { stride: [3], padding: [(2, 1)], output_padding: [2], ..plain };
    assert_transposed(Tensor::conv_transpose1d, odd, &[1, 2, 3], &[2, 1, 4]);
    let dilated = Settings { stride: [1], dilation: [3], output_padding: [2], groups: 2, ..plain };
    assert_transposed(Tensor::conv_transpose1d, dilated, &[1, 4, 3], &[4, 3, 2]);
    // A kernel shorter than the stride leaves gaps of zeros.
    assert_transposed(Tensor::conv_transpose1d, Settings { stride: [3], ..plain }, &[2, 1, 3], &[1, 1, 1]);
    let plain = Settings::<2>::PLAIN;
    let odd = Settings { stride: [2, 1], padding: [(1, 0), (0, 1)], output_padding: [1, 0], groups: 2, ..plain };
    assert_transposed(Tensor::conv_transpose2d, odd, &[2, 2, 2, 3], &[2, 2, 3, 2]);
    let plain = Settings::<3>::PLAIN;
    let odd = Settings { stride: [1, 2, 1], dilation: [1, 1, 2], ..plain };
    assert_transposed(Tensor::conv_transpose3d, odd, &[1, 2, 2, 2, 1], &[2, 1, 1, 2, 2]);
}

#[test]
fn a_transposed_convolution_is_the_adjoint_of_the_convolution() {
    let settings = Convolution::new().stride([2, 1]).padding([(1, 0), (2, 1)]).dilation([1, 2]).groups(2);
    let tape = Tape::new();
    let x = tape.variable(numbers(&[2, 4, 6, 5]));
    let weight = tape.constant(numbers(&[6, 2, 2, 3]));
    let y = x.conv2d(weight, settings);
    let adjoint = tape.constant(numbers(&y.shape()));
    let gradient = (y * adjoint).sum().backward()[x].to_owned();
    // Six padded to seven, windows of two every two: the last element is not reached.
    let back = adjoint.conv_transpose2d(weight, settings.output_padding([1, 0]));
    assert_close(&back.to_array(), &gradient, "adjoint");
}

#[test]
fn convolutions_take_any_layout_and_empty_batches() {
    let settings = Convolution::new().stride(2).padding(1);
    let (x, weight) = (numbers(&[4, 5, 2, 2]), numbers(&[2, 3, 2, 3]));
    check_tensors(
        |x| x[0].permute([2, 3, 1, 0]).conv2d(x[1].permute([1, 0, 3, 2]).narrow(1, 0..2), settings),
        &[x.clone(), weight.clone()],
    )
    .assert();
    check_tensors(
        |x| x[0].slice(s![..;-2, ..;2, .., ..]).conv2d(x[1].flip(..), settings),
        &[x, numbers(&[2, 3, 2, 2])],
    )
    .assert();
    let tape = Tape::<f64>::new();
    let (x, weight) = (tape.variable(numbers(&[0, 2, 4, 4])), tape.variable(numbers(&[3, 2, 2, 2])));
    for (y, shape) in [
        (x.conv2d(weight, Convolution::new()), [0, 3, 3, 3]),
        (x.narrow(1, 0..1).conv_transpose2d(weight.narrow(0, 0..1), Convolution::new()), [0, 2, 5, 5]),
    ] {
        assert_eq!(y.shape(), shape);
        let gradients = y.sum().backward();
        assert_eq!(gradients[x].shape(), [0, 2, 4, 4]);
        assert!(gradients[weight].iter().all(|&gradient| gradient == 0.0));
    }
}

#[test]
fn the_gradient_of_a_convolution_is_differentiated_again() {
    let settings = Convolution::new().stride(2).padding((1, 0)).groups(2);
    let shapes = [numbers(&[1, 2, 3, 3]), numbers(&[2, 1, 2, 2])];
    check_tensors(|x| x[0].conv2d(x[1], settings).powi(3).sum().grad(x[0]), &shapes).assert();
    check_tensors(|x| x[0].conv2d(x[1], settings).powi(3).sum().grad(x[1]), &shapes).assert();
    check_tensors(|x| x[0].conv_transpose2d(x[1], settings).powi(3).sum().grad(x[1]), &shapes).assert();
}

#[test]
fn settings_are_one_number_or_one_an_axis() {
    let one = Convolution::<2>::new().stride(2).padding(1).dilation(3);
    assert_eq!(one, Convolution::new().stride([2, 2]).padding([1, 1]).dilation([3, 3]));
    assert_eq!(one, Convolution::new().stride(2).padding([(1, 1), (1, 1)]).dilation(3));
    assert_eq!(Margins::<2>::from((1, 2)), Margins::from([(1, 2), (1, 2)]));
    assert_eq!(PerAxis::<3>::from(4), PerAxis::from([4, 4, 4]));
    assert_eq!(Convolution::<1>::default(), Convolution::new());
}

#[test]
fn a_sum_over_all_windows_counts_how_often_each_element_is_read() {
    let tape = Tape::<f64>::new();
    let x = tape.variable(numbers(&[1, 1, 5]));
    let ones = tape.constant(array![[[1.0, 1.0]]]);
    let gradients = x.conv1d(ones, Convolution::new().stride(2)).sum().backward();
    assert_eq!(gradients[x], array![[[1.0, 1.0, 1.0, 1.0, 0.0]]].into_dyn());
}

/// A wrong use, the text of its error, and the text that it should have.
macro_rules! assert_errors {
    ($($use:expr => $text:expr,)*) => {
        $(assert_eq!($use.err().map(|error| error.to_string()).as_deref(), Some::<&str>($text), "{}", stringify!($use));)*
    };
}

#[test]
fn wrong_uses_of_convolutions_give_the_documented_errors() {
    let tape = Tape::<f64>::new();
    let (x, weight) = (tape.variable(numbers(&[1, 2, 4])), tape.variable(numbers(&[4, 2, 3])));
    let [square, empty] = [tape.variable(numbers(&[1, 1, 2, 2])), tape.variable(numbers(&[1, 2, 0]))];
    let plain = Convolution::<1>::new();
    let foreign = Tape::<f64>::new();
    let elsewhere = foreign.variable(numbers(&[4, 2, 3]));
    let axes = "input and weight have two axes for batch and channels, and the spatial ones";
    let smaller = "an output padding must be smaller than the stride or the dilation";
    assert_errors! {
        x.try_conv1d(weight, plain.stride(0)) => "conv1d: stride and dilation must be at least 1",
        x.try_conv1d(weight, plain.dilation(0)) => "conv1d: stride and dilation must be at least 1",
        x.try_conv1d(weight, plain.groups(0)) => "conv1d: there must be at least one group",
        x.try_conv1d(weight, plain.output_padding(1)) => "conv1d: only a transposed convolution has an output padding",
        x.try_conv1d(weight, plain.groups(3)) =>
            "conv1d: shapes [1, 2, 4] and [4, 2, 3]: the weight's first axis must split into the groups",
        x.try_conv1d(weight, plain.groups(2)) => "conv1d: shapes [1, 2, 4] and [4, 2, 3]: \
            the input must have as many channels as the weight's second axis, times the groups",
        x.try_conv1d(weight, plain.dilation(2)) =>
            "conv1d: shapes [1, 2, 4] and [4, 2, 3]: the kernel must fit into the padded input",
        x.try_conv1d(weight.narrow(2, 0..0), plain) =>
            "conv1d: shapes [1, 2, 4] and [4, 2, 0]: the kernel must have at least one element along each axis",
        x.try_conv1d(square, plain) => &format!("conv1d: shapes [1, 2, 4] and [1, 1, 2, 2]: {axes}"),
        x.try_conv2d(square, Convolution::new()) => &format!("conv2d: shapes [1, 2, 4] and [1, 1, 2, 2]: {axes}"),
        square.try_conv3d(square, Convolution::new()) =>
            &format!("conv3d: shapes [1, 1, 2, 2] and [1, 1, 2, 2]: {axes}"),
        x.try_conv1d(elsewhere, plain) => "conv1d: foreign handle: the operands belong to two different tapes",
        x.try_conv_transpose1d(weight, plain) => "conv_transpose1d: shapes [1, 2, 4] and [4, 2, 3]: \
            the input must have as many channels as the weight's first axis is long",
        x.try_conv_transpose1d(weight.narrow(0, 0..2), plain.output_padding(1)) =>
            &format!("conv_transpose1d: {smaller}"),
        x.try_conv_transpose1d(weight.narrow(0, 0..2), plain.padding(3)) =>
            "conv_transpose1d: shapes [1, 2, 4] and [2, 2, 3]: the padding takes the whole output away",
        x.try_conv_transpose1d(weight.narrow(0, 0..2), plain.stride(0)) =>
            "conv_transpose1d: stride and dilation must be at least 1",
        empty.try_conv_transpose1d(weight.narrow(0, 0..2), plain) => "conv_transpose1d: shapes [1, 2, 0] and \
            [2, 2, 3]: the input must have at least one element along each spatial axis",
    }
}

/// One axis of a pool by its definition: for each window the elements that count, with the padding's being `None`.
fn seen(
    row: &[f64],
    size: usize,
    stride: usize,
    margins: (usize, usize),
    dilation: usize,
    ceil: bool,
) -> Vec<Vec<Option<f64>>> {
    let padded = margins.0 + row.len() + margins.1;
    let extent = (size - 1) * dilation + 1;
    let begins = (0..).map(|window| window * stride);
    let fits = |&begin: &usize| {
        begin + extent <= padded || (ceil && begin < margins.0 + row.len() && begin + extent < padded + stride)
    };
    let elements = |begin: usize| {
        let places = (0..size).map(|at| begin + at * dilation).filter(|&place| place < padded);
        places.map(|place| place.checked_sub(margins.0).and_then(|place| row.get(place).copied())).collect()
    };
    begins.take_while(fits).map(elements).collect()
}

#[test]
fn pools_of_one_axis_are_their_definition() {
    for (length, size, stride, margins, dilation, ceil) in [
        (5, 2, 2, (0, 0), 1, false),
        (5, 2, 2, (0, 0), 1, true),
        (6, 3, 2, (1, 0), 1, false),
        (6, 3, 2, (1, 1), 1, true),
        (7, 2, 3, (0, 1), 2, true),
        (5, 3, 4, (1, 1), 1, true),
        (4, 2, 3, (1, 1), 1, true),
        (3, 1, 2, (0, 0), 3, false),
    ] {
        let row = numbers(&[length]);
        let settings = Pooling::new(size).stride(stride).padding(margins).dilation(dilation).ceil(ceil);
        let windows = seen(row.as_slice().unwrap(), size, stride, margins, dilation, ceil);
        let sum = |window: &Vec<Option<f64>>| window.iter().flatten().sum::<f64>();
        let expected = |value: &dyn Fn(&Vec<Option<f64>>) -> f64| {
            ArrayD::from_shape_vec(IxDyn(&[windows.len()]), windows.iter().map(value).collect()).unwrap()
        };
        let tape = Tape::<f64>::new();
        let x = tape.constant(&row);
        let what = format!("{settings:?} of {length}");
        let largest = |window: &Vec<Option<f64>>| window.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_close(&x.max_pool1d(settings).to_array(), &expected(&largest), &what);
        assert_close(&x.avg_pool1d(settings).to_array(), &expected(&|window| sum(window) / window.len() as f64), &what);
        let own = settings.count_padding(false);
        let mean = |window: &Vec<Option<f64>>| sum(window) / window.iter().flatten().count() as f64;
        assert_close(&x.avg_pool1d(own).to_array(), &expected(&mean), &what);
        let rows = numbers(&[length, 2]);
        for pool in [Tensor::max_pool1d, Tensor::avg_pool1d] {
            check_tensors(|x| pool(x[0].t(), settings), std::slice::from_ref(&rows)).assert();
            check_tensors(|x| pool(x[0].slice(s![..;-1, 1]), own), std::slice::from_ref(&rows)).assert();
        }
    }
}

#[test]
fn pools_of_several_axes_are_pools_of_one_after_the_other() {
    let images = numbers(&[2, 1, 3, 5, 4]);
    let tape = Tape::<f64>::new();
    let x = tape.constant(&images);
    let along = |x: Tensor<f64>, axis: isize, pool: &dyn Fn(Tensor<f64>) -> Tensor<f64>| {
        pool(x.transpose(axis, -1)).transpose(axis, -1)
    };
    let rows = |x: Tensor<f64>| x.max_pool1d(Pooling::new(2).padding((1, 0)));
    let columns = |x: Tensor<f64>| x.max_pool1d(Pooling::new(3).stride(2).padding((0, 1)));
    let settings = Pooling::new([3, 2]).stride([2, 2]).padding([(0, 1), (1, 0)]);
    assert_eq!(x.max_pool2d(settings).to_array(), along(rows(x), -2, &columns).to_array());
    let rows = |x: Tensor<f64>| x.avg_pool1d(Pooling::new(2).padding((1, 0)).count_padding(false).ceil(true));
    let columns = |x: Tensor<f64>| x.avg_pool1d(Pooling::new(3).stride(2).count_padding(false).ceil(true));
    let settings = Pooling::new([3, 2]).stride([2, 2]).padding([(0, 0), (1, 0)]).count_padding(false).ceil(true);
    let whole = |x: Tensor<f64>| x.avg_pool1d(Pooling::new(2));
    let deep = Pooling::new([2, 3, 2]).stride([2, 2, 2]).padding([(0, 0), (0, 0), (1, 0)]).count_padding(false);
    let expected = along(rows(x), -2, &columns);
    assert_close(&x.avg_pool2d(settings).to_array(), &expected.to_array(), "two axes");
    let rows = |x: Tensor<f64>| x.avg_pool1d(Pooling::new(2).padding((1, 0)).count_padding(false));
    let columns = |x: Tensor<f64>| x.avg_pool1d(Pooling::new(3).stride(2));
    let expected = along(along(rows(x), -2, &columns), -3, &whole);
    assert_close(&x.avg_pool3d(deep).to_array(), &expected.to_array(), "three axes");
    check_tensors(|x| x[0].max_pool3d(deep), std::slice::from_ref(&images)).assert();
    check_tensors(|x| x[0].avg_pool3d(deep), std::slice::from_ref(&images)).assert();
    check_tensors(|x| x[0].avg_pool2d(settings).powi(3).sum().grad(x[0]), &[numbers(&[3, 4])]).assert();
    check_tensors(|x| x[0].max_pool2d(settings).powi(3).sum().grad(x[0]), &[numbers(&[3, 4])]).assert();
}

#[test]
fn the_first_of_equal_elements_in_a_window_gets_the_gradient() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([[1.0, 2.0, 2.0], [2.0, 1.0, 2.0], [0.0, 2.0, 2.0]]);
    let y = x.max_pool2d(Pooling::new(2).stride(1));
    assert_eq!(y.sum().backward()[x], array![[0.0, 2.0, 0.0], [1.0, 0.0, 1.0], [0.0, 0.0, 0.0]].into_dyn());
    let adaptive = x.adaptive_max_pool2d(1);
    assert_eq!(adaptive.sum().backward()[x], array![[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]].into_dyn());
    // The padding of a shorter adaptive window repeats its last element, which then wins but once.
    let row = tape.variable([0.0, 1.0, 1.0]);
    assert_eq!(row.adaptive_max_pool1d(2).sum().backward()[row], array![0.0, 2.0, 0.0].into_dyn());
}

#[test]
fn nan_goes_through_every_pool_and_only_to_its_own_windows() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([1.0, f64::NAN, 2.0, 3.0, f64::NEG_INFINITY, 1.0]);
    for pooled in [
        x.max_pool1d(Pooling::new(2).padding(1)),
        x.avg_pool1d(Pooling::new(2).padding(1)),
        x.adaptive_max_pool1d(3),
        x.adaptive_avg_pool1d(3),
    ] {
        let pooled = pooled.to_array();
        assert_eq!(pooled.iter().filter(|pooled| pooled.is_nan()).count(), 1, "{pooled}");
    }
    assert_eq!(x.adaptive_avg_pool1d(3).to_array()[[2]], f64::NEG_INFINITY);
    let gradients = x.max_pool1d(Pooling::new(2)).sum().backward();
    assert_eq!(gradients[x], array![0.0, 1.0, 0.0, 1.0, 0.0, 1.0].into_dyn());
}

#[test]
fn padding_is_smaller_than_every_number_and_ties_with_minus_infinity() {
    let tape = Tape::<f64>::new();
    let x = tape.variable([-9.0, f64::NEG_INFINITY]);
    let y = x.max_pool1d(Pooling::new(2).padding(1));
    assert_eq!(y.to_array(), array![-9.0, f64::NEG_INFINITY].into_dyn());
    assert_eq!(y.sum().backward()[x], array![1.0, 1.0].into_dyn());
    let nothing = tape.constant([1.0]).avg_pool1d(Pooling::new(2).dilation(4).padding(2).count_padding(false));
    assert!(nothing.item().is_nan(), "the only window sees only padding");
}

#[test]
fn adaptive_and_global_pools_are_their_definition() {
    let x = numbers(&[1, 2, 5, 7]);
    let tape = Tape::<f64>::new();
    let constant = tape.constant(&x);
    for counts in [[1, 1], [2, 3], [5, 7], [3, 9], [0, 2]] {
        let window = |axis: usize, i: usize| {
            let (count, length) = (counts[axis], [5, 7][axis]);
            i * length / count..((i + 1) * length).div_ceil(count)
        };
        let (largest, mean) = (constant.adaptive_max_pool2d(counts), constant.adaptive_avg_pool2d(counts));
        assert_eq!(largest.shape(), [1, 2, counts[0], counts[1]]);
        for (at, &found) in mean.to_array().indexed_iter() {
            let part = x.slice(s![at[0], at[1], window(0, at[2]), window(1, at[3])]);
            assert!((part.mean().unwrap() - found).abs() < 1e-14);
            assert_eq!(part.iter().copied().fold(f64::NEG_INFINITY, f64::max), largest.to_array()[&at]);
        }
        check_tensors(|x| x[0].adaptive_max_pool2d(counts), std::slice::from_ref(&x)).assert();
        check_tensors(|x| x[0].adaptive_avg_pool2d(counts), std::slice::from_ref(&x)).assert();
    }
    assert_eq!(constant.global_max_pool().to_array(), constant.adaptive_max_pool2d(1).flatten(1, -1).to_array());
    check_tensors(|x| x[0].transpose(0, 3).global_avg_pool(), std::slice::from_ref(&x)).assert();
    check_tensors(|x| x[0].transpose(0, 3).global_max_pool(), &[x]).assert();
    let cube = numbers(&[3, 2, 4]);
    check_tensors(|x| x[0].adaptive_max_pool3d([2, 1, 3]), std::slice::from_ref(&cube)).assert();
    check_tensors(|x| x[0].adaptive_avg_pool3d([2, 3, 3]), &[cube]).assert();
    let empty = tape.variable(numbers(&[0, 2, 3, 3]));
    for pooled in [empty.max_pool2d(Pooling::new(2)), empty.adaptive_max_pool2d(1), empty.adaptive_avg_pool2d(1)] {
        assert_eq!(pooled.shape(), [0, 2, 1, 1]);
        assert_eq!(pooled.sum().backward()[empty].shape(), [0, 2, 3, 3]);
    }
}

#[test]
fn a_program_convolves_and_pools_anew() {
    let mut params = Params::<f64>::new();
    let weight = params.add("weight", &numbers(&[2, 2, 3, 2]));
    let loss = |pass: &Pass<'_, f64>, x: Tensor<f64>| {
        let maps = x.conv2d(pass.parameter(weight), Convolution::new().padding(1));
        let pooled = maps.max_pool2d(Pooling::new(2).padding(1)).adaptive_max_pool2d([2, 1]);
        pooled.powi(2).sum() + maps.avg_pool2d(Pooling::new(3)).sum()
    };
    let x = numbers(&[2, 2, 4, 4]);
    let mut step = Program::record(&params, (&x,), |pass, (x,)| loss(pass, x));
    let other = x.mapv(|element| (3.0 * element).sin());
    let mut tape = Tape::new();
    let (expected, eager) = tape.value_and_grad(&params, |pass| loss(pass, pass.constant(&other)));
    let (value, gradients) = step.run(&params, (&other,)).unwrap();
    assert_eq!(value, expected);
    assert_eq!(gradients.params(), eager.params());
}

#[test]
fn wrong_uses_of_pools_give_the_documented_errors() {
    let tape = Tape::<f64>::new();
    let (x, empty) = (tape.variable(numbers(&[2, 3])), tape.variable(numbers(&[1, 2, 0])));
    let plain = Pooling::<1>::new(2);
    assert_errors! {
        x.try_max_pool1d(Pooling::new(0)) => "max_pool1d: a window must have at least one element along each axis",
        x.try_max_pool1d(plain.stride(0)) => "max_pool1d: stride and dilation must be at least 1",
        x.try_max_pool1d(plain.padding(2)) => "max_pool1d: the padding must be at most half as long as a window",
        x.try_max_pool1d(Pooling::new(4)) => "max_pool1d: shape [2, 3]: a window must fit into the padded axes",
        x.try_max_pool1d(Pooling::new(4).stride(9).ceil(true)) => "max_pool1d: shape [2, 3]: a window must fit into the padded axes",
        x.try_max_pool3d(Pooling::new(1)) => "max_pool3d: shape [2, 3]: a pool needs as many axes as its name says",
        x.try_avg_pool1d(plain.dilation(0)) => "avg_pool1d: stride and dilation must be at least 1",
        x.try_avg_pool2d(Pooling::new([2, 5])) => "avg_pool2d: shape [2, 3]: a window must fit into the padded axes",
        x.try_avg_pool3d(Pooling::new(1)) => "avg_pool3d: shape [2, 3]: a pool needs as many axes as its name says",
        x.try_adaptive_max_pool3d(1) => "adaptive_max_pool3d: shape [2, 3]: a pool needs as many axes as its name says",
        empty.try_adaptive_max_pool1d(2) => "adaptive_max_pool1d: shape [1, 2, 0]: there is no element to pool",
        empty.try_adaptive_avg_pool1d(2) => "adaptive_avg_pool1d: shape [1, 2, 0]: there is no element to pool",
        empty.try_global_max_pool() => "global_max_pool: shape [1, 2, 0]: there is no element to pool",
        x.try_global_avg_pool() =>
            "global_avg_pool: shape [2, 3]: a global pool needs a batch, channels and at least one spatial axis",
    }
}
