//! Reads the bytes of an ONNX file without the messages that wrote them: the wire format of protocol buffers, and the field
//! numbers of `onnx.proto`.

use std::collections::HashMap;

use ndarray::ArrayD;

use super::engine::Value;

/// The fields of a message, by number, in the order of the file.
pub(crate) struct Message<'a> {
    fields: Vec<(u64, Field<'a>)>,
}

#[derive(Clone, Copy)]
enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (&byte, rest) = bytes.split_first().expect("a varint ends");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

impl<'a> Message<'a> {
    pub(crate) fn read(mut bytes: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Varint(varint(&mut bytes)),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    let (content, rest) = bytes.split_at(length);
                    bytes = rest;
                    Field::Bytes(content)
                }
                other => panic!("wire type {other} is none of an export's"),
            };
            fields.push((key >> 3, field));
        }
        Self { fields }
    }

    fn all(&self, number: u64) -> impl Iterator<Item = Field<'a>> {
        self.fields.iter().filter(move |(found, _)| *found == number).map(|(_, field)| *field)
    }

    pub(crate) fn messages(&self, number: u64) -> Vec<Message<'a>> {
        self.all(number)
            .map(|field| match field {
                Field::Bytes(bytes) => Message::read(bytes),
                Field::Varint(_) => panic!("field {number} is a number"),
            })
            .collect()
    }

    pub(crate) fn bytes(&self, number: u64) -> &'a [u8] {
        match self.all(number).last() {
            Some(Field::Bytes(bytes)) => bytes,
            Some(Field::Varint(_)) => panic!("field {number} is a number"),
            None => &[],
        }
    }

    pub(crate) fn texts(&self, number: u64) -> Vec<String> {
        self.all(number)
            .map(|field| match field {
                Field::Bytes(bytes) => String::from_utf8(bytes.to_vec()).expect("a text"),
                Field::Varint(_) => panic!("field {number} is a number"),
            })
            .collect()
    }

    pub(crate) fn text(&self, number: u64) -> String {
        self.texts(number).pop().unwrap_or_default()
    }

    pub(crate) fn int(&self, number: u64) -> i64 {
        self.ints(number).last().copied().unwrap_or_default()
    }

    /// Numbers one by one, or packed.
    pub(crate) fn ints(&self, number: u64) -> Vec<i64> {
        self.all(number)
            .flat_map(|field| match field {
                Field::Varint(value) => vec![value.cast_signed()],
                Field::Bytes(mut bytes) => {
                    let mut values = Vec::new();
                    while !bytes.is_empty() {
                        values.push(varint(&mut bytes).cast_signed());
                    }
                    values
                }
            })
            .collect()
    }
}

pub(crate) struct Node {
    pub(crate) operator: String,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) ints: HashMap<String, Vec<i64>>,
    pub(crate) texts: HashMap<String, String>,
}

pub(crate) struct Model {
    pub(crate) nodes: Vec<Node>,
    pub(crate) initializers: HashMap<String, Value>,
    /// Names, element types and shapes.
    pub(crate) inputs: Vec<(String, i64, Vec<usize>)>,
    pub(crate) outputs: Vec<(String, i64, Vec<usize>)>,
}

impl Model {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let model = Message::read(bytes);
        assert_eq!(model.int(1), 8, "the version of the format");
        let [opset] = &model.messages(8)[..] else { panic!("one set of operators") };
        assert_eq!((opset.text(1), opset.int(2)), (String::new(), 17));
        let [graph] = &model.messages(7)[..] else { panic!("one graph") };
        Self {
            nodes: graph.messages(1).iter().map(node).collect(),
            initializers: graph.messages(5).iter().map(|tensor| (tensor.text(8), value(tensor))).collect(),
            inputs: graph.messages(11).iter().map(info).collect(),
            outputs: graph.messages(12).iter().map(info).collect(),
        }
    }
}

fn node(node: &Message<'_>) -> Node {
    let attributes = node.messages(5);
    let mut found = Node {
        operator: node.text(4),
        inputs: node.texts(1),
        outputs: node.texts(2),
        ints: HashMap::new(),
        texts: HashMap::new(),
    };
    for attribute in &attributes {
        match attribute.int(20) {
            2 => _ = found.ints.insert(attribute.text(1), vec![attribute.int(3)]),
            3 => _ = found.texts.insert(attribute.text(1), attribute.text(4)),
            7 => _ = found.ints.insert(attribute.text(1), attribute.ints(8)),
            other => panic!("attributes of kind {other} are none of an export's"),
        }
    }
    found
}

fn value(tensor: &Message<'_>) -> Value {
    let shape: Vec<usize> = tensor.ints(1).iter().map(|&length| length as usize).collect();
    let raw = tensor.bytes(9);
    let floats =
        |numbers: Vec<f64>| Value::Floats(ArrayD::from_shape_vec(&*shape, numbers).expect("as many as the shape"));
    match tensor.int(2) {
        1 => floats(raw.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect()),
        11 => floats(raw.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()),
        7 => {
            let numbers = raw.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect();
            Value::Ints(ArrayD::from_shape_vec(&*shape, numbers).expect("as many as the shape"))
        }
        other => panic!("elements of type {other} are none of an export's"),
    }
}

fn info(info: &Message<'_>) -> (String, i64, Vec<usize>) {
    let tensor = &info.messages(2)[0].messages(1)[0];
    let dims = tensor.messages(2)[0].messages(1);
    (info.text(1), tensor.int(1), dims.iter().map(|dim| dim.int(1) as usize).collect())
}
