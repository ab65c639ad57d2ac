// What came out: the iterations side by side, the chosen one large, what can be done with it.

export class Results {
  constructor() {
    this.grid = document.getElementById("iterations");
    this.hero = document.getElementById("hero");
    this.big = document.getElementById("big");
    this.before = document.getElementById("before");
    this.caption = document.getElementById("caption");
    this.pictures = [];
    this.chosen = 1;
    this.playing = null;
    this.grid.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      event.stopPropagation();
      this.choose(this.chosen + way);
      this.#button(this.chosen)?.focus();
    });
    document.getElementById("play").addEventListener("click", () => this.play());
    this.#hold(document.getElementById("compare"));
    this.#peek();
  }

  // So many are expected; what there was stays to be seen until they come.
  expect(count) {
    this.count = count;
    while (this.grid.children.length > count) this.grid.lastChild.remove();
    while (this.grid.children.length < count) this.grid.append(this.#cell(this.grid.children.length + 1));
    this.pictures.length = Math.min(this.pictures.length, count);
    for (const cell of this.grid.children) cell.classList.add("stale");
    this.hero.classList.add("stale");
    this.choose(Math.min(this.chosen, count), false);
  }

  input(url) {
    this.before.src = url;
  }

  show(number, url) {
    this.pictures[number - 1] = url;
    const cell = this.#button(number);
    cell.disabled = false;
    cell.classList.remove("stale");
    cell.firstChild.src = url;
    cell.firstChild.hidden = false;
    if (number === this.chosen) this.#enlarge();
  }

  choose(number, byHand = true) {
    if (byHand) this.stop();
    this.chosen = Math.min(Math.max(number, 1), this.count);
    for (const [index, cell] of [...this.grid.children].entries()) {
      const chosen = index + 1 === this.chosen;
      cell.setAttribute("aria-checked", String(chosen));
      cell.tabIndex = chosen ? 0 : -1;
    }
    this.#enlarge();
  }

  // The chosen picture as a data: address, if it is there.
  get picture() {
    return this.pictures[this.chosen - 1];
  }

  play() {
    if (this.playing) return this.stop();
    document.getElementById("play").setAttribute("aria-pressed", "true");
    this.playing = setInterval(() => this.choose((this.chosen % this.count) + 1, false), 350);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    document.getElementById("play").setAttribute("aria-pressed", "false");
  }

  compare(on) {
    this.before.hidden = !on || !this.before.src;
  }

  #enlarge() {
    const cell = this.#button(this.chosen);
    if (this.picture) {
      this.big.src = this.picture;
      this.peek.firstChild.src = this.picture;
      this.hero.classList.toggle("stale", cell.classList.contains("stale"));
    }
    this.big.alt = `Iteration ${this.chosen}`;
    this.caption.textContent = `Iteration ${this.chosen} of ${this.count}`;
  }

  // Where the large picture is out of sight, a small one goes along.
  #peek() {
    this.peek = document.getElementById("peek");
    this.peek.addEventListener("click", () => this.hero.scrollIntoView({ block: "center" }));
    new IntersectionObserver((entries) => {
      this.peek.hidden = entries.at(-1).intersectionRatio > 0.3;
    }, { threshold: [0, 0.3] }).observe(this.hero);
  }

  #button(number) {
    return this.grid.children[number - 1];
  }

  #cell(number) {
    const cell = document.createElement("button");
    cell.type = "button";
    cell.disabled = true;
    cell.setAttribute("role", "radio");
    cell.setAttribute("aria-label", `Iteration ${number}`);
    const image = new Image(128, 128);
    image.alt = "";
    image.hidden = true;
    const count = document.createElement("span");
    count.className = "count";
    count.textContent = number;
    cell.append(image, count);
    cell.addEventListener("click", () => this.choose(number));
    return cell;
  }

  #hold(button) {
    button.addEventListener("pointerdown", () => this.compare(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) {
      button.addEventListener(end, () => this.compare(false));
    }
    button.addEventListener("keydown", ({ key }) => (key === " " || key === "Enter") && this.compare(true));
    button.addEventListener("keyup", () => this.compare(false));
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }
}
