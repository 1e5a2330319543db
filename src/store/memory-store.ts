/** Keeps sessions in this process, as JSON text. */
import { Cookie, type CookieData, type CookieSettings, sameSettings } from '../session/cookie';
import { type RecordState, STATE_MEMBER, stateIn } from '../session/record-state';
import { unverifiedRecordId } from '../token/unverified';
import { sharedBy } from './shared';
import { Store } from './store';
import type { ErrorCallback, SessionRecord } from '../types';

/** A stored session. Data and cookie are apart, because most requests renew the cookie and leave the data as they are. */
interface Entry {
  /** JSON text of the session without its cookie. */
  data: string;
  settings: Settings | undefined;
  /** The cookie's expiry, in ms since 1970. If it was no Date, the value that JSON has for it. */
  expires: unknown;
  /** The library's part of the record. */
  state: RecordState | undefined;
}

/** A cookie without its expiry. Sessions whose cookies differ only in their expiry share one. */
interface Settings {
  readonly text: string;
  /** The parsed `text`, if it is an object. */
  readonly cookie: CookieSettings | null;
}

/** How many different settings are shared. Only an application that makes new settings all the time has more. */
const MAX_SHARED_SETTINGS = 1000;

/**
 * Methods take effect at once, and call back in a later turn. Instead of an id they take the session's token as well, which is
 * not verified then.
 */
export class MemoryStore extends Store {
  private entries = new Map<string, Entry>();
  private lastSettings: Settings | undefined;
  private readonly sharedSettings = new Map<string, Settings>();

  /** All sessions as JSON text, by id. */
  get sessions(): Record<string, string> {
    return asTexts(this.entries, (text) => this.toEntry(JSON.parse(text) as SessionRecord));
  }

  override get(id: string, callback: (error?: unknown, record?: SessionRecord) => void): void {
    const entry = this.find(toId(id));
    setImmediate(callback, null, entry && copyEntry(entry));
  }

  /** Does nothing if the session was destroyed while a request had it. */
  override set(id: string, session: SessionRecord, callback?: ErrorCallback): void {
    const { data, state } = this.toEntry(session);
    const key = toId(id);
    this.put(key, data, session.cookie, state ?? this.entries.get(key)?.state);
    if (callback) setImmediate(callback);
  }

  override destroy(id: string, callback?: ErrorCallback): void {
    const key = toId(id);
    const live = sharedBy(this).sessions.get(key);
    if (live) {
      live.ended ??= 'destroyed';
      live.isOver = true;
    }
    this.entries.delete(key);
    if (callback) setImmediate(callback);
  }

  /** Replaces only the cookie of a stored session. */
  override touch(id: string, session: SessionRecord, callback?: ErrorCallback): void {
    this.renew(toId(id), session.cookie);
    if (callback) setImmediate(callback);
  }

  /** All sessions by id, without the library's part. */
  all(callback?: (error: unknown, sessions: Record<string, SessionRecord>) => void): void {
    const all = Object.create(null) as Record<string, SessionRecord>;
    for (const id of this.entries.keys()) {
      const entry = this.find(id);
      if (entry) all[id] = copyEntry({ ...entry, state: undefined });
    }
    if (callback) setImmediate(callback, null, all);
  }

  clear(callback?: ErrorCallback): void {
    this.entries.clear();
    if (callback) setImmediate(callback);
  }

  /** How many sessions there are. */
  length(callback: (error: unknown, length: number) => void): void {
    for (const id of this.entries.keys()) this.find(id);
    setImmediate(callback, null, this.entries.size);
  }

  /**
   * For the middleware: a record, and its data as text. The end of the request compares with the text, so that the session
   * need not be serialized at the beginning. At 50 KB of data that saves three quarters of a request's time.
   */
  read(id: string): { record: SessionRecord; data: string; state: RecordState | undefined } | undefined {
    const entry = this.find(id);
    return entry && { record: parseEntry(entry), data: entry.data, state: entry.state };
  }

  /**
   * For the middleware: stores data that are JSON text already.
   *
   * @param keepsExpiry whether the stored expiry stays
   */
  put(id: string, data: string, cookie: unknown, state: RecordState | undefined, keepsExpiry = false): void {
    if (sharedBy(this).sessions.get(id)?.ended) return;
    // Reading a character makes V8 join the pieces that JSON.stringify leaves: a session of 140 bytes takes 95 bytes less.
    data.charCodeAt(0);
    const { settings, expires } = this.splitCookie(cookie);
    const known = keepsExpiry ? this.entries.get(id) : undefined;
    // Each member by its name: an object that is made with a spread takes 30 bytes more.
    this.entries.set(id, { data, settings, expires: known ? known.expires : expires, state });
  }

