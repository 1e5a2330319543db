// Does the steps of a sequence, and notes what a handler sees of them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Chunk, Reply, SessionRequest, Step } from './sequences';
import type { Callback, ObservedStore } from './stores';

export interface AnyCookie {
  expires: unknown;
  maxAge: unknown;
  originalMaxAge: unknown;
  secure?: unknown;
  data: Record<string, unknown>;
  serialize: (name: string, value: string) => string;
}

export interface AnySession extends Record<string, unknown> {
  id: string;
  cookie: AnyCookie;
  save: (callback?: Callback) => unknown;
  destroy: (callback?: Callback) => unknown;
  regenerate: (callback: Callback) => unknown;
  reload: (callback: Callback) => unknown;
  touch: () => unknown;
  resetMaxAge: () => unknown;
}

export type AnyRequest = IncomingMessage & { session?: AnySession | null; sessionID?: unknown };

/** What a handler sees of one step. */
export interface StepEvent {
  step: string;
  /** What the method returned. */
  returned?: string;
  saw: unknown;
}

export interface EndEvent {
  end: string;
  headersSentBefore: boolean;
  returned: string;
  threw: string | null;
  headersSent: boolean;
  writableEnded: boolean;
}

export interface HandlerContext {
  req: AnyRequest;
  res: ServerResponse;
  store: ObservedStore;
  report: (event: StepEvent | EndEvent) => void;
  /** The name under which an id is reported. */
  nameOf: (id: unknown) => string;
  advance: (ms: number) => void;
  /** Changes the record of the session whose cookie was presented. */
  meanwhile: (value: number) => void;
  /** Told before the session is saved. */
  saving: () => void;
  /** Runs the end of the response, so that the runner knows which store calls come from there. */
  ending: (end: () => void) => void;
  endCallback: () => void;
}

/** Does in a request handler what the request says. */
export async function handle(context: HandlerContext, request: SessionRequest): Promise<void> {
  const { res } = context;
  const { reply } = request;
  for (const step of request.steps) await perform(context, step);
  // What the headers store waits for what is being stored: that may be done in any order.
  if (reply.steps.length > 0) await context.store.idle();
  writeHead(res, reply);
  for (const chunk of reply.writes) res.write(...(encoded(chunk, true).args as [string, BufferEncoding]));
  // In the same tick as `end` all is one response (B259): here the headers are due before the session changes again.
  if (res.headersSent && reply.steps.length > 0) {
    await new Promise(setImmediate);
    await context.store.idle();
  }
  for (const step of reply.steps) await perform(context, step);
  end(context, reply);
  await new Promise(setImmediate);
}

async function perform(context: HandlerContext, step: Step): Promise<void> {
  const { req, store, report } = context;
  if (step.do === 'time passes') {
    context.advance(step.ms);
    return;
  }
  // A save that nobody awaits is of interest at the end only; a store may do these calls in any order.
  if (['regenerate', 'reload', 'save', 'destroy', 'unset', 'meanwhile'].includes(step.do)) await store.idle();
  if (step.do === 'meanwhile') {
    context.meanwhile(step.value);
    return;
  }
  const { session } = req;
  if (!session) {
    report({ step: step.do, saw: step.do === 'id' ? context.nameOf(req.sessionID) : 'no session' });
    return;
  }
  switch (step.do) {
    case 'read':
      report({ step: 'read', saw: snapshot(session) });
      break;
    case 'id':
      report({ step: 'id', saw: [context.nameOf(req.sessionID), context.nameOf(session.id)] });
      break;
    case 'write':
      session[step.key] = step.value;
      break;
    case 'delete':
      Reflect.deleteProperty(session, step.key);
      break;
    case 'nest':
      session.deep ??= {};
      (session.deep as Record<string, unknown>)[step.key] = step.value;
      break;
    case 'touch':
    case 'resetMaxAge':
      report({ step: step.do, returned: nameReturned(session[step.do](), session), saw: snapshot(session) });
      break;
    case 'cookie':
      Reflect.set(
        session.cookie,
        step.member,
        step.member === 'expires' && typeof step.value === 'number'
          ? new Date(Date.now() + step.value)
          : step.value,
      );
      break;
    case 'unset':
      if (step.how === 'delete') Reflect.deleteProperty(req, 'session');
      else Reflect.set(req, 'session', step.how === 'null' ? null : undefined);
      break;
    case 'save':
    case 'destroy':
      if (step.do === 'save') context.saving();
      if (step.callback) report(await awaited(req, session, step.do));
      else
        report({
          step: `${step.do}()`,
          returned: nameReturned(session[step.do](), session),
          saw: 'session' in req,
        });
      break;
    case 'regenerate':
    case 'reload':
      report(await awaited(req, session, step.do));
  }
}

