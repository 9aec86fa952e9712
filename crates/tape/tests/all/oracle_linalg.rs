//! Linear algebra against PyTorch.

use tape::Tensor;

use crate::oracle;

fn flat(tensors: &[Tensor<f64>]) -> Tensor<f64> {
    let vectors: Vec<_> = tensors.iter().map(|tensor| tensor.reshape([tensor.shape().size()])).collect();
    Tensor::concat(&vectors, 0)
}

#[test]
fn linear_algebra_is_as_pytorch_has_it() {
    let cases = oracle::compare(include_str!("oracle/linalg.txt"), |name, tape, x| {
        let a = x[0];
        match name {
            "solve" => a.solve(x[1]),
            "inverse" => a.inverse(),
            "det" => a.det(),
            "slogdet" => a.slogdet().1,
            "cholesky" => {
                let n = a.shape()[a.shape().rank() - 1];
                (a.matmul(a.t()) + tape.constant(ndarray::Array2::eye(n))).cholesky()
            }
            "eigh" => {
                let (values, vectors) = ((a + a.t()) * 0.5).eigh();
                flat(&[values, vectors * vectors])
            }
            "lower" => a.solve_triangular(x[1], false, false),
            "lower_unit" => a.solve_triangular(x[1], false, true),
            "upper" => a.solve_triangular(x[1], true, false),
            "upper_unit" => a.solve_triangular(x[1], true, true),
            "qr" => {
                let (q, r) = a.qr();
                flat(&[q, r])
            }
            "svd" => {
                let (u, s, vt) = a.svd();
                flat(&[s, u * u, vt * vt, u.matmul(vt)])
            }
            "pinv" => a.pinv(),
            other => panic!("no operation is called {other}"),
        }
    });
    assert_eq!(cases, 39);
}
