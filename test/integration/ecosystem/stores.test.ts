/** More stores from npm: those of older applications, of DynamoDB and of Prisma, and two in memory. */
import { describeStores } from '../peers/store-suite';
import { connectDynamodb } from './dynamodb-store';
import { embeddedStores } from './embedded-stores';
import { releaseOf } from './packages';
import { prismaSessionStore } from './prisma-store';
import { redisStores } from './redis-stores';

describe('More stores from npm, side by side with express-session', () => {
  describeStores([...redisStores, connectDynamodb, prismaSessionStore, ...embeddedStores], releaseOf);
});
