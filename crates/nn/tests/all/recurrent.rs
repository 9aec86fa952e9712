//! What is promised of recurrent layers alone: sequences of different lengths, how little is recorded, which misuse is
//! refused.

use ndarray::{Array3, ArrayD, Axis, s};
use nn::recurrent::{Recurrent, Rule};
use nn::{Gru, Init, Lstm, LstmCell, Rnn};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Program, Tape, Tensor};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(51)
}

fn numbers(shape: [usize; 3]) -> Array3<f64> {
    Init::uniform(-1.0, 1.0).array(shape, &mut rng()).into_dimensionality().unwrap()
}

#[test]
fn parameters_have_pytorchs_names_and_layout() {
    let mut params = Params::<f32>::new();
    let plan = Lstm::new(5, 4).num_layers(2).bidirectional().proj_size(3);
    let layer = params.within("encoder", |params| plan.build(params, &mut rng()));
    let found: Vec<_> = params.iter().map(|(_, found)| format!("{} {}", &found.name()[8..], found.shape())).collect();
    let expected = [
        "weight_ih_l0 [16, 5]",
        "weight_hh_l0 [16, 3]",
        "bias_ih_l0 [16]",
        "bias_hh_l0 [16]",
        "weight_hr_l0 [3, 4]",
        "weight_ih_l0_reverse [16, 5]",
        "weight_hh_l0_reverse [16, 3]",
        "bias_ih_l0_reverse [16]",
        "bias_hh_l0_reverse [16]",
        "weight_hr_l0_reverse [3, 4]",
        "weight_ih_l1 [16, 6]",
    ];
    assert_eq!(found[..11], expected);
    assert_eq!((layer.cells.len(), found.len()), (4, 20));
    // 1/√4, of more than a thousand draws.
    assert!(params.values().iter().all(|value| value.abs() <= 0.5));
    assert!(params.values().iter().any(|value| value.abs() > 0.49));
}

/// Each sequence alone, cut at its end, gives what it gives in a batch of padded ones.
fn assert_padding_is_not_looked_at<R: Rule>(
    plan: Recurrent<R, Init>,
    parts: impl Fn(R::State<f64>) -> Vec<Tensor<f64>>,
) {
    let mut params = Params::<f64>::new();
    let layer = plan.num_layers(2).bidirectional().build(&mut params, &mut rng());
    let (lengths, steps) = ([2, 0, 5, 3], 5);
    let mut x = numbers([steps, 4, 2]);
    for (row, &length) in lengths.iter().enumerate() {
        x.slice_mut(s![length.., row, ..]).fill(f64::NAN);
    }
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let (output, state) = layer.forward_lengths(&pass, tape.constant(&x), &lengths, None);
    let (output, state) = (output.to_array(), parts(state));
    for (row, &length) in lengths.iter().enumerate() {
        let alone = x.slice(s![..length, row..=row, ..]);
        let (expected, end) = layer.forward(&pass, tape.constant(alone), None);
        let (found, behind) = output.index_axis(Axis(1), row).split_at(Axis(0), length);
        assert_close(&found.to_owned().into_dyn(), &expected.squeeze(1).to_array());
        assert!(behind.iter().all(|output| *output == 0.0), "sequence {row}");
        for (found, expected) in state.iter().zip(parts(end)) {
            assert_close(&found.narrow(1, row..row + 1).to_array(), &expected.to_array());
        }
    }
    let gradients = state.iter().map(|part| part.sum()).reduce(|one, other| one + other).unwrap().backward();
    assert!(
        gradients.params().iter().all(|gradient| gradient.is_finite()),
        "what stands behind an end does not matter"
    );
}

#[track_caller]
fn assert_close(found: &ArrayD<f64>, expected: &ArrayD<f64>) {
    assert_eq!(found.shape(), expected.shape());
    // Products of another number of rows may sum in another order.
    assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-14), "{found} {expected}");
}

#[test]
fn a_padded_sequence_gives_what_it_gives_alone() {
    assert_padding_is_not_looked_at(Rnn::new(2, 3), |h| vec![h]);
    assert_padding_is_not_looked_at(Gru::new(2, 3), |h| vec![h]);
    assert_padding_is_not_looked_at(Lstm::new(2, 3), |(h, c)| vec![h, c]);
    assert_padding_is_not_looked_at(Lstm::new(2, 3).proj_size(2), |(h, c)| vec![h, c]);
}

#[test]
fn lengths_may_be_an_input_of_a_program() {
    let mut params = Params::<f64>::new();
    let layer = Gru::new(2, 3).bidirectional().batch_first().build(&mut params, &mut rng());
    let x = numbers([3, 4, 2]);
    let mut program = Program::forward(&params, (&x, [0.0; 3]), |pass, (x, lengths)| {
        let (output, state) = layer.forward_lengths(pass, x, lengths, None);
        vec![output, state]
    });
    for lengths in [[4, 1, 2], [0, 3, 4]] {
        program.run(&params, (&x, lengths.map(|length| length as f64))).unwrap();
        let tape = Tape::new();
        let (output, state) = layer.forward_lengths(&tape.bind(&params), tape.constant(&x), &lengths, None);
        assert_close(program.output(0), &output.to_array());
        assert_close(program.output(1), &state.to_array());
    }
}

