import { createClient } from 'redis';

/** A connection to this Redis, once it answers. */
export async function connectTo(url) {
  const client = createClient({
    url,
    // While Redis is away requests fail at once, instead of waiting for it.
    disableOfflineQueue: true,
    socket: { reconnectStrategy: 100 },
  });
  // Without a listener an error would end the process; the client connects again by itself.
  client.on('error', () => {});
  await client.connect();
  return client;
}
