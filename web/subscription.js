// The subscription: what is asked for, where it stands, and how it goes on after a cut.
'use strict';

const TAIL_WAIT_MS = 3000;

let source = null;
let subscribed = new URLSearchParams();
let lastId = '';
let retryTimer = 0;
let failures = 0;
let replayedTo = 0n;
let askingFor = null;
let total = 0;
let arrivals = [];

function readFilter() {
  const form = new FormData($('filter'));
  const list = (name) => String(form.get(name)).split(',').map((item) => item.trim()).filter(Boolean);
  const query = new URLSearchParams();
  if (form.get('scope') === 'all') query.set('all', 'true');
  else {
    for (const stream of list('streams')) query.append('streams', stream);
    for (const user of list('users')) query.append('users', user);
  }
  for (const type of form.getAll('types')) query.append('types', type);
  const value = String(form.get('startValue')).trim();
  const start = form.get('start');
  if (start === 'earliest') query.set('from', 'earliest');
  if (start === 'after' && value) query.set('lastEventId', value);
  if (start === 'since' && value) query.set('since', value);
  return query;
}

// What the form lacks, as [field, words]: found here, as the server would speak of its own parameters.
function lacking() {
  const { scope, start, startValue } = $('filter').elements;
  const query = readFilter();
  if (scope.value === 'some' && !query.has('streams') && !query.has('users')) {
    return ['streams', 'Name a payment stream or a user, or choose Everything.'];
  }
  if (startValue.value.trim() !== '') return null;
  if (start.value === 'after') return ['startValue', 'Name the event id to start after.'];
  if (start.value === 'since') return ['startValue', 'Name the time to start at.'];
  return null;
}

function submitFilter(event) {
  event.preventDefault();
  const lack = lacking();
  if (!lack) return subscribe();
  const [field, words] = lack;
  showProblem(words, field);
  $('filter').elements[field].focus();
}

function showProblem(words, field = '') {
  $('filter-problem').textContent = words;
  $('filter-problem').hidden = words === '';
  $('filter-problem').dataset.field = field;
  for (const name of ['streams', 'startValue']) {
    const input = $('filter').elements[name];
    input.setAttribute('aria-invalid', String(name === field));
    input.parentElement.classList.toggle('wrong', name === field);
  }
}

function showCurl() {
  const query = readFilter();
  const lack = lacking();
  $('copy').disabled = lack !== null;
  $('curl').classList.toggle('words', lack !== null);
  if (lack) {
    $('curl').textContent = lack[1];
    return;
  }
  const after = query.get('lastEventId');
  query.delete('lastEventId');
  const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;
  const header = after ? ` -H ${quote(`Last-Event-ID: ${after}`)}` : '';
  $('curl').textContent = `curl -N${header} ${quote(`${url('events/subscribe')}?${query}`)}`;
}

// A new subscription: what the form says becomes what is asked for, and nothing of the last one stays.
function subscribe() {
  subscribed = readFilter();
  lastId = '';
  failures = 0;
  total = 0;
  arrivals = [];
  $('last-id').textContent = '–';
  history.replaceState(null, '', subscribed.toString() === 'all=true' ? location.pathname : `?${subscribed}`);
  clearFeed();
  connect();
  setState('connecting');
  schedule();
}

// Opens the subscription, after the last event id where there is one. The form may say something else by now.
function connect() {
  clearTimeout(retryTimer);
  source?.close();
  askingFor = null;
  replayedTo = 0n;
  const query = new URLSearchParams(subscribed);
  if (lastId) {
    query.delete('from');
    query.delete('since');
    query.set('lastEventId', lastId);
  }
  showProblem('');
  const address = `${url('events/subscribe')}?${query}`;
  source = new EventSource(address);
  const mine = source;
  const listen = (name, take) => mine.addEventListener(name, (event) => mine === source && take(event));
  listen('open', () => {
    failures = 0;
    if ('unreached' in $('answer').dataset) $('answer').hidden = true;
    setState('live');
  });
  listen('error', () => {
    if (mine.readyState === EventSource.CONNECTING) setState('reconnecting');
    else retry(address);
  });
  let past = ['from', 'since', 'lastEventId'].some((name) => query.has(name));
  listen('message', (message) => {
    takeGreeting(message);
    if (past) findTail(mine, query);
    past = true;
  });
  for (const type of TYPES) listen(`stream.${type}`, takeEvent);
  for (const kind of ['gap', 'position', 'reconnect']) listen(kind, takeNotice);
}

