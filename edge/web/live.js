// The live page: draws the plan once, then whatever each snapshot says. It asks nothing and changes nothing.
"use strict";
const el = (id) => document.getElementById(id);
const NS = "http://www.w3.org/2000/svg";
const trails = new Map();
const lastLevels = {};
const hotUntil = {};
let plan = null;

function make(tag, attributes = {}, text = "") {
  const svg = ["svg", "g", "rect", "circle", "line", "text", "polyline"].includes(tag);
  const node = svg ? document.createElementNS(NS, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== "") node.textContent = text;
  return node;
}

function money(minor) {
  if (minor === null || minor === undefined) return "in kind";
  const digits = ["KRW", "JPY", "VND"].includes(plan.store.currency) ? 0 : 2;
  return (minor / 10 ** digits).toLocaleString("en", { style: "currency", currency: plan.store.currency });
}

const put = (box, ...nodes) => box.replaceChildren(...nodes);

function floorOf(shop) {
  if (shop.floor_mm) return shop.floor_mm;
  const points = shop.gondolas.flatMap((g) => g.plates).map((p) => p.at_mm).filter(Boolean);
  if (!points.length) return [0, 0, 6000, 4000];
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  return [Math.min(...xs) - 1500, Math.min(...ys) - 1500, Math.max(...xs) + 1500, Math.max(...ys) + 1500];
}

// Half the way between plates side by side: gondolas that stand wall to wall are drawn so.
function halfPitch(spots) {
  const apart = spots.flatMap((a) => spots.map((b) => Math.hypot(a.at_mm[0] - b.at_mm[0], a.at_mm[1] - b.at_mm[1])));
  return Math.min(230, ...apart.filter((mm) => mm > 1).map((mm) => mm / 2));
}

function drawPlan() {
  const [x0, y0, x1, y1] = floorOf(plan);
  const flip = (y) => y0 + y1 - y;
  plan.flip = flip;
  const svg = el("plan");
  svg.setAttribute("viewBox", `${x0 - 250} ${y0 - 250} ${x1 - x0 + 500} ${y1 - y0 + 500}`);
  svg.append(make("rect", { class: "floor", x: x0, y: y0, width: x1 - x0, height: y1 - y0, rx: 60 }));
  for (const gondola of plan.gondolas) {
    const spots = gondola.plates.filter((p) => p.at_mm);
    if (!spots.length) continue;
    const xs = spots.map((p) => p.at_mm[0]), ys = spots.map((p) => flip(p.at_mm[1]));
    const half = halfPitch(spots);
    const [west, east, back, front] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const [besideX, besideY] = east - west >= front - back ? [half, 230] : [230, half];
    const [left, right, top, bottom] = [west - besideX, east + besideX, back - besideY, front + besideY];
    svg.append(make("rect", { class: "gondola", x: left, y: top, width: right - left, height: bottom - top, rx: 40 }));
    for (const plate of spots)
      svg.append(make("circle", { class: "spot", "data-plate": plate.id, cx: plate.at_mm[0], cy: flip(plate.at_mm[1]), r: Math.min(120, half * 0.9) }));
    svg.append(make("text", { class: "label", x: (left + right) / 2, y: top - 60 }, gondola.id));
  }
  for (const gate of plan.gates) {
    if (!gate.at_mm) continue;
    const [x, y] = [gate.at_mm[0], flip(gate.at_mm[1])];
    const upright = Math.min(x - x0, x1 - x) < Math.min(y - y0, y1 - y);
    const half = 420;
    svg.append(make("line", { class: "gate", "data-gate": gate.id, x1: upright ? x : x - half, x2: upright ? x : x + half, y1: upright ? y - half : y, y2: upright ? y + half : y }));
  }
  svg.append(make("g", { id: "people" }));
  const shelves = el("shelves");
  for (const gondola of plan.gondolas) {
    const unit = make("div", { class: "unit" });
    unit.append(make("h3", {}, `Gondola ${gondola.id}`));
    const rows = [...new Set(gondola.plates.map((p) => p.shelf))].sort((a, b) => b - a);
    for (const row of rows) {
      const board = make("div", { class: "board" });
      for (const plate of gondola.plates.filter((p) => p.shelf === row).sort((a, b) => a.index - b.index)) {
        const cell = make("div", { class: "cell", "data-cell": plate.id, title: `${plate.id}: ${plate.name}` });
        cell.append(make("span", {}, plate.name || "empty"), make("span", { class: "mono" }, "–"));
        board.append(cell);
      }
      unit.append(board);
    }
    shelves.append(unit);
  }
}

