// Ties the page together: what is drawn, and how it is to be enhanced, become a request; its answer, line by line,
// becomes pictures. A change while it runs sends a new one, and the server lets go of the old.

import { Editor, SIDE } from "/editor.js";
import { Nudges } from "/nudges.js";
import { Results } from "/results.js";
import { sources, unreachable } from "/sources.js";

const by = (id) => document.getElementById(id);
const session = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
const editor = new Editor(by("canvas"));
const results = new Results();
const nudges = new Nudges(by("nudges"));

let silence;
function say(text) {
  by("toast").textContent = text;
  clearTimeout(silence);
  silence = setTimeout(() => (by("toast").textContent = ""), 5000);
}

// How

const model = by("model");
const ranges = {
  iterations: { input: by("iterations-count"), show: (value) => value },
  hint: { input: by("hint"), show: (value) => (value === 0 ? "none" : value.toFixed(2)) },
  fidelity: { input: by("fidelity"), show: (value) => (value === 0 ? "free" : `${Math.round(value * 100)} %`) },
};

function label() {
  for (const { input, show } of Object.values(ranges)) {
    input.parentElement.querySelector("output").textContent = show(Number(input.value));
  }
  by("model-about").textContent = model.selectedOptions[0]?.dataset.about ?? "";
}

function settings() {
  const asked = { pixels: base64(nudges.apply(editor.pixels)), model: model.value, preblur: by("preblur").checked };
  for (const [name, { input }] of Object.entries(ranges)) asked[name] = Number(input.value);
  return asked;
}

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
const post = (address, asked, signal) => fetch(address, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(asked),
  signal,
});

// Asking

let running = null;
let soon = null;

// Soon, so that a stroke or a slider does not ask for every pixel of its way.
function ask() {
  soon ??= setTimeout(() => {
    soon = null;
    enhance();
  }, 30);
}

async function enhance() {
  running?.abort();
  const mine = (running = new AbortController());
  results.expect(Number(ranges.iterations.input.value));
  results.input(picture(nudges.apply(editor.pixels)));
  try {
    const response = await post("/api/enhance", { ...settings(), session }, mine.signal);
    if (response.status === 503) {
      setTimeout(() => mine === running && ask(), 1000);
      return;
    }
    if (!response.ok) throw new Error((await response.json()).error);
    for await (const line of lines(response.body)) {
      if (mine !== running) return;
      if (line.png) results.show(line.iteration, png(line.png));
      if (line.end === "failed") throw new Error(line.error);
    }
  } catch (error) {
    if (mine === running && error.name !== "AbortError") say(unreachable(error) ?? error.message);
  }
}

function picture(pixels) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  canvas.getContext("2d").putImageData(new ImageData(pixels.slice(), SIDE, SIDE), 0, 0);
  return canvas.toDataURL();
}

const png = (bytes) => `data:image/png;base64,${bytes}`;

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const whole = text.split("\n");
    text = whole.pop();
    for (const line of whole) yield JSON.parse(line);
  }
}

// Saving

