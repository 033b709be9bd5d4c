"use strict";
// Everything that comes out of the cluster is put into the page as text, never as markup.
(() => {
  const { workloads, said, why, practices } = JSON.parse(document.getElementById("data").textContent);
  const PAGE = 200;
  const COLUMNS = [["namespace", 0], ["kind", 1], ["name", 2], ["pods", 3], ["open", 4], ["hardened by", 5], ["looked at by", 6]];
  const by = (id) => document.getElementById(id);
  const make = (name, text, kind) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };
  const fields = ["q", "ns", "practice", "state"];
  const state = { sort: "open", dir: "desc", shown: PAGE };
  const opened = new Set();

  for (const name of [...new Set(workloads.map((one) => one[0]))]) by("ns").append(make("option", name));
  practices.forEach((name, at) => {
    const option = make("option", `${at + 1} ${name}`);
    option.value = String(at + 1);
    by("practice").append(option);
  });

  const head = by("workloads").tHead.insertRow();
  for (const [name] of COLUMNS) {
    const cell = make("th");
    cell.scope = "col";
    const button = make("button", name);
    button.type = "button";
    button.dataset.sort = name;
    button.addEventListener("click", () => {
      const same = state.sort === name;
      state.dir = same && state.dir === "desc" ? "asc" : same ? "desc" : name === "pods" || name === "open" ? "desc" : "asc";
      state.sort = name;
      write();
    });
    cell.append(button);
    head.append(cell);
  }

  const texts = said.map((entries) => entries.map((entry) => entry.slice(0, 6).join(" ")).join(" ").toLowerCase());
  function matches(one) {
    const words = by("q").value.toLowerCase().split(/\s+/).filter(Boolean);
    const text = `${one[0]} ${one[1]} ${one[2]} ${texts[one[8]]}`.toLowerCase();
    const practice = Number(by("practice").value);
    const cells = practice ? [one[7][practice - 1]] : one[7].slice(1);
    const wanted = (cell) => by("state").value ? cell === by("state").value : !practice || cell !== "met";
    return words.every((word) => text.includes(word))
      && (!by("ns").value || one[0] === by("ns").value)
      && cells.some(wanted);
  }
  function compare(a, b) {
    const at = (COLUMNS.find(([name]) => name === state.sort) || COLUMNS[4])[1];
    const less = a[at] < b[at] ? -1 : a[at] > b[at] ? 1 : 0;
    return state.dir === "desc" ? -less : less;
  }

  const SIGNS = { missing: "+ ", superfluous: "- ", unsafe: "! ", "stepped-back": "~ ", excepted: "~ ", met: "= " };
  function details(one) {
    const cell = make("td");
    cell.colSpan = COLUMNS.length;
    if (one[9].length) cell.append(make("p", `Open: ${one[9].join(", ")}${one[4] > one[9].length ? ", ..." : ""}`));
    if (!said[one[8]].length) cell.append(make("p", "Its author left nothing out."));
    const rules = [...new Set(said[one[8]].map((entry) => entry[0]))];
    for (const rule of rules) {
      for (const [, container, kind, field, value, words, idle] of said[one[8]].filter((entry) => entry[0] === rule)) {
        const place = container ? `containers[${container}].` : "";
        const text = kind === "stepped-back" ? `${container || "(pod)"}: ${rule} steps back: ${words}`
          : kind === "excepted" ? `${container || "(pod)"}: ${rule} is excepted (${value}): ${words}${idle ? "; without it the rule would leave all as it is" : ""}`
          : `${place}${field}: ${value}${kind === "unsafe" ? "   # as written" : ""}`;
        cell.append(make("pre", SIGNS[kind] + text, kind === "missing" ? "plus" : kind === "superfluous" || kind === "unsafe" ? "minus" : ""));
      }
      cell.append(make("p", `${rule}: ${why[rule] || ""}`, "why"));
    }
    const row = make("tr", undefined, "details");
    row.append(cell);
    return row;
  }

  function draw() {
    const found = workloads.filter(matches).sort(compare);
    by("count").textContent = `${found.length} of ${workloads.length}`;
    for (const cell of head.cells) {
      const name = cell.firstChild.dataset.sort;
      cell.ariaSort = name === state.sort ? (state.dir === "desc" ? "descending" : "ascending") : "none";
      cell.firstChild.textContent = name + (name === state.sort ? (state.dir === "desc" ? " ↓" : " ↑") : "");
    }
    const body = make("tbody");
    for (const one of found.slice(0, state.shown)) {
      const row = body.insertRow();
      COLUMNS.forEach(([name, at]) => {
        const cell = row.insertCell();
        if (name !== "name") {
          cell.textContent = one[at];
          if (name === "pods" || name === "open") cell.className = "n";
          return;
        }
        const button = make("button", one[at]);
        button.type = "button";
        button.ariaExpanded = String(opened.has(one));
        button.addEventListener("click", () => {
          const open = !opened.delete(one);
          if (open) { opened.add(one); row.after(details(one)); } else row.nextSibling.remove();
          button.ariaExpanded = String(open);
        });
        cell.append(button);
      });
      row.cells[4].className = `n ${one[4] ? "c-open" : ""}`;
      if (opened.has(one)) body.append(details(one));
    }
    by("workloads").tBodies[0].replaceWith(body);
    by("more").hidden = found.length <= state.shown;
  }

  // What is chosen is in the address, so that it can be passed on.
  function write() {
    const chosen = new URLSearchParams();
    for (const field of fields) if (by(field).value) chosen.set(field, by(field).value);
    chosen.set("sort", state.sort);
    chosen.set("dir", state.dir);
    history.replaceState(null, "", `#${chosen}`);
    draw();
  }
  function read() {
    const chosen = new URLSearchParams(location.hash.slice(1));
    for (const field of fields) by(field).value = chosen.get(field) || "";
    state.sort = chosen.get("sort") || state.sort;
    state.dir = chosen.get("dir") || state.dir;
    state.shown = PAGE;
    draw();
    if (chosen.get("details") === "first") by("workloads").tBodies[0].querySelector("button")?.click();
  }
  by("filter").addEventListener("input", () => { state.shown = PAGE; write(); });
  by("filter").addEventListener("submit", (event) => event.preventDefault());
  by("more").addEventListener("click", () => { state.shown += PAGE; draw(); });
  addEventListener("hashchange", read);
  read();
})();
