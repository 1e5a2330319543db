'use strict';

// NodeBB's way: the id in the cookie is looked up in the store when a socket connects, and again with each event.

const uidOf = (session) => Number(session?.passport?.user ?? 0);

exports.authorize = (io, sessions) => {
  // In the place of cookieParser(request), request.signedCookies[sessionKey] and sessionStore.get(sessionId).
  io.use(async (socket, next) => {
    try {
      socket.uid = uidOf(await sessions.find(socket.request));
      next();
    } catch (error) {
      next(error);
    }
  });
};

/** @throws where the socket's user is not signed in any more */
exports.validateSession = async (socket, sessions) => {
  if (uidOf(await sessions.find(socket.request)) !== socket.uid) throw new Error('[[error:invalid-session]]');
};
