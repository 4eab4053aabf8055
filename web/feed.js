// The feed: what waits is drawn once a frame, the newest CARDS_MAX of it.
'use strict';

const CARDS_MAX = 200;
const AMOUNTS = ['depositedAmount', 'ratePerSecond', 'amount', 'newDepositedAmount', 'newBalance', 'refundedAmount',
  'amountWithdrawn', 'totalWithdrawn', 'totalStreamed', 'feeAmount'];
const TIMES = ['startTime', 'timestamp', 'pausedAt', 'newEndTime'];
const PARTIES = ['sender', 'recipient', 'treasury'];

// What the empty feed says while nothing can come.
const NOTHING_COMES = {
  connecting: 'Connecting…',
  reconnecting: 'The connection is lost. The page tries again and goes on after the last event.',
  refused: 'The server refused this subscription. Its reason stands above Connect.',
  closed: 'Disconnected. Connect to receive events.',
};

let waiting = [];
let scheduled = false;
let paused = false;

function add(item) {
  waiting.push(item);
  if (waiting.length > CARDS_MAX) waiting.shift();
  schedule();
}

function addNotice(kind, words) {
  add({ kind, words, at: new Date() });
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  // A page in the background gets no frames.
  if (document.hidden) setTimeout(draw, 250);
  else requestAnimationFrame(draw);
}

function draw() {
  scheduled = false;
  $('count').textContent = total.toLocaleString('en');
  showRate();
  $('feed-note').textContent = paused ? `paused, ${eventsWaiting()} waiting` : `${chosenOnes()}newest first`;
  showEmpty();
  if (paused || askingFor) return;
  const fresh = waiting.map(card).reverse();
  waiting = [];
  const feed = $('feed');
  feed.prepend(...fresh);
  while (feed.childElementCount > CARDS_MAX) feed.lastElementChild.remove();
  showEmpty();
}

function chosenOnes() {
  const streams = subscribed.getAll('streams').map((name) => `stream ${name}`);
  const users = subscribed.getAll('users').map((user) => `user ${short(user)}`);
  const [first, ...more] = [...streams, ...users];
  if (first === undefined) return '';
  return more.length ? `only ${first} and ${more.length} more, ` : `only ${first}, `;
}

const eventsWaiting = () => waiting.filter((item) => 'event' in item).length;

function showEmpty() {
  $('empty').hidden = $('feed').querySelector('.card') !== null;
  $('empty-text').textContent = emptyWords();
}

function emptyWords() {
  const held = paused ? eventsWaiting() : 0;
  if (held) return `Paused with ${held} event${held === 1 ? '' : 's'} waiting. Resume shows them.`;
  const reason = NOTHING_COMES[$('state').dataset.state];
  if (reason) return reason;
  if (paused) return 'Paused. What arrives waits until you resume.';
  const everything = subscribed.toString() === 'all=true';
  return `${total ? 'Nothing since.' : 'Nothing yet.'} ${everything ? 'Publish an event and it appears here.'
    : 'What this subscription asks for appears here.'}`;
}

function clearFeed() {
  waiting = [];
  $('feed').replaceChildren();
  showEmpty();
}

function showRate() {
  arrivals = arrivals.filter((at) => at > Date.now() - 5000);
  const rate = arrivals.length / 5;
  $('rate').textContent = rate >= 10 || rate === 0 ? rate.toFixed(0) : rate.toFixed(1);
}

function card(item) {
  const isEvent = 'event' in item;
  const node = $(isEvent ? 'card' : 'notice').content.firstElementChild.cloneNode(true);
  const part = (selector) => node.querySelector(selector);
  node.classList.add('new');
  if (item.replayed === false || !isEvent) showTime(part('time'), item.at, item.at.toLocaleTimeString('en-GB'));
  else part('time').remove();
  if (!isEvent) {
    node.dataset.kind = item.kind;
    part('.kind').textContent = item.kind;
    part('.text').textContent = item.words;
    return node;
  }
  const { type, data: raw, lastEventId } = item.event;
  const data = exactly(raw);
  node.dataset.type = type;
  node.dataset.id = lastEventId;
  part('.kind').textContent = type;
  part('.id').textContent = `#${lastEventId}`;
  part('.how').textContent = item.replayed === false ? 'received' : 'replayed';
  const stream = text(data.streamId);
  part('.stream').textContent = stream;
  part('.stream').title = 'Follow only this payment stream';
  part('.stream').addEventListener('click', () => follow('streams', stream));
  const rows = (names, show) => names.filter((name) => text(data[name])).map((name) => {
    const row = document.createElement('div');
    const value = document.createElement('dd');
    value.append(show(text(data[name]), name));
    row.append(element('dt', '', name), value);
    return row;
  });
  part('.values').append(...rows(AMOUNTS, grouped), ...rows(PARTIES, userButton), ...rows(TIMES, eventTime));
  part('.json').addEventListener('toggle', () => { part('pre').textContent = pretty(raw); }, { once: true });
  return node;
}

function userButton(user, name) {
  const button = element('button', '', short(user));
  button.type = 'button';
  button.title = `${user}: follow only this user`;
  button.setAttribute('aria-label', `${name} ${user}, follow only this user`);
  button.addEventListener('click', () => follow('users', user));
  return button;
}

// Unix seconds, as the data holds them, in the time of the reader; what is none stays as it is.
function eventTime(value) {
  const at = new Date(/^\d{1,12}$/.test(value) ? Number(value) * 1000 : NaN);
  if (Number.isNaN(at.getTime())) return element('span', '', value);
  const node = document.createElement('time');
  showTime(node, at, at.toLocaleString('sv-SE'));
  return node;
}

function showTime(node, at, words) {
  node.textContent = words;
  node.dateTime = at.toISOString();
  node.title = node.dateTime;
}

function follow(field, value) {
  const form = $('filter');
  form.elements.scope.value = 'some';
  for (const name of ['streams', 'users']) form.elements[name].value = name === field ? value : '';
  form.elements.start.value = 'earliest';
  showFilter();
  subscribe();
  // The pressed button is gone with its card.
  $('feed').focus({ preventScroll: true });
}
