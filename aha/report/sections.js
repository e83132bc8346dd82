// The page from top to bottom, browser of rollouts excepted.

const run = JSON.parse(document.getElementById("data").textContent);
const content = document.getElementById("content"), nav = document.getElementById("nav");
const NO_TOKENS = { steps: [], values: [] };
let stage = [...run.stages].reverse().find((one) => one.rollouts) || run.stages[run.stages.length - 1] || null;

// Control and direction characters become visible, so that no text can reorder or hide another.
function visible(text) {
  return String(text ?? "").replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]/g,
    (mark) => { const code = mark.charCodeAt(0); return code < 32 ? String.fromCharCode(0x2400 + code) : `⟨${code.toString(16).toUpperCase().padStart(4, "0")}⟩`; });
}

function section(id, title, about, short_title) {
  const node = el("section", { id }, el("h2", {}, title), about ? el("p", { class: "about" }, about) : null);
  content.append(node);
  nav.append(el("a", { href: "#" + id }, short_title || title));
  return node;
}
function empty(parent, text) { parent.append(el("p", { class: "empty" }, text)); }
function pressable(label, pressed, press) { return el("button", { type: "button", "aria-pressed": pressed ? "true" : "false", on: { click: press } }, label); }
function outcomeChip(outcome) { return el("span", { class: "chip " + ({ correct: "correct", wrong: "wrong" }[outcome] || "undecided") }, outcome || "no verdict"); }

// A response with its tags coloured and its answer bold; search hits are marked.
function response(text, query) {
  const box = el("pre", { class: "box" });
  let inside = false;
  for (const part of visible(text).split(/(<\/?(?:think|answer)>)/)) {
    if (part === "<answer>") inside = true;
    if (part === "</answer>") inside = false;
    if (/^<\/?(think|answer)>$/.test(part)) box.append(el("span", { class: "tag" }, part));
    else if (part) box.append(el("span", { class: inside ? "answer" : "thought" }, ...marked(part, query)));
  }
  if (!text) box.append(el("span", { class: "muted" }, "(empty)"));
  return box;
}
function marked(text, query) {
  if (!query) return [text];
  const parts = [], lower = text.toLowerCase();
  let from = 0;
  if (lower.length !== text.length) return [text];
  for (let hit = lower.indexOf(query); hit >= 0; hit = lower.indexOf(query, from)) {
    parts.push(text.slice(from, hit), el("mark", {}, text.slice(hit, hit + query.length)));
    from = hit + query.length;
  }
  return [...parts, text.slice(from)];
}

function showTiles() {
  if (!run.tiles.length) return;
  content.append(el("div", { class: "tiles" }, ...run.tiles.map((tile) => el("div", { class: "tile" }, el("div", { class: "label" }, tile.label),
    el("div", { class: "value" }, el("span", { class: "before" }, tile.before + " → "), tile.after)))));
}

function stagePicker(parent) {
  if (run.stages.length < 2) return;
  parent.append(el("div", { class: "bar" }, "Stage", ...run.stages.map((one) => pressable(one.name, one === stage, () => { stage = one; build(); location.hash = "figures"; }))));
}

function showFigures() {
  const node = section("figures", "Does it learn to reason?", "The two figures of the R1 paper: accuracy on problems that were never trained on, and how long the answers are.", "Learning");
  stagePicker(node);
  if (!stage) return empty(node, "No training round has been logged in this run yet.");
  const set = (value) => () => {
    overTokens = value;
    [...bar.querySelectorAll("button")].forEach((button, index) => button.setAttribute("aria-pressed", String(Boolean(index) === value)));
    redrawAll();
  };
  const bar = el("div", { class: "bar" }, el("span", { class: "muted" }, "Over"), pressable("rounds", !overTokens, set(false)), pressable("trained tokens", overTokens, set(true)));
  const grid = el("div", { class: "grid" });
  node.append(bar, grid);
  stage.figures.forEach((spec) => addChart(grid, spec, stage.tokens));
}

