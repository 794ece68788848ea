import { Command } from '@commander-js/extra-typings';
import { addBench } from './bench.js';
import { addCalibrate } from './calibrate.js';
import { addCi } from './ci.js';
import { addClient } from './client.js';
import { addCompile } from './compile.js';
import { addDiff } from './diff.js';
import { addInspect } from './inspect.js';
import { addMethods } from './methods.js';
import type { Perform } from './outcome.js';
import { addPatch } from './patch.js';
import { addPlan } from './plan.js';
import { addPrint } from './print.js';
import { addReport } from './report.js';
import { addStrip } from './strip.js';
import type { Terminal } from './terminal.js';
import { addVerify } from './verify.js';

const HELP = `
Exit codes: 0 done, 1 refused or a check failed, 2 wrong usage, 70 a mistake of bwc.
With --json, one JSON object goes to stdout and nothing else. Diagnostics go to stderr.

  bwc inspect dit.onnx
  bwc compile dit.onnx -o dit.cached.onnx --steps 30
  bwc verify dit.onnx dit.cached.onnx --profile dit.profile.json
  bwc bench dit.onnx dit.cached.onnx --profile dit.profile.json
  bwc calibrate dit.onnx --profile dit.profile.json -o dit.calibration.json
`;

/** The command line; every command hands its work to `perform`. */
export function createProgram(terminal: Terminal, perform: Perform): Command {
  const program = new Command('bwc')
    .description('Puts step caching inside an exported diffusion transformer: ONNX in, ONNX out.')
    .version(terminal.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({
      writeOut: text => terminal.out.write(text),
      writeErr: text => terminal.err.write(text),
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(terminal.out.width, 110),
      getErrHelpWidth: () => Math.min(terminal.err.width, 110),
      getOutHasColors: () => terminal.out.colour,
      getErrHasColors: () => terminal.err.colour,
    });
  const commands = [
    addCompile,
    addInspect,
    addVerify,
    addBench,
    addClient,
    addCi,
    addCalibrate,
    addStrip,
    addMethods,
    addDiff,
    addPatch,
    addPlan,
    addPrint,
    addReport,
  ];
  for (const add of commands) add(program, perform);
  return program;
}
