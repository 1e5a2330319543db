import type { KeyMaterial } from './keys';
import type { Outcomes } from './outcomes';
import type { Storage } from './storage';

/** What the parts of the site share. */
export interface Playground {
  material: KeyMaterial;
  storage: Storage;
  outcomes: Outcomes;
}
