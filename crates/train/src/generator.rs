//! Where a random generator stands, as a value that saves and restores exactly.

use std::fmt;
use std::str::FromStr;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// The whole state of a [`ChaCha8Rng`]: seed, stream and position.
///
/// A generator made from it continues with the very bits that the original would have given next. It prints and
/// parses as three hexadecimal numbers.
///
/// ```
/// use rand::{Rng, SeedableRng};
/// use rand_chacha::ChaCha8Rng;
/// use train::GeneratorState;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(7);
/// rng.next_u32();
/// let written = GeneratorState::of(&rng).to_string();
/// let mut again = written.parse::<GeneratorState>().unwrap().generator();
/// assert_eq!(again.next_u64(), rng.next_u64());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct GeneratorState {
    seed: [u8; 32],
    stream: u64,
    /// In 32-bit words from the start of the stream.
    position: u128,
}

/// ChaCha counts 2^64 blocks of 16 words and begins anew behind them; a position there may be told unreduced.
const POSITIONS: u128 = 1 << 68;

impl GeneratorState {
    /// Where `rng` stands.
    #[must_use]
    pub fn of(rng: &ChaCha8Rng) -> Self {
        Self { seed: rng.get_seed(), stream: rng.get_stream(), position: rng.get_word_pos() % POSITIONS }
    }

    /// A generator that stands there.
    #[must_use]
    pub fn generator(&self) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::from_seed(self.seed);
        rng.set_stream(self.stream);
        rng.set_word_pos(self.position);
        rng
    }
}

impl fmt::Display for GeneratorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.seed {
            write!(f, "{byte:02x}")?;
        }
        write!(f, "-{:x}-{:x}", self.stream, self.position)
    }
}

/// A text that is not a generator's state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no generator state: seed-stream-position in hexadecimal")]
pub struct GeneratorStateError {
    text: String,
}

impl FromStr for GeneratorState {
    type Err = GeneratorStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| GeneratorStateError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<GeneratorState> {
    let mut fields = text.split('-');
    let (digits, stream, position) = (fields.next()?, fields.next()?, fields.next()?);
    // `from_str_radix` takes a sign, and slicing by bytes wants ASCII.
    let plain = fields.next().is_none() && [digits, stream, position].iter().all(|field| is_hexadecimal(field));
    if !plain || digits.len() != 64 {
        return None;
    }
    let mut seed = [0; 32];
    for (byte, at) in seed.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    let stream = u64::from_str_radix(stream, 16).ok()?;
    let position = u128::from_str_radix(position, 16).ok().filter(|&position| position < POSITIONS)?;
    Some(GeneratorState { seed, stream, position })
}

fn is_hexadecimal(field: &str) -> bool {
    field.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl From<GeneratorState> for String {
    fn from(state: GeneratorState) -> Self {
        state.to_string()
    }
}

impl TryFrom<String> for GeneratorState {
    type Error = GeneratorStateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::Rng;

    use super::*;

    proptest! {
        /// Positions within and at the ends of the generator's buffer of four blocks, near the end of the stream, and
        /// after draws that leave half a word pair or some bytes of a word behind.
        #[test]
        fn a_restored_generator_continues_with_the_same_bits(
            seed: u64,
            stream: u64,
            start in prop_oneof![Just(0), 0_u128..1000, POSITIONS - 100..POSITIONS],
            draws in prop::collection::vec(0_usize..3, 0..300),
        ) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(stream);
            rng.set_word_pos(start);
            for draw in draws {
                match draw {
                    0 => { rng.next_u32(); }
                    1 => { rng.next_u64(); }
                    _ => rng.fill_bytes(&mut [0; 5]),
                }
            }
            let state = GeneratorState::of(&rng);
            let text = serde_json::to_string(&state).unwrap();
            let read: GeneratorState = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(read, state);
            let mut again = read.generator();
            for _ in 0..200 {
                prop_assert_eq!(again.next_u32(), rng.next_u32());
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[0-9a-f+é-]{0,80}") {
            let _ = text.parse::<GeneratorState>();
        }
    }

    #[test]
    fn what_is_no_state_is_refused() {
        let seed = "0".repeat(64);
        assert!(format!("{seed}-0-0").parse::<GeneratorState>().is_ok());
        for text in ["", "0-0-0", &format!("{seed}-0"), &format!("{seed}-0-0-0"), &format!("{seed}-+1-0")] {
            let error = text.parse::<GeneratorState>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{text:?} is no generator state: seed-stream-position in hexadecimal")
            );
        }
        assert!(format!("{seed}-0-{POSITIONS:x}").parse::<GeneratorState>().is_err());
    }
}
