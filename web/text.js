// Elements and text: what every part of the page is made of. Text from the server reaches the page by textContent
// alone. The scripts share one scope and are loaded in the order of index.html.
'use strict';

const $ = (id) => document.getElementById(id);
const url = (path) => new URL(path, document.baseURI);

function element(name, className, words) {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.textContent = words;
  return node;
}

const text = (value) => (value === undefined || value === null ? '' : typeof value === 'string' ? value
  : typeof value === 'object' ? JSON.stringify(value) : String(value));
const short = (value) => (value.length > 16 ? `${value.slice(0, 6)}…${value.slice(-6)}` : value);
// Groups of three by thin spaces.
const grouped = (value) => (/^-?\d+$/.test(value) ? value.replace(/\B(?=(\d{3})+$)/g, '\u2009') : value);

const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}[\],:]|[a-z]+/g;

// Reads JSON with whole numbers that a double cannot hold kept as text.
function exactly(json) {
  try {
    const kept = json.replace(TOKENS, (token) => (/^-?\d{16,}$/.test(token) ? `"${token}"` : token));
    const value = JSON.parse(kept);
    return value !== null && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

// Indents JSON token by token, so that nothing in it changes.
function pretty(json) {
  let depth = 0;
  let previous = '';
  let out = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of json.matchAll(TOKENS)) {
    const closing = token === '}' || token === ']';
    if (closing) depth -= 1;
    const empty = closing && (previous === '{' || previous === '[');
    if ((closing && !empty) || (!closing && ['{', '[', ','].includes(previous))) out += line();
    out += token === ':' ? ': ' : token;
    if (token === '{' || token === '[') depth += 1;
    previous = token;
  }
  return out;
}
