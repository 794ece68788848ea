import { InvalidArgumentError } from '@commander-js/extra-typings';
import { refuse } from '../src/diagnostics/index.js';
import type { Weights } from '../src/onnx/index.js';
import type { FormName } from './form.js';

/** Help texts of options that several commands have. */
export const HELP = {
  json: 'print one JSON object',
  method: 'caching method: a name, or a file of your own (default: bwcache)',
  preset: 'published settings of a well-known model (default: found by structure), or none',
  calibration: 'what bwc calibrate measured of this model',
  latent: 'the input that is denoised, where bwc cannot tell',
  timestep: 'the input that tells the noise level, where bwc cannot tell',
  prediction: 'the output that the sampler reads, where bwc cannot tell',
  guidance: 'the input that tells how strongly to follow the prompt, where bwc cannot tell',
  weights:
    'for weights in other files: refer to them (needs their folder; the default), copy or link them beside the ' +
    'output, or embed them',
  checksum: 'compare the weights in other files with the checksums that the model records',
  profile: 'run profile: how to drive the model (docs/run-profile.md)',
};

/** As `WEIGHTS` of the writer, without loading it. */
export const WEIGHTS_CHOICES = ['reference', 'copy', 'link', 'embed'] as const satisfies readonly Weights[];

/** As `FormName`, without loading what writes the forms. */
export const FORM_CHOICES = ['onnx', 'split', 'triton'] as const satisfies readonly FormName[];

export function positiveInteger(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(n) || n < 1)
    throw new InvalidArgumentError('It takes a whole number from 1 on.');
  return n;
}

export function seedList(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text))
    throw new InvalidArgumentError('It takes whole numbers with commas between them.');
  return text.split(',').map(Number);
}

/** Collects `key=value`; the last value of a key counts. */
export function setting(text: string, before: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It takes key=value.');
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  if (value.trim() === '') refuse('BWC303', { name, value, reason: 'no value given' });
  return new Map(before).set(name, value);
}

/** Collects `name=N`. */
export function size(text: string, before: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const at = text.lastIndexOf('=');
  if (at < 1) throw new InvalidArgumentError('It takes name=N.');
  return new Map(before).set(text.slice(0, at), positiveInteger(text.slice(at + 1)));
}
