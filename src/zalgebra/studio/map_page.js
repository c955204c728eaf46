// The map of a page: dots by WebGL (or 2D where there is none), all else on a canvas over them.
"use strict";
(() => {
const $ = id => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const decoded = (text, Type) => Type && text && new Type(Uint8Array.from(atob(text), c => c.charCodeAt(0)).buffer);
const n = data.n, places = decoded(data.places, Float32Array);
const numbers = decoded(data.numbers, Int32Array), fade = decoded(data.fade, Uint8Array), errors = decoded(data.errors, Float32Array);
const labels = data.labels.map(l => ({...l, values: decoded(l.values, l.names ? Uint16Array : Float32Array)}));
const sprites = data.sprites && {...data.sprites, slot: decoded(data.sprites.slot, Int32Array)};
const number = i => numbers ? numbers[i] : i;
const rgb = hex => [1, 3, 5].map(k => parseInt(hex.slice(k, k + 2), 16));
const RADIUS = 14, FINGER = 24, REACH = 60, TILE = 44, MOST = 70, NAMES = 60, RANGE = 10000, TRIED = 4000, SHEETS_SHOWN = 40, SHEETS_KEPT = 64;
// A group has a form as well as a colour; here in a square of 12, in the shader by its distance.
const FORMS = ["M1 6a5 5 0 1 0 10 0a5 5 0 1 0-10 0", "M6 1 11 11H1z", "M1.5 1.5h9v9h-9z", "M6 0 12 6 6 12 0 6z", "M6 11 1 1h10z", "M4 .5h4V4h3.5v4H8v3.5H4V8H.5V4H4z"];

// Colours, lighter on dark paper where they would be lost in it.
const darkness = matchMedia("(prefers-color-scheme: dark)"), GREY = rgb("#717581");
function lit(colour) {
  const light = colour[0] * 0.21 + colour[1] * 0.72 + colour[2] * 0.07, by = darkness.matches ? 0.4 * Math.max(0, 1 - light / 130) : 0;
  return colour.map(c => Math.round(c + by * (255 - c)));
}
let palette, ramp;
function mix() { palette = data.colors.map(c => lit(rgb(c))); ramp = data.ramp.map(c => lit(rgb(c))); }
mix();

// A fixed random order (mulberry32), so that no group is drawn over all others.
const shuffled = Uint32Array.from({length: n}, (_, i) => i);
for (let i = n - 1, s = 1; i > 0; i--) {
  s = s + 0x6D2B79F5 | 0;
  let t = Math.imul(s ^ s >>> 15, 1 | s);
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
  const j = ((t ^ t >>> 14) >>> 0) % (i + 1);
  [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
}

// The view: centre in the map's coordinates, scale in CSS pixels a unit.
const low = [Infinity, Infinity], high = [-Infinity, -Infinity];
for (let i = 0; i < 2 * n; i++) { low[i & 1] = Math.min(low[i & 1], places[i]); high[i & 1] = Math.max(high[i & 1], places[i]); }
const span = [0, 1].map(k => high[k] - low[k] || 1), middle = [0, 1].map(k => (low[k] + high[k]) / 2);
const view = {x: middle[0], y: middle[1], scale: 1}, size = {w: 1, h: 1, ratio: 1};
let least = 1;
const px = i => size.w / 2 + (places[2 * i] - view.x) * view.scale;
const py = i => size.h / 2 - (places[2 * i + 1] - view.y) * view.scale;
const dot = () => Math.min(12, Math.max(2.5, 0.55 * Math.sqrt(size.w * size.h / n)) * (view.scale / least) ** 0.35);
function fitAll() {
  least = 0.92 * Math.min(size.w / span[0], size.h / span[1]);
  Object.assign(view, {x: middle[0], y: middle[1], scale: least});
}
function zoom(factor, x = size.w / 2, y = size.h / 2) {
  const to = Math.min(least * 4000, Math.max(least / 4, view.scale * factor)), by = 1 / view.scale - 1 / to;
  view.x += (x - size.w / 2) * by; view.y -= (y - size.h / 2) * by; view.scale = to;
  moved();
}

// Items by the cells of a grid, for what is near a place.
const cells = Math.max(1, Math.min(512, Math.round(Math.sqrt(n) / 1.5)));
const cellOf = (v, k) => Math.min(cells - 1, Math.max(0, Math.floor((v - low[k]) / span[k] * cells)));
const start = new Uint32Array(cells * cells + 1), inCells = new Uint32Array(n);
{
  const at = new Uint32Array(n);
  for (let i = 0; i < n; i++) { at[i] = cellOf(places[2 * i + 1], 1) * cells + cellOf(places[2 * i], 0); start[at[i] + 1]++; }
  for (let c = 0; c < cells * cells; c++) start[c + 1] += start[c];
  const next = start.slice();
  for (let i = 0; i < n; i++) inCells[next[at[i]]++] = i;
}
function eachIn(x0, y0, x1, y1, visit) {
  for (let r = cellOf(y0, 1); r <= cellOf(y1, 1); r++)
    for (let j = start[r * cells + cellOf(x0, 0)], end = start[r * cells + cellOf(x1, 0) + 1]; j < end; j++) visit(inCells[j]);
}
function nearest(x, y, far = RADIUS) {
  const cx = view.x + (x - size.w / 2) / view.scale, cy = view.y - (y - size.h / 2) / view.scale, r = far / view.scale;
  let best = -1, least = r * r;
  eachIn(cx - r, cy - r, cx + r, cy + r, i => {
    const d = (places[2 * i] - cx) ** 2 + (places[2 * i + 1] - cy) ** 2;
    if (d <= least && shown[i]) { best = i; least = d; }
  });
  return best;
}

// Colours, and who is shown.
let label = labels[0], off = new Set();
const shown = new Uint8Array(n).fill(1), tint = new Uint8Array(4 * n), mark = new Uint8Array(n);
const colourOf = g => palette[g % palette.length], markOf = g => (g + Math.floor(g / palette.length)) % FORMS.length;
function along(t) {
  const at = Math.min(1, Math.max(0, t)) * (ramp.length - 1), k = Math.min(ramp.length - 2, Math.floor(at));
  return ramp[k].map((a, c) => a + (at - k) * (ramp[k + 1][c] - a));
}
let selected = new Set();
function paint() {
  const faded = fade && $("fade").checked;
  for (let i = 0; i < n; i++) {
    const v = label && label.values[i];
    const [r, g, b] = !label ? GREY : label.names ? colourOf(v) : Number.isNaN(v) ? GREY : along((v - label.low) / (label.high - label.low || 1));
    shown[i] = label && label.names && off.has(v) ? 0 : 1;
    mark[i] = label && label.names ? markOf(v) : 0;
    const alpha = shown[i] * 200 * (faded ? fade[i] / 255 : 1) * (selected.size && !selected.has(i) ? 0.15 : 1);
    tint.set([r, g, b, Math.max(alpha, shown[i])], 4 * i);
  }
  upload();
  moved();
}

// Dots.
const dots = $("dots"), over = $("over"), pen = over.getContext("2d");
const gl = dots.getContext("webgl2", {antialias: false, premultipliedAlpha: true});
const flat = gl ? null : dots.getContext("2d");
let program, buffers;
function build() {
  const shader = (kind, text) => { const s = gl.createShader(kind); gl.shaderSource(s, "#version 300 es\nprecision highp float;\n" + text); gl.compileShader(s); return s; };
  program = gl.createProgram();
  gl.attachShader(program, shader(gl.VERTEX_SHADER, `
    in vec2 place; in vec4 tint; in float mark; uniform vec2 centre, window; uniform float scale, size; out vec4 colour; flat out float form;
    void main() { gl_Position = vec4((place - centre) * scale / window, 0, 1); gl_PointSize = tint.a > 0.0 ? size : 0.0; if (tint.a == 0.0) gl_Position.x = 9.0; colour = tint; form = mark; }`));
  gl.attachShader(program, shader(gl.FRAGMENT_SHADER, `
    in vec4 colour; flat in float form; uniform float size; out vec4 pixel;
    void main() {
      vec2 p = 2.0 * gl_PointCoord - 1.0;
      vec2 q = abs(p);
      float d = form < 0.5 ? length(p) : form < 1.5 ? max(2.0 * q.x - p.y, p.y) : form < 2.5 ? max(q.x, q.y) * 1.2
        : form < 3.5 ? q.x + q.y : form < 4.5 ? max(2.0 * q.x + p.y, -p.y) : max(3.0 * min(q.x, q.y), max(q.x, q.y));
      float a = colour.a * (1.0 - smoothstep(1.0 - 2.5 / size, 1.0, d));
      pixel = vec4(colour.rgb * a, a);
    }`));
  gl.linkProgram(program);
  gl.useProgram(program);
  buffers = {};
  const feed = (name, count, type, normal, values) => {
    const at = gl.getAttribLocation(program, name);
    buffers[name] = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, count, type, normal, 0, 0);
  };
  const centred = places.map((v, k) => v - middle[k & 1]);
  feed("place", 2, gl.FLOAT, false, centred); feed("tint", 4, gl.UNSIGNED_BYTE, true, tint); feed("mark", 1, gl.UNSIGNED_BYTE, false, mark);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, shuffled, gl.STATIC_DRAW);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
}
function upload() {
  if (!gl) return;
  for (const [name, values] of [["tint", tint], ["mark", mark]]) { gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]); gl.bufferSubData(gl.ARRAY_BUFFER, 0, values); }
}
function drawDots() {
  if (gl) {
    const set = (name, ...v) => gl["uniform" + v.length + "f"](gl.getUniformLocation(program, name), ...v);
    gl.viewport(0, 0, dots.width, dots.height);
    gl.clearColor(0, 0, 0, 0); gl.clear(gl.COLOR_BUFFER_BIT);
    set("centre", view.x - middle[0], view.y - middle[1]); set("window", size.w / 2, size.h / 2);
    set("scale", view.scale); set("size", dot() * size.ratio + 1);
    gl.drawElements(gl.POINTS, n, gl.UNSIGNED_INT, 0);
    return;
  }
  flat.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  flat.clearRect(0, 0, size.w, size.h);
  const d = dot(), forms = d >= 5 && FORMS.map(form => new Path2D(form)), k = size.ratio * d / 12;
  for (const i of shuffled) {
    const x = px(i), y = py(i);
    if (!shown[i] || x < -d || y < -d || x > size.w + d || y > size.h + d) continue;
    flat.fillStyle = `rgba(${tint[4 * i]},${tint[4 * i + 1]},${tint[4 * i + 2]},${tint[4 * i + 3] / 255})`;
    if (!forms) { flat.fillRect(x - d / 2, y - d / 2, d, d); continue; }
    flat.setTransform(k, 0, 0, k, (x - d / 2) * size.ratio, (y - d / 2) * size.ratio);
    flat.fill(forms[mark[i]]);
  }
}

