// What does the reader choose, and what follows from it: who races, from where, at which rates, how far, and seen how?
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const FRAMES_A_SECOND = 25;
const element = (id) => document.getElementById(id);

const state = { landscape: 0, field: 0, fairness: "radford", view: "map", step: 0, playing: false, bright: false };
const drawn = { ways: [], trails: [], view: null, ground: null, back: document.createElement("canvas"), area: null };

const landscape = () => DATA.landscapes[state.landscape];
const racers = () => DATA.fields[state.field].racers.filter((index) => !state.hidden.has(index));
const lastStep = () => landscape().frames - 1;
const rateOf = (index) => state.rates.get(index) ?? DATA.racers[index].rates[state.fairness][landscape().name];
const isDark = () => (window.matchMedia ? matchMedia("(prefers-color-scheme: dark)").matches : false);
const colours = () => DATA.palette[isDark() ? "dark" : "light"];

// Colours go by place in the field, so that a racer keeps its own when others are hidden.
function colourOf(index) {
  const place = DATA.fields[state.field].racers.indexOf(index);
  const series = state.bright ? colours().radford : colours().series;
  return series[place % series.length];
}
const symbolOf = (index) => DATA.fields[state.field].racers.indexOf(index);

// As Radford showed it.
function choose(number) {
  const chosen = DATA.landscapes[number];
  Object.assign(state, { landscape: number, view: chosen.view, elevation: chosen.elevation, azimuth: chosen.azimuth });
  Object.assign(state, { start: chosen.start, step: 0, rates: new Map(), hidden: new Set() });
  rebuild();
}

function rebuild() {
  for (const [group, value] of [["landscapes", state.landscape], ["views", state.view]]) {
    for (const button of element(group).children) button.setAttribute("aria-pressed", String(button.value === String(value)));
  }
  element("title").textContent = landscape().title;
  element("formula").textContent = landscape().formula;
  element("step").max = lastStep();
  element("field").value = state.field;
  const fairness = DATA.fields[state.field].fairness;
  element("fairness").replaceChildren(...fairness.map(({ title, name }) => new Option(title, name)));
  element("fairness").value = state.fairness;
  buildLegend();
  compute();
  paintGround();
  show();
}

function compute() {
  drawn.ways = new Map();
  for (const index of DATA.fields[state.field].racers) {
    const rule = DATA.racers[index].rules[state.fairness];
    drawn.ways.set(index, race(FORMULAS[landscape().name], rule, rateOf(index), state.start, landscape().frames));
  }
  if (drawn.view) traceTrails();
}

function traceTrails() {
  drawn.trails = new Map();
  for (const [index, way] of drawn.ways) {
    const spots = way.positions.map((position) => drawn.view.spot(position));
    drawn.trails.set(index, { spots, legs: legs(drawn.view, landscape(), way.positions) });
  }
}

// A canvas as large as its place on the page, in the pixels of the screen; drawn on in those of the page.
function sized(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.max(canvas.clientWidth, 1), Math.max(canvas.clientHeight, 1)];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  [pen.lineJoin, pen.lineCap] = ["round", "round"];
  return { pen, width, height, ratio };
}

function paintGround() {
  const canvas = element("ground");
  const { width, height, ratio } = sized(canvas);
  drawn.ground = groundOf(landscape());
  if (state.view === "map") {
    const area = { x: 40, y: 8, width: width - 52, height: height - 48 };
    drawn.view = mapView(landscape(), drawn.ground, area);
  } else {
    const area = { x: 30, y: 10, width: width - 40, height: height - 20 };
    drawn.view = surfaceView(landscape(), drawn.ground, area, state.elevation, state.azimuth);
  }
  [drawn.back.width, drawn.back.height] = [canvas.width, canvas.height];
  const pen = drawn.back.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  [pen.lineJoin, pen.lineCap] = ["round", "round"];
  drawn.view.draw(pen, colours(), ratio);
  traceTrails();
}

function show() {
  const canvas = element("ground");
  const { pen, ratio } = sized(canvas);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.drawImage(drawn.back, 0, 0);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const index of racers()) showTrail(pen, drawn.trails.get(index), colourOf(index));
  const goal = landscape().minimum && drawn.view.spot(landscape().minimum);
  if (goal) star(pen, goal.at, colours().star, colours().ink);
  for (const index of racers()) {
    const spot = drawn.trails.get(index).spots[state.step];
    if (!spot) continue;
    pen.globalAlpha = spot.hidden ? 0.35 : 1;
    marker(pen, symbolOf(index), spot.at, colourOf(index), colours().ink);
    pen.globalAlpha = 1;
  }
  showLosses();
  readOut();
  element("step").value = state.step;
  element("steps").textContent = `step ${state.step} of ${lastStep()}`;
}

