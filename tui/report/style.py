"""How the page looks: one style sheet for screens, light and dark, and for paper."""

STYLE = """
:root { color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2126; --dim: #5d6772; --line: #d9dee3; --soft: #f3f5f7;
  --good: #17703a; --bad: #b3261e; --warn: #8a5a00; --main: #1f5fae; --other: #8b95a0; --limit: #b3261e; --mark: #6b4fa0; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14181c; --ink: #e4e8ec; --dim: #98a3ad; --line: #323a42; --soft: #1c2228;
  --good: #63c088; --bad: #ff8a80; --warn: #e5b454; --main: #79b0f5; --other: #7b8792; --limit: #ff8a80; --mark: #b9a1ec; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.75rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2.25rem 0 .6rem; font-size: 1.15rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { margin: 1.1rem 0 .2rem; font-size: .95rem; }
p { margin: .35rem 0; }
.dim, .empty { color: var(--dim); }
.note { border-left: 3px solid var(--warn); padding: .3rem .8rem; background: var(--soft); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0; }
.tile { background: var(--soft); border-radius: .4rem; padding: .7rem .9rem; }
.tile b { display: block; font-size: 1.35rem; line-height: 1.3; overflow-wrap: anywhere; }
.tile span { display: block; color: var(--dim); font-size: .85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; white-space: nowrap; }
td { overflow-wrap: anywhere; }
td.nowrap { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.good, .bad, .warn { font-weight: 600; }
code { font: .85em ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.chart { display: block; width: 100%; height: auto; }
.chart .label { font: 11px system-ui, sans-serif; fill: var(--dim); }
.chart .end { text-anchor: end; } .chart .middle { text-anchor: middle; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .axis { stroke: var(--dim); stroke-width: 1; }
.chart .limit { stroke: var(--limit); stroke-width: 1.2; stroke-dasharray: 6 4; }
.chart .limit-name { fill: var(--limit); }
.chart .mark { stroke: var(--mark); stroke-width: 1.2; } .chart .mark.back { stroke-dasharray: 2 3; }
.chart .mark-name { fill: var(--mark); font-weight: 600; }
.chart .curve { fill: none; stroke-width: 1.8; } .chart .curve.second { stroke-dasharray: 5 3; }
.chart .curve.deployed { stroke: var(--main); } .chart .curve.other { stroke: var(--other); }
.chart .dot.deployed { fill: var(--main); } .chart .dot.other { fill: var(--other); }
.chart .band { stroke: none; opacity: .16; }
.chart .band.deployed { fill: var(--main); } .chart .band.other { fill: var(--other); }
footer { margin-top: 2.5rem; padding-bottom: 2rem; color: var(--dim); font-size: .85rem; }
@media print {
  :root { --paper: #fff; --ink: #000; --dim: #444; --line: #bbb; --soft: #fff; --good: #17703a; --bad: #b3261e;
    --warn: #8a5a00; --main: #1f5fae; --other: #777; --limit: #b3261e; --mark: #6b4fa0; }
  body { font-size: 10pt; } header, main, footer { max-width: none; padding: 0; }
  .tile { border: 1px solid var(--line); }
  .scroll { overflow: visible; }
  figure, tr, .tile { break-inside: avoid; } h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
}
figure { margin: 0; }
"""
