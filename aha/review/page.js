"use strict";
// The page of a review: what is shown. Every text from a record reaches the page through a text node.

const desk = { key: "", problems: [], unread: [], counts: {}, filter: "all", index: -1, problem: null, here: 0, editing: null, changes: false };
const WORDS = ["accepted", "edited", "rejected"];
const FILTERS = { all: "all", open: "open", accepted: "accepted", edited: "edited", rejected: "rejected" };
const MAX_LISTED = 400;
const at = (id) => document.getElementById(id);

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "click") node.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

// Control and direction characters become visible, so that no text can reorder or hide another.
function visible(text) {
  return String(text ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/g,
    (mark) => { const code = mark.charCodeAt(0); return code < 32 ? String.fromCharCode(0x2400 + code) : `⟨${code.toString(16).toUpperCase().padStart(4, "0")}⟩`; });
}

async function call(name, body, key) {
  const reply = await fetch("/" + name, { method: "POST", headers: { "Content-Type": "application/json", "X-Review-Key": key || "" }, body: JSON.stringify(body) });
  const value = await reply.json();
  if (!reply.ok) throw new Error(value.error || reply.statusText);
  return value;
}

function say(text, bad) {
  at("saved").textContent = visible(text);
  at("saved").className = bad ? "bad" : "muted";
}

function showCounts() {
  const counts = desk.counts, done = WORDS.reduce((sum, word) => sum + (counts[word] || 0), 0);
  at("progress").replaceChildren(...WORDS.map((word) => {
    const part = el("i", { class: word });
    part.style.width = `${(100 * (counts[word] || 0)) / Math.max(1, counts.records)}%`;
    return part;
  }));
  at("counts").replaceChildren(el("span", {}, `${done} of ${counts.records} decided`), ...WORDS.map((word) => el("span", {}, `${counts[word]} ${word}`)),
    counts.unread ? el("span", {}, `${counts.unread} rows not read`) : "", counts.stale ? el("span", {}, `${counts.stale} earlier decisions are about other texts and do not count`) : "");
}

function fits(problem) {
  if (desk.filter === "all") return true;
  return problem.records.some((record) => (desk.filter === "open" ? !record.decision : record.decision === desk.filter));
}

function showList() {
  at("filters").replaceChildren(...Object.entries(FILTERS).map(([name, label]) => el("button", { type: "button", "aria-pressed": name === desk.filter,
    click: (event) => { desk.filter = name; event.currentTarget.blur(); showList(); } }, label)));
  const found = desk.problems.map((problem, index) => [problem, index]).filter(([problem]) => fits(problem));
  const first = Math.max(0, Math.min(found.findIndex(([, index]) => index >= desk.index) - MAX_LISTED / 2, found.length - MAX_LISTED));
  const rows = found.slice(first, first + MAX_LISTED).map(([problem, index]) => el("li", { class: index === desk.index ? "here" : null, click: () => act(() => open(index)) },
    el("span", { class: "number" }, index + 1), el("span", { class: "head" }, visible(problem.head)), el("span", { class: "dots" }, ...problem.records.map((record) => el("i", { class: record.decision })))));
  at("list").replaceChildren(...rows);
  if (!rows.length) at("list").append(el("li", { class: "empty" }, "None of this kind."));
  if (found.length > rows.length) at("list").append(el("li", { class: "empty" }, `… ${found.length - rows.length} more`));
  document.querySelector("nav li.here")?.scrollIntoView({ block: "nearest" });
}

function showUnread() {
  if (!desk.unread.length) return;
  at("unread").replaceChildren(el("details", { class: "aside" }, el("summary", {}, `${desk.unread.length} rows could not be read`),
    ...desk.unread.map((each) => el("div", {}, `Row ${each.row}: ${visible(each.why)}`, el("pre", {}, visible(each.text))))));
}

// Words at the start and the end that both texts share stay plain; what lies between is taken out and put in.
function changed(before, after) {
  const old = visible(before).split(/(\s+)/), now = visible(after).split(/(\s+)/);
  let start = 0, end = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++;
  while (end < Math.min(old.length, now.length) - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const cut = (words) => words.slice(start, words.length - end).join("");
  return [old.slice(0, start).join(""), el("del", {}, cut(old)), el("ins", {}, cut(now)), old.slice(old.length - end).join("")];
}

function part(record, name, label, here) {
  const text = record.edited ? record.edited[name] : record[name], box = el("div", { class: `part ${name}` });
  const button = el("button", { type: "button", click: () => act(() => edit(record.id, name)) }, "edit ", el("kbd", {}, name[0]));
  box.append(el("p", { class: "label" }, label, here ? button : null));
  if (desk.editing && desk.editing.id === record.id && desk.editing.name === name) box.append(desk.editing.area);
  else if (record.edited && desk.changes && record[name] !== text) box.append(el("p", { class: "text" }, ...changed(record[name], text)));
  else box.append(text ? el("p", { class: "text" }, visible(text)) : el("p", { class: "empty" }, "no thought"));
  return box;
}

function card(record, place, several) {
  const here = place === desk.here, facts = Object.entries(record.facts).map(([name, value]) =>
    el("span", { class: "chip" }, `${name} ${visible(typeof value === "object" ? JSON.stringify(value) : value)}`));
  return el("article", { class: `record ${record.decision || ""} ${here && several ? "here" : ""}`, click: () => { if (!here) act(() => { desk.here = place; showProblem(); }); } },
    el("div", { class: "chips" }, el("span", { class: "name" }, visible(record.id)), record.rank ? el("span", { class: "chip rank" }, `rank ${record.rank}`) : null,
      record.decision ? el("span", { class: `chip ${record.decision}` }, record.decision) : null, ...facts),
    part(record, "thought", "Thought", here), part(record, "summary", "Summary", here));
}

function showProblem() {
  const problem = desk.problem, several = problem.records.length > 1, turns = problem.prompt.map((turn) =>
    el("div", { class: "turn" }, el("p", { class: "label" }, visible(turn.role)), el("p", { class: "text" }, visible(turn.content))));
  const open = desk.problems.some((each) => each.records.some((record) => !record.decision));
  at("main").replaceChildren(open ? "" : el("p", { class: "done" }, "Every record is decided. ", el("b", {}, "aha review FILE --export OUT.jsonl"), " writes what was accepted and edited."),
    el("p", { class: "label" }, `Question ${problem.index + 1} of ${desk.problems.length}` + (several ? ` · ${problem.records.length} answers` : "")),
    el("div", { class: "question" }, ...turns), el("div", { class: several ? "records several" : "records" }, ...problem.records.map((record, place) => card(record, place, several))));
  showKeys(several);
  if (desk.editing) desk.editing.area.focus();
}

function showKeys(several) {
  const keys = desk.editing ? [["Ctrl Enter", "save"], ["Esc", "leave as it was"]] : [["a", "accept"], ["r", "reject"], ["t", "edit thought"], ["s", "edit summary"],
    ...(several ? [["j k", "next, previous answer"], ["1–9", "rank (1 best)"], ["0", "no rank"]] : []), ["n p", "next, previous question"], ["o", "next open one"],
    ["d", desk.changes ? "hide changes" : "show changes"], ["u", "undo"]];
  at("keys").replaceChildren(...keys.map(([key, label]) => el("span", {}, ...key.split(" ").flatMap((one) => [el("kbd", {}, one), " "]), label)));
}
