/**
 * Every difference between this package and express-session that is meant, as far as the sequences can show it. Each
 * entry says what express-session would have done had it this behaviour, by changing exactly that about it while it
 * runs or in what was observed of it. Whatever no entry speaks of has to be equal.
 *
 * Nothing is to be said about these: bytes are held until the session is stored (B037, B052), which whole responses
 * do not show; and `originalMaxAge` does not drift (B163), since the clock stands still between its two readings.
 */
import type { ServerResponse } from 'node:http';
import { type Exchange, type Fingerprint, fingerprint } from './exchange';
import type { SessionRequest } from './sequences';
import type { StoreCall, Verdict } from './stores';
import type { EndEvent, StepEvent } from './handler';
import type { Event, Observation } from './world';

export interface MeantDifference {
  behaviour: string;
  says: string;
  /** How often it made a difference. */
  times: number;
  /** The handler is about to save the session. */
  saving?: (exchange: Exchange) => boolean;
  /** What becomes of a store call of express-session; undefined where this entry has no say. */
  storeCall?: (call: StoreCall, exchange: Exchange) => Verdict | undefined;
  /** express-session has settled its headers, and they are about to go. */
  headers?: (exchange: Exchange) => boolean;
  /** The handler is about to end the response. */
  ending?: (exchange: Exchange) => boolean;
  /** express-session has ended the response, or waits for the store to do so. */
  ended?: (exchange: Exchange) => boolean;
  /** Corrects what was observed. */
  observed?: (observation: Observation, request: SessionRequest, exchange: Exchange) => boolean;
}

