// Photos on their way to an album or a dataset: two files at a time, each with its progress and, where it is refused, its
// reason. Where the input lies in a form, what that says goes with each file, and its button begins.

import { pageKey, withKey } from "./key.js";

const AT_ONCE = 2;
const WAITS = [2, 4, 8, 16, 30]; // seconds before each further try where the network fails
const TOO_SLOW = 408; // nothing came for a while
const NO_ROOM = 507; // does not pass by itself
const REFRESH_AFTER = 2500;

const input = document.getElementById("files");
const grid = document.getElementById("grid");
const section = document.getElementById("uploading");
const list = document.getElementById("uploads");
const progress = document.getElementById("upload-progress");
const log = document.getElementById("upload-log"); // what became of them, for those who hear the page
const template = document.getElementById("upload-row");
const words = { ...section.dataset, ...input.dataset };
const { form } = input;

const limit = (value) => (value === undefined ? Infinity : Number(value));
const most = limit(words.mostBytes);
const room = { bytes: limit(words.roomBytes), photos: limit(words.roomPhotos) }; // what the family may add still

const waiting = [];
let active = 0;
let added = 0;
let total = 0;

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const busy = () => active > 0 || waiting.length > 0;

function begin() {
  if (busy()) return;
  added = 0;
  total = 0;
  log.replaceChildren();
}

function add(files) {
  if (!files.length) return;
  let position = 0;
  const ours = [input.name, "csrfmiddlewaretoken"]; // the header bears the key
  const said = form ? [...new FormData(form)].filter(([name]) => !ours.includes(name)) : [];
  for (const file of files) {
    const reason = refusal(file);
    if (reason) {
      refuse(newRow({ file }), reason);
    } else {
      take(file, 1);
      position += 1;
      waiting.push({ file, position, said });
    }
  }
  total += files.length;
  next();
}

// Why a file is not even sent; the rest go on.
function refusal(file) {
  if (file.size > most) return (/\.zip$/i.test(file.name) && words.wordsLargeZip) || words.wordsLarge;
  if (room.photos < 1) return words.wordsToday;
  return file.size > room.bytes ? fill(words.wordsRoom, { left: amount(Math.max(0, room.bytes)) }) : "";
}

function note(sentence) {
  log.append(Object.assign(document.createElement("p"), { textContent: sentence.replace(/\s+/g, " ").trim() }));
}

function take(file, sign) {
  room.bytes -= sign * file.size;
  room.photos -= sign;
}

function amount(bytes) {
  const large = bytes >= 1e9;
  const digits = large ? 1 : 0;
  const value = Math.floor((bytes / (large ? 1e9 : 1e6)) * 10 ** digits) / 10 ** digits;
  const unit = { style: "unit", unit: large ? "gigabyte" : "megabyte", maximumFractionDigits: digits };
  return new Intl.NumberFormat(document.documentElement.lang, unit).format(value);
}

function refuse(row, reason) {
  row.element.classList.add("upload-wrong");
  row.end(reason);
}

function next() {
  while (active < AT_ONCE && waiting.length) {
    active += 1;
    const item = waiting.shift();
    deliver(item).finally(() => {
      active -= 1;
      next();
    });
  }
  section.hidden = !busy() && !list.children.length;
  const sentence = fill(words.wordsProgress, { done: added, total });
  progress.textContent = busy() || added < total ? sentence : "";
  if (!busy()) note(sentence);
}

// One file until it is in the album, refused, or given up.
async function deliver(item) {
  const row = newRow(item);
  for (let tries = 0; ; tries += 1) {
    const answer = await withKey(() => send(item, row));
    if (answer.code === "too_many_tries") {
      // Quicker than the site likes: it says when to come again, and nobody needs to know.
      row.say("");
      tries -= 1;
      await pause(answer.after);
      continue;
    }
    const passing = [0, TOO_SLOW].includes(answer.status) || (answer.status >= 502 && answer.status !== NO_ROOM);
    if (!passing) return settle(item, answer, row);
    if (tries === WAITS.length) return giveUp(item, row, answer);
    row.say(fill(words.wordsAgain, { seconds: WAITS[tries] }));
    await pause(WAITS[tries]);
  }
}

