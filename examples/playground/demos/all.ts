/** The demonstrations, in the order in which they are told. */
import type { Demo } from '../lab/demo';
import { doubleClick } from './double-click';
import { keys } from './keys';
import { logout } from './logout';
import { migration } from './migration';
import { planted } from './planted';
import { role } from './role';
import { store } from './store';
import { stream } from './stream';
import { verifier } from './verifier';

export const demos: readonly Demo[] = [
  planted,
  logout,
  stream,
  doubleClick,
  migration,
  role,
  keys,
  verifier,
  store,
];
