// A small laptop sees both forms whole: what the empty feed tells one to press is in view.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open, setUp } from './browser.mjs';

const here = setUp({ viewport: { width: 1280, height: 720 } });

async function assertInView(selector) {
  const inside = await here.page.locator(selector).evaluate((node) => {
    const box = node.getBoundingClientRect();
    // What lies at its middle is the thing itself, not something that cuts it off or covers it.
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return node.contains(top) && box.bottom <= innerHeight;
  });
  assert.ok(inside, `${selector} is in view`);
}

async function assertNoInnerScroll() {
  const [whole, seen] = await here.page.locator('.side').evaluate((side) => [side.scrollHeight, side.clientHeight]);
  assert.ok(whole <= seen, `the forms are ${whole} px high and ${seen} px of them are seen`);
}

test('both forms and the answer are in view at 1280 by 720', async () => {
  await open(here);
  await assertInView('#publish [type="submit"]');
  await assertInView('#connect');
  await assertNoInnerScroll();
  await here.page.check('[name="scope"][value="some"]', { force: true });
  await here.page.selectOption('#filter [name="start"]', 'after');
  await here.page.click('#connect');
  await here.page.waitForSelector('#filter-problem');
  await assertInView('#connect');
  await here.page.click('#publish [type="submit"]');
  await here.page.waitForSelector('#answer b');
  await assertInView('#answer');
  await assertNoInnerScroll();
});

test('every kind of event has its button in view', async () => {
  await open(here);
  for (const action of await here.page.locator('#action option').evaluateAll((all) => all.map(({ value }) => value))) {
    await here.page.selectOption('#action', action);
    await assertInView('#publish [type="submit"]');
    await assertNoInnerScroll();
  }
});

test('on a phone the events come first, and the empty feed opens the form it speaks of', async () => {
  await here.page.setViewportSize({ width: 390, height: 844 });
  await open(here);
  await assertInView('#empty');
  assert.ok(await here.page.isHidden('#publish [type="submit"]'));
  await here.page.click('#open-publish');
  assert.equal(await here.page.evaluate(() => document.activeElement.textContent), 'Publish');
  const [page, window] = await here.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(page <= window, 'nothing sticks out to the side');
});