  /** For the middleware: when an entry expires. Undefined if there is none, or if it does not expire. */
  expiryOf(id: string): Date | undefined {
    const expires = this.find(id)?.expires;
    return typeof expires === 'number' ? new Date(expires) : undefined;
  }

  /** For the middleware: replaces the cookie of an entry. */
  renew(id: string, cookie: unknown): void {
    const entry = this.find(id);
    if (!entry) return;
    const { settings, expires } = this.splitCookie(cookie, entry.settings);
    entry.settings = settings;
    entry.expires = expires;
  }

  private toEntry(record: SessionRecord): Entry {
    const { cookie, ...data } = record;
    Reflect.deleteProperty(data, STATE_MEMBER);
    return { data: JSON.stringify(data), ...this.splitCookie(cookie), state: stateIn(record) };
  }

  /** The entry. One that has expired is dropped. */
  private find(id: string): Entry | undefined {
    const entry = this.entries.get(id);
    if (!entry || !isPast(entry.expires)) return entry;
    this.entries.delete(id);
    return undefined;
  }

  /** @param previous settings that are probably the same. If they are, the cookie is not serialized: a tenth of a request's time */
  private splitCookie(cookie: unknown, previous = this.lastSettings): Omit<Entry, 'data' | 'state'> {
    if (cookie instanceof Cookie && previous?.cookie && sameSettings(previous.cookie, cookie)) {
      return { settings: previous, expires: toTime(cookie._expires) };
    }
    const data: unknown = (cookie as { toJSON?: () => unknown } | null | undefined)?.toJSON?.() ?? cookie;
    if (typeof data !== 'object' || data === null) return { settings: this.share(data), expires: undefined };
    const { expires } = data as Partial<CookieData>;
    return { settings: this.share({ ...data, expires: null }), expires: toTime(expires) };
  }

  private share(cookie: unknown): Settings | undefined {
    const text = JSON.stringify(cookie) as string | undefined;
    if (text === undefined) return undefined;
    let settings = this.sharedSettings.get(text);
    if (!settings) {
      if (this.sharedSettings.size === MAX_SHARED_SETTINGS) this.sharedSettings.clear();
      const value: unknown = JSON.parse(text);
      settings = { text, cookie: typeof value === 'object' ? value : null };
      this.sharedSettings.set(text, settings);
    }
    this.lastSettings = settings;
    return settings;
  }
}

/** The entries as an object of JSON texts, without a prototype. */
function asTexts(entries: Map<string, Entry>, parse: (text: string) => Entry): Record<string, string> {
  const textOf = (storedId: string | symbol): string | undefined => {
    const entry = entries.get(storedId as string);
    return entry && JSON.stringify(parseEntry(entry));
  };
  return new Proxy(Object.create(null) as Record<string, string>, {
    get: (_, storedId) => textOf(storedId),
    has: (_, storedId) => entries.has(storedId as string),
    ownKeys: () => [...entries.keys()],
    getOwnPropertyDescriptor: (_, storedId) =>
      entries.has(storedId as string)
        ? { configurable: true, enumerable: true, writable: true, value: textOf(storedId) }
        : undefined,
    set: (_, storedId, text: string) => {
      entries.set(storedId as string, parse(text));
      return true;
    },
    deleteProperty: (_, storedId) => {
      entries.delete(storedId as string);
      return true;
    },
  });
}

/** A record as JSON has it, so that its expiry is a text, or null for an invalid date. */
function copyEntry(entry: Entry): SessionRecord {
  return JSON.parse(JSON.stringify(parseEntry(entry))) as SessionRecord;
}

/** Makes a new record each time. The cookie comes first, as in the record that was stored. */
function parseEntry({ data, settings, expires, state }: Entry): SessionRecord {
  const rest = JSON.parse(data) as SessionRecord;
  const record = settings ? Object.assign({ cookie: restoreData(settings, expires) }, rest) : rest;
  if (state) record[STATE_MEMBER] = state;
  return record;
}

function toId(id: string): string {
  return unverifiedRecordId(id) ?? id;
}

function restoreData({ text, cookie }: Settings, expires: unknown): unknown {
  if (!cookie) return JSON.parse(text);
  return { ...cookie, expires: typeof expires === 'number' ? new Date(expires) : expires };
}

function toTime(expires: unknown): unknown {
  return expires instanceof Date ? expires.valueOf() : expires;
}

function isPast(expires: unknown): boolean {
  const time = typeof expires === 'string' ? Date.parse(expires) : expires;
  return typeof time === 'number' && time <= Date.now();
}
