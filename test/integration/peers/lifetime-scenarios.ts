/** How long sessions live, in the browser and in the store. */
import assert from 'node:assert/strict';
import { lifetimeOf } from './browser';
import { about, ask, type Scenario, withSite } from './scenario';
import { THIRTY_DAYS } from './site';
import type { OpenedStore, StorePeer } from './store-peer';

/** Resolves once the store has nothing under this id. */
async function forgets({ store, clean }: OpenedStore, id: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  const find = () =>
    ask((done) => {
      store.get(id, (error: NodeJS.ErrnoException | null | undefined, record) => {
        done(error?.code === 'ENOENT' ? undefined : error, record);
      });
    });
  while (await find()) {
    assert.ok(Date.now() < deadline, 'the session does not expire');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await clean?.();
  }
}

/** A store that keeps records by a clock of its own does not look at the cookie's. */
const minds = ({ hasOwnLifetime = false }: StorePeer) => !hasOwnLifetime;

export const lifetimeScenarios: readonly Scenario[] = [
  {
    title: 'a user who looks around keeps the session, and no cookie is sent (B034, B104)',
    isFor: minds,
    expected: () => ({
      both: { before: '20 s', after: '60 s', setCookie: undefined, count: 1 },
    }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const { remaining, shorten } = setting.here;
        const visitor = site.browser();
        const id = String((await visitor.look('/count')).id);
        await shorten(id);
        const before = about(await remaining(id));
        const { setCookie } = await visitor.visit('/look');
        const after = about(await remaining(id));
        const { count } = await visitor.look();
        return { before, after, setCookie, count };
      }),
  },
  {
    title: 'rolling: each response sends the cookie again, with a new expiry (B105)',
    expected: () => ({ both: { sent: ['60 s', '60 s'], sameCookie: true } }),
    run: (setting) =>
      withSite(
        setting,
        async (site) => {
          const visitor = site.browser();
          await visitor.visit('/count');
          const { cookie } = visitor;
          const answers = [await visitor.visit('/look'), await visitor.visit('/look')];
          const sent = answers.map((answer) => about(lifetimeOf(answer)));
          return { sent, sameCookie: visitor.cookie === cookie };
        },
        { rolling: true },
      ),
  },
  {
    title: '"remember me" on a session that exists (B035)',
    isFor: minds,
    // express-session prolongs the record by `touch`, where the store writes the expiry, but does not tell the browser: it
    // forgets the cookie after a minute all the same. Where `touch` writes the expiry only, the next request shortens it again.
    expected: ({ touch }) => ({
      both: { stored: '2592000 s' },
      theirs: { sent: undefined, storedNext: touch === 'the expiry' ? '60 s' : '2592000 s' },
      ours: { sent: '2592000 s', storedNext: '2592000 s' },
    }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const { remaining } = setting.here;
        const visitor = site.browser();
        const id = String((await visitor.look('/count')).id);
        const answer = await visitor.visit('/remember');
        const stored = about(await remaining(id));
        await visitor.visit('/look');
        const storedNext = about(await remaining(id));
        assert.equal(THIRTY_DAYS, 2_592_000_000);
        return { sent: about(lifetimeOf(answer)), stored, storedNext };
      }),
  },
  {
    title: 'a session that nobody visits expires (B029)',
    isFor: minds,
    expected: () => ({ both: { count: 1, sameId: false } }),
    run: (setting) =>
      withSite(
        setting,
        async (site) => {
          const visitor = site.browser();
          const { id } = await visitor.look('/count');
          await forgets(setting.here, String(id));
          const { count, id: idAfter } = await visitor.look('/count');
          return { count, sameId: id === idAfter };
        },
        { cookie: { maxAge: 2000 } },
      ),
  },
];
