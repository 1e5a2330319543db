'use strict';

// HedgeDoc's way: a check of the cookie, then passport.socketio, which reads the id in the cookie and calls the store.
// Guests may connect as well.

exports.authorize = (io, sessions, passport) => {
  // In the place of io.use(secure) and io.use(passportSocketIo.authorize({ cookieParser, key, secret, store, success, fail })).
  io.use(async (socket, next) => {
    try {
      const session = await sessions.find(socket.request);
      socket.request.user = { logged_in: false };
      const id = session?.passport?.user;
      if (id === undefined) return next();
      passport.deserializeUser(id, socket.request, (error, user) => {
        if (user) socket.request.user = Object.assign(user, { logged_in: true });
        next(error);
      });
    } catch (error) {
      next(error);
    }
  });
};
