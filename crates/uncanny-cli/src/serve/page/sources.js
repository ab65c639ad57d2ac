// Where pictures come from: a file, a drop, a paste, an emoji that is typed, a sample. Each becomes bytes that the
// server makes 16x16 pixels of; `take` receives those.

const SAMPLES = ["grin", "cool", "cat", "frog", "pizza", "doughnut", "pumpkin", "ghost", "robot", "moon"];
const EMOJI_SIDE = 128;

export function sources({ take, say, most }) {
  let newest = 0;

  const resample = document.getElementById("resample");
  let last = null;
  resample.addEventListener("change", () => last && fit(last));

  // Only the picture that was asked for last counts, whichever is ready first.
  async function fit(blob) {
    const mine = ++newest;
    if (blob.size > most) {
      say(`That is too large: at most ${Math.floor(most / 1048576)} MiB are taken.`);
      return;
    }
    try {
      const response = await fetch(`/api/fit?resample=${resample.value}`, { method: "POST", body: blob });
      if (!response.ok) throw new Error((await response.json()).error);
      const pixels = new Uint8ClampedArray(await response.arrayBuffer());
      if (mine !== newest) return;
      last = blob;
      take(pixels);
    } catch (error) {
      if (mine === newest) say(unreachable(error) ?? `That could not be used: ${error.message}`);
    }
  }

  const file = document.getElementById("file");
  document.getElementById("open").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files[0]) fit(file.files[0]);
    // The same file again is a change, too.
    file.value = "";
  });

  const dropping = (on) => document.body.classList.toggle("dropping", on);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    dropping(true);
  });
  addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) dropping(false);
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    dropping(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped) fit(dropped);
    else say("That was no file. Save the picture first, or copy and paste it.");
  });

  addEventListener("paste", (event) => {
    const item = [...event.clipboardData.items].find(({ kind, type }) => kind === "file" && type.startsWith("image/"));
    const text = event.clipboardData.getData("text").trim();
    if (item) fit(item.getAsFile());
    else if (event.target.matches?.("input")) return;
    else if (text && [...text].length <= 12) type(text);
    else say("There is no picture on the clipboard.");
    event.preventDefault();
  });

  // What was typed, drawn by the browser as large as it fits.
  async function type(text) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = EMOJI_SIDE;
    const context = canvas.getContext("2d");
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    context.fillStyle = "#1d1826";
    const font = (size) => `${size}px "Noto Color Emoji", "Apple Color Emoji", "Segoe UI Emoji", system-ui, sans-serif`;
    context.font = font(100);
    const box = context.measureText(text);
    const [width, height] = [
      box.actualBoundingBoxLeft + box.actualBoundingBoxRight,
      box.actualBoundingBoxAscent + box.actualBoundingBoxDescent,
    ];
    if (!(width > 0 && height > 0)) {
      say("There is nothing to see in that.");
      return;
    }
    const size = (100 * EMOJI_SIDE) / Math.max(width, height);
    context.font = font(size);
    context.fillText(
      text,
      EMOJI_SIDE / 2 + ((box.actualBoundingBoxLeft - box.actualBoundingBoxRight) / 2) * (size / 100),
      EMOJI_SIDE / 2 + ((box.actualBoundingBoxAscent - box.actualBoundingBoxDescent) / 2) * (size / 100),
    );
    await fit(await new Promise((done) => canvas.toBlob(done)));
  }

  const emoji = document.getElementById("emoji");
  document.getElementById("emoji-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = emoji.value.trim();
    if (text) type(text);
  });

  const sample = async (name) => fit(await (await fetch(`/emoji/${name}.png`)).blob());
  for (const name of SAMPLES) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = name;
    const image = new Image(136, 128);
    image.src = `/emoji/${name}.png`;
    image.alt = name;
    button.append(image);
    button.addEventListener("click", () => sample(name));
    document.getElementById("samples").append(button);
  }
  return { sample, open: () => file.click(), emoji: () => emoji.focus() };
}

// What to say when there is no answer at all.
export function unreachable(error) {
  return error instanceof TypeError ? "No answer: is uncanny serve still running?" : null;
}
