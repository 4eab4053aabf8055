// Pages of other origins before a server that names can reach, with the cookie of somebody who is let in: they publish
// nothing and read nothing, by none of the ways that a browser gives them, and those on the list may do both.
import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import { setUp } from './browser.mjs';
import { EVENT, FLAGS, listenIn, load, read, servePages, submit, subscribe } from './foreign.mjs';

const pages = await servePages();
after(() => pages.close());
const ALLOWED = `http://app.pay.example:${pages.port}`;
// A loopback address by a name that is none to the server: as on a public address, no origin is let in for being local.
const here = setUp({ flags: FLAGS, server: { host: '[::ffff:127.0.0.1]', flags: ['--insecure', '--cors-origin', ALLOWED] } });

const JSON_TYPE = { 'Content-Type': 'application/json' };

let relay;
afterEach(() => relay?.close());
// The server under a name of the same site as most of the pages, where browsers hold back no cookie.
const server = () => `http://live.pay.example:${relay.port}`;

// Opens a page of another origin in the browser of somebody who is let in.
async function visit(origin) {
  relay = await listenIn(here.server.port);
  await here.page.context().addCookies([{ name: 'tailwire', value: 'stolen', url: server() }]);
  await here.page.goto(`${origin}/`);
}

const EVIL = [`http://evil.pay.example:${pages.port}`, `http://evil.example:${pages.port}`,
  `http://app.pay.example.evil.example:${pages.port}`];

for (const origin of EVIL) {
  test(`a page of ${new URL(origin).hostname} publishes nothing`, async () => {
    await visit(origin);
    const url = `${server()}/events`;
    const post = (headers, mode, target = url) => here.page.evaluate(read,
      [target, { method: 'POST', headers, mode, credentials: 'include', body: EVENT }]);
    for (const kind of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      assert.equal((await post({ 'Content-Type': kind }, 'no-cors')).type, 'opaque');
      assert.equal((await post({ 'Content-Type': kind }, 'cors')).error, 'TypeError', 'the answer is kept from it');
    }
    // What needs a preflight is not sent at all.
    assert.equal((await post(JSON_TYPE, 'cors')).error, 'TypeError');
    assert.equal((await post({ ...JSON_TYPE, 'Idempotency-Key': 'k' }, 'cors')).error, 'TypeError');
    assert.equal((await post({ 'Content-Type': 'application/x-ndjson' }, 'cors')).error, 'TypeError');
    // An empty body needs no type, nor a preflight.
    const empty = { method: 'POST', mode: 'no-cors', credentials: 'include' };
    assert.equal((await here.page.evaluate(read, [`${server()}/streams/stolen/cancel`, empty])).type, 'opaque');
    await here.page.evaluate(submit, [url, EVENT]);
    const beacon = here.page.waitForResponse((response) => response.url() === `${url}?beacon`);
    await here.page.evaluate(([to, body]) => navigator.sendBeacon(to, body), [`${url}?beacon`, EVENT]);
    await beacon;
    await here.page.evaluate(([to, body]) =>
      navigator.sendBeacon(to, new Blob([body], { type: 'application/json' })), [`${url}?typed`, EVENT]);

    const said = relay.exchanges();
    const posts = said.filter(({ method }) => method === 'POST');
    assert.ok(posts.length >= 9, `${posts.length} reached the server`);
    for (const { path, status, fields } of posts) {
      assert.equal(status, 403, path);
      assert.equal(fields['access-control-allow-origin'], undefined);
    }
    assert.ok(said.filter(({ method }) => method === 'OPTIONS').length >= 3, 'and so did preflights');
    if (new URL(origin).hostname === 'evil.pay.example') {
      assert.deepEqual(posts.filter(({ cookie }) => cookie !== 'tailwire=stolen'), [], 'the cookie went along each time');
    }
    assert.deepEqual(await here.server.events(), [], 'nothing was stored');
  });

  test(`a page of ${new URL(origin).hostname} reads nothing`, async () => {
    await here.server.post('/events', { type: 'stream.topped_up', data: { streamId: 'private', amount: '1' } });
    await visit(origin);
    for (const path of ['/events?all=true', '/events/subscribe?all=true&from=earliest', '/health']) {
      const cors = await here.page.evaluate(read, [server() + path, { credentials: 'include' }]);
      assert.deepEqual(cors, { error: 'TypeError' }, path);
    }
    const opaque = await here.page.evaluate(read, [`${server()}/events?all=true`, { mode: 'no-cors', credentials: 'include' }]);
    assert.deepEqual(opaque, { type: 'opaque', status: 0, text: '' });
    for (const credentials of [true, false]) {
      const outcome = await here.page.evaluate(subscribe, [`${server()}/events/subscribe?all=true&from=earliest`, credentials]);
      assert.deepEqual(outcome, { error: 'error', state: 2 });
    }
    assert.equal(await here.page.evaluate(load, `${server()}/events?all=true`), 'refused', 'JSON is no script');
  });
}

