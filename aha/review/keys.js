// What the keyboard does, and the first call.

let waiting = Promise.resolve();

// One call after the other, so that decisions are written in the order of the keys.
function ask(name, body) {
  const asked = waiting.then(() => call(name, body, desk.key));
  waiting = asked.catch(() => undefined);
  return asked;
}

// One action after the other too: a key that is pressed before the last one is saved waits for it. What was pressed while
// an editor was about to open is no command.
let acting = Promise.resolve();
function act(run) {
  acting = acting.then(() => (desk.editing ? undefined : run())).catch((error) => say(error.message, true));
  return acting;
}

async function open(index) {
  if (index < 0 || index >= desk.problems.length) return;
  const problem = await ask("problem", { index });
  const first = problem.records.findIndex((record) => !record.decision);
  Object.assign(desk, { index, problem, here: Math.max(0, first) });
  location.hash = `question=${index + 1}`;
  showProblem();
  showList();
  at("main").scrollTop = 0;
}

function current() { return desk.problem.records[desk.here]; }

function take(record, counts) {
  const index = desk.problems.findIndex((problem) => problem.records.some((each) => each.id === record.id));
  Object.assign(desk.problems[index].records.find((each) => each.id === record.id), { decision: record.decision, rank: record.rank });
  if (index === desk.index) desk.problem.records = desk.problem.records.map((each) => (each.id === record.id ? record : each));
  desk.counts = counts;
  return index;
}

async function decide(what, more, name = current().id) {
  try {
    const { record, counts } = await ask("decide", { id: name, do: what, ...more });
    take(record, counts);
    say(`${record.id}: ${record.decision || "not decided"}${record.rank ? `, rank ${record.rank}` : ""}; saved`);
    showCounts();
    showList();
    if (what === "accept" || what === "reject") await goOn();
    else showProblem();
    return true;
  } catch (error) {
    say(error.message, true);
    return false;
  }
}

// After a decision: the next open answer to the question, or, where there was but one, the next open question.
async function goOn() {
  const next = desk.problem.records.findIndex((record) => !record.decision);
  if (next >= 0) desk.here = next;
  else if (desk.problem.records.length === 1) return nextOpen();
  showProblem();
}

async function nextOpen() {
  const order = [...desk.problems.keys()], later = [...order.slice(desk.index + 1), ...order.slice(0, desk.index + 1)];
  const found = later.find((index) => desk.problems[index].records.some((record) => !record.decision));
  if (found === undefined) showProblem();
  else await open(found);
}

function step(by) {
  for (let index = desk.index + by; index >= 0 && index < desk.problems.length; index += by) if (fits(desk.problems[index])) return open(index);
}

async function undo() {
  try {
    const { record, counts } = await ask("undo", {});
    if (!record) return say("There is nothing to undo.");
    const index = take(record, counts);
    if (index !== desk.index) await open(index);
    desk.here = desk.problem.records.findIndex((each) => each.id === record.id);
    say(`${record.id}: ${record.decision || "not decided"} again; saved`);
    showCounts();
    showList();
    showProblem();
  } catch (error) { say(error.message, true); }
}

function edit(id, name) {
  desk.here = desk.problem.records.findIndex((each) => each.id === id);
  const record = current(), area = el("textarea", { "aria-label": name, spellcheck: "false" }), text = (record.edited || record)[name] || "";
  area.value = text;
  const shown = area.value; // as the browser holds it: line ends may differ from the record's
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.preventDefault(); leave(); }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(record, name, area.value === shown ? text : area.value); }
  });
  desk.editing = { id: record.id, name, area };
  showProblem();
  area.style.height = `${Math.min(area.scrollHeight + 8, 0.6 * window.innerHeight)}px`;
  area.focus();
  area.setSelectionRange(0, 0);
}

function leave() {
  desk.editing = null;
  showProblem();
}

function save(record, name, text) {
  const now = record.edited || record, wanted = { thought: now.thought || "", summary: now.summary, [name]: text }, editing = desk.editing;
  leave();
  return act(async () => {
    if (await decide("edit", wanted, record.id)) return;
    desk.editing = editing;
    showProblem();
  });
}

const KEYS = {
  a: () => decide("accept"), r: () => decide("reject"), u: undo, o: nextOpen, n: () => step(1), p: () => step(-1), t: () => edit(current().id, "thought"), s: () => edit(current().id, "summary"),
  d: () => { desk.changes = !desk.changes; showProblem(); },
  j: () => move(1), k: () => move(-1),
};
function move(by) {
  desk.here = (desk.here + by + desk.problem.records.length) % desk.problem.records.length;
  showProblem();
  document.querySelector(".record.here")?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (!desk.problem || desk.editing || event.ctrlKey || event.metaKey || event.altKey) return;
  const several = desk.problem.records.length > 1;
  const run = /^[0-9]$/.test(event.key) ? several && (() => decide("rank", { rank: Number(event.key) || null })) : Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  if (!run) return;
  event.preventDefault();
  act(run);
});

async function begin() {
  const token = location.hash.startsWith("#question=") ? "" : location.hash.slice(1);
  try {
    if (token) {
      const asked = Number(new URLSearchParams(token.split("&")[1] || "").get("question")) || 0;
      history.replaceState(null, "", asked ? `#question=${asked}` : "/");
      sessionStorage.setItem("key", (await call("session", { token: token.split("&")[0] })).key);
    }
    desk.key = sessionStorage.getItem("key") || "";
    Object.assign(desk, await ask("overview", {}));
  } catch (error) {
    return at("main").replaceChildren(el("p", { class: "note" }, visible(error.message), " Open the link that the terminal shows."));
  }
  at("file").textContent = visible(desk.file);
  say(`decisions go to ${desk.journal} at once`);
  showCounts();
  showUnread();
  const asked = Number(new URLSearchParams(location.hash.slice(1)).get("question")) - 1;
  if (asked >= 0 && asked < desk.problems.length) await open(asked);
  else { desk.index = -1; await nextOpen(); }
  if (!desk.problem) await open(0);
}
begin();