// Thumbnails: sheets are decoded when they are first needed, and the oldest forgotten.
const sheets = new Map();
function sheet(k, then) {
  let found = sheets.get(k);
  if (!found) {
    found = new Image();
    found.waiting = [];
    found.src = URL.createObjectURL(new Blob([decoded($("sheet-" + k).textContent, Uint8Array)], {type: "image/webp"}));
    found.decode().then(() => { URL.revokeObjectURL(found.src); found.ready = true; found.waiting.forEach(f => f()); found.waiting = []; });
  }
  sheets.delete(k); sheets.set(k, found);
  if (sheets.size > SHEETS_KEPT) sheets.delete(sheets.keys().next().value);
  if (!found.ready && then) found.waiting.push(then);
  return found;
}
const has = i => sprites && sprites.slot[i] >= 0;
function thumbnail(context, i, x, y, w, h, then) {
  const slot = sprites.slot[i], each = sprites.tiles ** 2, image = sheet(Math.floor(slot / each), then);
  if (!image.ready) return false;
  const at = slot % each, [cw, ch] = sprites.cell, [tw, th] = sprites.tile;
  context.imageSmoothingEnabled = Math.max(tw, th) >= 20;
  context.imageSmoothingQuality = "high";
  context.drawImage(image, at % sprites.tiles * cw + sprites.edge, Math.floor(at / sprites.tiles) * ch + sprites.edge, tw, th, x, y, w, h);
  return true;
}
const shape = side => { const [w, h] = sprites.tile, k = side / Math.max(w, h); return [w * k, h * k]; };

