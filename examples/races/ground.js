// How do the ground and the trails look: as a map of level lines or as a surface from an orbit, on canvases.
"use strict";

const CELLS = 36;
const DECADES = 6;

// What is drawn as height: the function itself, or, above a minimum, its logarithm, so that valleys show as well as mountains.
function groundOf(landscape) {
  const f = FORMULAS[landscape.name].value;
  if (!landscape.minimum) {
    return { height: f, z: landscape.z, label: "f" };
  }
  const floor = f(...landscape.minimum);
  let highest = -Infinity;
  for (let i = 0; i <= 60; i += 1) {
    for (let j = 0; j <= 60; j += 1) {
      highest = Math.max(highest, f(between(landscape.x, i / 60), between(landscape.y, j / 60)) - floor);
    }
  }
  const top = Math.log10(highest);
  const bottom = top - DECADES;
  return { height: (x, y) => Math.max(bottom, Math.log10(f(x, y) - floor)), z: [bottom, top], label: "log₁₀ f" };
}

const between = ([low, high], share) => low + (high - low) * share;
const within = ([low, high], value) => value >= low && value <= high;

// Multiples of 1, 2 or 5 times a power of ten: about `wanted` of them.
function ticks([low, high], wanted = 5) {
  const rough = (high - low) / wanted;
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.75);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) {
    found.push({ value: i * step, label: i === 0 ? "0" : (i * step).toFixed(digits).replace("-", "−") });
  }
  return found;
}

// A camera on an orbit around the box, as in the crate `plot`: 8 widths away, the box three quarters as high as wide.
function orbit(landscape, ground, elevation, azimuth, area) {
  const [e, a] = [(elevation * Math.PI) / 180, (azimuth * Math.PI) / 180];
  const eye = [Math.cos(e) * Math.cos(a), Math.cos(e) * Math.sin(a), Math.sin(e)];
  const right = [-Math.sin(a), Math.cos(a), 0];
  const up = [-Math.sin(e) * Math.cos(a), -Math.sin(e) * Math.sin(a), Math.cos(e)];
  const ends = [landscape.x, landscape.y, ground.z];
  const sides = [1, 1, 0.75];
  const dot = (p, q) => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];
  const inBox = (place) => place.map((v, i) => (sides[i] * (v - (ends[i][0] + ends[i][1]) / 2)) / (ends[i][1] - ends[i][0]));
  // The same scale from everywhere: the box does not breathe while it turns.
  const scale = Math.min(area.width, area.height) / 1.45;
  const centre = [area.x + area.width / 2, area.y + area.height / 2];
  const onPaper = (place) => {
    const p = inBox(place);
    const nearer = 8 / (8 - dot(p, eye));
    return [centre[0] + scale * nearer * dot(p, right), centre[1] - scale * nearer * dot(p, up)];
  };
  const hides = (place) => {
    const start = inBox(place);
    const direction = start.map((s, i) => 8 * eye[i] - s);
    const across = Math.hypot(direction[0], direction[1]);
    for (let share = 1 / 72 / across; ; share += 1 / 72 / across) {
      const p = start.map((s, i) => s + share * direction[i]);
      if (!(Math.abs(p[0]) <= 0.5 && Math.abs(p[1]) <= 0.5 && p[2] <= 0.375)) return false;
      const z = ground.height(between(ends[0], p[0] + 0.5), between(ends[1], p[1] + 0.5));
      if (0.75 * ((Math.min(Math.max(z, ends[2][0]), ends[2][1]) - ends[2][0]) / (ends[2][1] - ends[2][0]) - 0.5) > p[2] + 0.006) {
        return true;
      }
    }
  };
  return { ends, eye, onPaper, hides, nearness: (place) => dot(inBox(place), eye) };
}

