"use strict";
(function () {
  function keyOf(row, column) {
    var cell = row.cells[column];
    return cell ? cell.getAttribute("data-sort") : null;
  }
  function compare(one, other) {
    var a = Number(one), b = Number(other);
    if (!Number.isNaN(a) && !Number.isNaN(b)) { return a - b; }
    return one < other ? -1 : one > other ? 1 : 0;
  }
  function sort(table, column, down) {
    var body = table.tBodies[0];
    var rows = Array.prototype.slice.call(body.rows).map(function (row, at) {
      return { row: row, key: keyOf(row, column), at: at };
    });
    rows.sort(function (one, other) {
      if (one.key === null || other.key === null) {
        return (one.key === null) - (other.key === null) || one.at - other.at;
      }
      var order = compare(one.key, other.key);
      return (down ? -order : order) || one.at - other.at;
    });
    rows.forEach(function (item) { body.appendChild(item.row); });
  }
  function toggle(event) {
    var button = event.target.closest("th button");
    if (!button) { return; }
    var head = button.parentNode, table = head.closest("table");
    var first = head.classList.contains("left") ? "ascending" : "descending";
    var second = first === "ascending" ? "descending" : "ascending";
    var order = head.getAttribute("aria-sort") === first ? second : first;
    Array.prototype.forEach.call(head.parentNode.cells, function (cell) {
      cell.setAttribute("aria-sort", "none");
    });
    head.setAttribute("aria-sort", order);
    sort(table, head.cellIndex, order === "descending");
  }
  document.addEventListener("click", toggle);
})();
