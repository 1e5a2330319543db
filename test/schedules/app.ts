/** The application of the explorer: what each kind of request does to its session. */
import type { ServerResponse } from 'node:http';
import type { EventEmitter } from 'node:events';
import type { Done, SimRequest, SimSession } from './packages';

/** What a request may do. */
export type Op =
  | 'read'
  | 'modify'
  | 'login'
  | 'regenerate'
  | 'soft'
  | 'renew'
  | 'logout'
  | 'destroy'
  | 'raw'
  | 'redirect'
  | 'stream';

/** Those that end a session. */
export const ENDING: readonly Op[] = ['logout', 'destroy', 'raw'];
/** Those that put another token in the place of the one that came, which then opens nothing. */
export const ROTATING: readonly Op[] = ['login', 'regenerate', 'renew', 'stream'];
/** Those after which the user is signed in. */
export const SIGNING_IN: readonly Op[] = ['login', 'regenerate', 'stream'];
/** Those whose success means that a member `m…` is stored. */
export const CHANGING: readonly Op[] = [
  'modify',
  'soft',
  'renew',
  'redirect',
  'login',
  'regenerate',
  'stream',
];

interface User {
  name?: string;
  sub?: string;
  role?: string;
}

/** The claims of the application: of who is signed in, with `sub` where the user has one. */
export function jwtFromReq(req: SimRequest): object | null {
  const user = req.session?.user as User | undefined;
  if (!user) return null;
  return user.sub ? { sub: user.sub, role: user.role } : { user: user.name };
}

export interface Visit {
  readonly index: number;
  readonly op: Op;
  /** Told what `save()` said. */
  saved: boolean | undefined;
  /** Whether the handler found the session that the cookie was for. */
  foundSession: boolean;
  /** Whether what it did failed, so that it answered with an error. */
  hasFailed: boolean;
}

export interface Surroundings {
  /** The store as the application has it. */
  readonly store: EventEmitter;
  /** Id of the record that was there in the beginning. */
  readonly recordId: string;
}

/** Answers with what the session holds, so that whoever reads it is seen. */
function show(req: SimRequest): string {
  return JSON.stringify(req.session ?? null);
}

function fill(session: SimSession, index: number): void {
  session.hits = 1;
  session.user = { name: `victim${String(index)}` };
  session[`m${String(index)}`] = 1;
  session[`secret${String(index)}`] = 1;
}

/** Runs after the session middleware. */
export function handle(visit: Visit, around: Surroundings, req: SimRequest, res: ServerResponse): void {
  const { session } = req;
  const mark = `m${String(visit.index)}`;
  visit.foundSession = session?.hits !== undefined;
  const end = (): void => {
    res.end(show(req));
  };
  const done: Done = (error) => {
    if (error) {
      visit.hasFailed = true;
      res.statusCode = 500;
    }
    end();
  };
  if (!session) {
    visit.hasFailed = true;
    res.statusCode = 503;
    end();
    return;
  }
  const ops: Record<Op, () => void> = {
    read: end,
    modify: () => {
      session[mark] = 1;
      end();
    },
    login: () => {
      fill(session, visit.index);
      end();
    },
    regenerate: () => {
      session.regenerate((error) => {
        if (req.session && !error) fill(req.session, visit.index);
        done(error);
      });
    },
    soft: () => {
      const user = session.user as User | undefined;
      if (user) session.user = { ...user, role: `role${String(visit.index)}` };
      session[mark] = 1;
      end();
    },
    renew: () => {
      session[mark] = 1;
      if (session.renewToken) session.renewToken(done);
      else end();
    },
    logout: () => {
      session.destroy(done);
    },
    destroy: () => {
      req.sessionStore?.destroy(req.sessionID ?? '', done);
    },
    raw: () => {
      (around.store as EventEmitter & { destroy(id: string, done: Done): void }).destroy(
        around.recordId,
        done,
      );
    },
    redirect: () => {
      session[mark] = 1;
      session.save((error, stored) => {
        visit.saved = error ? false : stored;
        if (!error) {
          res.statusCode = 302;
          res.setHeader('Location', '/');
        }
        done(error);
      });
    },
    stream: () => {
      fill(session, visit.index);
      res.write(show(req));
      setImmediate(() => res.end());
    },
  };
  ops[visit.op]();
}
