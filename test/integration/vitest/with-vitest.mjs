import { testStore } from '../../../dist/store-test/index.js';
import { describe, it } from 'vitest';
import { createStore } from '../../store-test/store.mjs';

testStore('A Map', createStore, { describe, it });
