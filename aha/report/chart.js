"use strict";
// Line and stacked-area charts as SVG. Every text reaches the page through a text node.

const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "", "2 4", "8 4", "10 3 2 3", "4 3"];
const NOISY = 60; // longer curves are drawn faint, with a moving average over them
const charts = [];
let overTokens = false;

function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function shape(tag, attributes, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== "") node.setAttribute(name, String(value));
  if (text !== undefined) node.textContent = text;
  return node;
}

function short(value) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1e9) return trim((value / 1e9).toPrecision(3)) + " B";
  if (size >= 1e6) return trim((value / 1e6).toPrecision(3)) + " M";
  if (size >= 1e4) return trim((value / 1e3).toPrecision(3)) + " k";
  if (size < 1e-3) return value.toExponential(1).replace("e-", "e−");
  return trim(value.toPrecision(3));
}
function trim(text) { return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : String(Number(text)); }
function inUnit(value, unit) {
  if (value === null || value === undefined) return "–";
  return unit === "percent" ? trim((100 * value).toPrecision(3)) + "\u00a0%" : short(value) + (unit ? " " + unit : "");
}

function niceTicks(low, high, count) {
  const raw = (high - low || 1) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999);
  const ticks = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-6; index++) ticks.push(Number((index * step).toPrecision(10)));
  return ticks;
}

function smoothed(values) {
  const reach = Math.max(1, Math.round(values.length / 40));
  return values.map((_, index) => {
    const near = values.slice(Math.max(0, index - reach), index + reach + 1);
    return near.reduce((sum, value) => sum + value, 0) / near.length;
  });
}

function positions(spec, tokens) {
  const place = new Map(tokens.steps.map((step, index) => [step, tokens.values[index]]));
  const known = overTokens && !spec.labels && tokens.values.some((value) => value > 0);
  return { byTokens: known, of: (step) => (known ? place.get(step) ?? null : step) };
}

function domainY(spec, stacked) {
  const values = stacked ? stacked.flat() : spec.series.flatMap((one) => [...one.y, ...(one.low || []), ...(one.high || [])]).filter((v) => v !== null);
  let low = Math.min(0, ...values), high = Math.max(...values);
  if (spec.unit === "percent" && high > 0.6 && high <= 1) high = 1;
  if (high === low) high = low + (spec.unit === "percent" ? 0.01 : 1);
  const step = niceTicks(low, high, 5), size = step.length > 1 ? step[1] - step[0] : high - low;
  return [low < 0 ? Math.floor(low / size + 1e-9) * size : 0, Math.ceil(high / size - 1e-9) * size];
}

function addChart(parent, spec, tokens) {
  const card = el("figure", { class: "card chart" });
  card.style.margin = "0";
  card.append(el("h3", {}, spec.title));
  parent.append(card);
  if (spec.missing) { card.append(el("p", { class: "empty" }, spec.missing)); return; }
  const legend = el("div", { class: "legend" });
  spec.series.forEach((one, index) => {
    const key = shape("svg", { viewBox: "0 0 22 8", "aria-hidden": "true" });
    key.append(spec.stacked ? shape("rect", { x: 4, y: 0, width: 12, height: 8, rx: 2, class: `area f${index % 6}` })
      : shape("path", { d: "M1 4H21", class: `line s${index % 6}`, "stroke-dasharray": DASHES[index % 6] }));
    legend.append(el("span", {}, key, one.label));
  });
  const holder = el("div", { class: "chart" });
  card.append(legend, holder);
  const noisy = !spec.stacked && spec.series.some((one) => one.x.length > NOISY) ? " Faint: each round. Strong: moving average." : "";
  if (spec.caption || noisy) card.append(el("figcaption", { class: "caption" }, spec.caption + noisy));
  const chart = { holder, spec, tokens, width: 0 };
  charts.push(chart);
  new ResizeObserver(() => { if (Math.abs(holder.clientWidth - chart.width) > 1) drawChart(chart); }).observe(holder);
}

function drawChart(chart) {
  const { holder, spec, tokens } = chart, width = holder.clientWidth;
  chart.width = width;
  if (width < 60) return;
  const height = Math.round(Math.max(190, Math.min(270, width * 0.52))), at = positions(spec, tokens);
  const series = spec.series.map((one) => ({ ...one, px: one.x.map(at.of) }));
  const stacked = spec.stacked ? stack(series) : null;
  const allX = series.flatMap((one) => one.px).filter((x) => x !== null);
  const [lowY, highY] = domainY(spec, stacked), lowX = Math.min(...allX), highX = Math.max(...allX);
  const ticksY = niceTicks(lowY, highY, 5), labelOf = (value) => (spec.unit === "percent" ? `${trim((100 * value).toPrecision(3))}` : short(value));
  const left = 14 + 6.6 * Math.max(...ticksY.map((tick) => labelOf(tick).length)), box = { left, right: width - 10, top: 22, bottom: height - 36 };
  const pad = spec.labels ? 0.35 : 0, spanX = highX - lowX + 2 * pad || 1;
  const X = (x) => box.left + ((x - lowX + pad) / spanX) * (box.right - box.left), Y = (y) => box.bottom - ((y - lowY) / (highY - lowY)) * (box.bottom - box.top);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": describe(spec) });
  drawAxes(svg, { spec, box, X, Y, ticksY, labelOf, lowX, highX, byTokens: at.byTokens, width, height });
  if (stacked) drawAreas(svg, series, stacked, X, Y);
  else series.forEach((one, index) => drawSeries(svg, one, index, X, Y));
  const cursor = shape("line", { class: "cursor", y1: box.top, y2: box.bottom, visibility: "hidden" }), tip = el("div", { class: "tip" });
  svg.append(cursor);
  holder.replaceChildren(svg, tip);
  addTooltip({ svg, tip, cursor, series, spec, X, box, width });
}

