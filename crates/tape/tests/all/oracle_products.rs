//! Products in all their forms against PyTorch's values and gradients.
//!
//! The cases are made by `docs/oracles/tape/products.py`; what each name means there, it means here.

use tape::Tensor;

use crate::oracle;

#[test]
fn products_are_those_of_pytorch() {
    let cases = oracle::compare(include_str!("oracle/products.txt"), |name, _, x| {
        if let Some(equation) = name.strip_prefix("einsum ") {
            return Tensor::einsum(equation, x);
        }
        match name {
            "matmul left turned" => x[0].t().matmul(x[1]),
            "matmul right turned" => x[0].matmul(x[1].t()),
            "matmul both turned" => x[0].t().matmul(x[1].t()),
            "matmul with itself" => x[0].matmul(x[0].t()),
            "dot" => x[0].dot(x[1]),
            "outer" => x[0].outer(x[1]),
            "trace" => x[0].trace(),
            name if name.starts_with("matmul") => x[0].matmul(x[1]),
            name => panic!("no product is called {name}"),
        }
    });
    // Eleven forms of matmul, three more products and seventeen equations, at three shapes each.
    assert_eq!(cases, 3 * (11 + 3 + 17));
}
