"use strict";
// Text from outside is put in with textContent alone.  One request follows the other, so that a slow
// connection skips pictures instead of queueing them.

const SVG = "http://www.w3.org/2000/svg";
const LEVELS = ["OK", "WARN", "ERROR", "STALE"];
const SIGNS = ["✓", "!", "✕", "?"];
const PAGE_OF_ROWS = 100;
const MOST_ROWS = 2000;
const byId = (id) => document.getElementById(id);
const sleep = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const percent = (confidence) => `${(Math.floor(confidence * 1000) / 10).toFixed(1)} %`;

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function plateText(text) {
  const made = element("span", text || "–", "plate");
  made.lang = "zh-CN";
  return made;
}

function verdictOf(verdict) {
  const isAccepted = verdict === "accepted";
  const made = element("span", "", isAccepted ? "accepted" : "rejected");
  made.append(element("span", isAccepted ? "✓" : "✕", "sign"), ` ${verdict.replaceAll("_", " ")}`);
  return made;
}

async function ask(path) {
  const response = await fetch(path, { cache: "no-store" });
  if (!response.ok) throw new Error((await response.text()).trim() || `status ${response.status}`);
  return response;
}

function connection(problem) {
  byId("connection").textContent = problem;
}

// ---- live picture

let camera = null;

