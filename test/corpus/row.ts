import { rmSync } from 'node:fs';
import {
  analyse,
  compile,
  loadProfile,
  type Model,
  prepare,
  Refusal,
  readModel,
  verifyCompiled,
  writeModel,
} from '../../src/index.js';
import { makeOpaque } from '../blocks/opaque.js';
import { counted, differences, portrait, readTruth, runs } from './truth.js';

/** What came of one fixture and form. An empty list of problems means right. */
export interface Row {
  readonly name: string;
  readonly truth: string;
  readonly nodes: number;
  /** Milliseconds that identification took. */
  readonly ms: number;
  readonly problems: readonly Problem[];
  /** What is worth knowing of a right row. */
  readonly notes: readonly string[];
}

export interface Problem {
  readonly step: Step;
  readonly reason: string;
}

export const STEPS = ['identified', 'unnamed', 'bwcache', 'bwcache-code'] as const;

type Step = (typeof STEPS)[number];

/** Steps of denoising that are compared. */
const VERIFIED = 3;

/** Everything that is asked of one model of the corpus; goes on after a failure. Without `run` nothing is verified. */
export async function examine(name: string, path: string, run = true): Promise<Row> {
  const truth = readTruth(path.replace(/\.onnx$/, '.truth.json'));
  const problems: Problem[] = [];
  const notes: string[] = [];
  const attempt = async (
    step: Step,
    act: () => readonly string[] | Promise<readonly string[]>,
  ): Promise<void> => {
    try {
      problems.push(...(await act()).map(reason => ({ step, reason })));
    } catch (error) {
      problems.push({ step, reason: wordsOf(error) });
    }
  };
  let nodes = 0;
  let ms = 0;
  const measured = (): Model => {
    const model = read(path);
    nodes = model.graph.nodes.length;
    return model;
  };
  if (truth.refused !== undefined) {
    const { refused: what } = truth;
    await attempt('identified', () => refused(measured(), what, notes));
    await attempt('unnamed', () => unnamed(path));
    return { name, truth: truth.refused, nodes, ms, problems, notes };
  }
  await attempt('identified', () => {
    const model = measured();
    const start = performance.now();
    const analysis = analyse(model);
    ms = performance.now() - start;
    return differences(analysis, truth, value => value.name);
  });
  await attempt('unnamed', () => unnamed(path));
  for (const method of ['bwcache', 'bwcache-code'] as const) {
    await attempt(method, () => verified(path, method, run, notes));
  }
  return { name, truth: counted(truth), nodes, ms, problems, notes };
}

function read(path: string): Model {
  const model = readModel(path);
  prepare(model);
  return model;
}

/** The diagnostic for each thing that is no diffusion transformer, as its family calls it. */
const REFUSALS: Readonly<Record<string, string>> = {
  'layers without residuals': 'BWC201',
  'a text encoder': 'BWC211',
  'an image classifier': 'BWC212',
  'a UNet': 'BWC215',
  'a language model': 'BWC216',
  'a single block': 'BWC217',
  'a VAE decoder': 'BWC218',
};

/** A model that is not a diffusion transformer must be refused for what it is. */
function refused(model: Model, what: string, notes: string[]): string[] {
  try {
    const { blocks } = analyse(model);
    return [`not refused; found ${runs(blocks)}`];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, message } = error.diagnostic;
    notes.push(`${code}: ${message}`);
    return code === REFUSALS[what] ? [] : [`refused with ${code}, not ${REFUSALS[what]}: ${message}`];
  }
}

/** The same answer must come without any name. */
function unnamed(path: string): string[] {
  const named = read(path);
  const opaque = read(path);
  const names = makeOpaque(opaque);
  const before = outcome(() => portrait(analyse(named), value => value.name));
  const after = outcome(() => portrait(analyse(opaque), value => names.get(value) ?? value.name));
  return before === after ? [] : ['another answer without names'];
}

function outcome(act: () => string): string {
  try {
    return act();
  } catch (error) {
    if (error instanceof Refusal) return error.diagnostic.code;
    throw error;
  }
}

async function verified(path: string, method: string, run: boolean, notes: string[]): Promise<string[]> {
  const model = readModel(path);
  compile(model, { method, steps: VERIFIED, set: { threshold: 0 } });
  if (!run) return [];
  const compiled = path.replace(/\.onnx$/, `.${method}.compiled`);
  try {
    await writeModel(model, compiled);
    const profile = loadProfile(path.replace(/\.onnx$/, '.profile.json'));
    const options = { steps: VERIFIED, threads: 1 };
    const { checks, diagnostics } = await verifyCompiled(path, compiled, profile, options);
    notes.push(...diagnostics.map(({ code, message }) => `${method}: ${code}: ${message}`));
    return checks.filter(check => !check.ok).map(check => `${check.name}: ${check.detail}`);
  } finally {
    rmSync(compiled, { force: true });
  }
}

function wordsOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 400);
}
