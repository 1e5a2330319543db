/** What goes wrong on a store that is shared by two processes, as scenarios that count how often it does. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { decode } from '../../support/cookies';
import { type Answer, send, signIn } from './client';
import type { Place } from './settings';
import type { World } from './world';

/** Pages that somebody polls who has the cookie of before the login: one that reads, one that stores. */
const POLLED = ['GET /me', 'GET /count', 'GET /me'];

export interface Theft {
  /** Logins after which the thief had read the user's session, or had a cookie for it. */
  stolen: number;
  /** Logins that failed. */
  failed: number;
  polls: number;
}

/** A thief plants a cookie of his own in a browser, polls with it in both processes, and the user signs in. */
export async function plantTokens({ cluster }: World, logins: number): Promise<Theft> {
  const theft = { stolen: 0, failed: 0, polls: 0 };
  for (let round = 0; round < logins; round++) {
    const { cookie: planted } = await send(cluster, 'GET /count');
    assert.ok(planted);
    const state = { isOver: false, hasRead: false };
    const hasVictim = ({ body }: Answer) => body.user === 'victim';
    const thieves = POLLED.map(async (page) => {
      for (let extra = 0; extra < 3; extra += Number(state.isOver)) {
        const answer = await send(cluster, page, { cookie: planted });
        const { cookie } = answer;
        if (hasVictim(answer)) state.hasRead = true;
        if (cookie && hasVictim(await send(cluster, 'GET /me', { cookie }))) state.hasRead = true;
        theft.polls++;
      }
    });
    const { cookie } = await send(cluster, 'POST /login?user=victim', { cookie: planted });
    if (!cookie || !hasVictim(await send(cluster, 'GET /me', { cookie }))) theft.failed++;
    state.isOver = true;
    await Promise.all(thieves);
    if (state.hasRead) theft.stolen++;
  }
  return theft;
}

/** Where the request that gets a new token is while the user signs out; undefined: anywhere. */
const PLACES: readonly (Place | undefined)[] = [undefined, 'reading', 'handling', 'saving'];

export interface Refreshes {
  /** Sessions that the old or the new token opened after the logout, or whose records were there. */
  alive: number;
  /** Requests that were answered with a new token. */
  refreshed: number;
}

/** Logouts in one process, each at the time when a request in the other one gets a new token for its old one. */
export async function logoutsAtRefresh({ cluster, storedIds }: World, logouts: number): Promise<Refreshes> {
  const before = (await storedIds()).length;
  const cookies: string[] = [];
  for (let count = 0; count < logouts; count++) cookies.push(await signIn(cluster, 'ada'));
  // Tokens are good for a second; from then on each request gets another one.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const result = { alive: 0, refreshed: 0 };
  let begun = 0;
  for (const [round, cookie] of cookies.entries()) {
    const [here, there] = [cluster.member(round), cluster.member(round + 1)];
    const place = PLACES[round % PLACES.length];
    const id = `refresh-${String(round)}`;
    const hold = place && `${place}:${id}`;
    const held = here.held(id);
    const refresh = send(here, round % 8 < PLACES.length ? 'GET /touch' : 'GET /count', {
      cookie,
      ...(hold && { hold }),
    });
    if (hold) await held;
    assert.equal((await send(there, 'POST /logout', { cookie })).status, 200);
    here.release(id);
    const { cookie: next } = await refresh;
    if (next && handleIn(next) === handleIn(cookie)) result.refreshed++;
    // It came after the logout, and has made a session of its own.
    else if (next) begun++;
    const opened = await Promise.all([cookie, next].map((one) => send(cluster, 'GET /me', { cookie: one })));
    if (opened.some(({ body }) => body.user !== null)) result.alive++;
  }
  result.alive += (await storedIds()).length - before - begun;
  return result;
}

function handleIn(cookie: string): unknown {
  const { ses } = decode(cookie.slice(cookie.indexOf('=') + 1)).payload;
  return (ses as { id?: unknown }).id;
}

/** How the two clicks meet: at once, one after the other, or with one of them waiting at its save. */
const MEETINGS = ['at once', 'in turn', 'first waits', 'second waits'] as const;

/**
 * A user clicks on "sign in" twice. The browser drops the first answer and keeps the second.
 *
 * @returns how many of the users are signed in at the end
 */
export async function clickTwice({ cluster }: World, logins: number): Promise<number> {
  let signedIn = 0;
  for (let round = 0; round < logins; round++) {
    const [here, there] = [cluster.member(round), cluster.member(round + 1)];
    const { cookie } = await send(here, 'GET /count');
    assert.ok(cookie);
    const meeting = MEETINGS[round % MEETINGS.length];
    const id = `click-${String(round)}`;
    const hold = `saving:${id}`;
    const click = 'POST /login?user=ada';
    let answer: Answer;
    if (meeting === 'second waits') {
      const held = there.held(id);
      const second = send(there, click, { cookie, hold });
      await held;
      await send(here, click, { cookie });
      there.release(id);
      answer = await second;
    } else if (meeting === 'in turn') {
      await drop(here, click, cookie);
      answer = await send(there, click, { cookie });
    } else {
      const held = here.held(id);
      const first = drop(here, click, cookie, meeting === 'first waits' ? hold : undefined);
      if (meeting === 'first waits') await held;
      answer = await send(there, click, { cookie });
      here.release(id);
      await first;
    }
    const { body } = await send(cluster, 'GET /me', { cookie: answer.cookie ?? cookie });
    if (body.user === 'ada') signedIn++;
  }
  return signedIn;
}

/** Sends a request whose answer nobody waits for: the connection is closed as soon as something of it is there. */
function drop({ port }: { port: number }, request: string, cookie: string, hold?: string): Promise<void> {
  const [method, path] = request.split(' ');
  const headers = { connection: 'close', cookie, ...(hold && { 'x-hold': hold }) };
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (res) => {
      res.destroy();
      resolve();
    });
    sent.on('error', reject);
    sent.end();
  });
}

/**
 * A slow request of before the login, which ends after it.
 *
 * @returns how often it has sent a cookie in place of the login's
 */
export async function overwriteCookies({ cluster }: World, times: number): Promise<number> {
  let overwritten = 0;
  for (let round = 0; round < times; round++) {
    const [slow, other] = [cluster.member(round), cluster.member(round + 1)];
    const { cookie } = await send(slow, 'GET /count');
    const id = `slow-${String(round)}`;
    const held = slow.held(id);
    const hold = `handling:${id}`;
    const slowAnswer = send(slow, round % 2 ? 'GET /count' : 'GET /touch', { cookie, hold });
    await held;
    const login = await send(other, 'POST /login?user=ada', { cookie });
    slow.release(id);
    const { status, cookie: late } = await slowAnswer;
    assert.equal(status, 200);
    const { body } = await send(cluster, 'GET /me', { cookie: late ?? login.cookie });
    if (late !== undefined || body.user !== 'ada') overwritten++;
  }
  return overwritten;
}
