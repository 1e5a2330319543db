/** The instances that serve an application while it moves to this package and back, phase by phase. */
import type { Settings } from './settings';

/** What an instance runs. */
export const kinds = ['express-session', 'step one', 'step two', 'way back'] as const;
export type Kind = (typeof kinds)[number];

export interface Mixture {
  /** As the table in docs/migration.md says it. */
  readonly title: string;
  readonly kinds: readonly Kind[];
  /** Whether rotated records of upgraded sessions are deleted first, as docs/migration.md says. */
  readonly isAfterDeletion?: boolean;
}

export const mixtures: readonly Mixture[] = [
  { title: 'express-session', kinds: ['express-session'] },
  { title: 'express-session and step one', kinds: ['express-session', 'step one'] },
  { title: 'step one', kinds: ['step one'] },
  { title: 'step one and step two', kinds: ['step one', 'step two'] },
  { title: 'step two', kinds: ['step two'] },
  { title: 'back: step two and step one', kinds: ['step two', 'step one'] },
  { title: 'back: step one, and the way back', kinds: ['step one', 'way back'] },
  { title: 'back: the way back', kinds: ['way back'] },
  {
    title: 'back: the way back, and express-session',
    kinds: ['way back', 'express-session'],
    isAfterDeletion: true,
  },
  { title: 'back: express-session', kinds: ['express-session'] },
];

/** The options of an instance; the rest is the same for all. */
export function settingsOf(kind: Kind): Partial<Settings> {
  const claims = { hasClaims: true };
  switch (kind) {
    case 'express-session':
      return { isLegacy: true };
    case 'step one':
      return { ...claims, options: { cookieFormat: 'express-session' } };
    case 'step two':
      return claims;
    case 'way back':
      return { ...claims, options: { cookieFormat: 'back-to-express-session' } };
  }
}
