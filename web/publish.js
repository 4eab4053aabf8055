// The form that publishes. Each event's fields are [name, sample, whole number?].
'use strict';

// Samples with right checksums, so that they work with --strict-addresses.
const SENDER = 'GCGJWMKENJVVIR6XEH7KMHSBKIMJUHI3UGPMG3L56B5FXAALDJZL5PCW';
const RECIPIENT = 'GC2GEXE7ZX4L2RFGANSGU6O4IUTTFFEKBYL6F5P7X576XS5IOPEI6GMM';
const TOKEN = 'CDIKAF5ULYTKAGPJYNQ6X7VJOQZVNAPPVGJQFMXAA4Z7UPDHNLOBSLKK';
const TREASURY = 'GDWZ7HV3HRG3SEWIBVWSEUNTKO7YIYYNDO3QXEIEULNKGD55TLVXHSDF';

const now = () => String(Math.floor(Date.now() / 1000));
const ACTIONS = {
  create: { label: 'Create a payment stream', post: 'streams', fields: [['streamId', '', false, 'optional'],
    ['startTime', now, true], ['sender', SENDER], ['recipient', RECIPIENT], ['tokenAddress', TOKEN],
    ['ratePerSecond', '1000000'], ['depositedAmount', '86400000000']] },
  'top-up': { label: 'Top up', fields: [['amount', '5000000000'], ['timestamp', now, true]] },
  withdraw: { label: 'Withdraw', fields: [['amount', '250000000'], ['recipient', RECIPIENT], ['timestamp', now, true]] },
  cancel: { label: 'Cancel', fields: [['refundedAmount', '60000000000'], ['amountWithdrawn', '250000000'], ['timestamp', now, true]] },
  complete: { label: 'Complete', fields: [['recipient', RECIPIENT], ['totalWithdrawn', '86400000000'], ['timestamp', now, true]] },
  pause: { label: 'Pause', fields: [['sender', SENDER], ['pausedAt', now, true]] },
  resume: { label: 'Resume', fields: [['sender', SENDER], ['newEndTime', now]] },
  fee: { label: 'Collect a fee', post: 'events', type: 'stream.fee_collected', fields: [['feeAmount', '2500'],
    ['treasury', TREASURY], ['token', TOKEN], ['timestamp', now, true]] },
};
let chosenStream = '7';

function showFields() {
  const action = ACTIONS[$('action').value];
  const creates = $('action').value === 'create';
  const fields = creates ? action.fields : [['streamId', () => chosenStream], ...action.fields];
  $('fields').replaceChildren(...fields.map(([name, sample, number, hint]) => {
    const long = [...PARTIES, 'tokenAddress', 'token'].includes(name) || (name === 'streamId' && !creates);
    const label = element('label', long ? 'field long' : 'field', name);
    const input = document.createElement('input');
    input.name = name;
    input.spellcheck = false;
    input.value = typeof sample === 'function' ? sample() : sample;
    if (hint) input.placeholder = hint;
    if (number) input.dataset.number = '';
    label.append(input);
    return label;
  }));
}

async function publish(event) {
  event.preventDefault();
  const name = $('action').value;
  const action = ACTIONS[name];
  const inputs = [...$('fields').querySelectorAll('input')];
  // Written by hand so that whole numbers of any length stay what they are.
  const member = (input) => `${JSON.stringify(input.name)}:${'number' in input.dataset && /^-?\d+$/.test(input.value)
    ? input.value : JSON.stringify(input.value)}`;
  const inPath = name !== 'create' && !action.post;
  const stream = inputs.find((input) => input.name === 'streamId').value.trim();
  const used = inputs.filter((input) => input.value.trim() !== '' && !(inPath && input.name === 'streamId'));
  const data = `{${used.map(member).join(',')}}`;
  const path = action.post ?? `streams/${encodeURIComponent(stream)}/${name}`;
  const body = action.type ? `{"type":${JSON.stringify(action.type)},"data":${data}}` : data;
  try {
    const response = await fetch(url(path), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    showAnswer(response.status, exactly(await response.text()), inputs);
  } catch {
    showAnswer(0, { message: 'The server cannot be reached.' }, inputs);
    $('answer').dataset.unreached = '';
  }
}

function showAnswer(status, answer, inputs) {
  const good = status === 200 || status === 201;
  const output = $('answer');
  output.hidden = false;
  output.toggleAttribute('data-bad', !good);
  delete output.dataset.unreached;
  for (const input of inputs) {
    input.parentElement.classList.remove('wrong');
    input.parentElement.querySelector('em')?.remove();
  }
  if (good) {
    const stream = text(answer.streamId ?? answer.id);
    if (stream) chosenStream = stream;
    const line = element('span', '', 'Stored as event ');
    line.append(element('b', '', text(answer.eventId)), answer.duplicate ? ' (a repeat of it)' : '',
      stream ? ` for payment stream ${stream}` : '');
    output.replaceChildren(line);
    output.scrollIntoView({ block: 'nearest' });
    return;
  }
  const rest = [];
  for (const detail of Array.isArray(answer.details) ? answer.details : []) {
    const input = inputs.find((input) => text(detail.path).split('.').pop() === input.name);
    if (input) {
      input.parentElement.classList.add('wrong');
      input.parentElement.append(element('em', '', text(detail.message)));
    } else rest.push(element('span', '', `${text(detail.path)}: ${text(detail.message)}`));
  }
  const head = status ? `${status} ${text(answer.error)}` : '';
  const atFields = $('fields').querySelector('em') !== null && rest.length === 0;
  const message = atFields ? 'The reason stands at the marked field.' : text(answer.message) || 'No reason was given.';
  output.replaceChildren(element('b', '', head), element('span', '', message), ...rest);
  output.scrollIntoView({ block: 'nearest' });
}