function whisker(value) {
  const svg = shape("svg", { viewBox: "0 0 150 16", class: "whisker", role: "img", "aria-label": inUnit(value.value, "percent") });
  svg.append(shape("rect", { x: 0, y: 6, width: 150, height: 4, rx: 2 }));
  if (typeof value.low === "number") svg.append(shape("line", { x1: 150 * value.low, x2: 150 * value.high, y1: 8, y2: 8 }));
  svg.append(shape("circle", { cx: 150 * value.value, cy: 8, r: 3.2 }));
  return svg;
}
function scoreText(value) {
  if (!value) return "–";
  const range = typeof value.low === "number" ? ` [${trim((100 * value.low).toFixed(1))}–${trim((100 * value.high).toFixed(1))}]` : "";
  return el("span", {}, inUnit(value.value, "percent"), el("small", { class: "range" }, range));
}

function showEvaluations() {
  const node = section("evaluation", "Evaluation", "Scores of whole models after sampling k answers to each problem; brackets hold the 95 % interval over problems. Undecided verdicts count as wrong.");
  if (!run.evaluations.length) return empty(node, "No stage of this run has been evaluated on its own.");
  const heads = ["benchmark", "stage", "pass@1", "0 – 100 %", "right among well-formatted", "cons@k", "pass@k", "format right", "mean tokens", "undecided", "problems × k", "model"];
  const rows = run.evaluations.map((row, index) => el("tr", {}, ...[
    index && run.evaluations[index - 1].benchmark === row.benchmark ? "" : row.benchmark, row.stage, scoreText(row["pass@1"]), row["pass@1"] ? whisker(row["pass@1"]) : "–",
    scoreText(row["pass@1_formatted"]), scoreText(row["cons@k"]), scoreText(row["pass@k"]), inUnit(row.format_rate, "percent"), row.mean_tokens === null ? "–" : short(row.mean_tokens),
    inUnit(row.undecided_frac, "percent"), `${row.num_problems ?? "?"} × ${row.k ?? "?"}`, visible(row.model_hash || "?").slice(0, 10),
  ].map((cell) => el("td", {}, cell))));
  const settings = run.evaluations[0].sampling;
  node.append(el("div", { class: "card scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", {}, head)))), el("tbody", {}, ...rows))));
  if (settings) node.append(el("p", { class: "caption" }, "Sampled with " + Object.entries(settings).map(([key, value]) => `${key} ${value}`).join(", ") + "."));
}

function showCharts(id, title, about, specs, three, short_title) {
  if (stage && !specs.length) return null;
  const node = section(id, title, about, short_title), grid = el("div", { class: three ? "grid three" : "grid" });
  if (!stage) { empty(node, "Nothing was logged yet."); return node; }
  specs.forEach((spec) => addChart(grid, spec, stage.tokens));
  node.append(grid);
  return node;
}

function showReflection() {
  const about = "Reflection is text such as “wait, let me check”. Whether it helps is measured: a re-check repairs when the value before it was wrong and the value after it is right, and breaks in the opposite case.";
  const node = showCharts("reflection", "Reflection", about, stage ? stage.reflection : [], false);
  if (!node) return;
  const rows = [...(stage ? stage.effects.slice(0, 1) : []), ...run.corpus, ...(stage ? stage.effects.slice(1) : [])];
  if (!rows.length) return empty(node, "No rollouts were kept, so it is not known what re-checks did.");
  const kinds = Object.entries(run.kinds);
  const names = [stage && stage.effects.length ? "base model: " : "", ...run.corpus.map(() => ""), "trained model: "];
  const body = rows.map((row, index) => el("tr", {}, ...[names[index] + row.label, short(row.texts), ...kinds.map(([kind]) => short(100 * row.rates[kind])), short(row.rechecks),
    row.repaired === null ? "no re-checks" : inUnit(row.repaired, "percent"), row.broke === null ? "–" : inUnit(row.broke, "percent")].map((cell) => el("td", {}, cell))));
  const heads = ["", "responses", ...kinds.map(([, label]) => `${label} per 100 responses`), "re-checks", "repaired a wrong value", "broke a right value"];
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", {}, head)))), el("tbody", {}, ...body));
  const wrap = el("div", { class: "card scroll" }, table);
  wrap.style.marginTop = "1.2rem";
  node.append(wrap);
  if (!run.corpus.length) node.append(el("p", { class: "caption" }, "The corpus is not in this table: this run did not record its reflection."));
  if (stage) node.append(el("p", {}, "First seen in training: ", ...kinds.flatMap(([kind, label], index) => {
    const first = stage.first[kind];
    return [index ? " · " : "", first ? el("a", { href: link(first.id) }, `${label}, round ${first.step}`) : `${label}: never`];
  }), "."));
}

