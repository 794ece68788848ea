import { readFileSync } from 'node:fs';
import type { Model } from '../../src/ir/index.js';
import { readModel } from '../../src/onnx/index.js';

const FOLDER = new URL('../../fixtures/', import.meta.url);

const FAMILIES = ['dit', 'flux', 'latte', 'sd3', 'tiny-video-dit', 'wan'] as const;

export const EXPORTERS = ['torchscript', 'dynamo'] as const;

export type Exporter = (typeof EXPORTERS)[number];

type PerExporter<T> = Readonly<Record<Exporter, T>>;

/** `truth.json`, as fixtures/export/README.md explains it. */
export interface Truth {
  readonly latent: string;
  readonly timestep: string;
  readonly prediction: string;
  readonly groups: readonly { readonly kind: string; readonly count: number }[];
  readonly blocks: readonly {
    readonly module: string;
    readonly group: number;
    readonly streams: number;
    readonly branches: readonly string[];
  }[];
  readonly boundaries: PerExporter<readonly (readonly (readonly string[])[])[]>;
  readonly joined?: PerExporter<readonly (readonly string[])[]>;
}

export interface Fixture {
  readonly family: string;
  readonly exporter: Exporter;
  /** `family.exporter`, for titles. */
  readonly title: string;
  readonly path: string;
  readonly profile: string;
  readonly truth: Truth;
}

const fileOf = (family: string, file: string): string => new URL(`${family}/${file}`, FOLDER).pathname;

export const FIXTURES: readonly Fixture[] = FAMILIES.flatMap(family => {
  const truth = JSON.parse(readFileSync(fileOf(family, 'truth.json'), 'utf8')) as Truth;
  return EXPORTERS.map(exporter => ({
    family,
    exporter,
    title: `${family}.${exporter}`,
    path: fileOf(family, `${family}.${exporter}.onnx`),
    profile: fileOf(family, `${family}.profile.json`),
    truth,
  }));
});

export const TRAINED: readonly Fixture[] = FIXTURES.filter(f => f.family === 'tiny-video-dit');

export function read(fixture: Fixture): Model {
  return readModel(fixture.path);
}

/** What is there, or a failed test. */
export function defined<T>(item: T | null | undefined, what = 'value'): T {
  if (item === undefined || item === null) throw new Error(`no such ${what}`);
  return item;
}
