import { type Analysis, analyse, type RoleHints } from './blocks/index.js';
import { type Diagnostic, refuse } from './diagnostics/index.js';
import { cloneModel, type Model } from './ir/index.js';
import {
  type Calibration,
  configure,
  findMethod,
  type Method,
  requireCalibrationOf,
} from './methods/index.js';
import { modelHash } from './onnx/index.js';
import {
  addState,
  type Context,
  compare,
  conclude,
  contextOf,
  forecast,
  gateRegions,
  type Half,
  keepTime,
  localise,
  manifestOfTwo,
  measure,
  narrow,
  type Pass,
  predict,
  prepare,
  runPasses,
  sink,
  splitPass,
  stamp,
  weigh,
} from './passes/index.js';
import { MANIFEST_KEY, type Manifest, makePlan, manifestSchema, type Plan } from './plan/index.js';

export interface CompileOptions extends RoleHints {
  /** The caching method or a built-in one's name; `bwcache` by default. */
  readonly method?: string | Method | undefined;
  /** Options of the method, as text or values. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  /** A well-known model whose published settings are the defaults; found by structure by default, `none` takes none. */
  readonly preset?: string | undefined;
  /** Denoising steps of a generation. */
  readonly steps?: number | undefined;
  /** What was measured of the model, for methods that take their tables from it. */
  readonly calibration?: Calibration | undefined;
  /** Gives every added input a default value. */
  readonly stateDefaults?: boolean | undefined;
  /** `split`: also as two models without `If`, between which the host chooses. */
  readonly emit?: 'onnx' | 'split' | undefined;
}

/** Two models over the same weights: one computes every step, the other reuses. */
export interface Split {
  readonly compute: Model;
  readonly reuse: Model;
}

export interface Compiled {
  readonly model: Model;
  readonly analysis: Analysis;
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly diagnostics: readonly Diagnostic[];
  /** With `emit: 'split'`. */
  readonly split?: Split;
}

/** Since opset 13 the operators that bwc adds take axes and splits as it writes them. */
const OLDEST_OPSET = 13;

/** The rewrite, in order. The graph is valid after every pass, and verified. */
const PASSES: readonly Pass[] = [
  addState,
  keepTime,
  forecast,
  compare,
  weigh,
  narrow,
  gateRegions,
  measure,
  conclude,
  sink,
  localise,
  stamp,
];

/** The same, with what a host needs that chooses between two models. */
const SPLIT_PASSES: readonly Pass[] = PASSES.flatMap(pass => (pass === conclude ? [pass, predict] : [pass]));

/**
 * Compiles a model in place: facts, then a plan, then edits. Refuses (throws `Refusal`) without having changed
 * anything when the model or the options do not fit.
 */
export function compile(model: Model, options: CompileOptions = {}): Compiled {
  if (model.metadata.has(MANIFEST_KEY)) refuse('BWC206', {});
  if (model.opset < OLDEST_OPSET) refuse('BWC210', { opset: model.opset });
  const { method = 'bwcache' } = options;
  const configured = configure(typeof method === 'string' ? findMethod(method) : method, options.set ?? {});
  const source = modelHash(model);
  if (options.calibration) requireCalibrationOf(options.calibration, source, 'the calibration');
  prepare(model);
  const analysis = analyse(model, options);
  const { plan, diagnostics } = makePlan(model, analysis, configured, { ...options, source });
  const isSplit = options.emit === 'split';
  if (isSplit) checkSplit(plan);
  const context = contextOf(model, plan);
  runPasses(context, isSplit ? SPLIT_PASSES : PASSES);
  const manifest = manifestSchema.parse(JSON.parse(model.metadata.get(MANIFEST_KEY) ?? 'null'));
  const compiled = { model, analysis, plan, manifest, diagnostics };
  if (!isSplit) return compiled;
  const split = { compute: halfOf(context, 'compute'), reuse: halfOf(context, 'reuse') };
  return { ...compiled, manifest: manifestOfTwo(manifest, [split.compute, split.reuse]), split };
}

function halfOf(context: Context, half: Half): Model {
  const model = cloneModel(context.model);
  runPasses({ ...context, model }, [splitPass(half)]);
  return model;
}

/** Refuses plans that two models cannot carry out. */
function checkSplit({ method, channels, decision, stateDefaults }: Plan): void {
  if (stateDefaults) refuse('BWC351', {});
  if (channels > 1) refuse('BWC241', { method, channels });
  if (decision.kind === 'schedule' && !decision.reuse.flat().includes(true)) refuse('BWC243', { method });
}
