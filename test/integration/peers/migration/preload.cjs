'use strict';

/* Lets an application of this folder require the package by its name, as it was built here. */
const Module = require('node:module');
const { join } = require('node:path');

const built = join(__dirname, '../../../../dist');
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  return resolve.call(this, request === 'express-session-jwt' ? built : request, ...rest);
};