function table(heads, rows) {
  return el("div", { class: "card scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", {}, head)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell)))))));
}

function showVerdicts() {
  const about = "What the verifiers said of the kept rollouts, and why. Undecided is a failure of ours: such rollouts are left out, not counted as wrong.";
  const node = section("verdicts", "Verdicts", about);
  const rows = stage ? stage.verdicts : [];
  if (!rows.length) empty(node, "No rollouts were kept, so their verdicts are not known.");
  else node.append(table(["verdict", "reason", "rollouts", "share", "what it said"], rows.map((row) =>
    [outcomeChip(row.outcome), visible(row.reason), short(row.count), inUnit(row.share, "percent"), visible(row.details.join("; "))])));
  if (!run.audit.rates) return empty(node, `Whether these verdicts are right has not been looked at: aha audit asks a second judge about a sample.`);
  const judges = Object.entries(run.audit.judges).map(([name, count]) => `${visible(name)} (${count})`).join(", ");
  node.append(el("h3", {}, "A second judge"), el("p", { class: "about" }, `A sample of the rollouts, judged again by other means: ${judges}. ${run.audit.num_without_opinion} gave no opinion. Brackets hold the 95 % interval.`),
    table(["", "looked at", "contradicted", "rate"], run.audit.rates.map((rate) => [rate.label, short(rate.checked), short(rate.found), scoreText(rate)])));
  run.audit.examples.forEach((each) => node.append(el("details", { class: "card" },
    el("summary", {}, `${each.kind}: answer ${visible(each.extracted ?? "none")}, second judge ${visible(each.second ?? "none")}, reference ${visible(each.reference)} (${visible(each.reason)})`),
    el("p", { class: "question" }, visible(each.prompt)), response(each.completion),
    el("p", { class: "caption" }, el("a", { href: link(each.rollout_id) }, `rollout ${visible(each.rollout_id)}`), ` of ${visible(each.stage)}, round ${visible(each.step)}, judged by ${visible(each.judge)}`))));
}

function showDifficulty() {
  const node = section("difficulty", "By difficulty", run.pair ? `Accuracy and length on ${run.pair.benchmark} by difficulty (in the unit of each task), before and after training.` : "");
  if (!run.difficulty.length) return empty(node, "This needs two evaluations of one benchmark, before and after training, with per-problem outcomes.");
  const grid = el("div", { class: "grid" });
  run.difficulty.forEach((spec) => addChart(grid, spec, NO_TOKENS));
  node.append(grid);
}

function dots(outcomes) {
  const right = [...outcomes].filter((letter) => letter === "c").length;
  return el("span", {}, el("span", { class: "dots", "aria-hidden": "true" }, ...[...outcomes].slice(0, 64).map((letter) => el("i", { class: "cwu".includes(letter) ? letter : "w" }))),
    el("span", { class: "muted" }, ` ${right} of ${outcomes.length} right`));
}

