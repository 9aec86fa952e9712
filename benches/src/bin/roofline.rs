//! How near to the machine's limits are the training steps? And which operations are not?
//!
//! `cargo run --release -p benches --bin roofline` measures the machine's ceilings, counts what each step of the yardstick
//! table must compute and move, and prints the time that this takes at the ceilings beside the time that it took.
//! `... --bin roofline lstm` prints where the time of one step goes, operation by operation, and its longest steps.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::{STEPS, Step};
use pulp::{Arch, Simd, WithSimd};
use tape::Profile;

/// Times of a program are the shortest of so many runs, or of as many as fit into some seconds.
const RUNS: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(3);

/// How many single steps of a program are shown.
const LONGEST: usize = 12;

fn main() {
    let ceilings = Ceilings::measured();
    println!(
        "one core: {:.0} GFLOP/s of multiplications and additions in f32; copies of {:.0} GB/s read and written in the \
         second-level cache, {:.0} in memory\n",
        ceilings.flops / 1e9,
        ceilings.cached / 1e9,
        ceilings.memory / 1e9
    );
    if let Some(name) = std::env::args().nth(1) {
        let step = Step::named(&name);
        let mut program = step.record();
        let profile = step.profile(&mut program, 100);
        println!("{profile}");
        println!("The longest steps:");
        let mut longest: Vec<_> = profile.steps().iter().collect();
        longest.sort_by_key(|step| std::cmp::Reverse(step.time));
        for step in longest.into_iter().take(LONGEST) {
            let kind = if step.is_share { "share of " } else { "" };
            println!("{:>10} {kind}{} {}", time(step.time), step.operation, step.shape);
        }
        return;
    }
    println!(
        "| step | MFLOP | MB moved | products at the ceiling | all at the ceilings | forwards and backwards | with Adam |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, _) in STEPS {
        let mut step = Step::named(name);
        step.verify();
        let mut program = step.record();
        let profile = step.profile(&mut program, 100);
        let whole = shortest(|| {
            step.replay(&mut program);
        });
        let passes = shortest(|| {
            step.differentiate(&mut program);
        });
        let mut sharded = step.record_sharded(2);
        let threads = shortest(|| {
            step.replay_sharded(&mut sharded);
        });
        let [products, all] = ceilings.bounds(&profile);
        println!(
            "| {name} | {:.2} | {:.2} | {} | {} | {} | {} | {} |",
            profile.flops() as f64 / 1e6,
            profile.bytes() as f64 / 1e6,
            time(products),
            time(all),
            time(passes),
            time(whole),
            time(threads)
        );
        assert!(passes > products, "{name}: nothing is faster than the machine");
    }
}

/// What one core does at best.
struct Ceilings {
    /// Floating-point operations a second.
    flops: f64,
    /// Bytes a second, read and written, of what lies in the second-level cache.
    cached: f64,
    /// The same of what lies in memory.
    memory: f64,
}

impl Ceilings {
    fn measured() -> Self {
        let copy = |bytes: usize| {
            let (from, mut to) = (vec![1_u8; bytes / 2], vec![0; bytes / 2]);
            let time = shortest(|| black_box(&mut to).copy_from_slice(black_box(&from)));
            bytes as f64 / time.as_secs_f64()
        };
        let mut operations = 0;
        let time = shortest(|| operations = Arch::new().dispatch(MultiplyAdds));
        Self { flops: operations as f64 / time.as_secs_f64(), cached: copy(512 << 10), memory: copy(256 << 20) }
    }

    /// How long the products alone take at the ceiling, and how long all steps do, one after another, with what they read and
    /// write in the second-level cache.
    fn bounds(&self, profile: &Profile) -> [Duration; 2] {
        let products = profile.steps().iter().filter(|step| step.operation == "matmul");
        let products = products.map(|step| step.flops as f64 / self.flops).sum();
        let all = profile.steps().iter().map(|step| {
            let moved = step.bytes as f64 / self.cached;
            moved.max(step.flops as f64 / self.flops)
        });
        [products, all.sum()].map(Duration::from_secs_f64)
    }
}

/// Multiplications and additions of as many vectors side by side as hide how long each takes; how many they were.
struct MultiplyAdds;

impl WithSimd for MultiplyAdds {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        const VECTORS: usize = 12;
        const ROUNDS: usize = 10_000;
        let factor = simd.splat_f32s(black_box(0.999));
        let mut sums = [simd.splat_f32s(black_box(1.0)); VECTORS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = simd.mul_add_f32s(*sum, factor, factor);
            }
        }
        black_box(&sums);
        2 * VECTORS * S::F32_LANES * ROUNDS
    }
}

fn shortest(mut run: impl FnMut()) -> Duration {
    let begin = Instant::now();
    let mut shortest = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        run();
        shortest = shortest.min(start.elapsed());
        if begin.elapsed() > PATIENCE {
            break;
        }
    }
    shortest
}

fn time(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.1} us") } else { format!("{:.2} ms", micros / 1e3) }
}