function showTrail(pen, trail, colour) {
  const paths = { seen: new Path2D(), hidden: new Path2D() };
  for (const spots of trail.legs.slice(0, state.step)) {
    for (let i = 1; i < spots.length; i += 1) {
      if (!spots[i - 1] || !spots[i]) continue;
      const path = spots[i - 1].hidden && spots[i].hidden ? paths.hidden : paths.seen;
      path.moveTo(...spots[i - 1].at);
      path.lineTo(...spots[i].at);
    }
  }
  for (const [path, stroke, width, alpha] of [
    [paths.hidden, colour, 2, 0.3],
    [paths.seen, colours().paper, 5.5, 0.6],
    [paths.seen, colour, 3, 0.9],
  ]) {
    [pen.strokeStyle, pen.lineWidth, pen.globalAlpha] = [stroke, width, alpha];
    pen.stroke(path);
  }
  pen.globalAlpha = 1;
}

function showLosses() {
  const { pen, width, height } = sized(element("losses"));
  const plot = { x: 52, y: 12, width: width - 62, height: height - 48 };
  const { minimum, name } = landscape();
  const floor = minimum ? FORMULAS[name].value(...minimum) : 0;
  const loss = (value) => (minimum ? Math.log10(value - floor) : value);
  let ends = drawn.ground.z;
  if (minimum) {
    const all = racers().flatMap((index) => drawn.ways.get(index).values.map(loss)).filter(Number.isFinite);
    const high = Math.max(...racers().map((index) => loss(drawn.ways.get(index).values[0])), -2) + 1;
    ends = [Math.max(Math.min(...all, high - 4), high - 13), high];
  }
  const x = (step) => plot.x + (plot.width * step) / lastStep();
  const y = (value) => plot.y + plot.height * (1 - (value - ends[0]) / (ends[1] - ends[0]));
  [pen.strokeStyle, pen.lineWidth] = [colours().grid, 1];
  const marks = ticks(ends, 6).filter(({ value }) => !minimum || Number.isInteger(value));
  for (const tick of marks) {
    pen.fillStyle = colours().muted;
    line(pen, [[plot.x, y(tick.value)], [plot.x + plot.width, y(tick.value)]]);
    label(pen, minimum ? written(Math.pow(10, tick.value)) : tick.label, [plot.x - 6, y(tick.value) + 4], "right");
  }
  pen.strokeStyle = colours().axis;
  line(pen, [[plot.x, plot.y + plot.height], [plot.x + plot.width, plot.y + plot.height]]);
  for (const tick of ticks([0, lastStep()], 5)) label(pen, tick.label, [x(tick.value), plot.y + plot.height + 16], "center");
  label(pen, "step", [plot.x + plot.width / 2, plot.y + plot.height + 33], "center");
  pen.save();
  pen.beginPath();
  pen.rect(plot.x, plot.y - 4, plot.width + 4, plot.height + 4);
  pen.clip();
  for (const index of racers()) {
    const points = drawn.ways.get(index).values.slice(0, state.step + 1).map((value, step) => [x(step), y(loss(value))]);
    [pen.strokeStyle, pen.lineWidth] = [colourOf(index), 1.8];
    line(pen, points.filter((point) => point.every(Number.isFinite)));
  }
  pen.restore();
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

// Three digits, and a power of ten where they would stand far from the point.
function written(value) {
  if (value === undefined) return "–";
  if (value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 1e4)) {
    return String(Number(value.toPrecision(3))).replace("-", "−");
  }
  const [digits, exponent] = value.toExponential(1).split("e");
  const power = exponent.replace("+", "").replace("-", "⁻").replace(/\d/g, (digit) => SUPERSCRIPTS[digit]);
  return `${digits.replace("-", "−").replace(/\.0$/, "")}×10${power}`.replace(/^(−?)1×/, "$1");
}

function buildLegend() {
  const body = element("legend");
  body.replaceChildren();
  for (const index of DATA.fields[state.field].racers) {
    const row = body.insertRow();
    row.dataset.racer = index;
    row.innerHTML = `<td><label><input type="checkbox" class="shown"><canvas class="key"></canvas><span></span></label></td>
      <td><input type="range" class="rate" min="-5" max="3" step="0.01"></td><td class="number"></td><td class="number"></td><td class="number"></td>`;
    const { name } = DATA.racers[index];
    row.querySelector("span").textContent = name;
    const [shown, rate] = [row.querySelector(".shown"), row.querySelector(".rate")];
    shown.checked = !state.hidden.has(index);
    shown.addEventListener("change", () => {
      state.hidden[shown.checked ? "delete" : "add"](index);
      show();
    });
    rate.value = Math.log10(rateOf(index));
    rate.setAttribute("aria-label", `learning rate of ${name}, power of ten`);
    rate.addEventListener("input", () => {
      state.rates.set(index, Number(Math.pow(10, Number(rate.value)).toPrecision(2)));
      compute();
      show();
    });
  }
}

