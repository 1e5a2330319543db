// Closes, after each test, the servers that it has started with `serve` or `open` of site.ts.
import { closeServers } from './running-servers';

export const mochaHooks = { afterEach: closeServers };
