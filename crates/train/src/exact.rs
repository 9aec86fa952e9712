//! How a checkpoint keeps every `f64`: as a JSON string, because JSON numbers have no infinity and no NaN.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// The shortest decimal that reads back as the same bits, `inf`, `-inf` or `NaN`.
pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    parse(&String::deserialize(deserializer)?)
}

fn parse<E: Error>(text: &str) -> Result<f64, E> {
    text.parse().map_err(|_| E::custom(format_args!("{text:?} is no number")))
}

/// The same for a number that may be absent.
pub(crate) mod option {
    use super::{Deserialize, Deserializer, Serializer, parse};

    pub(crate) fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Option::<String>::deserialize(deserializer)?.map(|text| parse(&text)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Serialize;

    #[derive(Serialize, serde::Deserialize)]
    struct Number {
        #[serde(with = "super")]
        one: f64,
        #[serde(with = "super::option")]
        other: Option<f64>,
    }

    proptest! {
        #[test]
        fn every_number_keeps_its_bits(
            one in proptest::num::f64::ANY,
            other in prop::option::of(proptest::num::f64::ANY),
        ) {
            let read: Number = serde_json::from_str(&serde_json::to_string(&Number { one, other }).unwrap()).unwrap();
            // A NaN stays one; which of them is lost.
            let same = |read: f64, written: f64| read.to_bits() == written.to_bits() || read.is_nan() && written.is_nan();
            prop_assert!(same(read.one, one));
            prop_assert_eq!(read.other.is_some(), other.is_some());
            prop_assert!(same(read.other.unwrap_or(0.0), other.unwrap_or(0.0)));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let Err(error) = serde_json::from_str::<Number>("{\"one\":\"1,5\",\"other\":null}") else {
            panic!("read");
        };
        assert!(error.to_string().starts_with("\"1,5\" is no number"), "{error}");
    }
}
