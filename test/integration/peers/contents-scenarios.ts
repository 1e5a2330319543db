/** What is in the store, and what applications do with it by themselves. */
import { sign } from 'cookie-signature';
import type { RequestHandler } from 'express';
import type expressSession from 'express-session';
import { ask, type Scenario, withSite } from './scenario';
import { middlewareOf, secret, type Side } from './sides';
import { openSite } from './site';
import type { OpenedStore } from './store-peer';

/** A site that also shows what an application sees of the store. */
function openStoreSite(side: Side, { store }: OpenedStore) {
  const withStore: (use: (store: expressSession.Store, id: string) => Promise<unknown>) => RequestHandler =
    (use) => async (req, res) => {
      res.json((await use(req.sessionStore, req.sessionID)) ?? null);
    };
  return openSite(middlewareOf(side, { store }), (app) => {
    app.get(
      '/stored',
      withStore(async (sessions, id) => {
        const record = await ask((done) => {
          sessions.get(id, done);
        });
        return Object.keys(record ?? {}).sort();
      }),
    );
    app.get(
      '/length',
      withStore((sessions) => ask((done) => sessions.length?.(done as never))),
    );
    app.get(
      '/all',
      withStore(async (sessions) => {
        const all = await ask((done) => sessions.all?.(done as never));
        return Object.values(all ?? {}).map((record) => ({
          count: (record as { count?: unknown }).count,
          hasState: '__session' in (record as object),
        }));
      }),
    );
    app.get(
      '/clear',
      withStore((sessions) => ask((done) => sessions.clear?.(done))),
    );
  });
}

/** Members that a store adds by itself. */
const added: Readonly<Record<string, string[]>> = { 'session-file-store': ['__lastAccess'] };

export const contentsScenarios: readonly Scenario[] = [
  {
    title: 'what is stored under which id (B220, B242, B175)',
    // The library keeps its own state in `__session`, and does not show it to the application.
    expected: ({ module }) => {
      const seen = [...(added[module] ?? []), 'cookie', 'count', 'user'];
      return {
        both: { seen, id: true, hasCookieValue: false },
        theirs: { stored: seen },
        ours: { stored: [...seen, '__session'].sort() },
      };
    },
    run: async ({ side, here }) => {
      const site = await openStoreSite(side, here);
      try {
        const ann = site.browser();
        await ann.visit('/count');
        const id = String((await ann.look('/login/ann')).id);
        const stored = await ask((done) => {
          here.store.get(id, done);
        });
        const raw = (await here.raw(id)) ?? '';
        const value = decodeURIComponent(ann.cookie?.split('=')[1] ?? '');
        return {
          id: /^[\w-]{32}$/.test(id),
          stored: Object.keys(stored ?? {}).sort(),
          seen: await ann.look('/stored'),
          hasCookieValue: value.split('.').some((part) => part !== `s:${id}` && raw.includes(part)),
        };
      } finally {
        await site.close();
      }
    },
  },
  {
    title: 'who knows an id, or the secret, has no cookie (B221)',
    // An id that is signed with the secret is express-session's cookie.
    expected: () => ({
      both: { byId: null },
      theirs: { bySignedId: 'ann' },
      ours: { bySignedId: null },
    }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const ann = site.browser();
        const id = String((await ann.look('/login/ann')).id);
        const signed = encodeURIComponent(`s:${sign(id, secret)}`);
        const { user: byId = null } = await site.browser(`connect.sid=${id}`).look();
        const { user: bySignedId = null } = await site.browser(`connect.sid=${signed}`).look();
        return { byId, bySignedId };
      }),
  },
  {
    title: "an administrator who destroys a session by its id, on the application's own store (B179)",
    expected: () => ({ both: { user: null, sameId: false } }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const ann = site.browser();
        const { id } = await ann.look('/login/ann');
        await ask((done) => {
          setting.here.store.destroy(String(id), done);
        });
        const { user = null, id: idAfter } = await ann.look();
        return { user, sameId: id === idAfter };
      }),
  },
  {
    title: 'length, all and clear (B175)',
    isFor: ({ lists }) => lists.includes('clear'),
    expected: ({ lists }) => ({
      // Both are on one memcached, whose `flush` knows no prefix.
      isAlone: true,
      both: {
        length: lists.includes('length') ? [3, 0] : [],
        all: lists.includes('all')
          ? [
              { count: 1, hasState: false },
              { count: 1, hasState: false },
              { count: 2, hasState: false },
            ]
          : [],
        users: [null, null, null],
      },
    }),
    run: async ({ side, here }) => {
      const site = await openStoreSite(side, here);
      const has = (name: 'all' | 'length') =>
        typeof (here.store as unknown as Record<string, unknown>)[name] === 'function';
      const listed = async () => {
        const length = has('length') ? (await site.browser().visit('/length')).body : undefined;
        return typeof length === 'number' ? [length] : [];
      };
      try {
        await site.browser().visit('/clear');
        const visitors = [site.browser(), site.browser(), site.browser()];
        for (const visitor of visitors) await visitor.visit('/count');
        await visitors[2]?.visit('/count');
        const before = await listed();
        const all = has('all') ? ((await site.browser().visit('/all')).body as { count: number }[]) : [];
        await site.browser().visit('/clear');
        const users: unknown[] = [];
        for (const visitor of visitors) users.push((await visitor.look()).count ?? null);
        return {
          length: [...before, ...(await listed())],
          all: all.sort((one, two) => one.count - two.count),
          users,
        };
      } finally {
        await site.close();
      }
    },
  },
];