function readOut() {
  for (const row of element("legend").rows) {
    const index = Number(row.dataset.racer);
    const way = drawn.ways.get(index);
    const { pen, width, height } = sized(row.querySelector(".key"));
    [pen.strokeStyle, pen.lineWidth] = [colourOf(index), 3];
    line(pen, [[2, height / 2], [width - 2, height / 2]]);
    marker(pen, symbolOf(index), [width / 2, height / 2], colourOf(index), colours().ink);
    const [rate, value, slope] = row.querySelectorAll(".number");
    rate.textContent = String(rateOf(index)).replace("-", "−");
    value.textContent = written(way.values[state.step]);
    slope.textContent = written(way.slopes[state.step]);
  }
  const { title } = DATA.fields[state.field].fairness.find((fairness) => fairness.name === state.fairness);
  const changed = state.rates.size ? `, ${state.rates.size} changed by hand` : "";
  const moved = state.start === landscape().start ? "" : `, from (${state.start.map(written).join(", ")})`;
  element("note").textContent = title + changed + moved;
  element("home").disabled = !moved && !changed;
}

// A click sets a new start; a drag turns the surface.
function listenToGround() {
  const canvas = element("ground");
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    held = { from: place(event), at: place(event), turned: false };
    if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!held) return;
    const [at, before] = [place(event), held.at];
    held.at = at;
    held.turned ||= Math.hypot(at[0] - held.from[0], at[1] - held.from[1]) > 4;
    if (held.turned && state.view === "surface") turn(before[0] - at[0], at[1] - before[1]);
  });
  canvas.addEventListener("pointerup", (event) => {
    const position = held && !held.turned && drawn.view.under(place(event));
    held = null;
    if (position) startAt(position);
  });
  canvas.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, 10], ArrowDown: [0, -10] }[event.key];
    if (way && state.view === "surface") {
      turn(...way);
      event.preventDefault();
    }
  });
}

function turn(across, up) {
  state.azimuth = (state.azimuth + 0.5 * across) % 360;
  state.elevation = Math.min(89, Math.max(5, state.elevation + 0.5 * up));
  paintGround();
  show();
}

function startAt(position) {
  Object.assign(state, { start: position, step: 0, playing: true });
  compute();
  show();
  play();
}

function play() {
  element("play").textContent = state.playing ? "Pause" : "Play";
  let before = performance.now();
  let owed = 0;
  const tick = (now) => {
    if (!state.playing || play.current !== tick) return;
    owed += ((now - before) / 1000) * FRAMES_A_SECOND;
    before = now;
    if (owed >= 1) {
      state.step += Math.floor(owed);
      owed %= 1;
      if (state.step > lastStep()) state.step = 0;
      show();
    }
    requestAnimationFrame(tick);
  };
  play.current = tick;
  if (state.playing) requestAnimationFrame(tick);
}

function toggle() {
  state.playing = !state.playing;
  play();
}

function listen() {
  DATA.landscapes.forEach(({ title }, number) => addButton("landscapes", number, title, () => choose(number)));
  for (const [value, title] of [["map", "Map"], ["surface", "Surface"]]) {
    addButton("views", value, title, () => {
      state.view = value;
      rebuild();
    });
  }
  DATA.fields.forEach(({ title }, number) => element("field").add(new Option(title, number)));
  element("field").addEventListener("change", (event) => {
    Object.assign(state, { field: Number(event.target.value), rates: new Map(), hidden: new Set() });
    rebuild();
  });
  element("fairness").addEventListener("change", (event) => {
    Object.assign(state, { fairness: event.target.value, rates: new Map() });
    rebuild();
  });
  element("bright").addEventListener("change", (event) => {
    state.bright = event.target.checked;
    show();
  });
  element("home").addEventListener("click", () => {
    Object.assign(state, { start: landscape().start, rates: new Map() });
    rebuild();
  });
  element("step").addEventListener("input", (event) => {
    Object.assign(state, { step: Number(event.target.value), playing: false });
    play();
    show();
  });
  element("play").addEventListener("click", toggle);
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && !["BUTTON", "SELECT", "INPUT"].includes(event.target.tagName)) {
      toggle();
      event.preventDefault();
    }
  });
  const again = () => {
    paintGround();
    show();
  };
  window.addEventListener("resize", again);
  if (window.matchMedia) matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  listenToGround();
}

function addButton(group, value, title, chosen) {
  const button = document.createElement("button");
  [button.type, button.value, button.textContent] = ["button", value, title];
  button.addEventListener("click", chosen);
  element(group).append(button);
}

listen();
choose(0);
state.playing = !(window.matchMedia && matchMedia("(prefers-reduced-motion: reduce)").matches);
play();
