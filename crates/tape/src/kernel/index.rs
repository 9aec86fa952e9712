//! Picking elements by index from `[outer, axis, inner]`, and adding them back.

use crate::real::Real;

/// `out[o, j, ..] = x[o, indices[j], ..]`, with `out` as `[outer, indices.len(), inner]`.
///
/// # Panics
///
/// If an index is not below `axis_len`.
pub(crate) fn select_rows<T: Real>(
    x: &[T],
    outer: usize,
    axis_len: usize,
    inner: usize,
    indices: &[u32],
    out: &mut [T],
) {
    assert_eq!(x.len(), outer * axis_len * inner);
    assert_eq!(out.len(), outer * indices.len() * inner);
    if out.is_empty() {
        return;
    }
    let mut rows = out.chunks_exact_mut(inner);
    for o in 0..outer {
        let x = &x[o * axis_len * inner..][..axis_len * inner];
        for (&index, row) in indices.iter().zip(&mut rows) {
            row.copy_from_slice(&x[index as usize * inner..][..inner]);
        }
    }
}

/// `out[o, indices[j], ..] += g[o, j, ..]`, with `out` as `[outer, axis_len, inner]`: the transpose of [`select_rows`].
///
/// # Panics
///
/// If an index is not below `axis_len`.
pub(crate) fn add_rows<T: Real>(g: &[T], outer: usize, axis_len: usize, inner: usize, indices: &[u32], out: &mut [T]) {
    assert_eq!(out.len(), outer * axis_len * inner);
    assert_eq!(g.len(), outer * indices.len() * inner);
    if g.is_empty() {
        return;
    }
    let mut rows = g.chunks_exact(inner);
    for o in 0..outer {
        let out = &mut out[o * axis_len * inner..][..axis_len * inner];
        for (&index, row) in indices.iter().zip(&mut rows) {
            let sums = &mut out[index as usize * inner..][..inner];
            for (sum, &g) in sums.iter_mut().zip(row) {
                *sum += g;
            }
        }
    }
}

/// `out[o, c, i] = x[o, indices[o, c, i], i]`, with `indices` and `out` as `[outer, count, inner]`.
///
/// # Panics
///
/// If an index is not below `axis_len`.
pub(crate) fn take_along<T: Real>(
    x: &[T],
    outer: usize,
    axis_len: usize,
    inner: usize,
    indices: &[u32],
    count: usize,
    out: &mut [T],
) {
    assert_eq!(x.len(), outer * axis_len * inner);
    assert_eq!(indices.len(), outer * count * inner);
    assert_eq!(out.len(), indices.len());
    if out.is_empty() {
        return;
    }
    for (o, (indices, out)) in indices.chunks_exact(count * inner).zip(out.chunks_exact_mut(count * inner)).enumerate()
    {
        let x = &x[o * axis_len * inner..][..axis_len * inner];
        if inner == 1 {
            out.iter_mut().zip(indices).for_each(|(out, &index)| *out = x[index as usize]);
            continue;
        }
        for (indices, out) in indices.chunks_exact(inner).zip(out.chunks_exact_mut(inner)) {
            for (i, (&index, out)) in indices.iter().zip(out).enumerate() {
                *out = x[index as usize * inner + i];
            }
        }
    }
}

/// `out[o, indices[o, c, i], i] += g[o, c, i]`, with `out` as `[outer, axis_len, inner]`: the transpose of [`take_along`].
///
/// # Panics
///
/// If an index is not below `axis_len`.
pub(crate) fn put_along<T: Real>(
    g: &[T],
    outer: usize,
    axis_len: usize,
    inner: usize,
    indices: &[u32],
    count: usize,
    out: &mut [T],
) {
    assert_eq!(out.len(), outer * axis_len * inner);
    assert_eq!(indices.len(), outer * count * inner);
    assert_eq!(g.len(), indices.len());
    if g.is_empty() {
        return;
    }
    for (o, (indices, g)) in indices.chunks_exact(count * inner).zip(g.chunks_exact(count * inner)).enumerate() {
        let out = &mut out[o * axis_len * inner..][..axis_len * inner];
        if inner == 1 {
            indices.iter().zip(g).for_each(|(&index, &g)| out[index as usize] += g);
            continue;
        }
        for (indices, g) in indices.chunks_exact(inner).zip(g.chunks_exact(inner)) {
            for (i, (&index, &g)) in indices.iter().zip(g).enumerate() {
                out[index as usize * inner + i] += g;
            }
        }
    }
}