// Thumbnails that lie on the map: a few of each group in turn, from a few sheets; those that lie there stay.
let laid = [];
const tile = i => { const [w, h] = shape(TILE); return {i, g: groupOf(i), x: px(i), y: py(i), w, h}; };
const groupOf = i => label && label.names ? label.values[i] : 0;
function layThumbnails() {
  const wanted = i => shown[i] && has(i) && (!selected.size || selected.has(i)) && room.lies(tile(i), size);
  if (!sprites || !$("thumbs").checked) { laid = []; return; }
  const groups = label && label.names ? label.names.length : 1, most = Math.max(40, TRIED / groups), tried = new Uint32Array(groups), inTurn = [];
  const kept = laid.filter(b => wanted(b.i)), sheetOf = i => Math.floor(sprites.slot[i] / sprites.tiles ** 2);
  for (const i of shuffled) {
    const g = groupOf(i);
    if (tried[g] < most && wanted(i)) (inTurn[tried[g]++] ??= []).push(tile(i));
  }
  const opened = new Set(kept.map(b => sheetOf(b.i))), near = i => opened.size < SHEETS_SHOWN ? opened.add(sheetOf(i)) : opened.has(sheetOf(i));
  laid = room.spread(kept, inTurn.flat(), [...fixed(), ...labelled], MOST, near);
}

