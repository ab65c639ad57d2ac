// The canvas of 16x16 pixels: tools, colours, mirror, undo, by pointer, touch and keyboard. Says "change" when the
// picture is another, and knows nothing of what happens to it.

export const SIDE = 16;
const HISTORY = 200;

// Skin, hair, lips and eyes among them: faces want to be found.
const PALETTE = [
  "#1d1826", "#5b5566", "#a9a3b3", "#ffffff", "#5c3317", "#97582d", "#c98a58", "#f1c9a0",
  "#8c1c3a", "#e23a3a", "#f5843c", "#ffd23e", "#2f7d3f", "#7cc54a", "#2b4fbf", "#58b8f0",
  "#6b3fa6",
];

export class Editor extends EventTarget {
  constructor(canvas) {
    super();
    this.canvas = canvas;
    this.board = canvas.parentElement;
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.pixels = new Uint8ClampedArray(SIDE * SIDE * 4);
    this.past = [];
    this.future = [];
    this.tool = "pencil";
    this.mirror = false;
    this.cursor = { x: 7, y: 7 };
    this.last = null;
    this.#palette();
    this.#tools();
    this.#pointer();
    this.#keyboard();
    this.colour = "#1d1826";
    this.draw();
  }

  // Another picture altogether.
  load(pixels) {
    this.remember();
    this.pixels.set(pixels);
    this.#changed();
  }

  clear() {
    this.load(new Uint8ClampedArray(this.pixels.length));
  }

  undo() { this.#go(this.past, this.future); }
  redo() { this.#go(this.future, this.past); }

  // Keeps what there is, so that it can come back.
  remember() {
    this.past.push(this.pixels.slice());
    if (this.past.length > HISTORY) this.past.shift();
    this.future.length = 0;
  }

  choose(tool) {
    this.tool = tool;
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", String(button.dataset.tool === tool));
    }
  }

  setMirror(on) {
    this.mirror = on;
    this.board.classList.toggle("mirrored", on);
    document.getElementById("mirror").setAttribute("aria-pressed", String(on));
  }

  get colour() { return this.ink; }
  set colour(hex) {
    this.ink = hex.toLowerCase();
    document.getElementById("colour").value = this.ink;
    for (const swatch of document.querySelectorAll("#palette button")) {
      swatch.setAttribute("aria-pressed", String(swatch.dataset.colour === this.ink));
    }
  }

  draw() {
    this.context.putImageData(new ImageData(this.pixels, SIDE, SIDE), 0, 0);
    document.getElementById("undo").disabled = this.past.length === 0;
    document.getElementById("redo").disabled = this.future.length === 0;
  }

  #changed() {
    this.draw();
    this.dispatchEvent(new Event("change"));
  }

