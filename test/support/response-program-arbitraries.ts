/** Generated handlers: sequences of calls on a response that Node and a held response have to treat alike. */
import fc from 'fast-check';
import type { Program, Step } from './response-programs';

/*
 * What is not generated, since Node and a held response differ there on purpose:
 * - a second `end` (B046: it returns false, Node emits an error event if it has a chunk);
 * - informational responses once headers are due: HTTP/1 puts them into the middle of a body, here they come before it;
 * - `addTrailers` after `end`, which Node ignores and a held `end` still sees;
 * - unknown encodings, and on HTTP/2 chunks that are refused: Node sends a part first;
 * - a Trailer header on a response that is not chunked: Node throws when it makes the head, here that is later;
 * - on HTTP/2 a write after `end`, or to a response without a body: Node resets the stream, at a moment that varies;
 * - a `write` or `writeHead` some time after `end` (pipelined: any `write`), on HTTP/2 a second `writeHead` some time after the first: what Node does
 *   depends on whether the client is gone, or served, by then;
 * - `cork` and `uncork` after Node 20: Node joins corked chunks, and sends them after the end of the body if nobody uncorks;
 * - `cork` and `uncork` after `end`: Node corks the connection for good, and the client waits for ever;
 * - on HTTP/2 empty chunks: Node sends memory it has freed where several texts and an empty chunk are written in one turn;
 * - what Node refuses only when it makes the head: a Content-Disposition that is a number, on HTTP/2 several values of a
 *   header that may have one;
 * - informational responses of a pipelined response: where bytes follow, Node sends them after its head;
 * - what a client reads that leaves.
 */
export type Protocol = 'HTTP/1.1' | 'HTTP/2';

const call = (name: string, args: unknown[], callback = false): Step => ({
  do: 'call',
  name,
  args,
  callback,
});

const text = fc.constantFrom('', 'a', 'hello', 'żółw', 'x'.repeat(20_000));
const chunk = fc.oneof(
  text,
  fc.constant({ bytes: [0, 1, 254, 255] }),
  fc.constant({ byte: 7, times: 17_000 }),
);
const encoding = fc.constantFrom('utf8', 'latin1', 'hex', 'base64', 'utf16le');
const chunkArgs = fc.oneof(
  { weight: 3, arbitrary: chunk.map((one) => [one]) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('6869', '6869abcd'), encoding).map((pair) => [...pair]),
  },
);
const refused = fc.constantFrom<unknown>(42, {}, true, [1]);

const names = [
  'X-A',
  'x-a',
  'X-B',
  'Content-Type',
  'Set-Cookie',
  'Cache-Control',
  'Vary',
  'Content-Disposition',
];
const framing = ['Content-Length', 'Transfer-Encoding', 'Trailer', 'Connection', 'Date'];

const headerValue = fc.constantFrom<unknown>('one', 'two', 3, ['p', 'q']);

function header(protocol: Protocol): fc.Arbitrary<[string, unknown]> {
  const single = protocol === 'HTTP/2' ? ['Content-Type', 'Content-Disposition'] : ['Content-Disposition'];
  const plain = fc
    .constantFrom(...names)
    .chain((name) =>
      (single.includes(name) ? fc.constantFrom('one', 'two') : headerValue).map(
        (value): [string, unknown] => [name, value],
      ),
    );
  if (protocol === 'HTTP/2') return plain;
  return fc.oneof(
    { weight: 5, arbitrary: plain },
    {
      weight: 1,
      arbitrary: fc.constantFrom<[string, unknown]>(
        ['Content-Length', 5],
        ['Content-Length', '0'],
        ['Transfer-Encoding', 'chunked'],
        ['Trailer', 'X-T'],
        ['Connection', 'close'],
        ['Date', 'today'],
        ['Content-Disposition', 'attachment; filename="é"'],
        ['bad name', 'x'],
        ['X-Bad', 'a\nb'],
        ['X-None', undefined],
      ),
    },
  );
}

function status(protocol: Protocol): fc.Arbitrary<number> {
  const good = fc.constantFrom(200, 201, 204, 302, 304, 404, 500);
  const bad = protocol === 'HTTP/2' ? fc.constantFrom(99, 600) : fc.constantFrom(99, 1000);
  return fc.oneof({ weight: 9, arbitrary: good }, { weight: 1, arbitrary: bad });
}

function head(protocol: Protocol): fc.Arbitrary<unknown[]> {
  const message = fc.constantFrom('Fine', 'Not Found At All', 'bad\nmessage');
  const headers = fc.array(header(protocol), { maxLength: 3 });
  const record = headers.map((pairs) => Object.fromEntries(pairs) as unknown);
  // Of HTTP/2 each name once.
  const flat = (protocol === 'HTTP/2' ? record.map((one) => Object.entries(one as object)) : headers).map(
    (pairs) => pairs.flatMap(([name, value]) => [name, value as unknown]) as unknown,
  );
  const form = fc.oneof(record, flat);
  if (protocol === 'HTTP/2')
    return fc.oneof(
      status(protocol).map((code) => [code]),
      fc.tuple(status(protocol), form),
    );
  return fc.oneof(
    status(protocol).map((code) => [code]),
    fc.tuple(status(protocol), message),
    fc.tuple(status(protocol), form),
    fc.tuple(status(protocol), message, form),
  );
}

