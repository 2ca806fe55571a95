"use strict";

// policies on and off
for (const box of document.querySelectorAll(".switches input")) {
  const show = () => {
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

// on paper nothing can be opened
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open], .aside)")];
  for (const section of opened) section.open = true;
});
addEventListener("afterprint", () => {
  for (const section of opened) section.open = false;
});
