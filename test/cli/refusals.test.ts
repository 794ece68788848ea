import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bwc, contents, DIT, diagnostics, json, workplace } from './bwc.js';
import { emptyGraph, perceptron, withExternalWeights } from './models.js';

const folder = workplace();
const refused = z.strictObject({ ok: z.literal(false), diagnostics: diagnostics.length(1) });

let places = 0;

/** A fresh folder with a good model, or with these bytes as `model.onnx`. */
function place(bytes: Uint8Array = readFileSync(DIT.model)): string {
  const path = join(folder, `${places++}`);
  mkdirSync(path);
  writeFileSync(join(path, 'model.onnx'), bytes);
  return path;
}

interface Case {
  readonly what: string;
  readonly code: string;
  readonly exit: 1 | 2;
  /** Part of the message. */
  readonly says: string;
  readonly bytes?: () => Uint8Array;
  /** Prepares the folder and gives the arguments. */
  readonly args?: (at: string) => string[];
}

const compile = (at: string, ...more: string[]): string[] => [
  'compile',
  join(at, 'model.onnx'),
  '-o',
  join(at, 'out.onnx'),
  ...more,
];

const CASES: readonly Case[] = [
  {
    what: 'a model that is not there',
    code: 'BWC101',
    exit: 1,
    says: 'no such file',
    args: at => ['compile', join(at, 'missing.onnx'), '-o', join(at, 'out.onnx')],
  },
  {
    what: 'a folder as model',
    code: 'BWC101',
    exit: 1,
    says: 'not a regular file',
    args: at => ['compile', at, '-o', join(at, 'out.onnx')],
  },
  {
    what: 'a file that is not protobuf',
    code: 'BWC102',
    exit: 1,
    says: 'is not an ONNX model',
    bytes: () => Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'),
  },
  {
    what: 'a truncated file',
    code: 'BWC103',
    exit: 1,
    says: 'is truncated',
    bytes: () => readFileSync(DIT.model).subarray(0, 1_000_000),
  },
  { what: 'an empty file', code: 'BWC104', exit: 1, says: 'holds no graph', bytes: () => new Uint8Array() },
  { what: 'an empty graph', code: 'BWC104', exit: 1, says: 'without nodes', bytes: emptyGraph },
  {
    what: 'a model without repeated blocks',
    code: 'BWC201',
    exit: 1,
    says: 'no repeated transformer blocks',
    bytes: perceptron,
  },
  {
    what: 'an unknown method',
    code: 'BWC301',
    exit: 2,
    says: 'unknown method nothing',
    args: at => compile(at, '--method', 'nothing'),
  },
  {
    what: 'an unknown option of the method',
    code: 'BWC302',
    exit: 2,
    says: 'has no option treshold',
    args: at => compile(at, '--set', 'treshold=1'),
  },
  {
    what: 'an option out of range',
    code: 'BWC303',
    exit: 2,
    says: 'threshold=-1',
    args: at => compile(at, '--set', 'threshold=-1'),
  },
  {
    what: 'an option that is no number',
    code: 'BWC303',
    exit: 2,
    says: 'threshold=low',
    args: at => compile(at, '--set', 'threshold=low'),
  },
  {
    what: 'an option without a value',
    code: 'BWC303',
    exit: 2,
    says: 'no value given',
    args: at => compile(at, '--set', 'threshold='),
  },
  {
    what: 'blocks that the model does not have',
    code: 'BWC303',
    exit: 2,
    says: 'the model has blocks 0 to 5',
    args: at => compile(at, '--set', 'blocks=0-6'),
  },
  {
    what: 'a setting that is no pair',
    code: 'BWC304',
    exit: 2,
    says: 'key=value',
    args: at => compile(at, '--set', 'threshold'),
  },
  {
    what: 'a number of steps that is none',
    code: 'BWC304',
    exit: 2,
    says: "argument '0' is invalid",
    args: at => compile(at, '--steps', '0'),
  },
  {
    what: 'an output that is the input',
    code: 'BWC107',
    exit: 2,
    says: 'same file',
    args: at => ['compile', join(at, 'model.onnx'), '-o', `${at}/./model.onnx`],
  },
  {
    what: 'an output whose folder is missing',
    code: 'BWC106',
    exit: 1,
    says: 'does not exist',
    args: at => ['compile', join(at, 'model.onnx'), '-o', join(at, 'nowhere', 'out.onnx')],
  },
  {
    what: 'an output below a file',
    code: 'BWC106',
    exit: 1,
    says: 'is not a folder',
    args: at => ['compile', join(at, 'model.onnx'), '-o', join(at, 'model.onnx', 'out.onnx')],
  },
  {
    what: 'an output that is a folder',
    code: 'BWC106',
    exit: 1,
    says: 'it is a folder',
    args: at => {
      mkdirSync(join(at, 'out.onnx'));
      return compile(at);
    },
  },
  {
    what: 'a folder in the place of the manifest',
    code: 'BWC106',
    exit: 1,
    says: 'out.onnx.json: it is a folder',
    args: at => {
      mkdirSync(join(at, 'out.onnx.json'));
      return compile(at);
    },
  },
  {
    what: 'weights in another file that is missing',
    code: 'BWC105',
    exit: 1,
    says: 'weights of',
    args: at => {
      const weights = withExternalWeights(DIT.model, join(at, 'model.onnx'));
      writeFileSync(weights, readFileSync(weights).subarray(0, 1000));
      return compile(at);
    },
  },
  {
    what: 'an output in another folder than the weights',
    code: 'BWC110',
    exit: 2,
    says: 'would not find its weights',
    args: at => {
      withExternalWeights(DIT.model, join(at, 'model.onnx'));
      mkdirSync(join(at, 'elsewhere'));
      return ['compile', join(at, 'model.onnx'), '-o', join(at, 'elsewhere', 'out.onnx')];
    },
  },
  {
    what: 'an output in the place of the weights',
    code: 'BWC107',
    exit: 2,
    says: 'weights.bin',
    args: at => {
      withExternalWeights(DIT.model, join(at, 'model.onnx'));
      return ['compile', join(at, 'model.onnx'), '-o', join(at, 'weights.bin')];
    },
  },
  {
    what: 'an original given to strip',
    code: 'BWC207',
    exit: 1,
    says: 'not compiled by bwc',
    args: at => ['strip', join(at, 'model.onnx'), '-o', join(at, 'out.onnx')],
  },
  {
    what: 'an original in the place of a compiled model',
    code: 'BWC207',
    exit: 1,
    says: 'not compiled by bwc',
    args: at => ['bench', join(at, 'model.onnx'), DIT.model, '--profile', DIT.profile],
  },
  {
    what: 'a provider that is not there',
    code: 'BWC405',
    exit: 1,
    says: 'execution provider cuda is not available',
    args: () => ['bench', DIT.model, DIT.model, '--profile', DIT.profile, '--provider', 'cuda'],
  },
  {
    what: 'a run profile that is none',
    code: 'BWC402',
    exit: 1,
    says: 'run profile',
    args: at => {
      writeFileSync(join(at, 'profile.json'), '{"steps": 3}');
      return ['verify', join(at, 'model.onnx'), DIT.model, '--profile', join(at, 'profile.json')];
    },
  },
];

describe('refusals', () => {
  it.concurrent.each(CASES)('$what: $code', async ({ code, exit, says, bytes, args }) => {
    const at = place(bytes?.());
    const given = args === undefined ? compile(at) : args(at);
    const before = contents(at);
    const ran = await bwc([...given, '--json']);
    expect(ran.code).toBe(exit);
    const [diagnostic] = json(ran, refused).diagnostics;
    expect(diagnostic).toMatchObject({ code, severity: 'error' });
    expect(diagnostic?.message).toContain(says);
    expect(ran.err).toMatch(new RegExp(`^error ${code}: .+\n(  at: .+\n)?  why: .+\n   do: .+\n$`));
    expect(contents(at)).toEqual(before);
  });

  it('refuses a compiled model', async () => {
    const at = place();
    await bwc(compile(at));
    const before = contents(at);
    const ran = await bwc(['compile', join(at, 'out.onnx'), '-o', join(at, 'twice.onnx'), '--json']);
    expect(ran.code).toBe(1);
    expect(json(ran, refused).diagnostics[0]?.code).toBe('BWC206');
    expect(contents(at)).toEqual(before);
  });
});
