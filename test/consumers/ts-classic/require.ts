// Without esModuleInterop: the two spellings that such projects use for a callable module.
import express = require('express');
import session = require('express-session-jwt');
import * as star from 'express-session-jwt';

export const handlers: express.RequestHandler[] = [session({ store: new session.MemoryStore() }), star()];
export const options: session.SessionOptions = { keys: { public: 'pem' } };
export class OwnStore extends star.MemoryStore {}

if (typeof session !== 'function' || star !== session) throw new Error('the module is not the factory');
console.log(new OwnStore() instanceof session.Store);