function showPairs() {
  const node = section("pairs", "The same problem, before and after", "The first sample of each model, chosen by kind of change in turn and not by looks. Squares show all samples of the problem.", "Before and after");
  if (!run.pairs.length) return empty(node, "This needs two evaluations of one benchmark that kept sample texts.");
  const names = { all: "all", fixed: "wrong → right", broke: "right → wrong", kept: "right twice", missed: "wrong twice" };
  let kind = "all", count = 4;
  const bar = el("div", { class: "bar" }), list = el("div", { class: "stack" });
  const show = () => {
    const found = run.pairs.filter((pair) => kind === "all" || pair.kind === kind);
    bar.replaceChildren(...Object.entries(names).map(([key, label]) => {
      const number = key === "all" ? run.pairs.length : run.pairs.filter((pair) => pair.kind === key).length;
      return pressable(`${label} (${number})`, key === kind, () => { kind = key; count = 4; show(); });
    }));
    list.replaceChildren(...found.slice(0, count).map((pair) => el("div", { class: "card" },
      el("div", { class: "chips" }, el("span", { class: "chip" }, names[pair.kind]), el("span", { class: "muted" }, `${visible(pair.source)} · difficulty ${pair.difficulty ?? "?"} · reference ${visible(pair.reference)}`)),
      el("p", { class: "question" }, visible(pair.prompt)),
      el("div", { class: "two" }, ...pair.texts.map((text, side) => el("div", {}, el("div", { class: "chips" }, el("b", {}, `${side ? "after" : "before"}`), el("span", { class: "muted" }, run.pair.stages[side]),
        outcomeChip({ c: "correct", u: "undecided" }[pair.outcomes[side][0]] || "wrong"), dots(pair.outcomes[side])), response(text)))))));
    if (!found.length) empty(list, "No problem of this kind.");
    if (found.length > count) list.append(pressable(`Show more (${found.length - count} left)`, false, () => { count += 10; show(); }));
  };
  node.append(bar, list);
  show();
}

function showHealth() {
  const node = section("health", "Is the run healthy?", "What `aha doctor` says, then the curves behind it.", "Health");
  node.append(el("ul", { class: "findings" }, ...run.findings.map((finding) => el("li", {}, el("span", { class: "mark " + finding.level, title: finding.level }, finding.mark),
    el("span", {}, visible(finding.sentence) + " ", finding.cure ? el("span", { class: "cure" }, "→ " + visible(finding.cure)) : "")))));
  const grid = el("div", { class: "grid three" });
  if (stage) stage.health.forEach((spec) => addChart(grid, spec, stage.tokens));
  node.append(grid);
}

function flat(value, prefix, rows) {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) for (const [key, item] of Object.entries(value)) flat(item, prefix ? `${prefix}.${key}` : key, rows);
  else rows.push([prefix, Array.isArray(value) ? JSON.stringify(value) : String(value ?? "none")]);
  return rows;
}
function facts(value) { return el("dl", { class: "facts" }, ...flat(value, "", []).flatMap(([key, text]) => [el("dt", {}, visible(key)), el("dd", {}, visible(text))])); }

function showSettings() {
  const node = section("settings", "Settings", "What was run, and on what. Values that look like secrets are hidden.");
  const blocks = [...run.settings.map((block) => [block.name === "run" ? "Run" : `Stage ${block.name}`, block.settings]), ["Environment", run.environment],
    ...Object.entries(run.results).map(([name, value]) => [`Result of ${name}`, value])];
  node.append(el("div", { class: "stack" }, ...blocks.map(([title, value]) => el("details", { class: "card" }, el("summary", {}, el("b", {}, visible(title))),
    value && Object.keys(value).length ? facts(value) : el("p", { class: "empty" }, "Not recorded.")))));
}

function build() {
  charts.length = 0;
  content.replaceChildren();
  nav.replaceChildren();
  run.unread.forEach((sentence) => content.append(el("p", { class: "note" }, visible(sentence))));
  const whole = run.graph.boxes.filter((box) => box.state !== "outside").length > 2;
  if (whole) showGraph();
  showTiles();
  if (whole) [showStageTable, showLineage, showCosts].forEach((show) => show());
  showData();
  showScorers();
  showFigures();
  showEvaluations();
  showCharts("rewards", "What is rewarded", "Points for each response, in total and by grader: what is not among the parts was not paid for.", stage ? stage.rewards : [], false, "Rewards");
  showReflection();
  showDifficulty();
  showPairs();
  showHealth();
  showVerdicts();
  showBrowser();
  if (!whole) [showLineage, showCosts].forEach((show) => show());
  showSettings();
  charts.forEach(drawChart);
}
