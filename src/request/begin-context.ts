/** Begins the context of a request, and gives the request its `sessionStore`. */
import type { Carrier } from '../http/transports';
import type { Config } from '../options/options';
import type { Storage } from '../store/storage';
import type { Tokens } from '../token/token';
import type { NextFunction, Request, Response } from '../types';
import { RequestContext } from './context';
import { linkContext } from './request-link';

/** The caller sets the `owner` before it opens a session whose methods somebody may call. */
export function beginContext(
  config: Config,
  { repository, requestStores, isNone }: Storage,
  tokens: Tokens,
  req: Request,
  res: Response,
  next: NextFunction,
  carrier: Carrier,
): RequestContext {
  const context = new RequestContext(config, tokens, repository, isNone, req, res, next, carrier);
  linkContext(req, context);
  req.sessionStore = requestStores.forRequest(context) as never;
  return context;
}
