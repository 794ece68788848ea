import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { launchBrowser, NO_BROWSER } from '../browser.js';
import { bwc, json } from '../cli/bwc.js';

const MODEL = fileURLToPath(new URL('../../out/deep/flux.torchscript.onnx', import.meta.url));

const diffed = z.object({
  nodes: z.object({ before: z.number(), changed: z.number(), removed: z.number() }),
  places: z.array(z.unknown()),
});

/** FLUX at its true depth, made by `fixtures/export/deep.py`. Times are printed: they are the machine's. */
describe.skipIf(!existsSync(MODEL))(
  'a graph of more than 15,000 nodes (fixtures/export/deep.py makes it)',
  () => {
    let folder = '';
    const at = (name: string): string => join(folder, name);
    const timed = async (name: string, ...args: string[]): Promise<string> => {
      const start = performance.now();
      const ran = await bwc(args);
      if (ran.code !== 0) throw new Error(ran.err);
      process.stdout.write(`${name}: ${((performance.now() - start) / 1000).toFixed(2)} s\n`);
      return ran.out;
    };

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'bwc-deep-'));
      await timed('compile', 'compile', MODEL, '-o', at('cached.onnx'), '--steps', '30');
    }, 120_000);
    afterAll(() => rm(folder, { recursive: true }));

    it('is compared', async () => {
      const text = await timed('diff --stat', 'diff', MODEL, at('cached.onnx'), '--stat');
      expect(text.split('\n').length).toBeLessThanOrEqual(24);
      const ran = await bwc(['diff', MODEL, at('cached.onnx'), '--json', '--no-delta']);
      const { nodes } = json(ran, diffed);
      expect(nodes.before).toBeGreaterThan(15_000);
      expect(nodes).toMatchObject({ changed: 0, removed: 0 });
    });

    it.skipIf(NO_BROWSER !== '')(
      `is a page of less than 5 MB that a browser opens${NO_BROWSER}`,
      async () => {
        await timed('report', 'report', MODEL, at('cached.onnx'), '--html', at('page.html'));
        expect(statSync(at('page.html')).size).toBeLessThan(5e6);
        const browser = await launchBrowser();
        const page = await browser.newPage();
        const troubles: string[] = [];
        page.on('pageerror', error => void troubles.push(error.message));
        await page.goto(pathToFileURL(at('page.html')).href);
        const loaded = await page.evaluate(
          'performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd',
        );
        process.stdout.write(
          `opens: ${Math.round(Number(loaded))} ms, ${readFileSync(at('page.html')).length} bytes\n`,
        );
        expect(await page.locator('g[role=button]').count()).toBeGreaterThan(2 * 57);
        expect(troubles).toEqual([]);
        await browser.close();
      },
    );
  },
);
