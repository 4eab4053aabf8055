// Starts the real binary on a free port with a directory of its own; nothing is left behind.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const START_MS_MAX = 20_000;

function binary() {
  const built = [process.env.TAILWIRE_BIN, join(top, 'target/debug/tailwire'), join(top, 'target/release/tailwire')];
  const found = built.find((path) => path && existsSync(path));
  if (!found) throw new Error('no tailwire binary: run `cargo build`, or name one in TAILWIRE_BIN');
  return found;
}

export class Server {
  #directory = mkdtempSync(join(tmpdir(), 'tailwire-page-'));
  #child = null;
  #host;
  #flags;
  port = 0;

  // `host`: the address to listen on, which is the machine's own in any case; `flags`: more of the command line.
  constructor({ host = '127.0.0.1', flags = [] } = {}) {
    this.#host = host;
    this.#flags = flags;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  // The first start takes a free port; later ones take the same, as a restarted server does.
  async start() {
    const args = ['--listen', `${this.#host}:${this.port}`, '--data-dir', this.#directory, ...this.#flags];
    const child = spawn(binary(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.port = await new Promise((resolve, reject) => {
      let said = '';
      const timer = setTimeout(() => reject(new Error(`the server did not start: ${said}`)), START_MS_MAX);
      const hear = (chunk) => {
        said += chunk;
        // Colours may stand between the words of a line, not within an address.
        const address = said.match(/127\.0\.0\.1\]?:([1-9]\d*)/);
        if (!address) return;
        clearTimeout(timer);
        resolve(Number(address[1]));
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    });
    // It said where it listens; from here on it answers.
    const deadline = Date.now() + START_MS_MAX;
    while (Date.now() < deadline) {
      try {
        if ((await fetch(`${this.url}/health`)).status < 500) return;
      } catch { /* Not yet. */ }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('the server does not answer /health');
  }

  async kill() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  async remove() {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  // The first page of everything.
  async events() {
    return (await (await fetch(`${this.url}/events?all=true`)).json()).events;
  }

  // Publishes and returns the event id.
  async post(path, body) {
    const response = await fetch(this.url + path, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.status !== 201) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
    return answer.eventId;
  }
}