// Axes with a meaning each: lines through 0, their names where they leave the map, and their numbers.
let axisNames = [];
const origin = () => [size.w / 2 - view.x * view.scale, size.h / 2 + view.y * view.scale];
const fixed = () => [controls, ...axisNames];  // what neither names nor thumbnails cover
function placeAxes() {
  if (!data.axes) return;
  const [x, y] = origin(), between = (low, v, high) => Math.max(low, Math.min(v, high));
  pen.font = FONT;
  axisNames = [data.axes[0] + " →", data.axes[1] + " ↑"].map(text => ({text, w: pen.measureText(text).width + 14, h: 21}));
  const [right, up] = axisNames;
  Object.assign(right, {x: size.w - right.w / 2 - 6, y: between(40, y, controls.y - controls.h / 2 - 18)});
  Object.assign(up, {x: between(up.w / 2 + 6, x, size.w - up.w / 2 - 6), y: 16});
}
function drawAxes(ink, card) {
  if (!data.axes) return;
  const [x, y] = origin(), step = [1, 2, 5, 10, 50, 250].find(s => s * view.scale >= 40) || 1000;
  pen.strokeStyle = pen.fillStyle = ink; pen.lineWidth = 1; pen.globalAlpha = 0.4;
  pen.beginPath(); pen.moveTo(0, y); pen.lineTo(size.w, y); pen.moveTo(x, 0); pen.lineTo(x, size.h); pen.stroke();
  pen.globalAlpha = 0.8; pen.font = "11px system-ui, sans-serif"; pen.textAlign = "center"; pen.textBaseline = "middle";
  const signed = v => (v > 0 ? "+" : "−") + Math.abs(v);
  for (const [k, end] of [[0, size.w], [1, size.h]]) {
    const at = k ? y : x, least = Math.ceil((k ? at - end : -at) / view.scale / step), most = Math.floor((k ? at : end - at) / view.scale / step);
    for (let v = Math.max(least, -99); v <= Math.min(most, 99); v++)
      if (v) k ? pen.fillText(signed(v * step), x - 14, y - v * step * view.scale) : pen.fillText(signed(v * step), x + v * step * view.scale, y + 9);
  }
  pen.globalAlpha = 1; pen.font = FONT;
  for (const b of axisNames) {
    pen.fillStyle = card; pen.fillRect(b.x - b.w / 2, b.y - b.h / 2, b.w, b.h);
    pen.fillStyle = ink; pen.fillText(b.text, b.x, b.y + 1);
  }
}