// The browser gave up. It does not say why, so ask: what waiting will not mend is shown, the rest is tried again.
async function retry(address) {
  const mine = source;
  setState('reconnecting');
  const abort = new AbortController();
  let problem = '';
  try {
    const response = await fetch(address, { headers: { Prefer: 'status' }, signal: abort.signal });
    if ([400, 401, 403, 404, 406, 414, 431].includes(response.status)) {
      const answer = exactly(await response.text());
      problem = text(answer.message) || `The server answered ${response.status}.`;
    }
  } catch { /* Out of reach: try again below. */ }
  abort.abort();
  if (mine !== source) return;
  if (problem) {
    source = null;
    showProblem(problem);
    $('filter-panel').open = true;
    setState('refused');
    return;
  }
  const wait = Math.min(1000 * 2 ** failures++, 30000) * (0.75 + Math.random() / 4);
  retryTimer = setTimeout(() => mine === source && connect(), wait);
}

// What was stored before this connection is a replay: when it arrives is not when it happened. The greeting tells
// where the replay begins, the newest stored event tells where it ends; until that is known, cards wait.
async function findTail(mine, query) {
  askingFor = mine;
  const newest = new URLSearchParams([...query, ['order', 'desc'], ['limit', '1']]);
  for (const name of ['from', 'since', 'lastEventId']) newest.delete(name);
  let tail = 0n;
  try {
    const response = await fetch(`${url('events')}?${newest}`, { signal: AbortSignal.timeout(TAIL_WAIT_MS) });
    tail = BigInt((await response.json()).events[0]?.id ?? 0);
  } catch { /* Not to be had: then every card says when it was received, which is true as well. */ }
  if (mine !== source) return;
  askingFor = null;
  replayedTo = tail;
  for (const item of waiting) item.replayed ??= isReplayed(item);
  schedule();
}

const isReplayed = ({ event }) => event !== undefined && BigInt(event.lastEventId) <= replayedTo;

function disconnect() {
  clearTimeout(retryTimer);
  source?.close();
  source = null;
  askingFor = null;
  setState('closed');
}

function setState(state) {
  $('state').dataset.state = state;
  $('state-text').textContent = state;
  $('disconnect').disabled = source === null;
  showEmpty();
}

function moveTo(event) {
  if (!event.lastEventId) return;
  lastId = event.lastEventId;
  $('last-id').textContent = lastId;
}

function takeGreeting(event) {
  moveTo(event);
  const data = exactly(event.data);
  if (data.type === 'connected') {
    const last = text(data.lastEventId);
    const after = last === '0' ? 'before the first event' : `after event ${last}`;
    addNotice('connected', `${after}; kept since\u00a0${text(data.earliestEventId)}`);
  }
}

function takeNotice(event) {
  moveTo(event);
  const data = exactly(event.data);
  if (event.type === 'gap') {
    const missed = data.missed === null ? 'an unknown number of events' : `${text(data.missed)} events`;
    addNotice('gap', `${missed} after ${text(data.requested)} are gone; going on at ${text(data.earliest)}`);
  } else if (event.type === 'position') addNotice('position', `nothing for this filter up to event ${text(data.lastEventId)}`);
  else addNotice('reconnect', `the server ends this stream: ${text(data.reason)}`);
}

function takeEvent(event) {
  moveTo(event);
  total += 1;
  arrivals.push(Date.now());
  const item = { event, at: new Date() };
  if (!askingFor) item.replayed = isReplayed(item);
  add(item);
}
