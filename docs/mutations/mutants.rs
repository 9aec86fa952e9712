//! Breaks one share at a time by a thousandth, and asks whether the table of operations notices. `run.py` puts this file and
//! `mutant.rs` into a copy of the crate, whose shares it patches to ask for a factor.

#[path = "all/operations/elementwise.rs"]
mod elementwise;
#[path = "all/operations/modes.rs"]
mod modes;
#[path = "all/operations/own.rs"]
mod own;
#[path = "all/operations/rows.rs"]
mod rows;
#[path = "all/operations/structure.rs"]
mod structure;

use std::collections::{BTreeMap, BTreeSet};

use modes::{sections, tried};
use tape::mutant;

/// What has no derivative but zero: steps, the sign that is copied, orders and widths, and the identity that is inverted.
const NOTHING: &[&str] = &[
    " ceil ", " floor ", " round ", " trunc ", " sign ", " signum ", "(Ceil)", "(Floor)", "(Round)", "(Trunc)", "(Sign)",
    "(Signum)", "copysign of operand 1", "polygamma of operand 1", "hard_shrink of operand 1", "the rule of inverse, input 1",
];

#[test]
fn every_share_that_is_wrong_by_a_thousandth_is_found() {
    let rows: Vec<_> = sections().into_iter().flat_map(|(_, rows)| rows).collect();
    // Which rows pass through which share.
    let mut users: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(mutant::take_sites(), BTreeSet::new());
        tried(row).expect("unbroken, every row is right");
        for site in mutant::take_sites() {
            users.entry(site).or_default().push(number);
        }
    }
    let mut missed = Vec::new();
    for (site, users) in &users {
        mutant::break_share(site);
        if !users.iter().any(|&number| tried(&rows[number]).is_err()) {
            missed.push(site.as_str());
        }
        mutant::take_sites();
    }
    mutant::break_share("");
    for mode in ["swept", "recorded", "forwards"] {
        for name in [
            "reshape", "permute", "sum", "broadcast_to", "slice", "pad", "index_select", "index_add", "gather", "scatter_add",
            "cumsum", "windows", "overlap_add", "matmul", "concat", "select", "stack_vars", "max", "min", "softmax", "log_softmax",
        ] {
            let begins = format!("{mode} {name}");
            assert!(users.keys().any(|site| site.starts_with(&begins)), "no row passes through: {begins}");
        }
    }
    // A thousandth of nothing is nothing: these shares are zero wherever they are defined, or a constant's.
    let (nothing, missed): (Vec<&str>, Vec<&str>) = missed.into_iter().partition(|site| NOTHING.iter().any(|of| site.contains(of)));
    let broken = users.len() - nothing.len();
    println!("caught {} of {broken}; {} more are zero", broken - missed.len(), nothing.len());
    assert!(missed.is_empty(), "not found:\n{}", missed.join("\n"));
}