// Names of the groups near their middles, the largest first.
let middles = [], labelled = [], controls = {x: 0, y: 0, w: 0, h: 0};
const moves = new Map(), FONT = "600 13px system-ui, sans-serif";
function findMiddles() {
  middles = []; moves.clear();
  if (!label || !label.names) return;
  pen.font = FONT;
  const members = label.names.map(() => []);
  for (let i = 0; i < n; i++) members[label.values[i]].push(i);
  const median = (rows, k) => { const v = Float32Array.from(rows, i => places[2 * i + k]).sort(); return v[v.length >> 1]; };
  members.forEach((rows, g) => {
    if (!rows.length) return;
    const mx = median(rows, 0), my = median(rows, 1), name = label.names[g], text = name.length > 24 ? name.slice(0, 23) + "…" : name;
    let at = rows[0], best = Infinity;
    for (const i of rows) { const d = (places[2 * i] - mx) ** 2 + (places[2 * i + 1] - my) ** 2; if (d < best) { best = d; at = i; } }
    middles.push({g, at, count: rows.length, text, w: pen.measureText(text).width + 27, h: 21});
  });
  middles.sort((a, b) => b.count - a.count);
}
function placeNames() {
  const inside = ({at}) => px(at) > 0 && py(at) > 0 && px(at) < size.w && py(at) < size.h;
  const wanted = middles.filter(m => !off.has(m.g) && inside(m)).slice(0, NAMES);
  labelled = room.named(wanted.map(m => ({...m, x: px(m.at), y: py(m.at), was: moves.get(m.g)})), fixed(), size);
  moves.clear();
  for (const b of labelled) moves.set(b.g, b.was);
}
function arrange() {
  placeAxes(); placeNames();
  laid = room.uncovered(laid.map(b => tile(b.i)), [...fixed(), ...labelled]);
}
function settle() { moves.clear(); arrange(); layThumbnails(); dirty(); }
const under = (x, y, far) => (laid.find(b => room.holds(b, x, y)) || {i: nearest(x, y, far)}).i;

let hovered = -1, path = null, aim = false;
const pins = [];
function drawMark(g, x, y, side) {
  pen.save(); pen.translate(x - side / 2, y - side / 2); pen.scale(side / 12, side / 12);
  pen.fillStyle = `rgb(${colourOf(g)})`; pen.fill(new Path2D(FORMS[markOf(g)])); pen.restore();
}
function drawOver() {
  const style = getComputedStyle(document.body), ink = style.getPropertyValue("--ink"), card = style.getPropertyValue("--card"), accent = style.getPropertyValue("--accent"), paper = style.getPropertyValue("--paper");
  const grouped = label && label.names;
  pen.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  pen.clearRect(0, 0, size.w, size.h);
  drawAxes(ink, card);
  pen.lineWidth = 1.5;
  for (const {g, x, y, from} of labelled) if (Math.hypot(x - from[0], y - from[1]) > 30) {
    pen.strokeStyle = `rgb(${colourOf(g)})`; pen.beginPath(); pen.moveTo(x, y); pen.lineTo(...from); pen.stroke();
  }
  for (const b of laid) {
    const x = b.x - b.w / 2, y = b.y - b.h / 2;
    if (!thumbnail(pen, b.i, x, y, b.w, b.h, dirty)) continue;
    pen.strokeStyle = `rgb(${tint[4 * b.i]},${tint[4 * b.i + 1]},${tint[4 * b.i + 2]})`; pen.lineWidth = 2; pen.strokeRect(x, y, b.w, b.h);
    if (!grouped) continue;
    pen.fillStyle = paper; pen.fillRect(x - 1, y - 1, 13, 13); drawMark(groupOf(b.i), x + 5, y + 5, 10);
  }
  pen.textAlign = "left"; pen.textBaseline = "middle"; pen.font = FONT;
  for (const b of labelled) {
    pen.fillStyle = card; pen.strokeStyle = `rgb(${colourOf(b.g)})`; pen.lineWidth = 1.5;
    pen.beginPath(); pen.rect(b.x - b.w / 2, b.y - b.h / 2, b.w, b.h); pen.fill(); pen.stroke();
    drawMark(b.g, b.x - b.w / 2 + 12, b.y, 11);
    pen.fillStyle = ink; pen.fillText(b.text, b.x - b.w / 2 + 21, b.y + 1);
  }
  const ring = (i, r) => {
    const b = laid.find(b => b.i === i);
    pen.strokeStyle = ink; pen.lineWidth = 2.5; pen.beginPath();
    b ? pen.rect(b.x - b.w / 2 - 2, b.y - b.h / 2 - 2, b.w + 4, b.h + 4) : pen.arc(px(i), py(i), r, 0, 7);
    pen.stroke();
  };
  pen.textAlign = "center";
  pins.forEach(({i}, k) => {
    const x = px(i) + 10, y = py(i) - 10;
    ring(i, 9); pen.fillStyle = accent; pen.beginPath(); pen.arc(x, y, 8, 0, 7); pen.fill();
    pen.fillStyle = paper; pen.font = "600 11px system-ui, sans-serif"; pen.fillText(k + 1, x, y + 0.5);
  });
  if (hovered >= 0) ring(hovered, dot() / 2 + 4);
  if (aim) for (const [width, colour] of [[6, paper], [2, accent]]) {
    pen.strokeStyle = colour; pen.lineWidth = width; pen.beginPath();
    for (const [a, b] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) { pen.moveTo(size.w / 2 + 5 * a, size.h / 2 + 5 * b); pen.lineTo(size.w / 2 + 14 * a, size.h / 2 + 14 * b); }
    pen.stroke();
  }
  if (path) { pen.strokeStyle = accent; pen.fillStyle = accent + "22"; pen.lineWidth = 1.5; pen.beginPath(); path.forEach(p => pen.lineTo(...p)); pen.closePath(); pen.fill(); pen.stroke(); }
}

