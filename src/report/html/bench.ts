import { z } from 'zod';
import { escaped } from './draw.js';

/** What a report shows of a bench: a part of what `bwc bench --json` prints. */
export const benchSchema = z.object({
  steps: z.number(),
  computed: z.number(),
  reused: z.number(),
  speedup: z.number(),
  psnr: z.number().nullable(),
  ssim: z.number(),
  stateBytes: z.number(),
  /** Path of a picture of the first seed, where one was written. */
  picture: z.string().nullable(),
  /** What a computed step takes of the original's. */
  computeOverhead: z.number().nullable(),
  perStep: z.object({ original: z.number(), reused: z.number().nullable() }),
  seeds: z.array(
    z.object({
      seed: z.number(),
      decisions: z.array(z.enum(['computed', 'partial', 'reused'])),
      psnr: z.number().nullable(),
      ssim: z.number(),
    }),
  ),
});

export type BenchShown = z.infer<typeof benchSchema>;

/** A picture made by the models, as a data address. */
export interface Frame {
  readonly title: string;
  readonly source: string;
}

const CELL = 14;

/** Steps of every seed in a strip: tall ones computed, low ones reused. */
export function benchHtml(bench: BenchShown, frames: readonly Frame[]): string {
  const rows = bench.seeds.map(s => {
    const width = s.decisions.length * CELL;
    const computed = s.decisions.filter(d => d === 'computed').length;
    const cells = s.decisions.map((d, i) => {
      const height = d === 'reused' ? 6 : 20;
      return `<rect class="${d}" x="${i * CELL}" y="${20 - height}" width="${CELL - 2}" height="${height}"/>`;
    });
    const label = `Seed ${s.seed}: ${computed} of ${s.decisions.length} steps computed`;
    return `<tr><th scope="row">${s.seed}</th><td><svg class="strip" role="img" aria-label="${label}" width="${width}" height="20" viewBox="0 0 ${width} 20">${cells.join('')}</svg></td><td>${computed}</td><td>${psnrText(s.psnr)}</td><td>${s.ssim.toFixed(4)}</td></tr>`;
  });
  const pictures = frames.map(
    f =>
      `<figure><img alt="${escaped(f.title)}" src="${f.source}"><figcaption>${escaped(f.title)}</figcaption></figure>`,
  );
  return `<p>${gainText(bench)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="Decisions by step"><table><thead><tr><th scope="col">seed</th><th scope="col">steps: tall computed, low reused</th><th scope="col">computed</th><th scope="col">PSNR</th><th scope="col">SSIM</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>
${pictures.length > 0 ? `<div class="frames">${pictures.join('')}</div>` : ''}`;
}

/** What a bench found, in a sentence. */
export function gainText({ speedup, steps, computed, reused, psnr, ssim }: BenchShown): string {
  return `<strong>${speedup.toFixed(2)} times as fast</strong>: of ${steps} steps ${short(computed)} were computed and ${short(reused)} reused; PSNR ${psnrText(psnr)}, SSIM ${ssim.toFixed(4)}.`;
}

function psnrText(x: number | null): string {
  return x === null ? 'equal' : `${x.toFixed(1)} dB`;
}

function short(x: number): string {
  return String(Number(x.toFixed(1)));
}
