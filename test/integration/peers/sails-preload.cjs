'use strict';

/*
 * For Sails' own tests, in a process of their own: puts the package in SESSION_PACKAGE in the place of express-session, and keeps
 * their servers on the loopback interface.
 */
const { writeFileSync } = require('node:fs');
const Module = require('node:module');
const { Server } = require('node:net');

const { SESSION_PACKAGE: name, SESSION_COUNT: countFile } = process.env;

let served = 0;

/** Counts the requests that get a session, so that a run which has used no session does not pass for one. */
function counting(library) {
  const create = (options) => {
    const middleware = library(options);
    return (req, res, next) => {
      served += 1;
      middleware(req, res, next);
    };
  };
  return Object.assign(create, library);
}

/** express-session's options, and a key pair. */
function withKeys(library) {
  const keys = library.generateKeys();
  return Object.assign((options) => library({ keys, ...options }), library);
}

const load = Module._load;
const replacement = {};
Module._load = function (request, parent, ...rest) {
  const isSails = /[\\/]node_modules[\\/]sails/.test(parent?.filename ?? '');
  if (request === 'express-session' && isSails) {
    replacement.library ??= counting(
      name ? withKeys(require(name)) : load.call(this, request, parent, ...rest),
    );
    return replacement.library;
  }
  return load.call(this, request, parent, ...rest);
};

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  // The tests of the sockets hook are written for the second release, and load it anew each time.
  const isHook = /[\\/]sails-hook-sockets[\\/]/.test(parent?.filename ?? '');
  const wanted = request === 'socket.io-client' && isHook ? 'socket.io-client-2' : request;
  return resolve.call(this, wanted, parent, ...rest);
};

const { listen } = Server.prototype;
Server.prototype.listen = function (port, ...rest) {
  const isOpenToAll = /^\d+$/.test(String(port)) && typeof rest[0] !== 'string';
  const others = rest.filter((argument) => argument !== undefined);
  return isOpenToAll ? listen.call(this, port, '127.0.0.1', ...others) : listen.call(this, port, ...rest);
};

process.once('exit', () => {
  writeFileSync(countFile, String(served));
});