let asked = false, settled = 0;
function dirty() { if (!asked) { asked = true; requestAnimationFrame(draw); } }
function draw() {
  asked = false;
  arrange(); drawDots(); drawOver();
  window.zalgebra.frames++;
}
function moved() { dirty(); clearTimeout(settled); settled = setTimeout(settle, 140); }

// What is said of an item.
const said = (l, i) => { const v = l.values[i]; return l.names ? l.names[v] : Number.isNaN(v) ? "not known" : String(+v.toPrecision(4)); };
function describe(card, i, side) {
  const line = (tag, text) => { const e = document.createElement(tag); e.textContent = text; card.append(e); };
  card.replaceChildren();
  card.dataset.item = number(i); delete card.dataset.thumbnail;
  if (has(i)) {
    const canvas = document.createElement("canvas"), [w, h] = shape(side);
    canvas.width = Math.round(w); canvas.height = Math.round(h);
    const put = () => { if (card.dataset.item == number(i) && thumbnail(canvas.getContext("2d"), i, 0, 0, canvas.width, canvas.height, put)) card.dataset.thumbnail = "drawn"; };
    card.append(canvas); put();
  }
  line("b", (label ? (label.names ? "" : label.name + " ") + said(label, i) + " · " : "") + "img:" + number(i));
  for (const l of labels) if (l !== label) line("div", l.name + ": " + said(l, i));
  if (errors) line("div", "error of the inverse: " + +errors[i].toPrecision(3));
}
function hover(i, x, y) {
  const tip = $("tip");
  if (i !== hovered) { hovered = i; tip.hidden = i < 0; if (i >= 0) describe(tip, i, 128); dirty(); }
  if (i < 0) return;
  const w = tip.offsetWidth, h = tip.offsetHeight;
  tip.style.left = Math.max(4, x + 18 + w > size.w ? x - w - 14 : x + 18) + "px";
  tip.style.top = Math.max(4, Math.min(size.h - h - 4, y - h / 2)) + "px";
}
function pin(i) {
  const at = pins.findIndex(p => p.i === i);
  if (at >= 0) return unpin(at);
  const card = document.createElement("div");
  card.className = "card";
  describe(card, i, 64);
  const close = document.createElement("button");
  close.textContent = "×"; close.setAttribute("aria-label", "Unpin");
  close.onclick = () => unpin(pins.findIndex(p => p.i === i));
  card.append(close); $("cards").append(card); pins.push({i, card});
  $("pins").hidden = false;
  resize(); card.scrollIntoView({block: "nearest", inline: "nearest"});
}
function unpin(k) { pins[k].card.remove(); pins.splice(k, 1); $("pins").hidden = !pins.length; resize(); }

// Selection.
function select(rows) {
  selected = new Set(rows);
  const list = [...selected].map(number).sort((a, b) => a - b);
  $("chosen").hidden = !list.length;
  $("count").textContent = list.length.toLocaleString("en") + " selected";
  $("numbers").value = "[" + list.join(", ") + "]";
  $("expression").value = spelt(list);
  laid = [];
  paint();
}
// The mean of items in the words of an expression, three or more in a row as a range.
function spelt(list) {
  const words = [];
  for (let a = 0, b = 0; a < list.length; a = b) {
    while (b < list.length && list[b] === list[a] + b - a && b - a < RANGE) b++;
    if (b - a > 2) words.push(`img:${list[a]}..${list[b - 1]}`);
    else for (let k = a; k < b; k++) words.push("img:" + list[k]);
  }
  return list.length > 1 ? `mean(${words.join(", ")})` : words.join("");
}
function enclosed(polygon) {
  const box = [0, 1].flatMap(k => [Math.min(...polygon.map(p => p[k])), Math.max(...polygon.map(p => p[k]))]), rows = [];
  for (let i = 0; i < n; i++) {
    const x = px(i), y = py(i);
    if (!shown[i] || x < box[0] || x > box[1] || y < box[2] || y > box[3]) continue;
    let inside = false;
    for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
      const [ax, ay] = polygon[a], [bx, by] = polygon[b];
      if (ay > y !== by > y && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
    }
    if (inside) rows.push(i);
  }
  return rows;
}
async function copy(button, field) {
  try { await navigator.clipboard.writeText(field.value); }
  catch { field.select(); document.execCommand("copy"); }
  const said = button.dataset.said ??= button.textContent;
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = said; }, 1200);
}

