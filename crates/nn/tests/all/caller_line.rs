//! Does misuse name the line of whoever misused the crate?

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use nn::init::Gain;
use nn::{
    AttentionMask, BatchNorm1d, Dropout, Gru, Huber, Init, Pool, Reshape, Sequential, SinusoidalPositions,
    TransformerDecoderLayer, Upsample, cross_entropy, ctc, explain, mse, scaled_dot_product_attention,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Pooling, Tape};

thread_local! {
    static AWAITED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// The hook is the process's, and other tests panic at the same time: it is set once, and looks at threads that wait.
fn watch() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let outer = take_hook();
        set_hook(Box::new(move |info| match info.location() {
            Some(place) if AWAITED.get() => PLACE.set(Some((place.file().to_owned(), place.line()))),
            _ => outer(info),
        }));
    });
}

/// The message of the panic that `misuse` ends in, and the file and line that it names.
fn panic_of(misuse: impl FnOnce()) -> (String, String, u32) {
    watch();
    AWAITED.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(misuse));
    AWAITED.set(false);
    let message = *outcome.expect_err("misuse panics").downcast().expect("the message is made");
    let (file, line) = PLACE.take().expect("a panic has a place");
    (message, file, line)
}

#[test]
fn misuse_names_the_callers_line() {
    let rng = &mut ChaCha8Rng::seed_from_u64(0);
    let mut params = Params::<f64>::new();
    let inner = Sequential::new().linear(2, 3).relu().linear(4, 1);
    let model = Sequential::new().layer(inner.clone()).build(&mut params, rng);
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let x = tape.constant([[1.0, 2.0]]);

    let refused = |line: u32, misuse: &mut dyn FnMut(), message: &str| {
        assert_eq!(panic_of(misuse), (message.to_owned(), file!().to_owned(), line));
    };
    let message = "Linear: input of shape [1, 3]: expected 4 features on its last axis, found 3";
    refused(line!(), &mut || _ = model.forward(&pass, x), message);
    let message = "cross_entropy: label 2 of row 0: expected one below 2, the number of classes";
    refused(line!(), &mut || _ = cross_entropy(x, &[2]), message);
    let mut own = Params::<f64>::new();
    let gru = Gru::new(3, 4).build(&mut own, rng);
    let norm = BatchNorm1d::new(2).build(&mut own, rng);
    let own_tape = Tape::new();
    let own_pass = own_tape.bind(&own);
    let row = own_tape.constant([[1.0, 2.0]]);
    let message = "Gru: input of shape [1, 2]: expected 3 features on its last axis, found 2";
    refused(line!(), &mut || _ = gru.forward(&own_pass, row, None), message);
    let message = "BatchNorm1d: input of shape [1, 2]: one value a channel has no spread; train with more, or evaluate";
    refused(line!(), &mut || _ = norm.forward(&own_pass.training(0), row), message);
    let message = "Dropout: p 2: a probability lies between 0 and 1";
    refused(line!(), &mut || _ = Dropout::new(2.0), message);
    let message = "mse: prediction of shape [1, 2] and target of shape [2]: the two must be equal";
    let y = tape.constant([1.0, 2.0]);
    refused(line!(), &mut || _ = mse(x, y), message);
    let message = "huber: delta -1: it must be positive";
    refused(line!(), &mut || _ = Huber::new().delta(-1.0).loss(x, x), message);
    let message = "ctc: log_probabilities of shape [2]: [time, batch, classes] is needed";
    refused(line!(), &mut || _ = ctc(y, &[1], &[1], &[1]), message);
    let message = "Linear: input of shape [1, 3]: expected 2 features on its last axis, found 3";
    let wide = ndarray::array![[1.0, 2.0, 3.0]];
    refused(line!(), &mut || _ = explain::responsibility(&model, &params, &wide, |_, y| y.sum()), message);
    refused(line!(), &mut || _ = explain::saliency(&params, &wide, |pass, x| model.forward(pass, x)), message);
    let message = "scaled_dot_product_attention: query of shape [1, 2], key of shape [1, 2], value of shape [2]: \
                   each needs two axes at least, [.., tokens, features]";
    refused(line!(), &mut || _ = scaled_dot_product_attention(&pass, x, x, y, AttentionMask::none(), 0.0), message);
    let mut blocks = Params::<f64>::new();
    let block = TransformerDecoderLayer::new(2, 1).feedforward(1).build(&mut blocks, rng);
    let tape = Tape::new();
    let pass = tape.bind(&blocks);
    let [x, y] = [tape.constant([[1.0, 2.0]]), tape.constant([1.0, 2.0])];
    let all = AttentionMask::none();
    let message = "TransformerDecoderLayer: input of shape [2]: expected [.., tokens, features]";
    refused(line!(), &mut || _ = block.forward(&pass, x, y, all, all), message);
    let padding = all.padding(tape.constant([[0.0]; 3]).ne(0.0));
    let message =
        "attention: padding mask of shape [3, 1] and scores of shape [1, 1, 1]: it must be [keys] or [batch, keys]";
    refused(line!(), &mut || _ = block.forward(&pass, x, x, padding, all), message);
    let message = "MultiheadAttention: query of shape [1, 2], key of shape [2, 1, 2], value of shape [2, 1, 2]: \
                   the axes before the last two must be equal";
    let two = tape.constant([[1.0, 2.0], [3.0, 4.0]]).unsqueeze(1);
    refused(line!(), &mut || _ = block.forward(&pass, x, two, all, all), message);
    let message = "SinusoidalPositions: input of shape [2]: expected [.., tokens, features]";
    refused(line!(), &mut || _ = SinusoidalPositions::new(2).forward(&pass, y), message);
    let message = "xavier_uniform: shape [3]: fans need at least two axes, [out, in, ..]";
    let fans = Init::xavier_uniform(Gain::Linear);
    refused(line!(), &mut || _ = fans.array::<f32>([3], rng), message);
    let message = "parameters: the name \"0.weight\" is taken; each parameter needs a name of its own";
    let mut taken = Params::<f32>::new();
    taken.add("0.weight", &ndarray::array![1.0]);
    refused(line!(), &mut || _ = inner.clone().build(&mut taken, rng), message);
    let image = tape.constant(ndarray::Array4::zeros([1, 2, 4, 4]));
    let chain = |plan: Sequential<Init>| plan.build(&mut Params::<f64>::new(), &mut ChaCha8Rng::seed_from_u64(0));
    let pool = chain(Sequential::new().layer(Pool::LpPool2d { norm: 2.0, windows: Pooling::new(5) }));
    let message = "avg_pool2d: shape [1, 2, 4, 4]: a window must fit into the padded axes";
    refused(line!(), &mut || _ = pool.forward(&pass, image), message);
    let shuffle = chain(Sequential::new().layer(Reshape::PixelShuffle { factor: 2 }));
    let message = "PixelShuffle: input of shape [1, 2, 4, 4]: expected [.., c 2 2, h, w]";
    refused(line!(), &mut || _ = shuffle.forward(&pass, image), message);
    let upsample = chain(Sequential::new().layer(Upsample::size([3])));
    let message = "Upsample: input of shape [1, 2, 4, 4]: expected [n, channels] and 1 axes more";
    refused(line!(), &mut || _ = upsample.forward(&pass, image), message);
    let residual = chain(Sequential::new().residual(Sequential::new().flatten()));
    let message = "Residual: input of shape [1, 2, 4, 4]: expected that of the body's output, [1, 32]";
    refused(line!(), &mut || _ = residual.forward(&pass, image), message);
    let mut others = Params::<f64>::new();
    let convolution = Sequential::new().conv2d(3, 1, 3).build(&mut others, &mut ChaCha8Rng::seed_from_u64(0));
    let message = "Conv2d: input of shape [1, 2, 4, 4]: expected [n, 3, height, width] or [3, height, width]";
    refused(line!(), &mut || _ = convolution.forward(&pass, image), message);
    refused(line!(), &mut || _ = convolution.summary(&others, [1, 2, 4, 4]), message);
    refused(line!(), &mut || _ = others.freeze("1.*"), "parameters: no name matches \"1.*\"");
}
