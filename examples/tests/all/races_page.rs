//! Does the page race as the crates do, and has it their numbers?

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use examples::races::{Fairness, LANDSCAPES, RACERS, page, rate, trajectories};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the examples lie in the workspace").to_owned()
}

/// The content of the script with this id.
fn script<'a>(page: &'a str, id: &str) -> &'a str {
    let begin = page.find(&format!(" id=\"{id}\">")).unwrap_or_else(|| panic!("no script {id}"));
    let begin = begin + page[begin..].find('>').unwrap() + 1;
    &page[begin..begin + page[begin..].find("</script>").unwrap()]
}

#[test]
fn the_committed_page_is_the_one_that_is_made() {
    let committed = fs::read_to_string(root().join("docs/pictures/races/races.html")).unwrap();
    assert!(committed == page(), "run `cargo run --release --example races -- --out docs/pictures/races`");
}

#[test]
fn the_page_needs_nothing_else() {
    let page = page();
    for elsewhere in ["http:", "https:", "src=", "href=", "import ", "fetch(", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    assert!(!page.contains("{{") && page.len() < 100_000, "{}", page.len());
}

/// Read back from the page as a reader would: starts, ranges, frames, rates, settings.
#[test]
fn the_numbers_in_the_page_are_those_of_the_crates() {
    let page = page();
    let data: Value = serde_json::from_str(script(&page, "data")).unwrap();
    let pair = |value: &Value| [value[0].as_f64().unwrap(), value[1].as_f64().unwrap()];
    for (shown, landscape) in data["landscapes"].as_array().unwrap().iter().zip(LANDSCAPES) {
        assert_eq!(shown["name"], landscape.name);
        assert_eq!(
            (pair(&shown["x"]), pair(&shown["y"]), pair(&shown["start"])),
            (landscape.x, landscape.y, landscape.start)
        );
        assert_eq!(shown["frames"], landscape.frames);
        for (shown, racer) in data["racers"].as_array().unwrap().iter().zip(RACERS) {
            assert_eq!(shown["name"], racer.name);
            for fairness in Fairness::ALL {
                let shown = &shown["rates"][fairness.name()][landscape.name];
                assert_eq!(
                    shown.as_f64().unwrap(),
                    rate(&racer, landscape, fairness),
                    "{} {}",
                    racer.name,
                    landscape.name
                );
            }
        }
    }
    assert_eq!(data["racers"][4]["rules"]["radford"]["rho"], 0.95);
    assert_eq!(data["racers"][4]["rules"]["defaults"]["rho"], 0.9);
    assert_eq!(data["racers"][6]["rules"]["tuned"]["epsilon"], 1e-8);
}

/// The formulas in the page are the text that the crates were compiled from; here they are spelt out once more.
#[test]
fn the_functions_in_the_page_are_the_three() {
    let page = page();
    let dense: String = script(&page, "formulas").split_whitespace().collect();
    for formula in [
        "beale:{value:(x,y)=>square(1.5-x+x*y)+square(2.25-x+x*y*y)+square(2.625-x+x*y*y*y),",
        "valley:{value:(x,y)=>5.0*x*x-y*y,slopes:[(x,y)=>10.0*x,(x,y)=>-2.0*y,]",
        "saddle:{value:(x,y)=>x*x*x-3.0*x*y*y,slopes:[(x,y)=>3.0*x*x-3.0*y*y,(x,y)=>-6.0*x*y,]",
    ] {
        assert!(dense.contains(formula), "{formula} is not in {dense}");
    }
}

/// What is run beside the page's own scripts: it races everything again, and says what differs most.
const COMPARE: &str = r#"
function compare(expected) {
  let worst = 0, count = 0;
  for (const { landscape, fairness, racer, positions, values, slopes } of expected) {
    const { start, frames } = DATA.landscapes.find(({ name }) => name === landscape);
    const { rules, rates } = DATA.racers[racer];
    const way = race(FORMULAS[landscape], rules[fairness], rates[fairness][landscape], start, frames);
    if (way.positions.length < positions.length) return { worst: Infinity, count, at: [landscape, fairness, racer] };
    positions.forEach((position, step) => {
      const pairs = [[way.positions[step][0], position[0]], [way.positions[step][1], position[1]],
        [way.values[step], values[step]], [way.slopes[step], slopes[step]]];
      for (const [found, wanted] of pairs) {
        worst = Math.max(worst, Math.abs(found - wanted) / Math.max(1, Math.abs(wanted)));
        count += 1;
      }
    });
  }
  return { worst, count };
}
"#;

fn assert_agrees(verdict: &Value) {
    // 108 trajectories of up to 199 steps, four numbers each.
    assert!(verdict["count"].as_u64().unwrap() > 75_000, "{verdict}");
    assert!(verdict["worst"].as_f64().is_some_and(|worst| worst < 1e-10), "{verdict}");
}

/// The program that the variable names, or else the first of these on the path. Without one, the test that asks says so past the harness, which keeps to itself
/// what a test prints that does not fail.
fn find(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable).map(PathBuf::from) {
        assert!(named.is_file(), "{variable} names {}, which is no file", named.display());
        return Some(named);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut on_path =
        std::env::split_paths(&path).flat_map(|directory| names.iter().map(move |name| directory.join(name)));
    let found = on_path.find(|program| program.is_file());
    if found.is_none() {
        let names = names.join(", ");
        let said = format!("NOT RUN for want of {names}: put one on the path, or name it by {variable}\n");
        std::io::stderr().write_all(said.as_bytes()).unwrap();
    }
    found
}

/// The same engine that a browser has; where neither that nor a browser is installed, the tests above are what holds the page.
#[test]
fn the_arithmetic_of_the_page_gives_the_trajectories_of_the_crates() {
    let Some(node) = find("NODE", &["node", "nodejs"]) else { return };
    let page = page();
    let scripts = format!(
        "const DATA = {};\n{}\n{}\n{COMPARE}\nconsole.log(JSON.stringify(compare({})));",
        script(&page, "data"),
        script(&page, "formulas"),
        script(&page, "arithmetic"),
        trajectories()
    );
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("compare.js");
    fs::write(&file, scripts).unwrap();
    let output = Command::new(node).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_agrees(&serde_json::from_slice(&output.stdout).unwrap());
}

/// What a reader does, and what must come of it.
const USE: &str = r#"
function use() {
  const seen = [];
  const pointer = (type, x, y) => {
    const box = element("ground").getBoundingClientRect();
    const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, bubbles: true, pointerId: 1 };
    element("ground").dispatchEvent(new PointerEvent(type, at));
  };
  const check = (name, good) => seen.push([name, Boolean(good)]);
  const ink = () => {
    const { width, height } = element("ground");
    return new Set(element("ground").getContext("2d").getImageData(0, 0, width, height).data).size > 20;
  };
  state.playing = false;
  check("six race", element("legend").rows.length === 6 && ink());
  check("the legend names the rates", element("note").textContent.startsWith("Radford"));
  element("step").value = 50;
  element("step").dispatchEvent(new Event("input"));
  check("scrubbing shows the step", element("steps").textContent === "step 50 of 198");
  const f = element("legend").rows[0].querySelectorAll(".number")[1].textContent;
  check("the read-out is that step's", f === written(drawn.ways.get(0).values[50]));
  const slider = element("legend").rows[0].querySelector(".rate");
  slider.value = -2;
  slider.dispatchEvent(new Event("input"));
  check("a slider races anew", rateOf(0) === 0.01 && element("note").textContent.includes("1 changed by hand"));
  pointer("pointerdown", 0.7, 0.3);
  pointer("pointerup", 0.7, 0.3);
  check("a click starts there", state.start[0] > 1 && state.start[1] > 1 && drawn.ways.get(0).positions[0] === state.start);
  state.playing = false;
  element("home").click();
  check("reset goes home", state.start[0] === 1 && state.start[1] === 1.6 && rateOf(0) === 0.001);
  element("fairness").value = "tuned";
  element("fairness").dispatchEvent(new Event("change"));
  check("rates are tuned", rateOf(0) === 0.025 && element("note").textContent.startsWith("rates tuned"));
  element("field").value = "1";
  element("field").dispatchEvent(new Event("change"));
  check("Adam's field races", element("legend").rows.length === 7);
  check("he chose no rates for Adam", element("fairness").options[0].textContent.includes("RMSprop"));
  element("landscapes").children[2].click();
  check("the saddle is a surface", state.view === "surface" && element("formula").textContent.includes("3xy") && ink());
  const azimuth = state.azimuth;
  pointer("pointerdown", 0.5, 0.5);
  pointer("pointermove", 0.6, 0.5);
  pointer("pointerup", 0.6, 0.5);
  check("a drag turns it and starts nothing", state.azimuth !== azimuth && state.start[0] === -0.245);
  pointer("pointerdown", 0.5, 0.55);
  pointer("pointerup", 0.5, 0.55);
  check("a click on a surface starts there", state.start[0] !== -0.245);
  state.playing = false;
  return seen;
}
"#;

