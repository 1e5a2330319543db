'use strict';

// socket.io 4: who is signed in when a socket connects, and whether that still holds while it lives.
const { clearInterval, setInterval } = require('node:timers');

/** As in Express: the session is on `socket.request.session`. */
exports.withMiddleware = (io, sessions) => {
  io.engine.use(sessions);
};

/** Who is not signed in gets a `connect_error`. */
exports.withFind = (io, sessions) => {
  io.use(async (socket, next) => {
    try {
      const session = await sessions.find(socket.request);
      socket.data.user = session?.user;
      next(session?.user ? undefined : new Error('not signed in'));
    } catch (error) {
      next(error);
    }
  });
};

/** The user that Passport makes of the session. */
exports.withPassport = (io, sessions, passport) => {
  io.use(async (socket, next) => {
    try {
      const session = await sessions.find(socket.request);
      const id = session?.passport?.user;
      if (id === undefined) throw new Error('not signed in');
      passport.deserializeUser(id, socket.request, (error, user) => {
        socket.data.user = user;
        next(error || (user ? undefined : new Error('not signed in')));
      });
    } catch (error) {
      next(error);
    }
  });
};

/** Looks at each message. Each look is one read of the store. */
exports.lookAtEachMessage = (io, sessions) => {
  io.on('connection', (socket) => {
    socket.use(async (message, next) => {
      try {
        const session = await sessions.find(socket.request);
        // Signed out, or in anew: the client connects again, with the cookie that the browser has by now.
        if (session?.user === socket.data.user) next();
        else socket.disconnect(true);
      } catch (error) {
        // The store does not answer. That says nothing about the user: this message fails, the socket stays.
        next(error);
      }
    });
  });
};

/** Looks every so many ms: for sockets that only listen. */
exports.lookEvery = (io, sessions, interval) => {
  io.on('connection', (socket) => {
    const timer = setInterval(async () => {
      const session = await sessions.find(socket.request).catch(() => socket.data);
      if (session?.user !== socket.data.user) socket.disconnect(true);
    }, interval);
    socket.once('disconnect', () => {
      clearInterval(timer);
    });
  });
};

/** In the browser: a socket that the server has disconnected does not come back by itself. */
exports.reconnect = (socket) => {
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') socket.connect();
  });
};