/** Calls a method with a callback and waits for that. */
async function awaited(
  req: AnyRequest,
  session: AnySession,
  method: 'save' | 'destroy' | 'regenerate' | 'reload',
): Promise<StepEvent> {
  let returned: unknown;
  const error = await new Promise<unknown>((resolve) => (returned = session[method](resolve)));
  const message = error ? (error as Error).message : 'no error';
  const saw = [message, req.session === session, 'session' in req];
  return { step: `${method}(cb)`, returned: nameReturned(returned, session), saw };
}

function nameReturned(value: unknown, session: AnySession): string {
  if (value === session) return 'the session';
  return value instanceof Promise ? 'a promise' : String(value);
}

/** All that a handler can read of a session, but for its id: reading that would make a lazy token. */
function snapshot(session: AnySession): unknown {
  const { cookie } = session;
  const inherited: string[] = [];
  for (const key in session) inherited.push(key);
  return {
    json: JSON.stringify(session),
    keys: Object.keys(session),
    inherited,
    expires: cookie.expires,
    maxAge: cookie.maxAge,
    originalMaxAge: cookie.originalMaxAge,
  };
}

function writeHead(res: ServerResponse, reply: Reply): void {
  res.statusCode = reply.status;
  res.setHeader('Content-Type', 'text/plain');
  if (reply.status === 302) res.setHeader('Location', '/elsewhere');
  if (reply.length) res.setHeader('Content-Length', lengthOf(reply));
  if (reply.head === 'a cookie of its own') res.setHeader('Set-Cookie', ['own=1; Path=/', 'own2=2']);
  if (reply.head === 'writeHead') res.writeHead(reply.status, { 'X-Own': '1' });
  if (reply.head === 'writeHead with a cookie')
    res.writeHead(reply.status, 'Fine', { 'Set-Cookie': 'own=1' });
  if (reply.head === 'flushHeaders') res.flushHeaders();
}

/** Arguments and length of a chunk. Without an encoding, text goes as UTF-8. */
function encoded({ text, as }: Chunk, withEncoding: boolean): { args: unknown[]; bytes: number } {
  const buffer = Buffer.from(text);
  if (as === 'Buffer') return { args: withEncoding ? [buffer, 'utf8'] : [buffer], bytes: buffer.length };
  if (as === 'Uint8Array') {
    const array = new Uint8Array(buffer);
    return { args: withEncoding ? [array, 'latin1'] : [array], bytes: buffer.length };
  }
  if (as === 'string' || !withEncoding) {
    return { args: withEncoding ? [text, 'utf8'] : [text], bytes: buffer.length };
  }
  return { args: [buffer.toString(as), as], bytes: buffer.length };
}

const hasEncoding = ({ form }: Reply): boolean => form.includes('encoding');
const hasChunk = ({ form }: Reply): boolean => form.includes('chunk');

function lengthOf(reply: Reply): number {
  const last = hasChunk(reply) ? [encoded(reply.chunk, hasEncoding(reply))] : [];
  return [...reply.writes.map((chunk) => encoded(chunk, true)), ...last].reduce(
    (sum, { bytes }) => sum + bytes,
    0,
  );
}

function endArguments(context: HandlerContext, reply: Reply): unknown[] {
  if (reply.form === '(null)') return [null];
  if (reply.form === '(undefined)') return [undefined];
  return [
    ...(hasChunk(reply) ? encoded(reply.chunk, hasEncoding(reply)).args : []),
    ...(reply.form.includes('cb') ? [context.endCallback] : []),
  ];
}

function end(context: HandlerContext, reply: Reply): void {
  const { req, res, report } = context;
  const args = endArguments(context, reply);
  const event: EndEvent = {
    end: reply.form,
    headersSentBefore: res.headersSent,
    returned: 'nothing',
    threw: null,
    headersSent: false,
    writableEnded: false,
  };
  const call = (...values: unknown[]): string => {
    const returned = (res.end as (...args: unknown[]) => unknown).apply(res, values);
    return returned === res ? 'res' : String(returned);
  };
  context.ending(() => {
    try {
      event.returned = call(...args);
    } catch (error) {
      event.threw = codeOf(error);
    }
  });
  event.headersSent = res.headersSent;
  event.writableEnded = res.writableEnded;
  report(event);
  if (reply.after === 'a second end') report({ step: 'a second end', saw: call('again') });
  if (reply.after === 'a change' && req.session) req.session.late = true;
  if (reply.after === 'a header') {
    try {
      res.setHeader('X-Late', '1');
      report({ step: 'a late header', saw: 'no error' });
    } catch (error) {
      report({ step: 'a late header', saw: codeOf(error) });
    }
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
