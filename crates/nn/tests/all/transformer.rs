//! Does a transformer compute with few nodes, where does it start, and what do its settings do?

use ndarray::{Array3, s};
use nn::{
    AttentionMask, Init, RotaryPositions, Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder,
    TransformerEncoderLayer,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use tape::{Params, Program, Tape};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(51)
}

fn encoder(heads: usize) -> TransformerEncoderLayer<Init> {
    TransformerEncoderLayer::new(8, heads).feedforward(16).norm_first()
}

fn decoder(heads: usize) -> TransformerDecoderLayer<Init> {
    TransformerDecoderLayer::new(8, heads).feedforward(16).norm_first()
}

/// The nodes that a layer adds to the tape: views and numbers count too.
fn nodes(plan: TransformerEncoderLayer<Init>, samples: usize, mask: AttentionMask<f64>) -> usize {
    let mut params = Params::<f64>::new();
    let layer = plan.build(&mut params, &mut rng());
    let tape = Tape::new();
    let pass = tape.bind(&params);
    let x = pass.constant(Array3::<f64>::ones((samples, 5, 8)));
    let before = tape.len();
    let _ = layer.forward(&pass, x, mask);
    tape.len() - before
}

/// Heads and samples are axes of one product, never a loop: how many there are does not matter.
#[test]
fn a_block_is_a_fixed_number_of_nodes() {
    for (heads, samples) in [(1, 1), (2, 7), (8, 2)] {
        assert_eq!(nodes(encoder(heads), samples, AttentionMask::none()), 69);
        assert_eq!(nodes(encoder(heads), samples, AttentionMask::none().causal()), 74);
    }
    assert_eq!(nodes(encoder(2).rotary(RotaryPositions::new(4)), 3, AttentionMask::none()), 83);
}

/// Forwards and backwards, where views and numbers are no steps.
#[test]
fn a_block_is_a_fixed_number_of_steps_of_a_program() {
    let mut params = Params::<f64>::new();
    let layer = encoder(2).build(&mut params, &mut rng());
    let x = Array3::<f64>::ones((3, 5, 8));
    let program = Program::record(&params, (&x,), |pass, (x,)| {
        layer.forward(pass, x, AttentionMask::none().causal()).powi(2).sum()
    });
    assert_eq!(program.steps(), 100);
}

#[test]
fn a_token_depends_on_no_later_one() {
    let (tape, mut params) = (Tape::new(), Params::<f64>::new());
    let (encoder, decoder) = params.within("both", |params| {
        let encoder = TransformerEncoder::new(encoder(2).rotary(RotaryPositions::new(4)), 2).norm();
        let decoder = TransformerDecoder::new(decoder(2), 2).norm();
        let encoder = params.within("encoder", |params| encoder.build(params, &mut rng()));
        (encoder, params.within("decoder", |params| decoder.build(params, &mut rng())))
    });
    let pass = tape.bind(&params);
    let x = tape.variable(Init::normal(0.0, 1.0).array::<f64>([5, 8], &mut rng()));
    let memory = tape.constant([[0.5; 8]; 2]);
    let causal = AttentionMask::none().causal();
    for y in [encoder.forward(&pass, x, causal), decoder.forward(&pass, x, memory, causal, AttentionMask::none())] {
        let gradient = &y.select(0, 2).powi(3).sum().backward()[x];
        assert!(gradient.slice(s![..3, ..]).iter().all(|element| *element != 0.0));
        assert!(gradient.slice(s![3.., ..]).iter().all(|element| *element == 0.0));
    }
}

#[test]
fn padding_is_as_if_it_were_not_there() {
    let (tape, mut params) = (Tape::new(), Params::<f64>::new());
    let model = TransformerEncoder::new(encoder(2), 2).build(&mut params, &mut rng());
    let pass = tape.bind(&params);
    let x = Init::normal(0.0, 1.0).array::<f64>([1, 5, 8], &mut rng());
    let padding = tape.mask(&ndarray::array![[false, false, false, true, true]]);
    let padded = model.forward(&pass, tape.constant(&x), AttentionMask::none().padding(padding)).to_array();
    let alone = tape.constant(x.slice(s![.., ..3, ..]));
    let alone = model.forward(&pass, alone, AttentionMask::none()).to_array();
    for (padded, alone) in padded.slice(s![.., ..3, ..]).iter().zip(&alone) {
        assert!((padded - alone).abs() < 1e-14, "{padded}, not {alone}");
    }
}

/// `nn.Transformer` draws every matrix as Xavier uniform, and leaves vectors as their layers start.
#[test]
fn the_matrices_of_the_whole_start_as_xavier_uniform() {
    let mut params = Params::<f64>::new();
    let encoder = TransformerEncoderLayer::new(64, 2).feedforward(100);
    let decoder = TransformerDecoderLayer::new(64, 2).feedforward(100);
    let _ = Transformer::of(encoder, 2, decoder, 1).build(&mut params, &mut rng());
    let mut matrices = 0;
    for (id, parameter) in params.iter().filter(|(_, parameter)| parameter.shape().rank() == 2) {
        let largest = params.view(id).iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let bound = (6.0 / parameter.shape().iter().sum::<usize>() as f64).sqrt();
        // Of 4096 uniform draws or more, the largest is below 99 % of the bound never.
        assert!(largest <= bound && largest > 0.99 * bound, "{}: {largest} of {bound}", parameter.name());
        matrices += 1;
    }
    // Two a network and two an attention.
    assert_eq!(matrices, 2 * 4 + 6);
}

#[test]
fn without_biases_there_are_none_whatever_is_set_afterwards() {
    let mut params = Params::<f64>::new();
    let encoder = encoder(2).without_bias().feedforward(4).dropout(0.2);
    let decoder = decoder(2).without_bias().feedforward(4).dropout(0.2);
    let _ = Transformer::of(encoder, 1, decoder, 1).build(&mut params, &mut rng());
    assert!(params.iter().all(|(_, parameter)| !parameter.name().ends_with("bias")));
}

#[test]
fn the_layers_of_a_stack_start_from_different_draws() {
    let mut params = Params::<f64>::new();
    let model = TransformerEncoder::new(encoder(2), 2).build(&mut params, &mut rng());
    let [one, other] = [&model.layers[0], &model.layers[1]].map(|layer| params.view(layer.linear1.weight));
    assert_ne!(one, other);
}

#[test]
fn a_stack_of_nothing_returns_its_input() {
    let mut params = Params::<f64>::new();
    let model = TransformerEncoder::new(encoder(2), 0).norm().build(&mut params, &mut rng());
    let x = Init::normal(0.0, 1.0).array::<f64>([3, 8], &mut rng());
    let y = Tape::new().evaluate(&params, |pass| model.forward(pass, pass.constant(&x), AttentionMask::none()));
    assert_eq!((y, params.is_empty()), (x, true));
}
