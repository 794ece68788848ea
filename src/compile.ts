import { type Analysis, analyse, type RoleHints } from './blocks/index.js';
import { type Diagnostic, refuse } from './diagnostics/index.js';
import type { Model } from './ir/index.js';
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
  compare,
  conclude,
  contextOf,
  forecast,
  gateRegions,
  keepTime,
  localise,
  measure,
  type Pass,
  prepare,
  runPasses,
  sink,
  stamp,
  weigh,
} from './passes/index.js';
import { MANIFEST_KEY, type Manifest, makePlan, manifestSchema, type Plan } from './plan/index.js';

export interface CompileOptions extends RoleHints {
  /** The caching method or a built-in one's name; `bwcache` by default. */
  readonly method?: string | Method | undefined;
  /** Options of the method, as text or values. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  /** Denoising steps of a generation. */
  readonly steps?: number | undefined;
  /** What was measured of the model, for methods that take their tables from it. */
  readonly calibration?: Calibration | undefined;
  /** Gives every added input a default value. */
  readonly stateDefaults?: boolean | undefined;
}

export interface Compiled {
  readonly model: Model;
  readonly analysis: Analysis;
  readonly plan: Plan;
  readonly manifest: Manifest;
  readonly diagnostics: readonly Diagnostic[];
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
  gateRegions,
  measure,
  conclude,
  sink,
  localise,
  stamp,
];

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
  runPasses(contextOf(model, plan), PASSES);
  const manifest = manifestSchema.parse(JSON.parse(model.metadata.get(MANIFEST_KEY) ?? 'null'));
  return { model, analysis, plan, manifest, diagnostics };
}
