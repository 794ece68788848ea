import { it } from 'vitest';
import { FIXTURES, read } from '../blocks/fixtures.js';
import { compile } from '../../src/index.js';
import { diffModels, isEmpty, type ModelDiff } from '../../src/report/diff/diff.js';
import { renameAll } from './edits.js';
const count = (d: ModelDiff) => {
  const k: Record<string, number> = {};
  for (const n of d.main.nodes) { k[n.kind] = (k[n.kind] ?? 0) + 1; if (n.moved) k['m'] = (k['m'] ?? 0) + 1; }
  for (const n of d.main.weights) k['w' + n.kind] = (k['w' + n.kind] ?? 0) + 1;
  return `${JSON.stringify(k)} graphs ${d.main.graphs.length} remarks ${d.main.remarks.length} rewired ${d.main.rewired} fields ${d.fields.length} a ${d.main.a.nodes.length} b ${d.main.b.nodes.length}`;
};
const time = <T,>(f: () => T): [T, number] => { const t = performance.now(); const r = f(); return [r, Math.round(performance.now() - t)]; };
it('probe', () => {
  for (const f of FIXTURES) {
    const [d, ms] = time(() => diffModels({ model: read(f) }, { model: read(f) }));
    const m = read(f); renameAll(m);
    const [r, ms2] = time(() => diffModels({ model: read(f) }, { model: m }));
    console.log(f.title, 'self', isEmpty(d), ms, 'renamed', isEmpty(r), ms2, count(r));
    for (const method of ['bwcache', 'bwcache-code']) {
      const c = read(f); try { compile(c, { method, steps: 30 }); } catch (e) { console.log(String(e)); continue; }
      const [d2, ms3] = time(() => diffModels({ model: read(f) }, { model: c }));
      console.log('   ', method, ms3, count(d2), d2.main.nodes.filter(n => n.kind === 'changed' || n.kind === 'removed').slice(0, 3).map(n => `${n.kind} ${n.a} ${n.b} ${JSON.stringify(n.changes)}`));
    }
  }
  for (let i = 0; i < FIXTURES.length; i += 2) {
    const [x, y] = [FIXTURES[i], FIXTURES[i + 1]];
    if (!x || !y) continue;
    const [d, ms] = time(() => diffModels({ model: read(x) }, { model: read(y) }));
    console.log(x.title, y.title, ms, count(d));
  }
});
