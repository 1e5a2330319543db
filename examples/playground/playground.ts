/** What the parts of the site share. */
import type { Runs } from './runs';
import type { KeyMaterial } from './keys';
import type { Storage } from './storage';

export interface Playground {
  material: KeyMaterial;
  storage: Storage;
  runs: Runs;
}
