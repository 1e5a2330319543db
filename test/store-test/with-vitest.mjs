import { testStore } from 'express-session-jwt/store-test';
import { describe, it } from 'vitest';
import { createStore } from './store.mjs';

testStore('A Map', createStore, { describe, it });
