/** Signing in and out. */
import { type Scenario, withSite } from './scenario';

/** What somebody with this cookie sees of the user. */
const userOf = async (visitor: { look: () => Promise<Record<string, unknown>> }) =>
  (await visitor.look()).user ?? null;

export const signInScenarios: readonly Scenario[] = [
  {
    title: 'a sign-in that only changes the session, while somebody else knows the cookie (B208, B209)',
    // express-session sends no new cookie: whoever has planted the old one is signed in, too.
    expected: () => ({
      both: { user: 'ann', count: 2, sameId: true },
      theirs: { newCookie: false, planted: 'ann' },
      ours: { newCookie: true, planted: null },
    }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const ann = site.browser();
        const { id } = await ann.look('/count');
        const planted = ann.copy();
        await ann.visit('/login/ann');
        const { user, count, id: idAfter } = await ann.look('/count');
        return {
          user,
          count,
          sameId: id === idAfter,
          newCookie: ann.cookie !== planted.cookie,
          planted: await userOf(planted),
        };
      }),
  },
  {
    title: 'a sign-in by regenerate (B134, B217)',
    expected: () => ({
      both: { user: 'ann', sameId: false, oldRecord: undefined, planted: null, kept: undefined },
    }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const ann = site.browser();
        const { id } = await ann.look('/count');
        const planted = ann.copy();
        await ann.visit('/regenerate/ann');
        const { user, id: idAfter, count } = await ann.look();
        const oldRecord = await setting.here.raw(String(id));
        return {
          user,
          sameId: id === idAfter,
          oldRecord,
          planted: await userOf(planted),
          kept: count,
        };
      }),
  },
  {
    title: 'sign-ins of one person twice, and of another one (B208, B210)',
    // The cookie of express-session says nothing of who has signed in, so that there is nothing to be changed.
    expected: () => ({
      both: { users: ['ann', 'ann', 'bob'] },
      theirs: { newCookies: [false, false, false] },
      ours: { newCookies: [true, false, true] },
    }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const visitor = site.browser();
        await visitor.visit('/count');
        const users: unknown[] = [];
        const newCookies: boolean[] = [];
        for (const user of ['ann', 'ann', 'bob']) {
          const { cookie } = visitor;
          await visitor.visit(`/login/${user}`);
          newCookies.push(visitor.cookie !== cookie);
          users.push(await userOf(visitor));
        }
        return { users, newCookies };
      }),
  },
  {
    title: 'a logout ends the session for everybody who has its cookie (B133, B252)',
    expected: () => ({ both: { record: undefined, user: null, copy: null, sameId: false } }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const ann = site.browser();
        await ann.visit('/login/ann');
        const { id } = await ann.look('/count');
        const copy = ann.copy();
        await ann.visit('/logout');
        const record = await setting.here.raw(String(id));
        const { id: idAfter } = await ann.look();
        return { record, user: await userOf(ann), copy: await userOf(copy), sameId: id === idAfter };
      }),
  },
  {
    title: 'save, then redirect: the next page finds what was saved (B140)',
    expected: () => ({ both: { status: 302, location: '/look', saved: true } }),
    run: (setting) =>
      withSite(setting, async (site) => {
        const visitor = site.browser();
        const { status, headers } = await visitor.visit('/save');
        const { saved } = await visitor.look(headers.get('location') ?? '');
        return { status, location: headers.get('location'), saved };
      }),
  },
];