// The two ways to see a landscape, behind the same three questions: draw the ground, where is a position, what is under a point.
function mapView(landscape, ground, area) {
  const onPaper = ([x, y]) => [
    area.x + (area.width * (x - landscape.x[0])) / (landscape.x[1] - landscape.x[0]),
    area.y + area.height - (area.height * (y - landscape.y[0])) / (landscape.y[1] - landscape.y[0]),
  ];
  const spot = (position) =>
    within(landscape.x, position[0]) && within(landscape.y, position[1]) ? { at: onPaper(position), hidden: false } : null;
  const under = ([px, py]) => {
    const position = [between(landscape.x, (px - area.x) / area.width), between(landscape.y, 1 - (py - area.y) / area.height)];
    return within(landscape.x, position[0]) && within(landscape.y, position[1]) ? position : null;
  };
  const draw = (pen, colours, ratio) => {
    paintMap(pen, landscape, ground, area, colours, ratio);
    pen.strokeStyle = colours.axis;
    pen.strokeRect(area.x, area.y, area.width, area.height);
    pen.fillStyle = colours.muted;
    for (const tick of ticks(landscape.x)) {
      const [x] = onPaper([tick.value, 0]);
      line(pen, [[x, area.y + area.height], [x, area.y + area.height + 4]]);
      label(pen, tick.label, [x, area.y + area.height + 17], "center");
    }
    for (const tick of ticks(landscape.y)) {
      const [, y] = onPaper([0, tick.value]);
      line(pen, [[area.x - 4, y], [area.x, y]]);
      label(pen, tick.label, [area.x - 8, y + 4], "right");
    }
    pen.fillStyle = colours.ink;
    label(pen, "x", [area.x + area.width, area.y + area.height + 32], "right");
    label(pen, "y", [area.x - 28, area.y + 10], "left");
  };
  return { draw, spot, under };
}

// Bands of height with smooth level lines: a pixel's distance from a line is its difference in level over the slope there.
function paintMap(pen, landscape, ground, area, colours, ratio) {
  const [columns, rows] = [Math.round(area.width * ratio), Math.round(area.height * ratio)];
  const count = colours.heights.length;
  const [low, high] = extent(landscape, ground);
  const level = new Float64Array((columns + 1) * (rows + 1));
  for (let row = 0; row <= rows; row += 1) {
    for (let column = 0; column <= columns; column += 1) {
      const height = ground.height(between(landscape.x, column / columns), between(landscape.y, 1 - row / rows));
      level[row * (columns + 1) + column] = (count * (height - low)) / (high - low);
    }
  }
  const image = pen.createImageData(columns, rows);
  const bands = colours.heights.map(channels);
  const lines = colours.levels.map(channels);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const i = row * (columns + 1) + column;
      const slope = Math.hypot(level[i + 1] - level[i], level[i + columns + 1] - level[i]);
      const nearest = Math.round(level[i]);
      const distance = Math.abs(level[i] - nearest) / Math.max(slope, 1e-12);
      const ink = nearest > 0 && nearest < count ? Math.min(1, Math.max(0, 0.5 * ratio + 0.4 - distance)) : 0;
      const band = Math.min(count - 1, Math.max(0, Math.floor(level[i])));
      for (let c = 0; c < 3; c += 1) {
        image.data[4 * (row * columns + column) + c] = bands[band][c] + ink * (lines[band][c] - bands[band][c]);
      }
      image.data[4 * (row * columns + column) + 3] = 255;
    }
  }
  pen.putImageData(image, Math.round(area.x * ratio), Math.round(area.y * ratio));
}

const channels = (code) => [1, 3, 5].map((i) => parseInt(code.slice(i, i + 2), 16));

// The heights that there are, inside the box.
function extent(landscape, ground) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i <= CELLS; i += 1) {
    for (let j = 0; j <= CELLS; j += 1) {
      const height = ground.height(between(landscape.x, i / CELLS), between(landscape.y, j / CELLS));
      [low, high] = [Math.min(low, height), Math.max(high, height)];
    }
  }
  return landscape.minimum ? ground.z : [Math.max(low, ground.z[0]), Math.min(high, ground.z[1])];
}

