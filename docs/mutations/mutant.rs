//! Which share is broken: a part of the patched copy that `run.py` makes.

//! Which share is broken.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::op::TensorOp;

thread_local! {
    static BROKEN: RefCell<String> = const { RefCell::new(String::new()) };
    static SITES: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// What a share is multiplied by: 1.001 if it is the broken one.
pub fn factor(site: String) -> f64 {
    let broken = BROKEN.with_borrow(|broken| *broken == site);
    SITES.with_borrow_mut(|sites| sites.insert(site));
    if broken { 1.001 } else { 1.0 }
}

/// Breaks a share.
pub fn break_share(site: &str) {
    BROKEN.with_borrow_mut(|broken| site.clone_into(broken));
}

/// The shares that were asked for since the last call.
pub fn take_sites() -> BTreeSet<String> {
    SITES.take()
}

/// The share of one operand of a tensor in one mode.
pub(crate) fn operand(mode: &str, op: &TensorOp, position: usize) -> String {
    if let TensorOp::MatMul { left_transposed, right_transposed } = op {
        return format!("{mode} matmul of operand {position}, turned: {left_transposed} {right_transposed}");
    }
    format!("{mode} {} of operand {position}", op.name())
}
