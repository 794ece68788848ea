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
import { bwc, DIT, TRAINED, workplace } from '../cli/bwc.js';
import { copyOf } from '../diff/edits.js';
import { chain } from './models.js';

const SHOTS = fileURLToPath(new URL('../../out/report', import.meta.url));
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const violations = z.array(
  z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

/** Runs in the page: how many pairs of elements cover each other. */
const overlaps = `selector => {
  const all = [...document.querySelectorAll(selector)].map(e => e.getBoundingClientRect());
  const cover = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return all.flatMap((a, i) => all.slice(i + 1).filter(b => cover(a, b))).length;
}`;

const BENCH = {
  steps: 8,
  computed: 5,
  reused: 3,
  speedup: 1.5,
  psnr: 30.2,
  ssim: 0.97,
  stateBytes: 4096,
  picture: null,
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
  }, 120_000);

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

  it('is used by keyboard alone', async () => {
    const { page, troubles } = await open(file, { width: 1280, height: 844 }, 'light');
    const focused = (): Promise<string> => page.evaluate('document.activeElement.id');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    for (let i = 0; i < 10 && (await focused()) !== 'before-1'; i++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('before-1');
    await page.keyboard.press('Space');
    expect(await focused()).toBe('detail-title');
    expect(await page.locator('#detail-nodes li').count()).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    expect(await page.locator('#detail').isVisible()).toBe(false);
    expect(await focused()).toBe('before-1');
    expect(troubles).toEqual([]);
    await page.context().close();
  });

  it('draws no box or card over another', async () => {
    for (const width of [1280, 390]) {
      const { page } = await open(file, { width, height: 844 }, 'light');
      for (const boxes of [
        '.cards li',
        '.sides section:first-child g[role=button]',
        '.sides section:last-child g[role=button]',
        'main > section',
      ])
        expect(await page.evaluate(`(${overlaps})(${JSON.stringify(boxes)})`), `${boxes} at ${width}`).toBe(
          0,
        );
      await page.context().close();
    }
  });

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

/** Set to put the pictures into the guide; else they lie with the other screenshots. */
const GUIDE =
  process.env['BWC_UPDATE'] === undefined
    ? SHOTS
    : fileURLToPath(new URL('../../docs/guides/report', import.meta.url));

describe.skipIf(NO_BROWSER !== '')(`the page that the guide shows${NO_BROWSER}`, () => {
  const folder = workplace();
  const at = (name: string): string => join(folder, name);
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(GUIDE, { recursive: true });
    const profile = ['--profile', TRAINED.profile];
    const run = async (...args: string[]): Promise<string> => {
      const ran = await bwc(args);
      if (ran.code !== 0) throw new Error(ran.err);
      return ran.out;
    };
    const seeds = GUIDE === SHOTS ? '1' : '2';
    await run('calibrate', TRAINED.model, ...profile, '--samples', seeds, '-o', at('calibration.json'));
    const auto = ['--method', 'auto', '--calibration', at('calibration.json'), '--set', 'target=speedup=3'];
    await run('compile', TRAINED.model, '-o', at('auto.onnx'), ...auto);
    const once = ['--rounds', '1', ...(GUIDE === SHOTS ? ['--seeds', '100'] : [])];
    const bench = await run(
      'bench',
      TRAINED.model,
      at('auto.onnx'),
      ...profile,
      ...once,
      '--picture',
      at('frames.png'),
      '--json',
    );
    writeFileSync(at('bench.json'), bench);
    const seen = ['--calibration', at('calibration.json'), '--bench', at('bench.json')];
    await run('report', TRAINED.model, at('auto.onnx'), '--html', at('auto.html'), ...seen);
    browser = await launchBrowser();
    page = await (
      await browser.newContext({ viewport: { width: 1000, height: 700 }, offline: true })
    ).newPage();
    await page.goto(pathToFileURL(at('auto.html')).href);
  }, 300_000);

  afterAll(() => browser.close());

  it('answers what is skipped, what decides, what it costs, keeps and gains', async () => {
    const cards = page.locator('.cards li');
    const texts = await cards.allInnerTexts();
    const heads = texts.map(text => text.split('\n')[0]);
    expect(heads).toEqual([
      'What is skipped',
      'What decides',
      'What it costs',
      'What it keeps',
      'What it gains',
      'What changed',
    ]);
    expect(texts[0]).toMatch(/^What is skipped\nBlocks 0-11, 99\.\d % of a step/);
    expect(texts[1]).toContain('Method auto: a table');
    expect(texts[5]).toContain('0 changed, 0 removed');
    await page
      .locator('main > section')
      .nth(0)
      .screenshot({ path: join(GUIDE, 'in-short.png') });
  });

  it('draws the gate, and its blocks in the branch of computed steps', async () => {
    const words = await page.locator('.sides section').last().innerText();
    for (const text of [
      'reused steps: bwc/gate',
      'computed steps: bwc/gate',
      'block 11',
      'measures how much changed',
    ])
      expect(words).toContain(text);
    await page.locator('.sides').screenshot({ path: join(GUIDE, 'graph.png') });
  });

  it('shows a run step by step, with frames', async () => {
    const run = page.locator('section[aria-labelledby=bench]');
    expect(await run.locator('svg.strip rect').count()).toBe(GUIDE === SHOTS ? 30 : 120);
    expect(await page.evaluate('document.querySelector(".frames img").naturalWidth')).toBeGreaterThan(100);
    expect(await run.locator('figcaption').innerText()).toContain('Seed 100: the original’s frames above');
    await run.screenshot({ path: join(GUIDE, 'run.png') });
  });

  it('shows how the blocks change', async () => {
    const figure = page.locator('figure.chart').first();
    expect(await figure.locator('svg path').count()).toBeGreaterThan(12 * 29);
    await figure.screenshot({ path: join(GUIDE, 'change.png') });
  });
});
