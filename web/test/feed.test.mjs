// What an empty feed says, which depends on why it is empty.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, setUp, stream, waitForId, waitForState } from './browser.mjs';

const here = setUp();
const waitForWords = (words) => here.page.waitForFunction((sought) => {
  const empty = document.querySelector('#empty');
  return !empty.hidden && empty.textContent.includes(sought);
}, words);

test('an empty feed says why it is empty', async () => {
  await open(here);
  await waitForWords('Nothing yet. Publish an event');
  await here.page.click('#pause');
  await waitForWords('Paused.');
  await here.server.post('/streams', stream(1));
  await waitForWords('Paused with 1 event waiting.');
  await here.page.click('#pause');
  await waitForId(here.page, '1');
  await here.page.click('#clear');
  await waitForWords('Nothing since.');
  await here.server.kill();
  await waitForState(here.page, 'reconnecting');
  await waitForWords('The connection is lost.');
  await here.page.click('#disconnect');
  await waitForWords('Disconnected.');
});

test('an empty feed of a filter promises no more than the filter', async () => {
  await open(here, '?streams=7');
  await waitForWords('What this subscription asks for');
  await here.page.goto(`${here.server.url}/?since=yesterday`);
  await waitForState(here.page, 'refused');
  await waitForWords('The server refused this subscription.');
  assert.notEqual(await here.page.textContent('#filter-problem'), '');
});
