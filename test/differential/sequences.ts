// Makes sequences of requests at random: options, clients and steps.
import fc from 'fast-check';

/** The options both sides get. */
export interface Options {
  resave: boolean;
  saveUninitialized: boolean;
  rolling: boolean;
  unset: 'keep' | 'destroy';
  maxAge: number | null;
}

export type StoreKind = 'own MemoryStore' | 'asynchronous' | 'synchronous' | 'without touch';

/** What a handler does with its session. A step that needs a session does nothing where there is none. */
export type Step =
  | { do: 'read' | 'id' | 'regenerate' | 'reload' | 'touch' | 'resetMaxAge' }
  | { do: 'write'; key: string; value: unknown }
  | { do: 'delete'; key: string }
  /** Changes a member of `session.deep`. */
  | { do: 'nest'; key: string; value: unknown }
  /** Without a callback the handler does not wait for the store. */
  | { do: 'save' | 'destroy'; callback: boolean }
  | { do: 'unset'; how: 'null' | 'undefined' | 'delete' }
  /** `expires` as a number stands for so many milliseconds from now. */
  | { do: 'cookie'; member: string; value: unknown }
  | { do: 'time passes'; ms: number }
  /** Another request changes the record of the session whose cookie was presented. */
  | { do: 'meanwhile'; value: number };

export interface Chunk {
  text: string;
  as: 'string' | 'Buffer' | 'Uint8Array' | 'hex' | 'base64';
}

export type EndForm =
  | '()'
  | '(null)'
  | '(undefined)'
  | '(cb)'
  | '(chunk)'
  | '(chunk, cb)'
  | '(chunk, encoding)'
  | '(chunk, encoding, cb)';

export interface Reply {
  /** 302 comes with a Location. */
  status: number;
  /** What touches the headers before anything is written. */
  head: 'nothing' | 'a cookie of its own' | 'writeHead' | 'writeHead with a cookie' | 'flushHeaders';
  /** Whether Content-Length is set. */
  length: boolean;
  writes: Chunk[];
  /** What happens after the writes and before the end. */
  steps: Step[];
  form: EndForm;
  chunk: Chunk;
  after: 'nothing' | 'a second end' | 'a change' | 'a header';
}

export type CookieKind =
  | 'none'
  | 'own'
  | 'own, quoted'
  | 'own, among others'
  | 'own, then a broken one'
  | 'the first ever received'
  | 'own, one character more'
  | 'own, three characters less'
  | 'own, another signature'
  | 'empty'
  | 'garbage';

export interface SessionRequest {
  /** Milliseconds since the last request. */
  wait: number;
  storeEmptied: boolean;
  cookie: CookieKind;
  garbage: string;
  method: 'GET' | 'HEAD' | 'POST';
  steps: Step[];
  reply: Reply;
}

export interface Sequence {
  store: StoreKind;
  requests: SessionRequest[];
}

const flags = [false, true];

/** All 32 of them. */
export const optionCombinations: Options[] = flags.flatMap((resave) =>
  flags.flatMap((saveUninitialized) =>
    flags.flatMap((rolling) =>
      (['keep', 'destroy'] as const).flatMap((unset) =>
        [null, 60_000].map((maxAge) => ({ resave, saveUninitialized, rolling, unset, maxAge })),
      ),
    ),
  ),
);

type Weighted<T> = [weight: number, value: T][];
const choice = <T>(...values: Weighted<T>): fc.Arbitrary<T> =>
  fc.oneof(...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

const member = fc.constantFrom('a', 'b', 'cart');
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(0, 1, 'x', 'ü€😀', true, null, undefined) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>([], [1, [2]], {}, { n: { m: 1 } }, { cookie: 1 }) },
);

