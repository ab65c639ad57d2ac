// Nudges: small changes of the picture before the network sees it, as sliders. "change" says that others are wished for.

import { SIDE } from "/editor.js";

// Pictures are moved at so many times their size, and then averaged.
const FINE = 8;

// Name, what it is called, from, to, step, where it rests, how it is shown.
const NUDGES = [
  ["x", "Right", -4, 4, 0.25, 0, (value) => signed(value, " px")],
  ["y", "Down", -4, 4, 0.25, 0, (value) => signed(value, " px")],
  ["zoom", "Zoom", 0.75, 1.25, 1 / 64, 1, (value) => `${Math.round(value * 100)} %`],
  ["turn", "Turn", -30, 30, 0.5, 0, (value) => signed(value, "\u00b0")],
  ["blur", "Blur", 0, 2, 1 / 16, 0, (value) => `${round(value)} px`],
  ["contrast", "Contrast", 0.5, 2, 1 / 16, 1, (value) => `${Math.round(value * 100)} %`],
  ["brightness", "Brightness", -0.25, 0.25, 1 / 64, 0, (value) => signed(Math.round(value * 100), " %")],
  ["hue", "Hue", -180, 180, 5, 0, (value) => signed(value, "\u00b0")],
];
const round = (value) => Math.round(value * 100) / 100;
const signed = (value, unit) => `${value > 0 ? "+" : ""}${round(value)}${unit}`;

export class Nudges extends EventTarget {
  constructor(fieldset) {
    super();
    this.flip = document.getElementById("flip");
    this.ranges = new Map();
    const list = document.getElementById("nudge-list");
    for (const [name, called, min, max, step, rest, show] of NUDGES) {
      const field = document.createElement("div");
      field.className = "field range";
      const label = document.createElement("label");
      const output = document.createElement("output");
      const input = Object.assign(document.createElement("input"), { type: "range", min, max, step, value: rest });
      input.id = `nudge-${name}`;
      label.htmlFor = output.htmlFor = input.id;
      label.textContent = called;
      // As in many programs: twice on a slider, and it rests.
      input.addEventListener("dblclick", () => this.set({ ...this.value, [name]: rest }));
      field.append(label, output, input);
      list.append(field);
      this.ranges.set(name, { input, rest, show: () => (output.textContent = show(Number(input.value))) });
    }
    fieldset.addEventListener("input", () => this.#changed());
    document.getElementById("rest").addEventListener("click", () => this.set({}));
    document.getElementById("dice").addEventListener("click", () => this.dice());
    this.#show();
  }

  // Every slider's value, by name.
  get value() {
    const value = { flip: this.flip.checked };
    for (const [name, { input }] of this.ranges) value[name] = Number(input.value);
    return value;
  }

  get resting() {
    return !this.flip.checked && [...this.ranges.values()].every(({ input, rest }) => Number(input.value) === rest);
  }

  // What the network is to see of a picture: moved first, then softened, then recoloured.
  apply(pixels) {
    const { flip, x, y, zoom, turn, blur, contrast, brightness, hue } = this.value;
    let seen = pixels;
    if (flip || x || y || turn || zoom !== 1) seen = move(seen, { flip, x, y, zoom, turn });
    if (blur > 0) seen = soften(seen, blur);
    if (hue || brightness || contrast !== 1) seen = recolour(seen, { hue, brightness, contrast });
    return seen;
  }

  // What is not named rests.
  set(values) {
    this.flip.checked = values.flip ?? false;
    for (const [name, { input, rest }] of this.ranges) input.value = values[name] ?? rest;
    this.#changed();
  }

  // Any, but none that makes another picture of it.
  dice() {
    const values = { flip: Math.random() < 0.5 };
    for (const [name, { input, rest }] of this.ranges) {
      const wild = name === "hue" ? 0.25 : 0.5;
      const [min, max] = [Number(input.min), Number(input.max)];
      values[name] = rest + (min + Math.random() * (max - min) - rest) * wild;
    }
    this.set(values);
  }

  #changed() {
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  #show() {
    for (const { show } of this.ranges.values()) show();
    document.getElementById("rest").disabled = this.resting;
  }
}

