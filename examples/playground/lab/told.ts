/** Answers of a demonstration's site in words. */
import type { Answer } from './browser';

/** Whom the site takes a visitor for. */
export function signedInAs({ you }: Pick<Answer, 'you'>): string {
  return you ? `Signed in as ${you}` : 'Not signed in';
}
