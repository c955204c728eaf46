// Where names and thumbnails go on the map, so that none covers another.
// A box has its middle x, y, its width w and its height h, in CSS pixels.
"use strict";
const room = (() => {
const EDGE = 3, AIR = 3;  // kept free at the edge of the map, and between two boxes
const STEP = 12, FAR = 96, TURNS = 16;  // a place for a name is sought on rings around its group's middle
const GAPS = [64, 32, 16];  // between thumbnails: first far apart, then in between

const apart = (a, b, air = AIR) => 2 * Math.abs(a.x - b.x) >= a.w + b.w + 2 * air || 2 * Math.abs(a.y - b.y) >= a.h + b.h + 2 * air;
const free = (box, taken, air) => taken.every(other => apart(box, other, air));
const holds = (b, x, y) => 2 * Math.abs(b.x - x) <= b.w && 2 * Math.abs(b.y - y) <= b.h;
const onto = (v, length, end) => Math.max(length / 2 + EDGE, Math.min(end - length / 2 - EDGE, v));
const moved = (b, dx, dy, size) => ({...b, x: onto(b.x + dx, b.w, size.w), y: onto(b.y + dy, b.h, size.h)});
const lies = (b, size) => b.x >= b.w / 2 + EDGE && b.x <= size.w - b.w / 2 - EDGE && b.y >= b.h / 2 + EDGE && b.y <= size.h - b.h / 2 - EDGE;

const RINGS = [[0, 0]];
for (let r = STEP; r <= FAR; r += STEP)
  for (let k = 0; k < TURNS; k++) RINGS.push([r * Math.cos(2 * Math.PI * k / TURNS), r * Math.sin(2 * Math.PI * k / TURNS)]);

// Names as near to their groups' middles as those before them leave room; one without room is left out.
// One that moved last time (`was`) stays there while it can, so that none jumps while the map is dragged.
function named(wanted, taken, size) {
  const found = [];
  for (const want of wanted) {
    for (const [dx, dy] of want.was ? [want.was, ...RINGS] : RINGS) {
      const box = moved(want, dx, dy, size);
      if (!free(box, taken) || !free(box, found)) continue;
      found.push({...box, was: [dx, dy], from: [want.x, want.y]});
      break;
    }
  }
  return found;
}

// Boxes that cover nothing that is taken and no box before them.
const uncovered = (boxes, taken, air) => boxes.reduce((kept, b) => free(b, taken) && free(b, kept, air) ? [...kept, b] : kept, []);

// More boxes beside those that can be kept. The gap between them is wide at first, so that they are spread; a group that has
// none by then comes first. `opens` says whether one that has room may lie there.
function spread(kept, pool, taken, most, opens) {
  const found = uncovered(kept, taken, GAPS.at(-1));
  for (const gap of GAPS) {
    const put = b => found.length < most && free(b, taken) && free(b, found, gap) && opens(b.i) && found.push(b);
    const seen = new Set(found.map(b => b.g));
    for (const box of pool) if (!seen.has(box.g) && put(box)) seen.add(box.g);
    pool.forEach(put);
  }
  return found;
}
return {named, uncovered, spread, holds, lies};
})();
