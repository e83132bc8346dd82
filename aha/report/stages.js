// The run as a whole in tables: the stages beside each other, what came from what, what it cost, what data was kept.

function showStageTable() {
  const found = run.stage_table;
  if (!found.rows.length) return;
  const about = `pass@1 of every evaluated stage, with 95 % intervals over problems. Bold is the best of a column; a dot marks those whose interval reaches it.`;
  const node = section("stages", "Stages beside each other", about, "Stages");
  const heads = ["", ...found.columns.map((column) => column.label)];
  const rows = found.rows.map((row) => [el("span", {}, el("b", {}, visible(row.stage)), row.of ? el("small", {}, ` scores ${visible(row.of)}`) : null, el("small", { class: "range" }, row.kind.replace(/_/g, " "))),
    ...row.cells.map((cell, index) => tableCell(cell, found.columns[index]))]);
  node.append(table(heads, rows));
  if (found.columns.some((column) => !column.score)) node.append(el("p", { class: "caption" }, `Columns that are no score tell of the answers to ${visible(found.looks_of)}.`));
}

function tableCell(cell, column) {
  if (!cell) return el("span", { class: "muted" }, "–");
  const text = column.unit === "percent" ? (100 * cell.value).toFixed(1) : short(cell.value);
  const range = typeof cell.low === "number" ? el("small", { class: "range" }, `${(100 * cell.low).toFixed(1)}–${(100 * cell.high).toFixed(1)}`) : null;
  return el("span", { class: cell.best ? "best" : null }, text, cell.near ? el("span", { class: "near", title: "its interval reaches the best" }, " •") : null, range);
}

function showLineage() {
  if (!run.lineage.length) return;
  const node = section("lineage", "What came from what", "Every model and data set with the start of its hash, what it was made of, and what was counted on the way.", "Lineage");
  const rows = run.lineage.map((row) => [
    el("span", {}, el("b", {}, visible(row.stage)), el("small", { class: "range" }, row.kind.replace(/_/g, " "))),
    el("div", {}, ...row.from.map((each) => el("div", {}, el("span", { class: "muted" }, `${visible(each.key)} `), visible(each.name), each.scripted ? el("span", { class: "chip flag" }, "scripted") : null,
      each.hash && each.hash !== each.name ? el("code", {}, ` ${visible(each.hash)}`) : null))),
    row.what ? el("span", {}, row.what === "scores" && row.hash ? "scores of " : row.what + " ", el("code", {}, visible(row.hash)), row.rows === null ? null : el("small", { class: "range" }, `${short(row.rows)} rows`)) : el("span", { class: "muted" }, "not ended"),
    el("small", {}, visible(row.counts.join("; "))),
  ]);
  node.append(table(["stage", "made of", "left", "counted"], rows));
}

const PHASE_COLORS = 6;
function showCosts() {
  const found = run.costs;
  if (!found.rows.length) return;
  const node = section("costs", "What it cost", "Tokens that a stage's own model sampled, that writers and judges gave, and that were trained on; seconds by phase.", "Cost");
  const longest = Math.max(...found.rows.map((row) => row.total), 1e-9), shades = found.phases.slice(0, PHASE_COLORS - 1);
  const bar = (row) => {
    const svg = shape("svg", { viewBox: "0 0 200 12", class: "costbar", role: "img", "aria-label": `${short(row.total)} seconds` });
    let at = 0;
    [...shades, "other"].forEach((phase, index) => {
      const seconds = phase === "other" ? Object.entries(row.seconds).filter(([name]) => !shades.includes(name)).reduce((sum, [, value]) => sum + value, 0) : row.seconds[phase] || 0;
      svg.append(shape("rect", { x: at, y: 1, width: (200 * seconds) / longest, height: 10, class: `f${index}` }));
      at += (200 * seconds) / longest;
    });
    return svg;
  };
  const count = (value) => (value === null ? "–" : short(value)), time = (seconds) => (seconds < 90 ? `${trim(seconds.toFixed(1))} s` : seconds < 5400 ? `${trim((seconds / 60).toFixed(1))} min` : `${trim((seconds / 3600).toFixed(1))} h`);
  const rows = found.rows.map((row) => [el("span", {}, el("b", {}, visible(row.stage)), el("small", { class: "range" }, row.kind.replace(/_/g, " "))), count(row.sampled), count(row.asked), count(row.trained), time(row.total), bar(row)]);
  rows.push([el("b", {}, "all"), count(found.sums.sampled), count(found.sums.asked), count(found.sums.trained), time(found.sums.total), ""]);
  const legend = el("div", { class: "legend" }, ...[...shades, ...(found.phases.length > shades.length ? ["other"] : [])].map((phase, index) => {
    const key = shape("svg", { viewBox: "0 0 22 8" });
    key.append(shape("rect", { width: 22, height: 8, rx: 2, class: `f${phase === "other" ? shades.length : index}` }));
    return el("span", {}, key, visible(phase));
  }));
  node.append(table(["stage", "sampled tokens", "asked tokens", "trained tokens", "time", "by phase"], rows), legend);
  showScoreCosts(node, count);
}

