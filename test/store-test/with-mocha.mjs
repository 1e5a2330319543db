/* global describe, it */
import { testStore } from 'express-session-jwt/store-test';
import { createStore } from './store.mjs';

testStore('A Map', createStore, { describe, it });
