/** What the library leaves on a request: one member, that nobody outside can look into. */
import type { SessionId } from '../session/session-id';
import type { Request } from '../types';
import type { RequestContext } from './context';

const LINK = Symbol('express-session-jwt');

type LinkedRequest = Request & { [LINK]?: RequestLink };

/** Private members: nothing on a request leads to keys. A WeakMap in its place costs a quarter of a request in collections. */
class RequestLink {
  readonly #context: RequestContext;
  #id: SessionId | undefined;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  static contextOf(link: RequestLink | undefined): RequestContext | undefined {
    return link && link.#context;
  }

  static idOf(link: RequestLink | undefined): SessionId | undefined {
    return link && link.#id;
  }

  static setId(link: RequestLink | undefined, id: SessionId): void {
    if (link) link.#id = id;
  }
}

export function linkContext(req: Request, context: RequestContext): void {
  (req as LinkedRequest)[LINK] = new RequestLink(context);
}

/** Undefined for a request that the middleware has not seen. */
export function contextOf(req: Request): RequestContext | undefined {
  return RequestLink.contextOf((req as LinkedRequest)[LINK]);
}

/** One descriptor for all requests: accessors made anew would give each request a hidden class of its own. */
const lazyProperty: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: LinkedRequest) {
    return RequestLink.idOf(this[LINK])?.value;
  },
  set(this: LinkedRequest, value: unknown) {
    Object.defineProperty(this, 'sessionID', { configurable: true, enumerable: true, writable: true, value });
  },
};

/** `req.sessionID`: an own, assignable property that makes no id before somebody reads it. */
export function defineSessionID(req: Request, id: SessionId): void {
  RequestLink.setId((req as LinkedRequest)[LINK], id);
  Object.defineProperty(req, 'sessionID', lazyProperty);
}

/** Whether it is a text; nothing is made to tell. The application may have put something else there. */
export function hasUsableSessionID(req: Request): boolean {
  const id = RequestLink.idOf((req as LinkedRequest)[LINK]);
  const isLazy = id !== undefined && Object.getOwnPropertyDescriptor(req, 'sessionID')?.get !== undefined;
  return isLazy ? id.isUsable : typeof req.sessionID === 'string';
}
