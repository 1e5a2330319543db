// Has the engine forget what nobody holds.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { turn } from './gate';

/** Marks kept by weak references only must outlive this as long as a request is under way. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 3; round++) {
    await turn();
    collect();
  }
}
