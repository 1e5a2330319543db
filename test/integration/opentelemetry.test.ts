// The recipe of docs/observability.md with OpenTelemetry itself.
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { findBlock } from '../support/documents/markdown';
import { Project } from '../support/documents/project';

/** What the page leaves to the application: the SDK, and a span for each request. */
const SETUP = `
import { readFileSync } from 'node:fs';
import express from 'express';
import createSession from 'express-session-jwt';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
`;

const APPLICATION = `
const app = express();
app.get('/spans', (req, res) => {
  res.json(exporter.getFinishedSpans().map((span) => ({ span, ...span })).map(({ span, name, kind, status, attributes, events, parentSpanContext }) => ({
    id: span.spanContext().spanId, name, kind, status, attributes, events: events.map((one) => [one.name, one.attributes]), parent: parentSpanContext?.spanId,
  })));
  exporter.reset();
});
app.use((req, res, next) => {
  const span = trace.getTracer('app').startSpan('request');
  res.on('close', () => span.end());
  context.with(trace.setSpan(context.active(), span), next);
});
const store = new createSession.MemoryStore();
app.use(createSession({ keys: { private: readFileSync('private-key.pem') }, store }));
app.get('/', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1;
  trace.getTracer('app').startSpan('handler').end();
  res.end();
});
app.get('/fail', (req, res) => {
  const { set } = store;
  store.set = () => {
    store.set = set;
    throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
  };
  req.session.views = 0;
  res.end();
});
app.use((error, req, res, next) => next());
app.listen(3000);
`;

interface SpanRecord {
  readonly name: string;
  readonly kind: number;
  readonly status: { readonly code: number; readonly message?: string };
  readonly attributes: Record<string, unknown>;
  readonly events: readonly [string, Record<string, unknown>][];
  readonly id: string;
  readonly parent?: string;
}

describe('docs/observability.md with OpenTelemetry', function () {
  this.timeout(60_000);
  let project: Project;

  before(() => {
    project = new Project();
    const modules = path.join(__dirname, 'node_modules/@opentelemetry');
    symlinkSync(modules, path.join(project.directory, 'node_modules/@opentelemetry'));
  });

  after(() => project.remove());

  it('makes a span of each call of the store, below that of its request, which gets the events', async () => {
    const recipe = findBlock('docs/observability.md', '@opentelemetry/api').text;
    const [imports, rest] = [recipe.split('\n\n')[0] ?? '', recipe.split('\n\n').slice(1).join('\n\n')];
    await project.run(`${imports}\n${SETUP}\n${rest}\n${APPLICATION}`, async ({ visitor }) => {
      const spans = async (): Promise<SpanRecord[]> =>
        JSON.parse(await visitor.get('/spans')) as SpanRecord[];
      await visitor.get('/');
      await spans();
      await visitor.get('/');
      const told = await spans();
      const [get, handler, set] = ['session get', 'handler', 'session set'].map((name) => {
        const [span, ...others] = told.filter((one) => one.name === name);
        assert.deepEqual(others, [], name);
        return span ?? assert.fail(name);
      });
      // CLIENT
      assert.deepEqual([get?.kind, set?.kind], [2, 2]);
      assert.equal(get?.attributes['session.store'], 'MemoryStore');
      const name = get.attributes['session.name'];
      assert.match(String(name), /^[\w-]{16}$/);
      const request = told.find((one) => one.name === 'request');
      for (const span of [get, set, handler]) assert.equal(span?.parent, request?.id);
      const loaded = { session: name, generation: 1, credential: 'token' };
      assert.deepEqual(request?.events, [['session loaded', loaded]]);

      await visitor.get('/fail');
      const failed = (await spans()).find((one) => one.name === 'session set');
      assert.deepEqual(failed?.status, { code: 2, message: 'ECONNREFUSED' });
    });
  });
});
