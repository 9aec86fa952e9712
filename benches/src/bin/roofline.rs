//! How near to the machine's limits are the training steps? And which operations are not?
//!
//! `cargo run --release -p benches --bin roofline` measures the machine's ceilings, counts what each step of the yardstick
//! table must compute and move, and prints the time that this takes at the ceilings beside the time that it took.
//! `... --bin roofline lstm` prints where the time of one step goes, operation by operation.

#![allow(clippy::print_stdout, reason = "a program talks to its user")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use benches::{STEPS, Step};
use tape::Profile;

/// Times of a program are the shortest of so many runs, or of as many as fit into some seconds.
const RUNS: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(3);

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
        println!("{}", step.profile(&mut program, 100));
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
        let [products, all] = ceilings.bounds(&profile);
        println!(
            "| {name} | {:.2} | {:.2} | {} | {} | {} | {} |",
            profile.flops() as f64 / 1e6,
            profile.bytes() as f64 / 1e6,
            time(products),
            time(all),
            time(passes),
            time(whole)
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
        Self { flops: multiply_adds(), cached: copy(512 << 10), memory: copy(256 << 20) }
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

#[allow(clippy::needless_range_loop, reason = "see below")]
/// Multiplications and additions a second, of as many vectors side by side as hide how long each takes.
fn multiply_adds() -> f64 {
    const VECTORS: usize = 12;
    const LANES: usize = 16;
    const ROUNDS: usize = 10_000;
    let factor = black_box([0.999_f32; LANES]);
    let mut sums = [[1.0_f32; LANES]; VECTORS];
    let time = shortest(|| {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let mut local = sums;
                for _ in 0..ROUNDS {
                    // Indices, because closures of iterators would not be inlined here.
                    for v in 0..VECTORS {
                        for lane in 0..LANES {
                            local[v][lane] = local[v][lane].mul_add(factor[lane], factor[lane]);
                        }
                    }
                }
                sums = local;
            },
        );
        black_box(&sums);
    });
    (2 * VECTORS * LANES * ROUNDS) as f64 / time.as_secs_f64()
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
