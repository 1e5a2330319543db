// Where `@types/express-session` cannot be found by its own name: whatever types `express-session` has.
import session = require('express-session');
export = session;