function drawPeople(people) {
  const layer = el("people");
  const seen = new Set();
  for (const person of people) {
    if (!person.at_mm) continue;
    seen.add(person.track);
    const [x, y] = [person.at_mm[0], plan.flip(person.at_mm[1])];
    const trail = trails.get(person.track) || [];
    trail.push(`${x},${y}`);
    trails.set(person.track, trail.slice(-40));
    let node = layer.querySelector(`[data-track="${CSS.escape(person.track)}"]`);
    if (!node) {
      layer.append(make("polyline", { class: "trail", "data-trail": person.track }));
      node = make("g", { class: "person", "data-track": person.track });
      node.append(make("circle", { r: 170 }), make("text", { y: -230 }));
      layer.append(node);
    }
    node.style.transform = `translate(${x}px, ${y}px)`;
    node.classList.toggle("alone", !person.shopper);
    node.querySelector("text").textContent = person.shopper || "?";
    layer.querySelector(`[data-trail="${CSS.escape(person.track)}"]`).setAttribute("points", trail.join(" "));
  }
  for (const node of [...layer.children]) {
    const track = node.dataset.track || node.dataset.trail;
    if (!seen.has(track)) { node.remove(); trails.delete(track); }
  }
}

function drawShelves(levels) {
  const now = performance.now();
  for (const [plate, grams] of Object.entries(levels)) {
    if (plate in lastLevels && Math.abs(lastLevels[plate] - grams) > 8) hotUntil[plate] = now + 2500;
    lastLevels[plate] = grams;
    const hot = (hotUntil[plate] || 0) > now;
    const cell = document.querySelector(`[data-cell="${CSS.escape(plate)}"]`);
    if (cell) { cell.lastChild.textContent = `${grams} g`; cell.classList.toggle("hot", hot); }
    const spot = document.querySelector(`[data-plate="${CSS.escape(plate)}"]`);
    if (spot) spot.classList.toggle("hot", hot);
  }
}

function lineRow(line, minor) {
  const row = make("div", { class: "row" });
  row.append(make("span", {}, `${line.quantity} × ${line.name}`));
  row.append(line.status === "review" ? make("span", { class: "tag review" }, "review") : make("span", { class: "mono" }, money(minor)));
  return row;
}

function drawCarts(visits) {
  const cards = visits.map((visit) => {
    const card = make("div", { class: "cart" });
    const head = make("div", { class: "row" });
    head.append(make("b", {}, visit.shopper), make("span", { class: "soft" }, `${visit.method} · ${visit.state} · ${visit.for_s} s`));
    card.append(head);
    for (const line of visit.lines) card.append(lineRow(line, line.minor));
    if (!visit.lines.length) card.append(make("p", { class: "empty" }, "cart is empty"));
    return card;
  });
  put(el("carts"), ...(cards.length ? cards : [make("p", { class: "empty" }, "nobody is in the shop")]));
}

const CHARGE = { ok: "paid", ready: "charge on its way", sent: "charge on its way", unknown: "hub is asked", declined: "declined", error: "error" };

