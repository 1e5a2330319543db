/**
 * Requests of an application process that wait until the test, in another process, lets them go on. A request says where
 * in the header `x-hold: <place>:<id>`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';
import type { Order, Place, Report } from './settings';

interface Hold {
  readonly place: Place;
  readonly id: string;
  isOver: boolean;
}

const holds = new AsyncLocalStorage<Hold>();
const waiting = new Map<string, () => void>();

process.on('message', ({ release }: Order) => {
  waiting.get(release)?.();
  waiting.delete(release);
});

export const holdRequests: RequestHandler = (req, _res, next) => {
  const [place, id] = req.get('x-hold')?.split(':') ?? [];
  if (place && id) holds.run({ place: place as Place, id, isOver: false }, next);
  else next();
};

/** Waits here if the current request is to be held at this place; once. */
export async function holdAt(place: Place): Promise<void> {
  const hold = holds.getStore();
  if (hold?.place !== place || hold.isOver) return;
  hold.isOver = true;
  const released = new Promise<void>((resolve) => waiting.set(hold.id, resolve));
  process.send?.({ held: hold.id } satisfies Report);
  await released;
}
