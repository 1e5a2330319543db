// Options that the types would forbid.
import type session from '../../src';

/** Options whose types would forbid what a test tries. */
export function loose(options: Record<string, unknown>): session.SessionOptions {
  return options;
}
