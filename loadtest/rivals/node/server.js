// What Tailwire replaces: an Express application that keeps its clients in a Map and writes each event to every one
// of them. No log, no durability, no filters, no replay. It sends the frames that Tailwire does, so that the same
// decoder checks it. `node server.js PORT`; it listens on 127.0.0.1.
'use strict';

const express = require('express');

const app = express();
app.disable('x-powered-by');
app.disable('etag');
const clients = new Map();
let nextClient = 1;
let lastId = 0;

app.get('/health', (request, response) => response.json({ status: 'healthy' }));

app.get('/events/subscribe', (request, response) => {
  const client = nextClient++;
  response.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  });
  const connected = JSON.stringify({
    type: 'connected', clientId: `node-${client}`, lastEventId: `${lastId}`, earliestEventId: '1',
  });
  response.write(`retry: 2000\ndata: ${connected}\nid: ${lastId}\n\n`);
  clients.set(client, response);
  request.on('close', () => clients.delete(client));
});

app.post('/events', express.json({ limit: '4mb' }), (request, response) => {
  const id = ++lastId;
  response.status(201).json({ eventId: `${id}` });
  const frame = `event: ${request.body.type}\ndata: ${JSON.stringify(request.body.data)}\nid: ${id}\n\n`;
  for (const client of clients.values()) client.write(frame);
});

const server = app.listen(Number(process.argv[2]), '127.0.0.1', 4096);
server.keepAliveTimeout = 3600 * 1000;
server.requestTimeout = 0;
