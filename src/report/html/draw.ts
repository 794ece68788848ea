import { instance, type Viz } from '@viz-js/viz';
import type { Graph, Node, Value } from '../../ir/index.js';
import { readsOf } from '../../ir/index.js';
import { pathOf } from '../diff/render.js';
import { plural, printable, shorten } from '../text.js';
import { PURPOSES, type Status, type Unit } from './units.js';

/** Units drawn in full when they are unfolded; larger ones are listed. */
export const MOST_DRAWN = 120;

/** Graphviz, compiled to WebAssembly: it lays out, we colour. */
export class Drawing {
  readonly #viz: Viz;

  private constructor(viz: Viz) {
    this.#viz = viz;
  }

  static async create(): Promise<Drawing> {
    return new Drawing(await instance());
  }

  /** The folded graph: one box a unit, nested graphs as frames. `ids` are those that the page knows units by. */
  overview(
    units: readonly Unit[],
    ids: readonly string[],
    status: (unit: Unit) => Status,
    label: string,
  ): string {
    const home = new Map<Node, number>();
    units.forEach((unit, i) => {
      for (const node of unit.nodes) home.set(node, i);
    });
    const edges = units.map(() => new Set<number>());
    const link = (value: Value, to: number): void => {
      const from = value.producer && home.get(value.producer);
      if (from !== undefined && from !== to) edges[from]?.add(to);
    };
    units.forEach((unit, i) => {
      for (const node of unit.nodes) {
        for (const value of readsOf(node)) link(value, i);
        for (const sub of node.subgraphs) for (const value of sub.outputs) link(value, i);
      }
    });
    leaveOutImplied(edges);
    const frames = new Map<Graph, number[]>();
    units.forEach((unit, i) => {
      const list = frames.get(unit.graph);
      if (list) list.push(i);
      else frames.set(unit.graph, [i]);
    });
    const box = (i: number): string => {
      const unit = units[i];
      if (unit === undefined) return '';
      const purpose = PURPOSES[unit.label.split('/').slice(0, 2).join('/')];
      const text = `${unit.label}\n${purpose === undefined ? '' : `${purpose}\n`}${plural(unit.nodes.length, 'node')}`;
      return `u${i} [id=${quoted(ids[i] ?? '')} class=${quoted(status(unit))} label=${quoted(text)}]`;
    };
    const parts = [...frames].map(([graph, list], i) => {
      const boxes = list.map(box).join('\n');
      if (graph.owner === undefined) return boxes;
      return `subgraph cluster_${i} { label=${quoted(frameLabel(graph))}; class="frame"; ${boxes} }`;
    });
    const lines = edges.flatMap((targets, from) => [...targets].map(to => `u${from} -> u${to}`));
    return this.#svg(`${parts.join('\n')}\n${lines.join('\n')}`, label, true);
  }

  /** One unit's nodes and the values between them. */
  unit(nodes: readonly Node[], status: (node: Node) => Status, label: string): string {
    const index = new Map(nodes.map((n, i) => [n, i]));
    const lines = nodes.map((n, i) => {
      const name = shorten(printable(n.name || n.outputs[0]?.name || ''), 28);
      return `n${i} [class=${quoted(status(n))} label=${quoted(`${n.op}\n${name}`)}]`;
    });
    const edges = new Set<string>();
    for (const node of nodes) {
      for (const value of readsOf(node)) {
        const from = value.producer && index.get(value.producer);
        if (from !== undefined) edges.add(`n${from} -> n${index.get(node)}`);
      }
    }
    return this.#svg(`${lines.join('\n')}\n${[...edges].join('\n')}`, label, false);
  }

  #svg(body: string, label: string, buttons: boolean): string {
    const dot = `digraph { graph [bgcolor="transparent" rankdir=TB nodesep=0.18 ranksep=0.3 fontname="Helvetica" fontsize=11]
      node [shape=box style=rounded fontname="Helvetica" fontsize=11 margin="0.12,0.06" height=0.3] edge [arrowsize=0.5]
      ${body} }`;
    const svg = this.#viz.renderString(dot, { format: 'svg', engine: 'dot' });
    return accessible(svg.slice(svg.indexOf('<svg')), label, buttons);
  }
}

/** Takes out each edge whose ends other edges join as well: what reaches what stays the same. */
function leaveOutImplied(edges: readonly Set<number>[]): void {
  const reaches = (from: number, to: number): boolean => {
    const seen = new Set([from]);
    const work = [from];
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      for (const next of edges[at] ?? []) {
        if (next === to) return true;
        if (seen.has(next)) continue;
        seen.add(next);
        work.push(next);
      }
    }
    return false;
  };
  edges.forEach((targets, from) => {
    for (const to of [...targets]) {
      targets.delete(to);
      if (!reaches(from, to)) targets.add(to);
    }
  });
}

/** A branch by its place; those of bwc's gates by when they run. */
function frameLabel(graph: Graph): string {
  const place = shorten(pathOf(graph).split(' › ').slice(-2).join(' › '), 40);
  if (graph.owner?.name.startsWith('bwc/gate') !== true) return place;
  const isComputed = graph.owner.subgraph('else_branch') === graph;
  return `${isComputed ? 'computed steps' : 'reused steps'}: ${place}`;
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

/** Colours go, roles come: the page's style sheet paints, and boxes are buttons. */
function accessible(svg: string, label: string, buttons: boolean): string {
  let text = svg
    .replaceAll(/<!--[\s\S]*?-->\n?/g, '')
    .replaceAll(/ (?:fill|stroke)="[^"]*"/g, '')
    .replaceAll(/<title>[^<]*<\/title>\n?/g, '')
    .replaceAll(/ xmlns:xlink="[^"]*"/g, '')
    .replaceAll(/ id="(?:edge|graph|clust|node)\d+"/g, '')
    .replaceAll(/\n/g, ' ');
  const size = /width="([\d.]+)pt" height="([\d.]+)pt"/.exec(text);
  if (size) text = text.replace(size[0], `width="${size[1]}" height="${size[2]}"`);
  text = text.replace('<svg', `<svg role="${buttons ? 'group' : 'img'}" aria-label="${escaped(label)}"`);
  if (!buttons) return text;
  return text.replaceAll(
    /<g id="([^"]+)" class="node ([^"]+)">(.*?)<\/g>/g,
    (_, id: string, status: string, inner: string) => {
      const words = [...inner.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(m => m[1]).join(' ');
      return `<g id="${id}" class="node ${status}" role="button" tabindex="0" aria-label="${words}, ${status}">${inner}</g>`;
    },
  );
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
