// The servers that tests have started and nobody has closed yet.
import type { Server } from 'node:http';

export const runningServers = new Set<Server>();

/** Closes them, with all their connections. */
export async function closeServers(): Promise<void> {
  const servers = [...runningServers];
  runningServers.clear();
  await Promise.all(
    servers.map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
}