// Pointers: one drags or draws, two pinch.
let tool = "move", from = null;
const SLIP = {mouse: 0, pen: 4, touch: 8};  // how far a click or tap may slip, in pixels; a mouse drags at once
const down = new Map(), here = e => [e.offsetX, e.offsetY];
over.onpointerdown = e => {
  over.setPointerCapture(e.pointerId); down.set(e.pointerId, here(e));
  from = down.size > 1 ? null : {at: here(e), far: 0}; path = null; aim = false;
  if (tool !== "move" && down.size === 1) path = [here(e)];
  over.classList.toggle("drag", tool === "move"); hover(-1);
};
over.onpointermove = e => {
  const at = here(e), was = down.get(e.pointerId);
  if (!was) return hover(under(...at), ...at);
  if (from) from.far = Math.max(from.far, Math.hypot(at[0] - from.at[0], at[1] - from.at[1]));
  const pan = by => { view.x -= by * (at[0] - was[0]) / view.scale; view.y += by * (at[1] - was[1]) / view.scale; moved(); };
  if (down.size === 2) {
    const other = [...down].find(([id]) => id !== e.pointerId)[1], apart = p => Math.hypot(p[0] - other[0], p[1] - other[1]);
    pan(0.5); zoom(apart(at) / Math.max(1, apart(was)), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
  } else if (path) {
    path = tool === "box" ? [path[0], [at[0], path[0][1]], at, [path[0][0], at[1]]] : [...path, at];
    dirty();
  } else if (!from || from.far >= (SLIP[e.pointerType] || 0)) pan(1);
  else return;
  down.set(e.pointerId, at);
};
over.onpointerup = over.onpointercancel = e => {
  over.classList.remove("drag"); down.delete(e.pointerId);
  const drawn = path, click = from && from.far < (SLIP[e.pointerType] || 4) && e.type === "pointerup" && !down.size;
  path = null;
  if (click) { const i = under(...here(e), e.pointerType === "touch" ? FINGER : RADIUS); if (i >= 0) pin(i); }
  else if (drawn && drawn.length > 2) select(e.shiftKey ? [...selected, ...enclosed(drawn)] : enclosed(drawn));
  dirty();
};
over.onpointerleave = () => hover(-1);
over.addEventListener("wheel", e => { e.preventDefault(); hover(-1); zoom(Math.exp(-e.deltaY * (e.deltaMode ? 0.05 : 0.0016)), e.offsetX, e.offsetY); }, {passive: false});
over.onblur = () => { aim = false; hover(-1); dirty(); };
over.onkeydown = e => {
  const step = 60 / view.scale, pan = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step]}[e.key];
  const middle = [size.w / 2, size.h / 2];
  if (pan) { view.x += pan[0]; view.y += pan[1]; moved(); }
  else if (e.key === "+" || e.key === "=") zoom(1.4);
  else if (e.key === "-") zoom(1 / 1.4);
  else if (e.key === "0") { fitAll(); moved(); }
  else if (e.key === "Enter") { const i = under(...middle, REACH); if (i >= 0) pin(i); }
  else if (e.key === "Escape") { path = null; select([]); }
  else return;
  aim = e.key !== "Escape"; hover(aim ? under(...middle, REACH) : -1, ...middle);
  e.preventDefault();
};
for (const b of document.querySelectorAll("[data-tool]")) b.onclick = () => {
  tool = b.dataset.tool;
  for (const o of document.querySelectorAll("[data-tool]")) o.setAttribute("aria-pressed", o === b);
  over.classList.toggle("draw", tool !== "move");
};
$("in").onclick = () => zoom(1.6); $("out").onclick = () => zoom(1 / 1.6); $("fit").onclick = () => { fitAll(); moved(); };
$("clear").onclick = () => select([]); $("take").onclick = () => select(pins.map(p => p.i));
$("copy").onclick = e => copy(e.target, $("numbers")); $("spell").onclick = e => copy(e.target, $("expression"));
$("fade").onchange = paint; $("thumbs").onchange = moved;

