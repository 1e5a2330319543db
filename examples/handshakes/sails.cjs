'use strict';

// Sails: in the place of sails.session.get(sails.session.parseSessionIdFromCookie(cookie), callback).

exports.sessionOf = (sails, cookie) => sails._privateSessionMiddleware.find({ headers: { cookie } });