function download(url, name) {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

function savePng() {
  if (results.picture) download(results.picture, `uncanny-${results.chosen}.png`);
}

async function save(button, format, name) {
  button.disabled = true;
  try {
    const response = await post("/api/save", { ...settings(), format });
    if (!response.ok) throw new Error((await response.json()).error);
    const url = URL.createObjectURL(await response.blob());
    download(url, name);
    setTimeout(() => URL.revokeObjectURL(url), 60000);
  } catch (error) {
    say(unreachable(error) ?? `Not saved: ${error.message}`);
  }
  button.disabled = false;
}

// The chosen iteration as the next picture: the server makes it small again.
async function feed() {
  if (!results.picture) return;
  const bytes = Uint8Array.from(atob(results.picture.split(",")[1]), (letter) => letter.charCodeAt(0));
  const response = await fetch("/api/fit", { method: "POST", body: bytes });
  if (response.ok) editor.load(new Uint8ClampedArray(await response.arrayBuffer()));
}

// Keys

function keys(source) {
  const click = (id) => () => by(id).click();
  const list = [
    [["o"], "Open a picture", source.open],
    [["Ctrl V"], "Paste a picture or an emoji"],
    [["u"], "Write an emoji", source.emoji],
    [["c"], "To the canvas: arrows move, space paints, shift paints along", () => by("canvas").focus()],
    [["b"], "Pencil", () => editor.choose("pencil")],
    [["e"], "Eraser (or the right button)", () => editor.choose("eraser")],
    [["f"], "Fill", () => editor.choose("fill")],
    [["i"], "Take a colour", () => editor.choose("picker")],
    [["m"], "Draw both halves", click("mirror")],
    [["Ctrl Z"], "Undo; with shift, redo"],
    [["Delete"], "Clear", click("clear")],
    [["1", "…", "9", "0"], "An iteration"],
    [["p"], "Play the iterations", click("play")],
    [["h"], "Hold: see the input"],
    [["r"], "Roll the nudges", click("dice")],
    [["n"], "No nudges", click("rest")],
    [["t"], "The iteration becomes the picture", click("feed")],
    [["s"], "Save the chosen iteration", click("save-png")],
    [["g"], "Save all as a GIF", click("save-gif")],
    [["Shift S"], "Save all side by side", click("save-sheet")],
    [["?"], "These keys", click("show-keys")],
  ];
  const acts = new Map();
  for (const [names, what, act] of list) {
    const term = document.createElement("dt");
    for (const name of names) {
      const key = document.createElement("kbd");
      key.textContent = name.length === 1 ? name.toUpperCase() : name;
      term.append(key, " ");
    }
    const meaning = document.createElement("dd");
    meaning.textContent = what;
    by("keys-list").append(term, meaning);
    if (act) acts.set(names[0].toLowerCase(), act);
  }
  by("show-keys").addEventListener("click", () => by("keys").showModal());

  const writing = ({ target }) => target.matches?.("input:not([type=range], [type=checkbox]), select") || by("keys").open;
  addEventListener("keydown", (event) => {
    if (writing(event) || event.altKey) return;
    const key = (event.shiftKey && event.key === "S" ? "shift " : "") + event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      const act = { z: () => (event.shiftKey ? editor.redo() : editor.undo()), y: () => editor.redo() }[key];
      if (act) event.preventDefault();
      act?.();
      return;
    }
    if (event.repeat) return;
    if (/^\d$/.test(key)) results.choose(key === "0" ? 10 : Number(key));
    else if (key === "h") results.compare(true);
    else if (acts.has(key)) {
      event.preventDefault();
      acts.get(key)();
    }
  });
  addEventListener("keyup", ({ key }) => key.toLowerCase() === "h" && results.compare(false));
}

// Beginning

async function begin() {
  const about = await (await fetch("/api/about")).json();
  for (const { name, about: what, hint } of about.models) {
    const option = new Option(name, name, name === about.model, name === about.model);
    option.dataset.about = what;
    option.dataset.hint = hint;
    model.append(option);
  }
  ranges.iterations.input.max = ranges.iterations.input.value = about.iterations;
  // Each model begins with the hint that it is used to.
  const used = () => (ranges.hint.input.value = model.selectedOptions[0]?.dataset.hint ?? 0);
  model.addEventListener("input", used);
  used();
  editor.addEventListener("change", ask);
  nudges.addEventListener("change", ask);
  by("controls").addEventListener("input", ({ target }) => {
    label();
    // How a picture is made small makes another picture; nudges speak for themselves.
    if (target.id !== "resample" && !by("nudges").contains(target)) ask();
  });
  by("save-png").addEventListener("click", savePng);
  by("save-gif").addEventListener("click", ({ currentTarget }) => save(currentTarget, "gif", "uncanny.gif"));
  by("save-sheet").addEventListener("click", ({ currentTarget }) => save(currentTarget, "sheet", "uncanny.png"));
  by("feed").addEventListener("click", feed);
  label();
  const source = sources({ take: (pixels) => editor.load(pixels), say, most: about.upload });
  keys(source);
  await source.sample("grin");
  document.body.dataset.ready = "true";
}

begin().catch((error) => say(unreachable(error) ?? error.message));
