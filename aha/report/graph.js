// The graph of the run as one picture: a box a stage, arrows by what each reads. Drawn in the units of the page's text.

const BOX = { width: 214, height: 86, row: 118 };
const FLOWS = { model: "model", data: "data", scorer: "reward model", writer: "writes or judges" };

function arrowPath(arrow, from, to) {
  const middle = (box) => box.x * BOX.width, points = [[middle(from), from.row * BOX.row + BOX.height]];
  arrow.bends.forEach((x, index) => { const top = (from.row + 1 + index) * BOX.row; points.push([x * BOX.width, top - 8], [x * BOX.width, top + BOX.height + 8]); });
  points.push([middle(to), to.row * BOX.row - 5]);
  let path = `M${points[0].join(" ")}`;
  for (let index = 1; index < points.length; index++) {
    const [x0, y0] = points[index - 1], [x1, y1] = points[index], half = (y0 + y1) / 2;
    path += x0 === x1 ? `L${x1} ${y1}` : `C${x0} ${half} ${x1} ${half} ${x1} ${y1}`;
  }
  return path;
}

function arrowHead(flow) {
  const marker = shape("marker", { id: `head-${flow}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
  marker.append(shape("path", { d: "M0 0L8 4L0 8z", class: `tip-${flow}` }));
  return marker;
}

function clipped(text, most) { const shown = visible(text); return shown.length > most ? shown.slice(0, most - 1) + "…" : shown; }

function stageBox(box) {
  const left = box.x * BOX.width - BOX.width / 2, top = box.row * BOX.row, outside = box.state === "outside";
  const group = shape("g", { class: `stage ${box.state} kind-${box.kind}`, transform: `translate(${left} ${top})` });
  const height = outside ? 38 : BOX.height, lift = outside ? BOX.height - height : 0;
  group.append(shape("title", {}, visible([box.name, box.kind, ...box.lines, ...box.notes].join("\n"))));
  group.append(shape("rect", { x: 1, y: lift, width: BOX.width - 2, height, rx: outside ? 20 : 9 }));
  if (outside) {
    group.append(shape("text", { x: BOX.width / 2, y: lift + 24, "text-anchor": "middle", class: "headline" }, clipped(box.name, 28)));
    return group;
  }
  group.append(shape("text", { x: 12, y: 21, class: "title" }, clipped(box.name, 18)), shape("text", { x: BOX.width - 12, y: 21, "text-anchor": "end", class: "kind" }, box.kind.replace(/_/g, " ")));
  box.lines.slice(0, 2).forEach((line, index) => group.append(shape("text", { x: 12, y: 42 + 17 * index, class: index ? "second" : "headline" }, clipped(line, index ? 33 : 26))));
  if (box.notes.length) {
    const scripted = box.notes.some((note) => /\bscripted\b/.test(note)), text = clipped(box.notes.join(", "), 32);
    group.append(shape("text", { x: 12, y: 42 + 17 * Math.max(1, Math.min(2, box.lines.length)), class: scripted ? "note-scripted" : "second" }, text));
  }
  return group;
}

function showGraph() {
  const graph = run.graph;
  if (graph.boxes.length < 2) return;
  const node = section("run", "The run", "What was made from what. A box is a stage with its result; arrows are what it read.", "The run");
  const right = Math.max(...graph.boxes.map((box) => box.x), ...graph.arrows.flatMap((arrow) => arrow.bends)) * BOX.width + BOX.width / 2, bottom = (graph.rows - 1) * BOX.row + BOX.height + 4;
  const svg = shape("svg", { viewBox: `0 0 ${Math.ceil(right)} ${bottom}`, class: "graph", role: "img", "aria-label": "Graph of the run's stages" });
  svg.style.maxWidth = `${Math.ceil(right)}px`;
  const heads = shape("defs", {});
  Object.keys(FLOWS).forEach((flow) => heads.append(arrowHead(flow)));
  svg.append(heads);
  const by = new Map(graph.boxes.map((box) => [box.id, box]));
  graph.arrows.forEach((arrow) => svg.append(shape("path", { d: arrowPath(arrow, by.get(arrow.from), by.get(arrow.to)), class: `arrow flow-${arrow.flow}`, "marker-end": `url(#head-${arrow.flow})` })));
  graph.boxes.forEach((box) => svg.append(stageBox(box)));
  const used = new Set(graph.arrows.map((arrow) => arrow.flow)), legend = el("div", { class: "legend" });
  Object.entries(FLOWS).filter(([flow]) => used.has(flow)).forEach(([flow, label]) => {
    const key = shape("svg", { viewBox: "0 0 22 8" });
    key.append(shape("path", { d: "M0 4H22", class: `arrow flow-${flow}` }));
    legend.append(el("span", {}, key, label));
  });
  node.append(el("div", { class: "card scroll" }, legend, svg));
  const scripted = Object.entries(run.scripted);
  if (scripted.length) node.append(el("p", { class: "note" }, "In " + scripted.map(([name, keys]) => `${visible(name)} (${keys.map(visible).join(", ")})`).join(", ")
    + ", `scripted` stood in for a model that writes or judges: it knows the lab's own rules, and one of its answers in ten is wrong on purpose."));
}
