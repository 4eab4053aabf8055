// A server with keys, and a browser that holds a good token in the cookie `tailwire`: it lets in the pages of the server
// and of the list, and gives pages of other origins nothing, not even those of the same site, where the cookie goes along.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { setUp } from './browser.mjs';
import { EVENT, FLAGS, listenIn, read, servePages, submit, subscribe } from './foreign.mjs';

const directory = mkdtempSync(join(tmpdir(), 'tailwire-key-'));
after(() => rmSync(directory, { recursive: true }));
const secret = randomBytes(32).toString('hex');
writeFileSync(join(directory, 'secret'), secret, { mode: 0o600 });
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: 'GVICTIM', exp: Math.floor(Date.now() / 1000) + 3600,
  tailwire: { subscribe: { all: true }, publish: true } })}`;
const TOKEN = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;

const pages = await servePages();
after(() => pages.close());
const ALLOWED = `http://app.pay.example:${pages.port}`;
const EVIL = `http://evil.pay.example:${pages.port}`;
const here = setUp({ flags: FLAGS,
  server: { flags: ['--jwt-secret-file', join(directory, 'secret'), '--cors-origin', ALLOWED] } });

let relay;
afterEach(() => relay?.close());
const server = () => `http://live.pay.example:${relay.port}`;

async function visit(page, cookie = TOKEN) {
  if (cookie) await here.page.context().addCookies([{ name: 'tailwire', value: cookie, url: server() }]);
  await here.page.goto(page());
}

async function stored() {
  const answer = await fetch(`${here.server.url}/events?all=true`, { headers: { Authorization: `Bearer ${TOKEN}` } });
  assert.equal(answer.status, 200);
  return (await answer.json()).events;
}

const post = { method: 'POST', credentials: 'include', body: EVENT };
const JSON_POST = { ...post, headers: { 'Content-Type': 'application/json' } };

test('the cookie is good: the page of the server publishes and reads by it, and without it does not', async () => {
  relay = await listenIn(here.server.port);
  await visit(() => `${server()}/health`, null);
  assert.equal((await here.page.evaluate(read, ['/events', JSON_POST])).status, 401);
  await visit(() => `${server()}/health`);
  assert.equal((await here.page.evaluate(read, ['/events', JSON_POST])).status, 201);
  const outcome = await here.page.evaluate(subscribe, ['/events/subscribe?all=true', false]);
  assert.equal(JSON.parse(outcome.data).type, 'connected');
  assert.equal((await stored()).length, 1);
});

test('a page of the list publishes and reads by it', async () => {
  relay = await listenIn(here.server.port);
  await visit(() => `${ALLOWED}/`);
  assert.equal((await here.page.evaluate(read, [`${server()}/events`, JSON_POST])).status, 201);
  const outcome = await here.page.evaluate(subscribe, [`${server()}/events/subscribe?all=true`, true]);
  assert.equal(JSON.parse(outcome.data).type, 'connected');
});

test('a page of another origin publishes nothing by it', async () => {
  relay = await listenIn(here.server.port);
  await visit(() => `${EVIL}/`);
  const url = `${server()}/events`;
  for (const kind of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    for (const mode of ['no-cors', 'cors']) {
      await here.page.evaluate(read, [url, { ...post, mode, headers: { 'Content-Type': kind } }]);
    }
  }
  await here.page.evaluate(read, [url, JSON_POST]);
  await here.page.evaluate(read, [`${server()}/streams/stolen/cancel`, { method: 'POST', mode: 'no-cors', credentials: 'include' }]);
  await here.page.evaluate(read, [`${server()}/events/ticket`, { method: 'POST', mode: 'no-cors', credentials: 'include' }]);
  await here.page.evaluate(submit, [url, EVENT]);
  const beacon = here.page.waitForResponse((response) => response.url() === `${url}?beacon`);
  await here.page.evaluate(([to, body]) => navigator.sendBeacon(to, body), [`${url}?beacon`, EVENT]);
  await beacon;
  const posts = relay.exchanges().filter(({ method }) => method === 'POST');
  assert.ok(posts.length >= 10, `${posts.length} reached the server`);
  assert.deepEqual(posts.filter(({ cookie }) => cookie !== `tailwire=${TOKEN}`), [], 'the cookie went along each time');
  assert.deepEqual(posts.filter(({ status }) => status !== 403), [], 'and was refused each time');
  assert.deepEqual(await stored(), []);
});

test('a page of another origin reads nothing by it', async () => {
  relay = await listenIn(here.server.port);
  await visit(() => `${EVIL}/`);
  const all = `${server()}/events/subscribe?all=true&from=earliest`;
  assert.deepEqual(await here.page.evaluate(subscribe, [all, true]), { error: 'error', state: 2 });
  assert.deepEqual(await here.page.evaluate(read, [`${server()}/events?all=true`, { credentials: 'include' }]), { error: 'TypeError' });
  const opaque = await here.page.evaluate(read, [`${server()}/events?all=true`, { mode: 'no-cors', credentials: 'include' }]);
  assert.deepEqual(opaque, { type: 'opaque', status: 0, text: '' });
  assert.ok(relay.exchanges().every(({ fields }) => fields['access-control-allow-origin'] === undefined));
});
