/** connect-dynamodb on dynalite, a server in Node that speaks DynamoDB's protocol: a stand-in for AWS. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type expressSession from 'express-session';
import type { Library } from '../peers/sides';
import { SHORTENED, type StorePeer } from '../peers/store-peer';
import { load } from './packages';

interface Item {
  /** `touch` of a record that is gone leaves one without. */
  sess?: { S: string };
  expires: { N: string };
}

interface Client {
  send(command: object): Promise<{ Item?: Item }>;
  destroy(): void;
}

type Command = new (input: object) => object;

interface Aws {
  DynamoDBClient: new (options: object) => Client;
  GetItemCommand: Command;
  UpdateItemCommand: Command;
}

let running: Promise<{ server: Server; endpoint: string }> | undefined;

async function start(): Promise<{ server: Server; endpoint: string }> {
  const server = load<(options: object) => Server>('dynalite')({ createTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It does not hold up the end of the tests.
  server.unref();
  return { server, endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

export const connectDynamodb: StorePeer = {
  module: 'connect-dynamodb',
  on: 'dynalite',
  touch: 'the expiry',
  guarantee: 'in this process',
  lists: [],
  isShared: true,
  open: async (library, table) => {
    const { endpoint } = await (running ??= start());
    const aws = load<Aws>('@aws-sdk/client-dynamodb');
    const credentials = { accessKeyId: 'nobody', secretAccessKey: 'nothing' };
    const client = new aws.DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
    type Store = expressSession.Store & { initialize(): Promise<void> };
    const Store = load<(library: Library) => new (options: object) => Store>('connect-dynamodb')(library);
    const store = new Store({ client, table, prefix: '' });
    await store.initialize();
    const query = (id: string) => ({ TableName: table, Key: { id: { S: id } } });
    const find = async (id: string) =>
      (await client.send(new aws.GetItemCommand({ ...query(id), ConsistentRead: true }))).Item;
    return {
      store,
      raw: async (id) => (await find(id))?.sess?.S,
      remaining: async (id) => Number((await find(id))?.expires.N) * 1000 - Date.now(),
      shorten: (id) =>
        client.send(
          new aws.UpdateItemCommand({
            ...query(id),
            UpdateExpression: 'SET expires = :expires',
            ExpressionAttributeValues: {
              ':expires': { N: String(Math.round((Date.now() + SHORTENED) / 1000)) },
            },
          }),
        ),
      close: () => Promise.resolve(client.destroy()),
    };
  },
};
