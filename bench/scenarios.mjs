import { count, create, createAnonymous, createLarge, ignore, logIn, read, readCart } from './site/acts.mjs';
import { carriesClaims, goesOnWithLegacyCookie, isReplaced, opensAgain } from './site/proofs.mjs';

/** Few enough to be in every cache, enough to keep requests in flight from meeting in one session. */
const FEW = 100;
const MANY = 10_000;
const AN_HOUR = 3_600_000;

const inCookie = (/** @type {string} */ reason) => ({ 'cookie-session': reason, 'iron-session': reason });
const sameAs = (/** @type {string} */ id) => ({
  'express-session': id,
  'cookie-session': id,
  'iron-session': id,
});

/** @type {import('./types.ts').Scenario} */
const existing = {
  id: '3',
  title: 'existing session, read',
  setup: {},
  visitors: 'members',
  sessions: FEW,
  begin: create,
  act: read,
  writes: false,
  reads: ['ada', 'ada'],
  setsCookie: false,
  signs: 0,
  verifies: 0,
  target: 0.33,
  limits: ['json'],
};

/** @type {import('./types.ts').Scenario} */
const anonymous = {
  id: '1',
  title: 'anonymous, session untouched',
  setup: {},
  visitors: 'nobody',
  act: read,
  writes: false,
  reads: ['nobody', 'nobody'],
  setsCookie: false,
  signs: 0,
  verifies: 0,
  target: 0.33,
  httpTarget: 1.15,
  limits: [],
};

/** A request without any session: what is subtracted from all others. */
/** @type {import('./types.ts').Scenario} */
export const bare = { ...anonymous, id: 'bare', title: 'no session', act: ignore, reads: ['unseen'] };

/** @type {readonly import('./types.ts').Scenario[]} */
export const scenarios = [
  anonymous,
  {
    ...anonymous,
    id: '2',
    title: 'session created',
    act: create,
    writes: true,
    fillsStore: true,
    reads: ['ada'],
    setsCookie: true,
    proof: opensAgain,
    signs: 1,
    target: 2.0,
    httpTarget: 0.93,
    limits: ['sign', 'sha256', 'json'],
  },
  { ...existing, httpTarget: 1.15 },
  {
    ...existing,
    id: '3u',
    title: 'existing session, never looked at',
    act: ignore,
    reads: ['unseen', 'unseen'],
  },
  { ...existing, id: '3m', title: 'existing session with maxAge, read', setup: { maxAge: AN_HOUR } },
  {
    ...existing,
    id: '3c',
    title: 'existing session with claims, read',
    setup: { claims: true },
    proof: carriesClaims,
    counterparts: sameAs('3'),
    note: 'claims by jwtFromReq; where there are none, 3',
  },
  {
    ...existing,
    id: '4',
    title: 'existing session, modified',
    act: count,
    writes: true,
    reads: ['2 views', '3 views'],
    httpTarget: 1.15,
  },
  {
    ...existing,
    id: '4m',
    title: 'existing session with maxAge, modified',
    setup: { maxAge: AN_HOUR },
    act: count,
    writes: true,
    reads: ['2 views', '3 views'],
    setsCookie: true,
  },
  {
    ...existing,
    id: '5',
    title: 'rolling',
    setup: { maxAge: AN_HOUR, rolling: true },
    setsCookie: true,
    httpTarget: 1.15,
    lacks: inCookie('no rolling expiry'),
  },
  {
    ...existing,
    id: '6',
    title: '10,000 tokens in random order, read',
    visitors: 'shuffled',
    sessions: MANY,
    httpTarget: 1.15,
  },
  {
    ...existing,
    id: '6c',
    title: 'token seen for the first time, read',
    visitors: 'first-seen',
    sessions: MANY,
    reads: ['ada'],
    verifies: 1,
    target: 4.2,
    limits: ['verify', 'sha256', 'json'],
    note: 'express-session verifies no token: one HMAC of a cookie, as always',
  },
  { ...anonymous, id: '7a', title: 'garbage cookie', visitors: 'garbage', httpTarget: undefined },
  {
    ...anonymous,
    id: '7b',
    title: 'forged signature',
    visitors: 'forged',
    sessions: FEW,
    begin: create,
    verifies: 1,
    target: 6,
    httpTarget: undefined,
    limits: ['verify'],
    note: 'express-session verifies no token: one HMAC of a forged cookie',
  },
  {
    ...existing,
    id: '8',
    title: 'session of 50 KB, read',
    begin: createLarge,
    act: readCart,
    inFlight: 8,
    reads: ['500 items', '500 items'],
    httpTarget: 1.15,
    limits: ['json50k'],
    lacks: inCookie('50 KB do not fit into a cookie'),
  },
  {
    ...existing,
    id: '9',
    title: 'login by regenerate',
    begin: createAnonymous,
    act: logIn,
    writes: true,
    keepsCookie: true,
    reads: ['ada'],
    setsCookie: true,
    proof: isReplaced,
    signs: 1,
    target: 2.6,
    httpTarget: 0.93,
    limits: ['sign', 'sha256', 'json'],
    lacks: inCookie('no regenerate'),
    note: 'clients go on with the cookie that they got, and log in again',
  },
  {
    ...existing,
    id: '10',
    title: 'cookie of express-session upgraded',
    setup: { legacy: true },
    visitors: 'legacy',
    sessions: 0,
    fillsStore: true,
    reads: ['ada'],
    setsCookie: true,
    proof: goesOnWithLegacyCookie,
    signs: 1,
    target: 2.2,
    limits: ['hmac', 'sign', 'sha256', 'json'],
    counterparts: { 'express-session': '3' },
    lacks: inCookie('no upgrade'),
    note: 'express-session has nothing to upgrade: a plain read of its own cookie',
  },
];

/** @param {string} id */
export function scenarioOf(id) {
  const found = [bare, ...scenarios].find((scenario) => scenario.id === id);
  if (!found) throw new Error(`no scenario ${id}`);
  return found;
}