// Legend.
function showLegend() {
  const legend = $("legend");
  legend.replaceChildren();
  if (!label) return;
  if (!label.names) {
    const bar = document.createElement("div"), ends = document.createElement("div");
    bar.className = "ramp"; bar.style.background = `linear-gradient(to right, ${ramp.map(c => `rgb(${c})`)})`;
    ends.className = "ends";
    for (const v of [label.low, label.high]) { const s = document.createElement("span"); s.textContent = +v.toPrecision(3); ends.append(s); }
    legend.append(bar, ends);
    return;
  }
  const counts = new Uint32Array(label.names.length);
  for (const g of label.values) counts[g]++;
  let last = -1, since = 0;
  const buttons = label.names.map((name, g) => {
    const b = document.createElement("button"), text = document.createElement("span"), many = document.createElement("small");
    b.innerHTML = `<svg width="13" height="13" viewBox="0 0 12 12" fill="rgb(${colourOf(g)})" aria-hidden="true"><path d="${FORMS[markOf(g)]}"/></svg>`;
    text.textContent = name; many.textContent = counts[g].toLocaleString("en");
    b.append(text, many); b.title = "Once: show or hide. Twice: only this one, or all.";
    b.onclick = e => {
      const twice = last === g && e.timeStamp - since < 400;
      off.has(g) ? off.delete(g) : off.add(g);
      if (twice) { off = off.size === label.names.length - 1 && !off.has(g) ? new Set() : new Set(label.names.keys()); off.delete(g); }
      last = twice ? -1 : g; since = e.timeStamp; toggled();
    };
    legend.append(b);
    return b;
  });
  const pressed = () => buttons.forEach((b, g) => b.setAttribute("aria-pressed", !off.has(g)));
  const toggled = () => { pressed(); paint(); };
  pressed();
}
function colourBy(k) { label = labels[k]; off = new Set(); laid = []; showLegend(); findMiddles(); paint(); }

function resize() {
  const box = $("map").getBoundingClientRect(), whole = view.scale === least;
  Object.assign(size, {w: box.width, h: box.height, ratio: window.devicePixelRatio || 1});
  for (const c of [dots, over]) { c.width = Math.round(size.w * size.ratio); c.height = Math.round(size.h * size.ratio); }
  if (whole) fitAll();
  const bar = $("zoom");
  controls = {x: bar.offsetLeft + bar.offsetWidth / 2, y: bar.offsetTop + bar.offsetHeight / 2, w: bar.offsetWidth, h: bar.offsetHeight};
  moved();
}
darkness.onchange = () => { mix(); showLegend(); paint(); };

window.zalgebra = {
  frames: 0, place: i => [px(i), py(i)], select, selection: () => [...selected].map(number),
  renderer: gl ? "webgl2" : "2d", hovered: () => hovered, thumbnails: () => laid.map(b => b.i),
  controls: () => [controls.x, controls.y, controls.w, controls.h],
  laid: () => laid.map(({x, y, w, h}) => [x, y, w, h]), named: () => labelled.map(({g, x, y, w, h}) => [g, x, y, w, h]),
  axes: () => axisNames.map(({text, x, y, w, h}) => [text, x, y, w, h]), origin,
};
for (const [k, l] of labels.entries()) { const o = document.createElement("option"); o.value = k; o.textContent = l.name; $("label").append(o); }
$("label").onchange = e => colourBy(+e.target.value);
$("by").hidden = labels.length < 2; $("faded").hidden = !fade; $("thumbed").hidden = !sprites;
if (gl) {
  build();
  dots.addEventListener("webglcontextlost", e => e.preventDefault());
  dots.addEventListener("webglcontextrestored", () => { build(); paint(); });
}
colourBy(0);
new ResizeObserver(resize).observe($("map"));
resize(); settle(); draw();
document.body.dataset.ready = n;
document.body.dataset.milliseconds = Math.round(performance.now());
})();