function step(protocol: Protocol): fc.Arbitrary<Step> {
  const bools = fc.boolean();
  const setting: fc.WeightedArbitrary<Step>[] = [
    { weight: 4, arbitrary: header(protocol).map(([name, value]) => call('setHeader', [name, value])) },
    { weight: 2, arbitrary: header(protocol).map(([name, value]) => call('appendHeader', [name, value])) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom(...names, ...(protocol === 'HTTP/2' ? [] : framing))
        .map((name) => call('removeHeader', [name])),
    },
    { weight: 1, arbitrary: status(protocol).map((code): Step => ({ do: 'status', code })) },
    { weight: 3, arbitrary: fc.constant<Step>({ do: 'tick' }) },
    { weight: 1, arbitrary: fc.constantFrom('cork', 'uncork').map((name) => call(name, [])) },
    { weight: 1, arbitrary: fc.constant(call('addTrailers', [{ 'X-T': 'late' }])) },
    { weight: 1, arbitrary: fc.constant(call('writeEarlyHints', [{ link: '</a.css>; rel=preload' }])) },
  ];
  const sending: fc.WeightedArbitrary<Step>[] = [
    { weight: 5, arbitrary: fc.tuple(chunkArgs, bools).map(([args, cb]) => call('write', args, cb)) },
    { weight: 1, arbitrary: fc.constant(call('flushHeaders', [])) },
    { weight: 2, arbitrary: head(protocol).map((args) => call('writeHead', args)) },
    { weight: 3, arbitrary: fc.tuple(chunkArgs, bools).map(([args, cb]) => call('end', args, cb)) },
    { weight: 1, arbitrary: bools.map((cb) => call('end', [], cb)) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, undefined).map((none) => call('end', [none])) },
  ];
  if (protocol === 'HTTP/1.1') {
    sending.push(
      { weight: 1, arbitrary: refused.map((bad) => call('end', [bad])) },
      { weight: 1, arbitrary: fc.oneof(refused, fc.constant(null)).map((bad) => call('write', [bad])) },
      { weight: 1, arbitrary: fc.constant<Step>({ do: 'status', code: 404, message: 'Nowhere' }) },
    );
  }
  return fc.oneof(...setting, ...sending);
}

const joinsCorked = Number(process.versions.node.split('.')[0]) > 20;

/** Whether it is a call of one of these. */
export const isCall = (one: Step, ...wanted: string[]): boolean =>
  one.do === 'call' && wanted.includes(one.name);

/** Drops the steps that are excluded above. */
function allowed(protocol: Protocol, method: Program['method'], steps: Step[]): Step[] {
  const kept: Step[] = [];
  let isDue = false;
  let isEnded = false;
  let isOver = false;
  const asText = JSON.stringify(steps);
  const hasTrailer = asText.includes('"Trailer"');
  for (const one of steps) {
    const body = JSON.stringify(one);
    if (isDue && isCall(one, 'writeEarlyHints')) continue;
    if (isEnded && isCall(one, 'addTrailers')) continue;
    if ((isEnded || joinsCorked) && isCall(one, 'cork', 'uncork')) continue;
    if (one.do === 'tick') isOver = isEnded || (isDue && protocol === 'HTTP/2');
    if (isOver && isCall(one, ...(isEnded ? ['write', 'writeHead'] : ['writeHead']))) continue;
    if (hasTrailer && /Content-Length|Transfer-Encoding|204|304/.test(body)) continue;
    if (protocol === 'HTTP/2') {
      if (one.do === 'call' && one.args[0] === '') continue;
      if (isCall(one, 'appendHeader') && /Content-(Type|Disposition)/.test(body)) continue;
      if (isCall(one, 'write') && (isEnded || method === 'HEAD' || /\b[23]04\b/.test(asText))) continue;
    }
    if (isCall(one, 'write', 'writeHead', 'flushHeaders', 'end')) isDue = true;
    if (isCall(one, 'end')) isEnded = true;
    kept.push(one);
  }
  return kept;
}

export function program(protocol: Protocol): fc.Arbitrary<Program> {
  const method = fc.constantFrom<Program['method'][]>('GET', 'GET', 'GET', 'HEAD');
  const version = fc.constantFrom<Program['version'][]>('1.1', '1.1', '1.1', '1.0');
  return fc
    .record({ method, version, steps: fc.array(step(protocol), { maxLength: 10 }) })
    .map(({ method, version, steps }) => {
      const hasTrailer = JSON.stringify(steps).includes('"Trailer"');
      return {
        method: hasTrailer ? 'GET' : method,
        version: hasTrailer ? '1.1' : version,
        steps: allowed(protocol, method, steps),
      };
    });
}

/** One whose client leaves. */
export function withAbort(protocol: Protocol): fc.Arbitrary<Program> {
  return fc.tuple(program(protocol), fc.nat(10)).map(([{ steps, ...rest }, at]) => ({
    ...rest,
    steps: [...steps.slice(0, at), { do: 'abort' }, ...steps.slice(at)],
  }));
}

/** Several on one connection; what Node does on its own there is left out. */
export const pipelined: fc.Arbitrary<Program[]> = fc
  .array(program('HTTP/1.1'), { minLength: 2, maxLength: 3 })
  .map((all) =>
    all.map(({ method, steps }): Program => ({
      method,
      version: '1.1',
      steps: steps.filter((one, index) => {
        const isAfterEnd = steps.slice(0, index).some((before) => isCall(before, 'end'));
        return !isCall(one, 'writeEarlyHints') && !(isAfterEnd && isCall(one, 'write'));
      }),
    })),
  );

/** What the calls did before the client left. */
export function untilAbort(program: Program, outcomes: string[]): string[] {
  const index = program.steps.findIndex(({ do: kind }) => kind === 'abort');
  const calls = program.steps.slice(0, index).filter((one) => one.do === 'call' || one.do === 'status');
  return outcomes.filter((one) => !one.startsWith('error event')).slice(0, calls.length);
}