function describe(spec) {
  const ends = spec.series.map((one) => `${one.label} from ${inUnit(one.y[0], spec.unit)} to ${inUnit(one.y[one.y.length - 1], spec.unit)}`);
  return `${spec.title}: ${ends.join("; ")}`;
}

function drawAxes(svg, { spec, box, X, Y, ticksY, labelOf, lowX, highX, byTokens, width, height }) {
  for (const tick of ticksY) {
    svg.append(shape("line", { class: tick === 0 ? "axis" : "gridline", x1: box.left, x2: box.right, y1: Y(tick), y2: Y(tick) }));
    svg.append(shape("text", { x: box.left - 7, y: Y(tick) + 4, "text-anchor": "end" }, labelOf(tick)));
  }
  svg.append(shape("text", { x: box.left, y: 10 }, spec.unit === "percent" ? "%" : spec.unit));
  const ticksX = spec.labels ? spec.labels.map((_, index) => index) : niceTicks(lowX, highX, Math.max(2, Math.floor(width / 90))).filter((x) => byTokens || Number.isInteger(x));
  for (const tick of ticksX) {
    svg.append(shape("line", { class: "axis", x1: X(tick), x2: X(tick), y1: box.bottom, y2: box.bottom + 4 }));
    svg.append(shape("text", { x: X(tick), y: box.bottom + 17, "text-anchor": "middle" }, spec.labels ? spec.labels[tick] : short(tick)));
  }
  svg.append(shape("text", { x: box.right, y: height - 3, "text-anchor": "end" }, spec.x_label || (byTokens ? "trained tokens" : spec.step || "round")));
}

function drawSeries(svg, one, index, X, Y) {
  const points = one.px.map((x, i) => [x, one.y[i], i]).filter(([x, y]) => x !== null && y !== null), color = index % 6;
  const path = (list) => list.map(([x, y], i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join("");
  if (one.low) {
    const up = points.map(([x, , i]) => [x, one.high[i]]), down = points.map(([x, , i]) => [x, one.low[i]]).reverse();
    svg.append(shape("path", { class: `band f${color}`, d: path([...up, ...down]) + "Z" }));
  }
  const noisy = points.length > NOISY;
  if (noisy) svg.append(shape("path", { class: `line faint s${color}`, d: path(points) }));
  const even = noisy ? smoothed(points.map(([, y]) => y)) : null;
  svg.append(shape("path", { class: `line s${color}`, d: path(even ? points.map(([x], i) => [x, even[i]]) : points), "stroke-dasharray": DASHES[color] }));
  if (points.length <= 24) for (const [x, y] of points) svg.append(shape("circle", { class: `f${color}`, cx: X(x), cy: Y(y), r: 2.8 }));
}

function stack(series) {
  const base = series[0].y.map(() => 0);
  return series.map((one) => one.y.map((y, index) => (base[index] += y || 0)));
}

function drawAreas(svg, series, tops, X, Y) {
  series.forEach((one, index) => {
    const lower = index ? tops[index - 1] : one.y.map(() => 0);
    const points = [...one.px.map((x, i) => [x, tops[index][i]]), ...one.px.map((x, i) => [x, lower[i]]).reverse()];
    svg.append(shape("path", { class: `area f${index % 6}`, d: points.map(([x, y], i) => `${i ? "L" : "M"}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join("") + "Z" }));
  });
}

function addTooltip({ svg, tip, cursor, series, spec, X, box, width }) {
  const hide = () => { tip.style.visibility = "hidden"; cursor.setAttribute("visibility", "hidden"); };
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("pointermove", (event) => {
    const mouse = event.clientX - svg.getBoundingClientRect().left;
    let best = null;
    for (const one of series) one.px.forEach((x, i) => { if (x !== null && (best === null || Math.abs(X(x) - mouse) < Math.abs(X(best.x) - mouse))) best = { x, step: one.x[i] }; });
    if (best === null) return;
    const head = spec.labels ? `${spec.x_label} ${spec.labels[best.step]}` : `${spec.step || "round"} ${best.step}` + (overTokens && best.x !== best.step ? ` · ${short(best.x)} tokens` : "");
    const rows = series.filter((one) => one.x.includes(best.step)).map((one) => {
      const i = one.x.indexOf(best.step), range = one.low ? ` [${inUnit(one.low[i], spec.unit)} – ${inUnit(one.high[i], spec.unit)}]` : "";
      return el("div", {}, `${one.label}: `, el("b", {}, inUnit(one.y[i], spec.unit)), range);
    });
    tip.replaceChildren(el("div", { class: "muted" }, head), ...rows);
    cursor.setAttribute("x1", X(best.x)); cursor.setAttribute("x2", X(best.x)); cursor.setAttribute("visibility", "visible");
    tip.style.visibility = "visible";
    const room = X(best.x) + 12 + tip.offsetWidth < width;
    tip.style.left = `${Math.max(0, room ? X(best.x) + 12 : X(best.x) - 12 - tip.offsetWidth)}px`;
    tip.style.top = `${box.top}px`;
  });
}

function redrawAll() { charts.filter((chart) => chart.holder.isConnected).forEach(drawChart); }
