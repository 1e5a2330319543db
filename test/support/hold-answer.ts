// A store whose answer waits, though it has been made.
import { gate } from './gate';

/** Makes the next answer of `get` wait. It has the record as it was when `get` was called. */
export function holdAnswer(store: object): { reached: Promise<void>; release: () => void } {
  const target = store as { get: (id: string, callback: (...args: unknown[]) => void) => void };
  const held = gate();
  target.get = (id, callback) => {
    Reflect.deleteProperty(target, 'get');
    target.get(id, (...args) => void held.pass().then(() => callback(...args)));
  };
  return { reached: held.reached, release: held.open };
}
