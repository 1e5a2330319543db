/** What a scenario is, and what the store and the browser hold when it begins. */
import { createHash } from 'node:crypto';
import { sign } from 'cookie-signature';
import { issue } from '../support/forge';
import { jwtFromReq, type Op } from './app';
import type { Credential } from './browser';
import { payloadOf } from './names';
import { type Instance, quietProcess, SECRET, type Settings, TOKEN_LIFE, visitOf } from './process';
import { recordOf, type Records, type StoreKind } from './store';
import type { FakeTime } from './time';

/** What the browser has in the beginning: a token, one of an upgraded session, or what was given out in the past. */
export type Start = 'token' | 'upgraded' | 'express-session' | '0.2.2';

/** Who is signed in, in the session's data: nobody, a user whose claims have no `sub`, or one whose claims do. */
const USERS = { nobody: undefined, named: { name: 'owner' }, subject: { sub: 'owner', role: 'reader' } };

export interface Step {
  readonly op: Op;
  readonly process: number;
}

/** Requests one after the other: each begins when the one before was answered, with the cookie that came. */
export interface Actor {
  readonly who: 'browser' | 'attacker';
  readonly steps: readonly Step[];
}

export interface Scenario extends Settings {
  readonly name: string;
  readonly store: StoreKind;
  readonly start: Start;
  readonly user: keyof typeof USERS;
  readonly actors: readonly Actor[];
  /** What each process runs. Default: this package, in its own format. */
  readonly instances?: readonly Instance[];
  /** Whether the token is old enough to be refreshed. */
  readonly isDue?: boolean;
  /**
   * Whether a write that was told as failed may land later. Default: where the store has compareAndSet. Others cannot tell
   * it from a new one.
   */
  readonly hasLateWrites?: boolean;
  /** Effect and answer of a call are two steps in every process, not only where requests share its memory. */
  readonly isSplit?: boolean;
}

export interface Beginning {
  readonly records: Records;
  readonly credential: Credential;
  /** Id of the session's record. */
  readonly recordId: string;
}

const LEGACY_ID = 'an-id-of-express-session-32-chars';

/** Prepares a scenario, and moves the clock to when it begins. */
export async function begin(scenario: Scenario, time: FakeTime): Promise<Beginning> {
  const records: Records = new Map();
  const value = await valueOf(scenario, records, time);
  time.now += scenario.isDue ? TOKEN_LIFE * 700 : 10_000;
  const [recordId] = records.keys();
  if (recordId === undefined) throw new Error(`${scenario.name}: there is no session to begin with`);
  return { records, recordId, credential: { value, lineage: [] } };
}

async function valueOf(scenario: Scenario, records: Records, time: FakeTime): Promise<string> {
  if (scenario.start === 'token') return await issued(scenario, records, time);
  if (scenario.start !== 'upgraded') return older(scenario, records, time);
  const value = older({ ...scenario, start: 'express-session' }, records, time);
  const process = quietProcess(scenario.store, scenario, records, () => time.now);
  const { answer } = process.serve(visitOf(-1, 'read'), { value, lineage: [] }, '');
  await time.settle();
  if (answer.cookie === undefined) throw new Error(`${scenario.name}: no upgrade: ${answer.body}`);
  return answer.cookie;
}

async function issued(scenario: Scenario, records: Records, time: FakeTime): Promise<string> {
  const process = quietProcess(scenario.store, scenario, records, () => time.now);
  const user = USERS[scenario.user];
  const { answer } = process.serve(visitOf(-1, 'read'), undefined, '', (session) => {
    Object.assign(session, { hits: 1 }, user && { user });
  });
  await time.settle();
  if (answer.cookie === undefined) throw new Error(`${scenario.name}: no session: ${answer.body}`);
  return answer.cookie;
}

/** A session that this package has not made. */
function older({ start, user: who }: Scenario, records: Records, time: FakeTime): string {
  const maxAge = 3_600_000;
  const expires = new Date(time.now + maxAge);
  const cookie = { originalMaxAge: maxAge, expires, httpOnly: true, path: '/' };
  const user = USERS[who];
  const record = recordOf(JSON.stringify({ cookie, hits: 1, user }));
  if (start === 'express-session') {
    records.set(LEGACY_ID, record);
    return encodeURIComponent(`s:${sign(LEGACY_ID, SECRET)}`);
  }
  const claims = jwtFromReq({ session: { user } } as never);
  const token = issue({
    ...claims,
    nonce: 'a-nonce-of-the-package-before',
    iat: Math.floor(time.now / 1000),
  });
  records.set(createHash('sha256').update(token).digest('hex'), record);
  return token;
}

/** The id that a cookie of express-session names. */
export function legacyIdIn(value: string): string | undefined {
  return /^s%3A(.*)\.[^.]*$/.exec(value)?.[1];
}

/** Which session a credential is for, as far as its text says. */
export function sessionOf(credential: Credential, { recordId }: Beginning): string {
  const legacyId = legacyIdIn(credential.value);
  if (legacyId !== undefined) return legacyId;
  const payload = payloadOf(credential.value);
  const ses = payload?.ses as { id?: string; lid?: string } | undefined;
  if (ses) return ses.lid ?? (ses.id === undefined ? 'none' : `handle ${ses.id}`);
  return recordId;
}
