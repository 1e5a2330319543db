/** The public types. There is nothing to run here. */
export type * from './events';
export type * from './express';
export type * from './middleware';
export type * from './keys';
export type * from './token';
export type * from './options';
export type * from './store';
