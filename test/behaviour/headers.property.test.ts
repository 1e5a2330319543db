/** What a client reads from a server with the middleware is what it reads without, but for the cookie and what goes with it. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import fc from 'fast-check';
import session from '../../src';
import { keys } from '../support/keys';
import { afterTurns } from '../support/turn-timers';
import { pipelined, program, untilAbort, withAbort } from '../support/response-program-arbitraries';
import { mountBare, type Mount, type Result, Stage } from '../support/response-programs';
import { idOfHandle, recordWith } from '../support/session-tokens';
import { asStore } from '../support/site';
import { ForeignStore } from '../support/stores';
import { sessionToken } from '../support/tokens';

const runs = Number(process.env.PROPERTY_RUNS ?? 75);
const seed = process.env.PROPERTY_SEED === undefined ? undefined : Number(process.env.PROPERTY_SEED);

/** How many turns a call of the store takes; 'memory' is the store of the package. */
type Speed = 0 | 1 | 5 | 'memory';

interface Variant {
  readonly speed: Speed;
  readonly what: 'untouched' | 'new' | 'modified' | 'rolling' | 'rotated' | 'refreshed' | 'destroyed';
}

const variant: fc.Arbitrary<Variant> = fc.record({
  speed: fc.constantFrom<Speed[]>(1, 0, 5, 'memory'),
  what: fc.constantFrom<Variant['what'][]>(
    'untouched',
    'new',
    'modified',
    'rolling',
    'rotated',
    'refreshed',
    'destroyed',
  ),
});

class TimedStore extends ForeignStore {
  constructor(readonly turns: number) {
    super();
  }

  protected override run(...[call, callback, effect]: Parameters<ForeignStore['run']>): void {
    this.calls.push(call);
    afterTurns(this.turns, () => callback?.(null, effect()));
  }
}

/** Of the session that all requests but those of visitors come with. */
const HANDLE = 'by hand';
const token = sessionToken();
const lateErrors: unknown[] = [];

function storeOf({ speed }: Variant): session.Store {
  const record = recordWith({ hits: 1 });
  const id = idOfHandle(HANDLE);
  if (speed === 'memory') {
    const store = new session.MemoryStore();
    Object.assign((store as unknown as { sessions: object }).sessions, { [id]: record });
    return store;
  }
  const store = new TimedStore(speed);
  store.records.set(id, record);
  return asStore(store);
}

/** A server of its own for each request: what one has stored is nothing to the next. */
const mount: Mount<Variant | 'bare'> = (req, res, mode, next) => {
  if (mode === 'bare') {
    mountBare(res);
    next();
    return;
  }
  const { what } = mode;
  if (what === 'new' || what === 'untouched') Reflect.deleteProperty(req.headers, 'cookie');
  const middleware = session({
    keys,
    store: storeOf(mode),
    rolling: what === 'rolling',
    jwtFromReq: ({ session }) => ((session as { user?: string } | undefined)?.user ? { user: 'ann' } : null),
    ...(what === 'refreshed' && { jwt: { maxTokenAge: '1h', expiresIn: '1h' } }),
  }) as unknown as (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
  let hasBegun = false;
  middleware(req, res, (error) => {
    if (error) lateErrors.push(error);
    if (hasBegun) return;
    hasBegun = true;
    const { session } = req as unknown as { session: Record<string, unknown> & { destroy(): unknown } };
    if (what === 'new' || what === 'modified') session.hits = 2;
    if (what === 'rotated') session.user = 'ann';
    if (what === 'destroyed') void session.destroy();
    next();
  });
};

/** Without the lines that may differ, of which the middleware's own cookie is one. */
function common({ received, traces }: Result): Result {
  const lines = received.replace(/^(?:Set-Cookie: connect\.sid=.*|Vary: .*|Cache-Control: .*)\r\n/gim, '');
  return {
    traces,
    received: lines.replace(/^response (.*)$/m, (_, headers: string) => `response ${rest(headers)}`),
  };
}

function rest(text: string): string {
  const headers = JSON.parse(text) as Record<string, unknown>;
  const cookies = ([] as unknown[]).concat(headers['set-cookie'] ?? []).map(String);
  const others = cookies.filter((one) => !one.startsWith('connect.sid='));
  const left = Object.entries(headers).filter(
    ([name]) => !['set-cookie', 'vary', 'cache-control'].includes(name),
  );
  return JSON.stringify([...left, others]);
}

describe('A response with a session', function () {
  this.timeout(0);
  const stage = new Stage(mount, { Cookie: `connect.sid=${token}` });
  const parameters = { numRuns: runs, ...(seed === undefined ? {} : { seed }) };

  before(() => stage.open());
  after(() => stage.close());
  beforeEach(() => void (lateErrors.length = 0));

  it('carries the cookie, where there is one to be sent [B062]', async () => {
    const sending = ['new', 'rolling', 'rotated', 'refreshed'];
    for (const speed of [0, 1, 5, 'memory'] as const) {
      for (const what of ['untouched', 'modified', 'destroyed', ...sending] as Variant['what'][]) {
        const { received } = await stage.http1([{ method: 'GET', version: '1.1', steps: [] }], {
          speed,
          what,
        });
        const [line] = /^Set-Cookie: connect\.sid=/m.exec(received) ?? [];
        assert.equal(line !== undefined, sending.includes(what), `${what} ${String(speed)}: ${received}`);
      }
    }
  });

  it('reads the same over HTTP/1 [B037 B052-B058 B061 B259]', () =>
    fc.assert(
      fc.asyncProperty(program('HTTP/1.1'), variant, async (one, kind) => {
        const [ours, bare] = [await stage.http1([one], kind), await stage.http1([one], 'bare')];
        assert.deepEqual(common(ours), common(bare));
        assert.deepEqual(lateErrors.splice(0), []);
      }),
      parameters,
    ));

  it('reads the same pipelined [B037 B052-B058 B061 B259]', () =>
    fc.assert(
      fc.asyncProperty(pipelined, variant, async (programs, kind) => {
        const [ours, bare] = [await stage.http1(programs, kind), await stage.http1(programs, 'bare')];
        assert.equal(common(ours).received, common(bare).received);
        assert.deepEqual(
          ours.traces.map(({ outcomes }) => outcomes),
          bare.traces.map(({ outcomes }) => outcomes),
        );
      }),
      parameters,
    ));

  it('reads the same over HTTP/2 [B037 B052-B058 B061 B259]', () =>
    fc.assert(
      fc.asyncProperty(program('HTTP/2'), variant, async (one, kind) => {
        const [ours, bare] = [await stage.http2(one, kind), await stage.http2(one, 'bare')];
        assert.deepEqual(common(ours), common(bare));
        assert.deepEqual(lateErrors.splice(0), []);
      }),
      parameters,
    ));

  it('survives a client that leaves [B043 B055 B259]', () =>
    fc.assert(
      fc.asyncProperty(withAbort('HTTP/1.1'), withAbort('HTTP/2'), variant, async (one, two, kind) => {
        const [ours, bare] = [await stage.http1([one], kind), await stage.http1([one], 'bare')];
        assert.deepEqual(
          untilAbort(one, ours.traces[0]?.outcomes ?? []),
          untilAbort(one, bare.traces[0]?.outcomes ?? []),
        );
        const [ours2, bare2] = [await stage.http2(two, kind), await stage.http2(two, 'bare')];
        assert.deepEqual(
          untilAbort(two, ours2.traces[0]?.outcomes ?? []),
          untilAbort(two, bare2.traces[0]?.outcomes ?? []),
        );
      }),
      parameters,
    ));
});
