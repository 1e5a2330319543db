import createDebug = require('debug');
import depd = require('depd');

/** Debug output under express-session's namespace. Never given a token, a legacy id or a session's data (B189). */
export const debug = createDebug('express-session');

/** Deprecation warnings under express-session's namespace (B193). */
export const deprecate = depd('express-session');
