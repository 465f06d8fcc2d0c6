"""How a comparison's report looks: light and dark by the reader's own choice, and on paper."""

STYLE = """
:root { color-scheme: light dark; --ground: #fff; --text: #1b1b1b; --dim: #5c5c5c; --line: #d9d9d9; --panel: #f5f5f5;
  --a: #0072b2; --b: #b35900; }
@media (prefers-color-scheme: dark) { :root { --ground: #17181a; --text: #e6e6e6; --dim: #a3a3a3; --line: #3a3c40;
  --panel: #202225; --a: #56b4e9; --b: #e69f00; } }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 66rem; margin: 2rem auto; padding: 0 1.2rem;
  background: var(--ground); color: var(--text); font-variant-numeric: tabular-nums; }
h1 { font-size: 1.6rem; margin-bottom: .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
p.lead { color: var(--dim); margin-top: 0; } .verdict { font-size: 1.15rem; padding: .8rem 1rem;
  background: var(--panel); border-left: 4px solid var(--dim); } .verdict.a { border-color: var(--a); }
.verdict.b { border-color: var(--b); }
.a { color: var(--a); } .b { color: var(--b); } .dim { color: var(--dim); } .verdict.a, .verdict.b { color: inherit; }
table { border-collapse: collapse; width: 100%; } th, td { padding: .22rem .6rem; text-align: right; }
th { font-weight: 600; } th:first-child, td:first-child { text-align: left; }
tr { border-bottom: 1px solid var(--line); }
table.facts td, table.facts th { text-align: left; overflow-wrap: anywhere; }
table.facts td:first-child { white-space: nowrap; }
td.hash { font: 12px/1.6 ui-monospace, monospace; } .wide { overflow-x: auto; }
svg.plot { width: 100%; height: auto; max-width: 45rem; display: block; } svg.scatter { max-width: 27rem; }
svg text { font: 12px system-ui, sans-serif; fill: var(--text); } svg .name, svg .side { text-anchor: end; }
svg .tick { text-anchor: middle; fill: var(--dim); } svg .side { fill: var(--dim); } svg text.a { fill: var(--a); }
svg text.b { fill: var(--b); } svg path, svg rect.frame { fill: none; stroke: var(--line); }
svg .zero { stroke: var(--dim); } svg .whisker { stroke-width: 2.5; } svg .a.whisker { stroke: var(--a); }
svg .b.whisker { stroke: var(--b); } svg .open.whisker { stroke: var(--dim); } svg circle.a { fill: var(--a); }
svg circle.b { fill: var(--b); } svg circle.open { fill: var(--ground); stroke: var(--dim); stroke-width: 1.6; }
svg circle.point { fill-opacity: .75; }
figure { margin: 0 0 1.4rem; break-inside: avoid; } figcaption { margin-bottom: .3rem; }
.strip { display: grid; grid-template-columns: repeat(4, 1fr); gap: .4rem; } .strip img { width: 100%; display: block; }
.strip span { font-size: 12px; color: var(--dim); } .key { display: inline-block; width: .9em; height: .9em;
  vertical-align: -.1em; margin: 0 .3em 0 .9em; border: 1px solid #0004; }
.key.hatch { background: repeating-linear-gradient(135deg, #606060 0 3px, #e1e1e1 3px 6px); }
@media print { :root { color-scheme: light; --ground: #fff; --text: #000; --dim: #444; --line: #bbb; --panel: #f5f5f5;
  --a: #0072b2; --b: #b35900; } body { font-size: 11px; max-width: none; margin: 0; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } thead { display: table-header-group; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } @page { margin: 15mm; } }
"""
