import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { reasonOf, refuse } from '../diagnostics/index.js';
import { type Calibration, parseCalibration } from '../methods/calibration.js';

/**
 * Reads a calibration file.
 * @throws Refusal BWC101 when it cannot be read, BWC511 or BWC512 when it is no calibration of this version
 */
export function readCalibration(path: string): Calibration {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    return refuse('BWC101', { path, reason: reasonOf(cause) }, undefined, cause);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return refuse('BWC511', { path, reason: `not JSON: ${reasonOf(cause)}` }, undefined, cause);
  }
  return parseCalibration(json, path);
}

/** One line a field and a list entry, so that files can be compared; the same bytes for the same calibration. */
export function calibrationText(calibration: Calibration): string {
  const fields = Object.entries(calibration).map(([key, value]) => {
    const lists = Array.isArray(value) && value.length > 0;
    const text = lists
      ? `[\n${value.map(item => `  ${JSON.stringify(item)}`).join(',\n')}\n ]`
      : JSON.stringify(value);
    return ` ${JSON.stringify(key)}: ${text}`;
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}

/**
 * Writes a file whole or not at all.
 * @throws Refusal BWC106
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    refuse('BWC106', { path, reason: reasonOf(cause) }, undefined, cause);
  }
}