function surfaceView(landscape, ground, area, elevation, azimuth) {
  const camera = orbit(landscape, ground, elevation, azimuth, area);
  const place = ([x, y]) => [x, y, ground.height(x, y)];
  const spot = (position) => {
    const at = place(position);
    const inside = at.every((value, i) => within(camera.ends[i], value));
    return inside ? { at: camera.onPaper(at), hidden: camera.hides(at) } : null;
  };
  const under = ([px, py]) => {
    // Of the places that are seen at the point, the one in front.
    let best = null;
    for (let i = 0; i <= 120; i += 1) {
      for (let j = 0; j <= 120; j += 1) {
        const position = [between(landscape.x, i / 120), between(landscape.y, j / 120)];
        const at = place(position);
        const [x, y] = camera.onPaper(at);
        const distance = Math.hypot(x - px, y - py);
        const score = Math.max(distance, 4) - 1e-3 * camera.nearness(at);
        if (distance < 10 && (!best || score < best.score)) best = { score, position };
      }
    }
    return best && best.position;
  };
  const draw = (pen, colours) => {
    drawFrame(pen, camera, ground, colours);
    const [low, high] = extent(landscape, ground);
    const cells = [];
    const at = (i, j) => place([between(landscape.x, i / CELLS), between(landscape.y, j / CELLS)]);
    for (let i = 0; i < CELLS; i += 1) {
      for (let j = 0; j < CELLS; j += 1) {
        const corners = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
        if (!corners.every((corner) => within(camera.ends[2], corner[2]))) continue;
        const middle = [0, 1, 2].map((k) => (corners[0][k] + corners[1][k] + corners[2][k] + corners[3][k]) / 4);
        cells.push({ corners, height: middle[2], nearness: camera.nearness([middle[0], middle[1], 0]) });
      }
    }
    cells.sort((one, other) => one.nearness - other.nearness);
    pen.lineWidth = 0.5;
    for (const { corners, height } of cells) {
      const count = colours.heights.length;
      const band = Math.min(count - 1, Math.max(0, Math.round(((count - 1) * (height - low)) / (high - low))));
      pen.beginPath();
      corners.forEach((corner, k) => pen[k ? "lineTo" : "moveTo"](...camera.onPaper(corner)));
      pen.closePath();
      pen.fillStyle = colours.heights[band];
      pen.strokeStyle = colours.levels[band];
      pen.fill();
      pen.stroke();
    }
  };
  return { draw, spot, under };
}

// The far sides of the box with their grid, and labelled axes in front.
function drawFrame(pen, camera, ground, colours) {
  const [xs, ys, zs] = camera.ends;
  const far = (ends, towards) => (towards > 0 ? ends[0] : ends[1]);
  const near = (ends, towards) => (towards > 0 ? ends[1] : ends[0]);
  const [wallX, wallY, floor] = [far(xs, camera.eye[0]), far(ys, camera.eye[1]), far(zs, camera.eye[2])];
  const [frontX, frontY, ceiling] = [near(xs, camera.eye[0]), near(ys, camera.eye[1]), near(zs, camera.eye[2])];
  const draw = (...places) => line(pen, places.map(camera.onPaper));
  pen.lineWidth = 1;
  pen.strokeStyle = colours.grid;
  for (const { value } of ticks(xs)) draw([value, frontY, floor], [value, wallY, floor], [value, wallY, ceiling]);
  for (const { value } of ticks(ys)) draw([frontX, value, floor], [wallX, value, floor], [wallX, value, ceiling]);
  for (const { value } of ticks(zs)) draw([frontX, wallY, value], [wallX, wallY, value], [wallX, frontY, value]);
  pen.strokeStyle = colours.axis;
  draw([xs[0], frontY, floor], [xs[1], frontY, floor]);
  draw([frontX, ys[0], floor], [frontX, ys[1], floor]);
  const edges = [[wallX, frontY], [frontX, wallY]];
  const left = ([x, y]) => camera.onPaper([x, y, floor])[0];
  const [zx, zy] = left(edges[0]) < left(edges[1]) ? edges[0] : edges[1];
  draw([zx, zy, zs[0]], [zx, zy, zs[1]]);

  const beyond = (ends, end, share) => end + share * (2 * end - ends[0] - ends[1]);
  const write = (text, place, colour, align = "center", shift = 0) => {
    const [x, y] = camera.onPaper(place);
    pen.fillStyle = colour;
    label(pen, text, [x + shift, y + 4], align);
  };
  const inner = (ends, front) => ticks(ends).filter(({ value }) => Math.abs(value - front) > 0.03 * (ends[1] - ends[0]));
  for (const tick of inner(xs, frontX)) write(tick.label, [tick.value, beyond(ys, frontY, 0.07), floor], colours.muted);
  for (const tick of inner(ys, frontY)) write(tick.label, [beyond(xs, frontX, 0.07), tick.value, floor], colours.muted);
  for (const tick of ticks(zs)) write(tick.label, [zx, zy, tick.value], colours.muted, "right", -6);
  write("x", [(xs[0] + xs[1]) / 2, beyond(ys, frontY, 0.15), floor], colours.ink);
  write("y", [beyond(xs, frontX, 0.15), (ys[0] + ys[1]) / 2, floor], colours.ink);
  const [x, y] = camera.onPaper([zx, zy, zs[1]]);
  pen.fillStyle = colours.ink;
  label(pen, ground.label, [x, y - 10], "center");
}

