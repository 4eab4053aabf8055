// A page of another site whose name now leads to this machine: to the browser all of it is one origin, so that only the
// server can tell, by `Host`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUp } from './browser.mjs';
import { EVENT, FLAGS, read, subscribe } from './foreign.mjs';

const here = setUp({ flags: FLAGS });

async function openRebound(name) {
  const origin = `http://${name}:${here.server.port}`;
  // The page came from the attacker's server before the name was bound again.
  await here.page.route(`${origin}/page`, (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }));
  await here.page.goto(`${origin}/page`);
}

test('a page that rebinds its name to this machine reads nothing and publishes nothing', async () => {
  await here.server.post('/events', { type: 'stream.topped_up', data: { streamId: 'private', amount: '1' } });
  for (const name of ['rebound.example', 'localhost.rebound.example', '127.0.0.1.rebound.example']) {
    await openRebound(name);
    const headers = { 'Content-Type': 'application/json' };
    for (const [path, init] of [
      ['/events?all=true'], ['/events/stats'], ['/health'], ['/'], ['/events/subscribe?all=true&from=earliest'],
      ['/events', { method: 'POST', headers, body: EVENT }],
      ['/streams/stolen/cancel', { method: 'POST' }],
    ]) {
      const answer = await here.page.evaluate(read, [path, init]);
      assert.deepEqual([answer.type, answer.status], ['basic', 403], `${name} ${path}`);
      assert.equal(JSON.parse(answer.text).error, 'foreign_host');
    }
    const outcome = await here.page.evaluate(subscribe, ['/events/subscribe?all=true&from=earliest', false]);
    assert.deepEqual(outcome, { error: 'error', state: 2 }, 'closed for good');
  }
  assert.equal((await here.server.events()).length, 1);
});

test('the same page under a name of this machine is served', async () => {
  await here.page.goto(`${here.server.url}/health`);
  const answer = await here.page.evaluate(read, ['/events?all=true']);
  assert.equal(answer.status, 200);
});