function showScoreCosts(node, count) {
  const found = run.score_costs;
  if (!found.rows.length) return;
  const amount = (row, name) => el("span", {}, row[name] ? count(row[name]) : "–", row.own && row[name] !== row.own[name] ? el("small", { class: "range" }, `${row.own[name] ? count(row.own[name]) : "none"} here`) : null);
  const rows = found.rows.map((row) => [el("span", {}, el("b", {}, visible(row.stage)), row.way.length > 1 ? el("small", {}, ` after ${row.way.slice(1).map(visible).join(", ")}`) : null, el("small", { class: "range" }, row.kind.replace(/_/g, " "))),
    tableCell(row.score, { unit: "percent" }), amount(row, "trained"), amount(row, "generated"), amount(row, "data")]);
  node.append(el("h3", {}, "What each score cost"), table(["stage", `pass@1 on ${visible(found.benchmark)}, %`, "tokens through the update", "generated tokens", "teacher tokens"], rows),
    el("p", { class: "caption" }, "Tokens that the loss covered; that the model sampled to learn from; that other models sampled for the data it read, rewriting and judging included. Of a model that other stages of this run made before, theirs are in it."));
}

function showData() {
  if (!run.data_sets.length) return;
  const node = section("data", "What was kept, and what was not", "The data that stages made: how many texts each filter took, and some of both kinds.", "Data");
  run.data_sets.forEach((one) => {
    const card = el("div", { class: "card data" });
    card.append(el("div", { class: "chips" }, el("h3", {}, visible(one.stage)), el("span", { class: "chip" }, [one.kind, one.way].filter(Boolean).join(": ").replace(/_/g, " ")),
      one.empty ? el("span", { class: "chip wrong" }, "nothing was left: the run stopped here") : null,
      ...one.scripted.map((key) => el("span", { class: "chip flag" }, `${visible(key)}: scripted`)),
      ...one.numbers.map((each) => el("span", { class: "chip" }, `${visible(each.label)} ${each.count.toLocaleString("en")}`))));
    one.bars.forEach((each) => card.append(el("p", { class: "caption" }, visible(each.title)), bars(each.rows)));
    one.tables.forEach((each) => card.append(el("details", {}, el("summary", {}, visible(each.heads[0])), plainTable(each.heads, each.rows))));
    one.kept_texts.forEach((text) => card.append(fold(["kept: ", ...factTexts(text.facts)].join(""), text.parts)));
    one.dropped_texts.forEach((text) => card.append(fold(`dropped, ${visible(text.rule)}: ${factTexts(text.facts).join("")}`, [{ name: "", text: text.text }])));
    node.append(card);
  });
}
function factTexts(facts) { return [Object.entries(facts).map(([name, value]) => `${name} ${visible(typeof value === "object" ? JSON.stringify(value) : value)}`).join(" · ")]; }
function fold(title, parts) {
  return el("details", {}, el("summary", {}, title), ...parts.flatMap((part) => [part.name ? el("p", { class: "caption" }, visible(part.name)) : null, response(part.text)]));
}
function plainTable(heads, rows) {
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", {}, visible(head))))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell) => el("td", {}, cell === null ? "–" : typeof cell === "number" ? short(cell) : visible(cell))))))));
}
function bars(rules) {
  const most = Math.max(...rules.map((rule) => rule.count));
  return el("div", { class: "bars" }, ...rules.map((rule) => {
    const svg = shape("svg", { viewBox: "0 0 200 10", class: "barline", preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(shape("rect", { width: Math.max(1, (200 * rule.count) / most), height: 10, rx: 2, class: "f1" }));
    return el("div", {}, el("span", {}, visible(rule.label)), svg, el("span", { class: "figure" }, rule.count.toLocaleString("en")));
  }));
}

function showScorers() {
  if (!run.scorers.length) return;
  const node = section("scorers", "Reward models", "How they judge pairs or labels that they were not trained on. The baseline knows nothing of the answers but their length, or how often each label comes.", "Reward models");
  run.scorers.forEach((one) => {
    const card = el("div", { class: "card data" }, el("div", { class: "chips" }, el("h3", {}, visible(one.stage)), el("span", { class: "chip" }, `sees the ${visible(one.sees)}`),
      el("span", { class: "chip" }, visible(one.what))));
    card.append(el("dl", { class: "facts" }, ...one.facts.flatMap((fact) => [el("dt", {}, visible(fact.label)), el("dd", {}, fact.text)])));
    if (one.calibration) { const grid = el("div", { class: "grid" }); addChart(grid, one.calibration, NO_TOKENS); card.append(grid); }
    node.append(card);
  });
}