// Only lasting settings: a cookie made `secure` is not sent over plain HTTP from then on, so it comes rarely.
const cookieEdit = choice<{ member: string; value: unknown }>(
  [4, { member: 'maxAge', value: 60_000 }],
  [4, { member: 'maxAge', value: 3_600_000 }],
  [2, { member: 'maxAge', value: 1_000 }],
  [2, { member: 'maxAge', value: null }],
  [1, { member: 'maxAge', value: 0 }],
  [2, { member: 'expires', value: 60_000 }],
  [2, { member: 'expires', value: 90_500 }],
  [1, { member: 'expires', value: -1_000 }],
  [2, { member: 'expires', value: null }],
  [1, { member: 'expires', value: false }],
  [2, { member: 'httpOnly', value: false }],
  [1, { member: 'sameSite', value: 'strict' }],
  [1, { member: 'sameSite', value: true }],
  [1, { member: 'domain', value: 'example.org' }],
  [1, { member: 'path', value: '/elsewhere' }],
  [1, { member: 'priority', value: 'low' }],
  [1, { member: 'secure', value: true }],
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Step>({ do: 'read' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'id' }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), key: member, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key: member }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('nest' as const), key: fc.constantFrom('c', 'cookie'), value }),
  },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'regenerate' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'reload' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'touch' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'resetMaxAge' }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('save' as const), callback: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('destroy' as const), callback: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unset' as const),
      how: fc.constantFrom('null' as const, 'undefined' as const, 'delete' as const),
    }),
  },
  { weight: 5, arbitrary: cookieEdit.map((edit): Step => ({ do: 'cookie', ...edit })) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('time passes' as const), ms: fc.constantFrom(1, 400, 1_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('meanwhile' as const), value: fc.nat(9) }) },
);

const chunk: fc.Arbitrary<Chunk> = fc.record({
  text: fc.constantFrom('hi', 'h', 'Grüße, 世界', '', 'a line\n'.repeat(40)),
  as: choice<Chunk['as']>([3, 'string'], [1, 'Buffer'], [1, 'Uint8Array'], [1, 'hex'], [1, 'base64']),
});

const reply: fc.Arbitrary<Reply> = fc.record({
  status: choice([8, 200], [1, 201], [3, 302], [1, 204], [1, 304], [1, 404]),
  head: choice<Reply['head']>(
    [8, 'nothing'],
    [1, 'a cookie of its own'],
    [1, 'writeHead'],
    [1, 'writeHead with a cookie'],
    [1, 'flushHeaders'],
  ),
  length: choice([2, false], [1, true]),
  writes: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Chunk[]>([]) },
    { weight: 1, arbitrary: fc.array(chunk, { minLength: 1, maxLength: 2 }) },
  ),
  steps: fc.oneof(
    { weight: 3, arbitrary: fc.constant<Step[]>([]) },
    { weight: 1, arbitrary: fc.array(step, { minLength: 1, maxLength: 2 }) },
  ),
  form: choice<EndForm>(
    [3, '()'],
    [1, '(null)'],
    [1, '(undefined)'],
    [2, '(cb)'],
    [4, '(chunk)'],
    [2, '(chunk, cb)'],
    [2, '(chunk, encoding)'],
    [2, '(chunk, encoding, cb)'],
  ),
  chunk,
  after: choice<Reply['after']>([6, 'nothing'], [1, 'a second end'], [1, 'a change'], [1, 'a header']),
});

const request: fc.Arbitrary<SessionRequest> = fc
  .record({
    wait: choice([8, 1_000], [4, 0], [4, 250], [1, 61_000]),
    storeEmptied: choice([19, false], [1, true]),
    cookie: choice<CookieKind>(
      [18, 'own'],
      [2, 'none'],
      [1, 'own, quoted'],
      [1, 'own, among others'],
      [1, 'own, then a broken one'],
      [2, 'the first ever received'],
      [1, 'own, one character more'],
      [1, 'own, three characters less'],
      [1, 'own, another signature'],
      [1, 'empty'],
      [1, 'garbage'],
    ),
    garbage: fc.constantFrom(
      'x',
      '%',
      '%E0%A4',
      's:',
      's:x',
      's%3Aabc.def',
      'a.b.c',
      '..',
      'j:{"a":1}',
      'null',
    ),
    method: choice<SessionRequest['method']>([6, 'GET'], [1, 'HEAD'], [1, 'POST']),
    steps: fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom<Step[]>([], [{ do: 'read' }]) },
      { weight: 2, arbitrary: fc.array(step, { minLength: 1, maxLength: 5 }) },
    ),
    reply,
  })
  // Node's client has the whole answer to a HEAD with the headers, and closes: whether `end` gets to finish depends on
  // how fast it comes after, here as in express-session.
  .filter(
    ({ method, reply: { head, writes } }) =>
      method !== 'HEAD' || (head !== 'flushHeaders' && writes.length === 0),
  );

export const sequences: fc.Arbitrary<Sequence> = fc.record({
  store: choice<StoreKind>(
    [3, 'asynchronous'],
    [1, 'synchronous'],
    [1, 'without touch'],
    [1, 'own MemoryStore'],
  ),
  requests: fc.array(request, { minLength: 2, maxLength: 6 }),
});
