// The live page: subscribes with any filter, shows what arrives, publishes samples. This file starts it and sees to what
// concerns the page as a whole. No build step, no other host, no inline code.
'use strict';

const TYPES = ['created', 'topped_up', 'withdrawn', 'cancelled', 'completed', 'paused', 'resumed', 'fee_collected'];

function showFilter() {
  const form = $('filter');
  const start = form.elements.start.value;
  $('chosen').hidden = form.elements.scope.value === 'all';
  $('start-value').hidden = start !== 'after' && start !== 'since';
  $('start-label').textContent = start === 'since' ? 'Time' : 'Event id';
  form.elements.startValue.placeholder = start === 'since' ? '2026-01-31T12:00:00Z' : '41';
  form.elements.startValue.inputMode = start === 'since' ? 'text' : 'numeric';
  showCurl();
  if ($('filter-problem').dataset.field && !lacking()) showProblem('');
}

// A page address carries its filter, so that it can be kept and passed on.
function takeAddress() {
  const query = new URLSearchParams(location.search);
  const form = $('filter');
  const list = (name) => query.getAll(name).join(', ');
  form.elements.streams.value = list('streams');
  form.elements.users.value = list('users');
  if (list('streams') || list('users')) form.elements.scope.value = 'some';
  const types = query.getAll('types').flatMap((item) => item.split(','));
  for (const box of form.querySelectorAll('[name="types"]')) box.checked = types.includes(box.value);
  const starts = [['lastEventId', 'after'], ['since', 'since']];
  if (query.get('from') === 'earliest') form.elements.start.value = 'earliest';
  for (const [name, start] of starts.filter(([name]) => query.get(name))) {
    form.elements.start.value = start;
    form.elements.startValue.value = query.get(name);
  }
}

async function copyCurl() {
  try {
    await navigator.clipboard.writeText($('curl').textContent);
    $('copy').textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren($('curl'));
    $('copy').textContent = 'Selected';
  }
  setTimeout(() => { $('copy').textContent = 'Copy'; }, 1500);
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  try { localStorage.setItem('theme', root.dataset.theme); } catch { /* Not kept, then. */ }
}

// Where the panels stand side by side both are open. In one column only one is, so that neither is cut off;
// on a phone the events come first and both are shut.
function foldPanels() {
  const narrow = matchMedia('(max-width: 1099px)');
  const fold = () => {
    for (const panel of document.querySelectorAll('.panel')) {
      if (narrow.matches) panel.name = 'panel';
      else panel.removeAttribute('name');
    }
  };
  if (narrow.matches) $('filter-panel').open = false;
  if (matchMedia('(max-width: 799px)').matches) $('publish-panel').open = false;
  fold();
  narrow.addEventListener('change', fold);
}

function start() {
  try { document.documentElement.dataset.theme = localStorage.getItem('theme') ?? ''; } catch { /* The system's. */ }
  $('types').append(...TYPES.map((type) => {
    const label = document.createElement('label');
    label.dataset.type = `stream.${type}`;
    const box = document.createElement('input');
    Object.assign(box, { type: 'checkbox', name: 'types', value: `stream.${type}` });
    label.append(box, element('span', '', type.replace('_', ' ')));
    return label;
  }));
  $('action').append(...Object.entries(ACTIONS).map(([name, { label }]) => new Option(label, name)));
  foldPanels();
  takeAddress();
  showFields();
  showFilter();
  $('filter').addEventListener('input', showFilter);
  $('filter').addEventListener('submit', submitFilter);
  $('disconnect').addEventListener('click', disconnect);
  $('copy').addEventListener('click', copyCurl);
  $('theme').addEventListener('click', switchTheme);
  $('action').addEventListener('change', () => { $('answer').hidden = true; showFields(); });
  $('publish').addEventListener('submit', publish);
  $('open-publish').addEventListener('click', () => {
    $('publish-panel').open = true;
    $('publish').querySelector('[type="submit"]').focus();
  });
  $('clear').addEventListener('click', clearFeed);
  $('pause').addEventListener('click', () => {
    paused = !paused;
    $('pause').textContent = paused ? 'Resume' : 'Pause';
    $('pause').classList.toggle('on', paused);
    schedule();
  });
  setInterval(showRate, 1000);
  subscribe();
}

start();
