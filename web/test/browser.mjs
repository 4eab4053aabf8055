// One browser for a test file; each test has a server and a page of its own.
import { after, afterEach, before, beforeEach } from 'node:test';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { Server } from './server.mjs';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const WAIT_MS = 20_000;
const FILES = ['index.html', 'text.js', 'publish.js', 'subscription.js', 'feed.js', 'app.js', 'style.css', 'favicon.svg'];

// Registers the hooks; what it returns is filled before each test. `flags`: more for the browser, `server`: for `Server`,
// the rest for the browser's context.
export function setUp({ flags = [], server = {}, ...options } = {}) {
  const here = { browser: null, server: null, page: null, complaints: [] };
  before(async () => {
    // A container has no user namespaces for the sandbox; QUIC and the GPU have no part in this.
    const args = ['--no-sandbox', '--disable-quic', '--disable-gpu', ...flags];
    here.browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  after(() => here.browser?.close());
  beforeEach(async () => {
    here.server = new Server(server);
    await here.server.start();
    const context = await here.browser.newContext(options);
    if (process.env.PAGE_FROM_TREE) await context.route(isPage, fromTree);
    here.page = await context.newPage();
    here.page.setDefaultTimeout(WAIT_MS);
    here.complaints = [];
    here.page.on('pageerror', (error) => here.complaints.push(String(error)));
    here.page.on('console', (message) => message.type() === 'error'
      && here.complaints.push(`${message.location().url} ${message.text()}`));
  });
  afterEach(async () => {
    await here.page.context().close();
    await here.server.remove();
  });
  return here;
}

export async function open(here, query = '') {
  await here.page.goto(`${here.server.url}/${query}`);
  await waitForState(here.page, 'live');
}

export const waitForState = (page, state) => page.waitForSelector(`#state[data-state="${state}"]`);
export const waitForId = (page, id) => page.waitForSelector(`.card[data-id="${id}"]`, { state: 'attached' });

// The ids on the cards, oldest first.
export const ids = (page) => page.locator('.card')
  .evaluateAll((cards) => cards.map((card) => card.dataset.id).reverse());

export const stream = (streamId, more = {}) => ({
  streamId, sender: 'GSENDER', recipient: 'GRECIPIENT', tokenAddress: 'CTOKEN', ratePerSecond: '1000000',
  depositedAmount: '86400000000', startTime: 1708560000, ...more,
});

// The page as it stands in the tree, under the headers of the server: no rebuild while one works on it.
const fileOf = (url) => url.pathname.slice(1) || 'index.html';
const isPage = (url) => FILES.includes(fileOf(url));
async function fromTree(route) {
  const body = readFileSync(new URL(`../${fileOf(new URL(route.request().url()))}`, import.meta.url), 'utf8');
  await route.fulfill({ response: await route.fetch(), body });
}
