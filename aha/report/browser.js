// Every kept rollout by step and group, with filters, search and a permanent link each.

const CUT = { length: "truncated", repeats: "ended in a loop" };
const FILTERS = {
  correct: (rollout) => rollout.outcome === "correct", wrong: (rollout) => rollout.outcome === "wrong", truncated: (rollout) => rollout.finish in CUT,
  undecided: (rollout) => rollout.outcome === "undecided", "format broken": (rollout) => rollout.broken, "has re-check": (rollout) => (rollout.measures.recheck || 0) > 0,
  "reflects otherwise": (rollout) => (rollout.measures.backtrack || 0) + (rollout.measures.another_approach || 0) > 0,
};
const PAGE = 8;
const browser = { step: null, active: new Set(), query: "", count: PAGE, here: null, node: null };

function link(id) { return "#rollout=" + encodeURIComponent(id) + (run.stages.length > 1 ? "&stage=" + encodeURIComponent(stage.name) : ""); }

function showBrowser() {
  const node = section("rollouts", "Rollouts", "What the model wrote in training, group by group, best reward first. Open one to see its reward, verdict and advantage.");
  browser.node = null;
  if (!stage || !stage.groups.length) return empty(node, "No rollouts were kept (logging.rollouts), so there is nothing to browse.");
  const cut = stage.kept < stage.rollouts ? `To keep this page small it holds ${stage.kept} of ${stage.rollouts} rollouts: those of the first and last rounds and of rounds evenly between. The others lie in the run's rollouts/ folder.`
    : `All ${stage.rollouts} rollouts of this stage are here.`;
  node.append(el("p", { class: "caption" }, cut));
  browser.node = el("div", { class: "stack" });
  if (!stage.steps.includes(browser.step) && browser.step !== "all") browser.step = stage.steps[stage.steps.length - 1];
  node.append(controls(), browser.node);
  listGroups();
}

function controls() {
  const change = (step) => { browser.step = step; browser.here = null; reset(); choice.value = String(step); };
  const choice = el("select", { "aria-label": "Round", on: { change: () => change(choice.value === "all" ? "all" : Number(choice.value)) } },
    ...stage.steps.map((step) => el("option", { value: step }, `round ${step}`)), el("option", { value: "all" }, "all rounds"));
  choice.value = String(browser.step);
  const move = (by) => () => {
    const at = stage.steps.indexOf(browser.step);
    change(stage.steps[Math.max(0, Math.min(stage.steps.length - 1, (at < 0 ? 0 : at + by)))]);
  };
  const filters = Object.keys(FILTERS).map((name) => {
    const button = pressable(name, browser.active.has(name), () => {
      if (!browser.active.delete(name)) browser.active.add(name);
      button.setAttribute("aria-pressed", String(browser.active.has(name)));
      reset();
    });
    return button;
  });
  const search = el("input", { type: "search", placeholder: "Search texts", "aria-label": "Search texts", value: browser.query, on: { input: () => { browser.query = search.value.toLowerCase(); reset(); } } });
  browser.choice = choice;
  const previous = el("button", { type: "button", "aria-label": "Earlier round", on: { click: move(-1) } }, "←"), next = el("button", { type: "button", "aria-label": "Later round", on: { click: move(1) } }, "→");
  return el("div", { class: "bar" }, previous, choice, next, search, ...filters);
}

function reset() { browser.count = PAGE; listGroups(); }

function passes(rollout) { return [...browser.active].every((name) => FILTERS[name](rollout)); }

function matching() {
  const found = [];
  for (const group of stage.groups) {
    if (browser.step !== "all" && group.step !== browser.step) continue;
    const asked = browser.query && `${group.prompt}\n${group.problem}`.toLowerCase().includes(browser.query);
    const rollouts = group.rollouts.filter((rollout) => passes(rollout) && (!browser.query || asked || (rollout.text || "").toLowerCase().includes(browser.query)));
    if (rollouts.length) found.push({ group, rollouts });
  }
  return found;
}

function listGroups() {
  const found = matching(), number = found.reduce((sum, item) => sum + item.rollouts.length, 0);
  const chosen = browser.here ? found.findIndex((item) => item.rollouts.some((rollout) => rollout.id === browser.here)) : -1;
  browser.count = Math.max(browser.count, chosen + 1);
  browser.node.replaceChildren(el("p", { class: "muted", role: "status" }, `${number} rollout${number === 1 ? "" : "s"} in ${found.length} group${found.length === 1 ? "" : "s"}`),
    ...found.slice(0, browser.count).map(groupCard));
  if (found.length > browser.count) browser.node.append(pressable(`Show more groups (${found.length - browser.count} left)`, false, () => { browser.count += PAGE; listGroups(); }));
}

