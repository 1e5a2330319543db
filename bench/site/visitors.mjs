import { randomBytes, randomInt } from 'node:crypto';

/* Where requests come from. `next` is called outside of the time that is measured. */

/**
 * @param {import('../types.ts').Scenario} scenario
 * @param {import('./site.mjs').Running} site
 * @param {number | undefined} maxSessions
 * @returns {Promise<import('../types.ts').Visitors>}
 */
export async function createVisitors(scenario, site, maxSessions = Infinity) {
  const { subject } = site;
  const sessions = Math.min(scenario.sessions ?? 0, maxSessions);
  const members = await signUp(site, scenario, sessions);
  const [first] = members;
  switch (scenario.visitors) {
    case 'nobody':
      return { clients: [{ cookie: undefined }], next: () => ({ cookie: undefined }) };
    case 'members':
      return { clients: members, next: inTurn(members) };
    case 'shuffled':
      return { clients: members, next: () => pick(members) };
    case 'first-seen':
      // Another middleware with the same keys and sessions knows none of the tokens.
      return {
        clients: members,
        next: inTurn(members, () => {
          site.renew();
        }),
      };
    case 'garbage':
      return {
        clients: [],
        next: () => ({ cookie: `${subject.cookieName}=${randomBytes(32).toString('base64url')}` }),
      };
    case 'forged':
      return { clients: [], next: () => ({ cookie: subject.forge(first?.cookie ?? '') }) };
    case 'legacy':
      return { clients: [], next: () => ({ cookie: addLegacySession(site) }) };
  }
}

/**
 * @param {import('./site.mjs').Running} site
 * @param {import('../types.ts').Scenario} scenario
 * @param {number} sessions
 */
async function signUp(site, { begin }, sessions) {
  /** @type {import('../types.ts').Client[]} */
  const members = [];
  while (members.length < sessions) {
    const client = { cookie: undefined };
    if (begin) await site.visit(client, begin, true);
    if (client.cookie === undefined) throw new Error('a session created set no cookie');
    members.push(client);
  }
  return members;
}

/**
 * @param {import('../types.ts').Client[]} clients
 * @param {() => void} startOver called before the first client comes, each time
 */
function inTurn(clients, startOver = () => undefined) {
  let index = 0;
  return () => {
    if (index === 0) startOver();
    const client = clients[index];
    if (!client) throw new Error('nobody has a session');
    index = (index + 1) % clients.length;
    return client;
  };
}

/** @param {import('../types.ts').Client[]} clients */
function pick(clients) {
  const client = clients[randomInt(clients.length)];
  if (!client) throw new Error('nobody has a session');
  return client;
}

/** @param {import('./site.mjs').Running} site */
function addLegacySession({ subject, store }) {
  if (!subject.addLegacySession || !store) throw new Error('it does not know express-session cookies');
  return subject.addLegacySession(store);
}
