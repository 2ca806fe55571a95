"use strict";

// policies on and off
const off = new Set();
for (const box of document.querySelectorAll(".switches input")) {
  const show = () => {
    off[box.checked ? "delete" : "add"](box.value);
    for (const part of document.getElementsByClassName(box.value)) part.classList.toggle("off", !box.checked);
  };
  box.addEventListener("change", show);
  show();
}
for (const row of document.querySelectorAll(".switches")) row.hidden = false;

// tables in another order: what is undefined stays last, a third press brings the file's order back
const blank = (cell) => cell.innerText.trim() === "" || cell.innerText.trim() === "—";
const order = (one, two) =>
  "value" in one.dataset && "value" in two.dataset
    ? Number(one.dataset.value) - Number(two.dataset.value)
    : one.textContent.localeCompare(two.textContent, document.documentElement.lang, { numeric: true });
const sorted = (rows, column, sign) =>
  rows.slice().sort((a, b) => {
    const [one, two] = [a.cells[column], b.cells[column]];
    return blank(one) - blank(two) || (blank(one) ? 0 : sign * order(one, two));
  });
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells], filed = [...body.rows];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    // the largest number first, but names from A
    const ways = column ? ["descending", "ascending"] : ["ascending", "descending"];
    button.addEventListener("click", () => {
      const way = ways[ways.indexOf(head.getAttribute("aria-sort")) + 1];
      for (const other of heads) other.removeAttribute("aria-sort");
      if (way) head.setAttribute("aria-sort", way);
      body.append(...(way ? sorted(filed, column, way === "ascending" ? 1 : -1) : filed));
    });
  });
}

// what is wider than its box says so, and on which side
for (const box of document.querySelectorAll(".box")) {
  const inside = box.querySelector(".scroll");
  const look = () => {
    const beyond = inside.scrollWidth - inside.clientWidth;
    box.classList.toggle("over", beyond > 1);
    box.classList.toggle("left", beyond > 1 && inside.scrollLeft > 1);
    box.classList.toggle("right", beyond > 1 && inside.scrollLeft < beyond - 1);
  };
  inside.addEventListener("scroll", look, { passive: true });
  const sizes = new ResizeObserver(look);
  for (const one of [inside, inside.firstElementChild]) sizes.observe(one);
}