function send({ file, position, said }, row) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    for (const [name, value] of said) body.append(name, value);
    body.append("position", position);
    body.append(input.name, file, file.name);
    request.responseType = "json";
    request.upload.onprogress = (event) => {
      const percent = event.total ? Math.round((100 * event.loaded) / event.total) : 0;
      row.bar.value = percent;
      row.say(percent < 100 ? fill(words.wordsSending, { percent }) : words.wordsSent);
    };
    request.onloadend = () => {
      const after = Number(request.getResponseHeader("Retry-After")) || 1;
      resolve({ status: request.status, url: request.responseURL, after, ...request.response });
    };
    request.open("POST", words.url);
    request.setRequestHeader("X-CSRFToken", pageKey());
    request.setRequestHeader("Accept", "application/json");
    request.send(body);
  });
}

function settle(item, answer, row) {
  if (answer.status === 201) {
    added += 1;
    htmx.trigger(document.body, "added");
    if (answer.report) row.tell(answer.report);
    else row.element.remove();
    return answer.tile ? show(answer) : undefined;
  }
  take(item.file, -1);
  if (answer.status === 409) added += 1;
  else row.element.classList.add("upload-wrong");
  if (answer.report) return row.tell(answer.report);
  const signedOut = answer.status === 401 || answer.status === 403 || (answer.status === 200 && !answer.url.endsWith(words.url));
  row.end(answer.message || (signedOut ? words.wordsOut : words.wordsFailed), answer.photo);
}

function giveUp(item, row, answer) {
  row.element.classList.add("upload-wrong");
  row.end(answer.message || words.wordsBroken);
  row.again.hidden = false;
  row.again.addEventListener("click", () => {
    row.element.remove();
    waiting.push(item);
    next();
  });
  row.dismiss.addEventListener("click", () => take(item.file, -1));
}

function show({ photo, tile }) {
  if (document.getElementById(`photo-${photo}`)) return; // the stream was faster
  grid.insertAdjacentHTML("beforeend", tile);
  const fresh = grid.lastElementChild;
  htmx.process(fresh);
  // What happened between the answer and the tile's arrival here came too early for it: look once.
  setTimeout(() => {
    if (fresh.isConnected) htmx.ajax("GET", fresh.dataset.refresh, { target: fresh, swap: "outerHTML" });
  }, REFRESH_AFTER);
}

function newRow({ file }) {
  const element = template.content.cloneNode(true).firstElementChild;
  const part = (name) => element.querySelector(`[data-part=${name}]`);
  const text = element.querySelector(".upload-words");
  const row = { element, bar: element.querySelector("progress"), again: part("again"), dismiss: part("dismiss"), say: (words) => (text.textContent = words) };
  row.end = (words, address) => {
    row.bar.remove();
    row.say(words);
    if (words) note(`${file.name}: ${words}`);
    row.dismiss.hidden = false;
    if (address) Object.assign(part("see"), { href: address, hidden: false });
  };
  row.tell = (report) => {
    row.end("");
    part("report").innerHTML = report;
    part("report").hidden = false;
    note(`${file.name}: ${part("report").textContent}`);
  };
  element.querySelector(".upload-name").textContent = file.name;
  row.dismiss.addEventListener("click", () => {
    element.remove();
    section.hidden = !busy() && !list.children.length;
  });
  list.append(element);
  section.hidden = false;
  return row;
}

// --- Where files come from: the picker, or dropped anywhere on the page; a dropped folder is opened -------------------
function pick() {
  begin();
  add([...input.files]);
  input.value = "";
}
if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    form.closest("[popover]").hidePopover();
    pick();
  });
} else {
  input.addEventListener("change", pick);
  if (input.files.length) pick(); // chosen before this script was there
}

const over = document.getElementById("drop-over");
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

// What cannot be read is named, and the rest goes on.
async function filesIn(entry) {
  const files = [];
  try {
    if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    const reader = entry.createReader();
    for (;;) {
      const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!entries.length) return files;
      for (const inner of entries) if (!inner.name.startsWith(".")) files.push(...(await filesIn(inner)));
    }
  } catch {
    refuse(newRow({ file: entry }), words.wordsUnread);
    return files;
  }
}

addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  over.hidden = false;
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) over.hidden = true;
});
addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  over.hidden = true;
  begin();
  const entries = [...event.dataTransfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry()).filter(Boolean);
  const plain = [...event.dataTransfer.files];
  const found = entries.some((entry) => entry.isDirectory) ? (await Promise.all(entries.map(filesIn))).flat() : plain;
  add(found);
});

addEventListener("beforeunload", (event) => {
  if (busy()) event.preventDefault();
});
