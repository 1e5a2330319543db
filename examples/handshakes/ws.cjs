'use strict';

// ws: who is not signed in gets no WebSocket, and who signs out loses it at the next message.

/** @param wss made with `new WebSocketServer({ noServer: true })` */
exports.accept = (server, wss, sessions) => {
  server.on('upgrade', async (req, socket, head) => {
    const refuse = (status) => {
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
    };
    socket.on('error', () => {
      socket.destroy();
    });
    try {
      const session = await sessions.find(req);
      if (!session?.user) refuse('401 Unauthorized');
      else wss.handleUpgrade(req, socket, head, (client) => wss.emit('connection', client, req));
    } catch {
      refuse('503 Service Unavailable');
    }
  });
};

exports.answerMessages = (wss, sessions, answer) => {
  wss.on('connection', (client, req) => {
    client.on('message', async (message) => {
      try {
        const session = await sessions.find(req);
        if (session?.user) client.send(await answer(session, String(message)));
        // The client connects again, with the cookie that the browser has by now.
        else client.close(4401, 'sign in again');
      } catch {
        client.close(1011, 'try again later');
      }
    });
  });
};
