
"use strict";
{
  const form = document.getElementById("filters");
  const body = document.querySelector("tbody");
  const rows = [...body.rows];
  const places = new Map(rows.map((row, index) => [row, index]));
  const heads = [...document.querySelectorAll("thead th")];
  const field = (name) => form.elements.namedItem(name);
  const byNumber = (a, b) => (a === "") - (b === "") || a - b;
  const byText = (a, b) => (a < b ? -1 : a > b);
  const reversed = () => field("reverse").getAttribute("aria-pressed") === "true";

  const filter = () => {
    const [program, state] = [field("program").value, field("state").value];
    const name = field("name").value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const isState = state === "!" ? row.classList.contains("bad") : !state || row.dataset.state === state;
      const fits = isState && (!program || row.dataset.program === program);
      row.hidden = !fits || !row.id.toLowerCase().includes(name);
      shown += !row.hidden;
    }
    field("count").value = `${shown} of ${rows.length} shown`;
  };

  const sort = () => {
    const at = field("sort").value === "" ? -1 : Number(field("sort").value);
    const sign = reversed() ? -1 : 1;
    const place = (row) => places.get(row);
    const compare = (a, b) => {
      if (at < 0) return place(a) - place(b);
      const [one, other] = [a, b].map((row) => row.cells[at].dataset.sort);
      return heads[at].classList.contains("number") ? byNumber(one, other) : byText(one, other);
    };
    body.append(...rows.sort((a, b) => sign * compare(a, b) || place(a) - place(b)));
    heads.forEach((head, index) => {
      head.ariaSort = index !== at ? "none" : reversed() ? "descending" : "ascending";
    });
  };

  const reverse = (on) => field("reverse").setAttribute("aria-pressed", String(on));

  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      reverse(field("sort").value === String(index) && !reversed());
      field("sort").value = String(index);
      sort();
    });
  });
  field("reverse").addEventListener("click", () => {
    reverse(!reversed());
    sort();
  });
  field("sort").addEventListener("change", sort);
  for (const name of ["program", "state", "name"]) field(name).addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
