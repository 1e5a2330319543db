/**
 * Where an application shows something else with this package than with express-session: all that the tests of this folder
 * have found, and why it is meant.
 */

export interface Difference {
  /** What is seen with this package. The test says what is seen with express-session. */
  readonly shows: unknown;
  readonly because: string;
}

type Findings = Readonly<Record<string, Difference>>;

const PLANTED =
  'With express-session a sign-in that only changes the session keeps its cookie, so that whoever has planted it is the ' +
  'user. Here it makes a new token, and the older one opens nothing.';

const SIGNED_OUT =
  'A sign-out that only changes the session makes a new token as well. Whoever has a copy of the one before has nothing.';

const NO_TOKEN = "express-session's cookie says nothing of its user.";

const MOUNTED_BEFORE =
  `${NO_TOKEN} A token says what jwtFromReq returns when a request has changed it. Here the user is on the request before ` +
  'the session is mounted, so no request changes it. "Tells the session" shows how it is done.';

const UNDELIVERABLE =
  'The headers were gone, so the new token of this sign-in could not be sent: nothing is stored, and a warning and an error ' +
  'with a code say so. With express-session the cookie goes on as it was, also for whoever has planted it.';

const VARY =
  'A response with a token says that it is for this cookie only, so that no cache gives it to others.';

const STORED_FIRST =
  'What the first bytes of a response with a token show is stored before they leave. express-session stores at the end, and ' +
  'until then the new cookie opens nothing, or the session as it was.';

const UPGRADED =
  'The session that express-session has begun gets a token with the first response that can carry one; a handshake cannot.';

const HANDSHAKE =
  'A cookie goes out when the session is stored, and engine.io sends the headers of a handshake at once. express-session sends ' +
  'the cookie before it stores; of a guest it stores nothing in a handshake, so that this cookie opens nothing.';

const upgraded: Readonly<Record<string, Findings>> = {
  'a handshake with the cookie of express-session, from before the change, finds the session and saves it': {
    'the next page': { shows: '200 ann, seen +connect.sid', because: UPGRADED },
  },
};

const afterPlanting = (shows: string): Readonly<Record<string, Findings>> => ({
  'a form of somebody who has planted the cookie, after the user has signed in': {
    'mallory sends a form': { shows, because: PLANTED },
  },
});

const unnamed: Findings = {
  'the cookie says': { shows: 'nobody', because: MOUNTED_BEFORE },
  'the cookie says now': { shows: 'nobody', because: MOUNTED_BEFORE },
};

const packing = (place: string, vary: string): Readonly<Record<string, Findings>> => ({
  [`packs pages and streams, mounted ${place}`]: {
    'a page arrives': { shows: `gzip, ${vary}, whole`, because: VARY },
    'a stream arrives': { shows: `gzip, ${vary}, whole`, because: VARY },
    'a plain page arrives': { shows: `plain, ${vary}, whole`, because: VARY },
  },
});

/** By package, title of the test, and finding. */
export const differences: Readonly<Record<string, Readonly<Record<string, Findings>>>> = {
  'csrf-csrf': afterPlanting('403 invalid csrf token'),
  'csrf-sync': afterPlanting('403 invalid csrf token'),
  lusca: afterPlanting('403 CSRF token mismatch'),

  'keycloak-connect': {
    'signs in at a protected page, and out': {
      'whoever has the cookie from before': { shows: '200 nobody, nothing', because: PLANTED },
      'whoever has the cookie of the session': { shows: '200 nobody, nothing', because: SIGNED_OUT },
    },
  },

  'express-openid-connect': {
    'signs in and out with a store of its own': unnamed,
    'signs in and out in the store of the session': unnamed,
    'signs in and out and tells the session': {
      'the cookie says': { shows: 'ann', because: NO_TOKEN },
      'the cookie says now': { shows: 'nobody', because: NO_TOKEN },
      'whoever has the cookie from before': { shows: '200 nobody, nothing', because: PLANTED },
      'whoever has the cookies of the session': {
        shows: '200 nobody, nothing -appSession',
        because: SIGNED_OUT,
      },
    },
  },

  grant: {
    'signs in by a provider that knows the state and the verifier': {
      'whoever has the cookie from before': { shows: '200 nobody', because: PLANTED },
    },
  },

  '@nestjs/core': {
    'counts visits, signs in and out, and guards a page': {
      'whoever has the cookie from before': {
        shows: '403 {"message":"Forbidden resource","error":"Forbidden","statusCode":403}',
        because: PLANTED,
      },
    },
  },

  '@apollo/server': {
    'signs in by a mutation, and out': {
      'whoever has the cookie from before': {
        shows: '200 {"data":{"me":null,"visits":null}}\n',
        because: PLANTED,
      },
    },
  },

  '@trpc/server': {
    'signs in and out by httpLink': {
      'whoever has the cookie from before': { shows: 'nobody', because: PLANTED },
    },
    'signs in and out by httpBatchLink': {
      'whoever has the cookie from before': { shows: 'nobody', because: PLANTED },
    },
    'changes and ends a session by httpBatchStreamLink, after the headers have left': {
      'is signed in': { shows: 'nobody', because: UNDELIVERABLE },
    },
  },

  compression: {
    ...packing('before the session', 'Cookie, Accept-Encoding'),
    ...packing('after the session', 'Accept-Encoding, Cookie'),
    'packs a stream that begins a session, mounted before it': {
      'a stream arrives': { shows: 'gzip, Cookie, Accept-Encoding, whole', because: VARY },
    },
    'packs a stream that begins a session, mounted after it': {
      'a stream arrives': { shows: 'gzip, Accept-Encoding, Cookie, whole', because: VARY },
    },
  },

  multer: {
    'stores what uploads change, a sign-in among them': {
      'whoever has the cookie from before': { shows: '200 nobody', because: PLANTED },
    },
  },

  express: {
    'a stream of events with no session before it: before': {
      'looks after the first event': { shows: '200 nobody, 0, before', because: STORED_FIRST },
    },
    'a stream of events with a session before it: before': {
      'looks after the first event': { shows: '200 nobody, 1, before', because: STORED_FIRST },
    },
    'a stream of events with no session before it: login': {
      'looks after the first event': { shows: '200 ann, 0, unchanged', because: STORED_FIRST },
    },
    'a stream of events with a session before it: login': {
      'looks after the first event': { shows: '200 ann, 1, unchanged', because: STORED_FIRST },
      'whoever has the cookie from before': { shows: '200 nobody, 0, unchanged', because: PLANTED },
    },
    'a stream of events with a session before it: login later': {
      'looks afterwards': { shows: '200 nobody, 1, unchanged', because: UNDELIVERABLE },
      'whoever has the cookie from before': { shows: '200 nobody, 1, unchanged', because: UNDELIVERABLE },
    },
  },

  ws: upgraded,
  'socket.io': {
    ...upgraded,
    'a handshake that begins a session, or prolongs one': {
      'a guest gets': { shows: '', because: HANDSHAKE },
      'ann gets': { shows: '', because: HANDSHAKE },
    },
  },
};
