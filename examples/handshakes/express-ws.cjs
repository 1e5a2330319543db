'use strict';

// express-ws: the handshake goes through the middlewares of Express, so the session is on `req.session`; `find` looks later.

/** @param app after `expressWs(app)` and `app.use(sessions)` */
exports.serve = (app, sessions, answer) => {
  app.ws('/chat', (client, req) => {
    if (!req.session.user) {
      client.close(4401, 'sign in');
      return;
    }
    client.on('message', async (message) => {
      try {
        const session = await sessions.find(req);
        if (session?.user) client.send(await answer(session, String(message)));
        else client.close(4401, 'sign in again');
      } catch {
        client.close(1011, 'try again later');
      }
    });
  });
};