const POST: &str = r#"
let verdict;
try {
  verdict = { ...compare(EXPECTED), seen: use() };
} catch (error) {
  verdict = { error: String(error.stack) };
}
fetch("/", { method: "POST", body: JSON.stringify(verdict) });
"#;

/// How long a browser may take; it needs seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Serves the page to programs of this machine. What it posts comes out of the channel.
fn serve(page: String) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, (sender, posted)) = (listener.local_addr().unwrap(), channel());
    let page = Arc::new(page);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (page, sender) = (Arc::clone(&page), sender.clone());
            // Browsers open connections in advance, on which nothing ever comes: each has its own thread to wait on.
            std::thread::spawn(move || answer(&stream.unwrap(), &page, &sender));
        }
    });
    (address, posted)
}

/// One request of HTTP, and its answer, which is the page whatever was asked for.
fn answer(mut stream: &TcpStream, page: &str, posted: &Sender<String>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line)? > 0 && line.trim() != "" {
        if let Some((name, value)) =
            line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        {
            length = value.trim().parse().unwrap_or_else(|error| panic!("{name}: {value}: {error}"));
        }
        line.clear();
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    if !body.is_empty() {
        // The test may have heard enough.
        let _ = posted.send(body);
    }
    let head = format!("Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close", page.len());
    write!(stream, "HTTP/1.1 200 OK\r\n{head}\r\n\r\n{page}")
}

