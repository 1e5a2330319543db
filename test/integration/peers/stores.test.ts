/** The stores from npm that most sites have, on both packages. */
import { cachePeers } from './cache-peers';
import { embeddedPeers } from './embedded-peers';
import { releaseOf } from './sides';
import { sqlPeers } from './sql-peers';
import { describeStores } from './store-suite';

describe('Stores from npm, side by side with express-session', () => {
  describeStores([...cachePeers, ...sqlPeers, ...embeddedPeers], releaseOf);
});