// Mirrored, enlarged and turned about its middle, then moved.
function move(pixels, { flip, x, y, zoom, turn }) {
  const canvas = (side) => {
    const context = Object.assign(document.createElement("canvas"), { width: side, height: side })
      .getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    return context;
  };
  const small = canvas(SIDE);
  small.putImageData(new ImageData(pixels.slice(), SIDE, SIDE), 0, 0);
  const side = SIDE * FINE;
  const large = canvas(side);
  large.translate(side / 2 + x * FINE, side / 2 + y * FINE);
  large.rotate((turn * Math.PI) / 180);
  large.scale(flip ? -zoom : zoom, zoom);
  large.drawImage(small.canvas, -side / 2, -side / 2, side, side);
  const { data } = large.getImageData(0, 0, side, side);
  const out = new Float32Array(pixels.length);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const from = (row * side + column) * 4;
      const to = (Math.floor(row / FINE) * SIDE + Math.floor(column / FINE)) * 4;
      const alpha = data[from + 3] / 255;
      for (let c = 0; c < 3; c++) out[to + c] += (data[from + c] * alpha) / FINE ** 2;
      out[to + 3] += data[from + 3] / FINE ** 2;
    }
  }
  return straight(out);
}

// A Gaussian; what lies outside does not count.
function soften(pixels, sigma) {
  const reach = Math.ceil(sigma * 3);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma ** 2)));
  const pass = (from, step, across) => {
    const out = new Float32Array(from.length);
    for (let at = 0; at < SIDE * SIDE; at++) {
      const place = across(at);
      let sum = 0;
      for (let way = -reach; way <= reach; way++) {
        if (place + way < 0 || place + way >= SIDE) continue;
        sum += weights[way + reach];
        for (let c = 0; c < 4; c++) out[at * 4 + c] += from[(at + way * step) * 4 + c] * weights[way + reach];
      }
      for (let c = 0; c < 4; c++) out[at * 4 + c] /= sum;
    }
    return out;
  };
  const premultiplied = Float32Array.from(pixels, (value, at) => (at % 4 === 3 ? value : (value * pixels[at | 3]) / 255));
  const rows = pass(premultiplied, 1, (at) => at % SIDE);
  return straight(pass(rows, SIDE, (at) => Math.floor(at / SIDE)));
}

// Hue by turning YIQ, as televisions did; contrast about the middle grey.
function recolour(pixels, { hue, brightness, contrast }) {
  const [cos, sin] = [Math.cos((hue * Math.PI) / 180), Math.sin((hue * Math.PI) / 180)];
  const out = new Uint8ClampedArray(pixels);
  for (let at = 0; at < out.length; at += 4) {
    const [r, g, b] = pixels.subarray(at, at + 3);
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    const i = 0.596 * r - 0.274 * g - 0.322 * b;
    const q = 0.211 * r - 0.523 * g + 0.312 * b;
    const [turnedI, turnedQ] = [i * cos - q * sin, i * sin + q * cos];
    const turned = [
      luma + 0.956 * turnedI + 0.621 * turnedQ,
      luma - 0.272 * turnedI - 0.647 * turnedQ,
      luma - 1.106 * turnedI + 1.703 * turnedQ,
    ];
    turned.forEach((value, c) => (out[at + c] = (value - 127.5) * contrast + 127.5 + brightness * 255));
  }
  return out;
}

function straight(premultiplied) {
  return Uint8ClampedArray.from(premultiplied, (value, at) => {
    const alpha = premultiplied[at | 3];
    return at % 4 === 3 || alpha === 0 ? value : (value * 255) / alpha;
  });
}
