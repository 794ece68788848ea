/** The page's style sheet: system fonts, both themes, one column on a phone. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;--accent:#0550ae;
--same:#f6f8fa;--moved:#d9ecff;--moved-l:#0550ae;--changed:#fff3c4;--changed-l:#7d4e00;--added:#d4f5dc;--added-l:#116329;--removed:#ffdcd9;--removed-l:#a40e26}
@media(prefers-color-scheme:dark){:root:not([data-theme=light]){--bg:#0d1117;--fg:#e6edf3;--dim:#9da7b3;--line:#3d444d;--card:#161b22;--accent:#79b8ff;
--same:#161b22;--moved:#12304f;--moved-l:#79b8ff;--changed:#3b2e0a;--changed-l:#f2cc60;--added:#10331c;--added-l:#6fdd8b;--removed:#46181b;--removed-l:#ff9e97}}
:root[data-theme=dark]{color-scheme:dark;--bg:#0d1117;--fg:#e6edf3;--dim:#9da7b3;--line:#3d444d;--card:#161b22;--accent:#79b8ff;
--same:#161b22;--moved:#12304f;--moved-l:#79b8ff;--changed:#3b2e0a;--changed-l:#f2cc60;--added:#10331c;--added-l:#6fdd8b;--removed:#46181b;--removed-l:#ff9e97}
:root[data-theme=light]{color-scheme:light}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:1280px;margin:0 auto;padding:0 16px}
header{padding-top:16px;display:flex;flex-wrap:wrap;gap:8px 16px;align-items:baseline}
h1{font-size:1.4rem;margin:0;flex:1 1 auto;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:28px 0 8px;padding-top:8px;border-top:1px solid var(--line)}
h3{font-size:1rem;margin:12px 0 4px;overflow-wrap:anywhere}
button,input{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:6px 10px;min-height:36px}
input{width:100%;max-width:32rem}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--bg);padding:8px;z-index:2}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:12px;margin:12px 0;padding:0;list-style:none}
.cards li{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 12px}
.cards b{display:block;color:var(--dim);font-weight:600;font-size:.85rem}
.sides{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:12px}
.sides>section{min-width:0}
@media(min-width:800px){.sides[style]{grid-template-columns:minmax(0,var(--before)) minmax(0,var(--after))}}
.scroll{overflow:auto;max-width:100%;border:1px solid var(--line);border-radius:8px;padding:8px}
.graph{max-height:70vh}
.scroll svg{display:block}
table{border-collapse:collapse;font-size:.92rem;width:100%}
th,td{text-align:left;padding:4px 10px;border-bottom:1px solid var(--line);vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}
code,pre{font:13px/1.45 ui-monospace,monospace}
pre{margin:0;white-space:pre}
.legend{display:flex;flex-wrap:wrap;gap:6px 14px;padding:0;list-style:none;font-size:.9rem}
.legend i{display:inline-block;width:1em;height:1em;border:1.5px solid var(--dim);border-radius:3px;vertical-align:-2px;margin-right:5px}
.nodes{list-style:none;margin:0;padding:0}
.nodes li{font:13px/1.5 ui-monospace,monospace;padding:1px 6px;border-left:4px solid var(--line);overflow-wrap:anywhere}
.graph svg text{fill:var(--fg);font-family:Helvetica,Arial,sans-serif;font-size:9.5px}
.graph svg path,.graph svg polygon{fill:none;stroke:var(--dim)}
svg .edge polygon{fill:var(--dim)}
svg .graph>polygon{stroke:none}
svg .node path,svg .node polygon{fill:var(--same);stroke:var(--dim)}
svg .node[role=button]{cursor:pointer}
svg .node[aria-pressed=true] path{stroke-width:3}
svg .node:focus-visible{outline:3px solid var(--accent)}
svg .moved path{fill:var(--moved);stroke:var(--moved-l)}i.moved{background:var(--moved)}li.moved{border-color:var(--moved-l)}
svg .changed path{fill:var(--changed);stroke:var(--changed-l)}i.changed{background:var(--changed)}li.changed{border-color:var(--changed-l)}
svg .added path{fill:var(--added);stroke:var(--added-l)}i.added{background:var(--added)}li.added{border-color:var(--added-l)}
svg .removed path{fill:var(--removed);stroke:var(--removed-l)}i.removed{background:var(--removed)}li.removed{border-color:var(--removed-l)}
.strip .computed,.strip .partial{fill:var(--accent)}.strip .reused{fill:var(--dim)}
.bar{display:block;height:10px;background:var(--accent);border-radius:3px;min-width:1px}
.bar.skipped{background:var(--added-l)}
.bar.always{background:var(--accent)}
td:has(.bar){min-width:120px;vertical-align:middle}
pre span.added{color:var(--added-l)}pre span.removed{color:var(--removed-l)}pre span.changed{color:var(--changed-l)}pre span.moved{color:var(--moved-l)}
.chart{margin:16px 0}.chart svg{max-width:none;color:inherit}
.frames{display:flex;flex-wrap:wrap;gap:12px}.frames figure{margin:8px 0}.frames img{max-width:100%;image-rendering:pixelated;min-width:128px}
.diag{border-left:4px solid var(--changed-l);padding:4px 10px;margin:6px 0}
.dim{color:var(--dim)}
@media print{.skip,#theme,.search{display:none}.graph{max-height:none}}
`;

/** The page's program: themes, unfolding, search. It asks nobody for anything. */
export const SCRIPT = `
const data = JSON.parse(document.getElementById('data').textContent);
const $ = id => document.getElementById(id);
const root = document.documentElement;
$('theme').addEventListener('click', () => {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
});
const nodeOf = (side, i) => {
  const node = data[side].nodes[i];
  return typeof node === 'number' ? { text: data.before.nodes[node][0], status: 'same' }
    : typeof node[0] === 'number' ? { text: data.before.nodes[node[0]][0], status: 'moved' }
    : { text: node[0], status: node[1] || 'same' };
};
const item = (side, i) => {
  const { text, status } = nodeOf(side, i);
  const li = document.createElement('li');
  li.className = status;
  li.textContent = (status === 'same' ? '' : status + ': ') + text;
  return li;
};
let pressed;
const show = id => {
  const [side, index] = id.split('-');
  const unit = data[side].units[Number(index)];
  if (!unit) return;
  pressed?.setAttribute('aria-pressed', 'false');
  pressed = $(id);
  pressed?.setAttribute('aria-pressed', 'true');
  $('detail-title').textContent = unit.label + ' (' + side + '), ' + unit.nodes.length + ' nodes';
  $('detail-path').textContent = unit.path;
  $('drawing').innerHTML = unit.drawing === null ? '' : data.drawings[unit.drawing];
  $('drawing').hidden = unit.drawing === null;
  $('detail-note').textContent = unit.note;
  const list = $('detail-nodes');
  list.replaceChildren(...unit.nodes.slice(0, 2000).map(i => item(side, i)));
  $('detail').hidden = false;
  $('detail-title').focus();
  $('detail').scrollIntoView({ block: 'nearest' });
};
for (const g of document.querySelectorAll('g[role=button]')) {
  g.addEventListener('click', () => show(g.id));
  g.addEventListener('keydown', e => {
    if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); show(g.id); }
  });
}
document.addEventListener('keydown', e => {
  if (e.key !== 'Escape' || $('detail').hidden) return;
  $('detail').hidden = true;
  pressed.setAttribute('aria-pressed', 'false');
  pressed.focus();
});
const sides = ['before', 'after'].filter(s => data[s]);
let timer;
$('search').addEventListener('input', () => {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const text = $('search').value.trim().toLowerCase();
    const found = [];
    let count = 0;
    if (text.length > 1) {
      for (const side of sides) data[side].units.forEach((unit, u) => {
        for (const i of unit.nodes) {
          if (!nodeOf(side, i).text.toLowerCase().includes(text)) continue;
          if (++count > 60) continue;
          const li = item(side, i);
          const button = document.createElement('button');
          button.textContent = side + ' › ' + unit.label;
          button.addEventListener('click', () => show(side + '-' + u));
          li.append(' ', button);
          found.push(li);
        }
      });
    }
    $('results').replaceChildren(...found);
    $('count').textContent = text.length > 1 ? count + ' nodes found' + (count > 60 ? ', the first 60 shown' : '') : '';
  }, 120);
});
`;
