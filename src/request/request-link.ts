/** Links a request to its RequestContext, by one member that nobody outside can look into. */
import type { SessionId } from '../session/session-id';
import type { Request } from '../types';
import type { RequestContext } from './context';

const LINK = Symbol('express-session-jwt');

type LinkedRequest = Request & { [LINK]?: RequestLink };

/**
 * Has private members, so that nothing on a request leads to the keys. A WeakMap would do as well, but costs a quarter of a
 * request's time in garbage collection.
 */
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

/** The context of a request. Undefined if the middleware has not seen it. */
export function contextOf(req: Request): RequestContext | undefined {
  return RequestLink.contextOf((req as LinkedRequest)[LINK]);
}

/** One descriptor for all requests. New accessors for each request would give each a hidden class of its own, which is slow. */
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

/** Defines `req.sessionID`, an own and assignable property. The id is made when somebody reads it. */
export function defineSessionID(req: Request, id: SessionId): void {
  RequestLink.setId((req as LinkedRequest)[LINK], id);
  Object.defineProperty(req, 'sessionID', lazyProperty);
}

/** Whether `req.sessionID` is a text. The application may have assigned something else. No id is made to tell. */
export function hasUsableSessionID(req: Request): boolean {
  const id = RequestLink.idOf((req as LinkedRequest)[LINK]);
  const isLazy = id !== undefined && Object.getOwnPropertyDescriptor(req, 'sessionID')?.get !== undefined;
  return isLazy ? id.isUsable : typeof req.sessionID === 'string';
}
