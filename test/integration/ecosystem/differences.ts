/** Where an application shows something else with this package than with express-session: all that the tests of this folder
 * have found, and why it is meant. */

export interface Difference {
  /** What is seen with this package. The test says what is seen with express-session. */
  readonly shows: unknown;
  readonly because: string;
}

/** By package, title of the test, and finding. */
type Differences = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Difference>>>>>>;

const PLANTED =
  'With express-session a sign-in that only changes the session keeps its cookie, so that whoever has planted it is the ' +
  'user. Here it makes a new token, and the older one opens nothing.';

const planted = (shows: string): Readonly<Record<string, Readonly<Record<string, Difference>>>> => ({
  'a form of somebody who has planted the cookie, after the user has signed in': {
    'mallory sends a form': { shows, because: PLANTED },
  },
});

export const differences: Differences = {
  'csrf-csrf': planted('403 invalid csrf token'),
  'csrf-sync': planted('403 invalid csrf token'),
  lusca: planted('403 CSRF token mismatch'),
};
