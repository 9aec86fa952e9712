"""Breaks one share at a time by a thousandth, and reports how many of how many the table of operations catches.

    python3 docs/mutations/run.py

Every share of the sweep, of the recorded sweep and of the forward sweep is one, by operation and operand, so are the rules of
the operations that bring their own (linear algebra, checkpoints, implicit functions), and the terms of those rules. A copy of
the repository is patched to ask `mutant.rs` for a factor wherever a share is made, and built once; `mutants.rs` then runs the
rows of `crates/tape/tests/all/operations` that pass through a share with that share broken. Nothing of it is in the crate itself.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def factor(site):
    return f"T::from_f64(crate::mutant::factor({site}))"


# File, what is there exactly once, and what comes in its place.
PATCHES = [
    ("lib.rs", "mod living;\n", "mod living;\n#[doc(hidden)]\n#[allow(missing_docs)]\npub mod mutant;\n"),
    # The sweep.
    (
        "sweep.rs",
        "            Share { storage, slot, operands, g, position, out, accumulate }.compute();\n",
        "            let factor = "
        + factor('crate::mutant::operand("swept", &slot.op, position)')
        + ";\n            let g: Vec<T> = g.iter().map(|&g| g * factor).collect();\n"
        "            Share { storage, slot, operands, g: &g, position, out, accumulate }.compute();\n",
    ),
    (
        "sweep.rs",
        "            deposit(scalars, operand, g);\n",
        "            deposit(scalars, operand, g * " + factor('"swept stack_vars".to_owned()') + ");\n",
    ),
    (
        "sweep.rs",
        "    out[T::word_out_of_bits(node.right) as usize] += g;\n",
        "    out[T::word_out_of_bits(node.right) as usize] += g * " + factor('"swept element".to_owned()') + ";\n",
    ),
    (
        "sweep.rs",
        "        let x = nodes[left as usize].value;\n",
        "        let x = nodes[left as usize].value;\n"
        "        let hands_on = !matches!(node.op, Op::Leaf | Op::Detached | Op::Tensor | Op::Element);\n"
        "        let g = if hands_on { g * "
        + factor('format!("swept number {:?}", node.op)')
        + " } else { g };\n",
    ),
    # The recorded sweep.
    (
        "higher/adjoint.rs",
        "    fn record(&self) -> Result<Tensor<T>, Error> {\n",
        "    fn record(&self) -> Result<Tensor<T>, Error> {\n        let factor = "
        + factor('crate::mutant::operand("recorded", self.op, self.position)')
        + ";\n        Share { g: self.g * factor, ..*self }.recorded()\n    }\n\n"
        "    fn recorded(&self) -> Result<Tensor<T>, Error> {\n",
    ),
    (
        "higher/adjoint.rs",
        "                Derivative::Scalar(flat.try_at([position])?)\n",
        "                Derivative::Scalar(flat.try_at([position])? * "
        + factor('"recorded stack_vars".to_owned()')
        + ")\n",
    ),
    (
        "higher/adjoint.rs",
        "        self.deposit(node, Derivative::Tensor(share));\n        Ok(())\n    }\n\n    fn hand_on_tensor",
        "        self.deposit(node, Derivative::Tensor(share * "
        + factor('"recorded element".to_owned()')
        + "));\n        Ok(())\n    }\n\n    fn hand_on_tensor",
    ),
    (
        "higher/adjoint.rs",
        "        let share = |share: Var<T>| Derivative::Scalar(absorbed(g, share));\n",
        "        let share = |share: Var<T>| Derivative::Scalar(absorbed(g, share) * "
        + factor('format!("recorded number {op:?}")')
        + ");\n",
    ),
    (
        "higher/adjoint.rs",
        "                        self.deposit(operand, Derivative::Scalar(g));\n",
        "                        self.deposit(operand, share(g));\n",
    ),
    (
        "higher/adjoint.rs",
        "            Op::AddProductConstant if path.needs(left) => self.deposit(left, Derivative::Scalar(g)),\n",
        "            Op::AddProductConstant if path.needs(left) => self.deposit(left, share(g)),\n",
    ),
    # The forward sweep.
    (
        "higher/tangent.rs",
        "        Tangent { op, operands: &tensors?, changes: &changes, y, shape }.record()\n",
        "        let tangent = Tangent { op, operands: &tensors?, changes: &changes, y, shape }.record()?;\n        let factor = "
        + factor('crate::mutant::operand("forwards", op, 0)')
        + ";\n        Ok(tangent.map(|tangent| tangent * factor))\n",
    ),
    (
        "higher/tangent.rs",
        '            return y.on_tape("jvp", |tape| tape.stack_vars(&parts, shape.clone(), "jvp")).map(Some);\n',
        '            let stacked = y.on_tape("jvp", |tape| tape.stack_vars(&parts, shape.clone(), "jvp"))?;\n'
        "            return Ok(Some(stacked * " + factor('"forwards stack_vars".to_owned()') + "));\n",
    ),
    (
        "higher/tangent.rs",
        "                    Some(dx.try_reshape([dx.shape().size()])?.try_at([index])?)\n",
        "                    Some(dx.try_reshape([dx.shape().size()])?.try_at([index])? * "
        + factor('"forwards element".to_owned()')
        + ")\n",
    ),
    (
        "higher/tangent.rs",
        "dx.map(|dx| absorbed(dx, rule(dx)));\n",
        "dx.map(|dx| absorbed(dx, rule(dx)) * " + factor('format!("forwards number {op:?}")') + ");\n",
    ),
    # The rules of operations that bring their own, by operation and input.
    (
        "custom.rs",
        "    Ok(shares)\n}\n\nimpl<T: Real> Tensor<T> {\n",
        "    let whole = |(input, share): (usize, Option<Tensor<T>>)| {\n"
        "        let axes = inputs[inputs.len() - 1].shape().rank();\n"
        "        share.map(|share| share * "
        + factor('format!("the rule of {operation}, input {input}, {axes} axes")')
        + ")\n    };\n    Ok(shares.into_iter().enumerate().map(whole).collect())\n}\n\nimpl<T: Real> Tensor<T> {\n",
    ),
]

# Terms of these rules: file, term.
TERMS = [
    ("linalg/determinant.rs", "g * inner(x, h)"),
    ("linalg/determinant.rs", "h * inner(x, g)"),
    ("linalg/determinant.rs", "h.matmul(x.t()).matmul(g)"),
    ("linalg/determinant.rs", "g.matmul(x.t()).matmul(h)"),
    ("linalg/determinant.rs", "x * inner(h, change)"),
    ("linalg/factor.rs", "r.matmul(dr.t())"),
    ("linalg/factor.rs", "dq.t().matmul(q)"),
    ("linalg/factor.rs", "Part::Lower.of(inner)"),
    ("linalg/factor.rs", "Part::StrictlyLower.of(inner).t()"),
    ("linalg/factor.rs", "q.matmul(inner)"),
    ("linalg/solve.rs", "outside.matmul(g.t()).matmul(p).matmul(p.t())"),
    ("linalg/solve.rs", "p.t().matmul(p).matmul(g.t()).matmul(null)"),
    ("linalg/solve.rs", "p.t().matmul(g).matmul(p.t())"),
    ("linalg/spectral.rs", "diagonal(dvalues)"),
    ("linalg/spectral.rs", "vectors.t().matmul(dvectors)"),
    ("linalg/spectral.rs", "turned(u, du)"),
    ("linalg/spectral.rs", "turned(v, dv)"),
    ("linalg/spectral.rs", "diagonal(ds)"),
    ("linalg/spectral.rs", "outside.matmul(du * small).matmul(vt)"),
    ("linalg/spectral.rs", "(u * small).matmul(dvt).matmul(outside)"),
    ("kernel/reduce.rs", "exp * total"),
    ("higher/adjoint.rs", "self.y.exp().try_mul(total)?"),
    ("higher/adjoint.rs", "self.g.try_mul(self.y)?"),
    ("implicit.rs", "share.reshape([n, 1])"),
    ("implicit.rs", "-adjoint.reshape([n])"),
]


def once(path, old, new):
    text = path.read_text()
    if text.count(old) != 1:
        sys.exit(f"{path}: {text.count(old)} times, not once:\n{old}")
    path.write_text(text.replace(old, new))


def patch(source):
    for name, old, new in PATCHES:
        once(source / name, old, new)
    for number, (name, term) in enumerate(TERMS):
        site = f'"term {number} of {name}: {term}".to_owned()'
        once(source / name, term, f"({term} * {factor(site)})")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch) / "copy"
        copy.mkdir()
        for name in ["Cargo.toml", "Cargo.lock", "README.md", "crates", "examples", "benches", "docs"]:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("target"))
            else:
                shutil.copy(source, copy / name)
        tape = copy / "crates" / "tape"
        patch(tape / "src")
        shutil.copy(HERE / "mutant.rs", tape / "src" / "mutant.rs")
        shutil.copy(HERE / "mutants.rs", tape / "tests" / "mutants.rs")
        command = ["cargo", "test", "-p", "tape", "--test", "mutants", "--", "--nocapture"]
        environment = {"CARGO_TARGET_DIR": str(ROOT / "target" / "mutations"), **os.environ}
        return subprocess.run(command, cwd=copy, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
