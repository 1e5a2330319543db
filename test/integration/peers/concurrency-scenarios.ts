/** Requests of one session at the same time, in one process and in two. */
import type { Browser } from './browser';
import type { Findings } from './expected';
import { type Scenario, type Setting, withSite } from './scenario';
import type { Site } from './site';
import type { StorePeer } from './store-peer';

/** A request that has loaded the session waits while something else happens to it, then goes on. */
async function meanwhile(site: Site, visitor: Browser, path: string, act: () => Promise<unknown>) {
  const { reached, open } = site.hold();
  const slow = visitor.copy().visit(path);
  await Promise.race([reached, slow]);
  await act();
  open();
  return await slow;
}

/** With a second process on the same sessions. Late errors are told, not failed for. */
function withTwo(setting: Setting, use: (here: Site, there: Site) => Promise<Findings>): Promise<Findings> {
  const { side, here, elsewhere = here } = setting;
  return withSite(setting, (site) =>
    withSite({ side, here: elsewhere, elsewhere }, (other) => use(site, other)),
  );
}

const errorsOf = (site: Site): number => site.errors.splice(0).length;

async function logoutMeanwhile({ here }: Setting, site: Site, other: Site, path: string): Promise<Findings> {
  const ann = site.browser();
  await ann.visit('/login/ann');
  const { id } = await ann.look('/count');
  const there = other.browser(ann.cookie);
  const { setCookie } = await meanwhile(site, ann, path, () => there.visit('/logout'));
  const record = (await here.raw(String(id))) === undefined ? 'gone' : 'back';
  const { user = null } = await ann.look();
  return { record, user, setCookie: setCookie === undefined ? 'none' : 'sent', errors: errorsOf(site) };
}

async function signInMeanwhile(site: Site, other: Site): Promise<Findings> {
  const ann = site.browser();
  await ann.visit('/count');
  const there = other.browser(ann.cookie);
  await meanwhile(site, ann, '/slow?set=late', () => there.visit('/login/ann'));
  const { user = null, late = null } = await there.look();
  return { user, late };
}

const isShared = (peer: StorePeer) => peer.isShared;

/** What becomes of a session that is ended while a request changes it. */
const ended = { record: 'gone', user: null, setCookie: 'none', errors: 0 };
const revived = { record: 'back', user: 'ann', setCookie: 'sent', errors: 0 };

export const concurrencyScenarios: readonly Scenario[] = [
  {
    title: 'twenty requests at the same time',
    expected: () => ({ both: { counts: [1], setCookies: 0, ids: 1 } }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const visitor = site.browser();
        await visitor.visit('/count');
        const answers = await Promise.all(Array.from({ length: 20 }, () => visitor.copy().visit('/look')));
        const bodies = answers.map(({ body }) => body as { id: string; count: number });
        return {
          counts: [...new Set(bodies.map(({ count }) => count))],
          setCookies: answers.filter(({ setCookie }) => setCookie !== undefined).length,
          ids: new Set(bodies.map(({ id }) => id)).size,
        };
      }),
  },
  {
    title: 'two requests that change different members: the later one wins (B245)',
    expected: () => ({ both: { first: null, second: true } }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const visitor = site.browser();
        await visitor.visit('/count');
        await meanwhile(site, visitor, '/slow?set=second', () => visitor.copy().visit('/slow?set=first'));
        const { first = null, second = null } = await visitor.look();
        return { first, second };
      }),
  },
  {
    title: 'the same with the option `merge` (B245)',
    // express-session has no such option.
    expected: () => ({
      both: { second: true },
      theirs: { first: null },
      ours: { first: true },
    }),
    run: (setting) =>
      withSite(
        setting,
        async (site) => {
          const visitor = site.browser();
          await visitor.visit('/count');
          await meanwhile(site, visitor, '/slow?set=second', () => visitor.copy().visit('/slow?set=first'));
          const { first = null, second = null } = await visitor.look();
          return { first, second };
        },
        { merge: true } as object,
      ),
  },
  {
    title: 'a slow request that changes nothing, while another one changes the session (B034)',
    // Where `touch` stores the whole session, express-session brings back what the slow request had loaded.
    expected: ({ touch }) => ({
      theirs: { count: touch === 'the whole session' ? 1 : 2 },
      ours: { count: 2 },
    }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const visitor = site.browser();
        await visitor.visit('/count');
        await meanwhile(site, visitor, '/slow', () => visitor.copy().visit('/count'));
        const { count } = await visitor.look();
        return { count };
      }),
  },
  {
    title: 'reload shows what another request has stored meanwhile (B137)',
    expected: () => ({ both: { count: 2, forgotten: null } }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const visitor = site.browser();
        await visitor.visit('/count');
        const { body } = await meanwhile(site, visitor, '/reload', () => visitor.copy().visit('/count'));
        const { count, forgotten = null } = body as Findings;
        return { count, forgotten };
      }),
  },
  {
    title: 'a logout in the same process, while a slow request changes the session (B224)',
    // express-session stores the session again: its logout is undone.
    expected: () => ({ theirs: revived, ours: ended }),
    run: (setting) => withSite(setting, (site) => logoutMeanwhile(setting, site, site, '/slow?set=late')),
  },
  {
    title: 'a logout in the same process, while a slow request only looks (B226)',
    // `touch` that stores the whole session undoes the logout on express-session; session-file-store's finds no file.
    expected: ({ touch, module }) => ({
      theirs: {
        ...(touch === 'the whole session' ? revived : ended),
        setCookie: 'none',
        errors: module === 'session-file-store' ? 1 : 0,
      },
      ours: ended,
    }),
    run: (setting) => withSite(setting, (site) => logoutMeanwhile(setting, site, site, '/slow')),
  },
  {
    title: 'a logout in another process, while a slow request changes the session (B244, B252)',
    isFor: isShared,
    // This package stores by compareAndSet, where it knows how to. Without it no process hears of the other one's logout.
    expected: ({ guarantee }) => ({
      theirs: revived,
      ours: guarantee === 'everywhere' ? ended : revived,
    }),
    run: (setting) =>
      withTwo(setting, (site, other) => logoutMeanwhile(setting, site, other, '/slow?set=late')),
  },
  {
    title: 'a logout in another process, while a slow request only looks (B226)',
    isFor: isShared,
    // As in the same process on express-session; this package has no way to hear of it but compareAndSet.
    expected: ({ touch, module }) => {
      const findings = {
        ...(touch === 'the whole session' ? revived : ended),
        setCookie: 'none',
        errors: module === 'session-file-store' ? 1 : 0,
      };
      return { both: findings };
    },
    run: (setting) => withTwo(setting, (site, other) => logoutMeanwhile(setting, site, other, '/slow')),
  },
  {
    title: 'a sign-in in the same process, while a slow request changes the session (B247)',
    // express-session overwrites the sign-in. This package drops the write of the request whose generation has ended.
    expected: () => ({ theirs: { user: null, late: true }, ours: { user: 'ann', late: null } }),
    run: (setting) => withSite(setting, (site) => signInMeanwhile(site, site)),
  },
  {
    title: 'a sign-in in another process, while a slow request changes the session (B244, B247)',
    isFor: isShared,
    // Without compareAndSet the late write puts the older generation back: the new token opens nothing, so that the user has
    // to sign in again, and nobody else sees a sign-in.
    expected: ({ guarantee }) => ({
      theirs: { user: null, late: true },
      ours: guarantee === 'everywhere' ? { user: 'ann', late: null } : { user: null, late: null },
    }),
    run: (setting) => withTwo(setting, signInMeanwhile),
  },
];
