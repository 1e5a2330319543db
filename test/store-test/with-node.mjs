import { describe, it } from 'node:test';
import { testStore } from 'express-session-jwt/store-test';
import { createStore } from './store.mjs';

testStore('A Map', createStore, { describe, it });
