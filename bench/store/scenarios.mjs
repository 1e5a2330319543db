/* What browsers do in the benchmark on real databases. Each scenario is run by all subjects. */

const AN_HOUR = 3_600_000;

/** @typedef {import('./types.ts').StoreScenario} StoreScenario */

/** @type {StoreScenario} */
const read = {
  id: 'read',
  title: 'read',
  setup: {},
  begin: '/begin',
  path: '/',
  reads: /^ada$/,
  setsCookie: [false, false],
  latencyTarget: 0.6,
  throughputTarget: 1.3,
  bar: 'Read the session',
};

/** @type {StoreScenario} */
const change = {
  ...without(read),
  id: 'change',
  title: 'change',
  path: '/change',
  reads: /^\d+ views$/,
  latencyTarget: 1.05,
  bar: 'Change the session',
};

/** @type {StoreScenario} */
const signIn = {
  ...without(read),
  id: 'sign-in-claims',
  title: 'sign in by claims; express-session: `regenerate`',
  setup: { claims: true },
  path: '/sign-in',
  reads: /^(ada|grace)$/,
  setsCookie: [true, true],
  keepsCookie: true,
  latencyTarget: 0.75,
  bar: 'Sign in',
};

/** @type {readonly StoreScenario[]} */
export const storeScenarios = [
  {
    id: 'anonymous',
    title: 'anonymous, session untouched',
    setup: {},
    path: '/',
    reads: /^nobody$/,
    setsCookie: [false, false],
  },
  read,
  change,
  { ...without(change), id: 'change-twice', title: 'change, by two requests at once', atOnce: 2 },
  {
    ...without(read),
    id: 'rolling',
    title: '`rolling`, read',
    setup: { maxAge: AN_HOUR, rolling: true },
    setsCookie: [true, true],
  },
  signIn,
  {
    ...signIn,
    id: 'sign-in-regenerate',
    title: 'sign in by `regenerate`',
    setup: {},
    latencyTarget: 1.05,
    bar: 'Sign in with regenerate()',
  },
  {
    ...without(read),
    id: 'refresh',
    title: 'refresh due (`jwt.expiresIn`); express-session: read',
    // Half of it has gone when the measuring begins, and the browser never takes the new token.
    setup: { expiresIn: 1 },
    setsCookie: [true, false],
  },
  {
    ...without(read),
    id: 'parallel',
    title: '20 parallel reads of one browser, until the last is answered',
    atOnce: 20,
  },
  {
    ...without(read),
    id: 'upgrade',
    title: 'first request with a cookie of express-session; express-session: read',
    setup: { legacy: true },
    setsCookie: [true, false],
    latencyTarget: 1.05,
  },
  {
    ...without(read),
    id: 'large',
    title: 'read a session of 50 KB',
    begin: '/begin-large',
    path: '/cart',
    reads: /^500 items$/,
    bar: 'Read a session of 50 KB',
  },
];

/**
 * The scenario without what is only its own.
 *
 * @param {StoreScenario} scenario
 * @returns {StoreScenario}
 */
function without(scenario) {
  const own = ['latencyTarget', 'throughputTarget', 'bar'];
  const entries = Object.entries(scenario).filter(([name]) => !own.includes(name));
  return /** @type {StoreScenario} */ (/** @type {unknown} */ (Object.fromEntries(entries)));
}

/** @param {string} id */
export function storeScenarioOf(id) {
  const found = storeScenarios.find((scenario) => scenario.id === id);
  if (!found) throw new Error(`no scenario ${id}`);
  return found;
}
