"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const make = (tag, className, text) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  };

  const entries = JSON.parse($("entries").textContent);
  // Pictures stay text until they are looked at, and are text again when out of sight.
  const pictures = (index) => JSON.parse($("p" + index).textContent);
  const bar = $("bar"), cards = $("cards"), search = $("search"), order = $("order");
  let wholeSplit = 50;

  const clamp = (value) => Math.min(100, Math.max(0, value));
  const size = ([width, height]) => `${width}×${height}`;
  // A path's folder and the rest of it.
  const cut = (name) => {
    const at = name.lastIndexOf("/") + 1;
    return [name.slice(0, at), name.slice(at)];
  };
  // What stands before /textures/ is the same for most of a pack.
  const short = (name) => name.slice(name.lastIndexOf("/textures/") + 1).replace(/^textures\//, "");
  // What became of most entries need not be said of each.
  const tally = new Map();
  for (const { outcome } of entries) tally.set(outcome, (tally.get(outcome) || 0) + 1);
  const usual = [...tally].sort((a, b) => b[1] - a[1])[0]?.[0];

  // A picture is one address, or its colours and a mask.
  function place(image, address) {
    const [colours, mask] = [address].flat();
    image.src = colours;
    if (mask) image.style.maskImage = `url("${mask}")`;
    return image;
  }

  // The before/after picture: two images in one place, and a range input that says how much of each is seen.
  function stage(entry, addresses, chosen, split) {
    if (!entry.before) return make("p", "unreadable", "cannot be read");
    const [width, height] = entry.before;
    const box = make("div", "stage " + (width >= height ? "wide" : "high"));
    box.style.setProperty("--aspect", `${width} / ${height}`);
    const show = (address, className, alt) => {
      const image = make("img", "shown " + className);
      image.alt = alt;
      image.decoding = "async";
      image.draggable = false;
      box.append(place(image, address));
    };
    show(addresses[0], "before", "before: " + entry.name);
    if (addresses.length < 2) return box;
    show(addresses[1 + chosen], "after", "after: " + entry.name);
    const slider = make("input", "slider");
    slider.type = "range";
    slider.min = 0;
    slider.max = 100;
    slider.setAttribute("aria-label", "Before and after: " + entry.name);
    const set = (value) => {
      slider.value = value;
      slider.setAttribute("aria-valuetext", `${slider.value}% before`);
      box.style.setProperty("--split", slider.value + "%");
    };
    slider.addEventListener("input", () => set(slider.value));
    box.append(slider, make("span", "line"));
    box.setSplit = set;
    set(split);
    // The range takes keys; the pointer moves the divider from anywhere on the picture.
    const follow = (event) => {
      const area = box.getBoundingClientRect();
      set(clamp(Math.round(((event.clientX - area.left) / area.width) * 100)));
    };
    box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || cards.classList.contains("beside") && cards.contains(box)) return;
      box.setPointerCapture(event.pointerId);
      slider.focus({ preventScroll: true, focusVisible: false });
      follow(event);
    });
    // A click would take the focus away again.
    box.addEventListener("mousedown", (event) => event.preventDefault());
    box.addEventListener("pointermove", (event) => {
      if (box.hasPointerCapture(event.pointerId)) follow(event);
    });
    return box;
  }

  function tags(entry, everything) {
    const found = [];
    if (entry.kind) found.push(make("span", "tag kind", entry.kind));
    if (entry.how) found.push(make("span", "tag", entry.how));
    if (entry.outcome && (everything || entry.outcome !== usual)) found.push(make("span", "tag " + (entry.outcome === "failed" ? "failed" : ""), entry.outcome));
    if (entry.score !== undefined) found.push(make("span", "tag", "score " + entry.score.toFixed(2)));
    return found;
  }

  function titled(element, name) {
    const [folder, last] = cut(name);
    if (folder) {
      const where = make("span", "folder");
      where.append(make("bdi", "", folder));
      element.append(where);
    }
    element.append(make("bdi", "last", last || name));
    return element;
  }

  // A card an entry. What it says is always there; its pictures come when it nears the window.
  const list = entries.map((entry, index) => {
    const card = make("li", "card");
    if (!entry.labels.length) card.classList.add("alone");
    const picture = make("div", "picture");
    const name = titled(make("button", "name"), short(entry.name));
    name.type = "button";
    name.title = entry.name;
    name.addEventListener("click", () => open(index));
    const about = make("p", "tags");
    about.append(...tags(entry, false));
    card.append(picture, name, about);
    const words = [entry.name, entry.kind, entry.how, entry.outcome, ...entry.notes.map((note) => note[1])];
    return { index, entry, card, picture, split: undefined, words: words.join(" ").toLowerCase() };
  });
  const byCard = new Map(list.map((item) => [item.card, item]));

  function fill(item) {
    if (item.picture.firstChild) return;
    const { entry } = item;
    item.stage = stage(entry, pictures(item.index), entry.labels.length - 1, item.split ?? wholeSplit);
    item.picture.append(item.stage);
    if (entry.frames > 1) item.picture.append(make("span", "badge", entry.frames + " frames"));
    else if (entry.labels.length > 1) item.picture.append(make("span", "badge", entry.labels.length + " versions"));
  }
  function empty(item) {
    if (!item.stage || item.stage.contains(document.activeElement)) return;
    const slider = item.stage.querySelector(".slider");
    if (slider && Number(slider.value) !== wholeSplit) item.split = Number(slider.value);
    item.stage = undefined;
    item.picture.replaceChildren();
  }
  const watcher = new IntersectionObserver((changes) => {
    for (const { target, isIntersecting } of changes) (isIntersecting ? fill : empty)(byCard.get(target));
  }, { rootMargin: "600px 0px" });

  // Filters: one list for each thing that entries differ in.
  const facets = [["kind", "All kinds"], ["how", "Any treatment"], ["outcome", "Any outcome"]].flatMap(([field, all]) => {
    const counts = new Map();
    for (const entry of entries) if (entry[field]) counts.set(entry[field], (counts.get(entry[field]) || 0) + 1);
    if (counts.size < 2) return [];
    const label = make("label", "pick");
    const select = make("select");
    select.id = "by-" + field;
    select.append(new Option(all, ""));
    for (const [value, count] of [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))) {
      select.append(new Option(`${value} (${count})`, value));
    }
    label.append(make("span", "unseen", all), select);
    $("facets").append(label);
    select.addEventListener("change", filter);
    return [{ field, select }];
  });

  const orders = [["given", "In order"], ["name", "By name"]];
  if (entries.some((entry) => entry.score !== undefined)) orders.splice(1, 0, ["score", "Best first"]);
  for (const [value, text] of orders) order.append(new Option(text, value));
  const compare = {
    given: (a, b) => a.index - b.index,
    name: (a, b) => (a.entry.name < b.entry.name ? -1 : a.entry.name > b.entry.name ? 1 : a.index - b.index),
    score: (a, b) => (b.entry.score ?? -Infinity) - (a.entry.score ?? -Infinity) || a.index - b.index,
  };
  let visible = list;

  function filter() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { select } of facets) select.classList.toggle("set", select.value !== "");
    const fits = (item) => facets.every(({ field, select }) => !select.value || item.entry[field] === select.value)
      && wanted.every((word) => item.words.includes(word));
    visible = [];
    for (const item of sorted) {
      const fit = fits(item);
      item.card.hidden = !fit;
      if (fit) visible.push(item);
    }
    const all = list.length;
    $("count").textContent = visible.length === all ? `${all} ${all === 1 ? "picture" : "pictures"}` : `${visible.length} of ${all}`;
    $("nothing").hidden = visible.length > 0 || all === 0;
  }

  let sorted = list;
  function arrange() {
    sorted = [...list].sort(compare[order.value]);
    for (const item of sorted) cards.append(item.card);
    filter();
  }

  search.addEventListener("input", filter);
  order.addEventListener("change", arrange);
  bar.addEventListener("submit", (event) => event.preventDefault());
  $("clear").addEventListener("click", () => {
    search.value = "";
    for (const { select } of facets) select.value = "";
    filter();
    search.focus();
  });
  $("all").addEventListener("input", (event) => {
    wholeSplit = Number(event.target.value);
    for (const item of list) {
      item.split = undefined;
      item.stage?.setSplit?.(wholeSplit);
    }
  });
  const sides = [96, 128, 168, 232, 320];
  const resize = () => document.documentElement.style.setProperty("--side", sides[$("size").value] + "px");
  $("size").addEventListener("input", resize);
  $("beside").addEventListener("change", (event) => cards.classList.toggle("beside", event.target.checked));

  // One picture, large, with all that is known of it.
  const look = $("look");
  let current = 0, chosen = 0;
  function open(index) {
    current = index;
    chosen = entries[index].labels.length - 1;
    draw();
    if (!look.open) look.showModal();
    look.querySelector(".slider")?.focus({ focusVisible: false });
  }
  function draw() {
    const entry = entries[current];
    const addresses = pictures(current);
    const split = look.querySelector(".slider")?.value ?? wholeSplit;
    const shown = stage(entry, addresses, chosen, split);
    if ($("tiled").checked) {
      for (const image of [...shown.querySelectorAll("img")]) {
        const tiles = make("div", image.className + " tiled");
        tiles.style.backgroundImage = `url("${image.src}")`;
        tiles.style.maskImage = image.style.maskImage;
        image.replaceWith(tiles);
      }
    }
    look.classList.toggle("smooth", $("smooth").checked);
    $("look-picture").classList.toggle("alone", addresses.length < 2);
    $("look-picture").replaceChildren(shown);
    $("look-name").replaceChildren();
    titled($("look-name"), entry.name);
    $("look-tags").replaceChildren(...tags(entry, true));
    const facts = [...entry.notes];
    if (entry.before) facts.unshift(["Size", [entry.before, entry.after].filter(Boolean).map(size).join(" → ")]);
    if (entry.frames > 1) facts.push(["Animation", `${entry.frames} frames; this is the first`]);
    if (entry.reduced) facts.push(["On this page", "reduced, to keep the page small; the file has every pixel"]);
    $("look-notes").replaceChildren(...facts.flatMap(([heading, text]) => [make("dt", "", heading), make("dd", "", text)]));
    const steps = entry.labels.length < 2 ? [] : entry.labels.map((label, step) => {
      const button = make("button");
      button.type = "button";
      button.setAttribute("aria-pressed", step === chosen);
      const image = make("img");
      image.alt = "";
      button.append(place(image, addresses[1 + step]), make("bdi", "", label));
      button.addEventListener("click", () => {
        chosen = step;
        draw();
        $("look-steps").children[step].focus();
      });
      return button;
    });
    $("look-steps").replaceChildren(...steps);
    const at = visible.findIndex((item) => item.index === current);
    $("previous").disabled = at <= 0;
    $("next").disabled = at < 0 || at >= visible.length - 1;
  }
  function move(by) {
    const next = visible[visible.findIndex((item) => item.index === current) + by];
    if (next) open(next.index);
  }
  $("tiled").addEventListener("change", draw);
  $("smooth").addEventListener("change", draw);
  $("previous").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("close").addEventListener("click", () => look.close());
  look.addEventListener("click", (event) => {
    if (event.target === look) look.close();
  });
  look.addEventListener("close", () => {
    $("look-picture").replaceChildren();
    $("look-steps").replaceChildren();
    list[current].card.querySelector(".name").focus({ focusVisible: false });
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (look.open) {
      if (event.key === "n" || event.key === "N") move(1);
      if (event.key === "p" || event.key === "P") move(-1);
    } else if (event.key === "/" && event.target !== search) {
      event.preventDefault();
      search.select();
    } else if (event.key === "Escape" && event.target === search) {
      search.value = "";
      filter();
    } else if (event.key === "Enter" && event.target.classList.contains("slider")) {
      event.preventDefault();
      open(byCard.get(event.target.closest(".card")).index);
    }
  });

  resize();
  arrange();
  $("empty").hidden = list.length > 0;
  bar.hidden = list.length === 0;
  for (const item of list) watcher.observe(item.card);
})();