// what a figure's marks say: to whoever points at one, taps it, or steps through them with the arrow keys
const reading = document.querySelector(".reading");
const shape = (name, attributes) => {
  const made = document.createElementNS(document.querySelector("svg").namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};
const between = (least, most, number) => Math.max(least, Math.min(most, number));
const cell = (name, main, under) => {
  const made = document.createElement(name);
  made.append(main ?? "");
  if (under) made.appendChild(document.createElement("span")).append(under);
  return made;
};
let silence = () => {};

function readable(scroll) {
  const svg = scroll.querySelector("svg"), marks = svg.appendChild(shape("g", { class: "pointed" }));
  const places = JSON.parse(scroll.dataset.readings).flatMap((panel, number) =>
    panel.readings.map(([head, place, lines]) => ({ panel, number, head, place, lines })));
  const shown = ({ lines }) => lines.filter(([policy]) => policy === null || !off.has(`policy-${policy}`));
  let at = null;

  // the browser's own label would lie over ours
  for (const title of svg.querySelectorAll("title")) title.remove();

  const hide = () => {
    marks.replaceChildren();
    reading.hidden = true;
    at = null;
  };
  const row = ([policy, name, , ...words]) => {
    const box = document.querySelector(`.switches input[value="policy-${policy}"]`);
    const made = document.createElement("tr"), head = cell("th", name);
    head.scope = "row";
    if (box) head.append(box.nextElementSibling.cloneNode(true), box.parentElement.textContent);
    made.append(head, cell("td", words[0], words[1]), cell("td", words[2], words[3]));
    return made;
  };
  const draw = ({ place: [left, top, right, bottom], lines }) => {
    const drawn = right - left || bottom - top
      ? [shape("rect", { x: left, y: top, width: Math.max(right - left, 0.01), height: Math.max(bottom - top, 0.01) })]
      : [shape("circle", { cx: left, cy: top, r: 7 })];
    const dots = lines.filter((line) => line[2] !== null).map((line) => shape("circle", { cx: (left + right) / 2, cy: line[2], r: 3.2 }));
    marks.replaceChildren(...drawn, ...dots);
  };
  // beside the mark where there is room, else above or below it, and always within the window
  const put = (near) => {
    const mark = marks.getBoundingClientRect(), wide = document.documentElement.clientWidth;
    const own = reading.getBoundingClientRect(), beside = [mark.right + 14, mark.left - 14 - own.width];
    const left = beside.find((x) => x >= 8 && x + own.width <= wide - 8);
    const middle = (near ?? (mark.top + mark.bottom) / 2) - own.height / 2;
    const above = mark.top - own.height - 10;
    const top = left !== undefined ? middle : above >= 8 ? above : mark.bottom + 10;
    reading.style.left = `${scrollX + between(8, Math.max(8, wide - own.width - 8), left ?? (mark.left + mark.right - own.width) / 2)}px`;
    reading.style.top = `${scrollY + between(8, Math.max(8, innerHeight - own.height - 8), top)}px`;
  };
  const show = (place, near) => {
    if (at !== place) {
      silence();
      const lines = shown(place).sort((one, two) => one[2] - two[2]);
      const [head, table] = reading.children;
      head.textContent = [place.head, place.panel.quantity].filter(Boolean).join(" · ");
      table.tBodies[0].replaceChildren(...lines.map(row));
      table.classList.toggle("plain", lines.every((line) => line.length < 6));
      at = place;
      silence = hide;
      draw({ ...place, lines });
      reading.hidden = false;
    }
    put(near);
  };

  const nearest = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const away = ([left, top, right, bottom], reach) =>
      Math.max(0, Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom)) - reach);
    const size = ([left, top, right, bottom]) => (right - left) * (bottom - top);
    // a dot is larger than the point it stands for, and goes before the bar it lies on
    const far = ({ place }) => away(place, extended(place) ? 0 : 5);
    const extended = (place) => size(place) || place[0] !== place[2] || place[1] !== place[3];
    return places.filter((place) => !away(place.panel.box, 12) && shown(place).length)
      .sort((one, two) => far(one) - far(two) || size(one.place) - size(two.place))[0];
  };
  const point = (event) => {
    const place = nearest(event);
    if (place) show(place, event.clientY);
    else hide();
  };
  scroll.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") point(event); });
  scroll.addEventListener("click", point);
  scroll.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hide(); });

  const step = (key) => {
    const seen = places.filter((place) => shown(place).length);
    const now = seen.indexOf(at), mine = seen.filter((place) => place.number === at?.number);
    if (key === "ArrowRight") return seen[Math.min(now + 1, seen.length - 1)];
    if (key === "ArrowLeft") return seen[now < 0 ? seen.length - 1 : Math.max(now - 1, 0)];
    if (key === "Home") return at && mine[0];
    if (key === "End") return at && mine.at(-1);
    return null;
  };
  const go = (place) => {
    const [left, , right] = place.place, zoom = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const middle = ((left + right) / 2) * zoom;
    if (middle < scroll.scrollLeft + 24 || middle > scroll.scrollLeft + scroll.clientWidth - 24) scroll.scrollLeft = middle - scroll.clientWidth / 2;
    show(place);
  };
  scroll.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") return hide();
    const place = step(event.key);
    if (!place) return;
    event.preventDefault();
    go(place);
  });
  scroll.addEventListener("focus", () => {
    const first = scroll.matches(":focus-visible") && places.find((place) => shown(place).length);
    if (first) go(first);
  });
  scroll.addEventListener("blur", hide);
}
for (const scroll of document.querySelectorAll("[data-readings]")) readable(scroll);
for (const how of document.querySelectorAll("#reading-how")) how.hidden = false;
document.addEventListener("pointerdown", (event) => { if (!event.target.closest?.("[data-readings]")) silence(); });

// on paper nothing can be opened
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open], .aside)")];
  for (const section of opened) section.open = true;
});
addEventListener("afterprint", () => {
  for (const section of opened) section.open = false;
});
