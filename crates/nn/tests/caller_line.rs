//! Does misuse name the line of whoever misused the crate? One test, because the panic hook is the process's.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex};

use nn::init::Gain;
use nn::{Huber, Init, Sequential, cross_entropy, ctc, explain, mse};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Tape};

/// The message of the panic that `misuse` ends in, and the file and line that it names.
fn panic_of(misuse: impl FnOnce()) -> (String, String, u32) {
    let place = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&place);
    let before = take_hook();
    set_hook(Box::new(move |info| {
        *seen.lock().unwrap() = info.location().map(|location| (location.file().to_owned(), location.line()));
    }));
    let outcome = catch_unwind(AssertUnwindSafe(misuse));
    set_hook(before);
    let (file, line) = place.lock().unwrap().take().expect("a panic has a place");
    (*outcome.expect_err("misuse panics").downcast().expect("the message is made"), file, line)
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
    let message = "xavier_uniform: shape [3]: fans need at least two axes, [out, in, ..]";
    let fans = Init::xavier_uniform(Gain::Linear);
    refused(line!(), &mut || _ = fans.array::<f32>([3], rng), message);
    let message = "parameters: the name \"0.weight\" is taken; each parameter needs a name of its own";
    let mut taken = Params::<f32>::new();
    taken.add("0.weight", &ndarray::array![1.0]);
    refused(line!(), &mut || _ = inner.clone().build(&mut taken, rng), message);
}