export function meantDifferences(): MeantDifference[] {
  return [
    {
      behaviour: 'B038',
      says:
        'the expiry is reset once in a response: by a save, with the headers or at the end, whichever is first; and once ' +
        'more at the end where the headers have left before',
      times: 0,
      saving: (exchange) => exchange.touch(),
      headers: (exchange) => exchange.touch(),
      ending: (exchange) => {
        if (!exchange.res.headersSent || !exchange.isStream) return false;
        exchange.isTouched = false;
        return exchange.touch();
      },
    },
    {
      behaviour: 'B136',
      says: 'a session that the handler has saved is neither saved again nor touched at the end',
      times: 0,
      storeCall: (call, exchange) => {
        const { session, saved } = exchange;
        if (!isAtEnd(call, exchange) || !session || !saved) return undefined;
        return same(fingerprint(session), saved) ? 'not made' : undefined;
      },
    },
    {
      behaviour: 'B035',
      says: 'an edit of nothing but the cookie of a stored session is stored and sent',
      times: 0,
      storeCall: (call, exchange) => {
        const { session, loaded, saved } = exchange;
        if (!isAtEnd(call, exchange) || call.method !== 'touch' || !session || !loaded) return undefined;
        return fingerprint(session).cookie === (saved ?? loaded).cookie ? undefined : 'set';
      },
      headers: ({ session, loaded, res, req }) => {
        if (!session || session.id !== loaded?.id) return false;
        const { cookie } = session;
        if (fingerprint(session).cookie === loaded.cookie || cookie.secure) return false;
        if (carriesCookie(res)) return false;
        const lines = setCookieLines(res);
        const value = /connect\.sid="?([^;"]*)/.exec(req.headers.cookie ?? '')?.[1] ?? '';
        res.setHeader('Set-Cookie', [...lines, cookie.serialize('connect.sid', decodeURIComponent(value))]);
        return true;
      },
      // Where the store has no `touch`, and for a new session that was saved: there express-session calls no store.
      ended: (exchange) => {
        const { session, store, callsAtEnd } = exchange;
        const stored = exchange.saved ?? exchange.loaded;
        if (!session || !stored || callsAtEnd > 0) return false;
        const now = fingerprint(session);
        if (now.id !== stored.id || now.cookie === stored.cookie) return false;
        store.object.set(session.id, session, () => undefined);
        exchange.waits ||= store.pending > 0;
        return true;
      },
    },
    {
      behaviour: 'B136, B254',
      says: 'a response waits for store work that is under way; what is to be done then is done after that',
      times: 0,
      ended: (exchange) => (exchange.waits ||= exchange.isBusy),
      observed: ({ events }, _, { waits, isBusy, callsAtEnd }) => {
        const end = events.find(isEnd);
        if (!end) return false;
        if (waits) end.writableEnded = false;
        if (isBusy) events.push(...events.splice(events.indexOf(end) - callsAtEnd, callsAtEnd));
        return false;
      },
    },
    {
      behaviour: 'B261',
      says: 'a response with a token says Vary and Cache-Control',
      times: 0,
      headers: ({ res }) => {
        if (!carriesCookie(res)) return false;
        res.setHeader('Vary', 'Cookie');
        res.setHeader('Cache-Control', 'no-cache="Set-Cookie"');
        return true;
      },
    },
    {
      behaviour: 'B259',
      says: 'what a cookie in early headers is for is stored with them; at the end only what has changed since',
      times: 0,
      headers: (exchange) => {
        const { session, loaded, saved, store, options, res, phase, isStream } = exchange;
        if (phase !== 'handler' || !isStream || !session || !carriesCookie(res)) return false;
        const now = fingerprint(session);
        if (saved && same(saved, now)) return false;
        if (loaded && !saved && same(loaded, now) && !options.resave) {
          exchange.isRenewed = true;
          store.object.touch?.(session.id, session, () => undefined);
        } else session.save(() => undefined);
        return true;
      },
      storeCall: (call, exchange) => {
        const { session, loaded, isRenewed } = exchange;
        if (!isAtEnd(call, exchange) || !isRenewed || !session || !loaded) return undefined;
        return same(fingerprint(session), loaded) ? 'not made' : undefined;
      },
    },
    {
      behaviour: 'B242',
      says: 'each record says which generation it is of',
      times: 0,
      observed: ({ events, records }) => {
        const stored = events.flatMap((event) => ('store' in event && event.data ? [event.data] : []));
        for (const record of [...stored, ...Object.values(records)]) record.state = 'generation 1';
        return stored.length > 0;
      },
    },
    {
      behaviour: 'B053',
      says: 'a response made by one `end` carries a Content-Length, store call or not',
      times: 0,
      observed: ({ events, response }, { method }) => {
        if (response?.framing !== 'Transfer-Encoding: chunked' || events.find(isEnd)?.headersSentBefore)
          return false;
        if (method === 'HEAD' || [204, 304].includes(response.status)) return false;
        response.framing = `Content-Length: ${String(response.bytes)}`;
        return true;
      },
    },
    {
      behaviour: 'B055',
      says: 'every form of `end` takes a callback, which is called once, after `finish`',
      times: 0,
      observed: ({ events, endCallback }, { reply }) => {
        const end = events.find(isEnd);
        if (!end || !reply.form.includes('cb')) return false;
        const right = endCallback.calls === 1 && endCallback.afterFinish && !end.threw;
        if (reply.form === '(cb)' && end.threw === 'ERR_INVALID_ARG_TYPE') end.threw = null;
        Object.assign(endCallback, { calls: 1, afterFinish: true });
        return !right;
      },
    },
    {
      behaviour: 'B057',
      says: 'the first `end` returns the response, store call or not',
      times: 0,
      observed: ({ events }) => {
        const end = events.find(isEnd);
        if (!end || end.returned === 'res') return false;
        end.returned = 'res';
        return true;
      },
    },
    {
      behaviour: 'B131',
      says: 'every store call gets a callback, though the handler gave none to `destroy`',
      times: 0,
      observed: ({ events }) => {
        const calls = events.filter(
          (event) => 'store' in event && event.store === 'destroy' && !event.callback,
        );
        for (const call of calls) Object.assign(call, { callback: true });
        return calls.length > 0;
      },
    },
    {
      behaviour: 'B144',
      says: '`save`, `reload`, `regenerate`, `destroy` return the session, or a promise if given no callback',
      times: 0,
      observed: ({ events }) => {
        const calls = events.filter(isMethodCall);
        const right = calls.filter(({ step, returned }) => returned === returnOf(step));
        for (const call of calls) call.returned = returnOf(call.step);
        return right.length < calls.length;
      },
    },
  ];
}

const same = (a: Fingerprint, b: Fingerprint): boolean =>
  a.id === b.id && a.data === b.data && a.cookie === b.cookie;

const setCookieLines = (res: ServerResponse): string[] =>
  ([] as string[]).concat((res.getHeader('Set-Cookie') as string[] | undefined) ?? []);

const carriesCookie = (res: ServerResponse): boolean =>
  setCookieLines(res).some((line) => line.startsWith('connect.sid='));

const isAtEnd = (call: StoreCall, exchange: Exchange): boolean =>
  exchange.phase === 'end' && (call.method === 'set' || call.method === 'touch');

const isEnd = (event: Event): event is EndEvent => 'end' in event;
const isMethodCall = (event: Event): event is StepEvent =>
  'step' in event && /^(save|reload|regenerate|destroy)\(/.test(event.step);
const returnOf = (step: string): string => (step.endsWith('(cb)') ? 'the session' : 'a promise');
