// What the page is subscribed to, and what becomes of the feed when that changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ids, open, setUp, stream, waitForId, waitForState } from './browser.mjs';

const here = setUp();

test('nothing is missing or doubled when the server is killed and comes back', async () => {
  await open(here);
  const stored = [];
  for (let index = 0; index < 20; index += 1) stored.push(await here.server.post('/streams', stream(index)));
  await waitForId(here.page, stored.at(-1));
  await here.server.kill();
  await waitForState(here.page, 'reconnecting');
  await here.server.start();
  // Stored before the page is back, most of them, and the rest after.
  for (let index = 20; index < 40; index += 1) stored.push(await here.server.post('/streams', stream(index)));
  await waitForState(here.page, 'live');
  stored.push(await here.server.post('/streams', stream(40)));
  await waitForId(here.page, stored.at(-1));
  assert.deepEqual(await ids(here.page), stored);
});

test('the filter of the page address is the filter of the subscription', async () => {
  const first = await here.server.post('/streams', stream(7));
  await here.server.post('/streams', stream(8));
  const third = await here.server.post('/streams/7/top-up', { amount: '5' });
  await open(here, '?streams=7&from=earliest');
  await waitForId(here.page, third);
  assert.deepEqual(await ids(here.page), [first, third]);
  assert.match(await here.page.textContent('#curl'), /^curl -N 'http:\/\/127\.0\.0\.1:\d+\/events\/subscribe\?streams=7&from=earliest'$/);
});

test('a filter the server refuses is told and not tried again', async () => {
  await open(here);
  await here.page.selectOption('#filter [name="start"]', 'since');
  await here.page.fill('#filter [name="startValue"]', 'yesterday');
  await here.page.click('#connect');
  await waitForState(here.page, 'refused');
  assert.match(await here.page.textContent('#filter-problem'), /^since: /);
});

test('an empty choice is told by the page, without a request and without a command', async () => {
  await open(here);
  let asked = 0;
  here.page.on('request', (request) => { asked += request.url().includes('/events/subscribe'); });
  await here.page.check('[name="scope"][value="some"]', { force: true });
  assert.doesNotMatch(await here.page.textContent('#curl'), /curl/);
  assert.ok(await here.page.isDisabled('#copy'));
  await here.page.click('#connect');
  assert.equal(await here.page.textContent('#filter-problem'), 'Name a payment stream or a user, or choose Everything.');
  assert.equal(await here.page.evaluate(() => document.activeElement.name), 'streams');
  assert.equal(asked, 0);
  await waitForState(here.page, 'live');
  await here.page.keyboard.type('7');
  assert.ok(await here.page.isHidden('#filter-problem'), 'typing mends it');
  assert.match(await here.page.textContent('#curl'), /^curl -N .*streams=7'$/);
  await here.page.keyboard.press('Enter');
  await waitForState(here.page, 'live');
  await here.server.post('/streams', stream(7));
  await waitForId(here.page, '1');
  assert.equal(asked, 1);
});

test('following a payment stream begins anew: no foreign card, none twice, a counter of its own', async () => {
  const first = await here.server.post('/streams', stream(7));
  const second = await here.server.post('/streams', stream(8));
  const third = await here.server.post('/streams/7/top-up', { amount: '5' });
  await open(here, '?from=earliest');
  await waitForId(here.page, third);
  assert.deepEqual(await ids(here.page), [first, second, third]);
  await here.page.click(`.card[data-id="${third}"] .stream`);
  await waitForState(here.page, 'live');
  const fourth = await here.server.post('/streams/7/top-up', { amount: '6' });
  await waitForId(here.page, fourth);
  assert.deepEqual(await ids(here.page), [first, third, fourth]);
  assert.equal(await here.page.textContent('#count'), '3');
});

test('connecting again does not pile a second replay on the first', async () => {
  const first = await here.server.post('/streams', stream(7));
  await open(here, '?from=earliest');
  await waitForId(here.page, first);
  await here.page.click('#connect');
  const second = await here.server.post('/streams', stream(8));
  await waitForId(here.page, second);
  assert.deepEqual(await ids(here.page), [first, second]);
  assert.equal(await here.page.textContent('#count'), '2');
});

test('a reconnect asks for what was submitted, not for what stands in the form', async () => {
  await open(here, '?streams=7');
  await here.page.fill('#filter [name="streams"]', '999');
  await here.server.kill();
  await waitForState(here.page, 'reconnecting');
  // A proxy that answers 503 makes the browser give up, and the page itself has to ask again.
  const asked = [];
  await here.page.route('**/events/subscribe?*', (route) => {
    asked.push(new URL(route.request().url()).search);
    return asked.length < 4 ? route.fulfill({ status: 503 }) : route.continue();
  });
  await here.server.start();
  await waitForState(here.page, 'live');
  assert.match(asked.at(-1), /^\?streams=7&lastEventId=0$/);
  await here.server.post('/streams', stream(999));
  const wanted = await here.server.post('/streams', stream(7));
  await waitForId(here.page, wanted);
  assert.deepEqual(await ids(here.page), [wanted]);
});

test('a replayed card does not carry the time it arrived at, a live one does', async () => {
  await here.server.post('/streams', stream(7));
  const old = await here.server.post('/streams/7/top-up', { amount: '5', timestamp: 1708560060 });
  await open(here, '?from=earliest');
  await waitForId(here.page, old);
  const fresh = await here.server.post('/streams/7/top-up', { amount: '6' });
  await waitForId(here.page, fresh);
  const when = async (id) => (await here.page.textContent(`.card[data-id="${id}"] .when`)).trim();
  assert.match(await when(old), /^#2 replayed$/);
  assert.match(await when(fresh), /^#3 received \d\d:\d\d:\d\d$/);
  const rows = (id) => here.page.locator(`.card[data-id="${id}"] .values div`)
    .evaluateAll((all) => all.map((row) => [row.querySelector('dt').textContent, row.querySelector('time')?.dateTime]));
  assert.deepEqual(await rows('1').then((all) => all.at(-1)), ['startTime', '2024-02-22T00:00:00.000Z']);
  assert.deepEqual(await rows(old), [['amount', undefined], ['timestamp', '2024-02-22T00:01:00.000Z']]);
});

test('what was missed while the server was away is replayed, what comes then is received', async () => {
  await open(here);
  const seen = await here.server.post('/streams', stream(1));
  await waitForId(here.page, seen);
  await here.server.kill();
  await waitForState(here.page, 'reconnecting');
  const held = await holdSubscriptions();
  await here.server.start();
  const missed = await here.server.post('/streams', stream(2));
  await held.letGo();
  await waitForId(here.page, missed);
  const fresh = await here.server.post('/streams', stream(3));
  await waitForId(here.page, fresh);
  const how = await here.page.locator('.card .how').allTextContents();
  assert.deepEqual(how, ['received', 'replayed', 'received']);
});

// No attempt to connect reaches the server until it is let go.
async function holdSubscriptions() {
  const where = '**/events/subscribe?*';
  await here.page.route(where, (route) => route.abort());
  return { letGo: () => here.page.unroute(where) };
}