  #go(from, to) {
    if (from.length === 0) return;
    to.push(this.pixels.slice());
    this.pixels.set(from.pop());
    this.#changed();
  }

  #get(x, y) {
    const at = (y * SIDE + x) * 4;
    return this.pixels.subarray(at, at + 4);
  }

  #ink() {
    if (this.tool === "eraser") return [0, 0, 0, 0];
    const number = parseInt(this.ink.slice(1), 16);
    return [number >> 16, (number >> 8) & 255, number & 255, 255];
  }

  #put(x, y) {
    for (const column of this.mirror ? [x, SIDE - 1 - x] : [x]) {
      this.#get(column, y).set(this.#ink());
    }
  }

  #fill(x, y) {
    const ink = this.#ink();
    for (const column of this.mirror ? [x, SIDE - 1 - x] : [x]) {
      const old = Array.from(this.#get(column, y));
      if (same(old, ink)) continue;
      const open = [[column, y]];
      while (open.length > 0) {
        const [a, b] = open.pop();
        if (a < 0 || b < 0 || a >= SIDE || b >= SIDE || !same(this.#get(a, b), old)) continue;
        this.#get(a, b).set(ink);
        open.push([a + 1, b], [a - 1, b], [a, b + 1], [a, b - 1]);
      }
    }
  }

  // The tool at one pixel, and on the way there from the last one of the same stroke.
  #use(x, y) {
    if (this.tool === "picker") {
      const [r, g, b, a] = this.#get(x, y);
      if (a === 0) return;
      this.colour = "#" + [r, g, b].map((value) => value.toString(16).padStart(2, "0")).join("");
      return;
    }
    if (this.tool === "fill") {
      if (!this.last) this.#fill(x, y);
    } else {
      const from = this.last ?? { x, y };
      const steps = Math.max(Math.abs(x - from.x), Math.abs(y - from.y), 1);
      for (let step = 0; step <= steps; step++) {
        const between = (a, b) => Math.round(a + ((b - a) * step) / steps);
        this.#put(between(from.x, x), between(from.y, y));
      }
    }
    this.last = { x, y };
    this.#changed();
  }

  #begin(x, y) {
    this.last = null;
    if (this.tool !== "picker") this.remember();
    this.#use(x, y);
  }

  #end() {
    this.last = null;
    if (this.tool === "picker") this.choose("pencil");
  }

  #pointer() {
    const cell = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const clamp = (value) => Math.min(SIDE - 1, Math.max(0, Math.floor(value)));
      return [
        clamp(((event.clientX - box.left) / box.width) * SIDE),
        clamp(((event.clientY - box.top) / box.height) * SIDE),
      ];
    };
    let drawing = null;
    this.canvas.addEventListener("pointerdown", (event) => {
      if (drawing !== null || (event.button !== 0 && event.button !== 2)) return;
      drawing = { id: event.pointerId, tool: this.tool };
      this.canvas.setPointerCapture(event.pointerId);
      // The other button rubs out, as in every editor.
      if (event.button === 2) this.choose("eraser");
      this.#begin(...cell(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId === drawing?.id) this.#use(...cell(event));
    });
    const end = (event) => {
      if (event.pointerId !== drawing?.id) return;
      const { tool } = drawing;
      drawing = null;
      this.choose(tool);
      this.#end();
    };
    this.canvas.addEventListener("pointerup", end);
    this.canvas.addEventListener("pointercancel", end);
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #keyboard() {
    const mark = document.getElementById("cursor");
    const move = (dx, dy) => {
      this.cursor.x = (this.cursor.x + dx + SIDE) % SIDE;
      this.cursor.y = (this.cursor.y + dy + SIDE) % SIDE;
      mark.style.setProperty("--x", this.cursor.x);
      mark.style.setProperty("--y", this.cursor.y);
      const [r, g, b, a] = this.#get(this.cursor.x, this.cursor.y);
      const colour = a === 0 ? "nothing" : `red ${r}, green ${g}, blue ${b}`;
      document.getElementById("cell").textContent =
        `Column ${this.cursor.x + 1}, row ${this.cursor.y + 1}: ${colour}`;
    };
    this.canvas.addEventListener("focus", () => move(0, 0));
    this.canvas.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (way) {
        move(...way);
        // Held down, shift draws along.
        if (event.shiftKey) this.#begin(this.cursor.x, this.cursor.y);
      } else if (event.key === " " || event.key === "Enter") {
        this.#begin(this.cursor.x, this.cursor.y);
      } else {
        return;
      }
      this.#end();
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #palette() {
    const own = document.querySelector("#palette .own");
    for (const colour of PALETTE) {
      const swatch = document.createElement("button");
      swatch.type = "button";
      swatch.dataset.colour = colour;
      swatch.style.setProperty("--swatch", colour);
      swatch.setAttribute("aria-label", `Colour ${colour}`);
      swatch.addEventListener("click", () => this.#take(colour));
      own.before(swatch);
    }
    document.getElementById("colour").addEventListener("input", (event) => this.#take(event.target.value));
  }

  // A colour that was chosen is to be drawn with.
  #take(colour) {
    this.colour = colour;
    if (this.tool === "eraser" || this.tool === "picker") this.choose("pencil");
  }

  #tools() {
    for (const button of document.querySelectorAll("[data-tool]")) {
      button.addEventListener("click", () => this.choose(button.dataset.tool));
    }
    const on = (id, act) => document.getElementById(id).addEventListener("click", act);
    on("mirror", () => this.setMirror(!this.mirror));
    on("undo", () => this.undo());
    on("redo", () => this.redo());
    on("clear", () => this.clear());
  }
}

function same(a, b) {
  // Of what is invisible no two colours differ.
  return a[3] === b[3] && (a[3] === 0 || (a[0] === b[0] && a[1] === b[1] && a[2] === b[2]));
}
