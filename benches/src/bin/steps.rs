//! TEMP
#![allow(clippy::print_stdout, missing_docs)]
use benches::{STEPS, Step};
use std::time::Instant;
fn main() {
    let only = std::env::args().nth(1);
    let seconds: f64 = std::env::args().nth(2).map_or(1.0, |s| s.parse().unwrap());
    for (name, _) in STEPS {
        if only.as_ref().is_some_and(|only| only != "all" && only != name) {
            continue;
        }
        let mut step = Step::named(name);
        let mut program = step.record();
        let mut eager = Step::named(name);
        let mut best = [f64::INFINITY; 2];
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < seconds {
            let t = Instant::now();
            step.replay(&mut program);
            best[0] = best[0].min(t.elapsed().as_secs_f64());
            if std::env::args().nth(3).is_none() {
                let t = Instant::now();
                eager.run();
                best[1] = best[1].min(t.elapsed().as_secs_f64());
            }
        }
        if only.as_ref().is_some_and(|only| only != "all") {
            let profile = step.profile(&mut program, 30);
            println!("{profile}");
            let mut steps: Vec<_> = profile.steps().iter().enumerate().collect();
            steps.sort_by_key(|(_, s)| std::cmp::Reverse(s.time));
            for (n, s) in steps.iter().take(30) {
                println!(
                    "{n:4} {:20} {:5} {:?} {:?} {:.1} GB/s",
                    s.operation,
                    s.is_share,
                    s.shape,
                    s.time,
                    s.bytes as f64 / s.time.as_secs_f64() / 1e9
                );
            }
        }
        println!(
            "{name:12} replay {:9.2} us  eager {:9.2} us  steps {} bytes {}",
            best[0] * 1e6,
            best[1] * 1e6,
            program.steps(),
            program.bytes()
        );
    }
}