function svg(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

let drawn = [[], 1, 1];

function drawReadings(readings, width, height) {
  drawn = [readings, width, height];
  const overlay = byId("overlay");
  overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
  overlay.replaceChildren();
  const size = (15 * width) / Math.max(1, overlay.clientWidth);
  for (const reading of readings) {
    if (reading.corners.length !== 4) continue;
    const isAccepted = reading.verdict === "accepted";
    const points = reading.corners.map((corner) => corner.join(",")).join(" ");
    overlay.append(svg("polygon", { points, class: "casing" }));
    overlay.append(svg("polygon", { points, class: isAccepted ? "accepted" : "rejected" }));
    const top = Math.min(...reading.corners.map((corner) => corner[1]));
    const text = svg("text", {
      x: Math.max(0, Math.min(...reading.corners.map((corner) => corner[0]))),
      y: top > 1.6 * size ? top - 0.45 * size : Math.max(...reading.corners.map((corner) => corner[1])) + 1.2 * size,
      "font-size": size,
      "stroke-width": size / 4,
      lang: "zh-CN",
    });
    text.textContent = `${isAccepted ? "✓" : "✕"} ${reading.text}`;
    overlay.append(text);
    const beyond = Number(text.getAttribute("x")) + text.getComputedTextLength() + size / 4 - width;
    if (beyond > 0) text.setAttribute("x", Math.max(0, Number(text.getAttribute("x")) - beyond));
  }
  byId("readings").replaceChildren(
    ...readings.map((reading) => {
      const item = element("li");
      item.append(plateText(reading.text), ` ${percent(reading.confidence)} `, verdictOf(reading.verdict));
      return item;
    }),
  );
}

async function draw(response) {
  const facts = JSON.parse(response.headers.get("X-Picture"));
  const bitmap = await createImageBitmap(await response.blob());
  const canvas = byId("canvas");
  const [width, height] = facts.size || [bitmap.width, bitmap.height];
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.classList.toggle("small", bitmap.width < 480);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
  canvas.hidden = false;
  byId("note").hidden = true;
  drawReadings(facts.readings, width, height);
  return facts.number;
}

function showNothing(text) {
  byId("canvas").hidden = true;
  byId("note").hidden = false;
  byId("note").textContent = text;
  drawReadings([], 1, 1);
}

async function live() {
  let shown = null;
  let after = 0;
  for (;;) {
    if (camera === null || document.hidden) {
      await sleep(0.5);
      continue;
    }
    if (shown !== camera) {
      shown = camera;
      after = 0;
      showNothing("Waiting for pictures…");
    }
    try {
      const response = await ask(`api/live/${shown}?after=${after}`);
      if (shown !== camera) continue;
      if (response.status === 200) after = await draw(response);
      else showNothing("No pictures arrive.");
    } catch (error) {
      showNothing(`No picture: ${error.message}`);
      await sleep(2);
    }
  }
}

// ---- health and cameras

function statusItem(status, isOpen) {
  const item = element("li");
  const head = element("div");
  head.append(element("span", `${SIGNS[status.level] || "?"} `, `sign level-${status.level}`));
  head.append(element("strong", LEVELS[status.level] || "?", `level-${status.level}`), ` ${status.name}`);
  const details = element("details");
  details.open = isOpen;
  details.append(element("summary", "Values"));
  const list = element("dl");
  for (const [key, value] of Object.entries(status.values)) list.append(element("dt", key), element("dd", value));
  details.append(list);
  item.append(head, element("div", status.message), details);
  return item;
}

let lastCameras = "";

function showCameras(cameras) {
  if (JSON.stringify(cameras) === lastCameras) return;
  lastCameras = JSON.stringify(cameras);
  const chooser = byId("camera");
  chooser.replaceChildren(...cameras.map((topic, index) => new Option(topic, index)));
  byId("chooser").hidden = cameras.length < 2;
  camera = cameras.length ? Math.min(camera || 0, cameras.length - 1) : null;
  if (cameras.length) chooser.value = camera;
}

let lastHealth = "";

async function showStatus() {
  const status = await (await ask("api/status")).json();
  byId("title").textContent = status.title;
  showCameras(status.cameras);
  const health = JSON.stringify(status.health);
  if (health === lastHealth || !status.health.length) return;
  lastHealth = health;
  const list = byId("health");
  const wasOpen = [...list.querySelectorAll("details")].map((one) => one.open);
  const focused = [...list.querySelectorAll("summary")].indexOf(document.activeElement);
  list.replaceChildren(...status.health.map((one, index) => statusItem(one, wasOpen[index] || false)));
  if (focused >= 0) list.querySelectorAll("summary")[focused]?.focus();
}

// ---- vehicles

function moment(seconds, options) {
  const made = element("time", new Date(seconds * 1000).toLocaleString([], options));
  made.dateTime = new Date(seconds * 1000).toISOString();
  return made;
}

function row(vehicle) {
  const made = element("tr");
  const crop = element("td", vehicle.has_crop ? "" : "no crop", "none");
  if (vehicle.has_crop) {
    const image = element("img");
    image.src = `api/crops/${vehicle.identifier}`;
    image.alt = `Crop of ${vehicle.text}`;
    image.loading = "lazy";
    image.addEventListener("error", () => crop.replaceChildren("no crop"));
    crop.append(image);
  }
  const plate = element("td");
  plate.append(plateText(vehicle.text));
  const more = [...new Set([vehicle.kind, vehicle.colour])].filter(Boolean).join(", ").replaceAll("_", " ");
  if (more) plate.append(element("div", more, "faint"));
  const verdict = element("td");
  if (vehicle.verdict) verdict.append(verdictOf(vehicle.verdict));
  const seen = element("td");
  seen.append(moment(vehicle.first_seen, { dateStyle: "short", timeStyle: "medium" }));
  seen.append(" – ", moment(vehicle.last_seen, { timeStyle: "medium" }));
  made.append(crop, plate, verdict, element("td", percent(vehicle.confidence)), seen);
  made.append(element("td", vehicle.camera, "faint"));
  return made;
}

let lastVehicles = "";
let lastAsked = "";
let known = [];
let hasOlder = false;

function query() {
  return `text=${encodeURIComponent(byId("search").value.trim())}`;
}

async function search(asked, more) {
  return (await ask(`api/vehicles?${asked}&limit=${PAGE_OF_ROWS}${more}`)).text();
}

async function showVehicles() {
  const asked = query();
  const answer = await search(asked, "");
  if (asked !== query() || (asked === lastAsked && answer === lastVehicles)) return;
  const fresh = JSON.parse(answer);
  const isContinued = asked === lastAsked && known.length > PAGE_OF_ROWS;
  if (!isContinued) hasOlder = fresh.length === PAGE_OF_ROWS;
  lastAsked = asked;
  lastVehicles = answer;
  showRows(fresh, isContinued ? known : []);
}

async function showOlder() {
  const asked = lastAsked;
  const answer = JSON.parse(await search(asked, `&before=${known[known.length - 1].identifier}`));
  if (asked !== lastAsked) return;
  hasOlder = answer.length === PAGE_OF_ROWS && known.length < MOST_ROWS;
  showRows(known, answer);
}

function showRows(newer, rest) {
  const there = new Set(newer.map((vehicle) => vehicle.identifier));
  known = [...newer, ...rest.filter((vehicle) => !there.has(vehicle.identifier))].slice(0, MOST_ROWS);
  byId("rows").replaceChildren(...known.map(row));
  const none = lastAsked === "text=" ? "None seen yet." : "No vehicle with this text.";
  byId("count").textContent = known.length ? `${known.length} shown, newest first` : none;
  byId("older").hidden = !hasOlder;
}

// ---- start

async function poll() {
  for (;;) {
    if (!document.hidden) {
      try {
        await showStatus();
        await showVehicles();
        connection("");
      } catch (error) {
        connection(`Trouble: ${error.message}`);
      }
    }
    await sleep(1);
  }
}

byId("camera").addEventListener("change", (event) => { camera = Number(event.target.value); });
byId("search").addEventListener("input", () => {
  byId("csv").href = `vehicles.csv?${query()}`;
  showVehicles().catch((error) => connection(`Trouble: ${error.message}`));
});
window.addEventListener("resize", () => drawReadings(...drawn)); // letters keep their size on the screen
byId("older").addEventListener("click", () => {
  showOlder().catch((error) => connection(`Trouble: ${error.message}`));
});
live();
poll();
