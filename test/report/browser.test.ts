import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { compile, readModel, toBytes } from '../../src/index.js';
import { diffModels } from '../../src/report/diff/index.js';
import { reportPage } from '../../src/report/html/index.js';
import { inspectFacts } from '../../src/report/inspect-facts.js';
import { launchBrowser, NO_BROWSER } from '../browser.js';
import { DIT } from '../cli/bwc.js';
import { copyOf } from '../diff/edits.js';
import { chain } from './models.js';

const SHOTS = fileURLToPath(new URL('../../out/report', import.meta.url));
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const violations = z.array(
  z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

const BENCH = {
  steps: 8,
  computed: 5,
  reused: 3,
  speedup: 1.5,
  psnr: 30.2,
  ssim: 0.97,
  stateBytes: 4096,
  computeOverhead: 1.05,
  perStep: { original: 8, reused: 0.4 },
  seeds: [0, 1].map(seed => ({
    seed,
    decisions: Array.from({ length: 8 }, (_, i) =>
      i % 3 === 2 ? ('reused' as const) : ('computed' as const),
    ),
    psnr: 30.2,
    ssim: 0.97,
  })),
};

describe.skipIf(NO_BROWSER !== '')(`the page in a browser${NO_BROWSER}`, () => {
  let browser: Browser;
  const file = join(SHOTS, 'dit.html');

  beforeAll(async () => {
    mkdirSync(SHOTS, { recursive: true });
    const model = readModel(DIT.model);
    const compiled = copyOf(model);
    compile(compiled, { steps: 30 });
    const html = await reportPage({
      title: 'dit.dynamo.onnx → dit.cached.onnx',
      model,
      diff: diffModels({ model, path: 'dit.dynamo.onnx' }, { model: compiled, path: 'dit.cached.onnx' }),
      inspected: inspectFacts(readModel(DIT.model), {
        path: 'dit.dynamo.onnx',
        bytes: statSync(DIT.model).size,
      }),
      bench: BENCH,
      diagnostics: [],
    });
    writeFileSync(file, html);
    browser = await launchBrowser();
  });

  afterAll(() => browser.close());

  /** A page that may not ask for anything, and what it complained about. */
  async function open(path: string, size: { width: number; height: number }, colorScheme: 'light' | 'dark') {
    const context = await browser.newContext({ viewport: size, colorScheme, offline: true });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on('console', message => void (message.type() === 'error' && troubles.push(message.text())));
    page.on('pageerror', error => void troubles.push(error.message));
    page.on('request', request => void (request.url().startsWith('file:') || troubles.push(request.url())));
    await page.goto(pathToFileURL(path).href);
    return { page, troubles };
  }

  async function audit(page: Page): Promise<z.infer<typeof violations>> {
    await page.evaluate(readFileSync(AXE, 'utf8'));
    return violations.parse(await page.evaluate('axe.run().then(r => r.violations)'));
  }

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)(
    '%s, %i wide: no error, no request, nothing wider than the screen, accessible',
    async (theme, width) => {
      const { page, troubles } = await open(file, { width, height: 844 }, theme);
      await page.locator('[id="before-1"]').focus();
      await page.keyboard.press('Enter');
      await page.locator('#detail-nodes li').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await audit(page)).toEqual([]);
      await page.screenshot({ path: join(SHOTS, `report-${theme}-${width}.png`), fullPage: true });
      expect(troubles).toEqual([]);
      await page.context().close();
    },
  );

  it('says in its first words what is skipped, what decides, what it costs and what it keeps', async () => {
    const { page } = await open(file, { width: 1280, height: 844 }, 'light');
    const cards = await page.locator('.cards').innerText();
    for (const text of ['Blocks 0-5', 'threshold of 0.15', 'added nodes', 'between steps'])
      expect(cards).toContain(text);
    await page.context().close();
  });

  it('finds nodes and changes its theme', async () => {
    const { page, troubles } = await open(file, { width: 1280, height: 844 }, 'light');
    await page.locator('#search').fill('bwc/gate');
    await page.locator('#results li').first().waitFor();
    expect(await page.locator('#count').innerText()).toMatch(/^\d+ nodes found/);
    await page.locator('#results button').first().click();
    expect(await page.locator('#detail-title').innerText()).toContain('(after)');
    const colour = 'getComputedStyle(document.body).backgroundColor';
    const before = await page.evaluate(colour);
    await page.locator('#theme').click();
    expect(await page.evaluate(colour)).not.toBe(before);
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('opens with 15,000 nodes and stays below 5 MB', async () => {
    const [model, other] = [chain(600, 25, 0), chain(600, 25, 600)];
    const html = await reportPage({
      title: 'chain',
      model,
      diff: diffModels({ model }, { model: other }),
      diagnostics: [],
    });
    expect(html.length).toBeLessThan(5e6);
    const path = join(SHOTS, 'chain.html');
    writeFileSync(path, html);
    const { page, troubles } = await open(path, { width: 1280, height: 844 }, 'light');
    await page.locator('g[role=button]').first().waitFor();
    const loaded = await page.evaluate(
      'performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd',
    );
    writeFileSync(join(SHOTS, 'chain.json'), JSON.stringify({ bytes: html.length, loadedMs: loaded }));
    expect(troubles).toEqual([]);
    expect(toBytes(model).length).toBeGreaterThan(0);
    await page.context().close();
  });
});