/// What the page posts, shown by this browser without a screen.
///
/// `--dump-dom` would be shorter, but there are builds of Chromium that do not know it, and wait for ever.
fn posted_by(browser: &Path, page: String) -> String {
    let home = tempfile::tempdir().unwrap();
    let (address, posted) = serve(page);
    let complaints = home.path().join("complaints");
    let mut running = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
        .arg("--window-size=1200,900")
        .arg(format!("http://{address}/"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&complaints).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let mut ended = None;
    let mut answer = None;
    while answer.is_none() && ended.is_none() && begun.elapsed() < PATIENCE {
        ended = running.try_wait().unwrap();
        answer = posted.recv_timeout(Duration::from_millis(100)).ok();
    }
    running.kill().unwrap();
    running.wait().unwrap();
    answer.unwrap_or_else(|| {
        let said = String::from_utf8_lossy(&fs::read(complaints).unwrap()).into_owned();
        panic!("{} gave no answer in {:?}, ended: {ended:?}:\n{said}", browser.display(), begun.elapsed())
    })
}

/// In a browser without a screen. It is part of the tests wherever there is one: on the path, or named by CHROMIUM.
#[test]
fn the_page_works_in_a_browser() {
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless_shell"];
    let Some(browser) = find("CHROMIUM", &names) else { return };
    let tests = format!("<script>\nconst EXPECTED = {};\n{COMPARE}\n{USE}\n{POST}\n</script>\n</body>", trajectories());
    let verdict: Value = serde_json::from_str(&posted_by(&browser, page().replace("</body>", &tests))).unwrap();
    assert_eq!(verdict["error"], Value::Null);
    assert_agrees(&verdict);
    for seen in verdict["seen"].as_array().unwrap() {
        assert_eq!(seen[1], true, "{}", seen[0]);
    }
    assert_eq!(verdict["seen"].as_array().unwrap().len(), 13);
}