function groupCard({ group, rollouts }) {
  const right = group.rollouts.filter((rollout) => rollout.outcome === "correct").length, most = Math.max(...group.rollouts.map((rollout) => Math.abs(rollout.reward || 0)), 1e-9);
  const asked = visible(group.prompt).replace(/\s+/g, " ").trim(), tail = asked.length > 150 ? "… " + asked.slice(-150) : asked;
  const fold = el("details", {}, el("summary", { class: "muted" }, tail || "prompt"), response(group.prompt, browser.query));
  return el("div", { class: "card" },
    el("div", { class: "chips" }, el("b", {}, `round ${group.step}`), el("span", { class: "muted" }, `${visible(group.source)} · ${visible(group.problem)} · difficulty ${group.difficulty ?? "?"}`),
      el("span", { class: "chip" }, `reference ${visible(group.reference)}`), el("span", { class: "chip" }, `${right} of ${group.rollouts.length} right`)),
    fold, ...rollouts.map((rollout) => rolloutRow(rollout, most)));
}

function rolloutRow(rollout, most) {
  const here = rollout.id === browser.here, meter = el("span", { class: "meter", "aria-hidden": "true" }, bar(rollout, most));
  const peek = visible(rollout.text || "").replace(/\s+/g, " ").trim().slice(0, 220);
  const node = el("details", { class: here ? "rollout here" : "rollout", open: here },
    el("summary", {}, el("span", { class: "points" }, rollout.reward === null ? "–" : short(rollout.reward)), outcomeChip(rollout.outcome), el("span", { class: "peek" }, peek)));
  const fill = () => { if (node.childElementCount === 1) node.append(rolloutFacts(rollout, meter), response(rollout.text, browser.query)); };
  node.addEventListener("toggle", fill);
  if (here) fill();
  return node;
}

function bar(rollout, most) {
  const svg = shape("svg", { viewBox: "0 0 60 8", width: 60, height: 8 });
  const parts = Object.values(rollout.parts).filter((points) => points > 0), sum = parts.reduce((total, points) => total + points, 0) || 1;
  let x = 0;
  parts.forEach((points, index) => { const width = 60 * (points / sum) * (Math.abs(rollout.reward || 0) / most); svg.append(shape("rect", { x, y: 0, width, height: 8, class: `area f${index % 6}` })); x += width; });
  return svg;
}

function rolloutFacts(rollout, meter) {
  const parts = Object.entries(rollout.parts).map(([name, points]) => el("span", { class: "chip" }, `${visible(name)} ${points === null ? "left out" : short(points)}`));
  const flags = [rollout.broken ? "format broken" : "", CUT[rollout.finish] || ""].filter(Boolean).map((flag) => el("span", { class: "chip flag" }, flag));
  const known = Object.entries(rollout.measures).filter(([name]) => name !== "format").map(([name, value]) => `${name.replace(/_/g, " ")} ${typeof value === "number" ? short(value) : value}`);
  const sentence = [`verdict: ${rollout.reason || "?"}`, `answer found: ${rollout.extracted ?? "none"}`, `advantage ${rollout.advantage === null ? "–" : short(rollout.advantage)}`,
    `${rollout.tokens ?? "?"} tokens, ended by ${rollout.finish || "?"}`, `policy version ${rollout.version ?? "?"}`, ...known].map(visible).join(" · ");
  return el("div", {}, el("div", { class: "chips" }, meter, ...parts, ...flags, el("a", { href: link(rollout.id), title: "Permanent link" }, "link")), el("p", { class: "caption" }, sentence));
}

function follow() {
  const asked = new URLSearchParams(location.hash.slice(1).replace(/\+/g, "%2B")), id = asked.get("rollout");
  if (id === null) return;
  const ordered = [...run.stages].sort((a, b) => (b.name === asked.get("stage")) - (a.name === asked.get("stage")) || (b === stage) - (a === stage));
  for (const one of ordered) {
    const group = one.groups.find((item) => item.rollouts.some((rollout) => rollout.id === id));
    if (!group) continue;
    Object.assign(browser, { step: group.step, active: new Set(), query: "", here: id, count: PAGE });
    if (one !== stage) stage = one;
    build();
    document.querySelector(".rollout.here")?.scrollIntoView({ block: "center" });
    return;
  }
  if (browser.node) browser.node.prepend(el("p", { class: "note" }, `Rollout ${visible(id)} is not in this page.`));
  document.getElementById("rollouts").scrollIntoView();
}

build();
follow();
window.addEventListener("hashchange", follow);
