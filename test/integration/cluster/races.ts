/** Two requests of one person that meet in two processes: a slow one that began first, and another one. */
import assert from 'node:assert/strict';
import { send } from './client';
import type { Front, KnownAnswer } from './deployment';
import { readCookie } from './held-cookie';
import type { Kind } from './mixtures';
import type { Place } from './settings';

const PLACES: readonly Place[] = ['reading', 'handling', 'saving'];

/** What went wrong in a race, and which instances had a part in it. */
export interface Fault {
  readonly race: RaceName;
  readonly slow: Kind;
  readonly other: Kind;
  /** Whether the session had left the format of express-session when the slow request ended. */
  readonly isToken: boolean;
}

export interface Races {
  /** How many there were, by the kind of the slow instance. */
  readonly run: Map<string, number>;
  readonly faults: Fault[];
}

interface Race {
  /** What is done before, and gives the cookie. */
  readonly begin: string;
  readonly slow: string;
  readonly other: string;
  /** Whether the user is to be signed in in the end. */
  readonly isSignedIn: boolean;
}

const races = {
  'a change meets a logout': {
    begin: 'POST /login?user=U',
    slow: 'GET /count',
    other: 'POST /logout',
    isSignedIn: false,
  },
  'a page meets a logout': {
    begin: 'POST /login?user=U&regenerate',
    slow: 'GET /touch',
    other: 'POST /logout',
    isSignedIn: false,
  },
  'a change meets a login by regenerate': {
    begin: 'GET /count',
    slow: 'GET /count',
    other: 'POST /login?user=U&regenerate',
    isSignedIn: true,
  },
  'a change meets a login by claims': {
    begin: 'GET /count',
    slow: 'GET /count',
    other: 'POST /login?user=U',
    isSignedIn: true,
  },
  'a login meets a login': {
    begin: 'GET /count',
    slow: 'POST /login?user=U',
    other: 'POST /login?user=U',
    isSignedIn: true,
  },
  'a login meets a logout': {
    begin: 'GET /count',
    slow: 'POST /login?user=U',
    other: 'POST /logout',
    isSignedIn: true,
  },
} satisfies Record<string, Race>;

export type RaceName = keyof typeof races;
const names = Object.keys(races) as RaceName[];

/** Every race, as often as told, between instances that serve. */
export async function runRaces(front: Front, times: number, results: Races): Promise<void> {
  for (let round = 0; round < times; round++) {
    for (const name of names) {
      const place = PLACES[(round + names.indexOf(name)) % PLACES.length] ?? 'handling';
      await run(name, place, front, results);
    }
  }
}

let number = 0;

async function run(name: RaceName, place: Place, front: Front, { run: runs, faults }: Races): Promise<void> {
  const race: Race = races[name];
  const user = `racer-${String(++number)}`;
  const as = (request: string): string => request.replace('user=U', `user=${user}`);
  const { deployment } = front;
  const slow = front.pick();
  const other = front.pick(slow);
  const { cookie } = await front.send(as(race.begin));
  assert.ok(cookie, 'a session has begun');
  // A look in between may have given the browser another cookie; the slow request has been sent with the first one.
  const seen = front.random(2) === 0 ? await front.send('GET /me', cookie) : undefined;
  const cookies = [cookie, seen?.cookie];
  const id = `race-${String(number)}`;
  const held = slow.member.held(id);
  const slowAnswer = send(slow.member, as(race.slow), { cookie, hold: `${placeIn(race, place)}:${id}` });
  await held;
  const answer = await deployment.send(other, as(race.other), seen?.cookie ?? cookie);
  assert.ok(answer.status < 400, `${other.kind}: ${JSON.stringify(answer.body)}`);
  slow.member.release(id);
  const late = await slowAnswer;
  assert.ok(late.status < 400, `${slow.kind}: ${JSON.stringify(late.body)}`);
  cookies.push(answer.cookie, late.cookie);
  const ever = cookies.filter((one) => one !== undefined);
  // The browser keeps what came last.
  const last = ever.at(-1) ?? cookie;
  const isToken = readCookie(answer.cookie ?? seen?.cookie ?? cookie, deployment.secret).isToken;
  const shows = async (one: string): Promise<KnownAnswer[]> =>
    await Promise.all(front.oneOfEach().map((instance) => deployment.send(instance, 'GET /me', one)));
  const isUser = ({ body }: KnownAnswer): boolean => body.user === user;
  const isWrong = race.isSignedIn
    ? !(await shows(last)).every(isUser)
    : (await Promise.all(ever.map(shows))).flat().some(isUser);
  const key = `${name}: ${slow.kind}`;
  runs.set(key, (runs.get(key) ?? 0) + 1);
  if (isWrong) faults.push({ race: name, slow: slow.kind, other: other.kind, isToken });
}

/** The handler of the login does not wait. */
function placeIn({ slow }: Race, place: Place): Place {
  return slow.startsWith('POST') && place === 'handling' ? 'saving' : place;
}
