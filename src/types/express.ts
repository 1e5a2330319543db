/** The types of Express, as express-session's types have them. */
import type expressSession = require('#express-session');

export type RequestHandler = ReturnType<typeof expressSession>;

export type Request = Parameters<RequestHandler>[0];

export type Response = Parameters<RequestHandler>[1];

export type NextFunction = Parameters<RequestHandler>[2];
