"""The style of all pages: narrow and wide, light and dark."""

# Blue and orange are told apart with every kind of colour vision; severity is also said
# in words. Contrast of text is 4.5:1 or more on either ground.
STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --text: #1b1f24;
  --soft: #57606a; --line: #d0d7de; --band: #f6f8fa; --bar: #0b62a8;
  --warning: #a34700; --note: #0b62a8; }
@media (prefers-color-scheme: dark) { :root { --ground: #12161b; --text: #e6e9ec;
  --soft: #9ba5b0; --line: #363d46; --band: #1b2129; --bar: #6cb2f2;
  --warning: #f5a35c; --note: #6cb2f2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 75rem; background: var(--ground);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
p { max-width: 45rem; margin: .5rem 0; }
a { color: var(--note); }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none;
  padding: 0; margin: 1rem 0; }
nav a { display: inline-block; padding: .25rem 0; }
ul.findings { list-style: none; padding: 0; max-width: 52rem; }
ul.findings li { border-left: .3rem solid var(--note); padding: .5rem .75rem;
  margin: .6rem 0; background: var(--band); overflow-wrap: anywhere; }
ul.findings li.warning { border-color: var(--warning); }
ul.findings b { color: var(--note); }
ul.findings li.warning b { color: var(--warning); }
code { display: inline-block; font-size: .85em; max-width: 100%; }
details { margin: .4rem 0 0; }
summary { cursor: pointer; color: var(--soft); }
details p { max-height: 15rem; overflow: auto; font-size: .85rem; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .9rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap; }
.words { text-align: left; }
thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; }
th:first-child { text-align: left; position: sticky; left: 0;
  background: var(--ground); background-clip: padding-box; white-space: normal; }
.grid { display: grid; gap: 1rem 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(17rem, 100%), 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .85rem; color: var(--soft); overflow-wrap: anywhere; }
figcaption b { color: var(--text); }
img { display: block; height: 7rem; image-rendering: auto; }
figure { scroll-margin-top: 1rem; }
.figures { display: grid; gap: 1.5rem 2rem; align-items: start; margin: 1rem 0;
  grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr)); }
.figures h3 { margin: 0 0 .25rem; }
.note { color: var(--soft); font-size: .85rem; }
ul.points { max-width: 52rem; padding-left: 1.25rem; }
ul.points li { margin: .3rem 0; overflow-wrap: anywhere; }
main > section > details { border-top: 1px solid var(--line); padding: .6rem 0;
  margin: 0; }
main > section > details > summary { color: var(--text); font-weight: 600; }
main > section > details p { max-height: none; font-size: 1rem; }
main > section > details p.note { font-size: .85rem; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg .bars { fill: var(--bar); }
svg .axis { stroke: var(--soft); fill: none; }
footer { margin-top: 3rem; color: var(--soft); font-size: .85rem; }
"""
