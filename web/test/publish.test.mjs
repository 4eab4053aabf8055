// The publish form and the cards, in a real browser against the real server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, setUp, stream, waitForId, waitForState } from './browser.mjs';

const here = setUp();

test('a payment stream created by the form appears as a card', async () => {
  await open(here);
  await here.page.fill('#fields [name="streamId"]', '9007199254740993');
  await here.page.click('#publish button[type="submit"]');
  await here.page.waitForSelector('#answer b');
  assert.match(await here.page.textContent('#answer'), /^Stored as event 1 for payment stream 9007199254740993$/);
  await waitForId(here.page, '1');
  const card = here.page.locator('.card[data-id="1"]');
  assert.equal(await card.locator('.kind').textContent(), 'stream.created');
  assert.equal(await card.locator('.stream').textContent(), '9007199254740993', 'larger than a double can hold');
  await card.locator('summary').click();
  await here.page.waitForFunction(() => document.querySelector('.card pre').textContent !== '');
  assert.match(await card.locator('pre').textContent(), /\n {2}"ratePerSecond": "1000000",\n/);
  assert.equal(await here.page.textContent('#last-id'), '1');
  assert.equal(await here.page.textContent('#count'), '1');
  assert.deepEqual(here.complaints, []);
});

test('every other event can be published for it', async () => {
  await open(here);
  await here.page.fill('#fields [name="streamId"]', 'rent.2026');
  await here.page.click('#publish button[type="submit"]');
  await waitForId(here.page, '1');
  const actions = ['top-up', 'withdraw', 'pause', 'resume', 'cancel', 'complete', 'fee'];
  for (const [index, action] of actions.entries()) {
    await here.page.selectOption('#action', action);
    assert.equal(await here.page.inputValue('#fields [name="streamId"]'), 'rent.2026');
    await here.page.click('#publish button[type="submit"]');
    await waitForId(here.page, String(index + 2));
  }
  const kinds = await here.page.locator('.card .kind').allTextContents();
  assert.deepEqual(kinds.reverse(), ['created', 'topped_up', 'withdrawn', 'paused', 'resumed', 'cancelled', 'completed',
    'fee_collected'].map((kind) => `stream.${kind}`));
  assert.deepEqual(here.complaints, []);
});

test('a refusal shows the reason of the server at the field', async () => {
  await open(here);
  await here.page.fill('#fields [name="recipient"]', '');
  await here.page.click('#publish button[type="submit"]');
  await here.page.waitForSelector('#answer[data-bad]');
  assert.match(await here.page.textContent('#answer'), /400/);
  const field = here.page.locator('#fields .field.wrong');
  assert.equal(await field.locator('input').getAttribute('name'), 'recipient');
  assert.notEqual(await field.locator('em').textContent(), '');
  assert.notEqual(await here.page.inputValue('#fields [name="sender"]'), '', 'what was typed stays');
  assert.equal(await here.page.locator('.card').count(), 0);
});

test('text from elsewhere stays text', async () => {
  await open(here);
  const attack = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
  await here.server.post('/streams', stream('x', { sender: 'G"><svg/onload=window.broken=1>', memo: attack }));
  await waitForId(here.page, '1');
  await here.page.locator('.card summary').click();
  await here.page.waitForFunction(() => document.querySelector('.card pre').textContent.includes('<script>'));
  assert.equal(await here.page.locator('.card img, .card script, .card svg').count(), 0);
  assert.equal(await here.page.evaluate(() => window.broken), undefined);
  assert.deepEqual(here.complaints, []);
});

test('the answer to a publication stands on one line', async () => {
  await open(here);
  await here.page.fill('#fields [name="streamId"]', '7');
  await here.page.click('#publish button[type="submit"]');
  await here.page.waitForSelector('#answer b');
  const lines = await here.page.locator('#answer').evaluate((answer) => {
    const style = getComputedStyle(answer);
    const inner = answer.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
    return Math.round(inner / parseFloat(style.lineHeight));
  });
  assert.equal(lines, 1);
});

test('that the server is out of reach is not said any longer once it is back', async () => {
  await open(here);
  await here.server.kill();
  await waitForState(here.page, 'reconnecting');
  await here.page.click('#publish button[type="submit"]');
  await here.page.waitForSelector('#answer[data-bad]');
  assert.equal(await here.page.textContent('#answer'), 'The server cannot be reached.');
  await here.server.start();
  await waitForState(here.page, 'live');
  await here.page.waitForSelector('#answer', { state: 'hidden' });
});
