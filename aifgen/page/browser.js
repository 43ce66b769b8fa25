"use strict";
/* The browser of rows: reads the data block, filters, searches, shows. Texts only as textContent. */
(() => {
  const $ = (id) => document.getElementById(id);
  const block = $("rows");
  if (!block) return;
  const HEIGHT = 46;
  const FAILED = 1 << 30;
  const list = $("list"), inner = $("inner"), detail = $("detail"), status = $("status");
  const ui = { a: $("f-a"), b: $("f-b"), subset: $("f-subset"), kind: $("f-kind"), text: $("f-text") };
  let data, rows = [], shown = [], at = 0;

  const make = (tag, text, name) => {
    const node = document.createElement(tag);
    if (text !== undefined && text !== null) node.textContent = text;
    if (name) node.className = name;
    return node;
  };
  const option = (select, value, text) => {
    const node = make("option", text);
    node.value = value;
    select.append(node);
  };
  const visible = (text) =>
    text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) => {
      const code = c.charCodeAt(0);
      if (code < 32) return String.fromCharCode(0x2400 + code);
      return code === 127 ? "\u2421" : `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
    });
  const head = (text) => (text === null ? "" : Array.isArray(text) ? text[0] : text);
  const letter = (k) => (k < 26 ? String.fromCharCode(65 + k) : String(k + 1));
  const percent = (x) => (x * 100).toFixed(0) + " %";

  async function unpacked() {
    if (!("packed" in block.dataset)) return JSON.parse(block.textContent);
    const bytes = Uint8Array.from(atob(block.textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  /* Codes: one character a judge, then the reference: "0" and up a class, "/" failed, "." absent. */
  const bit = (code) => (code === 46 ? 0 : code === 47 ? FAILED : 1 << Math.min(code - 48, 29));
  function mask(codes, which, but) {
    const judges = data.judges.length;
    if (which >= 0) return bit(codes.charCodeAt(which));
    let found = 0;
    for (let k = 0; k < (which === -2 ? judges + 1 : judges); k++)
      if (k !== but) found |= bit(codes.charCodeAt(k));
    return found;
  }
  const TIE = () => (data.kind === "pair" ? 4 : 0);
  function differ(one, two, kind) {
    const sides = ~(FAILED | TIE());
    const x = one & sides, y = two & sides;
    const flipped = x && y && (x !== y || (x & (x - 1)) !== 0);
    const tie = (one & TIE() && y) || (two & TIE() && x);
    const failed = (one & FAILED && two & ~FAILED) || (two & FAILED && one & ~FAILED);
    if (kind === "flipped") return Boolean(flipped);
    if (kind === "tie") return Boolean(tie);
    if (kind === "failure") return Boolean(failed);
    return Boolean(flipped || tie || failed);
  }

  function filter() {
    const start = performance.now();
    const a = Number(ui.a.value), b = Number(ui.b.value);
    const subset = Number(ui.subset.value), kind = ui.kind.value;
    const words = ui.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = [];
    for (let k = 0; k < rows.length; k++) {
      const row = rows[k];
      if (subset >= 0 && row.subset !== subset) continue;
      if (!row.codes.some((c) => differ(mask(c, a, b), mask(c, b, a), kind))) continue;
      if (words.length && !words.every((w) => row.low.includes(w))) continue;
      shown.push(k);
    }
    at = 0;
    inner.style.height = shown.length * HEIGHT + "px";
    list.scrollTop = 0;
    draw();
    open();
    status.textContent = `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
    list.dataset.ms = (performance.now() - start).toFixed(1);
  }

  function draw() {
    const first = Math.max(0, Math.floor(list.scrollTop / HEIGHT) - 6);
    const last = Math.min(shown.length, first + Math.ceil(list.clientHeight / HEIGHT) + 12);
    const nodes = [];
    for (let k = first; k < last; k++) {
      const row = rows[shown[k]];
      const node = make("div", null, k === at ? "row on" : "row");
      node.id = "row-" + k;
      node.style.top = k * HEIGHT + "px";
      node.setAttribute("role", "option");
      node.setAttribute("aria-selected", String(k === at));
      node.setAttribute("aria-posinset", String(k + 1));
      node.setAttribute("aria-setsize", String(shown.length));
      node.dataset.k = String(k);
      const line = make("div", visible(row.line || "(no prompt)"), "line");
      line.dir = "auto";
      const small = make("div", null, "small");
      small.append(make("span", row.about), make("span", visible(row.id), "id"));
      node.append(line, small);
      nodes.push(node);
    }
    inner.replaceChildren(...nodes);
    if (shown.length) list.setAttribute("aria-activedescendant", "row-" + at);
    else list.removeAttribute("aria-activedescendant");
  }

  function textOf(text, name) {
    const node = make("div", null, "text " + (name || ""));
    node.dir = "auto";
    if (text === null) {
      node.append(make("span", "text not known", "missing"));
      return node;
    }
    node.append(document.createTextNode(visible(head(text))));
    if (Array.isArray(text))
      node.append(make("span", ` … ${text[1].toLocaleString("en")} more characters are not in this file`, "missing"));
    return node;
  }

  function verdictOf(code, unit) {
    if (code === 46) return "–";
    if (code === 47) return "no verdict";
    const name = data.classes[code - 48];
    if (data.kind !== "pair") return name;
    return name === "tie" ? "tie" : letter(unit[code - 48]);
  }

  function table(heads, lines) {
    const box = make("div", null, "box"), node = make("table");
    const top = make("tr");
    heads.forEach((text) => top.append(make("th", text, "t")));
    node.append(make("thead"), make("tbody"));
    node.tHead.append(top);
    for (const cells of lines) {
      const line = make("tr");
      cells.forEach((cell, k) => {
        const td = make(k ? "td" : "th", cell instanceof Node ? null : cell, "t");
        if (cell instanceof Node) td.append(cell);
        line.append(td);
      });
      node.tBodies[0].append(line);
    }
    box.append(node);
    return box;
  }

  function open() {
    detail.replaceChildren();
    if (!shown.length) {
      detail.append(make("p", "No row fits these filters.", "note"));
      return;
    }
    const row = rows[shown[at]];
    const [id, , share, spread, units, codes, people, prompt, responses, said] = row.all;
    const about = [`Row ${(at + 1).toLocaleString("en")} of ${shown.length.toLocaleString("en")}`, visible(id)];
    if (row.subset >= 0) about.push(visible(data.subsets[row.subset]));
    about.push(`${percent(share)} of the pairs of judges disagree`);
    if (spread !== null) about.push(`ratings spread over ${percent(spread)} of the scale`);
    detail.append(make("p", about.join(" · "), "note"));
    detail.append(make("h3", "Prompt"), textOf(prompt, "prompt"));
    const sides = make("div", null, "sides");
    responses.forEach(([who, text], k) => {
      const side = make("div");
      const name = visible(data.generators[who] || "");
      const title = responses.length > 1 ? `Response ${letter(k)}` : "Response";
      const h = make("h3", title);
      if (name) h.append(make("span", " " + name, "who"));
      side.append(h, textOf(text));
      sides.append(side);
    });
    detail.append(sides, make("h3", "Verdicts"));
    const names = units.map((u) => (units.length > 1 ? u.map(letter).join(" or ") : "verdict"));
    const lines = [];
    const judges = data.judges.length;
    if (data.reference && codes.some((c) => c.charCodeAt(judges) !== 46))
      lines.push([data.reference === "gold" ? "gold" : "most people",
        ...codes.map((c, u) => verdictOf(c.charCodeAt(judges), units[u]))]);
    if (people.some((c) => /[^.]/.test(c)))
      lines.push(["people", ...people.map((c, u) =>
        [...c].filter((x) => x !== ".").map((x) => verdictOf(x.charCodeAt(0), units[u])).join(", "))]);
    data.judges.forEach((name, j) => {
      if (codes.some((c) => c.charCodeAt(j) !== 46))
        lines.push([visible(name), ...codes.map((c, u) => verdictOf(c.charCodeAt(j), units[u]))]);
    });
    detail.append(table(["judge", ...names], lines));
    const wrote = said.filter((s) => head(s[4]) || s[2] || (s[3] && s[3].length > 1));
    if (wrote.length) detail.append(make("h3", "What they wrote"));
    for (const [who, verdict, ratings, order, words, state] of wrote) {
      const about = [];
      if (verdict !== null) about.push(visible(verdict));
      if (state && state !== "ok") about.push(visible(state));
      if (ratings) about.push("ratings " + ratings.map((r) => (r === null ? "–" : r)).join(", "));
      if (order && order.length > 1) about.push("shown as " + order.map(letter).join(", "));
      const title = make("p", null, "by");
      title.append(make("b", visible(typeof who === "number" ? data.judges[who] : who)),
        make("span", " " + about.join(" · "), "who"));
      detail.append(title);
      if (head(words)) detail.append(textOf(words, "words"));
    }
    detail.scrollTop = 0;
  }

  function go(k) {
    if (!shown.length) return;
    at = Math.max(0, Math.min(shown.length - 1, k));
    const top = at * HEIGHT, room = list.clientHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + HEIGHT > list.scrollTop + room) list.scrollTop = top + HEIGHT - room;
    draw();
    open();
  }

  list.addEventListener("scroll", draw, { passive: true });
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-k]");
    if (row) go(Number(row.dataset.k));
  });
  list.addEventListener("keydown", (event) => {
    const page = Math.max(1, Math.floor(list.clientHeight / HEIGHT) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1, PageDown: page, PageUp: -page,
      Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    go(at + step);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      ui.text.focus();
    } else if (event.key === "Escape" && document.activeElement === ui.text) {
      ui.text.value = "";
      filter();
      list.focus();
    }
  });
  for (const name of ["a", "b", "subset", "kind"]) ui[name].addEventListener("change", filter);
  ui.text.addEventListener("input", filter);
  window.addEventListener("resize", draw);

  unpacked().then((found) => {
    data = found;
    rows = data.rows.map((all) => {
      const texts = [all[0], head(all[7]), ...all[8].map((r) => head(r[1]))];
      return {
        all, id: all[0], subset: all[1], codes: all[5],
        line: head(all[7]).slice(0, 160).replace(/\s+/g, " "),
        about: `${percent(all[2])} disagree` + (all[3] === null ? "" : `, spread ${percent(all[3])}`),
        low: texts.join("\n").toLowerCase(),
      };
    });
    option(ui.a, -1, "any judge");
    if (data.reference) option(ui.b, -2, `any judge or ${data.reference}`);
    option(ui.b, -1, "any other judge");
    if (data.reference) option(ui.b, data.judges.length, data.reference);
    data.judges.forEach((name, k) => {
      option(ui.a, k, visible(name));
      option(ui.b, k, visible(name));
    });
    option(ui.subset, -1, "all subsets");
    data.subsets.forEach((name, k) => option(ui.subset, k, visible(name)));
    ui.subset.parentElement.hidden = data.subsets.length < 2;
    ui.kind.querySelector("[value=tie]").hidden = data.kind !== "pair";
    filter();
  }).catch(() => {
    status.textContent = "This browser cannot unpack the rows; a newer one can.";
  });
})();
