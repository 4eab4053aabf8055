// Pages of other sites: names that lead to this machine, where such pages come from, and what they try.
import { createServer } from 'node:http';
import * as net from 'node:net';

// Every name below `.example` is this machine. A browser of today asks its user before a page reaches for the local
// network; what is tried here is whether the server stands without that.
export const FLAGS = ['--host-resolver-rules=MAP *.example 127.0.0.1',
  '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable'];

const PAGE = '<!doctype html><meta charset="utf-8"><title>a page of another site</title><iframe name="frame"></iframe>';

// A server of such pages, at a port of the kernel's choice.
export async function servePages() {
  const server = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(PAGE));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => { server.closeAllConnections(); server.close(); } };
}

// Stands before the server at `to` and keeps what was said: a browser does not tell of all that it sends in a page's name.
export async function listenIn(to) {
  const talks = [];
  const relay = net.createServer((browser) => {
    const talk = { asked: '', answered: '' };
    talks.push(talk);
    const server = net.connect(to, '127.0.0.1');
    browser.on('data', (bytes) => { talk.asked += bytes.toString('latin1'); });
    server.on('data', (bytes) => { talk.answered += bytes.toString('latin1'); });
    for (const [from, other] of [[browser, server], [server, browser]]) {
      from.pipe(other);
      from.on('error', () => other.destroy());
    }
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const heads = (text, first) => [...text.matchAll(new RegExp(`${first}\\r\\n([^]*?)\\r\\n\\r\\n`, 'g'))];
  // Each request with its answer; the n-th answer on a connection is that to its n-th request.
  const exchanges = () => talks.flatMap(({ asked, answered }) => {
    const answers = heads(answered, 'HTTP/1\\.1 (\\d+) [^\\r]*');
    return heads(asked, '(GET|HEAD|POST|OPTIONS) (\\S+) HTTP/1\\.1').map(([, method, path, fields], index) => ({
      method, path, cookie: fields.match(/^cookie: ([^\r]*)/im)?.[1] ?? '', status: Number(answers[index]?.[1]),
      fields: Object.fromEntries((answers[index]?.[2] ?? '').split('\r\n')
        .map((line) => line.split(': ')).map(([name, value]) => [name.toLowerCase(), value])),
    }));
  });
  return { port: relay.address().port, exchanges, close: () => relay.close() };
}

export const EVENT = JSON.stringify({ type: 'stream.topped_up', data: { streamId: 'stolen', amount: '1' } });

// Runs in the page: reads `url` by fetch. What came of it, in a word and the answer.
export async function read([url, init]) {
  try {
    const response = await fetch(url, init);
    return { type: response.type, status: response.status, text: await response.text() };
  } catch (error) {
    return { error: error.name };
  }
}

// Runs in the page: opens an EventSource and waits for its first message or error.
export function subscribe([url, withCredentials]) {
  return new Promise((resolve) => {
    const source = new EventSource(url, { withCredentials });
    const end = (outcome) => { resolve({ ...outcome, state: source.readyState }); source.close(); };
    source.onmessage = ({ data }) => end({ data });
    source.onerror = () => end({ error: 'error' });
  });
}

// Runs in the page: submits a form whose body begins with the event, and waits for the answer to load in the frame.
export function submit([url, body]) {
  return new Promise((resolve) => {
    const form = Object.assign(document.createElement('form'),
      { action: url, method: 'post', enctype: 'text/plain', target: 'frame' });
    const field = Object.assign(document.createElement('input'), { name: body, value: '' });
    form.append(field);
    document.body.append(form);
    document.querySelector('iframe').addEventListener('load', () => resolve(), { once: true });
    form.submit();
  });
}

// Runs in the page: takes `url` for a script.
export function load(url) {
  return new Promise((resolve) => {
    const script = Object.assign(document.createElement('script'), { src: url });
    script.onload = () => resolve('ran');
    script.onerror = () => resolve('refused');
    document.head.append(script);
  });
}
