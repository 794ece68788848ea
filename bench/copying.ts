import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { buildDit, type DitSize } from './dit.js';
import { BWC, interleaved, medianOf, runProcess } from './measure.js';
import { absolute, type Benchmark, compared, mib, type Row, seconds } from './rows.js';
import { writeSingleFile } from './single-file.js';

const ROUNDS = 5;
/** 25 blocks of 75 MB: 1.9 GB. */
const BELOW: DitSize = { blocks: 25, width: 1024, heads: 16, tokens: 256, channels: 16 };
/** 63 blocks of 75 MB: 4.8 GB. */
const ABOVE: DitSize = { ...BELOW, blocks: 63 };

/** Compiling a file with its weights inside, against copying it. */
export function copying(folder: string): Benchmark {
  return {
    name: 'copying',
    what: 'one file with its weights inside: compile against cp',
    run: async say => {
      const input = join(folder, 'single.onnx');
      const [output, copy] = [join(folder, 'single.out.onnx'), join(folder, 'single.copy.onnx')];
      const compile = [...BWC, 'compile', input, '-o', output, '--steps', '30', '--json'];
      say('writing 1.9 GB');
      writeSingleFile(input, buildDit(BELOW, 'unused'), false);
      const size = `${(statSync(input).size / 1e9).toFixed(1)} GB`;
      const commands = [
        compile,
        ['cp', input, copy],
        ['sh', '-c', 'cp "$1" "$2" && sync "$2"', 'sh', input, copy],
      ];
      const tasks = commands.map(command => () => {
        rmSync(output, { force: true });
        rmSync(copy, { force: true });
        return runProcess(command);
      });
      say(`compile, cp, cp with sync: ${ROUNDS} rounds`);
      const [ours, plainCopy, synced] = (await interleaved(ROUNDS, tasks)).map(medianOf);
      if (ours === undefined || plainCopy === undefined || synced === undefined) throw new Error('no runs');
      const rows: Row[] = [
        compared(
          `${size} inside, time`,
          seconds(ours.seconds),
          `cp ${seconds(plainCopy.seconds)}`,
          ours.seconds / plainCopy.seconds,
          { most: 1.3 },
        ),
        compared(
          `${size} inside, time, both on disk`,
          seconds(ours.seconds),
          `cp + sync ${seconds(synced.seconds)}`,
          ours.seconds / synced.seconds,
          { most: 1.3 },
        ),
        {
          what: `${size}, what the disk makes a copy cost`,
          ours: '',
          reference: `cp + sync ${seconds(synced.seconds)}, cp ${seconds(plainCopy.seconds)}`,
          ratio: synced.seconds / plainCopy.seconds,
        },
        absolute(
          `${size} inside, peak memory`,
          mib(ours.mib),
          '≤ 150 MiB',
          (ours.mib ?? Number.POSITIVE_INFINITY) <= 150,
        ),
      ];
      for (const path of [input, output, copy]) rmSync(path, { force: true });
      say('4.8 GB with holes');
      writeSingleFile(input, buildDit(ABOVE, 'unused'), true);
      const large = runProcess(compile);
      const name = `${(statSync(input).size / 1e9).toFixed(1)} GB inside (holes), spilled`;
      rows.push(
        absolute(
          `${name}, peak memory`,
          mib(large.mib),
          '≤ 150 MiB',
          (large.mib ?? Number.POSITIVE_INFINITY) <= 150,
        ),
      );
      rows.push({
        what: `${name}, time`,
        ours: seconds(large.seconds),
        reference: 'holes are read, and written as holes',
      });
      for (const path of [input, output, `${output}.data`]) rmSync(path, { force: true });
      return rows;
    },
  };
}