function drawReceipts(receipts) {
  const cards = receipts.map((receipt) => {
    const card = make("div", { class: "receipt" });
    const head = make("div", { class: "row" });
    const state = receipt.charge_state || receipt.outcome;
    head.append(make("b", {}, receipt.shopper || "unknown"), make("span", { class: `tag ${state}` }, CHARGE[receipt.charge_state] || receipt.outcome));
    card.append(head);
    for (const line of receipt.lines) card.append(lineRow(line, line.unit_minor === null ? null : line.unit_minor * line.quantity));
    const total = make("div", { class: "row total" });
    total.append(make("span", { class: "soft" }, receipt.acknowledged ? "✓ hub has it" : "waiting for the hub"), make("span", { class: "mono" }, money(receipt.total_minor)));
    card.append(total, make("div", { class: "soft mono" }, receipt.visit));
    return card;
  });
  put(el("receipts"), ...(cards.length ? cards : [make("p", { class: "empty" }, "no visit has ended yet")]));
}

function stage(title, number, text, down = false) {
  const box = make("div", { class: down ? "stage down" : "stage" });
  box.append(make("span", { class: "soft" }, title), make("b", {}, String(number)), make("span", { class: "soft" }, text));
  return box;
}

function drawCloud(cloud, books) {
  const pipe = make("div", { class: "pipe" });
  const link = cloud.connected ? `${cloud.protocol} · ${cloud.broker}` : cloud.last_error || "no connection";
  pipe.append(
    stage("ledger", books.events ?? 0, "events on the chain"), make("div", { class: "arrow" }, "→"),
    stage("outbox", books.outbox ?? 0, link, !cloud.connected), make("div", { class: "arrow" }, "→"),
    stage("hub", cloud.acked ?? 0, "acknowledged after its own commit"));
  put(el("cloud"), pipe);
}

function drawDoor(doors) {
  const open = doors.some((d) => d.entry === "released" || d.contact === "open");
  const safe = doors.some((d) => d.safe);
  const free = doors.every((d) => d.egress === "released");
  const chip = el("door");
  chip.className = `chip ${safe ? "safe" : open ? "open" : ""}`;
  chip.textContent = doors.length ? `door ${safe ? "on safe level" : open ? "open" : "closed"} · way out ${free ? "free" : "?"}` : "no door";
  for (const door of doors) {
    const line = document.querySelector(`[data-gate="${CSS.escape(door.id)}"]`);
    if (line) line.classList.toggle("open", door.entry === "released" || door.contact === "open");
  }
}

const TOLD = {
  welcome: "Welcome, please come in", thanks: "Thank you, goodbye", "already-inside": "You are already inside", "try-again": "Please try again",
  "look-here": "Please look at the camera", "refused-unknown": "Not recognised: please show your code or card",
  "refused-ambiguous": "Please show your code or card", "refused-needs-claim": "Type your phone digits, or show your code or card",
  "refused-not-live": "Please show your code or card", "refused-small": "Please come nearer", "refused-blurred": "Please hold still",
  "refused-turned": "Please look at the camera", "refused-dark": "Too dark here: please show your code or card",
  "refused-bright": "Too bright here: please show your code or card", "refused-bad-code": "This code is not known here",
  "refused-expired": "This code has expired",
};

function show(now) {
  if (!plan || !now.people) return;
  el("clock").textContent = `${now.now_s.toFixed(1)} s`;
  el("sub").textContent = `run ${now.run} · visits ended: ${now.books.closed_visits ?? 0} · inside now: ${now.visits.length}`;
  drawPeople(now.people);
  drawShelves(now.levels_g);
  drawCarts(now.visits);
  drawReceipts(now.receipts);
  drawCloud(now.cloud, now.books);
  drawDoor(now.doors);
  const told = now.messages[now.messages.length - 1];
  el("told").textContent = told ? `${told.at_s.toFixed(1)} s  gate display: “${TOLD[told.message] || told.message}”` : "";
  put(el("alarms"), ...now.alarms.map((a) => make("li", {}, `${a.alarm} at ${a.place}: ${a.detail}`)));
}

async function begin() {
  plan = await (await fetch("/api/plan")).json();
  el("store").textContent = plan.store.name;
  document.title = `muin · ${plan.store.name}`;
  drawPlan();
  const stream = new EventSource("/api/live");
  stream.onmessage = (message) => { document.body.classList.remove("lost"); show(JSON.parse(message.data)); };
  stream.onerror = () => document.body.classList.add("lost");
}
begin();
