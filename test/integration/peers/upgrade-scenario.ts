/** A site that moves from express-session to one of the two packages, on the same store. */
import type { Findings } from './expected';
import { middlewareOf, type Side, theirs } from './sides';
import { openSite } from './site';
import type { OpenedStore } from './store-peer';

/** @param old the store as express-session has it, and the same sessions as the site has them after the move */
export async function move(side: Side, old: OpenedStore, now: OpenedStore): Promise<Findings> {
  const before = await openSite(middlewareOf(theirs, { store: old.store }));
  const after = await openSite(middlewareOf(side, { store: now.store }));
  try {
    const visitor = before.browser();
    const id = String((await visitor.look('/count')).id);
    const legacy = visitor.cookie;
    const moved = after.browser(legacy);
    const first = await moved.visit('/look');
    const { count, id: idAfter } = await moved.look('/count');
    // Some processes still run the older release.
    const { count: rolledBack } = await before.browser(legacy).look('/count');
    const token = moved.cookie;
    await moved.visit('/login/ann');
    const { user, count: counted } = await moved.look('/count');
    const { user: planted = null } = await after.browser(legacy).look();
    await moved.visit('/logout');
    const record = await now.raw(id);
    const left: unknown[] = [];
    for (const cookie of [legacy, token, moved.cookie]) {
      left.push((await after.browser(cookie).look()).count ?? null);
    }
    return {
      sameId: id === idAfter,
      counts: [count, rolledBack, counted],
      user,
      planted,
      record,
      left,
      setCookie: first.setCookie !== undefined,
      isToken: token?.startsWith('connect.sid=ey'),
      errors: [...before.errors, ...after.errors],
    };
  } finally {
    await before.close();
    await after.close();
  }
}