function line(pen, points) {
  pen.beginPath();
  points.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](...point));
  pen.stroke();
}

function label(pen, text, [x, y], align) {
  pen.font = "11.5px system-ui, sans-serif";
  pen.textAlign = align;
  pen.fillText(text, x, y);
}

// A trail's pieces of ground between its steps: what of them is seen, what is hidden, and nothing where it is outside.
function legs(view, landscape, positions) {
  const sides = ([low, high], a, b) => Math.abs(b - a) / (high - low);
  return positions.slice(1).map((to, i) => {
    const from = positions[i];
    const length = Math.hypot(sides(landscape.x, from[0], to[0]), sides(landscape.y, from[1], to[1]));
    const pieces = Math.min(200, Math.max(1, Math.ceil(length * 60)));
    const spots = [];
    for (let k = 0; k <= pieces; k += 1) {
      spots.push(view.spot([between([from[0], to[0]], k / pieces), between([from[1], to[1]], k / pieces)]));
    }
    return spots;
  });
}

// The markers of the crate: five shapes, which differ also without colours.
const SYMBOLS = [
  null,
  [[-3.6, -3.6], [3.6, -3.6], [3.6, 3.6], [-3.6, 3.6]],
  [[0, -5.2], [4.8, 3.4], [-4.8, 3.4]],
  [[0, -5.2], [5.2, 0], [0, 5.2], [-5.2, 0]],
  [[0, 5.2], [4.8, -3.4], [-4.8, -3.4]],
];

function marker(pen, n, [x, y], fill, edge) {
  pen.beginPath();
  const corners = SYMBOLS[n % SYMBOLS.length];
  if (corners) {
    corners.forEach(([dx, dy], i) => pen[i ? "lineTo" : "moveTo"](x + 1.15 * dx, y + 1.15 * dy));
    pen.closePath();
  } else {
    pen.arc(x, y, 4.6, 0, 2 * Math.PI);
  }
  pen.fillStyle = fill;
  pen.strokeStyle = edge;
  pen.lineWidth = 1.4;
  pen.fill();
  pen.stroke();
}

function star(pen, [x, y], fill, edge) {
  pen.beginPath();
  for (let i = 0; i < 10; i += 1) {
    const radius = i % 2 ? 4.2 : 9.6;
    pen[i ? "lineTo" : "moveTo"](x + radius * Math.sin((i * Math.PI) / 5), y - radius * Math.cos((i * Math.PI) / 5));
  }
  pen.closePath();
  [pen.fillStyle, pen.strokeStyle, pen.lineWidth] = [fill, edge, 1.3];
  pen.fill();
  pen.stroke();
}