#[test]
fn a_sequence_of_no_steps_leaves_the_state() {
    let mut params = Params::<f64>::new();
    let layer = Lstm::new(2, 3).bidirectional().build(&mut params, &mut rng());
    let tape = Tape::new();
    let (h, c) = (tape.constant(numbers([2, 4, 3])), tape.constant(numbers([2, 4, 3])));
    let x = tape.constant(numbers([0, 4, 2]));
    let (output, (h_n, c_n)) = layer.forward(&tape.bind(&params), x, Some((h, c)));
    assert_eq!(output.shape(), [0, 4, 6]);
    assert_eq!((h_n.to_array(), c_n.to_array()), (h.to_array(), c.to_array()));
}

/// The inputs' products are one for all steps; the bound of a step is its share of time.
#[test]
fn a_step_records_few_nodes() {
    fn nodes<R: Rule>(plan: Recurrent<R, Init>) -> usize {
        let mut params = Params::<f64>::new();
        let layer = plan.build(&mut params, &mut rng());
        let count = |steps| {
            let tape = Tape::new();
            let _ = layer.forward(&tape.bind(&params), tape.constant(numbers([steps, 4, 2])), None);
            tape.len()
        };
        let step = count(11) - count(10);
        assert_eq!(count(20) - count(10), 10 * step);
        step
    }
    assert_eq!(nodes(Rnn::new(2, 3)), 4);
    assert_eq!(nodes(Lstm::new(2, 3)), 16);
    assert_eq!(nodes(Gru::new(2, 3)), 17);
}

#[test]
fn a_cell_is_a_step_of_its_layer() {
    let mut params = Params::<f64>::new();
    let layer = Lstm::new(2, 3).build(&mut params, &mut rng());
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let x = tape.constant(numbers([1, 4, 2]));
    let (_, (h, c)) = layer.forward(&pass, x, None);
    let (one_h, one_c) = layer.cells[0].forward(&pass, x.squeeze(0), None);
    assert_eq!((h.squeeze(0).to_array(), c.squeeze(0).to_array()), (one_h.to_array(), one_c.to_array()));
    let (lone, _) = layer.cells[0].forward(&pass, x.squeeze(0).select(0, 2), None);
    assert_close(&lone.to_array(), &one_h.select(0, 2).to_array());
}

fn refused(message: &str, misuse: impl FnOnce()) {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(misuse)).expect_err("misuse panics");
    assert_eq!(*panic.downcast::<String>().unwrap(), message);
}

#[test]
fn misuse_is_refused() {
    let mut params = Params::<f64>::new();
    let layer = Gru::new(2, 3).num_layers(2).build(&mut params, &mut rng());
    let cell = params.within("cell", |params| LstmCell::new(2, 3).build(params, &mut rng()));
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let of = |shape: &[usize]| tape.constant(ArrayD::zeros(shape));
    let (x, h) = (of(&[5, 4, 2]), of(&[4, 3]));
    refused("Gru: input of shape [2]: expected [time, batch, features]", || _ = layer.forward(&pass, of(&[2]), None));
    refused("Gru: input of shape [5, 4, 3]: expected 2 features on its last axis, found 3", || {
        _ = layer.forward(&pass, of(&[5, 4, 3]), None);
    });
    refused("Gru: state of shape [1, 4, 3]: expected [2, 4, 3]", || {
        _ = layer.forward(&pass, x, Some(of(&[1, 4, 3])));
    });
    refused("Gru: lengths of shape [3]: expected [4], one a sequence", || {
        _ = layer.forward_lengths(&pass, x, &[1, 2, 3], None);
    });
    refused("Gru: length 6 of sequence 2: there are 5 steps", || {
        _ = layer.forward_lengths(&pass, x, &[1, 2, 6, 3], None);
    });
    refused("LstmCell: input of shape []: expected [batch, features], or [features] without a batch", || {
        _ = cell.forward(&pass, of(&[]), None);
    });
    refused("LstmCell: state of shape [3, 3]: expected [4, 3]", || {
        _ = cell.forward(&pass, of(&[4, 2]), Some((h, of(&[3, 3]))));
    });
    refused("Lstm: num_layers 0: there must be at least one", || {
        _ = Lstm::new(2, 3).num_layers(0).build(&mut params.clone(), &mut rng());
    });
    refused("Lstm: proj_size 3: it must be at least 1 and less than hidden_size", || {
        _ = Lstm::new(2, 3).proj_size(3).build(&mut params.clone(), &mut rng());
    });
}