test('a page on the list publishes and reads, with the cookie and behind preflights', async () => {
  await visit(ALLOWED);
  const url = `${server()}/events/subscribe?all=true&from=earliest`;
  const init = { method: 'POST', credentials: 'include', body: EVENT, headers: { ...JSON_TYPE, 'Idempotency-Key': 'k' } };
  const answer = await here.page.evaluate(read, [`${server()}/events`, init]);
  assert.deepEqual([answer.type, answer.status], ['cors', 201]);
  const outcome = await here.page.evaluate(subscribe, [url, true]);
  assert.equal(JSON.parse(outcome.data).type, 'connected');
  const refused = await here.page.evaluate(read, [`${server()}/events?all=maybe`, { credentials: 'include' }]);
  assert.equal(refused.status, 400, 'a refusal can be read as well');
  assert.equal((await here.server.events()).length, 1);

  const seen = relay.exchanges().filter(({ method }) => method !== 'OPTIONS');
  assert.ok(seen.length >= 3);
  for (const { cookie, fields, path } of seen) {
    assert.equal(cookie, 'tailwire=stolen', path);
    assert.equal(fields['access-control-allow-origin'], ALLOWED, path);
    assert.equal(fields['access-control-allow-credentials'], 'true', path);
    assert.match(fields.vary, /\bOrigin\b/, path);
    assert.equal(fields['timing-allow-origin'], undefined, path);
  }
  // So that a page cannot tell from the time an answer took what was in it.
  const times = await here.page.evaluate((part) => performance.getEntriesByType('resource')
    .filter(({ name }) => name.startsWith(part)).map(({ requestStart, responseStart, transferSize }) =>
      [requestStart, responseStart, transferSize]), server());
  assert.ok(times.length >= 2);
  assert.ok(times.flat().every((time) => time === 0), JSON.stringify(times));
});

test('a preflight says what a page on the list may send, and to others nothing', async () => {
  const ask = (Origin) => fetch(`${here.server.url}/events`, { method: 'OPTIONS', headers: { Origin,
    'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type,idempotency-key' } });
  const { status, headers } = await ask(ALLOWED);
  assert.equal(status, 204);
  assert.equal(headers.get('access-control-allow-origin'), ALLOWED);
  assert.equal(headers.get('access-control-allow-credentials'), 'true');
  assert.match(headers.get('vary'), /\bOrigin\b/);
  assert.match(headers.get('access-control-allow-methods'), /\bPOST\b/);
  assert.match(headers.get('access-control-allow-headers'), /\bIdempotency-Key\b/i);
  for (const origin of [...EVIL, 'null', `${ALLOWED}.evil.example`, 'http://localhost:5173']) {
    const foreign = await ask(origin);
    assert.equal(foreign.headers.get('access-control-allow-origin'), null, origin);
    assert.equal(foreign.headers.get('access-control-allow-credentials'), null, origin);
  }
});
